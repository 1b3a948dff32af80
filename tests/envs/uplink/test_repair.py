"""Repair to the limits: feasible associations stay, all others become feasible, by the strongest links."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltran.envs.uplink.repair import repair
from voltran.physics.arrays import BoolArray, FloatArray


def repaired(association: BoolArray, gain: FloatArray, ubs_per_ue: int, ues_per_ubs: int) -> BoolArray:
    return np.asarray(repair(association[None], gain, ubs_per_ue, ues_per_ubs)[0])


def is_feasible(association: BoolArray, ubs_per_ue: int, ues_per_ubs: int) -> bool:
    servers = association.sum(axis=0)
    load = association.sum(axis=1)
    return bool((servers >= 1).all() and (servers <= ubs_per_ue).all() and (load <= ues_per_ubs).all())


def random_case(seed: int, n_ubs: int, n_ues: int) -> tuple[BoolArray, FloatArray]:
    generator = np.random.default_rng(seed)
    return generator.random((n_ubs, n_ues)) < generator.random(), generator.random((n_ubs, n_ues))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(0, 8), st.integers(1, 6), st.integers(1, 8))
def test_everybody_is_served_within_the_limits(seed: int, n_ubs: int, n_ues: int, per_ue: int, per_ubs: int) -> None:
    n_ues = min(n_ues, n_ubs * per_ubs)
    association, gain = random_case(seed, n_ubs, n_ues)
    before = association.copy()
    result = repaired(association, gain, per_ue, per_ubs)
    assert is_feasible(result, per_ue, per_ubs)
    assert np.array_equal(association, before)
    assert np.array_equal(repaired(result, gain, per_ue, per_ubs), result)
    if is_feasible(association, per_ue, per_ubs):
        assert np.array_equal(result, association)


def test_a_ue_keeps_its_strongest_volunteers() -> None:
    gain = np.array([[0.1], [0.4], [0.2], [0.3]])
    assert repaired(np.ones((4, 1), dtype=bool), gain, 2, 5)[:, 0].tolist() == [False, True, False, True]


def test_a_ubs_keeps_its_best_ues_and_the_others_wake_their_strongest_with_room() -> None:
    """UBS 0 is everybody's strongest and may serve two; the third UE goes to its second-best, UBS 2."""
    gain = np.array([[9.0, 8.0, 7.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    association = np.zeros((3, 3), dtype=bool)
    association[0] = True
    expected = [[True, True, False], [False, False, False], [False, False, True]]
    assert repaired(association, gain, 3, 2).tolist() == expected


def test_where_every_ubs_is_full_a_ue_with_several_servers_gives_one_up() -> None:
    gain = np.array([[4.0, 3.0, 5.0], [2.0, 1.0, 6.0]])
    association = np.array([[True, True, False], [True, True, False]])
    # The weakest link of those that may go is that of UE 1 with UBS 1.
    assert repaired(association, gain, 2, 2).tolist() == [[True, True, False], [True, False, True]]


@pytest.mark.parametrize("n_ues", [0, 1])
def test_no_ues_and_nobody_asked(n_ues: int) -> None:
    result = repaired(np.zeros((3, n_ues), dtype=bool), np.arange(3.0 * n_ues).reshape(3, n_ues), 2, 2)
    assert result.sum() == n_ues
    assert result[2].all()
