"""Rewards of operators: own costs, common ones, and savings that count what is stored."""

import numpy as np
import pytest

from tests.envs.sharing.tools import random_actions, small
from voltran.envs.world import Transition


def steps(reward: str, count: int = 12) -> tuple[list[Transition], dict[str, np.ndarray]]:
    world, rng = small(2, reward=reward), np.random.default_rng(5)
    transitions = [world.step(random_actions(world, rng)) for _ in range(count)]
    return transitions, world.trace(1)


def test_common_is_the_mean_of_own_at_an_infrastructure() -> None:
    for own, common in zip(steps("own")[0], steps("common")[0], strict=True):
        mean = own.rewards["operator"].reshape(2, 2, 3).mean(axis=-1)
        assert common.rewards["operator"] == pytest.approx(np.repeat(mean, 3, axis=1))


def test_saving_is_what_the_grid_alone_would_cost_less_common_costs_and_more_for_what_is_stored() -> None:
    transitions, trace = steps("saving")
    own = steps("own")[0]
    world = small(2)
    prices = world.forecast.truth()[2][1]
    before = np.full(2, 0.5)
    for slot, (transition, costs) in enumerate(zip(transitions, own, strict=True)):
        alone = trace["price_eur_per_kwh"][slot] * trace["demand_kw"][slot].reshape(2, 3).sum(axis=1) * 0.25
        gained_kwh = (trace["soc"][slot] - before) * 50.0 * 0.95
        before = trace["soc"][slot]
        mean_price = prices[slot + 1 : slot + 97].mean()
        value = alone + costs.rewards["operator"][1].reshape(2, 3).sum(axis=1) + mean_price * gained_kwh
        assert transition.rewards["operator"][1] == pytest.approx(np.repeat(value / 3, 3))


def test_episode_infos_are_the_parts_of_the_cost() -> None:
    transition = steps("own", 1)[0][0]
    parts = ("energy_cost_eur", "charge_cost_eur", "wear_eur", "lost_load_eur", "refill_eur")
    total = sum(transition.episode_infos[name] for name in parts)
    assert total == pytest.approx(transition.rewards["operator"].sum(axis=1))
