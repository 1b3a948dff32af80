"""Numbers over time as small integers: what nobody sees is not stored."""

from typing import Any

import numpy as np

from voltran.evaluation.replay.packing import ArrayReader, ArrayWriter
from voltran.physics.arrays import Float32Array, FloatArray, RealArray

PLACES = 65_000  # that a map's longer side is divided into
SIZE_BITS = 12  # of the 24 of a float: four significant digits


def rounded(values: FloatArray, digits: int, arrays: ArrayWriter) -> dict[str, Any]:
    """Numbers rounded to the decimals that are shown; as they are where integers cannot hold them.

    Args:
        values: ``[times, ...]``; NaN where there is none.
        digits: decimals.
        arrays: where they are kept.

    Returns:
        What :func:`restored` and the page need; NaN is the lowest number of its type.
    """
    per_unit = 10.0**digits
    with np.errstate(over="ignore"):
        scaled = np.rint(values * per_unit)
    largest = np.max(np.abs(scaled), initial=0.0, where=~np.isnan(scaled))
    for kind in (np.int8, np.int16, np.int32):
        if largest <= np.iinfo(kind).max:
            lowest = np.iinfo(kind).min
            return {"array": arrays.add(np.where(np.isnan(scaled), lowest, scaled).astype(kind), True), "per": per_unit}
    return {"array": arrays.add(values), "per": None}


def restored(said: dict[str, Any], arrays: ArrayReader) -> FloatArray:
    """The numbers that :func:`rounded` stored."""
    stored = arrays[said["array"]]
    if said["per"] is None:
        return stored
    return np.where(stored == np.iinfo(stored.dtype).min, np.nan, stored / said["per"])


def placed(xy_m: FloatArray, arrays: ArrayWriter) -> dict[str, Any]:
    """Places as numbers of small steps from a corner; see :func:`places`.

    Args:
        xy_m: ``[times, n, 2]``.
        arrays: where they are kept.
    """
    corner = xy_m.min(axis=(0, 1)) if xy_m.size else np.zeros(2)
    step = float(np.max(xy_m - corner, initial=0.0)) / PLACES or 1.0
    steps = np.rint((xy_m - corner) / step).astype(np.uint16)
    return {"array": arrays.add(steps, True), "corner": corner.tolist(), "step": step}


def places(said: dict[str, Any], arrays: ArrayReader) -> FloatArray:
    """The places that :func:`placed` stored, in metres."""
    xy_m: FloatArray = said["corner"] + arrays[said["array"]] * said["step"]
    return xy_m


def short_floats(values: RealArray) -> Float32Array:
    """Floats of four bytes with four significant digits, whose other bits are zero and take no room."""
    mantissa, exponent = np.frexp(values)
    kept: Float32Array = np.ldexp(np.rint(mantissa * 2**SIZE_BITS) / 2**SIZE_BITS, exponent).astype(np.float32)
    return kept
