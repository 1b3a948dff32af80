"""Orders and extremes of keys that may be equal: against exact arithmetic, and unmoved by noise."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltran.physics.arrays import FloatArray
from voltran.physics.layout import disc_overlap_share, distances_m, hexagonal_sites
from voltran.physics.ordering import (
    falling,
    first_largest,
    first_least,
    ranks,
    rising,
    rising_sites,
    surpasses,
)

NOISE = 1e-13

# Few different values, so that many are equal; their unit is anything from nanowatts to megametres.
whole_keys = st.lists(st.integers(-6, 6), min_size=1, max_size=12)
units = st.sampled_from([1e-12, 1e-3, 1.0 / 3.0, 0.1, 1.0, 7e8])
seeds = st.integers(0, 2**32 - 1)


def keys_of(whole: list[int], unit: float, seed: int) -> FloatArray:
    """Keys that would be multiples of a unit but for rounding."""
    noise = np.random.default_rng(seed).uniform(-NOISE, NOISE, len(whole))
    return np.array([float(Fraction(value) * Fraction(unit)) for value in whole]) * (1.0 + noise)


def by_exact_key(whole: list[int]) -> list[int]:
    return sorted(range(len(whole)), key=lambda index: (whole[index], index))


@given(whole_keys, units, seeds)
def test_noise_moves_no_order(whole: list[int], unit: float, seed: int) -> None:
    keys = keys_of(whole, unit, seed)
    expected = by_exact_key(whole)
    assert rising(keys).tolist() == expected
    assert rising_sites(keys).tolist() == expected
    assert falling(keys).tolist() == by_exact_key([-value for value in whole])
    assert ranks(keys).tolist() == [sorted(set(whole)).index(value) for value in whole]
    assert int(first_largest(keys)) == whole.index(max(whole))
    assert int(first_least(keys)) == whole.index(min(whole))


@given(whole_keys, units, seeds)
def test_noise_moves_no_comparison(whole: list[int], unit: float, seed: int) -> None:
    keys = keys_of(whole, unit, seed)
    for mine, key in zip(whole, keys, strict=True):
        for other, other_key in zip(whole, keys, strict=True):
            assert surpasses(key, other_key) == (mine > other)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=10), units, seeds)
def test_equals_go_by_the_next_key(pairs: list[tuple[int, int]], unit: float, seed: int) -> None:
    first, second = (keys_of([pair[place] for pair in pairs], unit, seed + place) for place in range(2))
    expected = sorted(range(len(pairs)), key=lambda index: (*pairs[index], index))
    assert rising(first, second).tolist() == expected


def test_every_row_has_an_order_of_its_own() -> None:
    generator = np.random.default_rng(0)
    keys = generator.integers(0, 3, (4, 5, 6)) * 0.1
    assert (rising(keys) == np.argsort(keys, axis=-1, kind="stable")).all()
    for axis in range(3):
        assert (first_largest(keys, axis) == keys.argmax(axis)).all()
        assert (first_least(keys, axis) == keys.argmin(axis)).all()


def test_infinite_keys_are_equal_to_their_like_only() -> None:
    keys = np.array([np.inf, 1.0, -np.inf, np.inf, 1.0 + NOISE, -np.inf])
    assert rising(keys).tolist() == [2, 5, 1, 4, 0, 3]
    assert int(first_largest(keys)) == 0
    assert int(first_least(keys)) == 2
    assert surpasses(1.0, -np.inf)
    assert not surpasses(np.inf, np.inf)
    assert rising(np.zeros((3, 0))).shape == (3, 0)


def test_kernels_take_infinite_keys_as_everybody_does() -> None:
    for key in ([3.0, 1.0, np.inf, 2.0], [np.inf, 1.0, -np.inf, np.inf], [2.0, 2.0 + 1e-12, np.inf, 1.0]):
        assert rising_sites(np.array(key)).tolist() == rising(key).tolist()


def test_differences_of_large_numbers_may_name_their_rounding() -> None:
    """Such keys are mostly noise, which their own size does not show."""
    lacking = (0.7 + 1e-12) - np.array([0.7, 0.7 - 1e-14, 0.6])
    assert ranks(lacking, 1e-10).tolist() == [0, 0, 1]


@pytest.mark.parametrize("n_sites", [7, 19, 37, 61])
@pytest.mark.parametrize("distance", [0.5, 500.0, 1732.0508])
def test_neighbours_on_a_lattice_go_by_ring_and_index(n_sites: int, distance: float) -> None:
    """Squared distances of the lattice are whole multiples of its own; in floating point they are not."""
    sites = hexagonal_sites(n_sites, distance)
    apart = distances_m(sites, sites)
    squares = np.rint((apart / distance) ** 2).astype(np.int64)
    generator = np.random.default_rng(0)
    assert (rising(apart * (1.0 + NOISE * generator.uniform(-1.0, 1.0, apart.shape))) == rising(squares)).all()
    kappa = disc_overlap_share(apart, 1.6 * distance, 0.8 * distance)
    kappa *= 1.0 + NOISE * generator.uniform(-1.0, 1.0, kappa.shape)
    for row in kappa:
        assert falling(row).tolist() == np.lexsort((np.arange(n_sites), -row.round(6))).tolist()


@pytest.mark.parametrize("inside", [True, False])
def test_overlap_of_discs_that_touch_is_exact(inside: bool) -> None:
    """Around the point of contact, rounding of the distance would show up magnified to its square root."""
    large, small = 600.0, 400.0
    contact = large - small if inside else large + small
    distances = contact * (1.0 + np.linspace(-1e-12, 1e-12, 41))
    assert (disc_overlap_share(distances, large, small) == (1.0 if inside else 0.0)).all()


def test_the_last_axis_is_looked_along_by_default() -> None:
    keys = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
    assert first_least(keys).tolist() == [1, 0]
    assert first_largest(keys).tolist() == [0, 1]
