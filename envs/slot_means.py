"""Samples of unequal length averaged over slots of time, and the gaps that remain."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from voltran.physics.arrays import FloatArray

# Intervals between samples that are looked at to tell how often a series is sampled around one of them.
NEIGHBOURS = 9
# So few samples have no usual interval: the shortest counts.
FEW = 3


def sampling_steps_s(start_s: FloatArray, lone_s: float) -> FloatArray:
    """How long ``[sample]`` each sample holds at most: until the next is due, as samples around it are spaced.

    The median of the nearest intervals: a gap does not move it, and a series that is sampled more often from some time
    on has no gaps for that.

    Args:
        start_s: ``[sample]`` rising times.
        lone_s: of a sample that is the only one.
    """
    if len(start_s) <= FEW:
        return np.full(len(start_s), np.diff(start_s).min(initial=np.inf) if len(start_s) > 1 else lone_s)
    # Not SciPy's median filter, which goes astray where there are fewer values than neighbours (seen in 1.15 to 1.17).
    mirrored = np.pad(np.diff(start_s), NEIGHBOURS // 2, mode="reflect")
    steps_s = np.median(sliding_window_view(mirrored, NEIGHBOURS), axis=-1)
    return np.append(steps_s, steps_s[-1])


def interval_means(
    start_s: FloatArray, value: FloatArray, due_s: FloatArray | float, edges_s: FloatArray
) -> FloatArray:
    """Means ``[T]`` over the known parts of intervals, weighted by time; what is known of all is conserved.

    Args:
        start_s: ``[sample]`` rising times from which samples hold, each until the next, at most for ``due_s``.
        value: ``[sample]``, NaN where nothing was measured.
        due_s: time after which the next sample is due; ``[sample]``, or the same for all.
        edges_s: ``[T + 1]`` rising edges of the intervals.

    Returns:
        NaN for intervals of which nothing is known.
    """
    end_s = np.minimum(np.append(start_s[1:], np.inf), start_s + due_s)
    cuts_s = np.unique(np.concatenate([start_s, end_s, edges_s]))
    cuts_s = cuts_s[(cuts_s >= edges_s[0]) & (cuts_s <= edges_s[-1])]
    begin_s, length_s = cuts_s[:-1], np.diff(cuts_s)
    sample = np.searchsorted(start_s, begin_s, side="right") - 1
    known = (sample >= 0) & (begin_s < end_s[sample]) & np.isfinite(value[sample])
    interval = np.searchsorted(edges_s, begin_s, side="right") - 1
    n_intervals = len(edges_s) - 1
    interval, value, length_s = interval[known], value[sample[known]], length_s[known]
    known_s = np.bincount(interval, length_s, n_intervals)
    total = np.bincount(interval, value * length_s, n_intervals)
    mean = np.divide(total, known_s, out=np.full(n_intervals, np.nan), where=known_s > 0.0)
    # What is the same all along keeps its bits.
    low, high = np.full(n_intervals, np.inf), np.full(n_intervals, -np.inf)
    np.minimum.at(low, interval, value)
    np.maximum.at(high, interval, value)
    return np.where(low == high, low, mean)


def gaps(mean: FloatArray) -> list[tuple[int, int]]:
    """First slot, and the slot after the last, of every run of NaN in ``[T]``."""
    edges = np.diff(np.concatenate([[0], np.isnan(mean).astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def bridged(mean: FloatArray, longest: float) -> FloatArray:
    """Slots ``[T]`` with straight lines over gaps of up to ``longest``; those at an end take the nearest value."""
    known = np.isfinite(mean)
    filled = mean.copy()
    if known.any():
        slots = np.arange(len(mean))
        line = np.interp(slots, slots[known], mean[known])
        for begin, end in gaps(mean):
            if end - begin <= longest:
                filled[begin:end] = line[begin:end]
    return filled
