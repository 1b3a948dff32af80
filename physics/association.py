"""Association of users with sites, and the rates that follow.

Received powers are ``[band, site, user]`` in mW, in either precision, as in :mod:`voltran.physics.radio`.
"""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, Int16Array, IntegerArray, RealArray, UInt8Array
from voltran.physics.compiled import kernel
from voltran.physics.ordering import surpasses
from voltran.physics.power import HELPING, SLEEP
from voltran.physics.radio import RadioParameters, link_rate_mbps, total_power_mw


class Candidates(NamedTuple):
    """Links that could serve.

    Attributes:
        counts: ``[user]`` number of sites that can serve each user.
        sites: ``[user, k]`` these, in rising order, for ``k < counts``.
        rates_mbps: ``[user, k]`` what each could give over all its bands.
        band_rates_mbps: ``[user, k, band]`` what each band of theirs could give; zero where it is off.
    """

    counts: Int16Array
    sites: Int16Array
    rates_mbps: FloatArray
    band_rates_mbps: FloatArray


# Keeps a filter in single precision on the safe side of the threshold.
THRESHOLD_SLACK = 0.999


class Association(NamedTuple):
    """Who is served by whom.

    Attributes:
        server: ``[user]`` index of the serving site, -1 where no live site reaches the user.
        rate_mbps: ``[band, user]`` rate from the serving site if the user had the whole band.
    """

    server: Int16Array
    rate_mbps: FloatArray


@kernel
def within_threshold(
    received_mw: RealArray,
    total_mw: RealArray,
    site: int,
    bands: int,
    distance_m: Float32Array,
    radius_m: float,
    sinr_min: float,
) -> UInt8Array:
    """Users within the radius of a site and, on one of its bands, above or just below the threshold.

    A filter without branches, which compilers turn into vector instructions: it rules out nine links of ten.

    Source: [MSRC] Eq. 6.

    Args:
        received_mw: ``[band, site, user]`` power received from each site were it sending, mW.
        total_mw: ``[band, user]`` of :func:`total_power_mw`.
        site: which site.
        bands: bit set of its bands that are on.
        distance_m: ``[site, user]`` metres.
        radius_m: effective radius of the site.
        sinr_min: decoding threshold, a power ratio.

    Returns:
        ``[user]`` 1 where the site may serve the user, else 0.
    """
    n_bands, _, n_users = received_mw.shape
    reached = np.zeros(n_users, dtype=np.uint8)
    ratio = received_mw.dtype.type(sinr_min * THRESHOLD_SLACK)
    for band in range(n_bands):
        if bands >> band & 1:
            signal, total = received_mw[band, site], total_mw[band]
            for user in range(n_users):
                reached[user] |= np.uint8(signal[user] >= ratio * (total[user] - signal[user]))
    distance, radius = distance_m[site], distance_m.dtype.type(radius_m)
    for user in range(n_users):
        reached[user] &= np.uint8(distance[user] <= radius)
    return reached


@kernel
def candidate_rates(
    received_mw: RealArray,
    total_mw: RealArray,
    user_distance_m: Float32Array,
    mode: IntegerArray,
    bands: IntegerArray,
    radius_m: FloatArray,
    alive: BoolArray,
    radio: RadioParameters,
) -> Candidates:
    """Sites that can serve each user, and the rate each could give.

    Source: [MSRC] Eq. 6: within the site's effective radius, and some band above the decoding threshold.

    Args:
        received_mw: ``[band, site, user]`` power received from each site were it sending, mW.
        total_mw: ``[band, user]`` of :func:`total_power_mw`.
        user_distance_m: ``[site, user]`` metres.
        mode: ``[site]`` cooperation modes.
        bands: ``[site]`` bit sets of the bands that are on.
        radius_m: ``[site]`` effective radii, metres.
        alive: ``[site]`` sites in operation.
        radio: constants.

    Returns:
        ``[user, k]`` sites and their rates, Mbit/s.
    """
    n_bands, n_sites, n_users = received_mw.shape
    count = np.zeros(n_users, dtype=np.int16)
    sites = np.empty((n_users, n_sites), dtype=np.int16)
    rates = np.empty((n_users, n_sites))
    band_rates = np.empty((n_users, n_sites, n_bands))
    for site in range(n_sites):
        if not alive[site] or mode[site] == SLEEP:
            continue
        helping = mode[site] == HELPING
        near = within_threshold(
            received_mw, total_mw, site, bands[site], user_distance_m, radius_m[site], radio.sinr_min
        )
        for user in range(n_users):
            if near[user] == 0:
                continue
            rate, place = 0.0, count[user]
            for band in range(n_bands):
                band_rates[user, place, band] = 0.0
                if bands[site] >> band & 1:
                    band_rate = link_rate_mbps(received_mw, total_mw, band, site, user, helping, radio)
                    band_rates[user, place, band] = band_rate
                    rate += band_rate
            if rate > 0.0:
                sites[user, place] = site
                rates[user, place] = rate
                count[user] += 1
    return Candidates(count, sites, rates, band_rates)


@kernel
def choose_servers(
    candidates: Candidates,
    last_server: Int16Array,
    demand_mbps: FloatArray,
    n_sites: int,
    radio: RadioParameters,
) -> Int16Array:
    """Serving sites by greedy rate with load bias.

    Source: x of [MSRC] Section II-C, at most one site per user. Reconstructed: [MSRC] leaves the association to its
    Stage 2 program (27). The first pass takes the largest rate; each further pass lets the users, in order, move to the
    site with the largest ``rate / (1 + load)``, where the load is the share of the site's spectrum that its other users
    ask for. The last site counts ``1 + hysteresis`` times.

    Args:
        candidates: of :func:`candidate_rates`.
        last_server: ``[user]`` last serving site, -1 if never served.
        demand_mbps: ``[user]`` Mbit/s.
        n_sites: number of sites.
        radio: constants.

    Returns:
        ``[user]`` serving site, -1 where there is no candidate.
    """
    count, sites, rates = candidates.counts, candidates.sites, candidates.rates_mbps
    choice = np.full(count.shape[0], -1, dtype=np.int16)
    load = np.zeros(n_sites)
    choosers = np.flatnonzero(count > 0)
    for sweep in range(radio.passes):
        for user in choosers:
            old = choice[user]
            if old >= 0:
                # Its own load shall not keep a user from the site where it is.
                load[sites[user, old]] -= demand_mbps[user] / rates[user, old]
            best = -1
            best_score = 0.0
            for k in range(count[user]):
                site = sites[user, k]
                score = rates[user, k]
                if sweep > 0:
                    score /= 1.0 + load[site]
                if site == last_server[user]:
                    score *= 1.0 + radio.hysteresis
                if surpasses(score, best_score):
                    best, best_score = k, score
            choice[user] = best
            if best >= 0:
                load[sites[user, best]] += demand_mbps[user] / rates[user, best]
        if sweep == 0:
            choosers = np.flatnonzero(count > 1)  # a user with one candidate stays, and its load with it
    for chooser in range(choice.shape[0]):
        if choice[chooser] >= 0:
            choice[chooser] = sites[chooser, choice[chooser]]
    return choice


@kernel
def chosen_rates(candidates: Candidates, server: Int16Array) -> FloatArray:
    """What each band of its serving site, one of its candidates, could give each user; see :func:`server_rates`.

    Source: [MSRC] Eq. 8 with chi = 1.

    Args:
        candidates: of :func:`candidate_rates`.
        server: ``[user]`` of :func:`choose_servers`.

    Returns:
        ``[band, user]`` Mbit/s.
    """
    n_users, _, n_bands = candidates.band_rates_mbps.shape
    rate_mbps = np.zeros((n_bands, n_users))
    for user in range(n_users):
        for k in range(candidates.counts[user]):
            if candidates.sites[user, k] == server[user]:
                for band in range(n_bands):
                    rate_mbps[band, user] = candidates.band_rates_mbps[user, k, band]
    return rate_mbps


@kernel
def server_rates(
    received_mw: RealArray,
    total_mw: RealArray,
    server: Int16Array,
    mode: IntegerArray,
    bands: IntegerArray,
    radio: RadioParameters,
) -> FloatArray:
    """What each band of its serving site could give each user.

    Source: [MSRC] Eq. 8 with chi = 1.

    Args:
        received_mw: ``[band, site, user]`` power received from each site were it sending, mW.
        total_mw: ``[band, user]`` of :func:`total_power_mw`.
        server: ``[user]`` serving site, -1 for none.
        mode: ``[site]`` cooperation modes.
        bands: ``[site]`` bit sets of the bands that are on.
        radio: constants.

    Returns:
        ``[band, user]`` Mbit/s; zero where a band is off, or below the decoding threshold.
    """
    n_bands, _, n_users = received_mw.shape
    rate_mbps = np.zeros((n_bands, n_users))
    for user in range(n_users):
        site = server[user]
        if site < 0:
            continue
        for band in range(n_bands):
            if bands[site] >> band & 1:
                helping = mode[site] == HELPING
                rate_mbps[band, user] = link_rate_mbps(received_mw, total_mw, band, site, user, helping, radio)
    return rate_mbps


@kernel
def associate(
    received_mw: RealArray,
    user_distance_m: Float32Array,
    mode: IntegerArray,
    bands: IntegerArray,
    radius_m: FloatArray,
    alive: BoolArray,
    last_server: Int16Array,
    demand_mbps: FloatArray,
    radio: RadioParameters,
) -> Association:
    """Associate the users of one world with its sites; see :func:`choose_servers`.

    Source: [MSRC] Eq. 6, [MSRC] Eq. 7, [MSRC] Eq. 8.

    Args:
        received_mw: ``[band, site, user]`` power received from each site were it sending, mW.
        user_distance_m: ``[site, user]`` metres.
        mode: ``[site]`` cooperation modes.
        bands: ``[site]`` bit sets of the bands that are on.
        radius_m: ``[site]`` effective radii, metres.
        alive: ``[site]`` sites in operation.
        last_server: ``[user]`` last serving site, -1 if never served.
        demand_mbps: ``[user]`` Mbit/s.
        radio: constants.

    Returns:
        Who serves each ``[user]``, and ``[band, user]`` rates in Mbit/s.
    """
    n_sites = received_mw.shape[1]
    total = total_power_mw(received_mw, mode, bands, alive, radio)
    candidates = candidate_rates(received_mw, total, user_distance_m, mode, bands, radius_m, alive, radio)
    server = choose_servers(candidates, last_server, demand_mbps, n_sites, radio)
    return Association(server, chosen_rates(candidates, server))
