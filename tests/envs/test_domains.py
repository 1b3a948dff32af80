"""Every physical input has a range: what lies outside is refused by name, and what lies inside gives finite metrics."""

import contextlib
import inspect
import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import numpy as np
import pytest
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from tests.envs.brownout.tools import brownout_world
from voltran.baselines import make
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.brownout.scenario import BrownoutScenario
from voltran.envs.errors import PhysicsError, ScenarioError
from voltran.envs.market.scenario import MarketScenario
from voltran.envs.registry import make_world, spec_of_scenario
from voltran.envs.scenario import validated
from voltran.envs.sharing.scenario import SharingScenario
from voltran.envs.uplink.scenario import UplinkScenario

MODELS: dict[str, type[BaseModel]] = {
    "outage": BlackoutScenario,
    "uplink": UplinkScenario,
    "market": MarketScenario,
    "brownout": BrownoutScenario,
    "sharing": SharingScenario,
}


def numbers(constants: type[BaseModel], path: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Dotted key of every number of a scenario, with what constrains it."""
    for name, field in constants.model_fields.items():
        yield from _of_annotation(f"{path}{name}", field.annotation, tuple(field.metadata))


def _of_annotation(path: str, annotation: Any, metadata: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        flat = [part for item in more for part in (item.metadata if isinstance(item, FieldInfo) else [item])]
        yield from _of_annotation(path, inner, (*metadata, *flat))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from numbers(annotation, f"{path}.")
    elif annotation in (float, int):
        yield path, metadata
    else:
        for part in get_args(annotation):
            yield from _of_annotation(path, part, metadata)


def is_bounded(metadata: tuple[Any, ...]) -> bool:
    """From below and from above."""
    has = {name for part in metadata for name in ("ge", "gt", "le", "lt") if getattr(part, name, None) is not None}
    return any(isinstance(part, AfterValidator) for part in metadata) or bool(has & {"ge", "gt"} and has & {"le", "lt"})


@pytest.mark.parametrize("world", MODELS)
def test_every_number_has_a_range(world: str) -> None:
    found = dict(numbers(MODELS[world]))
    assert len(found) > 25
    # Indices are compared with the number of retailers and of sites there are.
    checked_otherwise = {"retail.home_retailer", "retail.access"}
    assert {key for key, metadata in found.items() if not is_bounded(metadata)} - checked_otherwise == set()


Rows = list[tuple[str, Any, str]]  # key, value, range

OUTAGE: Rows = [
    ("users.height_m", 1.0, r"\[1.5, 13\]"),
    ("users.height_m", 13.5, r"\[1.5, 13\]"),
    ("users.speed_m_per_s", 1e6, r"\[0, 150\]"),
    ("users.indoor_share", 1.1, r"\[0, 1\]"),
    ("radio.site_height_m", 1.0, r"\[10, 150\]"),
    ("radio.sinr_min_db", 400, r"\[-30, 40\]"),
    ("radio.noise_figure_db", -300, r"\[0, 60\]"),
    ("radio.efficiency_max", 1e300, r"\[0.01, 50\]"),
    ("layout.inter_site_distance_m", 1e-300, r"\[1, 100000\]"),
    ("traffic.load_factor", 0, r"\[0.01, 100\]"),
    ("traffic.load_factor", [1.0, 1e9], r"\[0.01, 100\]"),
    ("battery.discharge_efficiency", 1e-300, r"\[0.1, 1\]"),
    ("battery.capacity_kwh", 1e300, r"\[0.001, 1e\+06\]"),
    ("vehicles.arrivals_per_day", 1e9, r"\[0, 1000\]"),
    ("vehicles.urgency", 1e300, r"\[0, 1000\]"),
    ("reward.energy_exponent", 5000, r"\[0, 10\]"),
    ("time.horizon_h", 1e9, r"\[0.001, 8784\]"),
]
UPLINK: Rows = [
    ("radio.noise_dbm", 400, r"\[-180, 0\]"),
    ("radio.noise_dbm", -4000, r"\[-180, 0\]"),
    ("radio.power_max_mw", 0, r"\[0.001, 1e\+06\]"),
    ("radio.shadowing_db", 1e4, r"\[0, 20\]"),
    ("layout.height_m", 0.0, r"\[1, 150\]"),
    ("power.mains_loss", 1.0, r"\[0, 0.99\]"),
    ("traffic.session_h", 1e-9, r"\[0.01, 10000\]"),
    ("quality.rate_min_mbps", 1e12, r"\[0, 1e\+06\]"),
]
MARKET: Rows = [
    ("retail.price_cap_usd_per_kwh", 1e12, r"\[0.0001, 10000\]"),
    ("retail.reference_kw", 1e-300, r"\[1e-06, 100000\]"),
    ("retail.weather.wind_shape", 1e-3, r"\[0.5, 20\]"),
    ("retail.weather.wind_scale_m_per_s", 1e3, r"\[0.1, 50\]"),
    ("load.unevenness", 800, r"\[0, 3\]"),
    ("battery.charge_efficiency", 0.0, r"\[0.1, 1\]"),
    ("battery.wear_usd_per_kwh", 1e300, r"\[0, 10000\]"),
]
BROWNOUT: Rows = [("grid.main_limit_kw", 1e300, r"\[1e-06, 100000\]"), ("grid.turn_h", 1e-9, r"\[0.01, 10000\]")]
SCENARIOS = {"toy3": OUTAGE, "uplink20": UPLINK, "market4": MARKET, "urban19-brownout-light": BROWNOUT}


@pytest.mark.parametrize(
    ("scenario", "key", "value", "limits"),
    [(scenario, *row) for scenario, rows in SCENARIOS.items() for row in rows],
)
def test_what_lies_outside_is_refused_with_key_value_and_range(
    scenario: str, key: str, value: Any, limits: str
) -> None:
    shown = re.escape(str(value[-1] if isinstance(value, list) else value))
    with pytest.raises(ScenarioError, match=rf"{key}(\.1)? = {shown}: must lie in {limits}"):
        make_world(scenario, 1, {key: value})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "many", None, "yes"])
@pytest.mark.parametrize("key", ["users.height_m", "battery.capacity_kwh", "vehicles.base_price"])
def test_what_is_no_number_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ScenarioError, match=rf"{key} = "):
        make_world("toy3", 1, {key: value})


def test_demand_cannot_be_infinite() -> None:
    data = {"share": 0.5, "weight": 10.0, "mean_log_mbps": 1000}
    with pytest.raises(ScenarioError, match=r"traffic.essential.mean_log_mbps = 1000: must lie in \[-10, 7\]"):
        make_world("urban7-medium", 1, {"traffic.essential": data})


@pytest.mark.parametrize(
    ("key", "value"),
    [("frequency_mhz", 400), ("frequency_mhz", 1e6), ("transmit_dbm", 500), ("bandwidth_mhz", 0), ("static_w", -1)],
)
def test_bands_have_ranges(key: str, value: float) -> None:
    band = BlackoutScenario(name="default").bands[0].model_dump()
    with pytest.raises(ScenarioError, match=rf"bands.0.{key} = {value}: must lie in"):
        make_world("toy3", 1, {"bands": [{**band, key: value}]})


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"vehicles.capacity_min_kwh": 90, "vehicles.capacity_max_kwh": 80}, "capacity_min_kwh = 90 must not exceed"),
        ({"vehicles.initial_soc_low": 0.9}, "initial_soc_low = 0.9 must not exceed initial_soc_high = 0.8"),
    ],
)
def test_ranges_of_vehicles_are_ordered(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        make_world("toy3", 1, overrides)


EXTREMES: list[dict[str, Any]] = [
    {
        "users.height_m": 13,
        "radio.site_height_m": 10,
        "radio.noise_figure_db": 60,  # next to no reach, and nobody to help
        "layout.inter_site_distance_m": 250,
        "radio.r_nom_m": 170,
        "cooperation.k_max": 0,
    },
    {"traffic.load_factor": 100, "battery.capacity_kwh": 1e-3, "radio.sinr_min_db": -30, "radio.efficiency_max": 50},
    {"traffic.load_factor": 0.01, "battery.capacity_kwh": 1e6, "battery.discharge_efficiency": 0.1},
    {"vehicles.arrivals_per_day": 200, "vehicles.urgency": 1000, "vehicles.capacity_max_kwh": 1e6},
    {
        "reward.energy_exponent": 10,
        "reward.survival": 1e6,
        "power.static_multiplier": 100,
        "battery.discharge_limit_kw": 1e3,
    },
    {"users.speed_m_per_s": 150, "power.sleep_w": 0, "vehicles.arrivals_per_day": 0},
]


@pytest.mark.parametrize("overrides", EXTREMES)
def test_the_ends_of_ranges_can_be_played(overrides: dict[str, Any]) -> None:
    small = {"users.count": 60, "time.horizon_h": 1, "users.covered_at_start": False}
    world, player = make_world("urban7-medium", 1, {**small, **overrides}), make("static-v2g")
    _require_finite_episode(world, player)


@pytest.mark.parametrize(
    ("scenario", "overrides"),
    [
        ("uplink20", {"radio.noise_dbm": -180, "radio.shadowing_db": 20}),
        ("uplink20", {"radio.noise_dbm": 0, "layout.side_m": 1e5, "quality.rate_min_mbps": 1e6}),
        (
            "market4",
            {"load.unevenness": 3, "retail.weather.wind_shape": 0.5, "retail.value_of_lost_load_usd_per_kwh": 1e4},
        ),
        (
            "market4",
            {"retail.reference_kw": 1e-6, "battery.charge_efficiency": 0.1, "retail.weather.wind_memory_h": 0.01},
        ),
    ],
)
def test_the_ends_of_ranges_can_be_played_elsewhere(scenario: str, overrides: dict[str, Any]) -> None:
    world = make_world(scenario, 1, {"time.horizon_h": 1, **overrides})
    _require_finite_episode(world, make("random"))


# Small episodes of every world; each has what the fields of its scenario may need.
SMALL: dict[str, dict[str, Any]] = {
    "urban7-medium": {"users.count": 40, "time.horizon_h": 1, "time.physics_step_s": 300},
    "urban19-brownout-light": {"users.count": 40, "time.horizon_h": 1, "time.physics_step_s": 300},
    "uplink20": {"layout.n_ubs": 6, "ues.count": 4, "time.horizon_h": 1},
    "market4": {"time.horizon_h": 1},
    "sharing-toy": {},
}


def ends(metadata: tuple[Any, ...]) -> set[float]:
    """Both ends of the range of a number."""
    low, high = [], []
    for part in metadata:
        if isinstance(part, AfterValidator):
            closure = inspect.getclosurevars(part.func).nonlocals
            low.append(closure["low"])
            high.append(closure["high"])
        low += [getattr(part, name) for name in ("ge", "gt") if getattr(part, name, None) is not None]
        high += [getattr(part, name) for name in ("le", "lt") if getattr(part, name, None) is not None]
    return {*([max(low)] if low else []), *([min(high)] if high else [])}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SMALL)
def test_every_number_may_be_at_an_end_of_its_range(scenario: str) -> None:
    """Whatever a model accepts alone is played or, where the world cannot be built from it, refused by a message."""
    found = dict(numbers(spec_of_scenario(scenario).load("scenario")))
    known = dict(numbers(BlackoutScenario)) if scenario == "urban19-brownout-light" else {}
    played = 0
    for key, metadata in found.items():
        for value in ends(metadata) if key not in known else ():
            with contextlib.suppress(ScenarioError):
                world = make_world(scenario, 1, {**SMALL[scenario], key: value})
                world.reset([1])
                _play_three_periods(world)
                played += 1
    assert played > 20


def _play_three_periods(world: Any) -> None:
    player = make("random")
    player.reset(world)
    for _ in range(min(3, world.max_decisions)):
        outcome = world.step(player.act(world))
        assert all(np.isfinite(values).all() for values in outcome.rewards.values())
        if (outcome.terminated | outcome.truncated).all():
            break


@pytest.mark.parametrize("n_worlds", [0, -1, 100_000_000])
def test_a_batch_has_a_size_that_can_be(n_worlds: int) -> None:
    with pytest.raises(ScenarioError, match=f"n_worlds = {n_worlds}: give a number from 1 to 100000"):
        make_world("toy3", n_worlds)


def _require_finite_episode(world: Any, player: Any) -> None:
    world.reset([1])
    player.reset(world)
    for _ in range(world.max_decisions):
        outcome = world.step(player.act(world))
        assert all(np.isfinite(values).all() for values in outcome.rewards.values())
        if (outcome.terminated | outcome.truncated).all():
            break
    assert all(np.isfinite(values).all() for name, values in world.kpis().items() if name != "mean_price_usd_per_kwh")


# --- metrics ----------------------------------------------------------------------------------------------------------


def judged(scenario: str, seeds: list[int], metrics: list[dict[str, float]]) -> Any:
    """Worlds after a step that have these metrics."""
    world: Any = make_world(scenario, len(seeds))
    world.reset(seeds)
    player = make("random")
    player.reset(world)
    world.step(player.act(world))
    world._metrics_of = metrics.__getitem__
    return world


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_not_finite_is_an_error(value: float) -> None:
    world = judged("toy3", [7, 2**100], [{"served_gbit": 1.0}, {"served_gbit": value}])
    with pytest.raises(PhysicsError, match=f"served_gbit of world 1 \\(seed {2**100}\\) is {value}"):
        world.kpis()
    np.testing.assert_array_equal(world.kpis(np.array([True, False]))["served_gbit"], [1.0, np.nan])


def test_only_declared_metrics_may_be_undefined() -> None:
    name = "mean_price_usd_per_kwh"
    assert np.isnan(judged("market4", [0], [{name: math.nan}]).kpis()[name]).all()
    for metrics in ({name: math.inf}, {"paid_usd": math.nan}):
        with pytest.raises(PhysicsError, match=f"{next(iter(metrics))} of world 0"):
            judged("market4", [0], [metrics]).kpis()


@pytest.mark.parametrize("world", [make_world("market4"), brownout_world(overrides={"retail.retailers": []})])
def test_the_mean_price_of_nothing_does_not_exist(world: Any) -> None:
    world.reset([0])
    sites = make("autarky" if world.name == "market_v0" else "independent")
    sites.reset(world)
    random = make("random")
    random.reset(world)
    world.step({**random.act(world), **sites.act(world)})
    assert world.kpis()["bought_kwh"][0] == 0.0
    assert np.isnan(world.kpis()["mean_price_usd_per_kwh"][0])


def test_metrics_of_a_broken_world_are_refused() -> None:
    """Whatever makes it so, a trace that holds infinity gives no table."""
    world: Any = make_world("toy3")
    world.reset([0])
    player = make("static")
    world.step(player.act(world))
    world._simulation.trace.series["served_mbps"][...] = np.inf
    with pytest.raises(PhysicsError, match=r"of world 0 \(seed 0\) is (inf|nan)"):
        world.kpis()


def test_models_of_tests_are_those_of_worlds() -> None:
    for constants in MODELS.values():
        with pytest.raises(ScenarioError, match="unknown key 'colour'"):
            validated(constants, {"name": "test", "colour": "red"}, "scenario test")
