"""The social optimum as a controller: it knows the episode, and plays the plan that is best for all together."""

from collections.abc import Mapping

import numpy as np

from voltran.baselines.market.expectation import ROLE as RETAILER
from voltran.baselines.market.foresight import Plan
from voltran.baselines.market.optimum import social_optimum
from voltran.baselines.market.site_rules import ROLE as SITE
from voltran.baselines.market.site_rules import charging_where, expects_enough, market_world, purchases
from voltran.baselines.solve import SolverError
from voltran.envs.controller import Information
from voltran.envs.market.commands import MarketCommands
from voltran.envs.market.world import MarketWorld
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.world import World
from voltran.physics.arrays import FloatArray
from voltran.physics.ordering import rising

# How far prices of neighbours in the merit order are apart, beyond what the surcharge could bridge.
APART = 1.01
# Sites ask for this much less than planned, so that rounding does not make retailers short and the clearing ration.
ROUNDING = 1e-9


class SocialOptimum:
    """Sites buy, charge and discharge as planned with foresight; retailers post prices in the order of their costs.

    The prices are not those of any market: they are far enough apart that every site, subscriber or not, asks the
    retailer with the lowest cost first, as the plan does. Where a plan splits purchases in ways that no order of prices
    leads to (quadratic costs, worth per pair, sites that cannot buy from everybody) its welfare is not reached.

    An episode for which the solver finds no plan is played as by buy-all, and counted.
    """

    name = "social-optimum"
    information: Information = "hindsight"

    def __init__(self) -> None:
        self._plans: list[Plan | None] = []

    def reset(self, world: World) -> None:
        """Plan the episodes.

        Raises:
            ScenarioError: the world is no market.
        """
        market = market_world(world, self.name)
        self._plans = [_planned(market, index) for index in range(market.n_worlds)]

    def act(self, world: World) -> dict[str, MarketCommands | RetailerCommands]:
        """The plan for the coming period."""
        market = market_world(world, self.name)
        chosen: dict[str, MarketCommands | RetailerCommands] = {SITE: self._orders(market)}
        if market.market.constants.n_retailers:
            price = np.tile(merit_order_prices(market.market.constants), (market.n_worlds, 1))
            chosen[RETAILER] = RetailerCommands(price, np.zeros_like(price))
        return chosen

    def counters(self) -> Mapping[str, float]:
        """Episodes without a plan."""
        return {"failed_solves": float(sum(plan is None for plan in self._plans))}

    def _orders(self, market: MarketWorld) -> MarketCommands:
        otherwise = charging_where(market, expects_enough(market))
        bought_kw, battery_kw = otherwise.requested_kw, otherwise.battery_kw
        for index, (plan, period) in enumerate(zip(self._plans, market.decision.tolist(), strict=True)):
            if plan is not None:
                bought_kw[index] = plan.bought_kw[period]
                # what rounding takes from a purchase may come from the battery, if it has any
                battery_kw[index] = plan.discharge_kw[period] - plan.charge_kw[period]
        return purchases(market, bought_kw, battery_kw)


def _planned(market: MarketWorld, index: int) -> Plan | None:
    """The plan of an episode; None where the solver fails."""
    try:
        return social_optimum(market, index)
    except SolverError:
        return None


def merit_order_prices(constants: RetailConstants) -> FloatArray:
    """Prices ``[I]`` in USD/kWh, the highest at the cap, that every site takes in the order of unit costs."""
    rank = np.argsort(rising(constants.unit_cost))
    step = APART * (2.0 - constants.retail.priority)
    return np.asarray(constants.retail.price_cap_usd_per_kwh * step ** (rank - (constants.n_retailers - 1.0)))
