"""What a base-station agent sees: a documented, fixed-size vector of scaled floats per site.

The vector has three parts: the site itself, its six nearest neighbours, and the network. ``observation_fields`` is the
table that the documentation shows; it does not depend on the number of sites, so a policy moves between networks.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.constants import CLASS_NAMES, MODE_NAMES, NEIGHBOURS, BlackoutConstants
from voltran.envs.blackout.home_users import HomeView
from voltran.envs.blackout.state import BlackoutState, mean_power_kw
from voltran.physics.battery import usable_energy_kwh
from voltran.physics.layout import reuse_colours
from voltran.physics.power import ASSISTED, HELPING, SLEEP

OBSERVATION_VERSION = "blackout-observation-2"

FloatArray = NDArray[np.float64]
Part = Literal["site", "neighbour", "network"]
LIFETIME_MAX_H = 24.0


@dataclass(frozen=True)
class Field:
    """One row of the observation table: the value in ``unit`` is divided by ``scale`` and clipped to [low, high]."""

    part: Part
    name: str
    size: int
    unit: str
    scale: float
    low: float
    high: float
    meaning: str


def observation_fields(n_bands: int) -> tuple[Field, ...]:
    """The observation table for a number of bands, in the order of the vector."""
    site: Part = "site"
    near: Part = "neighbour"
    network: Part = "network"
    modes, classes = len(MODE_NAMES), len(CLASS_NAMES)
    return (
        Field(site, "soc", 1, "share", 1, 0, 1, "state of charge"),
        Field(site, "energy", 1, "kWh", 12, 0, 2, "usable battery energy"),
        Field(site, "energy_above_mean", 1, "kWh", 12, -1, 1, "usable energy minus the mean of the live sites"),
        Field(site, "power", 1, "kW", 10, 0, 2, "site power now"),
        Field(site, "mean_power", 1, "kW", 10, 0, 2, "mean site power over the last hour"),
        Field(site, "lifetime", 1, "h", 6, 0, 4, "usable energy over mean power, at most 24 h"),
        Field(site, "alive", 1, "flag", 1, 0, 1, "the site is in operation"),
        Field(site, "mode", modes, "one-hot", 1, 0, 1, "mode in force: normal, helping, assisted, sleep"),
        Field(site, "bands", n_bands, "flags", 1, 0, 1, "bands in force"),
        Field(site, "home_demand", classes, "Mbit/s", 100, 0, 5, "demand of home users per class"),
        Field(site, "resource_use", n_bands, "share", 1, 0, 1, "resource blocks in use per band"),
        Field(site, "critical_users", 1, "users", 20, 0, 5, "emergency and voice users whose home this is"),
        Field(site, "critical_users_alone", 1, "users", 5, 0, 5, "of these, those without a second server"),
        Field(site, "users_close", 1, "share", 1, 0, 1, "home users within the assisted radius"),
        Field(site, "vehicles_present", 1, "vehicles", 4, 0, 5, "parked vehicles"),
        Field(site, "vehicles_accepting", 1, "vehicles", 4, 0, 5, "parked vehicles that have accepted a price"),
        Field(site, "vehicle_power", 1, "kW", 7, 0, 2, "power that accepting vehicles can give"),
        Field(site, "vehicle_energy", 1, "kWh", 30, 0, 5, "usable energy of accepting vehicles"),
        Field(site, "vehicle_energy_present", 1, "kWh", 30, 0, 5, "usable energy of all parked vehicles"),
        Field(site, "price", 1, "$/kWh", 1.5, 0, 2, "price offered to vehicles"),
        Field(site, "switches", 1, "count", 20, 0, 5, "mode changes so far"),
        Field(site, "home_critical", 1, "share", 1, 0, 1, "availability of servable critical home users, last period"),
        Field(site, "home_service", 1, "share", 1, 0, 1, "satisfaction of home users, last period"),
        Field(site, "reuse_colour", 3, "one-hot", 1, 0, 1, "reuse-3 colour of the site; neighbours differ"),
        Field(near, "exists", 1, "flag", 1, 0, 1, "there is such a neighbour; else all zero"),
        Field(near, "energy_difference", 1, "kWh", 12, -2, 2, "its usable energy minus the site's"),
        Field(near, "alive", 1, "flag", 1, 0, 1, "it is in operation"),
        Field(near, "mode", modes, "one-hot", 1, 0, 1, "its mode in force"),
        Field(near, "load", 1, "share", 1, 0, 1, "its mean resource use over all bands"),
        Field(near, "power", 1, "kW", 10, 0, 2, "its power now"),
        Field(near, "vehicle_energy", 1, "kWh", 30, 0, 5, "usable energy of its accepting vehicles"),
        Field(near, "distance", 1, "m", 1000, 0, 5, "distance"),
        Field(near, "assistance_potential", 1, "share", 1, 0, 1, "its assistance potential for the site, [MSRC] Eq. 1"),
        Field(near, "backs_users", 1, "share", 1, 0, 1, "home users of the site whose second server it is"),
        Field(near, "backs_critical", 1, "share", 1, 0, 1, "critical home users of the site whose second server it is"),
        Field(near, "backed_users", 1, "share", 1, 0, 1, "its home users whose second server the site is"),
        Field(near, "backed_critical", 1, "share", 1, 0, 1, "its critical home users whose second server the site is"),
        Field(network, "clock", 1, "h", 5, 0, 5, "time since the outage began"),
        Field(network, "mean_lifetime", 1, "h", 6, 0, 4, "mean lifetime of the sites"),
        Field(network, "least_lifetime", 1, "h", 6, 0, 4, "least lifetime of the live sites"),
        Field(network, "alive", 1, "share", 1, 0, 1, "sites in operation"),
        Field(network, "helping", 1, "share", 1, 0, 1, "sites helping"),
        Field(network, "assisted", 1, "share", 1, 0, 1, "sites assisted"),
        Field(network, "sleeping", 1, "share", 1, 0, 1, "sites asleep"),
        Field(
            network,
            "critical",
            1,
            "share",
            1,
            0,
            1,
            "availability of servable critical users at the end of the last period",
        ),
        Field(network, "service", 1, "share", 1, 0, 1, "mean satisfaction at the end of the last period"),
    )


class Observer:
    """Builds observations and the global state vector of one scenario."""

    def __init__(self, constants: BlackoutConstants) -> None:
        self.constants = constants
        self.fields = observation_fields(constants.n_bands)
        own, near, network = (self._of_part(part) for part in ("site", "neighbour", "network"))
        observed = own + near * NEIGHBOURS + network
        self.low, self.high, self._scale = _limits(observed)
        self.state_low, self.state_high, self._state_scale = _limits(own * constants.n_sites + network)
        self._own_names = [field.name for field in own]
        self._neighbour = np.maximum(constants.neighbours, 0)
        self._exists = (constants.neighbours >= 0).astype(np.float64)
        self._rows = np.arange(constants.n_sites)[:, None]
        self._colour = np.eye(3)[reuse_colours(constants.sites_m, constants.inter_site_distance_m)]

    def observations(self, state: BlackoutState, view: HomeView, present: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Observations ``[B, site, F]``; ``present [B, site, slot]`` says which vehicles are parked."""
        own = self._own(state, view, present)
        n_worlds, n_sites = state.soc.shape
        network = np.repeat(self._network(state, own)[:, None, :], n_sites, axis=1)
        near = self._near(state, view, own).reshape(n_worlds, n_sites, -1)
        vector = np.concatenate([self._own_vector(own), near, network], axis=-1)
        return _scaled(vector, self._scale, self.low, self.high)

    def state(self, state: BlackoutState, view: HomeView, present: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Global state ``[B, S]``: every site's own part, then the network's."""
        own = self._own(state, view, present)
        sites = self._own_vector(own).reshape(state.soc.shape[0], -1)
        vector = np.concatenate([sites, self._network(state, own)], axis=-1)
        return _scaled(vector, self._state_scale, self.state_low, self.state_high)

    def _of_part(self, part: Part) -> list[Field]:
        return [field for field in self.fields if field.part == part]

    def _own(self, state: BlackoutState, view: HomeView, present: NDArray[np.bool_]) -> dict[str, FloatArray]:
        constants, service = self.constants, state.service
        energy = usable_energy_kwh(state.soc, constants.battery)
        mean_power = mean_power_kw(state)
        alive = state.alive.astype(np.float64)
        mean_energy = (energy * alive).sum(axis=1) / np.maximum(alive.sum(axis=1), 1.0)
        accepting = present & state.ev_accepted
        steps = constants.steps_per_decision
        began = (state.step > 0)[:, None]
        return {
            "soc": state.soc,
            "energy": energy,
            "energy_above_mean": energy - mean_energy[:, None],
            "power": service.power_kw,
            "mean_power": mean_power,
            "lifetime": np.minimum(energy / np.maximum(mean_power, 1e-3), LIFETIME_MAX_H),
            "alive": alive,
            "mode": np.eye(len(MODE_NAMES))[state.mode],
            "bands": (state.band_bits[..., None] >> np.arange(constants.n_bands) & 1).astype(np.float64),
            "home_demand": view.demand_mbps,
            "resource_use": service.resource_use,
            "critical_users": view.critical,
            "critical_users_alone": view.alone,
            "users_close": view.close,
            "vehicles_present": present.sum(axis=-1),
            "vehicles_accepting": accepting.sum(axis=-1),
            "vehicle_power": state.offered_kw,
            "vehicle_energy": (state.ev_energy_kwh * accepting).sum(axis=-1),
            "vehicle_energy_present": (state.ev_energy_kwh * present).sum(axis=-1),
            "price": state.price,
            "switches": state.switches,
            "home_critical": np.where(began, state.totals.home_critical / steps, 1.0),
            "home_service": np.where(began, state.totals.home_service / steps, 1.0),
            "reuse_colour": np.broadcast_to(self._colour, (*state.soc.shape, 3)),
        }

    def _own_vector(self, own: dict[str, FloatArray]) -> FloatArray:
        columns = (own[name] for name in self._own_names)
        return np.concatenate([column if column.ndim == 3 else column[..., None] for column in columns], axis=-1)

    def _near(self, state: BlackoutState, view: HomeView, own: dict[str, FloatArray]) -> FloatArray:
        """Neighbour part ``[B, site, 6, F]``, zero where there is no neighbour."""
        near, rows, constants = self._neighbour, self._rows, self.constants
        shape = (*state.soc.shape, NEIGHBOURS)
        columns = [
            np.broadcast_to(self._exists, shape),
            own["energy"][:, near] - own["energy"][..., None],
            own["alive"][:, near],
            *np.moveaxis(own["mode"][:, near], -1, 0),
            own["resource_use"].mean(axis=-1)[:, near],
            own["power"][:, near],
            own["vehicle_energy"][:, near],
            np.broadcast_to(constants.distance_m[rows, near], shape),
            np.broadcast_to(constants.assistance_potential[near, rows], shape),
            view.overlap[:, rows, near],
            view.overlap_critical[:, rows, near],
            view.overlap[:, near, rows],
            view.overlap_critical[:, near, rows],
        ]
        return np.stack(columns, axis=-1) * self._exists[..., None]

    def _network(self, state: BlackoutState, own: dict[str, FloatArray]) -> FloatArray:
        """Network part ``[B, F]``."""
        hours = state.step * self.constants.step_h
        began = state.step > 0
        least = np.where(state.alive, own["lifetime"], np.inf).min(axis=1)
        shares = [(state.alive & (state.mode == mode)).mean(axis=1) for mode in (HELPING, ASSISTED, SLEEP)]
        columns = [
            hours,
            own["lifetime"].mean(axis=1),
            np.where(np.isfinite(least), least, 0.0),
            own["alive"].mean(axis=1),
            *shares,
            np.where(began, state.service.critical, 1.0),
            np.where(began, state.service.satisfaction, 1.0),
        ]
        return np.stack(columns, axis=-1)


def _limits(fields: list[Field]) -> tuple[NDArray[np.float32], NDArray[np.float32], FloatArray]:
    """Low and high bounds and scales of a vector made of these fields."""
    sizes = [field.size for field in fields]
    low, high, scale = (
        np.repeat([float(getattr(field, name)) for field in fields], sizes) for name in ("low", "high", "scale")
    )
    return low.astype(np.float32), high.astype(np.float32), scale


def _scaled(
    vector: FloatArray, scale: FloatArray, low: NDArray[np.float32], high: NDArray[np.float32]
) -> NDArray[np.float32]:
    return np.asarray(np.clip((vector / scale).astype(np.float32), low, high))
