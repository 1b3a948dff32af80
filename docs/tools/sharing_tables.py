"""Generated tables of the documentation about the sharing world."""

from typing import get_args

from pydantic import BaseModel

from docs.tools.observation_tables import HEAD, field_rows
from docs.tools.rows import fields, space_cells, table
from voltran.envs.sharing.actions import SharingCodec, SharingForm
from voltran.envs.sharing.constants import SharingConstants
from voltran.envs.sharing.load_files import MeasuredLoad
from voltran.envs.sharing.observation import DEFAULT, dimensions
from voltran.envs.sharing.scenario import Network, SharingScenario, Site

SCENARIO = SharingScenario(name="default")
THREE_EACH = SharingScenario(name="three", network=Network(sites_per_operator=3))
SECTIONS: tuple[tuple[str, type[BaseModel] | BaseModel], ...] = (
    ("network.", SCENARIO.network),
    ("network.sites: ", Site),
    ("battery.", SCENARIO.battery),
    ("solar.", SCENARIO.solar),
    ("tariff.", SCENARIO.tariff),
    ("grid.", SCENARIO.grid),
    ("forecast.", SCENARIO.forecast),
    ("load.", SCENARIO.load),
    ("load.measured.", MeasuredLoad),
    ("weather.", SCENARIO.weather),
    ("time.", SCENARIO.time),
    ("reward.", SCENARIO.reward),
)


def sharing_actions() -> str:
    """Space, mask and version of each form of the operators' actions, with one and with three sites."""
    rows = []
    for form in get_args(SharingForm):
        for words, scenario in (("one site", SCENARIO), ("up to three sites", THREE_EACH)):
            codec = SharingCodec(SharingConstants(scenario), form)
            rows.append([form, words, *space_cells(codec.space(), codec.sizes, codec.version)])
    return table(["form", "agents have", "space of one agent", "mask entries", "version"], rows)


def sharing_observation() -> str:
    """One row per field of an operator's observation, with its place in the vector."""
    rows, size = field_rows(DEFAULT, dimensions(SharingConstants(SCENARIO)))
    return f"{table(HEAD, rows)}\n{size} entries with one site per agent and eight slots ahead.\n"


def sharing_scenario() -> str:
    """Every key of scenarios of sharing, with default and meaning."""
    rows = [[f"`{prefix}{key}`", *rest] for prefix, section in SECTIONS for key, *rest in fields(section)]
    return table(["key", "default", "meaning"], rows)


TABLES = {made.__name__: made for made in (sharing_actions, sharing_observation, sharing_scenario)}
