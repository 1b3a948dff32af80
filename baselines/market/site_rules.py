"""Rules for base stations in the market world: when to buy, and what to do with the battery."""

from abc import ABC, abstractmethod
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from voltran.envs.controller import Information
from voltran.envs.market.commands import MarketCommands
from voltran.envs.market.world import MarketWorld
from voltran.envs.scenario import Section, validated
from voltran.envs.world import World
from voltran.envs.world_kinds import require_world
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.ordering import SAME

ROLE = "bs"


def market_world(world: World, controller: str) -> MarketWorld:
    """The world as a market world.

    Raises:
        ScenarioError: the world is of another kind.
    """
    return require_world(world, MarketWorld, f"controller {controller!r} plays sites of")


class SiteRule(ABC):
    """A rule by which every site decides for itself.

    Attributes:
        name: as shown in tables.
    """

    information: Information = "local"
    name: str

    def reset(self, world: World) -> None:
        """Nothing to forget.

        Raises:
            ScenarioError: the world is no market.
        """
        market_world(world, self.name)

    def act(self, world: World) -> dict[str, MarketCommands]:
        """Commands for all sites."""
        return {ROLE: self._decide(market_world(world, self.name))}

    @abstractmethod
    def _decide(self, market: MarketWorld) -> MarketCommands:
        """Commands for all sites of all worlds."""


class Autarky(SiteRule):
    """Sites buy nothing; batteries serve what they can, as long as they can."""

    name = "autarky"

    def _decide(self, market: MarketWorld) -> MarketCommands:
        return purchases(market, np.zeros_like(market.demand_kw), market.discharge_room_kw)


class BuyAll(SiteRule):
    """Sites buy what they can use: load and charging. They do not charge where they expect to get less than their load.

    What a site expects is the share that it got of its latest request; batteries then serve what is missing.
    """

    name = "buy-all"

    def _decide(self, market: MarketWorld) -> MarketCommands:
        return charging_where(market, expects_enough(market))


class PriceThresholdSettings(Section, strict=True):
    """Settings of the price threshold; prices are what the site would pay its cheapest retailer, over the price cap.

    Attributes:
        charge_below: batteries are charged at prices below this.
        discharge_above: batteries serve the load before anything is bought at prices above this.
    """

    charge_below: Annotated[float, Field(ge=0.0)] = 0.25
    discharge_above: Annotated[float, Field(ge=0.0)] = 0.75

    @model_validator(mode="after")
    def _ordered(self) -> "PriceThresholdSettings":
        if self.charge_below > self.discharge_above:
            raise ValueError(
                f"charge_below = {self.charge_below:g} must not exceed discharge_above = {self.discharge_above:g}"
            )
        return self


class PriceThreshold(SiteRule):
    """Sites charge where power is cheap, use their batteries where it is dear, and buy their load in between.

    As with buy-all, nobody charges who expects to get less than its load.

    Args:
        **settings: fields of :class:`PriceThresholdSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """

    name = "price-threshold"

    def __init__(self, **settings: Any) -> None:
        self.settings = validated(PriceThresholdSettings, settings, f"controller {self.name}")

    def _decide(self, market: MarketWorld) -> MarketCommands:
        price = lowest_payment(market) / market.market.constants.retail.price_cap_usd_per_kwh
        commands = charging_where(market, expects_enough(market) & (price < self.settings.charge_below - SAME))
        spared_kw = np.where(price > self.settings.discharge_above + SAME, market.discharge_room_kw, 0.0)
        requested_kw = np.maximum(commands.requested_kw - spared_kw, 0.0)
        return purchases(market, requested_kw, commands.battery_kw)


def purchases(market: MarketWorld, requested_kw: FloatArray, battery_kw: FloatArray) -> MarketCommands:
    """Commands that accept any price."""
    accepted = np.full(requested_kw.shape, market.market.constants.highest_payment)
    return MarketCommands(requested_kw, accepted, battery_kw)


def charging_where(market: MarketWorld, charging: BoolArray) -> MarketCommands:
    """Load is bought everywhere and charging where told; elsewhere batteries serve what is missing."""
    charge_kw = np.where(charging, market.charge_room_kw, 0.0)
    return purchases(market, market.demand_kw + charge_kw, np.where(charging, -charge_kw, market.discharge_room_kw))


def expects_enough(market: MarketWorld) -> BoolArray:
    """Sites ``[B, M]`` that would get at least their load if they asked for charging, too, and got as before."""
    sales = market.market.sales
    requesting = sales.requested_kwh > 0.0
    filled = np.divide(sales.bought_kwh, sales.requested_kwh, out=np.ones(requesting.shape), where=requesting)
    return np.asarray(filled * (market.demand_kw + market.charge_room_kw) >= (1.0 - SAME) * market.demand_kw)


def lowest_payment(market: MarketWorld) -> FloatArray:
    """What a kWh costs each site ``[B, M]`` at its cheapest retailer; infinite without any."""
    contracts = market.market.constants.contracts
    paid = np.where(contracts.access, contracts.factor * market.market.coming_price[:, None, :], np.inf)
    return np.asarray(paid.min(axis=2, initial=np.inf))
