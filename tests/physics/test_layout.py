"""Hexagonal layouts, cells and overlapping discs against counting, nearest sites and quadrature."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from voltran.physics.layout import (
    disc_overlap_share,
    distances_m,
    hexagon_contains,
    hexagonal_sites,
    in_some_cell,
    reuse_colours,
)
from voltran.physics.ordering import SAME

SPACING_M = 500.0


def between_sites_m(n_sites: int) -> np.ndarray:
    sites = hexagonal_sites(n_sites, SPACING_M)
    return np.round(distances_m(sites, sites), 6)


@pytest.mark.parametrize(("n_sites", "rings"), [(1, 0), (7, 1), (19, 2), (37, 3), (61, 4)])
def test_sites_fill_rings_at_the_spacing(n_sites: int, rings: int) -> None:
    sites, apart = hexagonal_sites(n_sites, SPACING_M), between_sites_m(n_sites)
    off_diagonal = apart + np.diag(np.full(n_sites, np.inf))
    assert sites.shape == (n_sites, 2)
    assert np.allclose(sites[0], 0.0)
    assert np.allclose(sites.mean(axis=0), 0.0)
    assert n_sites == 1 or np.all(off_diagonal.min(axis=1) == SPACING_M)
    # The outer corners of the last ring are the farthest sites, and there are six of them.
    assert apart[0].max() == rings * SPACING_M
    assert n_sites == 1 or np.count_nonzero(apart[0] == rings * SPACING_M) == 6


@pytest.mark.parametrize(("n_sites", "rings"), [(7, 1), (19, 2), (37, 3), (61, 4)])
def test_number_of_first_neighbours(n_sites: int, rings: int) -> None:
    # A hexagon of r rings of a triangular lattice has 9 r^2 + 3 r edges.
    assert np.count_nonzero(between_sites_m(n_sites) == SPACING_M) == 2 * (9 * rings**2 + 3 * rings)


def test_neighbours_within_a_kilometre_of_nineteen_sites() -> None:
    apart = between_sites_m(19)
    degree = np.count_nonzero((apart > 0.0) & (apart <= 1000.0), axis=1)
    assert degree[0] == 18
    assert degree[1:7].tolist() == [13] * 6
    assert sorted(degree[7:]) == [8] * 6 + [9] * 6
    first_tier = np.count_nonzero(apart == SPACING_M, axis=1)
    assert sorted(first_tier[7:]) == [3] * 6 + [4] * 6
    assert set(np.unique(apart)) >= {500.0, round(500.0 * math.sqrt(3.0), 6), 1000.0}


@pytest.mark.parametrize("n_sites", [7, 19, 37, 61])
def test_pairs_at_exactly_one_kilometre_count_as_within(n_sites: int) -> None:
    exact = distances_m(*[hexagonal_sites(n_sites, SPACING_M)] * 2)
    assert np.all(exact[np.isclose(exact, 1000.0)] <= 1000.0)


@pytest.mark.parametrize("n_sites", [0, 2, 6, 8, 18, 20, 60])
def test_partial_rings_are_refused(n_sites: int) -> None:
    with pytest.raises(ValueError, match=f"n_sites = {n_sites}"):
        hexagonal_sites(n_sites, SPACING_M)


@pytest.mark.parametrize("n_sites", [1, 7, 19, 37, 61])
def test_neighbours_never_share_a_colour(n_sites: int) -> None:
    colour = reuse_colours(hexagonal_sites(n_sites, SPACING_M), SPACING_M)
    neighbours = between_sites_m(n_sites) == SPACING_M
    assert not np.any(neighbours & (colour[:, None] == colour[None, :]))
    assert set(colour) <= {0, 1, 2}


def test_distances_over_leading_axes() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 6, 2))
    expected = [[[math.dist(p, q) for q in second] for p in first] for first, second in zip(a, b, strict=True)]
    assert np.allclose(distances_m(a, b), expected, rtol=1e-14)


def test_cell_is_where_the_site_is_nearest() -> None:
    points = np.random.default_rng(0).uniform(-600.0, 600.0, (20_000, 2))
    nearest = distances_m(points, hexagonal_sites(19, SPACING_M)).argmin(axis=1)
    inside = hexagon_contains(points, SPACING_M)
    assert np.array_equal(inside, nearest == 0)
    cell_share = math.sqrt(3.0) / 2.0 * SPACING_M**2 / 1200.0**2
    assert abs(inside.mean() - cell_share) < 4.0 * math.sqrt(cell_share / 20_000)


def test_some_cell_is_that_of_any_site() -> None:
    points = np.random.default_rng(1).uniform(-900.0, 900.0, (300, 2))
    sites = hexagonal_sites(7, SPACING_M)
    each = hexagon_contains(points[:, None] - sites[None], SPACING_M)
    assert np.array_equal(in_some_cell(points, sites, SPACING_M), each.any(axis=1))


def test_borders_belong_to_a_cell() -> None:
    """Half the spacing towards a neighbour, and its third over the root of three towards a corner."""
    corner_m = SPACING_M / math.sqrt(3.0)
    points = np.array([[250.0, 0.0], [250.0 + 1e-6, 0.0], [0.0, corner_m - 1e-6], [0.0, corner_m + 1e-6]])
    assert in_some_cell(points, np.zeros((1, 2)), SPACING_M).tolist() == [True, False, True, False]


def test_colours_of_the_first_ring() -> None:
    assert reuse_colours(hexagonal_sites(7, SPACING_M), SPACING_M).tolist() == [0, 2, 1, 2, 1, 2, 1]


@pytest.mark.parametrize(
    ("expanded_m", "expected"),
    [
        (420.0, (0.29, 0.0, 0.0)),
        (450.0, (0.33, 0.0, 0.0)),
        (600.0, (0.58, 0.09, 0.0)),
        (800.0, (0.91, 0.35, 0.17)),
        (1000.0, (1.0, 0.67, 0.46)),
    ],
)
def test_assistance_potential_of_the_three_tiers(expanded_m: float, expected: tuple[float, ...]) -> None:
    tiers_m = np.array([500.0, 500.0 * math.sqrt(3.0), 1000.0])
    assert disc_overlap_share(tiers_m, expanded_m, 400.0) == pytest.approx(expected, abs=0.005)


def overlap_by_quadrature(distance_m: float, helper_m: float, covered_m: float) -> float:
    def height_m(x: float) -> float:
        covered = covered_m**2 - (x - distance_m) ** 2
        helping = helper_m**2 - x**2
        return 2.0 * math.sqrt(max(min(covered, helping), 0.0))

    edges = sorted({distance_m - covered_m, max(-helper_m, distance_m - covered_m), distance_m, distance_m + covered_m})
    crossing = (distance_m**2 + helper_m**2 - covered_m**2) / (2.0 * distance_m)
    pieces = sorted({*edges, *(x for x in (crossing, helper_m, -helper_m) if edges[0] < x < edges[-1])})
    area = sum(quad(height_m, low, high, limit=200)[0] for low, high in pairwise(pieces))
    return area / (math.pi * covered_m**2)


@pytest.mark.parametrize("helper_m", [150.0, 400.0, 800.0])
@pytest.mark.parametrize("distance_m", [1.0, 100.0, 249.0, 251.0, 400.0, 500.0, 799.0, 1199.0])
def test_overlap_equals_quadrature(distance_m: float, helper_m: float) -> None:
    share = disc_overlap_share(np.array([distance_m]), helper_m, 400.0)[0]
    assert share == pytest.approx(overlap_by_quadrature(distance_m, helper_m, 400.0), abs=1e-6)


def test_overlap_equals_monte_carlo() -> None:
    rng = np.random.default_rng(5)
    angle, radius = rng.uniform(0.0, 2.0 * math.pi, 200_000), 400.0 * np.sqrt(rng.random(200_000))
    point = np.stack([500.0 + radius * np.cos(angle), radius * np.sin(angle)])
    hit = (np.hypot(*point) <= 600.0).mean()
    assert disc_overlap_share(np.array([500.0]), 600.0, 400.0)[0] == pytest.approx(hit, abs=0.005)


def test_overlap_limits_and_monotony() -> None:
    distance_m = np.linspace(0.0, 1500.0, 3001)
    share = disc_overlap_share(distance_m, 800.0, 400.0)
    assert np.all(share[distance_m <= 400.0] == 1.0)
    assert np.all(share[distance_m >= 1200.0] == 0.0)
    assert np.all(np.diff(share) <= 1e-12)
    assert disc_overlap_share(np.array([0.0]), 200.0, 400.0)[0] == pytest.approx(0.25, rel=1e-12)


def test_circles_that_touch_but_for_rounding() -> None:
    apart, inside = (1.0 - SAME) * 1200.0, (1.0 + SAME) * 400.0
    assert disc_overlap_share(np.array([apart, inside]), 800.0, 400.0).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("distance_m", [0.25, 0.5, 100.0])
def test_equal_discs_overlap_by_their_closed_form(distance_m: float) -> None:
    half = distance_m / 800.0
    share = 2.0 / math.pi * (math.acos(half) - half * math.sqrt(1.0 - half**2))
    assert disc_overlap_share(np.array([distance_m]), 400.0, 400.0)[0] == pytest.approx(share, rel=1e-9)
