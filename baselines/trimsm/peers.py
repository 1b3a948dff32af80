"""Associations of UEs with UBSs by rules of thumb, from the cell-free literature. Source: [FDRAN] Section VII-A.

All keep the limits of [FDRAN] Eq. 25d and [FDRAN] Eq. 25e, and serve every UE as long as UBSs have room: every UE first
gets its strongest UBS with room, then each rule adds others. Ties go to the lower index.
"""

import numpy as np

from voltran.envs.uplink.problem import UplinkProblem
from voltran.physics.arrays import BoolArray
from voltran.physics.ordering import SAME, falling, first_least
from voltran.physics.units import linear_to_db

RECEIVED_SHARE = 0.95
MASTER_SHARE = 0.3


def recp(problem: UplinkProblem, share: float = RECEIVED_SHARE) -> BoolArray:
    """Received-power selection: UBSs in falling order of gain until 95 % of the sum over all UBSs is reached.

    Source: [FDRAN] Section VI-B, initialization phase. Reconstructed: the text ranks UBSs in "ascending order" and
    takes the "top %", without its number; after its reference, Ngo et al., "On the total energy efficiency of cell-free
    massive MIMO" (2018), the strongest UBSs that make up 95 % of the gain are taken. A UE's transmit power stands in
    all its received powers alike, so that gains order and weigh them as received powers do.

    Where the text is followed: UE by UE, at most ``M_max`` UBSs, none that is full. Where it is not: every UE has its
    strongest UBS with room before any takes a second one, as otherwise early UEs could leave late ones without any;
    that matters only where a UBS has more takers than room.

    Args:
        problem: the moment.
        share: of the sum of gains that ends a UE's selection.

    Returns:
        ``[M, K]``.
    """
    association, total = masters(problem), problem.gain.sum(axis=0)
    for ue in range(problem.n_ues):
        for ubs in falling(linear_to_db(problem.gain[:, ue])):
            if problem.gain[association[:, ue], ue].sum() >= (1.0 - SAME) * share * total[ue]:
                break
            _add(problem, association, int(ubs), ue)
    return association


def llsf(problem: UplinkProblem) -> BoolArray:
    """Largest large-scale fading: as many of the strongest UBSs as a UE may have; ``[M, K]``."""
    association = masters(problem)
    for ue in range(problem.n_ues):
        for ubs in falling(linear_to_db(problem.gain[:, ue])):
            _add(problem, association, int(ubs), ue)
    return association


def tsap(problem: UplinkProblem) -> BoolArray:
    """Three-step access procedure: a master UBS, then its neighbours that serve nobody else on the same pilot.

    Source: [FDRAN] Section VII-A, after Björnson and Sanguinetti, "Scalable cell-free massive MIMO systems" (2020).
    The three steps: a UE appoints the UBS of its largest fading as master; the master gives it the pilot that it hears
    least (the pilots of :func:`voltran.physics.uplink.assign_pilots`); UBSs in the neighbourhood serve it unless they
    serve a stronger UE on that pilot. The neighbourhood is the text's: at least 30 % of the UE's largest fading.

    Where it differs: a UBS keeps a UE of which it is the master also when a stronger one has the same pilot, and the
    limits hold, which the procedure does not know: the strongest links choose first.

    Args:
        problem: the moment.

    Returns:
        ``[M, K]``.
    """
    association = masters(problem)
    same_pilot = (problem.statistics.coherent != 0.0).any(axis=0)
    worthwhile = problem.gain >= (1.0 - SAME) * MASTER_SHARE * problem.gain.max(axis=0, initial=0.0)
    for link in falling(linear_to_db(problem.gain).ravel()):
        ubs, ue = divmod(int(link), problem.n_ues)
        if worthwhile[ubs, ue] and not (association[ubs] & same_pilot[ue]).any():
            _add(problem, association, ubs, ue)
    return association


def masters(problem: UplinkProblem) -> BoolArray:
    """Every UE with its strongest UBS with room; ``[M, K]``."""
    association = np.zeros(problem.gain.shape, dtype=bool)
    for ue in range(problem.n_ues):
        for ubs in falling(linear_to_db(problem.gain[:, ue])):
            if association[:, ue].any():
                break
            _add(problem, association, int(ubs), ue)
    return association


def everywhere(problem: UplinkProblem) -> BoolArray:
    """Every UE with every UBS: cell-free networks without limits; ``[M, K]``."""
    return np.ones(problem.gain.shape, dtype=bool)


def all_awake(problem: UplinkProblem, association: BoolArray) -> BoolArray:
    """Give every UBS at least one UE, where the limits leave enough links for that.

    A UBS without any takes the UE nearest to it in gain that has room for another server, or that has a server with
    other UEs to give up for it.

    Args:
        problem: the moment.
        association: ``[M, K]`` to start from.

    Returns:
        ``[M, K]``.
    """
    association = association.copy()
    for ubs in np.flatnonzero(~association.any(axis=1)):
        for ue in falling(linear_to_db(problem.gain[ubs])):
            if association[:, ue].sum() < problem.ubs_per_ue:
                association[ubs, ue] = True
                break
            spare = association[:, ue] & (association.sum(axis=1) > 1)
            if spare.any():
                association[first_least(np.where(spare, problem.gain[:, ue], np.inf)), ue] = False
                association[ubs, ue] = True
                break
    return association


def _add(problem: UplinkProblem, association: BoolArray, ubs: int, ue: int) -> None:
    """Add a link, if the limits allow it."""
    if association[ubs].sum() < problem.ues_per_ubs and association[:, ue].sum() < problem.ubs_per_ue:
        association[ubs, ue] = True
