"""What holds for every repaired joint action: [MSRC] Eqs. 19-25, and respect for what was feasible."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from voltran.envs.blackout.repair import repair_modes, repair_worlds
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.layout import disc_overlap_share, distances_m, hexagonal_sites
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP


@dataclass(frozen=True)
class Case:
    """Arguments of a repair; ``may_help [helper, site]`` need not be symmetric."""

    mode: IntArray
    alive: BoolArray
    energy_kwh: FloatArray
    may_help: BoolArray
    k_max: int

    def repaired(self) -> tuple[IntArray, BoolArray]:
        """Modes and links after repair."""
        result: tuple[IntArray, BoolArray] = repair_modes(
            self.mode, self.alive, self.energy_kwh, self.may_help, self.k_max
        )
        return result

    @property
    def helping(self) -> BoolArray:
        """Live sites that ask to help."""
        return np.asarray(self.alive & (self.mode == HELPING))

    @property
    def needy(self) -> BoolArray:
        """Live sites that ask for help."""
        return np.asarray(self.alive & (self.mode >= ASSISTED))


def neighbours_who_may_help(n_sites: int, reach_m: float = 1000.0) -> BoolArray:
    """``[helper, site]`` on the hexagonal grid of [MSRC]: within reach, and with a kappa of 0.3 or more."""
    sites_m = hexagonal_sites(n_sites, 500.0)
    distance_m = distances_m(sites_m, sites_m)
    near = (distance_m <= reach_m + 1e-6) & (disc_overlap_share(distance_m, 800.0, 400.0) >= 0.3)
    return np.asarray(near & ~np.eye(n_sites, dtype=bool))


# Shares of normal, helping, assisted and sleeping sites: even, mostly normal, and enough helpers to make links scarce.
EVEN, MOSTLY_NORMAL, MANY_HELPERS = (0.25, 0.25, 0.25, 0.25), (0.7, 0.1, 0.1, 0.1), (0.05, 0.65, 0.1, 0.2)


def case(seed: int, n_sites: int, k_max: int, alive_share: float, modes: tuple[float, ...], grid: bool = True) -> Case:
    """A random case on the hexagonal grid, or with arbitrary reach between the sites."""
    rng = np.random.default_rng(seed)
    may_help = neighbours_who_may_help(n_sites) if grid else rng.random((n_sites, n_sites)) < 2.5 / n_sites
    np.fill_diagonal(may_help, False)
    return Case(
        mode=rng.choice(4, n_sites, p=modes),
        alive=rng.random(n_sites) < alive_share,
        energy_kwh=rng.permutation(n_sites) + rng.random(n_sites) / 2.0,  # distinct
        may_help=may_help,
        k_max=k_max,
    )


cases = st.builds(
    case,
    seed=st.integers(0, 2**32 - 1),
    n_sites=st.sampled_from([1, 7, 19]),
    k_max=st.sampled_from([0, 1, 2, 3, 5]),
    alive_share=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    modes=st.sampled_from([EVEN, MOSTLY_NORMAL, MANY_HELPERS]),
    grid=st.booleans(),
)


def links_exist(asked: Case) -> bool:
    """Whether some set of links makes the joint action feasible: a linear program with an integral polytope.

    One variable per possible pair of a helping site and an assisted, sleeping or dead one.
    """
    helped = asked.needy | ~asked.alive
    helpers, sites = np.nonzero(asked.may_help & asked.helping[:, None] & helped[None, :])
    index = np.arange(asked.mode.size)[:, None]
    degree = (helpers == index).astype(float) + (sites == index)
    least = (asked.helping | asked.needy).astype(float)
    if helpers.size == 0 or asked.k_max == 0:
        return not least.any()
    bounds = np.concatenate([-least, np.full(index.size, float(asked.k_max))])
    found = linprog(np.zeros(helpers.size), np.concatenate([-degree, degree]), bounds, bounds=(0.0, 1.0))
    assert found.status in (0, 2), found.message
    return bool(found.status == 0)


@given(cases)
def test_the_result_meets_the_joint_constraints(asked: Case) -> None:
    modes, links = asked.repaired()
    live_needy = asked.alive & (modes >= ASSISTED)
    live_helping = asked.alive & (modes == HELPING)
    assert np.array_equal(links, links.T)
    assert links.sum(axis=1).max() <= asked.k_max  # (22), (23)
    for first, second in np.argwhere(np.triu(links)):
        helper, site = (first, second) if live_helping[first] else (second, first)
        assert live_helping[helper]
        assert not asked.alive[site] or live_needy[site]
        assert asked.may_help[helper, site]
    assert links[live_needy].any(axis=1).all()  # (20): who is helped has a helper
    assert links[live_helping].any(axis=1).all()  # (21): who helps has somebody to help


@given(cases)
def test_sites_keep_their_mode_or_become_normal(asked: Case) -> None:
    modes, _ = asked.repaired()
    changed = modes != asked.mode
    assert np.all(modes[changed] == NORMAL)
    assert np.all(asked.alive[changed])


@given(cases)
def test_repairing_twice_changes_nothing_more(asked: Case) -> None:
    modes, links = asked.repaired()
    again, same_links = repair_modes(modes, asked.alive, asked.energy_kwh, asked.may_help, asked.k_max)
    assert np.array_equal(again, modes)
    assert np.array_equal(same_links, links)


@settings(max_examples=400)
@given(cases)
def test_an_action_is_left_alone_if_and_only_if_it_is_feasible(asked: Case) -> None:
    modes, _ = asked.repaired()
    assert np.array_equal(modes, asked.mode) == links_exist(asked)


@given(cases)
def test_the_repaired_action_is_feasible(asked: Case) -> None:
    modes, _ = asked.repaired()
    assert links_exist(Case(modes, asked.alive, asked.energy_kwh, asked.may_help, asked.k_max))


@given(cases, st.integers(0, 2**32 - 1))
def test_naming_the_sites_otherwise_changes_nothing(asked: Case, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(asked.mode.size)
    renamed = Case(
        asked.mode[order],
        asked.alive[order],
        asked.energy_kwh[order],
        asked.may_help[np.ix_(order, order)],
        asked.k_max,
    )
    modes, links = asked.repaired()
    renamed_modes, renamed_links = renamed.repaired()
    assert np.array_equal(renamed_modes, modes[order])
    assert np.array_equal(renamed_links, links[np.ix_(order, order)])


@given(st.lists(cases.filter(lambda asked: asked.mode.size == 7), min_size=1, max_size=4))
def test_a_batch_is_repaired_world_by_world(batch: list[Case]) -> None:
    may_help, k_max = neighbours_who_may_help(7), 2
    mode, alive, energy_kwh = (
        np.stack([getattr(asked, name) for asked in batch]) for name in ("mode", "alive", "energy_kwh")
    )
    modes, links = repair_worlds(mode, alive, energy_kwh, may_help, k_max)
    for world, asked in enumerate(batch):
        alone, its_links = repair_modes(asked.mode, asked.alive, asked.energy_kwh, may_help, k_max)
        assert np.array_equal(modes[world], alone)
        assert np.array_equal(links[world], its_links)


def test_without_links_everybody_is_normal() -> None:
    asked = case(0, 19, k_max=0, alive_share=1.0, modes=EVEN)
    modes, links = asked.repaired()
    assert np.all(modes == NORMAL)
    assert not links.any()


@pytest.mark.parametrize("mode", [HELPING, ASSISTED, SLEEP])
def test_a_single_site_can_only_be_normal(mode: int) -> None:
    asked = Case(np.array([mode]), np.array([True]), np.array([5.0]), np.zeros((1, 1), dtype=bool), 3)
    modes, links = asked.repaired()
    assert modes.tolist() == [NORMAL]
    assert not links.any()


def test_dead_sites_are_left_alone() -> None:
    asked = case(1, 7, k_max=3, alive_share=0.0, modes=EVEN)
    modes, links = asked.repaired()
    assert np.array_equal(modes, asked.mode)
    assert not links.any()


def test_a_helper_among_dead_sites_may_go_on_helping() -> None:
    alive = np.arange(7) == 0
    asked = Case(np.where(alive, HELPING, SLEEP), alive, np.arange(7.0), neighbours_who_may_help(7), 3)
    modes, links = asked.repaired()
    assert modes[0] == HELPING
    assert links[0].any()


def test_the_richest_helper_is_taken_and_the_poorest_site_comes_first() -> None:
    """Sites 0 and 1 could both help 2 and 3, one each: the poorer of these gets the richer helper."""
    may_help = np.zeros((4, 4), dtype=bool)
    may_help[:2, 2:] = True
    energy_kwh = np.array([8.0, 9.0, 2.0, 1.0])
    asked = Case(np.array([HELPING, HELPING, SLEEP, SLEEP]), np.ones(4, dtype=bool), energy_kwh, may_help, 1)
    modes, links = asked.repaired()
    assert np.array_equal(modes, asked.mode)
    assert links[1].tolist() == [False, False, False, True]
    assert links[0].tolist() == [False, False, True, False]


def test_helpers_share_sites_that_several_could_help() -> None:
    """Two sleepers with two links each are enough for four helpers, though the richest could take both."""
    may_help = np.zeros((6, 6), dtype=bool)
    may_help[:4, 4:] = True
    mode = np.array([HELPING, HELPING, HELPING, HELPING, SLEEP, SLEEP])
    asked = Case(mode, np.ones(6, dtype=bool), np.array([9.0, 8.0, 7.0, 6.0, 2.0, 1.0]), may_help, 2)
    modes, _ = asked.repaired()
    assert links_exist(asked)
    assert np.array_equal(modes, mode)
