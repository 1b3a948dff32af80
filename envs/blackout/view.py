"""What the fields of the outage world are computed from: each quantity once an observation, if a field asks for it."""

from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np

from voltran.envs.blackout.constants import MODE_NAMES, BlackoutConstants
from voltran.envs.blackout.home_users import HomeView
from voltran.envs.blackout.simulation import Simulation
from voltran.envs.blackout.state import BlackoutState, mean_power_kw
from voltran.envs.observations import View
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.battery import usable_energy_kwh
from voltran.physics.layout import reuse_colours
from voltran.physics.power import ASSISTED, HELPING, SLEEP

LIFETIME_MAX_H = 24.0


class Surroundings:
    """What sites see of each other and never changes.

    Args:
        constants: constants of the scenario.

    Attributes:
        near, rows: ``[site, 6]`` and ``[site, 1]`` indices: ``values[:, near]`` is of neighbours, the nearest first.
        exists: ``[site, 6]`` 1 where there is such a neighbour, else 0.
        distance_m, assistance_potential: ``[site, 6]`` of neighbours; zero where there is none.
        colour: ``[site, 3]`` reuse-3 colour, one-hot.
    """

    def __init__(self, constants: BlackoutConstants) -> None:
        self.near = np.maximum(constants.neighbours, 0)
        self.rows = np.arange(constants.n_sites)[:, None]
        self.exists = (constants.neighbours >= 0).astype(np.float64)
        self.distance_m = constants.distance_m[self.rows, self.near] * self.exists
        self.assistance_potential = constants.assistance_potential[self.near, self.rows] * self.exists
        self.colour = np.eye(3)[reuse_colours(constants.sites_m, constants.inter_site_distance_m)]
        self._all_exist = bool(self.exists.all())

    def only_existing(self, values: FloatArray) -> FloatArray:
        """Quantities ``[B, site, 6, ...]`` of neighbours, with zeros where there is none."""
        if self._all_exist:
            return values
        return values * (self.exists if values.ndim == 3 else self.exists[..., None])


class BlackoutView(View):
    """One moment of a batch of outages; arrays are ``[B, site]`` unless they say otherwise, and not to be written to.

    Args:
        world: the world.
        simulation: of the batch.
        surroundings: of its sites.

    Attributes:
        constants: constants of the scenario.
        state: what changes.
        home: home users per site.
        around: the surroundings.
    """

    def __init__(self, world: Any, simulation: Simulation, surroundings: Surroundings) -> None:
        super().__init__(world)
        self.constants: BlackoutConstants = simulation.constants
        self.state: BlackoutState = simulation.state
        self.home: HomeView = simulation.inhabitants.home_view
        self.around = surroundings
        self._simulation = simulation

    def of_neighbours(self, values: FloatArray) -> FloatArray:
        """A quantity ``[B, site, ...]`` of each site's neighbours, ``[B, site, 6, ...]``; zero where there is none."""
        return self.around.only_existing(values[:, self.around.near])

    # --- the site itself ----------------------------------------------------------------------------------------------

    @cached_property
    def energy_kwh(self) -> FloatArray:
        """Usable energy of batteries."""
        return usable_energy_kwh(self.state.soc, self.constants.battery)

    @cached_property
    def energy_above_mean_kwh(self) -> FloatArray:
        """Usable energy minus the mean of the live sites."""
        mean_kwh = (self.energy_kwh * self.alive).sum(axis=1) / np.maximum(self.alive.sum(axis=1), 1.0)
        return np.asarray(self.energy_kwh - mean_kwh[:, None])

    @cached_property
    def mean_power_kw(self) -> FloatArray:
        """Mean power over the last hour."""
        return mean_power_kw(self.state)

    @cached_property
    def lifetime_h(self) -> FloatArray:
        """Usable energy over mean power, at most a day."""
        return np.minimum(self.energy_kwh / np.maximum(self.mean_power_kw, 1e-3), LIFETIME_MAX_H)

    @cached_property
    def alive(self) -> FloatArray:
        """1 where a site is in operation, else 0."""
        return self.state.alive.astype(np.float64)

    @cached_property
    def mode(self) -> FloatArray:
        """Modes in force, one-hot, ``[B, site, 4]``."""
        return np.asarray(np.eye(len(MODE_NAMES))[self.state.mode])

    @property
    def bands(self) -> FloatArray:
        """1 where a band is in force, else 0, ``[B, site, band]``."""
        return np.asarray(self.state.service.band_bits[..., None] >> np.arange(self.constants.n_bands) & 1)

    @cached_property
    def present(self) -> BoolArray:
        """Vehicles that are parked, ``[B, site, slot]``."""
        return self._simulation.present()

    @cached_property
    def accepting(self) -> BoolArray:
        """Vehicles that are parked and have accepted a price, ``[B, site, slot]``."""
        return self.present & self.state.ev_accepted

    @property
    def vehicles_present(self) -> FloatArray:
        """Number of parked vehicles."""
        return np.asarray(self.present.sum(axis=-1))

    @property
    def vehicles_accepting(self) -> FloatArray:
        """Number of parked vehicles that have accepted a price."""
        return np.asarray(self.accepting.sum(axis=-1))

    @cached_property
    def vehicle_energy_kwh(self) -> FloatArray:
        """Usable energy of vehicles that have accepted a price."""
        return np.asarray((self.state.ev_energy_kwh * self.accepting).sum(axis=-1))

    @property
    def vehicle_energy_present_kwh(self) -> FloatArray:
        """Usable energy of all parked vehicles."""
        return np.asarray((self.state.ev_energy_kwh * self.present).sum(axis=-1))

    @cached_property
    def began(self) -> BoolArray:
        """Worlds ``[B]`` in which time has passed."""
        return np.asarray(self.state.step > 0)

    @property
    def home_critical(self) -> FloatArray:
        """Availability of servable critical home users in the last period; 1 before the first."""
        return self._last_period(self.state.totals.home_critical)

    @property
    def home_service(self) -> FloatArray:
        """Satisfaction of home users in the last period; 1 before the first."""
        return self._last_period(self.state.totals.home_service)

    # --- its neighbours -----------------------------------------------------------------------------------------------

    @property
    def energy_difference_kwh(self) -> FloatArray:
        """Usable energy of neighbours minus the site's, ``[B, site, 6]``."""
        energy = self.energy_kwh
        return self.around.only_existing(energy[:, self.around.near] - energy[..., None])

    @property
    def load(self) -> FloatArray:
        """Mean resource use over all bands."""
        return np.asarray(self.state.service.resource_use.mean(axis=-1))

    # --- the network --------------------------------------------------------------------------------------------------

    @property
    def clock_h(self) -> FloatArray:
        """Time since the outage began, ``[B]``."""
        return np.asarray(self.state.step * self.constants.step_h)

    @property
    def mean_lifetime_h(self) -> FloatArray:
        """Mean lifetime of the sites, ``[B]``."""
        return np.asarray(self.lifetime_h.mean(axis=1))

    @property
    def least_lifetime_h(self) -> FloatArray:
        """Least lifetime of the live sites, ``[B]``; 0 where there are none."""
        least = np.where(self.state.alive, self.lifetime_h, np.inf).min(axis=1)
        return np.where(np.isfinite(least), least, 0.0)

    @property
    def share_alive(self) -> FloatArray:
        """Share of the sites that are in operation, ``[B]``."""
        return np.asarray(self.alive.mean(axis=1))

    @property
    def share_helping(self) -> FloatArray:
        """Share of the sites that help, ``[B]``."""
        return self._share_in(HELPING)

    @property
    def share_assisted(self) -> FloatArray:
        """Share of the sites that are assisted, ``[B]``."""
        return self._share_in(ASSISTED)

    @property
    def share_sleeping(self) -> FloatArray:
        """Share of the sites that sleep, ``[B]``."""
        return self._share_in(SLEEP)

    @property
    def critical(self) -> FloatArray:
        """Availability of servable critical users at the end of the last period, ``[B]``; 1 before the first."""
        return np.where(self.began, self.state.service.critical, 1.0)

    @property
    def satisfaction(self) -> FloatArray:
        """Mean satisfaction at the end of the last period, ``[B]``; 1 before the first."""
        return np.where(self.began, self.state.service.satisfaction, 1.0)

    def _last_period(self, total: FloatArray) -> FloatArray:
        return np.where(self.began[:, None], total / self.constants.steps_per_decision, 1.0)

    def _share_in(self, mode: int) -> FloatArray:
        return np.asarray((self.state.alive & (self.state.mode == mode)).mean(axis=1))


@dataclass(frozen=True)
class OfNeighbours:
    """Computes a quantity of the view, such as ``"world.soc"``, of each site's neighbours."""

    quantity: str

    def __call__(self, view: BlackoutView) -> FloatArray:
        return view.of_neighbours(attrgetter(self.quantity)(view))


@dataclass(frozen=True)
class SharedUsers:
    """Share of home users ``[B, site, 6]`` whose second server is the neighbour, or the other way round.

    Attributes:
        overlap: name of the share in the view's ``home``.
        direction: "backs" for users of the site that the neighbour would serve, "backed" the other way round.
    """

    overlap: str
    direction: str

    def __call__(self, view: BlackoutView) -> FloatArray:
        overlap: FloatArray = getattr(view.home, self.overlap)
        near, rows = view.around.near, view.around.rows
        return view.around.only_existing(
            overlap[:, rows, near] if self.direction == "backs" else overlap[:, near, rows]
        )
