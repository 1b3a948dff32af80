"""Home users: what an episode's users mean to each site, whoever serves them at the moment."""

from dataclasses import dataclass

import numpy as np

from voltran.envs.blackout.constants import CLASS_NAMES, BlackoutConstants
from voltran.envs.blackout.service import Population
from voltran.physics.arrays import FloatArray
from voltran.physics.power import ASSISTED


@dataclass(frozen=True)
class HomeView:
    """Home users per site; fixed unless users move or demands are redrawn.

    Attributes:
        users, critical, alone, close: ``[B, site]`` home users, critical ones, those of them without a second server,
            and the share of home users within the assisted radius.
        demand_mbps: ``[B, site, class]``.
        overlap: ``[B, site, site]`` share of the first site's home users whose second server is the other.
        overlap_critical: the same for critical users.
    """

    users: FloatArray
    critical: FloatArray
    alone: FloatArray
    close: FloatArray
    demand_mbps: FloatArray
    overlap: FloatArray
    overlap_critical: FloatArray


def blank_home_view(constants: BlackoutConstants, n_worlds: int) -> HomeView:
    """A view with nobody in it."""
    shape = (n_worlds, constants.n_sites)
    square = (*shape, constants.n_sites)
    return HomeView(
        users=np.zeros(shape),
        critical=np.zeros(shape),
        alone=np.zeros(shape),
        close=np.zeros(shape),
        demand_mbps=np.zeros((*shape, len(CLASS_NAMES))),
        overlap=np.zeros(square),
        overlap_critical=np.zeros(square),
    )


def update_home_view(view: HomeView, constants: BlackoutConstants, population: Population, world: int) -> None:
    """Recompute one world's view in place."""
    n_sites = constants.n_sites
    home = population.home[world].astype(np.int64)
    second = population.second[world].astype(np.int64)
    critical = population.service_class[world] < 2
    distance = population.distance_m[world][home, np.arange(home.size)]
    users = np.bincount(home, minlength=n_sites).astype(np.float64)
    n_critical = np.bincount(home, critical, minlength=n_sites)
    close = np.bincount(home, distance <= constants.mode_radius_m[ASSISTED], minlength=n_sites)
    view.users[world], view.critical[world] = users, n_critical
    view.alone[world] = np.bincount(home, critical & (second < 0), minlength=n_sites)
    view.close[world] = close / np.maximum(users, 1.0)
    cell = home * len(CLASS_NAMES) + population.service_class[world]
    demand = np.bincount(cell, population.demand_mbps[world], minlength=n_sites * len(CLASS_NAMES))
    view.demand_mbps[world] = demand.reshape(n_sites, -1)
    backed = second >= 0
    pair = home[backed] * n_sites + second[backed]
    size = n_sites * n_sites
    shared = np.bincount(pair, minlength=size).reshape(n_sites, n_sites)
    shared_critical = np.bincount(pair, critical[backed], minlength=size).reshape(n_sites, n_sites)
    view.overlap[world] = shared / np.maximum(users, 1.0)[:, None]
    view.overlap_critical[world] = shared_critical / np.maximum(n_critical, 1.0)[:, None]
