"""Sites that are down: what brings them back, how they come back, and that they do not flap."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import (
    LIVELY,
    Actions,
    commands,
    depleted_beside_a_vehicle,
    outage_world,
    same_transition,
)
from tests.envs.episodes import started
from voltran import baselines
from voltran.envs import errors
from voltran.envs.blackout import period, simulation
from voltran.envs.blackout.world import BlackoutWorld
from voltran.physics.balance import EnergyStep, energy_step
from voltran.physics.power import NORMAL, SLEEP

RULES = ("independent", "static", "static-v2g", "carrier-shutdown", "rotating-sleep", "random")
MOST_RESTARTS = 5


def orders_no_vehicles(world: BlackoutWorld) -> Actions:
    """Everybody in normal mode, without a kW from vehicles, for the load or for batteries."""
    nothing = np.zeros((world.n_worlds, world.constants.n_sites))
    return commands(world, [NORMAL] * world.constants.n_sites, ev_power_kw=nothing, ev_to_battery=False)


def restarts(world: BlackoutWorld) -> np.ndarray[Any, np.dtype[np.int64]]:
    """How often every site of every world came back, ``[B, site]``."""
    alive = np.stack([world.trace(index)["alive"] for index in range(world.n_worlds)])
    return np.asarray((alive[:, 1:] > alive[:, :-1]).sum(axis=1))


def test_a_vehicle_brings_a_site_back_whatever_its_controller_orders() -> None:
    """4 kW from a vehicle that no command asks for: first for a sleeping site, then beyond the order."""
    world = depleted_beside_a_vehicle()
    for _ in range(2):
        world.step(orders_no_vehicles(world))
    trace = world.trace()
    assert trace["alive"][:, 0].tolist() == [0.0] + [1.0] * 29
    assert trace["mode"][:, 0].tolist() == [SLEEP] * 15 + [NORMAL] * 15
    given_kw = np.array([0.0] + [0.4] * 14 + [4.0] * 15)
    np.testing.assert_allclose(trace["power_kw"][:, 0], given_kw)
    np.testing.assert_allclose(trace["soc"][:, 0], world.constants.battery.soc_min)
    # The others have their batteries, so that all vehicle power is this site's; it is paid at the price on offer.
    np.testing.assert_allclose(trace["ev_kw"], given_kw, atol=1e-12)
    price = world.get_state()["state"]["price"][0, 0]
    np.testing.assert_allclose(trace["ev_cost"][16:], 4.0 / 60.0 * price)
    assert not trace["unserved_kw"].any()


def test_vehicles_of_a_site_that_came_back_charge_its_battery_where_that_is_ordered() -> None:
    world = depleted_beside_a_vehicle()
    world.step(commands(world, [NORMAL] * 3, ev_power_kw=np.zeros((1, 3))))
    trace = world.trace()
    # 5 kW into the battery from the first minute on, and the load of a sleeping site beside it.
    np.testing.assert_allclose(trace["ev_kw"], [5.0] + [5.4] * 14)
    gained = 5.0 / 60.0 * 0.95 / 12.5
    np.testing.assert_allclose(trace["soc"][:, 0], world.constants.battery.soc_min + gained * np.arange(15), atol=1e-12)
    world.step(commands(world, [NORMAL] * 3, ev_power_kw=np.zeros((1, 3))))
    assert not world.trace()["ev_kw"][15:20].any()  # told otherwise


def test_a_vehicle_below_what_the_site_needs_does_not_bring_it_back() -> None:
    world = depleted_beside_a_vehicle(**{"vehicles.site_limit_kw": 3.9})
    world.step(orders_no_vehicles(world))
    assert not world.trace()["alive"][:, 0].any()
    assert not world.trace()["ev_kw"].any()


def test_what_a_site_needs_is_what_it_last_failed_to_supply() -> None:
    world = started(outage_world("urban7-medium", 1, {"battery.discharge_limit_kw": 3.0, "survival.end": "horizon"}))
    idle_kw = world.constants.normal_idle_kw
    power = world.constants.power
    assert idle_kw == pytest.approx(3.0 * power.static_w.sum() / 1000.0)
    needed_kw, failed = np.full(7, idle_kw), 0
    for _ in range(40):
        world.step({"bs": baselines.make("independent").act(world)["bs"]})
        trace = world.trace()
        for step in range(len(trace["time_h"]) - 15, len(trace["time_h"]) - 1):
            for site in np.flatnonzero(trace["alive"][step] > trace["alive"][step + 1]):
                needed_kw[site] = max(trace["power_kw"][step, site], idle_kw)
                failed += 1
        known = trace["alive"][-1] == world.alive[0]  # the last minute of the period shows in the next
        np.testing.assert_array_equal(world.get_state()["state"]["needed_kw"][0][known], needed_kw[known])
        went_down = (trace["alive"][-1] == 1.0) & ~world.alive[0]
        needed_kw[went_down] = np.maximum(trace["power_kw"][-1], idle_kw)[went_down]
    assert failed >= 7
    assert needed_kw.min() > idle_kw


def test_a_snapshot_holds_what_sites_need() -> None:
    """Continued where everything but the need is the same, a site comes back that should not."""
    changes = {**LIVELY, "battery.discharge_limit_kw": 3.0}
    world, other = (started(outage_world("urban7-medium", 1, changes), seed) for seed in (0, 9))
    rule = baselines.make("static-v2g")
    while world.alive.all():
        world.step(rule.act(world))
    snapshot = world.get_state()
    assert (snapshot["state"]["needed_kw"] > world.constants.normal_idle_kw).any()
    other.set_state(snapshot)
    for _ in range(4):
        same_transition(world.step(rule.act(world)), other.step(rule.act(other)))
    down = ~snapshot["state"]["alive"][0]
    step = int(snapshot["episodes"]["decision"][0]) * world.constants.steps_per_decision
    snapshot["state"]["needed_kw"][...] = 0.0
    other.set_state(snapshot)
    other.step(orders_no_vehicles(other))
    assert other.trace()["alive"][step + 1, down].all()


@pytest.mark.parametrize("limit_kw", [1.0, 2.0, 3.0, 5.0])
@pytest.mark.parametrize("rule", [*RULES, "no vehicles"])
def test_sites_do_not_flap(rule: str, limit_kw: float) -> None:
    """Batteries that cannot carry a site alone: in 24 hours a site comes back with a vehicle, not every few minutes."""
    changes = {"battery.discharge_limit_kw": limit_kw, "survival.end": "horizon", "users.count": 200}
    world = started(outage_world("urban7-medium", 2, changes, trace_sites=True))
    controller = None if rule == "no vehicles" else baselines.make(rule)
    if controller is not None:
        controller.reset(world)
    for _ in range(world.max_decisions):
        world.step(orders_no_vehicles(world) if controller is None else controller.act(world))
    assert 0 < restarts(world).max() <= MOST_RESTARTS
    assert world.kpis()["ledger_residual_kw"].max() <= 1e-9


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        (
            {"battery.discharge_limit_kw": 2.0, "vehicles.arrivals_per_day": 0},
            ["battery.discharge_limit_kw: 2 kW", "vehicles.site_limit_kw: 0 kW", "vehicles.arrivals_per_day"],
        ),
        (
            {"battery.discharge_limit_kw": 1.0, "vehicles.site_limit_kw": 1.0},
            ["battery.discharge_limit_kw: 1 kW", "vehicles.site_limit_kw: 1 kW"],
        ),
        ({"power.static_multiplier": 9.0}, ["draws 21.276 kW in normal mode", "power.static_multiplier"]),
    ],
)
def test_a_site_that_nothing_could_carry_is_an_error(changes: dict[str, Any], keys: list[str]) -> None:
    with pytest.raises(errors.ScenarioError) as error:
        outage_world("urban7-medium", 1, changes)
    assert all(key in str(error.value) for key in keys)


def test_limits_that_just_carry_an_idle_site_are_none() -> None:
    """toy3 draws 4 kW; a battery of 4 kW, or 3 kW beside a charger of 1 kW, will do."""
    outage_world(overrides={"battery.discharge_limit_kw": 4.0})
    outage_world(
        overrides={
            "battery.discharge_limit_kw": 3.0,
            "vehicles.arrivals_per_day": 1,
            "vehicles.site_limit_kw": 1.0,
        }
    )


@pytest.mark.parametrize("hold_s", [0.0, -1.0, np.nan])
def test_a_hold_that_is_no_time_is_an_error(hold_s: float) -> None:
    with pytest.raises(errors.ScenarioError, match=r"battery\.restart_hold_s"):
        outage_world(overrides={"battery.restart_hold_s": hold_s})


def test_a_hold_below_a_step_counts_as_a_step() -> None:
    """0.95 kWh are 3.8 kW for 15 minutes, and more for one: not enough where steps last 15 minutes."""
    for step_s, is_back in ((60.0, True), (900.0, False)):
        world = started(
            outage_world(
                "urban7-medium",
                1,
                {"battery.restart_hold_s": 1.0, "time.physics_step_s": step_s, "vehicles.arrivals_per_day": 0},
            )
        )
        snapshot = world.get_state()
        state = snapshot["state"]
        state["alive"][0, 0], state["soc"][0, 0], state["needed_kw"][0, 0] = False, 0.25, 3.9
        world.set_state(snapshot)
        world.step(orders_no_vehicles(world))
        assert world.alive[0, 0] == is_back


@pytest.mark.parametrize("name", ["load_kw", "battery_kw", "ev_kw", "grid_kw", "unserved_kw", "loss_kw", "soc"])
def test_a_wrong_flow_shows_in_the_ledger_and_in_the_metric(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def wrong(*inputs: Any) -> EnergyStep:
        flows: EnergyStep = energy_step(*inputs)
        value = getattr(flows, name).copy()
        value[0, 3] += 1e-6
        return flows._replace(**{name: value})

    world = started(outage_world("urban7-medium", 1, LIVELY))
    # Not compiled, so that it calls what stands here now.
    monkeypatch.setattr(period, "energy_step", wrong)
    monkeypatch.setattr(period, "supplied", period.supplied.py_func)  # type: ignore[attr-defined]
    monkeypatch.setattr(simulation, "advance", period.advance.py_func)  # type: ignore[attr-defined]
    world.step(baselines.make("independent").act(world))
    assert np.flatnonzero(np.abs(world.ledger()["residual_kw"][0]) > 1e-9).tolist() == [3]
    assert world.kpis()["ledger_residual_kw"][0] > 0.9e-6
