"""What the fields of the market world are computed from: each quantity once an observation, if a field asks for it."""

from functools import cached_property
from typing import Any

import numpy as np

from voltran.envs.clock import Clock
from voltran.envs.market.actions import Situation
from voltran.envs.market.constants import MarketConstants
from voltran.envs.market.simulation import Simulation
from voltran.envs.market.state import MarketState
from voltran.envs.observations import View
from voltran.envs.retail.view import RetailView
from voltran.physics.arrays import FloatArray
from voltran.physics.units import HOURS_PER_DAY


class MarketView(View, Clock):
    """One moment of a batch of markets; arrays are ``[B, M]`` of sites unless they say otherwise.

    Args:
        world: the world.
        simulation: of the batch.

    Attributes:
        constants: constants of the scenario.
        state: what changes.
    """

    def __init__(self, world: Any, simulation: Simulation) -> None:
        super().__init__(world)
        self.constants: MarketConstants = simulation.constants
        self.state: MarketState = simulation.state
        self._simulation = simulation

    @cached_property
    def retail(self) -> RetailView:
        """What is known of retailers."""
        return RetailView(self._simulation.market, self.state.decision, self.hour)

    @cached_property
    def hour(self) -> FloatArray:
        """Time of day ``[B]`` at the start of the coming period."""
        start_hour = self.constants.scenario.retail.weather.start_hour
        return np.asarray(start_hour + self.state.decision * self.constants.period_h)

    @cached_property
    def situation(self) -> Situation:
        """Loads and batteries of the coming period."""
        return self._simulation.situation()

    @cached_property
    def outlook(self) -> FloatArray:
        """Load that the usual day promises in 1 h and in 4 h, share of full power, ``[B, M, 2]``."""
        return np.asarray(self._simulation.coming_outlook_kw() / self.constants.fixed_kw[:, None])

    @property
    def load(self) -> FloatArray:
        """Own load in the coming period, share of full power."""
        return np.asarray(self.situation.load_kw / self.constants.fixed_kw)

    @property
    def load_near(self) -> FloatArray:
        """Load that the usual day promises in 1 h, share of full power."""
        return self.outlook[..., 0]

    @property
    def load_far(self) -> FloatArray:
        """Load that the usual day promises in 4 h, share of full power."""
        return self.outlook[..., 1]

    @property
    def full_power_kw(self) -> FloatArray:
        """Full power."""
        return np.broadcast_to(self.constants.fixed_kw, self.state.soc.shape)

    @property
    def has_battery(self) -> FloatArray:
        """1 with a battery, else 0."""
        return np.broadcast_to(self.constants.has_battery, self.state.soc.shape)

    @property
    def charge_room(self) -> FloatArray:
        """Power that the battery can take for the whole period, over full power."""
        return np.asarray(self.situation.charge_room_kw / self.constants.fixed_kw)

    @property
    def discharge_room(self) -> FloatArray:
        """Power that the battery can give for the whole period, over full power."""
        return np.asarray(self.situation.discharge_room_kw / self.constants.fixed_kw)

    @property
    def unserved(self) -> FloatArray:
        """Share of the load that nothing served in the latest period."""
        load_kw, unserved_kw = self.state.latest("load_kw"), self.state.latest("unserved_kw")
        return np.divide(unserved_kw, load_kw, out=np.zeros_like(load_kw), where=load_kw > 0.0)

    @cached_property
    def clock_angle(self) -> FloatArray:
        """Time of day at the start of the coming period, ``[B]``."""
        return 2.0 * np.pi * self.hour / HOURS_PER_DAY
