"""What a scenario's retailers mean in arrays; nothing here changes within or between episodes."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from voltran.envs.retail.scenario import Retail
from voltran.physics.arrays import FloatArray
from voltran.physics.market import Contracts, cost_factor, generation_cost

PRICE_LEVELS = 11
# A retailer whose power costs nothing starts its ladder of prices here, as a share of the cap.
LOWEST_PRICE_SHARE = 0.01
WATT_HOURS = 1000.0


class RetailConstants:
    """Constants of the retailers of one scenario.

    Args:
        retail: the scenario's section.
        n_sites: number of sites ``M``.

    Attributes:
        retail: the section.
        n_sites, n_retailers: sizes ``M``, ``I``.
        capacity_kw: ``[I]``.
        unit_cost: ``[I]`` USD/kWh, or USD/kWh per kW where costs are quadratic.
        home: ``[M]`` index of the home retailer; -1 where there are no retailers.
    """

    def __init__(self, retail: Retail, n_sites: int) -> None:
        self.retail, self.n_sites, self.n_retailers = retail, n_sites, len(retail.retailers)
        self.capacity_kw: FloatArray = np.array([retailer.capacity_kw for retailer in retail.retailers], np.float64)
        costs = [retailer.unit_cost_usd_per_mwh / WATT_HOURS for retailer in retail.retailers]
        self.unit_cost: FloatArray = np.array(costs, np.float64)
        self.home = self._homes()

    @property
    def is_quadratic(self) -> bool:
        """Whether generation costs are quadratic."""
        return self.retail.cost_model == "quadratic"

    @cached_property
    def contracts(self) -> Contracts:
        """Who may buy where, and on what terms."""
        shape = (self.n_sites, self.n_retailers)
        subscriber = self.home[:, None] == np.arange(self.n_retailers)
        access = np.ones(shape, dtype=bool)
        if self.retail.access is not None:
            access[:] = False
            for retailer, sites in enumerate(self.retail.access):
                access[list(sites), retailer] = True
        return Contracts(subscriber, access, cost_factor(subscriber, self.retail.priority))

    @cached_property
    def price_ladder(self) -> FloatArray:
        """``[I, level]`` prices a retailer can choose, from its unit cost to the cap in equal ratios, USD/kWh."""
        cap = self.retail.price_cap_usd_per_kwh
        low = np.maximum(self.unit_cost, LOWEST_PRICE_SHARE * cap)
        ladder = low[:, None] * (cap / low[:, None]) ** np.linspace(0.0, 1.0, PRICE_LEVELS)
        return np.minimum(ladder, cap)  # rounding must not lift a price above what everybody accepts

    @property
    def highest_payment(self) -> float:
        """What a site pays at most for a kWh: the price cap with the surcharge of non-subscribers, USD."""
        return self.retail.price_cap_usd_per_kwh * (2.0 - self.retail.priority)

    def generation_cost(self, sold_kw: FloatArray) -> FloatArray:
        """What generating the sales ``[..., M, I]`` costs, ``[..., I]`` in USD/h."""
        if self.retail.cost_scope == "retailer":
            return generation_cost(sold_kw.sum(axis=-2), self.unit_cost, self.is_quadratic)
        return np.asarray(generation_cost(sold_kw, self.unit_cost, self.is_quadratic).sum(axis=-2))

    def _homes(self) -> NDArray[np.int64]:
        if self.n_retailers == 0:
            return np.full(self.n_sites, -1)
        if self.retail.home_retailer is not None:
            return np.array(self.retail.home_retailer)
        return np.arange(self.n_sites) % self.n_retailers
