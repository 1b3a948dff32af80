"""Where sites stand, how far things are apart, and how much coverage discs overlap."""

import math

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.compiled import kernel
from voltran.physics.ordering import SAME


def hexagonal_sites(n_sites: int, inter_site_distance_m: float) -> FloatArray:
    """Positions of full hexagonal rings around a centre site.

    Source: own; the layout of [MSRC] Section V, 19 sites at 500 m.

    Args:
        n_sites: 1, 7, 19, 37, 61, ...: ``1 + 3 r (r + 1)`` for ``r`` rings.
        inter_site_distance_m: distance of neighbouring sites.

    Returns:
        ``[site, 2]`` positions in metres, centre first, then ring by ring.

    Raises:
        ValueError: ``n_sites`` does not fill whole rings.
    """
    axial = [(0, 0)]
    ring = 0
    while len(axial) < n_sites:
        ring += 1
        q, r = -ring, 0  # axial coordinates; a ring is walked along its six sides
        for dq, dr in ((1, -1), (1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1)):
            for _ in range(ring):
                axial.append((q, r))
                q, r = q + dq, r + dr
    if len(axial) != n_sites:
        raise ValueError(f"n_sites = {n_sites} does not fill whole hexagonal rings; use 1, 7, 19, 37, 61, ...")
    coordinates = np.asarray(axial, dtype=np.float64)
    x = inter_site_distance_m * (coordinates[:, 0] + coordinates[:, 1] / 2.0)
    y = inter_site_distance_m * np.sqrt(3.0) / 2.0 * coordinates[:, 1]
    return np.stack([x, y], axis=1)


def distances_m(first_m: FloatArray, second_m: FloatArray) -> FloatArray:
    """Euclidean distances between positions.

    Source: own; d_ij of [MSRC] Section II-A.

    Args:
        first_m: ``[..., a, 2]`` positions, metres.
        second_m: ``[..., b, 2]`` positions, metres.

    Returns:
        ``[..., a, b]`` metres.
    """
    across = first_m[..., :, None, 0] - second_m[..., None, :, 0]
    along = first_m[..., :, None, 1] - second_m[..., None, :, 1]
    return np.asarray(np.sqrt(across * across + along * along))


@kernel
def in_some_cell(points_m: FloatArray, sites_m: FloatArray, inter_site_distance_m: float) -> BoolArray:
    """Whether points lie in the hexagonal cell of any site; see :func:`hexagon_contains`.

    Source: own.

    Args:
        points_m: ``[point, 2]`` positions, metres.
        sites_m: ``[site, 2]`` positions, metres.
        inter_site_distance_m: distance of neighbouring sites.

    Returns:
        ``[point]`` True inside.
    """
    inside = np.zeros(points_m.shape[0], dtype=np.bool_)
    apothem = inter_site_distance_m / 2.0
    slant = math.sqrt(3.0) / 2.0
    for point in range(points_m.shape[0]):
        for site in range(sites_m.shape[0]):
            x, y = points_m[point, 0] - sites_m[site, 0], points_m[point, 1] - sites_m[site, 1]
            across, along = abs(x), max(abs(0.5 * x + slant * y), abs(0.5 * x - slant * y))
            if across <= apothem and along <= apothem:
                inside[point] = True
                break
    return inside


def hexagon_contains(offset_m: FloatArray, inter_site_distance_m: float) -> BoolArray:
    """Whether points, given as offsets from a site, lie in that site's hexagonal cell.

    The cell is the set of points nearer to the site than to any of its six lattice neighbours. Source: own.

    Args:
        offset_m: ``[..., 2]`` offsets from the site, metres.
        inter_site_distance_m: distance of neighbouring sites.

    Returns:
        ``[...]`` True inside, borders included.
    """
    angles = np.arange(3) * np.pi / 3.0
    directions = np.stack([np.cos(angles), np.sin(angles)])
    return np.asarray(np.all(np.abs(offset_m @ directions) <= inter_site_distance_m / 2.0, axis=-1))


def disc_overlap_share(distance_m: FloatArray, helper_radius_m: float, covered_radius_m: float) -> FloatArray:
    """Share of a disc of ``covered_radius_m`` that lies inside a disc of ``helper_radius_m`` at some distance.

    With the helper's expanded radius and the neighbour's nominal radius this is the assistance potential kappa.
    Source: [MSRC] Eq. 1; the area of the lens in closed form.

    Args:
        distance_m: distances of the centres, any shape.
        helper_radius_m: radius of the covering disc.
        covered_radius_m: radius of the disc to be covered.

    Returns:
        Shares in [0, 1], shape of ``distance_m``.
    """
    d = np.asarray(distance_m, dtype=np.float64)
    big, small = helper_radius_m, covered_radius_m
    apart = np.maximum(d, 1e-12)
    cos_big = np.clip((apart**2 + big**2 - small**2) / (2.0 * apart * big), -1.0, 1.0)
    cos_small = np.clip((apart**2 + small**2 - big**2) / (2.0 * apart * small), -1.0, 1.0)
    # The lens is two circular segments: sectors of both discs less the kite of centres and crossings (Heron's formula).
    kite = (-apart + small + big) * (apart + small - big) * (apart - small + big) * (apart + small + big)
    lens = big**2 * np.arccos(cos_big) + small**2 * np.arccos(cos_small) - 0.5 * np.sqrt(np.maximum(kite, 0.0))
    # Where circles touch, rounding of the cosines would be magnified to its square root.
    lens = np.where(d >= (1.0 - SAME) * (big + small), 0.0, lens)
    lens = np.where(d <= (1.0 + SAME) * abs(big - small), np.pi * min(big, small) ** 2, lens)
    return np.asarray(lens / (np.pi * small**2))


def reuse_colours(sites_m: FloatArray, inter_site_distance_m: float) -> IntArray:
    """Reuse-3 colour (0, 1, 2) of sites on a hexagonal grid: neighbouring sites never share a colour.

    Source: own.

    Args:
        sites_m: ``[site, 2]`` positions as of :func:`hexagonal_sites`, metres.
        inter_site_distance_m: distance of neighbouring sites.

    Returns:
        ``[site]`` colours.
    """
    r = np.rint(sites_m[:, 1] / (inter_site_distance_m * np.sqrt(3.0) / 2.0))
    q = np.rint(sites_m[:, 0] / inter_site_distance_m - r / 2.0)
    return np.asarray(np.mod(q - r, 3), dtype=np.int64)
