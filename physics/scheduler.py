"""Sharing a site's bands among its users: band-sequential, priority-weighted water-filling.

Each site maximises ``sum_u w_u log(1 + r_u / D_u)`` with ``r_u <= D_u``, band by band from the widest to the narrowest.
Traffic beyond the site's capacity is then cut by the same rule, over all its users at once. The priority weights make
the minimum rates hold whenever capacity allows.
"""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import FloatArray, Int16Array, IntArray, IntegerArray
from voltran.physics.association import Association
from voltran.physics.compiled import kernel
from voltran.physics.power import HELPING

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

    band_order: IntArray
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

    Source: the optimality conditions of [MSRC] Eq. 27 for one shared resource.

    Args:
        start, room: ``[user]`` what users have, and how much more they may get, in units of the resource.
        slope: ``[user]`` weights, positive, numbers without unit.
        budget: what may be handed out, in units of the resource.

    Returns:
        ``[user]`` what each gets, in units of the resource.
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
def share_band(
    full_rate: FloatArray, users: IntArray, demand: FloatArray, served: FloatArray, weight: FloatArray
) -> FloatArray:
    """Share one band among the users of one site, adding to ``served`` in place.

    Source: [MSRC] Eq. 27 over the shares chi of [MSRC] Eq. 8, which add up to at most 1. Reconstructed: the paper does
    not keep rates within demands, and does not say how it solves for several bands; here they are filled one after the
    other.

    Args:
        full_rate, demand, served: ``[user]`` over all users of the world, Mbit/s.
        weight: ``[user]`` priority weights, numbers without unit.
        users: ``[place]`` users of the site.

    Returns:
        ``[place]`` rates added, Mbit/s.
    """
    added = np.zeros(users.shape[0])
    asking = np.empty(users.shape[0], dtype=np.int64)
    count, needed = 0, 0.0
    for place in range(users.shape[0]):
        user = users[place]
        if full_rate[user] > 0.0 and served[user] < demand[user]:
            asking[count] = place
            count += 1
            needed += (demand[user] - served[user]) / full_rate[user]
    asking = asking[:count]
    # The band is wide enough for all: no water level is needed, and demands are met to the last bit.
    if needed <= 1.0:
        for index in range(count):
            user = users[asking[index]]
            added[asking[index]] = demand[user] - served[user]
            served[user] = demand[user]
        return added
    # Water-filling over shares of the band: w log(1 + r / D) has the slope w in log(D + r), and r = rate * share.
    askers = users[asking]
    rate, missing = full_rate[askers], demand[askers] - served[askers]
    share = fill((demand[askers] + served[askers]) / rate, missing / rate, weight[askers], 1.0)
    for index in range(count):
        user = askers[index]
        more = share[index] * rate[index]
        added[asking[index]] = more
        reached = served[user] + more
        served[user] = demand[user] if reached >= demand[user] * (1.0 - SATISFIED_TOLERANCE) else reached
    return added


@kernel
def keep_within(
    budget_mbps: float,
    added: FloatArray,
    users: IntArray,
    demand: FloatArray,
    served: FloatArray,
    weight: FloatArray,
) -> None:
    """Cut one site's traffic down to its capacity, in place, so that the weights say who loses.

    Source: [MSRC] Eq. 9.

    Args:
        budget_mbps: traffic that the site may carry.
        added: ``[band, place]`` rates given by each band, Mbit/s; each user's shrink alike.
        users: ``[place]`` users of the site.
        demand, served: ``[user]`` over all users of the world, Mbit/s.
        weight: ``[user]`` priority weights, numbers without unit.
    """
    kept = fill(demand[users], served[users], weight[users], budget_mbps)
    for place in range(users.shape[0]):
        user = users[place]
        if served[user] > 0.0:
            added[:, place] *= kept[place] / served[user]
            served[user] = kept[place]


@kernel
def users_by_site(server: Int16Array, n_sites: int) -> tuple[IntArray, IntArray]:
    """Users sorted by serving site; users without a site are left out.

    Source: own.

    Args:
        server: ``[user]`` serving site, -1 for none.
        n_sites: number of sites.

    Returns:
        ``first [site + 1]`` offsets into ``order``, and ``order``, the users one site after the other.
    """
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
def site_capacity_mbps(mode: int, bands: int, parameters: SchedulerParameters) -> float:
    """Most traffic that a site may carry.

    Source: [MSRC] Eq. 9.

    Args:
        mode: cooperation mode 0 to 3.
        bands: bit ``b`` set where band ``b`` is on.
        parameters: constants.

    Returns:
        Mbit/s.
    """
    capacity = 0.0
    for band in range(parameters.capacity_mbps.shape[0]):
        if bands >> band & 1:
            capacity += parameters.capacity_mbps[band]
    if mode == HELPING:
        capacity *= 1.0 - parameters.helping_loss
    return capacity


@kernel
def book_loads(
    site: int,
    bands: int,
    added: FloatArray,
    users: IntArray,
    full_rate: FloatArray,
    resource_use: FloatArray,
    traffic: FloatArray,
) -> None:
    """Enter what one site's bands carry, and the blocks that it takes.

    Source: [MSRC] Eq. 11.

    Args:
        site: which site.
        bands: bit set of its bands that are on.
        added: ``[band, place]`` rates given by each band, Mbit/s.
        users: ``[place]`` users of the site.
        full_rate: ``[band, user]`` over all users of the world, Mbit/s.
        resource_use: ``[site, band]`` changed in place: shares of resource blocks in use.
        traffic: ``[site, band]`` changed in place: Mbit/s carried.
    """
    for band in range(added.shape[0]):
        if bands >> band & 1:
            for place in range(users.shape[0]):
                if added[band, place] > 0.0:
                    resource_use[site, band] += added[band, place] / full_rate[band, users[place]]
            # The shares add up to 1 but for rounding.
            resource_use[site, band] = min(resource_use[site, band], 1.0)
            traffic[site, band] = added[band].sum()


@kernel
def schedule(
    association: Association,
    mode: IntegerArray,
    bands: IntegerArray,
    demand_mbps: FloatArray,
    weight: FloatArray,
    parameters: SchedulerParameters,
) -> Schedule:
    """Share the bands of all sites of one world among their users.

    Source: [MSRC] Eq. 3, [MSRC] Eq. 8, [MSRC] Eq. 9, [MSRC] Eq. 10, [MSRC] Eq. 11, [MSRC] Eq. 27. Reconstructed: users
    are counted where they are served, so that traffic taken over or handed over needs no terms of its own; minimum
    rates are not enforced, the weights make them hold where capacity allows.

    Args:
        association: serving sites and full-band rates.
        mode: ``[site]`` cooperation modes.
        bands: ``[site]`` bit sets of the bands that are on.
        demand_mbps: ``[user]`` Mbit/s, positive.
        weight: ``[user]`` priority weights w_u, numbers without unit.
        parameters: constants.

    Returns:
        ``[user]`` rates in Mbit/s, ``[site, band]`` resource use and traffic in Mbit/s.
    """
    n_sites = mode.shape[0]
    n_bands = parameters.band_order.shape[0]
    served = np.zeros(demand_mbps.shape[0])
    resource_use = np.zeros((n_sites, n_bands))
    traffic = np.zeros((n_sites, n_bands))
    first, order = users_by_site(association.server, n_sites)
    for site in range(n_sites):
        users = order[first[site] : first[site + 1]]
        budget = site_capacity_mbps(mode[site], bands[site], parameters)
        added = np.zeros((n_bands, users.shape[0]))
        for band in parameters.band_order:
            if bands[site] >> band & 1:
                added[band] = share_band(association.rate_mbps[band], users, demand_mbps, served, weight)
        if added.sum() > budget:
            keep_within(budget, added, users, demand_mbps, served, weight)
        book_loads(site, bands[site], added, users, association.rate_mbps, resource_use, traffic)
    return Schedule(served, resource_use, traffic)
