"""MSRC with Stage 2 solved exactly: the world does what was promised, and nothing better was to be had."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from tests.baselines.noise import noisy
from tests.envs.blackout.tools import assert_same, commands, outage_world
from tests.envs.episodes import started
from tests.physics import reference, reference_scheduler
from voltran import baselines
from voltran.baselines.msrc.carrier_program import (
    STAGE_2_H,
    Prices,
    carrier_program,
    carriers_on,
    lasting_supply,
    vehicle_orders_kw,
)
from voltran.baselines.msrc.dispatch import dispatch_of, exact_dispatch, utility
from voltran.baselines.msrc.dispatch_program import Links, links_to, marginal_kw
from voltran.baselines.msrc.dispatcher import ExactDispatcher, dispatcher_of
from voltran.baselines.msrc.planning_state import situation
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.solve_parts import solve_in_parts
from voltran.envs.blackout.dispatch import Allocation, carried_out
from voltran.envs.blackout.situation import Situation
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.checks.controllers import check_controller
from voltran.envs.errors import ScenarioError
from voltran.physics.power import HELPING, NORMAL, SLEEP

CROWDED = {"traffic.load_factor": 4.0, "time.horizon_h": 2, "survival.end": "horizon"}
PRICES = Prices(utility_per_usd=1.0 / 3.0, stored=1.6)


def exact(**options: Any) -> ExactDispatcher:
    """A dispatcher of some settings."""
    found = dispatcher_of(PlannerSettings(**({"dispatch": "exact"} | options)))
    assert found is not None
    return found


# --- band shares ------------------------------------------------------------------------------------------------------


def test_the_world_does_what_the_linear_program_promises() -> None:
    """The rates are those of the program that stands alone, in a crowded network in which it decides something."""
    world = started(outage_world("urban7-medium", overrides=CROWDED))
    controller = baselines.make("msrc-fast", dispatch="exact")
    controller.reset(world)
    for _ in range(3):
        asked = controller.act(world)["bs"]
        promised = exact_dispatch(world, asked, segments=16)
        world.step({"bs": asked})
        service = world._simulation.state.service
        np.testing.assert_allclose(service.rate_mbps[0], promised.rate_mbps, rtol=1e-5, atol=1e-5)
        # which band carries what is worth less than the solver's tolerance, where power hardly differs
        np.testing.assert_allclose(service.power_kw[0], promised.power_kw, rtol=1e-3)
        assert utility(service.rate_mbps[0], world.users.demand_mbps[0], world.users.weight[0]) == pytest.approx(
            promised.utility, rel=1e-6
        )
        assert promised.served_share < 0.98


class Watched(ExactDispatcher):
    """Keeps what it was asked and what it said."""

    seen: list[tuple[Situation, Allocation | None]]

    def allocate(self, situation: Situation) -> Allocation | None:
        """Remember."""
        said = super().allocate(situation)
        frozen = situation._replace(last_server=situation.last_server.copy(), energy=_copied(situation.energy))
        self.seen.append((frozen._replace(**_sites(frozen)), said))
        return said


def _copied(energy: Any) -> Any:
    return energy._replace(
        **{name: value.copy() for name, value in energy._asdict().items() if isinstance(value, np.ndarray)}
    )


def _sites(now: Situation) -> dict[str, Any]:
    return {name: getattr(now, name).copy() for name in ("mode", "band_bits", "radius_m", "alive", "demand_mbps")}


def watched(rule: Any) -> Watched:
    dispatcher = Watched(rule, 1.0 / 3.0, None, 30.0)
    dispatcher.seen = []
    return dispatcher


def played(dispatcher: Watched, overrides: dict[str, Any]) -> BlackoutWorld:
    """An episode of ``msrc-fast`` until sites have died."""
    world = started(outage_world("urban7-medium", overrides=overrides), 3)
    controller: Any = baselines.make("msrc-fast")
    controller.reset(world)
    controller._dispatcher = dispatcher
    for _ in range(6):
        world.step(controller.act(world))
    return world


def test_the_scheduler_is_never_better() -> None:
    """In utility, at every dispatch in which no site is about to run dry."""
    dispatcher = watched("exact")
    played(dispatcher, CROWDED)
    gains = []
    for now, said in dispatcher.seen:
        own = dispatch_of(now, *now.schedule(now.associate()))
        if said is None or (lasting_supply(now).total() < own.power_kw).any():
            continue
        found = dispatch_of(now, *carried_out(now, said).plan)
        assert found.utility >= own.utility * (1.0 - 1e-9)
        gains.append(found.utility - own.utility)
    assert len(gains) >= 2
    assert max(gains) > 1e-3


def test_limits_hold_in_what_is_carried_out() -> None:
    """Blocks, capacity and lasting power, whatever is dispatched, while batteries run dry."""
    for rule in ("exact", "exact-carriers"):
        dispatcher = watched(rule)
        world = played(dispatcher, CROWDED | {"battery.capacity_kwh": 6.0})
        assert not world.alive.all()
        shed = 0
        for now, said in dispatcher.seen:
            if said is None:
                continue
            told = carried_out(now, said)
            capacity = reference_scheduler.site_capacity_mbps(now.mode, told.band_bits, now.constants.scheduler)
            assert np.all(told.plan.traffic_mbps.sum(axis=1) <= capacity * (1.0 + 1e-6))
            found = dispatch_of(now._replace(band_bits=told.band_bits), *told.plan)
            idle = reference.site_power_kw(
                now.mode, told.band_bits, np.zeros((7, 4)), np.zeros((7, 4)), now.constants.power
            )
            supply = lasting_supply(now).total()
            meant = now.alive & (supply >= idle)
            assert np.all(found.power_kw[meant] <= supply[meant] * (1.0 + 1e-5))
            shed += int((meant & (found.power_kw > 0.999 * supply)).sum())
        assert shed > 0


def test_load_is_shed_before_a_site_goes_down() -> None:
    """A battery that lasts for 14 of 15 minutes at full load and for longer idle."""
    alive = {}
    for dispatch in ("scheduler", "exact"):
        world = started(outage_world("urban7-medium", overrides=CROWDED | {"vehicles.arrivals_per_day": 0}))
        dispatcher = None if dispatch == "scheduler" else exact()
        full = commands(world, [NORMAL] * 7)["bs"]
        load_kw = dispatch_of(situation(world, full), *_own(situation(world, full))).power_kw
        state, battery = world.get_state(), world.constants.battery
        usable = load_kw * 14.0 / 60.0
        state["state"]["soc"][0] = battery.soc_min + usable / (battery.capacity_kwh * battery.discharge_efficiency)
        world.set_state(state)
        world.step({"bs": replace(full, dispatcher=dispatcher)})
        alive[dispatch] = world.alive.sum()
    assert alive == {"scheduler": 0, "exact": 7}


def _own(now: Situation) -> Any:
    return now.schedule(now.associate())


# --- carriers, by brute force -----------------------------------------------------------------------------------------

SMALL: dict[str, Any] = {
    "layout.n_sites": 2,
    "layout.positions_m": [[0, 0], [500, 0]],
    "users.count": 5,
    "users.positions_m": [[-60, 20], [190, 0], [430, 40], [560, 10], [350, 50]],
    "users.classes": ["best_effort", "essential", "best_effort", "voice", "best_effort"],
    "battery.initial_soc": 0.5,
    "battery.discharge_efficiency": 0.9,
    "radio.precision": "float64",
    "vehicles.arrivals_per_day": 0,
}


def small_world(demand_mbps: float, static_w: float) -> BlackoutWorld:
    """Two sites with three bands and five users."""
    bands = [
        {
            "name": f"{mhz} MHz", "frequency_mhz": mhz, "bandwidth_mhz": width, "capacity_mbps": 4 * width,
            "static_w": static_w * width, "dynamic_w": 30 * width, "w_per_mbps": 1.0, "standby_w": 5,
        }
        for mhz, width in ((800, 10), (1800, 20), (2600, 15))
    ]  # fmt: skip
    return started(
        outage_world("toy3", overrides=SMALL | {"bands": bands, "traffic.best_effort.constant_mbps": demand_mbps})
    )


def best_by_brute_force(now: Situation, links: Links, prices: Prices) -> tuple[float, tuple[int, ...]]:
    """Least cost over all sets of bands, each a linear program in which each user's utility lies below its chords."""
    best: tuple[float, tuple[int, ...]] = (np.inf, (0, 0))
    choices = [[bands for bands in range(1, 8) if mode != HELPING or bands & 1] for mode in now.mode]
    for bands in product(*choices):
        cost = sum(_cost_at_site(now, links, site, int(bands[site]), prices) for site in range(2))
        best = min(best, (cost, bands))
    return best


def _cost_at_site(now: Situation, links: Links, site: int, bands: int, prices: Prices) -> float:
    """Columns are the links' shares of demands, then the users' utilities, and battery, vehicles and charging."""
    mine = np.flatnonzero((links.site == site) & (bands >> links.band & 1 != 0))
    users = np.unique(links.user[links.site == site])
    n, m = mine.size, users.size
    demand, rate = now.demand_mbps[links.user[mine]], links.rate_mbps[mine]
    ends = 2.0 ** (np.arange(7) / 6) - 1.0
    rows, limits = [], []
    for band in range(3):
        rows.append(np.r_[np.where(links.band[mine] == band, demand / rate, 0.0), np.zeros(m + 3)])
        limits.append(1.0)
    capacity = reference_scheduler.site_capacity_mbps(now.mode[[site]], np.array([bands]), now.constants.scheduler)[0]
    rows.append(np.r_[demand, np.zeros(m + 3)])
    limits.append(capacity)
    for k, user in enumerate(users):
        own = (links.user[mine] == user).astype(float)
        rows.append(np.r_[own, np.zeros(m + 3)])
        limits.append(1.0)
        for low, high in pairwise(ends):
            slope = (np.log1p(high) - np.log1p(low)) / (high - low)
            rows.append(np.r_[-slope * own, np.eye(m)[k], 0.0, 0.0, 0.0])
            limits.append(np.log1p(low) - slope * low)
    idle_kw = reference.site_power_kw(
        now.mode[[site]], np.array([bands]), np.zeros((1, 3)), np.zeros((1, 3)), now.constants.power
    )[0]
    balance = np.r_[marginal_kw(now, links)[mine], np.zeros(m), -1.0, -1.0, 1.0]
    weight = prices.utility_per_usd * STAGE_2_H
    kept = now.constants.battery.charge_efficiency * now.constants.battery.discharge_efficiency
    price = float(now.energy.price[site])
    costs = np.r_[
        np.zeros(n), -now.weight[users], weight * prices.stored, weight * price, -weight * prices.stored * kept
    ]
    supply = lasting_supply(now)
    found = linprog(
        costs, A_ub=np.array(rows), b_ub=limits, A_eq=balance[None], b_eq=[-idle_kw],
        bounds=[(0, None)] * (n + m)
        + [(0, supply.battery[site]), (0, supply.vehicles[site]), (0, float(now.energy.charge_limit_kw[site]))],
    )  # fmt: skip
    return float(found.fun or 0.0) if found.success else np.inf


@pytest.mark.parametrize("demand_mbps", [5.0, 40.0, 150.0])
@pytest.mark.parametrize("static_w", [1.0, 12.0])
@pytest.mark.parametrize("utility_per_usd", [0.3, 30.0, 3000.0])
@pytest.mark.parametrize("helping", [False, True])
def test_carriers_are_those_of_brute_force(
    demand_mbps: float, static_w: float, utility_per_usd: float, helping: bool
) -> None:
    world = small_world(demand_mbps, static_w)
    now = situation(world, commands(world, [HELPING if helping else NORMAL, NORMAL])["bs"])
    energy = now.energy._replace(vehicle_kw=np.array([0.0, 0.6]), vehicle_kwh=np.array([0.0, 9.0]))
    now = now._replace(energy=energy._replace(price=np.array([0.6, 0.9])))
    served = now.associate()
    links = links_to(served.server, served.rate_mbps)
    prices = PRICES._replace(utility_per_usd=utility_per_usd)
    program = carrier_program(now, links, 6, prices)
    solution = solve_in_parts(program.model)
    assert solution.values is not None
    cost, _bands = best_by_brute_force(now, links, prices)
    ties = 3 * 2 * 3e-5 + 1e-5 * float(now.weight.sum())
    assert solution.objective == pytest.approx(cost, abs=ties + 1e-5)
    on = tuple(carriers_on(program, solution.values).tolist())
    found = sum(_cost_at_site(now, links, site, on[site], prices) for site in range(2))
    assert found == pytest.approx(cost, abs=ties + 1e-5)


def test_bands_that_nobody_needs_are_off_and_those_that_are_needed_on() -> None:
    light, heavy = small_world(1.0, 12.0), small_world(400.0, 1.0)
    for world, count in ((light, 1), (heavy, 3)):
        now = situation(world, commands(world, [NORMAL, NORMAL])["bs"])
        said = exact(dispatch="exact-carriers").allocate(now)
        assert said is not None
        assert said.band_bits is not None
        assert [int(bands).bit_count() for bands in said.band_bits] == [count, count]


@pytest.mark.parametrize(
    ("price", "offer_kw", "stored", "order"),
    [
        (0.6, 2.0, 1.6, np.inf),  # cheaper than what is stored: all, and what comes later
        (0.6, 0.0, 1.6, np.inf),
        (1.7, 0.0, 1.6, 0.0),
        (1.7, 2.0, 1.6, 0.0),  # dearer: nothing
        (1.5, 2.0, 1.6, "load"),  # worth its price now, but not after the battery's losses
    ],
)
def test_vehicles_are_drawn_from_as_long_as_they_are_worth_their_price(
    price: float, offer_kw: float, stored: float, order: Any
) -> None:
    world = small_world(5.0, 2.0)
    now = situation(world, commands(world, [NORMAL, NORMAL])["bs"])
    energy = now.energy._replace(price=np.full(2, price), vehicle_kw=np.full(2, offer_kw), vehicle_kwh=np.full(2, 9.0))
    now = now._replace(energy=energy)
    served = now.associate()
    prices = Prices(1.0, stored)
    program = carrier_program(now, links_to(served.server, served.rate_mbps), 6, prices)
    values = solve_in_parts(program.model).values
    assert values is not None
    drawn = vehicle_orders_kw(program, values, now, prices)
    if order == "load":
        assert np.all((drawn > 0.0) & (drawn < offer_kw))
    else:
        assert drawn == pytest.approx(np.full(2, order), abs=1e-9)


def test_a_site_that_cannot_be_saved_is_served_as_long_as_it_lasts() -> None:
    world = small_world(5.0, 12.0)
    now = situation(world, commands(world, [NORMAL, NORMAL])["bs"])
    dry = now._replace(energy=now.energy._replace(usable_kwh=np.array([1e-3, 5.0])))
    for dispatch in ("exact", "exact-carriers"):
        said = exact(dispatch=dispatch).allocate(dry)
        assert said is not None
        plan = carried_out(dry, said).plan
        assert np.all(plan.rate_mbps[said.server == 0] > 0.0)


# --- as a controller --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dispatch", ["exact", "exact-carriers"])
def test_the_controller_keeps_the_rules_of_controllers(dispatch: str) -> None:
    check_controller(lambda: baselines.make("msrc-fast", dispatch=dispatch, evaluations=20), scenarios=["toy3"])


def test_a_solver_without_time_falls_back_on_the_scheduler() -> None:
    episodes, counters = [], []
    for options in ({}, {"dispatch": "exact-carriers", "dispatch_time_s": 1e-9}):
        world = started(outage_world("urban7-medium", overrides={"time.horizon_h": 1}))
        controller: Any = baselines.make("msrc-fast", **options)
        controller.reset(world)
        for _ in range(4):
            world.step(controller.act(world))
        episodes.append(world.kpis())
        counters.append(controller.counters())
    assert_same(*episodes)
    assert not any(name.startswith("dispatch") for name in counters[0])
    assert counters[1]["dispatch_solves"] == counters[1]["dispatch_fallbacks"] >= 1.0


def test_what_is_counted_begins_anew_with_each_episode() -> None:
    world = started(outage_world("urban7-medium", overrides={"time.horizon_h": 1}))
    controller: Any = baselines.make("msrc-fast", dispatch="exact-carriers")
    for _ in range(2):
        world.reset([0])
        controller.reset(world)
        for _ in range(2):
            world.step(controller.act(world))
        counters = controller.counters()
        assert 1.0 <= counters["dispatch_solves"] <= 4.0
        assert counters["dispatch_ms"] > 0.0
        assert counters["dispatch_gap"] <= 1e-6
        assert counters["dispatch_fallbacks"] == 0.0


@pytest.mark.parametrize("dispatch", ["exact", "exact-carriers"])
@pytest.mark.parametrize("make", [lambda: small_world(150.0, 1.0), lambda: _equal_users()])
def test_noise_in_the_last_digits_decides_nothing(make: Callable[[], BlackoutWorld], dispatch: str) -> None:
    """Nor does it where users are equal, and not all can be served."""
    now = situation(make(), commands(make(), [NORMAL, NORMAL])["bs"])
    said = exact(dispatch=dispatch).allocate(now)
    generator = np.random.default_rng(0)
    for _ in range(5):
        demand_mbps, received_mw = (noisy(array, generator) for array in (now.demand_mbps, now.received_mw))
        again = exact(dispatch=dispatch).allocate(now._replace(demand_mbps=demand_mbps, received_mw=received_mw))
        assert (again is None) == (said is None)
        if again is None or said is None:
            continue  # the scheduler is better, every time
        first, second = carried_out(now, said), carried_out(now, again)
        assert np.array_equal(first.server, second.server)
        assert np.array_equal(first.band_bits, second.band_bits)
        # which of two equal bands carries whom may differ, but not what users get and sites draw
        np.testing.assert_allclose(second.plan.rate_mbps, first.plan.rate_mbps, rtol=1e-6)
        narrowed = now._replace(band_bits=first.band_bits)
        power_kw, other_kw = (dispatch_of(narrowed, *told.plan).power_kw for told in (first, second))
        np.testing.assert_allclose(other_kw, power_kw, rtol=1e-6)


def _equal_users() -> BlackoutWorld:
    """Three users of one class at one place beside each of two sites, on two equal bands that are too narrow."""
    band = {"bandwidth_mhz": 10, "capacity_mbps": 60, "static_w": 20, "dynamic_w": 0, "w_per_mbps": 0, "standby_w": 5}
    settings = SMALL | {
        "users.count": 6,
        "users.positions_m": [[-60, 20]] * 3 + [[560, 20]] * 3,
        "users.classes": ["best_effort"] * 6,
        "traffic.best_effort.constant_mbps": 70.0,
        "bands": [{"name": name, "frequency_mhz": 800, **band} for name in ("one", "other")],
        "radio.line_of_sight": "always",
        "radio.shadowing": False,
    }
    return started(outage_world("toy3", overrides=settings))


def test_sleeping_sites_and_a_network_that_is_down_need_no_dispatch() -> None:
    world = started(outage_world())
    assert exact().allocate(situation(world, commands(world, [SLEEP] * 3)["bs"])) is None
    world = started(outage_world(overrides={"battery.initial_soc": 0.2}))
    assert exact(dispatch="exact-carriers").allocate(situation(world, commands(world, [NORMAL] * 3)["bs"])) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dispatch": "best"}, "dispatch"),
        ({"dispatch": "exact-carriers", "service_weight": 0.0}, "service_weight = 0 with dispatch = exact-carriers"),
        ({"dispatch_time_s": 0.0}, "dispatch_time_s"),
        ({"cost_weight": -0.1}, "cost_weight"),
        ({"stored_energy_price": 0.0}, "stored_energy_price"),
    ],
)
def test_settings_that_make_no_sense_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        baselines.make("msrc-fast", **options)
