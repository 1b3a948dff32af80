"""Conversions between logarithmic and linear units, and of time and energy."""

import numpy as np
from numpy.typing import ArrayLike

from voltran.physics.arrays import FloatArray

SECONDS_PER_HOUR = 3600.0
HOURS_PER_DAY = 24.0
DAYS_PER_WEEK = 7
WATTS_PER_KILOWATT = 1000.0
MILLIWATTS_PER_WATT = 1000.0
MEGABITS_PER_GIGABIT = 1000.0


def db_to_linear(value_db: ArrayLike) -> FloatArray:
    """Power ratio of a value in dB (or power in mW of a value in dBm).

    Source: own; definition of the decibel.

    Args:
        value_db: dB or dBm, any shape.

    Returns:
        Ratio or mW, same shape.
    """
    return np.asarray(np.exp(np.asarray(value_db, dtype=np.float64) * (np.log(10.0) / 10.0)))


def linear_to_db(value: ArrayLike) -> FloatArray:
    """Value in dB of a positive power ratio (or in dBm of a power in mW).

    Source: own; definition of the decibel.

    Args:
        value: ratio or mW, any shape.

    Returns:
        dB or dBm, same shape.
    """
    return np.asarray(10.0 * np.log10(np.asarray(value, dtype=np.float64)))
