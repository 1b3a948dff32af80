"""What the fields of the sharing world are computed from: each quantity once an observation, if a field asks for it."""

from functools import cached_property
from typing import Any

import numpy as np

from voltran.envs.clock import Clock, is_weekend
from voltran.envs.observations import View
from voltran.envs.sharing.constants import SharingConstants
from voltran.envs.sharing.simulation import Simulation
from voltran.envs.sharing.state import SharingState
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.units import HOURS_PER_DAY

NO_PANELS_KW = 1e-9


class SharingView(View, Clock):
    """One moment of a batch of worlds; arrays are ``[B, N]`` of agents unless they say otherwise.

    Args:
        world: the world.
        simulation: of the batch.

    Attributes:
        constants: constants of the scenario.
        state: what changes.
    """

    def __init__(self, world: Any, simulation: Simulation) -> None:
        super().__init__(world)
        self.constants: SharingConstants = simulation.constants
        self.state: SharingState = simulation.state
        self._simulation = simulation
        self._ahead = np.array(self.constants.scenario.forecast.ahead)

    # --- batteries ----------------------------------------------------------------------------------------------------

    @property
    def soc(self) -> FloatArray:
        """State of charge of the shared battery."""
        return self._of_agents(self.state.soc)

    @property
    def health(self) -> FloatArray:
        """State of health of the shared battery."""
        return self._of_agents(self.state.health)

    @property
    def share(self) -> FloatArray:
        """Alpha of all own sites."""
        return self._simulation.agent_share

    # --- demand -------------------------------------------------------------------------------------------------------

    @property
    def demand_before(self) -> FloatArray:
        """Own demand in the latest slot, kW."""
        return self.constants.by_agent(self._simulation.forecast.demand_before_kw())

    @cached_property
    def site_outlook(self) -> FloatArray:
        """Demands expected of sites, kW, ``[B, U, ahead]``."""
        return self._simulation.forecast.demand_at(self._ahead)

    @property
    def demand_outlook(self) -> FloatArray:
        """Own demand expected, kW, ``[B, N, ahead]``."""
        return np.moveaxis(self.constants.by_agent(np.moveaxis(self.site_outlook, 1, -1)), 1, -1)

    @property
    def site_demand(self) -> FloatArray:
        """Demand expected of each own site in the coming slot, kW, ``[B, N, sites]``."""
        coming = self._simulation.forecast.demand_at(np.array([0]))[..., 0]
        return np.where(self.constants.agent_has, coming[:, self.constants.agent_sites], 0.0)

    @property
    def others_requested(self) -> FloatArray:
        """What all others asked of the shared battery in the latest slot, kW."""
        own = self.constants.by_agent(self.state.latest("requested_kw"))
        all_kw = self.constants.by_infrastructure(self.state.latest("requested_kw"))
        return np.maximum(self._of_agents(all_kw) - own, 0.0)

    # --- supply -------------------------------------------------------------------------------------------------------

    @cached_property
    def day_prices(self) -> FloatArray:
        """Prices of the coming day, EUR/kWh, ``[B, day]``."""
        return self._simulation.forecast.price(self.constants.day)

    @property
    def price_outlook(self) -> FloatArray:
        """Prices, EUR/kWh, ``[B, N, ahead]``."""
        prices = self.day_prices[:, self._ahead]
        return np.broadcast_to(prices[:, None, :], (len(prices), self.constants.n_agents, len(self._ahead)))

    @property
    def price_mean(self) -> FloatArray:
        """Mean price of the coming day, EUR/kWh, ``[B]``."""
        return self._simulation.forecast.day_price()

    @property
    def price_rank(self) -> FloatArray:
        """Share of the coming day that is cheaper than the coming slot, ``[B]``."""
        return np.asarray((self.day_prices < self.day_prices[:, :1]).mean(axis=1))

    @property
    def solar_outlook(self) -> FloatArray:
        """Solar power expected, as a share of what panels can give, ``[B, N, ahead]``."""
        solar_kw = self._simulation.forecast.solar_at(self._ahead)
        most_kw = max(self.constants.scenario.solar.capacity_kw, NO_PANELS_KW)
        return np.asarray(solar_kw[:, self.constants.agent_infrastructure] / most_kw)

    @property
    def grid_on(self) -> FloatArray:
        """1 where something can be bought in the coming slot."""
        return self._simulation.can_charge().astype(np.float64)

    @property
    def grid_outlook(self) -> FloatArray:
        """1 where something is expected to be had from the grid, ``[B, N, ahead]``."""
        limit_kw = self._simulation.forecast.grid_limit_kw(self.constants.day)[..., self._ahead]
        return np.asarray(limit_kw > 0.0, np.float64)[:, self.constants.agent_infrastructure]

    # --- time ---------------------------------------------------------------------------------------------------------

    @cached_property
    def hour(self) -> FloatArray:
        """Time of the week ``[B]`` at the start of the coming slot."""
        start_hour = self.constants.scenario.weather.start_hour
        return np.asarray(start_hour + self.state.decision * self.constants.period_h)

    @cached_property
    def clock_angle(self) -> FloatArray:
        """Time of day at the start of the coming slot, ``[B]``."""
        return 2.0 * np.pi * self.hour / HOURS_PER_DAY

    @property
    def is_weekend(self) -> BoolArray:
        """Whether it is Saturday or Sunday, ``[B]``."""
        return is_weekend(self.hour)

    @property
    def time_left(self) -> FloatArray:
        """Slots to the end of the episode, in days, at most one, ``[B]``."""
        left = np.minimum(self.constants.decisions, self.world.max_decisions) - self.state.decision
        return np.asarray(np.clip(left / self.constants.day, 0.0, 1.0))

    def _of_agents(self, of_infrastructures: FloatArray) -> FloatArray:
        return np.asarray(of_infrastructures[:, self.constants.agent_infrastructure])
