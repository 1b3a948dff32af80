"""Fills the tables of the documentation that are read from the code: ``python -m docs.tools.generate``.

A table stands between ``<!-- generated:NAME -->`` and ``<!-- end -->``; the tests compare files with code.
"""

import re
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from docs.tools import (
    controller_tables,
    environment_tables,
    equations,
    forecasting_tables,
    market_tables,
    mutation_tables,
    nomenclature,
    observation_tables,
    option_tables,
    sharing_tables,
    training_tables,
)
from docs.tools.rows import settings, shown, space_cells, table
from voltran.baselines.dpa.dual_messages import DualGradientSettings
from voltran.baselines.dpa.interior_point import InteriorPointSettings
from voltran.baselines.dpa.newton import NewtonSettings
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.trimsm.outage_settings import TrimsmSettings as OutageSettings
from voltran.baselines.trimsm.uplink_controller import VARIANTS
from voltran.baselines.trimsm.uplink_settings import TriMsmSettings
from voltran.envs.blackout.actions import EV_LEVELS, ActionCodec, ActionForm, ActionSet
from voltran.envs.blackout.constants import CLASS_NAMES, MODE_NAMES, BlackoutConstants
from voltran.envs.blackout.equipment import Band
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.checks import RULES
from voltran.envs.files import write_atomically
from voltran.envs.uplink.actions import ActionCodec as UplinkCodec
from voltran.envs.uplink.architecture import ARCHITECTURES, build_architecture
from voltran.envs.uplink.power_tables import PowerTable, power_table, power_table_names
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.evaluation.metrics import all_metrics
from voltran.physics.power import ASSISTED, NORMAL, SLEEP, site_power_kw
from voltran.physics.uplink_power import PowerComponent, UplinkPower, station_power

FOLDER = Path(__file__).resolve().parent.parent
SECTIONS = ("", "api/", "baselines/", "environments/", "tutorials/")
PAGES = sorted(page for section in SECTIONS for page in FOLDER.glob(f"{section}*.md"))
BLOCK = re.compile(r"(<!-- generated:(\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
DEFAULT = BlackoutScenario(name="default")
UPLINK = UplinkScenario(name="default")


def paper_codes() -> str:
    """The 16 codes of the paper's action set."""
    codec = _codec("paper", "joint")
    rows = []
    for code, (mode, bands, level) in enumerate(zip(codec.code_mode, codec.code_bands, codec.code_level, strict=True)):
        rows.append([str(code), MODE_NAMES[mode], _band_names(bands), f"{EV_LEVELS[level]:.2f}"])
    return table(["code", "mode", "bands", "share of offered vehicle power"], rows)


def action_spaces() -> str:
    """Space, mask and version of each action set and form."""
    sets: tuple[ActionSet, ...] = ("paper", "extended")
    forms: tuple[ActionForm, ...] = ("joint", "multi")
    rows = []
    for codec in (_codec(action_set, form) for action_set in sets for form in forms):
        rows.append([codec.action_set, codec.form, *space_cells(codec.space(), codec.sizes, codec.version)])
    return table(["action set", "form", "space of one site", "mask entries", "version"], rows)


def modes() -> str:
    """What each mode means for radius and bands."""
    constants = BlackoutConstants(DEFAULT)
    rows = [
        [str(mode), name, f"{constants.mode_radius_m[mode]:.0f}", _band_names(int(constants.mode_bands[mode]))]
        for mode, name in enumerate(MODE_NAMES)
    ]
    return table(["mode", "name", "radius (m)", "bands it may use"], rows)


def bands() -> str:
    """The default bands."""
    names = [name for name in Band.model_fields if name not in ("name", "terms")]
    rows = [[band.name, *(f"{getattr(band, name):g}" for name in names)] for band in DEFAULT.bands]
    return table(["band", *(f"`{name}`" for name in names)], rows)


def site_power() -> str:
    """Power of a whole site without users and with every band full."""
    constants = BlackoutConstants(DEFAULT)
    use, carried = np.ones(constants.n_bands), constants.scheduler.capacity_mbps
    rows = []
    for name, mode, on in (("all", NORMAL, constants.all_bands), ("low", ASSISTED, constants.low_bands)):
        idle_kw = site_power_kw(mode, on, 0.0 * use, 0.0 * carried, constants.power)
        full_kw = site_power_kw(mode, on, use, carried, constants.power)
        cells = [f"{idle_kw:.1f}", f"{full_kw:.1f}", f"{full_kw / idle_kw:.1f}", f"{idle_kw / full_kw:.0%}"]
        rows.append([f"{name}: {_band_names(on)}", *cells])
    asleep_kw = site_power_kw(SLEEP, 0, 0.0 * use, 0.0 * carried, constants.power)
    rows.append(["none: asleep", f"{asleep_kw:.1f}", *[""] * 3])
    return table(["bands on", "idle (kW)", "full (kW)", "full over idle", "idle over full"], rows)


def classes() -> str:
    """The default service classes."""
    names = list(type(DEFAULT.traffic.emergency).model_fields)
    rows = [[name, *(shown(getattr(getattr(DEFAULT.traffic, name), field)) for field in names)] for name in CLASS_NAMES]
    return table(["class", *(f"`{name}`" for name in names)], rows)


def scenario() -> str:
    """Every key of a scenario, except bands and classes, and its default."""
    rows = [[f"`{key}`", value] for key, value in _keys("", DEFAULT)]
    return table(["key", "default"], rows)


def uplink_scenario() -> str:
    """Every key of a scenario of the uplink world, and its default."""
    return table(["key", "default"], [[f"`{key}`", value] for key, value in _keys("", UPLINK)])


def uplink_actions() -> str:
    """Space, mask and version of each form of the uplink world's actions."""
    forms: tuple[ActionForm, ...] = ("joint", "multi")
    rows = []
    for codec in (UplinkCodec(build_architecture(UPLINK, "fd-ran"), UPLINK.ues.count, form) for form in forms):
        sizes = f"[2] * {codec.n_ues}" if codec.form == "multi" else f"{codec.sizes[0]}"
        space = f"`{type(codec.space()).__name__}({sizes})`"
        rows.append([codec.form, space, str(sum(codec.sizes)), f"`{codec.version}`"])
    return table(["form", "space of one UBS", "mask entries", "version"], rows)


def metrics() -> str:
    """How tables show the metrics."""
    arrows = {"up": "more", "down": "less", None: ""}
    rows = [[f"`{metric.key}`", metric.title, metric.unit, arrows[metric.better]] for metric in all_metrics()]
    return table(["key", "in tables", "unit in tables", "better"], rows)


def planner() -> str:
    """Settings of MSRC's planner, with the meanings that its class gives."""
    return settings(PlannerSettings)


def trimsm_settings() -> str:
    """Settings of TriMSM in the uplink."""
    return settings(TriMsmSettings)


def interior_point_settings() -> str:
    """Settings of the interior-point method for power allocation."""
    return settings(InteriorPointSettings)


def newton_settings() -> str:
    """Settings of Newton's method on retailers' prices."""
    return settings(NewtonSettings)


def dual_gradient_settings() -> str:
    """Settings of the dual gradient method."""
    return settings(DualGradientSettings)


def trimsm_outage_settings() -> str:
    """Settings of TriMSM in the outage."""
    return settings(OutageSettings)


def trimsm_variants() -> str:
    """Registered controllers that TriMSM's settings make."""
    names = list(TriMsmSettings.model_fields)
    rows = []
    for name, changed in (*VARIANTS.items(), ("trimsm-no-sleep", {})):
        settings = TriMsmSettings(**changed)
        rows.append([f"`{name}`", *(shown(getattr(settings, field)) for field in names)])
    return table(["controller", *(f"`{field}`" for field in names)], rows)


def power_tables() -> str:
    """Power of a default UBS by each table, part by part; the default table comes first."""
    names = sorted(power_table_names(), key=lambda name: name != UPLINK.power.table)
    columns = [_watts(power_table(name)) for name in names]
    parts = dict.fromkeys(chain.from_iterable(columns))
    rows = [[part, *(f"{column[part]:.3g}" if part in column else "" for column in columns)] for part in parts]
    return table(["part, and what it grows with", *(f"`{name}` (W)" for name in names)], rows)


def architectures() -> str:
    """Limits and power coefficients of the uplink's architectures."""
    rows = []
    for name in ARCHITECTURES:
        found = build_architecture(UPLINK, name)
        limits = (found.n_ubs, found.antennas, found.ubs_per_ue, found.ues_per_ubs)
        rows.append([f"`{name}`", *map(str, limits), *(f"{value:.3g}" for value in found.power)])
    coefficients = (f"`{field}`" for field in UplinkPower._fields)
    return table(["architecture", "M", "N", "UBSs per UE", "UEs per UBS", *coefficients], rows)


def rules() -> str:
    """Rules of the conformance suite."""
    return table(["rule", "demands"], [[f"`{name}`", " ".join(text.split())] for name, text in RULES.items()])


TABLES: dict[str, Callable[[], str]] = (
    {
        made.__name__: made
        for made in (
            paper_codes,
            action_spaces,
            modes,
            bands,
            site_power,
            classes,
            scenario,
            uplink_scenario,
            uplink_actions,
            metrics,
            planner,
            trimsm_settings,
            trimsm_outage_settings,
            interior_point_settings,
            newton_settings,
            dual_gradient_settings,
            trimsm_variants,
            power_tables,
            architectures,
            rules,
        )
    }
    | equations.TABLES
    | nomenclature.TABLES
    | market_tables.TABLES
    | observation_tables.TABLES
    | option_tables.TABLES
    | training_tables.TABLES
    | forecasting_tables.TABLES
    | sharing_tables.TABLES
    | controller_tables.TABLES
    | environment_tables.TABLES
    | mutation_tables.TABLES
)


def filled(text: str) -> str:
    """A page with all its generated tables as they should be."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[4]}", text)


def main() -> None:
    """Rewrite the pages whose tables have changed."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if filled(text) != text:
            write_atomically(page, filled(text).encode())


def _codec(action_set: ActionSet, form: ActionForm) -> ActionCodec:
    return ActionCodec(BlackoutConstants(DEFAULT), action_set, form)


def _band_names(band_set: int) -> str:
    return ", ".join(band.name for index, band in enumerate(DEFAULT.bands) if band_set >> index & 1) or "none"


def _watts(table: PowerTable) -> dict[str, float]:
    antennas, watts = UPLINK.radio.antennas, {}
    radio, baseband = table.radio_parts(), table.baseband_parts()
    names = [*(part.name for part in table.radio), *(part.name for part in table.baseband)]
    for name, of in zip(names, (*radio, *baseband), strict=True):
        watts[f"{name}: {_grows_with(of)}"] = of.power_w * antennas**of.antenna_exponent
    station = station_power(radio, baseband, antennas)
    return watts | dict(zip(("**radio**", "**baseband without load**", "**added by full load**"), station, strict=True))


def _grows_with(part: PowerComponent) -> str:
    """What a part's power grows with: quantities by their letters in [FDRAN] Eq. 10, with exponents other than 1."""
    exponents = {
        "N": part.antenna_exponent,
        "B": part.bandwidth_exponent,
        "Q": part.quantisation_exponent,
        "SE": part.spectral_efficiency_exponent,
        "S": part.streams_exponent,
    }
    grows = [name if value == 1.0 else f"{name}^{value:g}" for name, value in exponents.items() if value]
    return ", ".join([*grows, "load"] if part.load_exponent else grows)


def _keys(prefix: str, section: BaseModel) -> list[tuple[str, str]]:
    found = []
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            if name not in CLASS_NAMES:
                found += _keys(f"{prefix}{name}.", value)
        elif prefix and name != "bands":
            found.append((f"{prefix}{name}", shown(value)))
    return found


if __name__ == "__main__":
    main()
