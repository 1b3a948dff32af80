"""What a period brings: worked by hand on two sites and two retailers, and the balance of money and power."""

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.market.tools import NO_RETAILERS, asked, market_world, random_actions, tiny
from voltran.physics.market import satisfaction

PERIOD_H = 0.25


def test_prices_hold_from_the_decision_after_they_are_posted() -> None:
    world = tiny()
    assert world.market.price[0].tolist() == pytest.approx([0.06, 0.28])
    world.step(asked(world, [0.3, 0.6], price=[0.5, 0.4]))
    assert world.trace()["price"][-1].tolist() == pytest.approx([0.06, 0.28])
    assert world.market.coming_price[0].tolist() == [0.5, 0.4]
    world.step(asked(world, [0.3, 0.6], price=[0.9, 0.9]))
    assert world.trace()["price"][-1].tolist() == [0.5, 0.4]


def test_simultaneous_prices_hold_at_once() -> None:
    world = tiny(retail__timing="simultaneous")
    world.step(asked(world, [0.3, 0.6], price=[0.5, 0.4]))
    assert world.trace()["price"][-1].tolist() == [0.5, 0.4]


def test_a_period_worked_by_hand() -> None:
    # Retailer 0 asks 0.06 and, of site 1, 0.096; retailer 1 asks site 1 0.28. Both buy at retailer 0, which has 1 kW.
    world = tiny()
    transition = world.step(asked(world, [0.3, 0.6], price=0.28))
    paid = np.array([0.3 * 0.06, 0.6 * 0.096]) * PERIOD_H
    worth = satisfaction(np.array([0.3, 0.6]), 1.7045, 1.0) * PERIOD_H
    assert transition.rewards["bs"][0] == pytest.approx(worth - paid)
    assert transition.rewards["retailer"][0] == pytest.approx([paid.sum() - 0.9 * 0.06 * PERIOD_H, 0.0])
    infos = transition.agent_infos
    assert infos["bs"]["paid_usd"][0] == pytest.approx(paid)
    assert infos["bs"]["bought_kwh"][0] == pytest.approx([0.3 * PERIOD_H, 0.6 * PERIOD_H])
    assert infos["retailer"]["sold_kwh"][0] == pytest.approx([0.9 * PERIOD_H, 0.0])
    assert infos["retailer"]["spilled_kwh"][0] == pytest.approx([0.1 * PERIOD_H, 0.5 * PERIOD_H])
    metrics = {name: float(values[0]) for name, values in world.kpis().items()}
    assert metrics["welfare_usd"] == pytest.approx(worth.sum() - 0.9 * 0.06 * PERIOD_H)
    assert metrics["sold_share"] == pytest.approx(0.9 / 1.5)
    assert metrics["spilled_kwh"] == pytest.approx(0.6 * PERIOD_H)
    assert metrics["mean_price_usd_per_kwh"] == pytest.approx(paid.sum() / (0.9 * PERIOD_H))
    factor = np.array([1.0, 1.6])
    paper = worth.sum() - 1.7045 * (np.array([0.3, 0.6]) * 0.06 * factor).sum() * PERIOD_H
    assert metrics["utility_paper"] == pytest.approx(paper)


def test_load_that_nothing_serves_is_lost_at_its_value() -> None:
    world = tiny()
    transition = world.step(asked(world, [0.1, 0.0]))
    lost = np.array([0.2, 0.6]) * 3.0 * PERIOD_H
    bought = satisfaction(np.array([0.1, 0.0]), 1.7045, 1.0) * PERIOD_H - np.array([0.1 * 0.06, 0.0]) * PERIOD_H
    assert transition.rewards["bs"][0] == pytest.approx(bought - lost)
    assert world.kpis()["lost_load_usd"][0] == pytest.approx(lost.sum())
    assert world.kpis()["unserved_kwh"][0] == pytest.approx(0.8 * PERIOD_H)


def test_a_battery_serves_what_purchases_leave_and_only_if_told() -> None:
    world = tiny()
    world.step(asked(world, [0.1, 0.6], battery=[0.15, 0.15]))
    ledger = world.ledger()
    assert ledger["battery_kw"][0] == pytest.approx([0.15, 0.0])
    assert ledger["unserved_kw"][0] == pytest.approx([0.05, 0.0])
    assert world.soc[0] == pytest.approx([0.5 - 0.15 * PERIOD_H / 0.95 / 2.0, 0.0])
    assert world.kpis()["wear_usd"][0] == pytest.approx(0.15 * PERIOD_H * 0.02)
    world.step(asked(world, [0.3, 0.6], battery=[1.0, 0.0]))
    assert not world.ledger()["battery_kw"].any()


def test_purchases_above_the_load_charge_the_battery_and_are_worth_nothing_by_themselves() -> None:
    world = tiny()
    idle, charging = tiny().step(asked(world, [0.3, 0.3])), world.step(asked(world, [0.5, 0.3], battery=[-0.2, 0.0]))
    assert world.ledger()["battery_kw"][0] == pytest.approx([-0.2, 0.0])
    assert world.soc[0, 0] == pytest.approx(0.5 + 0.95 * 0.2 * PERIOD_H / 2.0)
    cost = 0.2 * PERIOD_H * (0.06 + 0.02)
    assert idle.rewards["bs"][0, 0] - charging.rewards["bs"][0, 0] == pytest.approx(cost)


@pytest.mark.parametrize("battery", [-0.2, 0.0, 0.5])
def test_nobody_buys_what_he_cannot_use(battery: float) -> None:
    world = tiny()
    world.step(asked(world, [0.9, 0.9], battery=battery))
    most = [0.3 + max(-battery, 0.0), 0.6]
    assert world.trace()["requested_kw"][-1] == pytest.approx(most)
    assert np.all(world.ledger()["bought_kw"][0] <= np.array(most) + 1e-12)


def test_a_site_pays_no_more_than_it_accepts() -> None:
    world = tiny()
    world.step(asked(world, [0.3, 0.6], accepted=[0.06, 0.09]))
    assert world.ledger()["bought_kw"][0] == pytest.approx([0.3, 0.0])


def test_power_worth_by_site_or_by_purchase() -> None:
    # Each site buys from both retailers: 1 kW is not enough for 0.3 and 1.2 kW.
    changes = {"load__utilisation": (0.5, 1.0), "retail__home_retailer": [0, 0]}
    worth = {}
    for utility in ("site", "pair"):
        world = tiny(**changes, reward__utility=utility)
        world.step(asked(world, [0.3, 1.2]))
        worth[utility] = world.kpis()["satisfaction_usd"][0]
    pairs = np.array([[0.2, 0.1], [0.8, 0.4]])
    assert worth["pair"] == pytest.approx(satisfaction(pairs, 1.7045, 1.0).sum() * PERIOD_H)
    assert worth["site"] == pytest.approx(satisfaction(pairs.sum(axis=1), 1.7045, 1.0).sum() * PERIOD_H)


def test_the_day_without_trade() -> None:
    # The battery gives 0.8 kWh less losses, two and a half hours at 0.3 kW; all else is lost.
    world = tiny(time__horizon_h=4.0)
    for _ in range(16):
        world.step(asked(world, [0.0, 0.0]))
    served_kwh = 2.0 * (0.5 - 0.1) * 0.95
    lost_usd = 3.0 * (4.0 * 0.9 - served_kwh) + 0.02 * served_kwh
    assert world.kpis()["welfare_autarky_usd"][0] == pytest.approx(-lost_usd)
    buying = tiny(time__horizon_h=4.0)
    for _ in range(16):
        buying.step(asked(buying, [0.3, 0.6]))
    assert buying.kpis()["welfare_autarky_usd"][0] == world.kpis()["welfare_autarky_usd"][0]


def test_a_controller_that_does_what_autarky_does_has_its_welfare() -> None:
    world = started(market_world("market8"))
    for _ in range(96):
        world.step(asked(world, 0.0, battery=9.0))
    metrics = world.kpis()
    assert metrics["welfare_usd"][0] == pytest.approx(metrics["welfare_autarky_usd"][0])


def test_welfare_is_shared_equally_where_that_is_asked_for() -> None:
    own, shared = (started(market_world(reward=reward)) for reward in ("own", "welfare"))
    generator = np.random.default_rng(0)
    for _ in range(5):
        actions = random_actions(own, generator)
        separate, common = own.step(actions).rewards, shared.step(actions).rewards
        total = sum(float(values.sum()) for values in separate.values())
        assert common["bs"] == pytest.approx(np.full((1, 4), total / 6))
        assert common["retailer"] == pytest.approx(np.full((1, 2), total / 6))


def test_a_world_without_retailers_runs_on_batteries() -> None:
    world = started(market_world("market4", overrides=NO_RETAILERS))
    assert [role.name for role in world.roles] == ["bs"]
    assert set(world.observations()) == set(world.action_masks()) == {"bs"}
    for _ in range(96):
        transition = world.step(asked(world, 1.0, battery=9.0))
    assert transition.truncated.all()
    metrics = world.kpis()
    assert metrics["bought_kwh"][0] == metrics["paid_usd"][0] == metrics["fill"][0] == 0.0
    assert metrics["welfare_usd"][0] == pytest.approx(metrics["welfare_autarky_usd"][0])


def test_a_batch_plays_what_its_worlds_play_alone() -> None:
    batch, alone = market_world(n_worlds=3), market_world()
    started(batch, 5)
    alone.reset([6])
    generator = np.random.default_rng(0)
    for _ in range(10):
        actions = random_actions(batch, generator)
        together = batch.step(actions)
        single = alone.step({role: values[1:2] for role, values in actions.items()})
        for role, values in single.rewards.items():
            assert np.array_equal(values[0], together.rewards[role][1])
    assert np.array_equal(batch.trace(1)["sold_kw"], alone.trace()["sold_kw"])
