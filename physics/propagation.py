"""3GPP TR 38.901 urban macro (UMa) propagation: line of sight, path loss, loss into buildings.

Frequencies in GHz inside the formulas, as in the report; heights and distances in metres; losses in dB.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from voltran.physics.compiled import kernel
from voltran.physics.layout import FloatArray

SPEED_OF_LIGHT_M_PER_S = 3.0e8
ENVIRONMENT_HEIGHT_M = 1.0
MINIMUM_DISTANCE_M = 10.0
SHADOW_LINE_OF_SIGHT_DB = 4.0
SHADOW_NO_LINE_OF_SIGHT_DB = 6.0
INDOOR_DEPTH_MAX_M = 25.0
INDOOR_SPREAD_DB = 4.4
INDOOR_LOSS_DB_PER_M = 0.5


def line_of_sight_probability(distance_m: FloatArray) -> FloatArray:
    """Probability of line of sight for a user at street level. Source: TR 38.901 Table 7.4.2-1 (UMa, h_UT <= 13 m)."""
    d = np.maximum(distance_m, 1e-9)
    far = 18.0 / d + np.exp(-d / 63.0) * (1.0 - 18.0 / d)
    return np.asarray(np.where(d <= 18.0, 1.0, far))


@kernel
def path_loss_db(
    distance_m: FloatArray,
    frequency_ghz: float,
    line_of_sight: NDArray[np.bool_],
    site_height_m: float,
    user_height_m: float,
) -> FloatArray:
    """Median outdoor path loss. Source: TR 38.901 Table 7.4.1-1 (UMa).

    Args:
        distance_m: ground distances, any shape; below 10 m they count as 10 m (the model's limit).
        frequency_ghz: carrier frequency.
        line_of_sight: state per distance, same shape.
        site_height_m: antenna height of the site.
        user_height_m: antenna height of the user.

    Returns:
        Loss in dB, shape of ``distance_m``.
    """
    height = site_height_m - user_height_m
    effective = (site_height_m - ENVIRONMENT_HEIGHT_M) * (user_height_m - ENVIRONMENT_HEIGHT_M)
    breakpoint_m = 4.0 * effective * frequency_ghz * 1e9 / SPEED_OF_LIGHT_M_PER_S
    carrier = 20.0 * math.log10(frequency_ghz)
    far = 28.0 + carrier - 9.0 * math.log10(breakpoint_m**2 + height**2)
    blocked = 13.54 + carrier - 0.6 * (user_height_m - 1.5)
    ground, sight = distance_m.ravel(), line_of_sight.ravel()
    loss = np.empty(ground.size)
    for index in range(ground.size):
        metres = max(ground[index], MINIMUM_DISTANCE_M)
        log_slant = 0.5 * math.log10(metres * metres + height * height)
        loss[index] = 28.0 + carrier + 22.0 * log_slant if metres <= breakpoint_m else far + 40.0 * log_slant
        if not sight[index]:
            loss[index] = max(loss[index], blocked + 39.08 * log_slant)
    return loss.reshape(distance_m.shape)


def shadowing_deviation_db(line_of_sight: NDArray[np.bool_]) -> FloatArray:
    """Standard deviation of log-normal shadowing. Source: TR 38.901 Table 7.4.1-1 (UMa): 4 dB in sight, 6 dB not."""
    return np.where(line_of_sight, SHADOW_LINE_OF_SIGHT_DB, SHADOW_NO_LINE_OF_SIGHT_DB)


def building_loss_db(frequency_ghz: float, depth_m: FloatArray, wall_deviation_db: FloatArray) -> FloatArray:
    """Loss into a low-loss building. Source: TR 38.901 Tables 7.4.3-1 and 7.4.3-2.

    Args:
        frequency_ghz: carrier frequency.
        depth_m: distance inside the building, 0 to 25 m.
        wall_deviation_db: the building's own deviation, normal with 4.4 dB.

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
    """
    budget_db = transmit_and_gain_dbm - noise_dbm - threshold_db - margin_db

    def excess(distance_m: float) -> float:
        blocked = np.zeros(1, dtype=np.bool_)
        loss = path_loss_db(np.array([distance_m]), frequency_ghz, blocked, site_height_m, user_height_m)
        return float(loss[0]) - budget_db

    return float(brentq(excess, MINIMUM_DISTANCE_M, 1e6))
