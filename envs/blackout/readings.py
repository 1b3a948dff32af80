"""What anybody may read of an outage at any moment: sites, their batteries, vehicles and users."""

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.service import Population
from voltran.envs.blackout.simulation import Simulation
from voltran.envs.blackout.state import BlackoutState, mean_power_kw
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.battery import usable_energy_kwh
from voltran.physics.fleet import Fleet


class SiteReadings:
    """What an outage world shows of its state.

    Attributes:
        constants: of the scenario.
    """

    constants: BlackoutConstants
    _simulation: Simulation

    @property
    def alive(self) -> BoolArray:
        """Sites in operation, ``[B, site]``."""
        return self._state.alive.copy()

    @property
    def mode(self) -> NDArray[np.int64]:
        """Modes in force, ``[B, site]``."""
        return self._state.mode.copy()

    @property
    def soc(self) -> FloatArray:
        """States of charge of batteries, ``[B, site]``."""
        return self._state.soc.copy()

    @property
    def usable_kwh(self) -> FloatArray:
        """Energy that batteries can still deliver, ``[B, site]``."""
        return usable_energy_kwh(self._state.soc, self.constants.battery)

    @property
    def vehicle_energy_kwh(self) -> FloatArray:
        """Usable energy of parked vehicles that have accepted, ``[B, site]``."""
        state = self._state
        return np.asarray((state.ev_energy_kwh * (self._simulation.present() & state.ev_accepted)).sum(axis=-1))

    @property
    def parked(self) -> BoolArray:
        """Vehicles that are parked now, ``[B, site, slot]``."""
        return self._simulation.present()

    @property
    def fleet(self) -> Fleet:
        """All vehicles of the episodes, with present energy and acceptance. Not to be written to.

        When they come and leave, and what they ask for, nobody knows who has no hindsight.
        """
        return self._simulation.inhabitants.fleet(self._state.ev_energy_kwh, self._state.ev_accepted)

    @property
    def vehicle_price(self) -> FloatArray:
        """Prices offered to vehicles in the latest physics step, ``[B, site]`` in $/kWh."""
        return self._state.price.copy()

    @property
    def now_s(self) -> FloatArray:
        """Time since the outage began, ``[B]``."""
        return self._simulation.time_s()

    @property
    def mean_power_kw(self) -> FloatArray:
        """Mean power of sites over the last hour, ``[B, site]``."""
        return mean_power_kw(self._state)

    @property
    def power_kw(self) -> FloatArray:
        """Power that sites drew in the latest physics step, ``[B, site]``; zero where they are down."""
        return self._state.service.power_kw.copy()

    @property
    def weighted_service(self) -> FloatArray:
        """Service by priority weight, ``[B]``: the mean of min(1, r / D)."""
        return 1.0 - self._state.service.weighted_loss

    @property
    def users(self) -> Population:
        """Users of all worlds: classes, demands, and the power they receive from every site. Not to be written to."""
        return self._simulation.inhabitants.users

    @property
    def _state(self) -> BlackoutState:
        return self._simulation.state
