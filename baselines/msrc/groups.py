"""User groups: the users of a world as the planner sees them, and what it costs to serve each group from each site.

Users with the same home and the same second-best site form a group, which splits into two classes: emergency, voice and
essential users together, and best effort. Shares of a group may be served by different sites. Serving a group from a
site is priced as if sites that are stronger there were off and weaker ones on: that is when the site would be used.
Normal and helping sites are priced alike, as helping ones (5 % dearer), so that the price does not depend on the mode.
"""

from typing import NamedTuple

import numpy as np

from voltran.baselines.msrc.options import Options
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.service import BEST_EFFORT, Population
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, IntArray, RealArray
from voltran.physics.association import associate
from voltran.physics.compiled import kernel
from voltran.physics.ordering import falling, first_largest, surpasses
from voltran.physics.power import HELPING, NORMAL, SLEEP
from voltran.physics.radio import RadioParameters, link_rate_mbps

CLASS_GROUPS = 2


class Groups(NamedTuple):
    """Demands (group and class), and flows (a demand served from a site).

    Attributes:
        home: ``[demand]`` home site.
        class_group: ``[demand]`` 0 for emergency, voice and essential, 1 for best effort.
        weight: ``[demand]`` share of all users' priority weight.
        demand: ``[flow]``.
        site: ``[flow]``.
        away: ``[flow]`` True where the site is not the demand's home.
        reach: ``[flow, option]`` share of the demand, by priority weight, that the site could serve if it had no other.
        load: ``[flow, table]`` share of the site's active spectrum that the whole demand would take.
        first_load: ``[flow, table]`` share of the first band's resource blocks that it would ask for.
        power_kw: ``[flow, table]`` power above idle that the whole demand would take.
        traffic_mbps: ``[flow, table]`` traffic of the whole demand.
    """

    home: IntArray
    class_group: IntArray
    weight: FloatArray
    demand: IntArray
    site: IntArray
    away: BoolArray
    reach: FloatArray
    load: FloatArray
    first_load: FloatArray
    power_kw: FloatArray
    traffic_mbps: FloatArray


def user_groups(
    constants: BlackoutConstants,
    users: Population,
    world: int,
    options: Options,
    candidates: int,
    expected_mbps: FloatArray | None = None,
) -> Groups:
    """Group the users of one world.

    Args:
        constants: the scenario's constants.
        users: users of all worlds.
        world: which one.
        options: ways in which sites can operate.
        candidates: sites that may serve one group: its home, its second site, and the others that reach most.
        expected_mbps: ``[user]`` demands that power is counted for; by default the present ones, which all else is
            about.

    Raises:
        ScenarioError: a user whose demand is not a positive number.
    """
    demand_mbps = users.demand_mbps[world]
    _check_demand(demand_mbps)
    received_mw, distance_m = users.received_mw[world], users.distance_m[world]
    home = _home_sites(constants, users, world)
    rate_mbps = reference_rates_mbps(received_mw, home, constants.all_bands, constants.radio)
    reachable = (rate_mbps > 0.0) & (distance_m <= constants.mode_radius_m[HELPING])
    second = _second_sites(rate_mbps, reachable, home)
    pair, group = np.unique(home * (constants.n_sites + 1) + second + 1, return_inverse=True)
    best_effort = (users.service_class[world] == BEST_EFFORT).astype(np.int64)
    cell, demand = np.unique(group * CLASS_GROUPS + best_effort, return_inverse=True)
    pair_home, pair_second = pair // (constants.n_sites + 1), pair % (constants.n_sites + 1) - 1
    servers = _servers(reachable, users.weight[world], group, pair_home, pair_second, candidates)
    flow_of = np.full((cell.size, constants.n_sites), -1)
    flow_of[servers[cell // CLASS_GROUPS]] = np.arange(int(servers[cell // CLASS_GROUPS].sum()))
    weight = np.bincount(demand, users.weight[world])

    def tables_of(asked_mbps: FloatArray) -> FloatArray:
        return flow_tables(
            received_mw, distance_m, home, asked_mbps, users.weight[world], demand, flow_of, options,
            constants.scheduler.band_order, constants.radio,
        )  # fmt: skip

    tables = tables_of(demand_mbps)
    asked_ahead = demand_mbps if expected_mbps is None else expected_mbps
    ahead = tables if np.array_equal(asked_ahead, demand_mbps) else tables_of(asked_ahead)
    flow_demand, flow_site = np.nonzero(flow_of >= 0)
    reach = tables[0] / weight[flow_demand][:, None]
    widest = _widest(options)
    per_share = _inverse(reach[:, widest])
    ahead_per_share = _inverse(ahead[0][:, widest] / weight[flow_demand][:, None])
    return Groups(
        home=pair_home[cell // CLASS_GROUPS],
        class_group=cell % CLASS_GROUPS,
        weight=weight / weight.sum(),
        demand=flow_demand,
        site=flow_site,
        away=flow_site != pair_home[cell // CLASS_GROUPS][flow_demand],
        reach=reach,
        load=tables[1][:, widest] * per_share,
        first_load=tables[2][:, widest] * per_share,
        power_kw=ahead[3][:, widest] * ahead_per_share,
        traffic_mbps=tables[4][:, widest] * per_share,
    )


def _inverse(share: FloatArray) -> FloatArray:
    """One over each share, 0 where there is none."""
    return np.divide(1.0, share, out=np.zeros_like(share), where=share > 0.0)


def _check_demand(demand_mbps: FloatArray) -> None:
    bad = np.flatnonzero(~(np.isfinite(demand_mbps) & (demand_mbps > 0.0)))
    if bad.size:
        raise ScenarioError(
            f"demand of user {bad[0]} = {demand_mbps[bad[0]]} Mbit/s: must be a positive number; "
            "check the traffic fields"
        )


def _widest(options: Options) -> IntArray:
    """``[table]`` the option with the largest radius, by which a table is priced."""
    return np.array(
        [
            first_largest(np.where(options.table == table, options.radius_m, -np.inf))
            for table in range(options.table.max() + 1)
        ]
    )


def _home_sites(constants: BlackoutConstants, users: Population, world: int) -> IntArray:
    """Who serves each user while every site is normal; the best site at any distance for users whom nobody serves."""
    shape = constants.n_sites
    association = associate(
        users.received_mw[world],
        users.distance_m[world],
        np.full(shape, NORMAL),
        np.full(shape, constants.all_bands),
        np.full(shape, constants.mode_radius_m[NORMAL]),
        np.ones(shape, dtype=bool),
        np.full(constants.n_users, -1, dtype=np.int16),
        users.demand_mbps[world],
        constants.radio,
    )
    return np.where(association.server >= 0, association.server, users.home[world]).astype(np.int64)


def _second_sites(rate_mbps: FloatArray, reachable: BoolArray, home: IntArray) -> IntArray:
    """The site with the largest rate besides home, -1 where no other reaches the user."""
    rate = np.where(reachable, rate_mbps, 0.0)
    rate[home, np.arange(home.size)] = 0.0
    return np.where(rate.max(axis=0) > 0.0, first_largest(rate, axis=0), -1)


def _servers(
    reachable: BoolArray,
    weight: FloatArray,
    group: IntArray,
    home: IntArray,
    second: IntArray,
    candidates: int,
) -> BoolArray:
    """``[group, site]`` sites that may serve each group."""
    n_groups, n_sites = home.size, reachable.shape[0]
    reached = np.zeros((n_groups, n_sites))
    for site in range(n_sites):
        reached[:, site] = np.bincount(group, weight * reachable[site], minlength=n_groups)
    priority = reached.copy()
    rows = np.arange(n_groups)
    priority[rows[second >= 0], second[second >= 0]] = np.inf
    priority[rows, home] = np.inf
    order = falling(priority)[:, :candidates]
    servers = np.zeros((n_groups, n_sites), dtype=bool)
    np.put_along_axis(servers, order, True, axis=1)
    servers &= reached > 0.0
    servers[rows, home] = True
    return servers


@kernel
def reference_total_mw(received_mw: RealArray, home: IntArray, site: int, radio: RadioParameters) -> RealArray:
    """Noise and power ``[band, user]`` of a site and of all weaker ones; of every site for the site's home users."""
    n_bands, n_sites, n_users = received_mw.shape
    total = np.empty((n_bands, n_users), dtype=received_mw.dtype)
    for band in range(n_bands):
        total[band, :] = radio.noise_mw[band]
        for other in range(n_sites):
            for user in range(n_users):
                weaker = not surpasses(received_mw[band, other, user], received_mw[band, site, user])
                if weaker or home[user] == site:
                    total[band, user] += received_mw[band, other, user]
    return total


@kernel
def reference_rates_mbps(received_mw: RealArray, home: IntArray, bands: int, radio: RadioParameters) -> FloatArray:
    """Rate ``[site, user]`` over ``bands`` of each helping site, with stronger sites off and weaker ones on."""
    n_bands, n_sites, n_users = received_mw.shape
    rate = np.zeros((n_sites, n_users))
    for site in range(n_sites):
        total = reference_total_mw(received_mw, home, site, radio)
        for band in range(n_bands):
            if bands >> band & 1:
                for user in range(n_users):
                    rate[site, user] += link_rate_mbps(received_mw, total, band, site, user, True, radio)
    return rate


@kernel
def flow_tables(
    received_mw: RealArray,
    distance_m: Float32Array,
    home: IntArray,
    demand_mbps: FloatArray,
    weight: FloatArray,
    demand: IntArray,
    flow_of: IntArray,
    options: Options,
    band_order: IntArray,
    radio: RadioParameters,
) -> FloatArray:
    """Sums over the users that a flow's site reaches, ``[quantity, flow, option]``.

    The quantities are priority weight, load, load of the first band, power in kW and traffic in Mbit/s; see
    :class:`Groups`. A user is served on the first of the option's bands that carries anything, up to what all of them
    could carry.

    Args:
        received_mw: ``[band, site, user]``.
        distance_m: ``[site, user]``.
        home, demand_mbps, weight: ``[user]``.
        demand: ``[user]`` index of the user's demand.
        flow_of: ``[demand, site]`` index of the flow, -1 for none.
        options, band_order, radio: constants.
    """
    n_bands, n_sites, n_users = received_mw.shape
    n_options = options.mode.shape[0]
    tables = np.zeros((5, flow_of.max() + 1, n_options))
    rate = np.zeros(n_bands)
    for site in range(n_sites):
        total = reference_total_mw(received_mw, home, site, radio)
        for option in range(n_options):
            mode, bands = options.mode[option], options.band_bits[option]
            if mode == SLEEP:
                continue
            for user in range(n_users):
                flow = flow_of[demand[user], site]
                if flow < 0 or distance_m[site, user] > options.radius_m[option]:
                    continue
                first, together = -1, 0.0
                for band in band_order:
                    if bands >> band & 1:
                        rate[band] = link_rate_mbps(received_mw, total, band, site, user, mode == HELPING, radio)
                        together += rate[band]
                        if first < 0 and rate[band] > 0.0:
                            first = band
                if first < 0:
                    continue
                served_mbps = min(demand_mbps[user], together)
                blocks = served_mbps / rate[first]
                tables[0, flow, option] += weight[user] * served_mbps / demand_mbps[user]
                tables[1, flow, option] += blocks * radio.bandwidth_mhz[first] / options.spectrum_mhz[option]
                tables[2, flow, option] += blocks if first == options.first_band[option] else 0.0
                tables[3, flow, option] += options.dynamic_kw[first] * blocks + options.traffic_kw[first] * served_mbps
                tables[4, flow, option] += served_mbps
    return tables
