"""3GPP TR 38.901 urban macro (UMa) propagation: line of sight, path loss, loss into buildings.

Frequencies in GHz inside the formulas, as in the report; heights and distances in metres; losses in dB.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.compiled import kernel

SPEED_OF_LIGHT_M_PER_S = 3.0e8
ENVIRONMENT_HEIGHT_M = 1.0
MINIMUM_DISTANCE_M = 10.0
LARGEST_RADIUS_M = 1e6
SHADOW_LINE_OF_SIGHT_DB = 4.0
SHADOW_NO_LINE_OF_SIGHT_DB = 6.0
INDOOR_DEPTH_MAX_M = 25.0
INDOOR_SPREAD_DB = 4.4
INDOOR_LOSS_DB_PER_M = 0.5
NEPERS_PER_DB = math.log(10.0) / 10.0


def line_of_sight_probability(distance_m: FloatArray) -> FloatArray:
    """Probability of line of sight for a user at street level.

    Source: TR 38.901 Table 7.4.2-1 (UMa, h_UT <= 13 m).

    Args:
        distance_m: ground distances, metres, any shape.

    Returns:
        Shares in [0, 1], same shape.
    """
    d = np.maximum(distance_m, 1e-9)
    far = 18.0 / d + np.exp(-d / 63.0) * (1.0 - 18.0 / d)
    return np.asarray(np.where(d <= 18.0, 1.0, far))


class PathLoss(NamedTuple):
    """Path loss of one carrier as piecewise linear functions of ``log10`` of the slant distance.

    Attributes:
        height_m: of the site above the user.
        breakpoint_m: ground distance beyond which loss in sight grows faster.
        near_db, far_db: loss in sight at a slant distance of 1 m, before and beyond the breakpoint.
        blocked_db: the same out of sight.
    """

    height_m: float
    breakpoint_m: float
    near_db: float
    far_db: float
    blocked_db: float


@kernel
def path_loss_of(frequency_ghz: float, site_height_m: float, user_height_m: float) -> PathLoss:
    """Constants of path loss for one carrier and one pair of heights.

    Source: TR 38.901 Table 7.4.1-1 (UMa).

    Args:
        frequency_ghz: carrier frequency.
        site_height_m, user_height_m: heights of the antennas.

    Returns:
        Losses in dB, see :class:`PathLoss`.
    """
    height = site_height_m - user_height_m
    effective = (site_height_m - ENVIRONMENT_HEIGHT_M) * (user_height_m - ENVIRONMENT_HEIGHT_M)
    breakpoint_m = 4.0 * effective * frequency_ghz * 1e9 / SPEED_OF_LIGHT_M_PER_S
    carrier = 20.0 * math.log10(frequency_ghz)
    far = 28.0 + carrier - 9.0 * math.log10(breakpoint_m**2 + height**2)
    return PathLoss(height, breakpoint_m, 28.0 + carrier, far, 13.54 + carrier - 0.6 * (user_height_m - 1.5))


@kernel
def link_loss_db(ground_m: float, log_slant: float, sight: bool, loss: PathLoss) -> float:
    """Median outdoor loss of one link.

    Source: TR 38.901 Table 7.4.1-1 (UMa); out of sight the larger of two losses, as there.

    Args:
        ground_m: ground distance.
        log_slant: ``log10`` of the slant distance in metres, a number without unit.
        sight: whether there is line of sight.
        loss: of the carrier.

    Returns:
        dB.
    """
    in_sight = loss.near_db + 22.0 * log_slant if ground_m <= loss.breakpoint_m else loss.far_db + 40.0 * log_slant
    return in_sight if sight else max(in_sight, loss.blocked_db + 39.08 * log_slant)


@kernel
def path_loss_db(
    distance_m: FloatArray,
    frequency_ghz: float,
    line_of_sight: BoolArray,
    site_height_m: float,
    user_height_m: float,
) -> FloatArray:
    """Median outdoor path loss.

    Source: TR 38.901 Table 7.4.1-1 (UMa).

    Args:
        distance_m: ground distances, metres, any shape; below 10 m they count as 10 m (the model's limit).
        frequency_ghz: carrier frequency.
        line_of_sight: state per distance, same shape.
        site_height_m: antenna height of the site.
        user_height_m: antenna height of the user.

    Returns:
        Loss in dB, shape of ``distance_m``.
    """
    carrier = path_loss_of(frequency_ghz, site_height_m, user_height_m)
    ground, sight = distance_m.ravel(), line_of_sight.ravel()
    loss = np.empty(ground.size)
    for index in range(ground.size):
        metres = max(ground[index], MINIMUM_DISTANCE_M)
        log_slant = 0.5 * math.log10(metres * metres + carrier.height_m**2)
        loss[index] = link_loss_db(metres, log_slant, sight[index], carrier)
    return loss.reshape(distance_m.shape)


@kernel
def received_power_mw(
    distance_m: FloatArray,
    line_of_sight: BoolArray,
    shadowing_normal: FloatArray,
    building_db: FloatArray,
    transmit_dbm: FloatArray,
    frequencies_ghz: FloatArray,
    site_height_m: float,
    user_height_m: float,
) -> FloatArray:
    """Power that users receive from each site, were it sending.

    Source: P_tx G of [MSRC] Eq. 7; the gain G is that of TR 38.901 (UMa).

    Args:
        distance_m: ``[site, user]`` ground distances, metres.
        line_of_sight: ``[site, user]`` state of each link.
        shadowing_normal: ``[site, user]`` shadowing in standard deviations.
        building_db: ``[band, user]`` loss into the user's building, dB.
        transmit_dbm: ``[band]`` transmit power plus antenna gain, dBm.
        frequencies_ghz: ``[band]`` carrier frequencies, GHz.
        site_height_m, user_height_m: as in :func:`path_loss_db`.

    Returns:
        ``[band, site, user]`` mW.
    """
    n_bands = frequencies_ghz.shape[0]
    n_sites, n_users = distance_m.shape
    power = np.empty((n_bands, n_sites, n_users))
    carriers = [path_loss_of(frequencies_ghz[band], site_height_m, user_height_m) for band in range(n_bands)]
    for site in range(n_sites):
        for user in range(n_users):
            metres = max(distance_m[site, user], MINIMUM_DISTANCE_M)
            log_slant = 0.5 * math.log10(metres * metres + (site_height_m - user_height_m) ** 2)
            sight = line_of_sight[site, user]
            deviation = SHADOW_LINE_OF_SIGHT_DB if sight else SHADOW_NO_LINE_OF_SIGHT_DB
            shadowing_db = deviation * shadowing_normal[site, user]
            for band in range(n_bands):
                loss_db = link_loss_db(metres, log_slant, sight, carriers[band]) + building_db[band, user]
                power[band, site, user] = math.exp((transmit_dbm[band] - loss_db - shadowing_db) * NEPERS_PER_DB)
    return power


def shadowing_deviation_db(line_of_sight: BoolArray) -> FloatArray:
    """Standard deviation of log-normal shadowing.

    Source: TR 38.901 Table 7.4.1-1 (UMa): 4 dB in sight, 6 dB not.

    Args:
        line_of_sight: state of each link, any shape.

    Returns:
        dB, same shape.
    """
    return np.where(line_of_sight, SHADOW_LINE_OF_SIGHT_DB, SHADOW_NO_LINE_OF_SIGHT_DB)


def building_loss_db(frequency_ghz: float, depth_m: FloatArray, wall_deviation_db: FloatArray) -> FloatArray:
    """Loss into a low-loss building.

    Source: TR 38.901 Tables 7.4.3-1 and 7.4.3-2.

    Args:
        frequency_ghz: carrier frequency.
        depth_m: distance inside the building, 0 to 25 m, any shape.
        wall_deviation_db: the building's own deviation, normal with 4.4 dB, same shape.

    Returns:
        Loss in dB, shape of ``depth_m``.
    """
    glass_db = 2.0 + 0.2 * frequency_ghz
    concrete_db = 5.0 + 4.0 * frequency_ghz
    wall_db = 5.0 - 10.0 * np.log10(0.3 * 10.0 ** (-glass_db / 10.0) + 0.7 * 10.0 ** (-concrete_db / 10.0))
    return np.asarray(wall_db + INDOOR_LOSS_DB_PER_M * depth_m + wall_deviation_db)


def noise_limited_radius_m(
    transmit_and_gain_dbm: float,
    noise_dbm: float,
    threshold_db: float,
    margin_db: float,
    frequency_ghz: float,
    site_height_m: float,
    user_height_m: float,
) -> float:
    """Distance at which the signal-to-noise ratio without line of sight falls to the decoding threshold.

    Source: [MSRC] Section II-C (nominal radius of a band), read without interference: with full reuse the
    interference-limited radius is the same on all bands and no coverage hierarchy would exist.

    Args:
        transmit_and_gain_dbm: transmit power plus antenna gain.
        noise_dbm: noise power over the band.
        threshold_db: minimum decoding ratio.
        margin_db: shadowing and building margin.
        frequency_ghz, site_height_m, user_height_m: as in :func:`path_loss_db`.

    Returns:
        Metres, from ``MINIMUM_DISTANCE_M`` to ``LARGEST_RADIUS_M``, also where the budget would not reach, or beyond.
    """
    budget_db = transmit_and_gain_dbm - noise_dbm - threshold_db - margin_db

    def excess(distance_m: float) -> float:
        blocked = np.zeros(1, dtype=np.bool_)
        loss = path_loss_db(np.array([distance_m]), frequency_ghz, blocked, site_height_m, user_height_m)
        return float(loss[0]) - budget_db

    if excess(MINIMUM_DISTANCE_M) >= 0.0:
        return MINIMUM_DISTANCE_M
    if excess(LARGEST_RADIUS_M) <= 0.0:
        return LARGEST_RADIUS_M
    return float(brentq(excess, MINIMUM_DISTANCE_M, LARGEST_RADIUS_M))
