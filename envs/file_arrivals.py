"""Files that arrive one by one at base stations: a function of the seed, the station and the time alone."""

import numpy as np
from scipy.special import pdtr, pdtrik

from voltran.envs.draws import Stream, generator
from voltran.physics.arrays import FloatArray
from voltran.physics.file_arrivals import busy_share, offered_work

# Part of the stream of loads; parts of it with the same index are other draws.
ARRIVALS = 1


def draw_utilisation(
    mean: FloatArray, file_mbit: float, capacity_mbps: float, slot_s: float, seed: int, first_index: int = 0
) -> FloatArray:
    """Utilisation of stations whose files arrive in a Poisson process; what a slot has no room for waits.

    The number of files in a slot has the same rank among all that it could be whatever its mean, so that two means can
    be compared on the same draws.

    Args:
        mean: ``[T, M]`` utilisation expected in each slot.
        file_mbit: size of a file, Mbit.
        capacity_mbps: of a station, Mbit/s.
        slot_s: length of a slot, s.
        seed: the episode's seed.
        first_index: of the stream of loads, for the first station.

    Returns:
        ``[T, M]`` shares of the slots in which stations transmit.
    """
    slots, stations = mean.shape
    rank = np.stack(
        [generator(seed, Stream.LOAD, first_index + each, ARRIVALS).random(slots) for each in range(stations)], axis=1
    )
    files = poisson_of(rank, mean * (capacity_mbps * slot_s / file_mbit))
    return busy_share(offered_work(files, file_mbit, capacity_mbps, slot_s))


def poisson_of(uniform: FloatArray, mean: FloatArray) -> FloatArray:
    """Poisson numbers from uniform ones in [0, 1): the least whose distribution reaches them.

    Args:
        uniform, mean: same shape.
    """
    some = np.where(mean > 0.0, mean, 1.0)
    above = np.ceil(pdtrik(uniform, some))
    below = np.maximum(above - 1.0, 0.0)
    number = np.where(pdtr(below, some) >= uniform, below, above)
    return np.where((mean > 0.0) & (uniform > 0.0), number, 0.0)
