"""Exogenous randomness: every stream is a function of seed, stream and index alone, never of what anyone does.

Controllers compared on the same seeds therefore meet the same users, demands, vehicles and weather.
"""

from enum import IntEnum

import numpy as np

# Seeds below fit into one word of NumPy's seed sequences.
SEED_WORD = 2**32


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


def generator(seed: int, stream: Stream, index: int = 0) -> np.random.Generator:
    """Generator of one stream of one episode.

    Args:
        seed: the episode's seed, 0 .. 2**128 - 1.
        stream: source of randomness.
        index: part of the stream, for example the number of the time window it is drawn for.
    """
    if seed < SEED_WORD:
        entropy = np.random.SeedSequence((seed, int(stream), index))
    else:  # words of a long seed must not be read as the stream and index of a short one
        entropy = np.random.SeedSequence(seed, spawn_key=(int(stream), index))
    return np.random.Generator(np.random.PCG64(entropy))
