"""Repair of joint actions: the constraints that no site can know alone.

Cooperation links are pairs of a helping site and an assisted, sleeping or dead one within reach. Every live assisted or
sleeping site needs a link, every helping site needs a link, and no site has more than K_max of them. Links are found by
augmenting paths, so that a joint action for which any valid set of links exists is left alone.
"""

import numpy as np
from numpy.typing import NDArray

from voltran.physics.arrays import BoolArray, IntArray
from voltran.physics.compiled import kernel
from voltran.physics.ordering import rising_sites
from voltran.physics.power import ASSISTED, HELPING, NORMAL


@kernel
def _count(flags: BoolArray) -> int:
    """Number of True entries of ``flags [site]``."""
    count = 0
    for index in range(flags.shape[0]):
        if flags[index]:
            count += 1
    return count


@kernel
def _augment(
    start: int,
    linked: BoolArray,
    reach: BoolArray,
    is_partner: BoolArray,
    rank: IntArray,
    k_max: int,
) -> bool:
    """Give ``start`` one more link along an augmenting path through partners (breadth first, best rank first).

    The path alternates between adding a link (start's side to partner) and removing one (partner to start's side), and
    ends at a partner that has room, or at a site of start's side that has a link to spare: nobody loses its last one.
    """
    n_sites = reach.shape[0]
    came_from = np.full(n_sites, -1)
    queue = np.empty(n_sites, dtype=np.int64)
    visited = np.zeros(n_sites, dtype=np.bool_)
    queue[0], head, tail = start, 0, 1
    visited[start] = True
    while head < tail:
        site = queue[head]
        head += 1
        for partner in rank:
            if not is_partner[partner] or visited[partner] or not reach[site, partner] or linked[site, partner]:
                continue
            visited[partner] = True
            came_from[partner] = site
            if _count(linked[partner]) < k_max:
                _flip(partner, True, start, came_from, linked)
                return True
            for other in rank:
                if linked[partner, other] and not visited[other]:
                    visited[other] = True
                    came_from[other] = partner
                    if _count(linked[other]) > 1:
                        _flip(other, False, start, came_from, linked)
                        return True
                    queue[tail] = other
                    tail += 1
    return False


@kernel
def _flip(end: int, adding: bool, start: int, came_from: IntArray, linked: BoolArray) -> None:
    """Add and remove links in turn along the path from ``end`` back to ``start``; ``adding`` says which comes first."""
    site = end
    while site != start:
        before = came_from[site]
        linked[site, before] = adding
        linked[before, site] = adding
        site, adding = before, not adding


@kernel
def _within_reach(helps: BoolArray, helped: BoolArray, may_help: BoolArray) -> BoolArray:
    """Pairs of a site that helps and one that is helped that may be linked, ``[site, site]`` (symmetric)."""
    n_sites = helps.shape[0]
    reach = np.zeros((n_sites, n_sites), dtype=np.bool_)
    for helper in range(n_sites):
        for site in range(n_sites):
            if helps[helper] and helped[site] and may_help[helper, site]:
                reach[helper, site] = True
                reach[site, helper] = True
    return reach


@kernel
def repair_modes(
    mode: IntArray, alive: BoolArray, energy_kwh: NDArray[np.float64], may_help: BoolArray, k_max: int
) -> tuple[IntArray, BoolArray]:
    """Modes of one world that satisfy the joint constraints, as near as possible to the ones asked for.

    Source: [MSRC] Eq. 20, [MSRC] Eq. 21, [MSRC] Eq. 22.

    Sites that ask for help are linked in order of rising energy (ties by index), each to its richest possible helper;
    one that finds none becomes normal; a helping site that nobody links to becomes normal.

    Args:
        mode: ``[site]`` modes asked for.
        alive: ``[site]``; dead sites need no helper, but may be helped.
        energy_kwh: ``[site]`` usable energy.
        may_help: ``[helper, site]``.
        k_max: most links of a site.

    Returns:
        The modes, and the links ``[site, site]`` (symmetric).
    """
    n_sites = mode.shape[0]
    repaired = mode.copy()
    linked = np.zeros((n_sites, n_sites), dtype=np.bool_)
    helps = alive & (mode == HELPING)
    helped = ~alive | (mode >= ASSISTED)
    reach = _within_reach(helps, helped, may_help)
    poorest = rising_sites(energy_kwh)
    richest = poorest[::-1].copy()
    for site in poorest:
        if alive[site] and helped[site] and not _augment(site, linked, reach, helps, richest, k_max):
            repaired[site] = NORMAL
            helped[site] = False
            reach[site, :] = False
            reach[:, site] = False
    for helper in richest:
        alone = helps[helper] and _count(linked[helper]) == 0
        if alone and not _augment(helper, linked, reach, helped, poorest, k_max):
            repaired[helper] = NORMAL
    return repaired, linked


@kernel
def repair_modes_literally(
    mode: IntArray, alive: BoolArray, energy_kwh: NDArray[np.float64], may_help: BoolArray, k_max: int
) -> tuple[IntArray, BoolArray]:
    """:func:`repair_modes` where every helper and every needy site within reach are linked.

    Source: [MSRC] Eq. 20, [MSRC] Eq. 21, [MSRC] Eq. 22, [MSRC] Eq. 23 as printed.

    Live sites that ask for help are admitted in order of rising energy while nobody exceeds K_max; the others become
    normal, and so does a helper with nobody to help. Dead sites take no link, but may be helped.
    """
    n_sites = mode.shape[0]
    repaired = mode.copy()
    linked = np.zeros((n_sites, n_sites), dtype=np.bool_)
    for site in rising_sites(energy_kwh):
        if not alive[site] or mode[site] < ASSISTED:
            continue
        helpers, crowded = 0, False
        for helper in range(n_sites):
            if alive[helper] and mode[helper] == HELPING and may_help[helper, site]:
                helpers += 1
                crowded |= _count(linked[helper]) >= k_max
        if crowded or helpers == 0 or helpers > k_max:
            repaired[site] = NORMAL
            continue
        for helper in range(n_sites):
            if alive[helper] and mode[helper] == HELPING and may_help[helper, site]:
                linked[helper, site] = True
                linked[site, helper] = True
    for helper in range(n_sites):
        if alive[helper] and mode[helper] == HELPING and _count(linked[helper]) == 0:
            repaired[helper] = NORMAL
            for site in range(n_sites):
                if may_help[helper, site] and not alive[site]:
                    repaired[helper] = HELPING
    return repaired, linked


@kernel
def repair_worlds(
    mode: IntArray,
    alive: BoolArray,
    energy_kwh: NDArray[np.float64],
    may_help: BoolArray,
    k_max: int,
    literal: bool = False,
) -> tuple[IntArray, BoolArray]:
    """:func:`repair_modes` (or its literal form) for a batch: modes ``[B, site]`` and links ``[B, site, site]``."""
    n_worlds, n_sites = mode.shape
    repaired = np.empty_like(mode)
    linked = np.empty((n_worlds, n_sites, n_sites), dtype=np.bool_)
    for w in range(n_worlds):
        if literal:
            repaired[w], linked[w] = repair_modes_literally(mode[w], alive[w], energy_kwh[w], may_help, k_max)
        else:
            repaired[w], linked[w] = repair_modes(mode[w], alive[w], energy_kwh[w], may_help, k_max)
    return repaired, linked
