"""Block moves of a matching: put a whole station to sleep, or wake it. Ours, beyond [FDRAN]."""

from collections.abc import Iterator

import numpy as np

from voltran.baselines.trimsm.matching import BlockSource
from voltran.baselines.trimsm.moves import Limits
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.ordering import falling, first_largest, first_least


def station_blocks(preference: FloatArray, limits: Limits) -> BlockSource:
    """Block moves for a matching in which clients prefer some stations to others.

    A station that serves somebody is put to sleep: its clients lose it, and those left with too few stations join the
    one they like best of those awake with room, or else of those asleep; or all its clients go to one that sleeps. One
    that sleeps is woken: it takes the client that likes it best, the two that do, and so on; a client that has all the
    stations it may have gives up the one it likes least.

    Args:
        preference: ``[M, K]``, higher is better.
        limits: what block moves keep.
    """

    def candidates(association: BoolArray, station: int) -> Iterator[BoolArray]:
        if association[station].any():
            asleep = _put_to_sleep(association, station, preference, limits)
            if asleep is not None:
                yield asleep
            yield from _relieve(association, station, limits)
        else:
            yield from _wake(association, station, preference, limits)

    return candidates


def _put_to_sleep(association: BoolArray, station: int, preference: FloatArray, limits: Limits) -> BoolArray | None:
    """The association without a station; None where the limits do not allow it."""
    if limits.clients_per_station[0] > 0:
        return None
    changed = association.copy()
    changed[station] = False
    for client in np.flatnonzero(association[station]):
        while changed[:, client].sum() < limits.stations_per_client[0]:
            room = changed.sum(axis=1) < limits.clients_per_station[1]
            free = room & limits.allowed[:, client] & ~changed[:, client]
            free[station] = False
            awake = free & changed.any(axis=1)
            chosen = awake if awake.any() else free
            if not chosen.any():
                return None
            changed[first_largest(np.where(chosen, preference[:, client], -np.inf)), client] = True
    return changed


def _relieve(association: BoolArray, station: int, limits: Limits) -> Iterator[BoolArray]:
    """Associations in which a sleeping station takes the place of one that is awake."""
    if limits.clients_per_station[0] > 0:
        return
    for other in np.flatnonzero(~association.any(axis=1)):
        if limits.allowed[other, association[station]].all():
            changed = association.copy()
            changed[other], changed[station] = association[station], False
            yield changed


def _wake(association: BoolArray, station: int, preference: FloatArray, limits: Limits) -> Iterator[BoolArray]:
    """Associations in which a sleeping station takes one client, two, and so on."""
    changed = association.copy()
    by_liking = falling(preference[station])
    takes = by_liking[limits.allowed[station, by_liking]][: limits.clients_per_station[1]]
    for client in takes:
        if changed[:, client].sum() >= limits.stations_per_client[1]:
            least = first_least(np.where(changed[:, client], preference[:, client], np.inf))
            if changed[least].sum() <= limits.clients_per_station[0]:
                continue
            changed[least, client] = False
        changed[station, client] = True
        yield changed.copy()
