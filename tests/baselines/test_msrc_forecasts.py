"""Forecasts of Stage 1: against the true future on average, simulated queues of vehicles, and closed forms."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.envs.blackout.tools import outage_world
from tests.envs.episodes import started
from voltran import baselines
from voltran.baselines.msrc import vehicle_forecasts
from voltran.baselines.msrc.controller import Msrc
from voltran.baselines.msrc.forecasts import Outlook, expected, perfect
from voltran.baselines.msrc.planner import Planner
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.controller import information_of
from voltran.envs.errors import PartError, ScenarioError
from voltran.physics.ev import offered_price

FloatArray = NDArray[np.float64]


def played(overrides: dict[str, Any], n_worlds: int, decisions: int, first_seed: int = 0) -> BlackoutWorld:
    """Worlds some decisions into their episodes."""
    world = started(outage_world("urban7-medium", n_worlds, overrides=overrides), first_seed)
    controller = baselines.make("static-v2g")
    controller.reset(world)
    for _ in range(decisions):
        world.step(controller.act(world))
    return world


@pytest.mark.parametrize(
    ("overrides", "horizon_h"),
    [
        ({}, 2.0),
        ({}, 6.0),
        ({"vehicles.arrivals_per_day": 24.0}, 6.0),
        ({"vehicles.price_acceptance": False}, 6.0),
        ({"vehicles.urgency": 0.0}, 3.0),
        ({"vehicles.mean_stay_h": 1.0, "vehicles.arrivals_per_day": 8.0}, 4.0),
        ({"battery.initial_soc": 0.35}, 6.0),
    ],
)
def test_what_is_expected_comes_true_on_average(overrides: dict[str, Any], horizon_h: float) -> None:
    differences: list[FloatArray] = []
    levels: list[FloatArray] = []
    for block in range(6):
        world = played(overrides, 40, decisions=2, first_seed=40 * block)
        for index in range(40):
            foreseen = expected(world, index, horizon_h).vehicles_kwh
            differences.append(foreseen - perfect(world, index, horizon_h).vehicles_kwh)
            levels.append(foreseen)
    error, level = np.array(differences), float(np.mean(levels))
    # Six standard errors, and what vehicles miss of steps that they are not there for whole.
    noise = 6.0 * error.std() / np.sqrt(error.size)
    assert abs(error.mean()) < noise + 0.03 * level


def test_a_simulated_queue_gives_what_is_expected_of_those_to_come() -> None:
    """Vehicles with chargers of their own: drawn one by one, not by the world's code."""
    world = started(outage_world("urban7-medium", overrides={"vehicles.site_limit_kw": 70.0}))
    vehicles, horizon_h, lifetime_h = world.scenario.vehicles, 6.0, 2.0
    generator, count = np.random.default_rng(0), 400_000
    arrival = generator.uniform(0.0, horizon_h, count)
    leaves = arrival + generator.exponential(vehicles.mean_stay_h, count)
    soc = generator.uniform(vehicles.initial_soc_low, vehicles.initial_soc_high, count)
    capacity = np.clip(generator.normal(60.0, 15.0, count), vehicles.capacity_min_kwh, vehicles.capacity_max_kwh)
    energy_kwh = (soc - vehicles.soc_min) * capacity
    asked = generator.uniform(0.0, vehicles.price_max, count)
    needed = np.maximum(asked / vehicles.base_price - 1.0, 1e-300) / vehicles.urgency
    accepts = np.maximum(arrival, lifetime_h + vehicles.urgency_time_h * np.log(needed))
    gives_h = np.clip(np.minimum(leaves, horizon_h) - accepts, 0.0, energy_kwh / vehicles.vehicle_limit_kw)
    simulated_kwh = vehicles.vehicle_limit_kw * gives_h.mean() * horizon_h * vehicles.arrivals_per_day / 24.0
    found_kwh = vehicle_forecasts._coming_kwh(world.constants, np.array([lifetime_h]), horizon_h)
    assert found_kwh[0] == pytest.approx(simulated_kwh, rel=0.01)


def test_the_time_until_a_price_is_when_it_is_paid() -> None:
    ev = outage_world("urban7-medium").constants.ev
    lifetime_h = np.array([0.0, 1.0, 4.0, 9.0])[:, None]
    asked = np.array([0.1, 0.5, 0.7, 1.2, 1.5])
    hours = vehicle_forecasts.hours_until_price(asked, lifetime_h, ev)
    for row, left_h in enumerate(lifetime_h[:, 0]):
        now = offered_price(left_h, 1.0, True, ev)
        for column, price in enumerate(asked):
            wait = hours[row, column]
            if now >= price:
                assert wait == pytest.approx(0.0, abs=1e-9)
            else:
                assert offered_price(left_h - wait, 1.0, True, ev) == pytest.approx(price)
    assert np.isinf(vehicle_forecasts.hours_until_price(np.array([1.6]), np.array([0.0]), ev)[0])


def test_a_charger_takes_what_a_poisson_number_of_vehicles_offers_up_to_its_limit() -> None:
    for site_limit_kw in (0.0, 3.0, 7.0, 10.0, 21.0):
        ev = outage_world("urban7-medium").constants.ev._replace(site_limit_kw=site_limit_kw)
        offered_kwh = np.array([0.0, 1.0, 20.0, 200.0])
        number = np.random.default_rng(1).poisson(offered_kwh / (7.0 * 5.0), (200_000, 4))
        simulated = 5.0 * np.minimum(7.0 * number, site_limit_kw).mean(axis=0)
        found = vehicle_forecasts._through_charger_kwh(offered_kwh, 5.0, ev)
        np.testing.assert_allclose(found, simulated, rtol=0.02, atol=1e-9)


def test_a_lone_vehicle_gives_what_its_stay_allows() -> None:
    """Nobody comes, and one vehicle that has accepted is there: the mean of an exponential stay, cut off."""
    world = played({"vehicles.arrivals_per_day": 1.0, "vehicles.price_acceptance": False}, 40, decisions=1)
    vehicles, alone = world.scenario.vehicles, 0
    for index in range(world.n_worlds):
        foreseen = expected(world, index, 2.0).vehicles_kwh
        coming = vehicle_forecasts._coming_kwh(world.constants, np.zeros(7), 2.0)
        for site in np.flatnonzero(world.parked[index].sum(axis=1) == 1):
            alone += 1
            energy_kwh = world.fleet.energy_kwh[index, site][world.parked[index, site]][0]
            hours = np.linspace(0.0, min(2.0, energy_kwh / 7.0), 20001)
            parked_kwh = 7.0 * np.trapezoid(np.exp(-hours / vehicles.mean_stay_h), hours)
            through = vehicle_forecasts._through_charger_kwh(coming, 2.0, world.constants.ev)[site]
            assert foreseen[site] == pytest.approx(parked_kwh + through * (1.0 - parked_kwh / 14.0))
    assert alone > 5


def test_demand_that_is_drawn_anew_is_expected_at_its_mean() -> None:
    overrides = {"traffic.redraw_period_s": 1800.0, "traffic.load_factor": 1.3}
    world = played(overrides, 1, decisions=1)
    now = world.users.demand_mbps[0]
    ahead = {hours: expected(world, 0, hours).demand_mbps for hours in (0.25, 6.0, 100.0)}
    np.testing.assert_allclose(ahead[0.25], now)
    mean = np.array([0.064, 0.064, 1.3 * np.exp(0.125), 1.3 * np.exp(1.5 + 0.245)])[world.users.service_class[0]]
    np.testing.assert_allclose(ahead[6.0], (0.25 * now + 5.75 * mean) / 6.0)
    np.testing.assert_allclose(ahead[100.0], (0.25 * now + 99.75 * mean) / 100.0)
    # at the end of a window what is shown says nothing of the next one
    np.testing.assert_allclose(expected(played(overrides, 1, decisions=2), 0, 6.0).demand_mbps, mean)


@pytest.mark.parametrize("decisions", [0, 1, 2])
def test_perfect_demand_is_what_the_world_will_draw(decisions: int) -> None:
    world = played({"traffic.redraw_period_s": 1800.0}, 1, decisions)
    foreseen = perfect(world, 0, 3.0).demand_mbps
    controller = baselines.make("independent")
    controller.reset(world)
    met = []
    for _ in range(12):
        world.step(controller.act(world))
        met.append(world.users.demand_mbps[0].copy())
    np.testing.assert_allclose(foreseen, np.mean(met, axis=0), rtol=1e-9)


def test_power_is_planned_for_expected_demand_and_service_for_the_present_one() -> None:
    overrides = {"traffic.redraw_period_s": 900.0}
    world = played(overrides, 1, decisions=1)
    plain = Planner(world, 0, PlannerSettings(forecast="none")).instance().groups
    ahead = Planner(world, 0, PlannerSettings()).instance().groups
    for field in ("weight", "reach", "load", "first_load", "traffic_mbps"):
        np.testing.assert_array_equal(getattr(plain, field), getattr(ahead, field))
    assert not np.allclose(plain.power_kw, ahead.power_kw)
    # over all flows demands are as large as the mean, so that only who asks for it differs
    assert ahead.power_kw.sum() == pytest.approx(plain.power_kw.sum(), rel=0.1)


def test_nothing_expected_hangs_on_what_is_yet_to_come() -> None:
    """Other vehicles come, and those that are parked leave at other times: nobody could know."""
    world = played({"vehicles.arrivals_per_day": 12.0, "traffic.redraw_period_s": 900.0}, 1, decisions=3)
    before = expected(world, 0, 6.0)
    drawn, parked, now_s = world._simulation.inhabitants, world.parked[0], world.now_s[0]
    drawn.departure_s[0][parked] = now_s + 60.0
    drawn.arrival_s[0][drawn.arrival_s[0] > now_s] = np.inf
    after = expected(world, 0, 6.0)
    np.testing.assert_array_equal(before.vehicles_kwh, after.vehicles_kwh)
    np.testing.assert_array_equal(before.demand_mbps, after.demand_mbps)
    assert perfect(world, 0, 6.0).vehicles_kwh.sum() < 0.2 * before.vehicles_kwh.sum()


def test_a_forecast_says_what_its_controller_knows() -> None:
    known = {kind: information_of(Msrc(forecast=kind)) for kind in ("none", "expected", "perfect")}
    assert known == {"none": "global", "expected": "forecast", "perfect": "hindsight"}
    assert information_of(Msrc(forecast=f"{__name__}:calm")) == "hindsight"


def calm(world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    """Somebody's own forecast: no vehicles, and half the demand."""
    return Outlook(horizon_h, np.zeros(world.constants.n_sites), 0.5 * world.users.demand_mbps[index])


def for_two_hours(world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    return calm(world, index, 2.0)


def negative(world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    return calm(world, index, horizon_h)._replace(vehicles_kwh=np.full(world.constants.n_sites, -1.0))


def too_few(world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    return calm(world, index, horizon_h)._replace(demand_mbps=np.ones(3))


def endless(world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    return calm(world, index, horizon_h)._replace(demand_mbps=np.full(world.constants.n_users, np.inf))


def nothing(world: BlackoutWorld, index: int, horizon_h: float) -> None:
    return None


def words(world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    return calm(world, index, horizon_h)._replace(vehicles_kwh="much")  # type: ignore[arg-type]


def broken(world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    raise ValueError("no wind")


NOT_CALLABLE = 3


def test_a_forecast_of_ones_own_is_planned_on() -> None:
    world = played({}, 1, decisions=1)
    instance = Planner(world, 0, PlannerSettings(forecast=f"{__name__}:calm")).instance()
    np.testing.assert_array_equal(instance.energy_kwh, world.usable_kwh[0])
    whole = Planner(world, 0, PlannerSettings(forecast="none")).instance()
    assert instance.groups.power_kw.sum() < 0.7 * whole.groups.power_kw.sum()


@pytest.mark.parametrize(
    ("name", "error", "words_of_it"),
    [
        ("hopeful", ScenarioError, ["forecast = 'hopeful'", "none, expected, perfect"]),
        (f"{__name__}:missing", ScenarioError, ["missing"]),
        (f"{__name__}:NOT_CALLABLE", ScenarioError, ["no function"]),
    ],
)
def test_an_unknown_forecast_is_an_error_at_once(name: str, error: type[Exception], words_of_it: list[str]) -> None:
    with pytest.raises(error) as caught:
        Msrc(forecast=name)
    assert all(word in str(caught.value) for word in words_of_it)


@pytest.mark.parametrize(
    ("function", "error", "words_of_it"),
    [
        ("for_two_hours", ScenarioError, ["horizon_h = 2.0", "6 h ahead", "set horizon_h to 2.0"]),
        ("negative", ScenarioError, ["vehicles_kwh[0] = -1.0", "at least 0"]),
        ("too_few", ScenarioError, ["demand_mbps", "(3,)", "(368,)"]),
        ("endless", ScenarioError, ["demand_mbps[0] = inf", "above 0"]),
        ("nothing", ScenarioError, ["NoneType", "Outlook"]),
        ("words", ScenarioError, ["vehicles_kwh", "no array of numbers"]),
        ("broken", PartError, ["ValueError: no wind"]),
    ],
)
def test_a_forecast_that_plans_cannot_rest_on_is_an_error(
    function: str, error: type[Exception], words_of_it: list[str]
) -> None:
    world = played({}, 1, decisions=1)
    controller = Msrc(forecast=f"{__name__}:{function}")
    controller.reset(world)
    before = world.get_state()
    with pytest.raises(error) as caught:
        controller.act(world)
    assert all(word in str(caught.value) for word in (*words_of_it, function))
    assert str(world.get_state()) == str(before)
