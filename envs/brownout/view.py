"""What the fields of the brownout world are computed from: the outage's view, with retailers and the main grid."""

from functools import cached_property
from typing import Any

import numpy as np

from voltran.envs.blackout.simulation import Simulation
from voltran.envs.blackout.view import BlackoutView, Surroundings
from voltran.envs.brownout.supply import Supply
from voltran.envs.retail.view import RetailView
from voltran.envs.world import FloatArray

AHEAD_H = 2.0


class BrownoutView(BlackoutView):
    """One moment of a batch of brownouts.

    Args:
        world: the world.
        simulation: of the batch.
        surroundings: of its sites.
        supply: what sites import.
        start_hour: time of day at the start of an episode.
    """

    def __init__(
        self, world: Any, simulation: Simulation, surroundings: Surroundings, supply: Supply, start_hour: float
    ) -> None:
        super().__init__(world, simulation, surroundings)
        self._supply, self._start_hour = supply, start_hour

    @cached_property
    def decision(self) -> np.ndarray:
        """Decision periods done, ``[B]``."""
        return self.state.step // self.constants.steps_per_decision

    @cached_property
    def hours(self) -> FloatArray:
        """Time since the outage began, ``[B]``, at the start of the coming period."""
        return np.asarray(self.decision * self.constants.decision_h, np.float64)

    @cached_property
    def retail(self) -> RetailView:
        """What is known of retailers."""
        return RetailView(self._supply.market, self.decision, self._start_hour + self.hours)

    @property
    def main_now(self) -> FloatArray:
        """Share of the coming period in which the main grid supplies the site, ``[B, site]``."""
        decision_h = self.constants.decision_h
        return self._supply.grid.share_on(self.hours, decision_h, decision_h / 4.0)

    @property
    def main_ahead(self) -> FloatArray:
        """Share of the coming two hours in which the main grid supplies the site, ``[B, site]``."""
        return self._supply.grid.share_on(self.hours, AHEAD_H, self.constants.decision_h)

    @property
    def main_price(self) -> FloatArray:
        """Price of the main grid over the price cap, at most 5; ``[B]``."""
        price = min(self._supply.grid.grid.main_price_usd_per_kwh / self.retail.cap, 5.0)
        return np.full(self.decision.shape, price)

    @property
    def paid(self) -> FloatArray:
        """Paid for power in the latest period over the price of 1 kWh at the cap, at most 5; ``[B, site]``."""
        paid_usd = self._supply.market.sales.paid_usd + self._supply.main_paid_usd
        return np.minimum(paid_usd / self.retail.cap, 5.0)
