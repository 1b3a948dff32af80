"""The transition at its thresholds, in toy3."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import commands, depleted_beside_a_vehicle, outage_world, over
from tests.envs.episodes import started
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import PhysicsError
from voltran.physics.power import HELPING, NORMAL, SLEEP

# Survival is lost at minute 22, half of the sites are never down, and the batteries of B and C are large.
LATE = {"survival.end": "late", "battery.initial_soc": [0.345, 1.0, 1.0]}


def periods(overrides: dict[str, Any]) -> int:
    """Decision periods until the end, all in normal operation."""
    world = started(outage_world(overrides=overrides))
    for period in range(1, 100):
        if over(world.step(commands(world, [NORMAL] * 3))):
            return period
    raise AssertionError("the episode does not end")


@pytest.mark.parametrize(("margin_h", "expected"), [(38.0 / 60.0, 4), (38.0 / 60.0 + 1e-6, 5), (53.0 / 60.0, 5)])
def test_an_episode_ends_exactly_when_the_margin_is_over(margin_h: float, expected: int) -> None:
    """From minute 22 to the end of the fourth period are 38 minutes."""
    assert periods({**LATE, "survival.late_margin_h": margin_h}) == expected


def test_an_episode_ends_exactly_when_the_window_is_over() -> None:
    assert periods({"survival.continuity_window_h": 1.25}) == 5
    assert periods({"survival.continuity_window_h": 1.25 + 1e-6}) == 6


def switches(world: BlackoutWorld, modes: list[int]) -> list[float]:
    """Sites that count as having switched, in one more decision period."""
    before = np.array(world.trace()["switches"], copy=True).sum() if world.decision[0] else 0.0
    world.step(commands(world, modes))
    return [float(world.trace()["switches"].sum() - before)]


def test_sites_that_are_down_do_not_switch() -> None:
    """A is down from minute 22 on: whatever it is told from the third decision on is no change of mode."""
    world = started(outage_world(overrides={"survival.end": "horizon"}))
    assert switches(world, [NORMAL] * 3) == [0.0]
    assert switches(world, [NORMAL] * 3) == [0.0]
    assert world.alive[0].tolist() == [False, True, True]
    assert switches(world, [HELPING, NORMAL, NORMAL]) == [0.0]


def test_sites_switch_from_the_second_decision_on() -> None:
    world = started(outage_world())
    assert switches(world, [HELPING] * 3) == [0.0]
    assert switches(world, [NORMAL, HELPING, NORMAL]) == [2.0]
    assert switches(world, [NORMAL, HELPING, NORMAL]) == [0.0]


@pytest.mark.parametrize(("name", "quantity"), [("soc", "soc"), ("power_kw", "load_kw")])
def test_what_is_not_finite_is_named(name: str, quantity: str) -> None:
    world = started(outage_world(n_worlds=2))
    world.step(commands(world, [NORMAL] * 3))
    state = world._simulation.state
    if name == "soc":
        state.soc[1, 2] = np.nan
    else:
        state.service.power_kw[1, 2] = np.inf
    with pytest.raises(PhysicsError, match=f"{quantity} of bs_2 in world 1 is not finite at physics step 15"):
        world.step(commands(world, [NORMAL] * 3))


def test_the_mean_power_is_that_of_the_last_hour() -> None:
    """An hour of normal operation, then sleep: after a quarter of an hour three quarters of the hour are normal."""
    full = {"battery.initial_soc": [1.0, 1.0, 1.0], "survival.end": "horizon", "battery.capacity_kwh": 100.0}
    world = started(outage_world(overrides=full, trace_sites=True))
    for modes in ([NORMAL] * 3, [NORMAL] * 3, [NORMAL] * 3, [NORMAL] * 3, [SLEEP] * 3):
        world.step(commands(world, modes))
    drawn_kw = world.trace()["power_kw"][15:75]
    state = world._simulation.state
    np.testing.assert_allclose(state.power_sum_kw[0], drawn_kw.sum(axis=0), rtol=1e-12)
    assert state.power_history_kw.shape[-1] == 60


def test_what_can_be_dispatched_is_what_batteries_and_vehicles_hold() -> None:
    """Toy3: 8 kWh between 0.2 and 1 of 10 kWh, and no vehicle that has accepted."""
    world = started(outage_world())
    world.step(commands(world, [NORMAL] * 3))
    simulation = world._simulation
    energy = simulation.site_energy(simulation.state, 0)
    assert energy.remaining_h == pytest.approx(0.25)
    simulation.state.step[0] += 5
    assert simulation.site_energy(simulation.state, 0).remaining_h == pytest.approx(10.0 / 60.0)
    assert energy.usable_kwh == pytest.approx(world.usable_kwh[0])
    assert energy.vehicle_kw.tolist() == energy.vehicle_kwh.tolist() == energy.import_kw.tolist() == [0.0] * 3


def test_what_was_lost_from_the_start_is_taken_back_once() -> None:
    """Nobody is served from the first minute on: nothing is paid for survival in the end."""
    world = started(outage_world(overrides={"survival.end": "horizon"}))
    paid = [float(world.step(commands(world, [SLEEP] * 3)).episode_infos["reward_survival"][0]) for _ in range(4)]
    assert world.kpis()["survival_h"][0] == 0.0
    assert sum(paid) == pytest.approx(0.0, abs=1e-12)


def test_what_a_live_site_needs_is_left_alone_as_another_fails() -> None:
    world = started(outage_world(overrides={"survival.end": "horizon"}))
    before = world._simulation.state.needed_kw.copy()
    for _ in range(2):
        world.step(commands(world, [NORMAL] * 3))
    after = world._simulation.state.needed_kw
    assert world.alive[0].tolist() == [False, True, True]
    assert after[0, 1:].tolist() == before[0, 1:].tolist()
    assert after[0, 0] >= world.constants.normal_idle_kw


def test_users_move_on_between_decisions() -> None:
    world = started(outage_world(overrides={"users.speed_m_per_s": 1.0}))
    seen = []
    for _ in range(3):
        world.step(commands(world, [NORMAL] * 3))
        seen.append(world.users.distance_m.copy())
    assert not np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[1], seen[2])


def test_vehicles_that_can_be_dispatched_are_those_of_their_site() -> None:
    """At site A a vehicle has accepted; the others have none."""
    world = depleted_beside_a_vehicle()
    world.step(commands(world, [NORMAL] * 3))
    simulation = world._simulation
    energy = simulation.site_energy(simulation.state, 0)
    held_kwh = simulation.state.ev_energy_kwh[0, 0].max()
    assert energy.vehicle_kwh.tolist() == [held_kwh, 0.0, 0.0]
    assert held_kwh > 1.0
    assert energy.vehicle_kw[0] == min(simulation.state.offered_kw[0, 0], simulation.state.ev_power_kw[0, 0])
