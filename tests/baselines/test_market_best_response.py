"""Retailers that answer each other, against all pairs of prices there are."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from voltran.baselines.market.best_response import Answers, Expectation, answer, answer_each_other, profit
from voltran.baselines.market.expectation import marginal_cost
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.retail.scenario import Retail, Retailer
from voltran.physics.market import Offers, clear_market


def draw_model(seed: int, **changed: Any) -> tuple[RetailConstants, Expectation]:
    """Two retailers, four sites, one moment."""
    rng = np.random.default_rng(seed)
    retailers = (
        Retailer(capacity_kw=2.0, unit_cost_usd_per_mwh=60),
        Retailer(capacity_kw=2.0, unit_cost_usd_per_mwh=200),
    )
    constants = RetailConstants(Retail(retailers=retailers, **changed), 4)
    return constants, Expectation(rng.uniform(0.1, 1.5, (1, 4)), rng.uniform(0.2, 3.0, (1, 2)))


@pytest.mark.parametrize("scope", ["pair", "retailer"])
def test_marginal_cost_is_what_one_more_watt_costs(scope: str) -> None:
    """Where pairs count, of the retailer's sales all together: everybody gets the same share more."""
    constants, _ = draw_model(0, cost_model="quadratic", cost_scope=scope)
    sold_kw = np.random.default_rng(1).uniform(0.0, 1.0, (4, 2))
    more_kw = sold_kw * (1.0 + 1e-6)
    expected = (constants.generation_cost(more_kw) - constants.generation_cost(sold_kw)) / (more_kw - sold_kw).sum(
        axis=0
    )
    assert marginal_cost(constants, sold_kw) == pytest.approx(expected, rel=1e-5)
    assert (marginal_cost(constants, np.zeros((4, 2))) == 0.0).all()


def stable_prices(constants: RetailConstants, expected: Expectation) -> set[tuple[float, ...]]:
    """All pairs of prices of two ladders from which nobody gains by leaving alone, from the clearing itself."""
    accepted, nothing = np.full((1, 4), np.inf), np.zeros((1, 2))
    first, second = constants.price_ladder
    earned = np.zeros((2, len(first), len(second)))
    for (a, one), (b, other) in product(enumerate(first), enumerate(second)):
        offers = Offers(np.array([[one, other]]), expected.available_kw, nothing)
        sold_kw = clear_market(expected.wanted_kw, accepted, offers, constants.contracts)[0]
        paid = (sold_kw * constants.contracts.factor).sum(axis=0) * offers.price[0]
        earned[:, a, b] = paid - sold_kw.sum(axis=0) * constants.unit_cost
    best = (earned[0] >= earned[0].max(axis=0) - 1e-9) & (earned[1] >= earned[1].max(axis=1, keepdims=True) - 1e-9)
    return {(first[a], second[b]) for a, b in np.argwhere(best)}


def test_answers_settle_where_nobody_gains_by_another_price_or_go_round_in_circles() -> None:
    """Of these moments most settle; in the others each price drops below the other until it pays to ask for the cap."""
    settled = []
    for seed in range(12):
        constants, expected = draw_model(seed)
        answers = answer_each_other(constants, expected, constants.price_ladder[None, :, 0], 50)
        settled.append(not answers.cycled[0])
        assert answers.rounds[0] < 50
        if settled[-1]:
            assert tuple(answers.price[0]) in stable_prices(constants, expected)
        else:
            assert returns_to(constants, expected, answers)
    assert 0 < sum(settled) < len(settled)


def returns_to(constants: RetailConstants, expected: Expectation, answers: Answers) -> bool:
    """Whether answering on and on comes back to where a circle was said to close, by way of other prices."""
    price, moved = answers.price.copy(), False
    for _ in range(50):
        for retailer in range(2):
            price[:, retailer] = answer(constants, expected, price, retailer)
        if (price == answers.price).all():
            return moved
        moved = True
    return False


def test_answers_to_many_moments_are_those_to_each() -> None:
    constants, _ = draw_model(0)
    moments = [draw_model(seed)[1] for seed in range(6)]
    together = Expectation(*(np.concatenate(parts) for parts in zip(*moments, strict=True)))
    start = np.tile(constants.price_ladder[:, 0], (6, 1))
    many = answer_each_other(constants, together, start, 50)
    for index, moment in enumerate(moments):
        alone = answer_each_other(constants, moment, start[:1], 50)
        assert np.array_equal(many.price[index], alone.price[0])
        assert (many.rounds[index], many.cycled[index]) == (alone.rounds[0], alone.cycled[0])


def test_spilled_power_costs_what_the_scenario_says() -> None:
    constants, expected = draw_model(0)
    charged, _ = draw_model(0, spill_penalty_usd_per_kwh=0.2)
    price = constants.price_ladder[None, :, 5]
    sold_kw = clear_market(
        expected.wanted_kw,
        np.full((1, 4), np.inf),
        Offers(price, expected.available_kw, np.zeros((1, 2))),
        constants.contracts,
    )
    spilled_kw = expected.available_kw - sold_kw.sum(axis=1)
    assert spilled_kw.max() > 0.0
    assert profit(charged, expected, price) == pytest.approx(profit(constants, expected, price) - 0.2 * spilled_kw)
