"""What bands carry whose shares among users somebody has decided, in place of the scheduler."""

import numpy as np

from voltran.physics.arrays import FloatArray, Int16Array, IntegerArray
from voltran.physics.compiled import kernel
from voltran.physics.scheduler import (
    Schedule,
    SchedulerParameters,
    book_loads,
    keep_within,
    site_capacity_mbps,
    users_by_site,
)

# Shares come from solvers, which keep limits up to a millionth: what is off by no more is rounding.
SHARE_TOLERANCE = 1e-6


@kernel
def carry(
    server: Int16Array,
    share: FloatArray,
    full_rate: FloatArray,
    mode: IntegerArray,
    bands: IntegerArray,
    demand_mbps: FloatArray,
    weight: FloatArray,
    parameters: SchedulerParameters,
) -> Schedule:
    """Serve the users of one world with given shares of their sites' bands.

    Nobody gets more than the demand: blocks that are not needed stay free. Traffic beyond a site's capacity is cut as
    the scheduler cuts it, by :func:`keep_within`.

    Source: [MSRC] Eq. 8, [MSRC] Eq. 9, [MSRC] Eq. 11. Reconstructed: the paper does not keep rates within demands.

    Args:
        server: ``[user]`` serving site, -1 for none.
        share: ``[band, user]`` chi, shares of the serving site's resource blocks.
        full_rate: ``[band, user]`` rate from the serving site if the user had the whole band, Mbit/s.
        mode: ``[site]`` cooperation modes.
        bands: ``[site]`` bit sets of the bands that are on.
        demand_mbps: ``[user]`` Mbit/s, positive.
        weight: ``[user]`` priority weights, numbers without unit.
        parameters: constants.

    Returns:
        ``[user]`` rates in Mbit/s, ``[site, band]`` resource use and traffic in Mbit/s.
    """
    n_sites, n_bands = mode.shape[0], share.shape[0]
    served = np.zeros(demand_mbps.shape[0])
    resource_use = np.zeros((n_sites, n_bands))
    traffic = np.zeros((n_sites, n_bands))
    first, order = users_by_site(server, n_sites)
    for site in range(n_sites):
        users = order[first[site] : first[site + 1]]
        added = np.zeros((n_bands, users.shape[0]))
        for place in range(users.shape[0]):
            user = users[place]
            for band in range(n_bands):
                added[band, place] = share[band, user] * full_rate[band, user]
            rate, demand = added[:, place].sum(), demand_mbps[user]
            if rate >= demand * (1.0 - SHARE_TOLERANCE):
                added[:, place] *= demand / rate
                rate = demand
            served[user] = rate
        budget = site_capacity_mbps(mode[site], bands[site], parameters)
        if added.sum() > budget * (1.0 + SHARE_TOLERANCE):
            keep_within(budget, added, users, demand_mbps, served, weight)
        book_loads(site, bands[site], added, users, full_rate, resource_use, traffic)
    return Schedule(served, resource_use, traffic)
