"""The time of day, as agents observe it, and the day of the week."""

from abc import ABC, abstractmethod

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.units import DAYS_PER_WEEK, HOURS_PER_DAY

WORKDAYS = 5


def is_weekend(hour: FloatArray) -> BoolArray:
    """Whether hours since a Monday's midnight, any shape, lie in a weekend."""
    return np.asarray(hour // HOURS_PER_DAY % DAYS_PER_WEEK >= WORKDAYS)


class Clock(ABC):
    """Views that have a clock show it on a circle, so that the minutes around midnight are near each other."""

    @property
    @abstractmethod
    def clock_angle(self) -> FloatArray:
        """Time of day at the start of the coming period, ``[B]``; a turn is a day."""

    @property
    def clock_sine(self) -> FloatArray:
        """Sine of the time of day, ``[B]``."""
        return np.sin(self.clock_angle)

    @property
    def clock_cosine(self) -> FloatArray:
        """Cosine of the time of day, ``[B]``."""
        return np.cos(self.clock_angle)
