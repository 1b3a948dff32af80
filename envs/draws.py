"""Exogenous randomness: every stream is a function of seed, stream and index alone, never of what anyone does.

Controllers compared on the same seeds therefore meet the same users, demands, vehicles and weather.
"""

from enum import IntEnum
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import log1p, ndtri

# Half of the step between uniform numbers: 0 would be an infinite normal number.
SMALLEST_UNIFORM = 2.0**-54


class Stream(IntEnum):
    """Independent sources of randomness; a stream's number never changes, so that old seeds keep their meaning."""

    SCENARIO = 0
    USERS = 1
    CHANNEL = 2
    DEMAND = 3
    VEHICLES = 4
    MOBILITY = 5
    SITES = 6
    WIND = 7
    CLOUDS = 8
    LOAD = 9
    WALKED_CHANNEL = 10
    SITE_EQUIPMENT = 11
    SITE_TRAFFIC = 12
    AREA_TRAFFIC = 13
    PRICE = 14
    FORECAST_NOISE = 15


# Seeds below fit into one word of NumPy's seed sequences.
SEED_WORD = 2**32


def generator(seed: int, stream: Stream, index: int = 0, part: int = 0) -> np.random.Generator:
    """Generator of one stream of one episode.

    Draw one array from it, with users, sites or vehicles along the first axis: the first of them are then the same,
    however many there are.

    Args:
        seed: the episode's seed, 0 .. 2**128 - 1.
        stream: source of randomness.
        index: part of the stream, for example the number of the time window it is drawn for.
        part: part of that part.
    """
    place = (int(stream), index, part)
    if seed < SEED_WORD:
        entropy = np.random.SeedSequence((seed, *place))
    else:  # words of a long seed must not be read as the stream and index of a short one
        entropy = np.random.SeedSequence(seed, spawn_key=place)
    return np.random.Generator(np.random.PCG64(entropy))


def uniform_rows(seed: int, stream: Stream, index: int, rows: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """Some rows of an endless table of uniform numbers in [0, 1).

    Args:
        seed, stream, index: as in :func:`generator`.
        rows: which rows, rising; each is the same whichever others are asked for.
        width: numbers per row.

    Returns:
        ``[row, width]``.
    """
    table = generator(seed, stream, index)
    bits = cast(np.random.PCG64, table.bit_generator)
    if rows.size == 0 or rows[-1] == rows.size - 1:
        return table.random((rows.size, width))
    numbers, reached = np.empty((rows.size, width)), 0
    for place, row in enumerate(rows.tolist()):
        bits.advance((row - reached) * width)  # one step of the generator per number
        numbers[place] = table.random(width)
        reached = row + 1
    return numbers


def normal_of(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard normal numbers from uniform ones in [0, 1)."""
    return np.asarray(ndtri(np.maximum(uniform, SMALLEST_UNIFORM)))


def exponential_of(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exponential numbers of mean 1 from uniform ones in [0, 1)."""
    return np.asarray(-log1p(-uniform))
