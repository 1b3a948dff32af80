"""How busy a base station is with files that arrive one by one."""

import numpy as np

from voltran.physics.arrays import FloatArray


def offered_work(files: FloatArray, file_mbit: float, capacity_mbps: float, slot_s: float) -> FloatArray:
    """Work that files bring, as a share of what a station can do in a slot.

    Source: rho = a delta over C of [DPA] Eq. 1, with the number of arrivals in the place of its mean.

    Args:
        files: number of files that arrive in a slot, any shape.
        file_mbit: delta, size of a file, Mbit.
        capacity_mbps: C, Mbit/s.
        slot_s: length of a slot, s.

    Returns:
        Shares, same shape; more than 1 is more than fits.
    """
    return np.asarray(files * (file_mbit / (capacity_mbps * slot_s)))


def busy_share(offered: FloatArray) -> FloatArray:
    """Share of every slot in which a station transmits, if what does not fit waits for the next.

    Source: own; the work left in a queue (Lindley's recursion), slot by slot. As long as a station never rests while
    there is work, whether it serves files in turn or shares itself among them makes no difference. Files count from the
    beginning of their slot, so that what waits at its end is missed: about the work of one file over the length of a
    slot.

    Args:
        offered: ``[T, ...]`` work that arrives, a share of what fits into a slot.

    Returns:
        Shares in [0, 1], same shape.
    """
    busy, waiting = np.zeros_like(offered), np.zeros(offered.shape[1:])
    for slot, arriving in enumerate(offered):
        busy[slot] = np.minimum(waiting + arriving, 1.0)
        waiting = waiting + arriving - busy[slot]
    return busy


def utilisation_spread(utilisation: FloatArray, file_mbit: float, capacity_mbps: float, slot_s: float) -> FloatArray:
    """Standard deviation of the work that files of one size bring in a slot, if they arrive independently.

    Source: own; the variance of a Poisson number of files is its mean.

    Args:
        utilisation: a share, rho / C, its mean, any shape.
        file_mbit: delta, Mbit.
        capacity_mbps: C, Mbit/s.
        slot_s: length of a slot, s.

    Returns:
        Shares, same shape.
    """
    return np.sqrt(utilisation * file_mbit / (capacity_mbps * slot_s))
