"""Survival by its definition, moment by moment and as slowly as it reads."""

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-9


def lost_by_hand(
    critical: NDArray[np.float64], threshold: float = 0.95, hold: int = 30, window: int = 60, deficit: float = 3.0
) -> int | None:
    """The first moment that the steps played by some time show to be one of loss, as soon as they do; None if never."""
    for played in range(1, critical.size + 1):
        known = critical[:played]
        for start in range(played):
            if known[start] >= threshold - ROUNDING:
                continue
            held = known[start : start + hold]
            lacking = (1.0 - known[start : start + window]).sum()
            if (held.size == hold and (held < threshold - ROUNDING).all()) or lacking > deficit + ROUNDING:
                return start
    return None
