"""Trade in the brownout: amounts, payments, costs and welfare as worked out by hand, and what always adds up."""

from typing import Any

import numpy as np
import pytest

from tests.envs.brownout.tools import (
    CHARGE_KW,
    NORMAL_KW,
    PERIOD_H,
    ROLLING,
    SLEEP_KW,
    brownout_world,
    constant,
    play_randomly,
    purchases,
    random_actions,
    toy_actions,
    toy_world,
)
from tests.envs.episodes import started
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.observation import RETAILER_FIELDS, SITE_FIELDS

ASKED_KW = NORMAL_KW + CHARGE_KW
SURCHARGE = 1.6  # factor of non-subscribers, 2 - o
PLENTY = constant(100.0, 50.0)
CHEAP_AND_SMALL, DEAR = constant(3.0, 50.0), constant(100.0, 200.0)
HOMES = {"retail.home_retailer": [0, 1, 1]}


def test_sites_without_a_word_buy_load_and_charge() -> None:
    world = toy_world([PLENTY])
    before = world.get_state()["state"]["soc"]
    infos = world.step(toy_actions(world, [0.4])).agent_infos
    np.testing.assert_allclose(infos["bs"]["bought_kwh"], ASKED_KW * PERIOD_H)
    np.testing.assert_allclose(infos["bs"]["paid_usd"], ASKED_KW * PERIOD_H * 0.05)
    battery = world.constants.battery
    gained = battery.charge_efficiency * CHARGE_KW * PERIOD_H / battery.capacity_kwh
    np.testing.assert_allclose(world.get_state()["state"]["soc"] - before, gained)


def test_sleeping_sites_need_less() -> None:
    world = toy_world([PLENTY])
    infos = world.step(toy_actions(world, [0.4], modes=[0, 3, 3])).agent_infos
    bought_kw = infos["bs"]["bought_kwh"][0] / PERIOD_H
    np.testing.assert_allclose(bought_kw, [ASKED_KW, SLEEP_KW + CHARGE_KW, SLEEP_KW + CHARGE_KW])


def test_subscribers_come_first_and_others_pay_the_surcharge() -> None:
    world = toy_world([CHEAP_AND_SMALL, DEAR], HOMES)
    transition = world.step(toy_actions(world, [0.1, 0.3]))
    paid = [3.0 * 0.05 + 6.0 * 0.2 * SURCHARGE, 9.0 * 0.2, 9.0 * 0.2]
    np.testing.assert_allclose(transition.agent_infos["bs"]["paid_usd"][0], np.multiply(paid, PERIOD_H))
    np.testing.assert_allclose(world.market.sales.sold_kwh[0] / PERIOD_H, [[3.0, 0.0], [18.0, 6.0]])
    profit = [3.0 * (0.05 - 0.05), 18.0 * (0.2 - 0.2) + 6.0 * (0.2 * SURCHARGE - 0.2)]
    np.testing.assert_allclose(transition.rewards["retailer"][0], np.multiply(profit, PERIOD_H), atol=1e-12)


def test_too_little_power_is_shared_in_proportion() -> None:
    world = toy_world([constant(6.0, 50.0)])
    bought = world.step(toy_actions(world, [0.4], modes=[0, 0, 3])).agent_infos["bs"]["bought_kwh"][0]
    asked = np.array([ASKED_KW, ASKED_KW, SLEEP_KW + CHARGE_KW])
    np.testing.assert_allclose(bought / PERIOD_H, 6.0 * asked / asked.sum())
    assert world.kpis()["fill"][0] == pytest.approx(6.0 / asked.sum())


@pytest.mark.parametrize(
    ("buy", "accepted_price", "bought_kw"),
    [
        ([1.0, 0.5, 0.0], [1.0, 1.0, 1.0], [9.0, 4.5, 0.0]),
        ([1.0, 1.0, 1.0], [0.049, 0.05, 0.051], [0.0, 9.0, 9.0]),
        ([0.25, 0.25, 0.25], [np.inf, 0.0, 1.0], [2.25, 0.0, 2.25]),
    ],
)
def test_sites_buy_what_they_ask_for_at_prices_they_accept(
    buy: list[float], accepted_price: list[float], bought_kw: list[float]
) -> None:
    world = toy_world([PLENTY])
    actions = toy_actions(world, [0.4])
    infos = world.step({**actions, "bs": purchases(world, buy, accepted_price)}).agent_infos
    np.testing.assert_allclose(infos["bs"]["bought_kwh"][0] / PERIOD_H, bought_kw)


def test_reserved_power_is_kept_for_subscribers() -> None:
    world = toy_world(
        [constant(10.0, 50.0), DEAR], {"retail.home_retailer": [1, 1, 1], "retail.timing": "simultaneous"}
    )
    reserving = RetailerCommands(np.array([[0.1, 0.9]]), np.array([[0.7, 0.0]]))
    world.step({**toy_actions(world), "retailer": reserving})
    np.testing.assert_allclose(world.market.sales.sold_kwh[0] / PERIOD_H, [[0.0, 3.0], [24.0, 0.0]])


def test_a_retailer_without_subscribers_sells_to_others_and_sees_that_it_has_none() -> None:
    world = toy_world([PLENTY, constant(5.0, 10.0)], {"retail.home_retailer": [0, 0, 0]})
    world.step(toy_actions(world, [0.4, 0.4]))
    np.testing.assert_allclose(world.market.sales.sold_kwh[0, 1] / PERIOD_H, [0.0, 5.0])
    observed = world.observations()["retailer"][0]
    assert observed[:, [field.name for field in RETAILER_FIELDS].index("subscribers")].tolist() == [1.0, 0.0]
    assert np.isfinite(observed).all()


def test_nobody_buys_where_nobody_has_access() -> None:
    world = toy_world([PLENTY], {"retail.access": [[0]]})
    infos = world.step(toy_actions(world, [0.4])).agent_infos
    np.testing.assert_allclose(infos["bs"]["bought_kwh"][0] / PERIOD_H, [ASKED_KW, 0.0, 0.0])
    names = [field.name for field in SITE_FIELDS]
    best_price = world.observations()["bs"][0, :, names.index("best_price") - len(names) - 4]
    np.testing.assert_allclose(best_price, [0.4, 2.0, 2.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("overrides", "cost_usd_per_h"),
    [
        ({}, 0.05 * 27.0),
        ({"retail.cost_model": "quadratic"}, 3 * 0.05 * 9.0**2),
        ({"retail.cost_model": "quadratic", "retail.cost_scope": "retailer"}, 0.05 * 27.0**2),
    ],
)
def test_welfare_is_what_power_is_worth_less_what_it_costs(overrides: dict[str, Any], cost_usd_per_h: float) -> None:
    world = toy_world([PLENTY], overrides)
    world.step(toy_actions(world, [0.4]))
    metrics = {name: values[0] for name, values in world.kpis().items()}
    worth = 3 * 1.7045 * np.log(1.0 + NORMAL_KW) * PERIOD_H  # what charges a battery is not served yet
    assert metrics["satisfaction_usd"] == pytest.approx(worth)
    assert metrics["generation_cost_usd"] == pytest.approx(cost_usd_per_h * PERIOD_H)
    assert metrics["welfare_usd"] == pytest.approx(worth - cost_usd_per_h * PERIOD_H)
    assert metrics["paid_usd"] == pytest.approx(27.0 * 0.05 * PERIOD_H)
    assert metrics["retailer_profit_usd"] == pytest.approx(metrics["paid_usd"] - cost_usd_per_h * PERIOD_H)
    assert metrics["sold_share"] == pytest.approx(0.27)
    assert metrics["spilled_kwh"] == pytest.approx(73.0 * PERIOD_H)
    assert metrics["mean_price_usd_per_kwh"] == pytest.approx(0.05)


def test_lost_load_counts_at_its_value() -> None:
    empty = {"battery.initial_soc": 0.21, "retail.value_of_lost_load_usd_per_kwh": 7.0}
    world = toy_world([constant(0.3, 50.0)], empty)
    world.step(toy_actions(world, [0.4]))
    metrics = {name: values[0] for name, values in world.kpis().items()}
    assert metrics["unserved_kwh"] > 0.0
    assert metrics["lost_load_usd"] == pytest.approx(7.0 * metrics["unserved_kwh"])
    without_loss = metrics["satisfaction_usd"] - metrics["generation_cost_usd"] - metrics["main_paid_usd"]
    assert metrics["welfare_usd"] == pytest.approx(without_loss - metrics["lost_load_usd"])


@pytest.mark.parametrize("penalty", [0.0, 0.2])
def test_retailers_are_charged_for_what_nobody_takes(penalty: float) -> None:
    world = toy_world([PLENTY], {"retail.spill_penalty_usd_per_kwh": penalty})
    reward = world.step(toy_actions(world, [0.4])).rewards["retailer"][0, 0]
    assert reward == pytest.approx(-73.0 * PERIOD_H * penalty, abs=1e-12)


@pytest.mark.parametrize(("reward", "own_share"), [("team", 0.0), ("local", 1.0), ("mixed", None)])
def test_what_sites_pay_comes_off_their_rewards(reward: str, own_share: float | None) -> None:
    free, charged = (
        started(brownout_world(2, {**ROLLING, "reward.purchase_per_usd": weight}, reward=reward))
        for weight in (0.0, 0.5)
    )
    share = free.scenario.reward.mixed_share if own_share is None else own_share
    generator = np.random.default_rng(0)
    for _ in range(3):
        actions = random_actions(free, generator)
        unpaid, paid = free.step(actions).rewards["bs"], charged.step(actions)
        bill = paid.agent_infos["bs"]["paid_usd"] + charged._supply.main_paid_usd
        assert (bill > 0.0).any()
        expected = 0.5 * (share * bill + (1.0 - share) * bill.mean(axis=1, keepdims=True))
        np.testing.assert_allclose(unpaid - paid.rewards["bs"], expected, atol=1e-12)


@pytest.mark.parametrize("overrides", [{}, ROLLING], ids=["blackout", "rolling"])
def test_what_is_sold_is_taken_and_paid(overrides: dict[str, Any]) -> None:
    world = started(brownout_world(2, overrides), 3)
    generator, step_h = np.random.default_rng(1), world.constants.step_h
    for period in range(world.max_decisions):
        infos = play_randomly(world, generator, 1)[0].agent_infos
        ledger = world.ledger()
        np.testing.assert_allclose(ledger["grid_kw"], ledger["main_kw"] + ledger["retail_kw"], atol=1e-12)
        assert np.abs(ledger["residual_kw"]).max() < 1e-9
        for index in range(2):
            series = world.trace(index)
            rows = slice(period * world.constants.steps_per_decision, None)
            assert np.all(series["sold_kw"] <= series["available_kw"] + 1e-9)
            np.testing.assert_allclose(series["sold_kw"].sum(axis=1), series["bought_kw"], atol=1e-12)
            assert np.all(series["bought_kw"] <= series["requested_kw"] + 1e-9)
            np.testing.assert_allclose(series["earned_usd"].sum(axis=1), series["paid_usd"], atol=1e-12)
            np.testing.assert_allclose(series["paid_usd"][rows].sum(), infos["bs"]["paid_usd"][index].sum())
            np.testing.assert_allclose(series["bought_kw"][rows].sum() * step_h, infos["bs"]["bought_kwh"][index].sum())
            np.testing.assert_allclose(
                series["sold_kw"][rows].sum(axis=0) * step_h, infos["retailer"]["sold_kwh"][index]
            )
    assert world.trace(0)["bought_kw"].sum() > 0.0
