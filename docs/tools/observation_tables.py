"""Tables of what agents observe, read from the worlds' fields."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from docs.tools.rows import table
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.observation import DEFAULT as OUTAGE
from voltran.envs.blackout.observation import dimensions as outage_dimensions
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.brownout.observation import PURCHASE_FIELDS
from voltran.envs.fields import Field
from voltran.envs.market.observation import DEFAULT as MARKET
from voltran.envs.observations import Observation
from voltran.envs.retail.observation import RETAILER_FIELDS
from voltran.envs.uplink.actions import ActionCodec
from voltran.envs.uplink.architecture import build_architecture
from voltran.envs.uplink.observation import DEFAULT as UPLINK
from voltran.envs.uplink.observation import dimensions as uplink_dimensions
from voltran.envs.uplink.scenario import UplinkScenario

HEAD = ["tells of", "field", "index", "unit", "divided by", "range", "meaning"]


def observation() -> str:
    """One row per field of a base station's observation in an outage, with its place in the vector."""
    scenario = BlackoutScenario(name="default")
    rows, size = field_rows(OUTAGE, outage_dimensions(BlackoutConstants(scenario)))
    return f"{table(HEAD, rows)}\n{size} entries with {len(scenario.bands)} bands.\n"


def brownout_observation() -> str:
    """One row per field that follows the outage's in a site's observation."""
    numbers = outage_dimensions(BlackoutConstants(BlackoutScenario(name="default")))
    return table(HEAD, field_rows(PURCHASE_FIELDS, {}, start=field_rows(OUTAGE, numbers)[1])[0])


def market_observation() -> str:
    """One row per field of a site's observation in the market."""
    return table(HEAD, field_rows(MARKET, {})[0])


def retailer_observation() -> str:
    """One row per field of a retailer's observation."""
    return table(HEAD, field_rows(RETAILER_FIELDS, {})[0])


def uplink_observation() -> str:
    """One row per field of a UBS's observation, with its place in the vector."""
    scenario = UplinkScenario(name="default")
    codec = ActionCodec(build_architecture(scenario, "fd-ran"), scenario.ues.count, "joint")
    rows, size = field_rows(UPLINK, uplink_dimensions(codec))
    return f"{table(HEAD, rows)}\n{size} entries with joint actions.\n"


def field_rows(fields: Sequence[Field], dimensions: Mapping[str, int], start: int = 0) -> tuple[list[list[str]], int]:
    """Rows of a table, and the index after the last entry."""
    rows = []
    for times, members in groupby(Observation("agent", 1, fields, dimensions).fields, key=lambda field: field.times):
        first = start
        for field in members:
            rows.append(_row(field, start))
            start += int(field.size)
        width, more = start - first, int(times) - 1
        start += more * width
        if more:
            rows.append(["", f"... the same {more} more times, {width} entries each", *[""] * 5])
    return rows, start


def _row(field: Field, start: int) -> list[str]:
    index = str(start) if field.size == 1 else f"{start}-{start + int(field.size) - 1}"
    limits = f"[{field.low:g}, {field.high:g}]"
    return [field.sees, f"`{field.name}`", index, field.unit, f"{field.scale:g}", limits, field.meaning]


TABLES = {
    made.__name__: made
    for made in (observation, brownout_observation, market_observation, retailer_observation, uplink_observation)
}
