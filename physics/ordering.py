"""Orders and extremes of keys that may be equal, so that no decision hangs on the last bit of a number.

Symmetry makes keys equal that rounding makes unequal, on every processor in its own way. Keys count as equal here
when sorting them leaves gaps of no more than ``SAME`` times the largest key; equal ones go by index. Gaps are told from
ties wherever keys lie, whereas rounding keys to a grid would part equal ones that lie on either side of a grid line.
"""

import numpy as np
from numpy.typing import ArrayLike

from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.compiled import kernel

# Far above what rounding does to a key, and far below any difference that matters.
SAME = 1e-9


def ranks(key: ArrayLike, tolerance: float | None = None) -> IntArray:
    """Ranks along the last axis, 0 for the least; keys that count as equal share one.

    Source: own.

    Args:
        key: any numbers but NaN, any shape; infinite ones are equal to their like only.
        tolerance: largest gap between equals, in the keys' unit, for keys that are small differences of large numbers.

    Returns:
        Shape of ``key``.
    """
    values = np.asarray(key, dtype=np.float64)
    order = np.argsort(values, axis=-1, kind="stable")
    rising = np.take_along_axis(values, order, axis=-1)
    with np.errstate(invalid="ignore"):  # infinite less infinite is no gap
        gap = np.diff(rising, axis=-1) > (_rounding(values, -1) if tolerance is None else tolerance)
    rank = np.zeros(values.shape, dtype=np.int64)
    np.put_along_axis(rank, order[..., 1:], np.cumsum(gap, axis=-1), axis=-1)
    return rank


def rising(*keys: ArrayLike) -> IntArray:
    """Indices along the last axis by rising key; equals by the next key, and finally by index.

    Source: own.

    Args:
        *keys: numbers but NaN, all of one shape, the most important ones first.

    Returns:
        Shape of a key.
    """
    return np.asarray(np.lexsort([ranks(key) for key in reversed(keys)], axis=-1), dtype=np.int64)


def falling(*keys: ArrayLike) -> IntArray:
    """Indices along the last axis by falling key; equals by the next key, and finally by rising index.

    Source: own.

    Args:
        *keys: numbers but NaN, all of one shape, the most important ones first.

    Returns:
        Shape of a key.
    """
    return rising(*(-np.asarray(key, dtype=np.float64) for key in keys))


def first_largest(key: ArrayLike, axis: int = -1) -> IntArray:
    """Index of the first of the largest keys; as ``argmax``, but for keys that count as equal.

    Source: own.

    Args:
        key: numbers but NaN, any shape.
        axis: along which to look.

    Returns:
        Shape of ``key`` without ``axis``.
    """
    values = np.asarray(key, dtype=np.float64)
    largest = values.max(axis=axis, keepdims=True)
    return np.asarray(np.argmax(values >= largest - _rounding(values, axis), axis=axis), dtype=np.int64)


def first_least(key: ArrayLike, axis: int = -1) -> IntArray:
    """Index of the first of the least keys; see :func:`first_largest`.

    Source: own.

    Args:
        key: numbers but NaN, any shape.
        axis: along which to look.

    Returns:
        Shape of ``key`` without ``axis``.
    """
    return first_largest(-np.asarray(key, dtype=np.float64), axis)


def _rounding(values: FloatArray, axis: int) -> FloatArray:
    """Largest gap between equals, by the largest finite number along an axis, which stays."""
    low, high = values.min(axis, keepdims=True, initial=0.0), values.max(axis, keepdims=True, initial=0.0)
    largest = np.maximum(high, -low)
    if not np.isfinite(largest).all():
        largest = np.max(np.abs(values), axis=axis, keepdims=True, initial=0.0, where=np.isfinite(values))
    return np.asarray(SAME * largest)


@kernel
def surpasses(value: float, other: float) -> bool:
    """Whether a value is larger than another beyond rounding; for numbers that are no small differences of large ones.

    Kernels look for extremes with it, so that the first of equals stays. Source: own.

    Args:
        value, other: numbers of one unit.

    Returns:
        True where ``value`` is larger by more than ``SAME`` of itself.
    """
    return value - other > SAME * abs(value)


@kernel
def rising_sites(key: FloatArray) -> IntArray:
    """:func:`rising` for kernels, with one key; insertion sorts, which compile in a fraction of NumPy's time.

    Source: own.

    Args:
        key: ``[site]`` numbers but NaN, of any unit.

    Returns:
        ``[site]`` indices.
    """
    n_sites = key.shape[0]
    order = np.empty(n_sites, dtype=np.int64)
    scale = 0.0
    for site in range(n_sites):
        if np.isfinite(key[site]):
            scale = max(scale, abs(key[site]))
        place = site
        while place > 0 and key[order[place - 1]] > key[site]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = site
    start = 0
    for place in range(1, n_sites):
        if key[order[place]] - key[order[place - 1]] > SAME * scale:
            start = place
        site, back = order[place], place
        while back > start and order[back - 1] > site:
            order[back] = order[back - 1]
            back -= 1
        order[back] = site
    return order
