"""The main grid: schedules, feeders and their limits, and that it comes before retailers."""

from typing import Any

import numpy as np
import pytest

from tests.envs.brownout.tools import (
    CHARGE_KW,
    NORMAL_KW,
    PERIOD_H,
    ROLLING,
    brownout_world,
    constant,
    play_randomly,
    toy_actions,
    toy_world,
)
from tests.envs.episodes import started
from voltran.envs.energy.grid import Grid, MainGrid
from voltran.envs.errors import ScenarioError

ASKED_KW = NORMAL_KW + CHARGE_KW
PLENTY = constant(100.0, 50.0)
# Each site of toy3 has a feeder of its own; A's is the first to be supplied.
EACH_ITS_FEEDER = {"grid.schedule": "rolling", "grid.feeders": 3, "grid.turn_h": 0.25}


def rolling(**settings: Any) -> MainGrid:
    return MainGrid(Grid(schedule="rolling", **settings), n_sites=19)


def test_nothing_is_supplied_in_a_blackout() -> None:
    grid = MainGrid(Grid(schedule="blackout", feeders=3), n_sites=5)
    assert not grid.is_on(np.linspace(0.0, 30.0, 100)).any()
    assert not grid.share_on(np.zeros(2), 2.0, 0.25).any()


@pytest.mark.parametrize(("feeders", "feeders_on", "turn_h"), [(1, 1, 2.0), (3, 1, 0.5), (4, 3, 2.0), (5, 2, 1.25)])
def test_feeders_take_turns(feeders: int, feeders_on: int, turn_h: float) -> None:
    grid = rolling(feeders=feeders, feeders_on=feeders_on, turn_h=turn_h)
    minutes = np.arange(round(feeders * turn_h * 60))
    on = grid.is_on(minutes / 60.0)
    for feeder in range(feeders):  # all sites of a feeder alike
        assert (on[:, grid.feeder == feeder] == on[:, [feeder]]).all()
    assert (on[:, :feeders].sum(axis=1) == feeders_on).all()
    np.testing.assert_allclose(on.mean(axis=0), feeders_on / feeders)
    turned = np.flatnonzero((on[1:] != on[:-1]).any(axis=1)) + 1
    assert set(turned % round(turn_h * 60)) <= {0}
    assert np.array_equal(grid.limit_kw(minutes / 60.0), on * grid.grid.main_limit_kw)


def test_the_share_ahead_is_that_of_the_minutes_ahead() -> None:
    grid = rolling(feeders=3, feeders_on=1, turn_h=0.75)
    for hour in np.arange(0.0, 6.0, 0.25):
        minutes = hour + (np.arange(120) + 0.5) / 60.0
        expected = grid.is_on(minutes).mean(axis=0)
        np.testing.assert_allclose(grid.share_on(np.array([hour]), 2.0, 0.25)[0], expected)


def test_sites_are_supplied_in_turn_and_pay_the_main_price() -> None:
    world = toy_world([], EACH_ITS_FEEDER)
    for period in range(5):
        world.step(toy_actions(world))
        ledger = world.ledger()
        expected = np.where(np.arange(3) == period % 3, ASKED_KW, 0.0)
        np.testing.assert_allclose(ledger["main_kw"][0], expected)
        np.testing.assert_allclose(ledger["grid_kw"][0], expected)
    metrics = world.kpis()
    assert metrics["main_kwh"][0] == pytest.approx(5 * ASKED_KW * PERIOD_H)
    assert metrics["main_paid_usd"][0] == pytest.approx(5 * ASKED_KW * PERIOD_H * 0.3)
    assert metrics["paid_usd"][0] == 0.0


def test_the_main_grid_comes_before_retailers_even_if_they_are_cheaper() -> None:
    world = toy_world([PLENTY], {**EACH_ITS_FEEDER, "grid.main_limit_kw": 7.0})
    world.step(toy_actions(world, [0.4]))
    ledger = world.ledger()
    np.testing.assert_allclose(ledger["main_kw"][0], [7.0, 0.0, 0.0])
    np.testing.assert_allclose(ledger["retail_kw"][0], [ASKED_KW - 7.0, ASKED_KW, ASKED_KW])
    np.testing.assert_allclose(world.market.sales.requested_kwh[0] / PERIOD_H, [ASKED_KW - 7.0, ASKED_KW, ASKED_KW])


@pytest.mark.parametrize(("limit_kw", "share"), [(9.0, 1 / 3), (26.9, 26.9 / 27), (27.1, 1.0)])
def test_a_feeder_carries_no_more_than_its_limit(limit_kw: float, share: float) -> None:
    world = toy_world([PLENTY], {"grid.feeder_limit_kw": limit_kw})
    transition = world.step(toy_actions(world, [0.4]))
    np.testing.assert_allclose(world.ledger()["retail_kw"][0], ASKED_KW * share)
    np.testing.assert_allclose(transition.agent_infos["bs"]["paid_usd"][0], ASKED_KW * share * PERIOD_H * 0.05)
    assert world.market.sales.earned_usd.sum() == pytest.approx(transition.agent_infos["bs"]["paid_usd"].sum())


def test_feeder_limits_hold_and_bind() -> None:
    world = started(brownout_world(3, ROLLING), 5)
    generator, limit_kw, bound = np.random.default_rng(0), 8.0, 0
    for _ in range(world.max_decisions):
        play_randomly(world, generator, 1)
        import_kw = world.ledger()["grid_kw"]
        feeders_kw = np.stack([import_kw[:, np.arange(7) % 3 == feeder].sum(axis=1) for feeder in range(3)])
        assert np.all(feeders_kw <= limit_kw + 1e-9)
        bound += int(np.isclose(feeders_kw, limit_kw).sum())
    assert bound > 0


def test_more_feeders_on_than_there_are_is_refused() -> None:
    with pytest.raises(ScenarioError, match="feeders_on = 4 must not exceed feeders = 3"):
        brownout_world(1, {"grid.feeders": 3, "grid.feeders_on": 4})
