"""What fields about retailers are computed from, in every world in which there are some."""

from functools import cached_property

import numpy as np

from voltran.envs.clock import Clock
from voltran.envs.retail.market import OTHERS, SUBSCRIBERS, RetailMarket
from voltran.physics.arrays import FloatArray
from voltran.physics.units import HOURS_PER_DAY

SMALL_KW = 1e-9


class RetailView(Clock):
    """One moment of a market; of retailers ``[B, I]``, and what sites see of them ``[B, M]``.

    Prices are shares of the price cap, power is a share of capacity.

    Args:
        market: the market.
        period: ``[B]`` the coming period.
        hour: ``[B]`` time of day at its start.
    """

    def __init__(self, market: RetailMarket, period: np.ndarray, hour: FloatArray) -> None:
        self.market, self.period, self.hour = market, period, hour
        self.constants, self.sales = market.constants, market.sales
        self.cap = self.constants.retail.price_cap_usd_per_kwh
        self.capacity_kw = self.constants.capacity_kw
        self.total_kw = float(self.capacity_kw.sum())

    @cached_property
    def available_kw(self) -> FloatArray:
        """Generation in the coming period."""
        return self.market.available_at(self.period)

    @cached_property
    def outlook_kw(self) -> FloatArray:
        """Generation expected in 1 h and in 4 h, ``[B, I, 2]``."""
        return self.market.outlook_at(self.period)

    # --- of retailers -------------------------------------------------------------------------------------------------

    @cached_property
    def available(self) -> FloatArray:
        """Generation in the coming period."""
        return np.asarray(self.available_kw / self.capacity_kw)

    @property
    def outlook_near(self) -> FloatArray:
        """Generation expected in 1 h."""
        return np.asarray(self.outlook_kw[..., 0] / self.capacity_kw)

    @property
    def outlook_far(self) -> FloatArray:
        """Generation expected in 4 h."""
        return np.asarray(self.outlook_kw[..., 1] / self.capacity_kw)

    @property
    def capacity(self) -> FloatArray:
        """Capacity as a share of that of all."""
        return self._of_each(self.capacity_kw / max(self.total_kw, SMALL_KW))

    @property
    def unit_cost(self) -> FloatArray:
        """Unit cost over the cap."""
        return self._of_each(self.constants.unit_cost / self.cap)

    @property
    def price(self) -> FloatArray:
        """Prices of the latest period."""
        return self.market.price / self.cap

    @property
    def posted(self) -> FloatArray:
        """Prices posted for the coming period."""
        return self.market.posted_price / self.cap

    @property
    def rival_price(self) -> FloatArray:
        """Lowest price that others have posted; 1 without others."""
        count = self.capacity_kw.size
        if count < 2:
            return self._of_each(np.ones(count))
        others = np.where(np.eye(count, dtype=bool), np.inf, self.market.posted_price[:, None, :])
        return np.asarray(others.min(axis=2, initial=np.inf) / self.cap)

    @property
    def rival_available(self) -> FloatArray:
        """What others generate in the coming period; 0 without others."""
        count = self.capacity_kw.size
        if count < 2:
            return self._of_each(np.zeros(count))
        others_kw = self.available_kw.sum(axis=1, keepdims=True) - self.available_kw
        return np.asarray(others_kw / np.maximum(self.capacity_kw.sum() - self.capacity_kw, SMALL_KW))

    @property
    def sold_subscribers(self) -> FloatArray:
        """Sold to subscribers in the latest period, share of generation."""
        return np.asarray(self._sold[..., SUBSCRIBERS])

    @property
    def sold_others(self) -> FloatArray:
        """Sold to others in the latest period, share of generation."""
        return np.asarray(self._sold[..., OTHERS])

    @property
    def scarcity(self) -> FloatArray:
        """Requests to everybody in the latest period over all generation, at most 5; ``[B]``."""
        requested_kwh, offered_kwh = self.sales.requested_kwh.sum(axis=1), self.sales.offered_kwh.sum(axis=1)
        return np.asarray(np.minimum(requested_kwh / np.maximum(offered_kwh, SMALL_KW), 5.0))

    @property
    def subscribers(self) -> FloatArray:
        """Share of sites that are subscribers."""
        return self._of_each(self.constants.contracts.subscriber.mean(axis=0))

    # --- what sites see of them ---------------------------------------------------------------------------------------

    @property
    def best_price(self) -> FloatArray:
        """Lowest price of the coming period that a site would pay; at most 2, and 2 without any."""
        contracts = self.constants.contracts
        paid = np.where(contracts.access, contracts.factor * self.market.posted_price[:, None, :], np.inf)
        return np.asarray(np.minimum(paid.min(axis=2, initial=np.inf) / self.cap, 2.0))

    @property
    def home_price(self) -> FloatArray:
        """Price of a site's home retailer; 1 without any."""
        return self._of_home(self.market.posted_price / self.cap, 1.0)

    @property
    def home_available(self) -> FloatArray:
        """Generation of a site's home retailer in the coming period; 0 without any."""
        return self._of_home(self.available, 0.0)

    @property
    def all_available(self) -> FloatArray:
        """Generation of all retailers, ``[B]``."""
        return self._of_all(self.available_kw)

    @property
    def all_outlook_near(self) -> FloatArray:
        """Generation of all retailers expected in 1 h, ``[B]``."""
        return self._of_all(self.outlook_kw[..., 0])

    @property
    def all_outlook_far(self) -> FloatArray:
        """Generation of all retailers expected in 4 h, ``[B]``."""
        return self._of_all(self.outlook_kw[..., 1])

    @property
    def filled(self) -> FloatArray:
        """Share of a site's latest request that was filled; 1 before the first, and without retailers."""
        requested_kwh, bought_kwh = self.sales.requested_kwh, self.sales.bought_kwh
        if self.capacity_kw.size == 0:
            return np.ones_like(requested_kwh)
        return np.where(requested_kwh > 0.0, bought_kwh / np.maximum(requested_kwh, SMALL_KW), 1.0)

    @cached_property
    def _sold(self) -> FloatArray:
        return np.asarray(self.sales.sold_kwh / np.maximum(self.sales.offered_kwh, SMALL_KW)[..., None])

    @cached_property
    def clock_angle(self) -> FloatArray:
        """Time of day at the start of the coming period, ``[B]``."""
        return 2.0 * np.pi / HOURS_PER_DAY * self.hour

    def _of_each(self, values: FloatArray) -> FloatArray:
        """The same ``[I]`` in all worlds."""
        return np.broadcast_to(values, (self.market.n_worlds, values.size))

    def _of_home(self, values: FloatArray, without: float) -> FloatArray:
        if self.capacity_kw.size == 0:
            return np.full((self.market.n_worlds, self.constants.n_sites), without)
        return values[:, self.constants.home]

    def _of_all(self, power_kw: FloatArray) -> FloatArray:
        return power_kw.sum(axis=1) / self.total_kw if self.capacity_kw.size else np.zeros(self.market.n_worlds)
