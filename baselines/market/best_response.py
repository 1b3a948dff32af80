"""Retailers that answer each other: each in turn takes the price of its ladder that earns it most."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from voltran.baselines.market.expectation import ROLE, available_kw, posted, retail_world, sales_kw, wanted_kw
from voltran.envs.controller import Information
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.constants import PRICE_LEVELS, RetailConstants
from voltran.envs.scenario import Section, validated
from voltran.envs.world import World
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.market import payments
from voltran.physics.ordering import SAME


class BestResponseSettings(Section, strict=True):
    """Settings of best-response pricing.

    Attributes:
        rounds: of answers at most, per decision; in one, every retailer answers once.
        charge_share: share of the power that batteries could take that retailers expect to be asked for.
    """

    rounds: Annotated[int, Field(ge=1)] = 20
    charge_share: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0


class Expectation(NamedTuple):
    """What retailers believe about the market.

    Attributes:
        wanted_kw: ``[B, M]`` what sites want, whatever it costs up to the cap.
        available_kw: ``[B, I]``.
    """

    wanted_kw: FloatArray
    available_kw: FloatArray


class Answers(NamedTuple):
    """Where answering each other led.

    Attributes:
        price: ``[B, I]`` USD/kWh.
        rounds: ``[B]`` rounds until nobody wanted to change, or until the end.
        cycled: ``[B]`` prices came back to what they had been, as they would forever.
    """

    price: FloatArray
    rounds: IntArray
    cycled: BoolArray


def profit(constants: RetailConstants, expected: Expectation, price: FloatArray) -> FloatArray:
    """Profits ``[B, I]`` at prices ``[B, I]``, USD/h: what is earned, less costs and the charge for spilled energy."""
    sold_kw = sales_kw(constants, expected.wanted_kw, expected.available_kw, price)
    spilled_kw = expected.available_kw - sold_kw.sum(axis=1)
    earned = payments(sold_kw, price, constants.contracts.factor).sum(axis=1)
    return np.asarray(
        earned - constants.generation_cost(sold_kw) - constants.retail.spill_penalty_usd_per_kwh * spilled_kw
    )


def answer(constants: RetailConstants, expected: Expectation, price: FloatArray, retailer: int) -> FloatArray:
    """Price ``[B]`` of its ladder that earns a retailer most while others' ``[B, I]`` stay; of equals the lowest."""
    n_worlds, ladder = price.shape[0], constants.price_ladder[retailer]
    tried = np.repeat(price, PRICE_LEVELS, axis=0)
    tried[:, retailer] = np.tile(ladder, n_worlds)
    repeated = Expectation(*(np.repeat(values, PRICE_LEVELS, axis=0) for values in expected))
    earned = profit(constants, repeated, tried)[:, retailer].reshape(n_worlds, PRICE_LEVELS)
    best = earned.max(axis=1, keepdims=True)
    # Rounding is no reason to ask for a higher price.
    return np.asarray(ladder[np.argmax(earned >= best - SAME * np.maximum(np.abs(best), 1.0), axis=1)])


def answer_each_other(constants: RetailConstants, expected: Expectation, price: FloatArray, rounds: int) -> Answers:
    """Let retailers answer in turn until nobody changes its price, prices repeat, or the rounds are over.

    Args:
        constants: constants of the retailers.
        expected: what all of them believe.
        price: ``[B, I]`` where they begin, USD/kWh.
        rounds: at most.
    """
    price = price.copy()
    used, cycled = np.zeros(price.shape[0], np.int64), np.zeros(price.shape[0], bool)
    open_ = np.full(price.shape[0], constants.n_retailers > 0)
    past_prices = [price.copy()]
    for _ in range(rounds):
        if not open_.any():
            break
        active = Expectation(*(values[open_] for values in expected))
        for retailer in range(constants.n_retailers):
            price[open_, retailer] = answer(constants, active, price[open_], retailer)
        used += open_
        settled, *repeated = [
            (np.abs(price - earlier) <= SAME * price).all(axis=1) for earlier in reversed(past_prices)
        ]
        cycled |= open_ & ~settled & np.any(repeated, axis=0)
        open_ = open_ & ~settled & ~cycled
        past_prices.append(price.copy())
    return Answers(price, used, cycled)


class BestResponse:
    """Retailers that post the prices at which answering each other ends.

    They expect sites to want what they want now, whatever it costs up to the cap. Where answers go round in circles,
    as undercutting may, what is posted is where the circle closed.

    Args:
        **settings: fields of :class:`BestResponseSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """

    name = "best-response"
    information: Information = "global"

    def __init__(self, **settings: Any) -> None:
        self.settings = validated(BestResponseSettings, settings, f"controller {self.name}")
        self._answers: list[Answers] = []

    def reset(self, world: World) -> None:
        """Forget counts.

        Raises:
            ScenarioError: the world has no retailers.
        """
        retail_world(world, self.name)
        self._answers = []

    def act(self, world: World) -> dict[str, RetailerCommands]:
        """Prices for all retailers."""
        retail = retail_world(world, self.name)
        market = retail.market
        expected = Expectation(wanted_kw(retail, self.settings.charge_share), available_kw(retail))
        answers = answer_each_other(market.constants, expected, market.posted_price, self.settings.rounds)
        self._answers.append(answers)
        return {ROLE: posted(market.constants, answers.price)}

    def counters(self) -> Mapping[str, float]:
        """Rounds of answers per decision, and the share of decisions in which they went round in circles."""
        if not self._answers:
            return {}
        return {
            "answer_rounds": float(np.mean([answers.rounds for answers in self._answers])),
            "answer_cycles": float(np.mean([answers.cycled for answers in self._answers])),
        }
