"""User clusters of the outage: the clients that TriMSM matches with sites, and the air they take from each site.

Users with the same home, the same second-best site and the same kind of service (emergency, voice and essential
together, which have service level agreements; or best effort) form a cluster.
"""

from typing import NamedTuple

import numpy as np

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.service import BEST_EFFORT, Population
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, IntArray, RealArray
from voltran.physics.compiled import kernel
from voltran.physics.ordering import falling
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP
from voltran.physics.radio import RadioParameters, link_rate_mbps, total_power_mw
from voltran.physics.units import linear_to_db

# Modes in which a site serves anybody; their numbers index the tables below.
SERVING_MODES = 3


class Clusters(NamedTuple):
    """The clusters of one world.

    Attributes:
        of_user: ``[user]`` index of the user's cluster.
        home: ``[cluster]`` home site.
        best_effort: ``[cluster]`` 1 for best effort, 0 for users with service level agreements.
        share: ``[cluster]`` share of all users' weighted demand (class weight times Mbit/s).
        user_share: ``[user]`` the same for each user.
        flow: ``[cluster, site]`` index of the pair in tables of flows, -1 where the site may not serve the cluster.
    """

    of_user: IntArray
    home: IntArray
    best_effort: IntArray
    share: FloatArray
    user_share: FloatArray
    flow: IntArray


def user_clusters(constants: BlackoutConstants, users: Population, world: int, candidates: int) -> Clusters:
    """Cluster the users of one world.

    Args:
        constants: the scenario's constants.
        users: users of all worlds of the batch.
        world: which one.
        candidates: sites that may serve a cluster: those that its users hear best, within a helper's radius.
    """
    home, second = users.home[world].astype(np.int64), users.second[world].astype(np.int64)
    best_effort = (users.service_class[world] == BEST_EFFORT).astype(np.int64)
    key = (home * (constants.n_sites + 1) + second + 1) * 2 + best_effort
    kinds, of_user = np.unique(key, return_inverse=True)
    weighted = users.weight[world] * users.demand_mbps[world]
    user_share = weighted / weighted.sum()
    servers = _servers(constants, users, world, of_user, candidates)
    flow = np.full(servers.shape, -1)
    flow[servers] = np.arange(int(servers.sum()))
    return Clusters(
        of_user=of_user.astype(np.int64),
        home=kinds // 2 // (constants.n_sites + 1),
        best_effort=kinds % 2,
        share=np.asarray(np.bincount(of_user, user_share, kinds.size), dtype=np.float64),
        user_share=user_share,
        flow=flow,
    )


def _servers(
    constants: BlackoutConstants, users: Population, world: int, of_user: IntArray, candidates: int
) -> BoolArray:
    """``[cluster, site]`` who may serve whom."""
    near = users.distance_m[world] <= max(constants.mode_radius_m[HELPING], constants.mode_radius_m[NORMAL])
    heard_db = np.where(near, linear_to_db(users.received_mw[world, constants.lowest_band]), -np.inf)
    n_clusters = int(of_user.max()) + 1
    strongest = np.full((n_clusters, constants.n_sites), -np.inf)
    for site in range(constants.n_sites):
        np.maximum.at(strongest[:, site], of_user, heard_db[site])
    order = falling(strongest)[:, :candidates]
    servers = np.zeros(strongest.shape, dtype=bool)
    np.put_along_axis(servers, order, True, axis=1)
    return np.asarray(servers & np.isfinite(strongest))


@kernel
def cluster_tables(
    received_mw: RealArray,
    distance_m: Float32Array,
    demand_mbps: FloatArray,
    awake: BoolArray,
    clusters: Clusters,
    mode_radius_m: FloatArray,
    radio: RadioParameters,
) -> FloatArray:
    """What serving each cluster from each site takes while the sites in ``awake`` send on all bands.

    A site that is not awake is priced as if it were to wake up alone. Users are told apart by which bands of the site
    reach them: entry ``p`` of the axis ``reach`` stands for the users whom just the bands in the bit set ``p`` reach.

    Args:
        received_mw: ``[band, site, user]``.
        distance_m: ``[site, user]``.
        demand_mbps: ``[user]``.
        awake: ``[site]`` sites that interfere.
        clusters: the users.
        mode_radius_m: ``[mode]`` radius of each mode.
        radio: constants.

    Returns:
        ``[flow, mode, reach, quantity]``: for each band the share of its resource blocks that serves the users fully,
        then their demand in Mbit/s, then their share of all users' weighted demand, and that share
        times the rate over all bands.
    """
    n_bands, n_sites, n_users = received_mw.shape
    n_flows, n_sets = clusters.flow.max() + 1, 1 << n_bands
    table = np.zeros((n_flows, SERVING_MODES, n_sets, n_bands + 3))
    mode = np.where(awake, NORMAL, SLEEP)
    every_band = np.full(n_sites, n_sets - 1)
    total = total_power_mw(received_mw, mode, every_band, awake, radio)
    widest = max(mode_radius_m[NORMAL], mode_radius_m[HELPING])
    rate, helping_rate = np.zeros(n_bands), np.zeros(n_bands)
    own_total = total.copy()
    for site in range(n_sites):
        own_total[:] = total
        if not awake[site]:
            own_total += received_mw[:, site, :]
        for user in range(n_users):
            flow = clusters.flow[clusters.of_user[user], site]
            if flow < 0 or distance_m[site, user] > widest:
                continue
            reach = 0
            for band in range(n_bands):
                rate[band] = link_rate_mbps(received_mw, own_total, band, site, user, False, radio)
                if rate[band] > 0.0:
                    reach |= 1 << band
                    helping_rate[band] = link_rate_mbps(received_mw, own_total, band, site, user, True, radio)
            if reach == 0:
                continue
            for served_mode in (NORMAL, HELPING, ASSISTED):
                if distance_m[site, user] > mode_radius_m[served_mode]:
                    continue
                row = table[flow, served_mode, reach]
                row[n_bands] += demand_mbps[user]
                row[n_bands + 1] += clusters.user_share[user]
                row[n_bands + 2] += clusters.user_share[user] * rate.sum()
                for band in range(n_bands):
                    if reach >> band & 1:
                        row[band] += demand_mbps[user] / (helping_rate[band] if served_mode == HELPING else rate[band])
    return table
