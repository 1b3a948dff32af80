"""Repair of joint actions: the limits of the association that no UBS can keep alone."""

import numpy as np

from voltran.physics.compiled import kernel
from voltran.physics.layout import FloatArray
from voltran.physics.ordering import surpasses
from voltran.physics.uplink import BoolArray, IntArray


@kernel
def repair(association: BoolArray, gain: FloatArray, ubs_per_ue: int, ues_per_ubs: int) -> BoolArray:
    """The nearest associations within the limits; those within them already stay as they are.

    Source: [FDRAN] Eq. 25d, [FDRAN] Eq. 25e, [FDRAN] Eq. 25f, [FDRAN] Eq. 25g; entries are True or False, and who
    serves is awake.

    A UE keeps its strongest volunteers, then a UBS its strongest UEs. A UE that nobody serves wakes its strongest UBS
    with room; where every UBS is full, a UE with several servers leaves one of them.

    Args:
        association: ``[n, M, K]`` several associations of one moment.
        gain: ``[M, K]`` large-scale fading; ``K`` is at most ``M`` times ``ues_per_ubs``.
        ubs_per_ue, ues_per_ubs: the limits.

    Returns:
        ``[n, M, K]``, where every UE has a server.
    """
    repaired = association.copy()
    for index in range(association.shape[0]):
        _keep_strongest(repaired[index], gain, ubs_per_ue)
        _keep_strongest(repaired[index].T, gain.T, ues_per_ubs)
        _serve_everybody(repaired[index], gain, ues_per_ubs)
    return repaired


@kernel
def _keep_strongest(association: BoolArray, gain: FloatArray, most: int) -> None:
    """Leave each column its ``most`` strongest entries."""
    for column in range(association.shape[1]):
        count = 0
        for row in range(association.shape[0]):
            count += association[row, column]
        while count > most:
            weakest = -1
            for row in range(association.shape[0]):
                if association[row, column] and (weakest < 0 or surpasses(gain[weakest, column], gain[row, column])):
                    weakest = row
            association[weakest, column] = False
            count -= 1


@kernel
def _serve_everybody(association: BoolArray, gain: FloatArray, ues_per_ubs: int) -> None:
    """Give every UE without a server one."""
    n_ubs, n_ues = association.shape
    load = np.zeros(n_ubs, dtype=np.int64)
    servers = np.zeros(n_ues, dtype=np.int64)
    for ubs in range(n_ubs):
        for ue in range(n_ues):
            load[ubs] += association[ubs, ue]
            servers[ue] += association[ubs, ue]
    for ue in range(n_ues):
        if servers[ue] > 0:
            continue
        chosen = -1
        for ubs in range(n_ubs):
            if load[ubs] < ues_per_ubs and (chosen < 0 or surpasses(gain[ubs, ue], gain[chosen, ue])):
                chosen = ubs
        if chosen < 0:
            chosen, leaving = _dispensable(association, gain, servers)
            association[chosen, leaving] = False
            servers[leaving] -= 1
            load[chosen] -= 1
        association[chosen, ue] = True
        servers[ue] = 1
        load[chosen] += 1


@kernel
def _dispensable(association: BoolArray, gain: FloatArray, servers: IntArray) -> tuple[int, int]:
    """UBS and UE of the weakest link of any UE that has other servers."""
    chosen, leaving = -1, -1
    for ubs in range(association.shape[0]):
        for ue in range(association.shape[1]):
            if (
                association[ubs, ue]
                and servers[ue] > 1
                and (chosen < 0 or surpasses(gain[chosen, leaving], gain[ubs, ue]))
            ):
                chosen, leaving = ubs, ue
    return chosen, leaving
