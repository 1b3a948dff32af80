"""Water-filling by sorted breakpoints, the scheduler built on it, and bounds on the exact optimum."""

import numpy as np
from scipy.optimize import linprog

from tests.physics.reference import bands_on
from voltran.physics.arrays import FloatArray, IntegerArray
from voltran.physics.power import HELPING
from voltran.physics.scheduler import SchedulerParameters


def fill(start: FloatArray, room: FloatArray, slope: FloatArray, budget: float) -> FloatArray:
    """``clip(slope t - start, 0, room)`` at the level t where these sum to the budget, found on the sorted kinks."""
    if room.sum() <= budget:
        return room.copy()
    if budget <= 0.0:
        return np.zeros_like(room)
    kinks = np.sort(np.concatenate([start / slope, (start + room) / slope]))
    totals = np.clip(slope * kinks[:, None] - start, 0.0, room).sum(axis=1)
    right = min(int(np.searchsorted(totals, budget)), kinks.size - 1)
    left = right - 1
    share = (budget - totals[left]) / (totals[right] - totals[left])
    level = kinks[left] + share * (kinks[right] - kinks[left])
    return np.asarray(np.clip(slope * level - start, 0.0, room))


def site_capacity_mbps(mode: IntegerArray, bands: IntegerArray, parameters: SchedulerParameters) -> FloatArray:
    """Largest traffic ``[site]``. Source: [MSRC] Eq. 9."""
    on = bands_on(bands, parameters.capacity_mbps.size)
    kept = np.where(mode == HELPING, 1.0 - parameters.helping_loss, 1.0)
    return np.asarray((on * parameters.capacity_mbps[:, None]).sum(axis=0) * kept)


def shared_bands(full_rate_mbps: FloatArray, demand_mbps: FloatArray, weight: FloatArray) -> FloatArray:
    """Rates ``[band, user]`` of one site's bands, filled in the order given, each up to its resource blocks."""
    added = np.zeros_like(full_rate_mbps)
    for band, rate in enumerate(full_rate_mbps):
        got = added.sum(axis=0)
        u = np.flatnonzero((rate > 0.0) & (got < demand_mbps))
        start, room = (demand_mbps[u] + got[u]) / rate[u], (demand_mbps[u] - got[u]) / rate[u]
        added[band, u] = rate[u] * fill(start, room, weight[u], 1.0)
    return added


def kept_shares(served_mbps: FloatArray, demand_mbps: FloatArray, weight: FloatArray, capacity: float) -> FloatArray:
    """Share ``[user]`` of what users get that a site may carry. Source: [MSRC] Eq. 9."""
    kept = fill(demand_mbps, served_mbps, weight, capacity)
    return np.divide(kept, served_mbps, out=np.zeros_like(kept), where=served_mbps > 0.0)


def schedule(
    server: IntegerArray,
    rate_mbps: FloatArray,
    mode: IntegerArray,
    bands: IntegerArray,
    demand_mbps: FloatArray,
    weight: FloatArray,
    parameters: SchedulerParameters,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Served rates ``[user]``, resource use and traffic ``[site, band]``: bands first, then the site's capacity."""
    carried = np.zeros_like(rate_mbps)
    on = bands_on(bands, parameters.capacity_mbps.size)
    for site, capacity in enumerate(site_capacity_mbps(mode, bands, parameters)):
        u = np.flatnonzero(server == site)
        order = [band for band in parameters.band_order if on[band, site]]
        added = shared_bands(rate_mbps[np.ix_(order, u)], demand_mbps[u], weight[u])
        carried[np.ix_(order, u)] = added * kept_shares(added.sum(axis=0), demand_mbps[u], weight[u], capacity)
    blocks = np.divide(carried, rate_mbps, out=np.zeros_like(carried), where=rate_mbps > 0.0)
    at_site = server == np.arange(mode.size)[:, None]
    return np.minimum(carried.sum(axis=0), demand_mbps), at_site @ blocks.T, at_site @ carried.T


def utility(rate_mbps: FloatArray, demand_mbps: FloatArray, weight: FloatArray) -> float:
    """Objective of [MSRC] Eq. 27."""
    return float((weight * np.log1p(rate_mbps / demand_mbps)).sum())


def utility_bound(
    full_rate_mbps: FloatArray, demand_mbps: FloatArray, weight: FloatArray, capacity_mbps: float, tangents: int = 40
) -> float:
    """Upper bound of the utility of one site: the linear program over tangents of the logarithm.

    Variables are the shares ``x [band, user]`` and ``z [user] <= log(1 + r / D)``; with 40 tangents the bound lies
    less than 1e-4 above the optimum, relative to the sum of weights.

    Args:
        full_rate_mbps: ``[band, user]`` rate with the whole band, for bands that are on.
        demand_mbps, weight: ``[user]``.
        capacity_mbps: largest traffic of the site.
        tangents: points in [0, 1] of r / D at which tangents are taken.
    """
    n_bands, n_users = full_rate_mbps.shape
    satisfaction = full_rate_mbps / demand_mbps
    per_user = np.hstack([np.diag(row) for row in satisfaction])
    one_band = np.kron(np.eye(n_bands), np.ones(n_users))
    traffic = full_rate_mbps.reshape(1, -1)
    blank: FloatArray = np.zeros((n_users, n_users))
    rows = [np.hstack([per_user, blank]), np.hstack([one_band, np.zeros((n_bands, n_users))])]
    rows.append(np.hstack([traffic, np.zeros((1, n_users))]))
    limits = [np.ones(n_users), np.ones(n_bands), np.array([capacity_mbps])]
    for point in np.linspace(0.0, 1.0, tangents):
        rows.append(np.hstack([-per_user / (1.0 + point), np.eye(n_users)]))
        limits.append(np.full(n_users, np.log1p(point) - point / (1.0 + point)))
    gain = np.concatenate([np.zeros(n_bands * n_users), -weight])
    solution = linprog(gain, A_ub=np.vstack(rows), b_ub=np.concatenate(limits), bounds=(0.0, None), method="highs")
    assert solution.fun is not None, solution.message
    return -float(solution.fun)
