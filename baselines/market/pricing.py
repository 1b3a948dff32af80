"""Rules for prices: what retailers could do without looking at each other."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from voltran.baselines.market.expectation import (
    ROLE,
    available_kw,
    marginal_cost,
    posted,
    retail_world,
    sales_kw,
    wanted_kw,
)
from voltran.envs.controller import Information
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.scenario import Section, validated
from voltran.envs.world import World


class CostPlusSettings(Section, strict=True):
    """Settings of cost-plus pricing.

    Attributes:
        markup: on marginal cost, 0.2 asks a fifth more.
    """

    markup: Annotated[float, Field(ge=0.0)] = 0.2


class CostPlus:
    """Every retailer asks what power costs it and a markup, at most the cap.

    Where costs are quadratic, that is the marginal cost of serving what sites want now.

    Args:
        **settings: fields of :class:`CostPlusSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """

    name = "cost-plus"
    information: Information = "global"  # where costs are quadratic, what all sites want sets them

    def __init__(self, **settings: Any) -> None:
        self.settings = validated(CostPlusSettings, settings, f"controller {self.name}")

    def reset(self, world: World) -> None:
        """Nothing to forget.

        Raises:
            ScenarioError: the world has no retailers.
        """
        retail_world(world, self.name)

    def act(self, world: World) -> dict[str, RetailerCommands]:
        """Prices for all retailers."""
        retail = retail_world(world, self.name)
        market = retail.market
        sold_kw = sales_kw(market.constants, wanted_kw(retail, 0.0), available_kw(retail), market.posted_price)
        return {ROLE: posted(market.constants, (1.0 + self.settings.markup) * marginal_cost(market.constants, sold_kw))}


class PriceCap:
    """Every retailer asks as much as it may."""

    name = "price-cap"
    information: Information = "local"

    def reset(self, world: World) -> None:
        """Nothing to forget.

        Raises:
            ScenarioError: the world has no retailers.
        """
        retail_world(world, self.name)

    def act(self, world: World) -> dict[str, RetailerCommands]:
        """The cap, for all retailers."""
        market = retail_world(world, self.name).market
        return {ROLE: posted(market.constants, np.full(market.posted_price.shape, np.inf))}
