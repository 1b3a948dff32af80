"""Rewards of toy3 against what its hand-made figures give, and properties of the training reward."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import codes_of, commands, depleted_beside_a_vehicle, outage_world
from tests.envs.episodes import started
from voltran.envs.blackout.rewards.formulas import service_loss, shared_with_neighbours, site_credit
from voltran.envs.blackout.state import PeriodTotals, blank_totals
from voltran.physics.power import HELPING, NORMAL, SLEEP

REFERENCE_H = 5.0
COMPONENTS = ("survival", "service", "ev_cost", "switching")
# Without A in normal operation, one of two emergency users (weight 1000) and one of two essential ones (10) go without.
WEIGHTED_LOSS = (1000.0 + 10.0) / (2.0 * (1000.0 + 100.0 + 10.0 + 1.0))
# Both classes are at 0.5 instead of 0.97, the other two are served; the mean is over four classes.
SHORTFALL = 2.0 * ((0.97 - 0.5) / 0.97) / 4.0


def components(transition: Any) -> list[float]:
    return [float(transition.episode_infos[f"reward_{name}"][0]) for name in COMPONENTS]


def test_team_reward_of_normal_operation() -> None:
    """A is down from minute 22 on; minute 34 shows that survival was lost then, and 12 minutes are taken back."""
    world = started(outage_world())
    rewards = []
    for lossy_min, surviving_min in ((0, 15), (8, 15), (15, 4 - 12), (15, 0)):
        transition = world.step(commands(world, [NORMAL] * 3))
        rewards.append(transition)
        survival = 0.5 * surviving_min / 60.0 / REFERENCE_H
        assert components(transition)[0] == pytest.approx(survival, abs=1e-12)
        if len(rewards) == 3:
            continue  # B and C go down in this period: see the next test
        loss = 1.0 if len(rewards) == 4 else WEIGHTED_LOSS + SHORTFALL
        service = 0.3 * (15.0 - lossy_min * loss) / 60.0 / REFERENCE_H
        assert components(transition) == pytest.approx([survival, service, 0.0, 0.0], abs=1e-12)
        np.testing.assert_allclose(transition.rewards["bs"], survival + service, atol=1e-12)
    survived_min = sum(components(transition)[0] for transition in rewards) / 0.5 * 60.0 * REFERENCE_H
    assert survived_min == pytest.approx(22.0)


def test_the_service_loss_is_at_most_one() -> None:
    """Minutes 30 to 35 of toy3 are without A, 36 to 42 without A and B, 43 and 44 without anybody: these are 1."""
    world = started(outage_world())
    for _ in range(3):
        transition = world.step(commands(world, [NORMAL] * 3))
    # Without A and B one emergency and one voice user are served, no essential one, and one of best effort (to 0.5).
    weighted = (1000.0 + 100.0 + 2.0 * 10.0 + 1.0) / 2222.0
    shortfall = (2.0 * (0.97 - 0.5) / 0.97 + 1.0 + (0.75 - 0.5) / 0.75) / 4.0
    lost_min = 6 * (WEIGHTED_LOSS + SHORTFALL) + 7 * min(weighted + shortfall, 1.0) + 2 * 1.0
    service = 0.3 * (15.0 - lost_min) / 60.0 / REFERENCE_H
    assert components(transition)[1] == pytest.approx(service, abs=1e-12)


def test_no_class_is_free_to_drop() -> None:
    """Without best effort the priority-weighted loss is below 1 %, the loss with floors above 20 %."""
    floors = outage_world().constants.class_floor
    best_effort_only = np.array([2.0 / 2222.0])
    dropped = service_loss(best_effort_only, np.array([[1.0, 1.0, 1.0, 0.0]]), floors)
    assert dropped[0] == pytest.approx(2.0 / 2222.0 + 0.25)
    assert service_loss(np.zeros(1), np.array([[0.97, 0.97, 0.97, 0.75]]), floors)[0] == 0.0
    below = service_loss(np.zeros(1), np.array([[0.97, 0.97, 0.87, 0.75]]), floors)
    assert below[0] == pytest.approx(0.1 / 0.97 / 4.0)
    assert service_loss(np.ones(1), np.zeros((1, 4)), floors)[0] == 1.0


def test_mode_changes_cost_per_site_and_decision() -> None:
    """Two of three sites change; 5 h are 20 decisions of 15 minutes."""
    world = started(outage_world())
    world.step(commands(world, [HELPING] * 3))
    transition = world.step(commands(world, [NORMAL, HELPING, NORMAL]))
    assert components(transition)[3] == pytest.approx(-0.1 * 2 / (3 * 20))


def test_vehicles_cost_what_they_are_paid() -> None:
    """The reference is all chargers (7 kW x 3 sites) at the highest price (1.5 $/kWh) for 5 h."""
    world = depleted_beside_a_vehicle(**{"vehicles.base_price": 100.0})
    transition = world.step(commands(world, [NORMAL] * 3, dynamic_price=False))
    # Into the battery of the dead site A go 5 kW for a quarter of an hour.
    paid = 100.0 * world.trace()["ev_kw"].sum() / 60.0
    assert paid >= 100.0 * 5.0 * 0.25
    assert components(transition)[2] == pytest.approx(-0.1 * paid / (300.0 * 7.0 * 3 * 5.0))
    assert world.kpis()["ev_cost"][0] == pytest.approx(paid)


def test_local_reward_of_normal_operation() -> None:
    """Each site discharges 1 of 8 kWh in the first quarter of an hour, and everybody is served."""
    world = started(outage_world(reward="local"))
    transition = world.step(commands(world, [NORMAL] * 3))
    weights = world.scenario.reward
    energy = np.array([1.45, 2.35, 2.85])
    credit = -weights.local_energy * (energy.mean() / energy) ** weights.energy_exponent / 8.0
    # Neighbourhoods are A B, A B C and B C.
    means = np.array([credit[:2].mean(), credit.mean(), credit[1:].mean()])
    team = 0.5 * 0.25 / REFERENCE_H + 0.3 * 0.25 / REFERENCE_H
    local = 0.5 * credit + 0.5 * means + weights.local_team * team
    np.testing.assert_allclose(transition.rewards["bs"], local[None], atol=1e-12)
    assert transition.episode_infos["reward_local"][0] == pytest.approx(local.mean())
    assert sum(components(transition)) == pytest.approx(team)


def test_mixed_reward_lies_between_team_and_local() -> None:
    rewards = {}
    for kind in ("team", "local", "mixed"):
        world = started(outage_world(reward=kind, overrides={"reward.mixed_share": 0.25}))
        world.step(commands(world, [NORMAL] * 3))
        rewards[kind] = world.step(commands(world, [HELPING, SLEEP, NORMAL])).rewards["bs"]
    np.testing.assert_allclose(rewards["mixed"], 0.25 * rewards["local"] + 0.75 * rewards["team"], atol=1e-12)
    assert np.ptp(rewards["team"]) == 0.0
    assert np.ptp(rewards["local"]) > 0.0


def test_a_repaired_action_costs() -> None:
    """All asleep is repaired to all normal: the same outcome as asking for it, at the price of the repair."""
    asked, told = (started(outage_world(reward="local")) for _ in range(2))
    normal = asked.step({"bs": codes_of(asked, [NORMAL] * 3)}).rewards["bs"]
    repaired = told.step({"bs": codes_of(told, [SLEEP] * 3)}).rewards["bs"]
    np.testing.assert_allclose(normal - repaired, asked.scenario.reward.local_repair, atol=1e-12)


NO_COST: dict[str, Any] = {
    "energy_before_kwh": np.array([[4.0, 4.0, 4.0]]),
    "energy_after_kwh": np.array([[4.0, 4.0, 4.0]]),
    "changed": np.zeros((1, 3), dtype=bool),
    "repaired": np.zeros((1, 3), dtype=bool),
    "home_users": np.array([[2.0, 3.0, 3.0]]),
}


def totals(**given: Any) -> PeriodTotals:
    """A period of perfect service in toy3, changed by what is given."""
    served = np.full((1, 3), 15.0)
    return blank_totals(1, 3)._replace(**{"home_service": served, "home_critical": served, **given})


def credit(period: PeriodTotals | None = None, **changes: Any) -> Any:
    return site_credit(outage_world().constants, period or totals(), **{**NO_COST, **changes})[0]


def test_nothing_done_and_everybody_served_costs_nothing() -> None:
    assert credit().tolist() == [0.0, 0.0, 0.0]


def test_discharge_costs_more_the_more_it_is_and_the_less_is_left() -> None:
    before = np.array([[2.0, 4.0, 8.0]])
    little, much = (credit(energy_before_kwh=before, energy_after_kwh=before - spent) for spent in (0.5, 1.0))
    assert np.all(much < little)
    assert little[0] < little[1] < little[2] < 0.0
    charged = credit(energy_before_kwh=before, energy_after_kwh=before + 0.5)
    assert np.all(charged > 0.0)
    # The weight of scarcity is limited, also where nothing is left.
    weights = outage_world().scenario.reward
    empty = credit(energy_before_kwh=np.array([[0.0, 4.0, 8.0]]), energy_after_kwh=np.array([[-0.8, 4.0, 8.0]]))
    assert empty[0] == pytest.approx(-weights.local_energy * weights.energy_weight_max * 0.8 / 8.0)


def test_each_kind_of_harm_costs_its_weight() -> None:
    """Site B has half of its users unserved, of its critical ones 40 %, three handovers of three users, and changes."""
    weights = outage_world().scenario.reward
    only_b = np.array([[0.0, 1.0, 0.0]])
    assert credit(totals(home_service=15.0 - 7.5 * only_b)) == pytest.approx(-0.5 * weights.local_service * only_b[0])
    critical = credit(totals(home_critical=15.0 - 6.0 * only_b))
    assert critical == pytest.approx(-(0.99 - 0.6) * weights.local_critical * only_b[0])
    assert credit(totals(handovers=3.0 * only_b)) == pytest.approx(-weights.local_handover * only_b[0])
    assert credit(changed=only_b > 0.0) == pytest.approx(-weights.local_switching * only_b[0])
    assert credit(repaired=only_b > 0.0) == pytest.approx(-weights.local_repair * only_b[0])


def test_sharing_with_neighbours() -> None:
    constants = outage_world().constants
    assert shared_with_neighbours(constants, np.array([[1.0, 0.0, 0.0]]))[0] == pytest.approx([0.75, 1.0 / 6.0, 0.0])
    assert shared_with_neighbours(constants, np.ones((2, 3))).tolist() == [[1.0] * 3] * 2


def test_neighbours_exactly_at_the_edge_share() -> None:
    """Sites of toy3 are 500 m apart."""
    edge = outage_world(overrides={"reward.neighbourhood_m": 500.0}).constants
    assert shared_with_neighbours(edge, np.array([[1.0, 0.0, 0.0]]))[0] == pytest.approx([0.75, 1.0 / 6.0, 0.0])
    alone = outage_world(overrides={"reward.neighbourhood_m": 499.0}).constants
    assert shared_with_neighbours(alone, np.array([[1.0, 2.0, 3.0]]))[0].tolist() == [1.0, 2.0, 3.0]
