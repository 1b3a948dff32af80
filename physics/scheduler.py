"""Sharing a site's bands among its users: band-sequential, priority-weighted water-filling.

Source: [MSRC] Eqs. 9, 10 and 27: each site maximises ``sum_u w_u log(1 + r_u / D_u)`` with ``r_u <= D_u``, band by band
from the widest to the narrowest. The priority weights make the minimum rates of Eq. 10 hold whenever capacity allows.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.physics.compiled import kernel
from voltran.physics.power import HELPING
from voltran.physics.radio import Association, IntArray

FloatArray = NDArray[np.float64]

WATER_LEVEL_ITERATIONS = 200
# A demand short by less than this share is rounding, not a reason to ask the next band for more.
SATISFIED_TOLERANCE = 1e-12


class SchedulerParameters(NamedTuple):
    """Constants of the scheduler.

    Attributes:
        band_order: ``[band]`` bands in the order in which they are filled.
        capacity_mbps: ``[band]`` nominal capacity of a site's band, C^(b) of [MSRC] Eq. 9.
        helping_loss: lambda_loss of [MSRC] Eq. 9.
    """

    band_order: NDArray[np.int64]
    capacity_mbps: FloatArray
    helping_loss: float


class Schedule(NamedTuple):
    """What every user gets and what it costs the sites.

    Attributes:
        rate_mbps: ``[user]`` served rate, at most the demand.
        resource_use: ``[site, band]`` share of resource blocks in use, rho of [MSRC] Eq. 11.
        traffic_mbps: ``[site, band]`` traffic carried, nu of [MSRC] Eq. 11.
    """

    rate_mbps: FloatArray
    resource_use: FloatArray
    traffic_mbps: FloatArray


@kernel
def fill(start: FloatArray, room: FloatArray, slope: FloatArray, budget: float) -> FloatArray:
    """Water-filling: ``x_u = clip(slope_u t - start_u, 0, room_u)`` at the level t where these sum to the budget.

    They maximise ``sum_u slope_u log(start_u + x_u)`` subject to ``sum_u x_u <= budget``, ``0 <= x_u <= room_u``. The
    sum is a piecewise linear, rising function of t, whose root Newton's method finds exactly once the right piece is
    reached; bisection guards it.

    Args:
        start, room, slope: ``[user]``, positive slopes.
        budget: what may be handed out.
    """
    n_users = start.shape[0]
    amount = room.copy()
    if room.sum() <= budget:
        return amount
    low, high = 0.0, 0.0
    for user in range(n_users):
        high = max(high, (start[user] + room[user]) / slope[user])
    level = 0.5 * high
    for _ in range(WATER_LEVEL_ITERATIONS):
        total, rise = 0.0, 0.0
        for user in range(n_users):
            x = slope[user] * level - start[user]
            if x >= room[user]:
                x = room[user]
            elif x > 0.0:
                rise += slope[user]
            else:
                x = 0.0
            amount[user] = x
            total += x
        if abs(total - budget) <= 1e-14 * budget:
            break
        if total > budget:
            high = level
        else:
            low = level
        newton = level - (total - budget) / rise if rise > 0.0 else low
        step_to = newton if low < newton < high else 0.5 * (low + high)
        if step_to == level:
            break
        level = step_to
    return amount


@kernel
def fill_band(
    full_rate: FloatArray, demand: FloatArray, served: FloatArray, weight: FloatArray, traffic_budget: float
) -> tuple[FloatArray, float]:
    """Rates added by one band of one site and the share of its resource blocks used.

    The resource budget is one band; where the traffic budget binds instead, the traffic is water-filled, and scaled
    down should it need more than the band.

    Args:
        full_rate: ``[user]`` rate in Mbit/s with the whole band; positive.
        demand, served: ``[user]`` demand, and rate served by the bands before.
        weight: ``[user]`` priority weights.
        traffic_budget: traffic the site may still carry.
    """
    share = fill((demand + served) / full_rate, (demand - served) / full_rate, weight, 1.0)
    added = share * full_rate
    if added.sum() > traffic_budget:
        added = fill(demand + served, demand - served, weight, max(traffic_budget, 0.0))
        used = (added / full_rate).sum()
        if used > 1.0:
            added = added / used
    return added, min((added / full_rate).sum(), 1.0)


@kernel
def share_band(
    full_rate: FloatArray,
    users: NDArray[np.int64],
    demand: FloatArray,
    served: FloatArray,
    weight: FloatArray,
    traffic_budget: float,
) -> tuple[float, float]:
    """Share one band among the users of one site, adding to ``served`` in place; see :func:`fill_band`.

    Args:
        full_rate, demand, served, weight: ``[user]`` over all users of the world.
        users: users of the site.
        traffic_budget: traffic the site may still carry.

    Returns:
        Share of resource blocks used, and traffic carried.
    """
    asking = np.empty(users.shape[0], dtype=np.int64)
    count, needed, wanted = 0, 0.0, 0.0
    for user in users:
        if full_rate[user] > 0.0 and served[user] < demand[user]:
            asking[count] = user
            count += 1
            needed += (demand[user] - served[user]) / full_rate[user]
            wanted += demand[user] - served[user]
    asking = asking[:count]
    if needed <= 1.0 and wanted <= traffic_budget:
        for user in asking:
            served[user] = demand[user]
        return needed, wanted
    added, used = fill_band(full_rate[asking], demand[asking], served[asking], weight[asking], traffic_budget)
    for index in range(count):
        user = asking[index]
        reached = served[user] + added[index]
        filled = reached >= demand[user] * (1.0 - SATISFIED_TOLERANCE)
        served[user] = demand[user] if filled else reached
    return used, added.sum()


@kernel
def users_by_site(server: NDArray[np.int16], n_sites: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Users sorted by serving site: ``first [site + 1]`` offsets into ``order``; users without a site are left out."""
    first = np.zeros(n_sites + 1, dtype=np.int64)
    for user in range(server.shape[0]):
        if server[user] >= 0:
            first[server[user] + 1] += 1
    for site in range(n_sites):
        first[site + 1] += first[site]
    order = np.empty(first[n_sites], dtype=np.int64)
    place = first[:n_sites].copy()
    for user in range(server.shape[0]):
        site = server[user]
        if site >= 0:
            order[place[site]] = user
            place[site] += 1
    return first, order


@kernel
def schedule(
    association: Association,
    mode: IntArray,
    bands: IntArray,
    demand_mbps: FloatArray,
    weight: FloatArray,
    parameters: SchedulerParameters,
) -> Schedule:
    """Share the bands of all sites of one world among their users.

    Args:
        association: serving sites and full-band rates.
        mode, bands: ``[site]``.
        demand_mbps: ``[user]``, positive.
        weight: ``[user]`` priority weights of [MSRC] Eq. 27.
        parameters: constants.
    """
    n_sites = mode.shape[0]
    n_bands = parameters.band_order.shape[0]
    served = np.zeros(demand_mbps.shape[0])
    resource_use = np.zeros((n_sites, n_bands))
    traffic = np.zeros((n_sites, n_bands))
    first, order = users_by_site(association.server, n_sites)
    for site in range(n_sites):
        users = order[first[site] : first[site + 1]]
        budget = 0.0
        for band in range(n_bands):
            if bands[site] >> band & 1:
                budget += parameters.capacity_mbps[band]
        if mode[site] == HELPING:
            budget *= 1.0 - parameters.helping_loss
        for band in parameters.band_order:
            if bands[site] >> band & 1:
                used, carried = share_band(association.rate_mbps[band], users, demand_mbps, served, weight, budget)
                resource_use[site, band], traffic[site, band] = used, carried
                budget -= carried
    return Schedule(served, resource_use, traffic)
