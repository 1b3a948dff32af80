"""A synthetic day: a curve of our own with two bumps over a floor for the night.

Residential areas lean to the evening, whose bump is the wider one, business areas to the morning.
"""

from typing import Protocol

import numpy as np

from voltran.physics.arrays import FloatArray
from voltran.physics.units import HOURS_PER_DAY

# Sharpness of the bumps: the morning's is half as high two and a half hours from its peak, the evening's three.
MORNING_SHARPNESS = 3.3
EVENING_SHARPNESS = 2.4
# Times of day at which a curve is looked at to find its peak.
GRID_H = np.arange(0.0, HOURS_PER_DAY, 0.25)


class Day(Protocol):
    """Settings of the curve: its floor as a share of its peak, and the times of day of its two bumps."""

    @property
    def night_share(self) -> float: ...
    @property
    def morning_h(self) -> float: ...
    @property
    def evening_h(self) -> float: ...


def daily_shape(time_h: FloatArray, morning_share: FloatArray, day: Day) -> FloatArray:
    """The day ``[T, n]``, from about ``night_share`` to 1.

    Args:
        time_h: ``[T]`` time of day, or ``[T, n]`` each one's own; days repeat.
        morning_share: ``[n]`` share of the morning in each one's mix.
        day: settings.
    """
    peak = _mix(GRID_H, morning_share, day).max(axis=0)
    relative = np.minimum(_mix(time_h, morning_share, day) / peak, 1.0)
    return np.asarray(day.night_share + (1.0 - day.night_share) * relative)


def _mix(time_h: FloatArray, morning_share: FloatArray, day: Day) -> FloatArray:
    times = time_h[:, None] if time_h.ndim == 1 else time_h
    morning = _bump(times - day.morning_h, MORNING_SHARPNESS)
    evening = _bump(times - day.evening_h, EVENING_SHARPNESS)
    return np.asarray(morning_share * morning + (1.0 - morning_share) * evening)


def _bump(offset_h: FloatArray, sharpness: float) -> FloatArray:
    return np.asarray(np.exp(sharpness * (np.cos(2.0 * np.pi * offset_h / HOURS_PER_DAY) - 1.0)))
