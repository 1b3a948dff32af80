"""Cooperation links as rows of the mixed-integer program: what the world's repair would leave alone, and nothing else.

Links join a helping site and an assisted, sleeping or dead one within reach.
"""

import numpy as np

from voltran.baselines.msrc.instance import Instance
from voltran.baselines.program import Rows, grid, listed
from voltran.physics.arrays import IntArray
from voltran.physics.power import ASSISTED, HELPING


def linkable(instance: Instance) -> tuple[IntArray, IntArray]:
    """Helper and needy site of every possible link that needs a variable, both ``[link]``.

    None is needed where every pair counts as a link, nor where no site has so many neighbours that K_max matters.
    """
    helper, needy = np.nonzero(instance.may_help & instance.alive[:, None])
    most = max((int(np.bincount(end).max()) for end in (helper, needy) if end.size), default=0)
    if instance.literal_links or instance.k_max >= most:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return helper, needy


def add_link_rows(rows: Rows, instance: Instance, choice: IntArray, link: IntArray) -> None:
    """Add the rows that say which modes go together.

    Args:
        rows: of the program to be built.
        instance: the planning problem.
        choice: ``[site, option]`` columns of the binaries.
        link: ``[link]`` columns of variables between zero and one, as many as :func:`linkable` asks for.
    """
    helping = choice[:, np.flatnonzero(instance.options.mode == HELPING)]
    needing = choice[:, np.flatnonzero(instance.options.mode >= ASSISTED)]
    _add_partner_rows(rows, instance, helping, needing)
    if instance.literal_links:
        _add_literal_rows(rows, instance, helping, needing)
    elif link.size:
        _add_active_rows(rows, instance, helping, needing, link)


def _add_partner_rows(rows: Rows, instance: Instance, helping: IntArray, needing: IntArray) -> None:
    """Nobody helps without a site in need within reach, and no live site is in need without a helper.

    Source: [MSRC] Eq. 20, [MSRC] Eq. 21.
    """
    helper, needy = np.nonzero(instance.may_help & instance.alive[:, None])
    ends = (
        ("helper_has_partner", helper, helping, needy, needing),
        ("needy_has_helper", needy, needing, helper, helping),
    )
    for name, end, own, other_end, others in ends:
        free = np.where(instance.alive, 0.0, np.inf)
        first = rows.add(-np.inf, free, instance.n_sites, grid(name, site=instance.n_sites))
        rows.put((first + np.arange(instance.n_sites))[:, None], own, 1.0)
        rows.put((first + end)[:, None], others[other_end], -1.0)


def _add_active_rows(rows: Rows, instance: Instance, helping: IntArray, needing: IntArray, link: IntArray) -> None:
    """Links in use: at least one of every helping and every live needy site, at most K_max of any.

    Source: [MSRC] Eq. 22. Reconstructed: [MSRC] Eq. 23 makes every pair a link, so that K_max would forbid many plans;
    here links are those in use. They need not be declared whole. For a given plan they are a flow through a bipartite
    network all of whose bounds are whole numbers, so that where any links satisfy the rows, whole ones do.
    """
    n_sites, k_max = instance.n_sites, float(instance.k_max)
    sites = np.arange(n_sites)[:, None]
    helper, needy = linkable(instance)
    for role, end, own in (("helper", helper, helping), ("needy", needy, needing)):
        label = listed(f"link_of_{role}", helper=helper, needy=needy)
        allowed = rows.add(-np.inf, 0.0, end.size, label) + np.arange(end.size)
        rows.put(allowed, link, 1.0)
        rows.put(allowed[:, None], own[end], -1.0)
        least = np.where(instance.alive, 0.0, -np.inf)
        some = rows.add(least, np.inf, n_sites, grid(f"some_links_of_{role}", site=n_sites))
        few = rows.add(-np.inf, 0.0, n_sites, grid(f"few_links_of_{role}", site=n_sites))
        for first, factor in ((some, 1.0), (few, k_max)):
            rows.put(first + end, link, 1.0)
            rows.put(first + sites, own, -factor)


def _add_literal_rows(rows: Rows, instance: Instance, helping: IntArray, needing: IntArray) -> None:
    """All pairs of a helping and a live needy site within reach are links, at most K_max of any site.

    Source: [MSRC] Eq. 22, [MSRC] Eq. 23 as printed.

    A site that takes no part may have any number of partners around it, whence the slack in its row.
    """
    helper, needy = np.nonzero(instance.may_help & instance.alive[:, None] & instance.alive[None, :])
    sites = np.arange(instance.n_sites)[:, None]
    ends = (("helper", helper, helping, needing[needy]), ("needy", needy, needing, helping[helper]))
    for role, end, own, others in ends:
        slack = np.maximum(np.bincount(end, minlength=instance.n_sites) - instance.k_max, 0).astype(np.float64)
        label = grid(f"links_of_{role}", site=instance.n_sites)
        first = rows.add(-np.inf, instance.k_max + slack, instance.n_sites, label)
        rows.put((first + end)[:, None], others, 1.0)
        rows.put(first + sites, own, slack[:, None])
