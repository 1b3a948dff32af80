"""Repair under [MSRC] Eq. 23 as printed: all pairs of a helper and a needy site within reach are links."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.property.test_repair import EVEN, MANY_HELPERS, MOSTLY_NORMAL, Case, case
from voltran.envs.blackout.commands import mode_commands
from voltran.envs.blackout.repair import repair_modes_literally
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.registry import make_world
from voltran.physics.arrays import BoolArray, IntArray
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

cases = st.builds(
    case,
    seed=st.integers(0, 10_000),
    n_sites=st.sampled_from([7, 19]),
    k_max=st.integers(0, 4),
    alive_share=st.sampled_from([0.6, 0.9, 1.0]),
    modes=st.sampled_from([EVEN, MOSTLY_NORMAL, MANY_HELPERS]),
    grid=st.booleans(),
)


def repaired(asked: Case) -> tuple[IntArray, BoolArray]:
    modes, links = repair_modes_literally(asked.mode, asked.alive, asked.energy_kwh, asked.may_help, asked.k_max)
    return modes, links


def pairs_of(asked: Case, modes: IntArray) -> BoolArray:
    """``[helper, site]`` all live pairs that Eq. 23 links."""
    helping: BoolArray = asked.alive & (modes == HELPING)
    needy: BoolArray = asked.alive & (modes >= ASSISTED)
    return np.asarray(asked.may_help & helping[:, None] & needy[None, :])


def is_feasible(asked: Case, modes: IntArray) -> bool:
    pairs = pairs_of(asked, modes)
    links = pairs.sum(axis=0) + pairs.sum(axis=1)
    needy = asked.alive & (modes >= ASSISTED)
    helping = asked.alive & (modes == HELPING)
    busy = pairs.any(axis=1) | (asked.may_help & ~asked.alive).any(axis=1)
    return bool(links.max() <= asked.k_max and np.all(pairs.any(axis=0) | ~needy) and np.all(busy | ~helping))


@given(cases)
def test_the_result_is_feasible_and_its_links_are_all_pairs(asked: Case) -> None:
    modes, links = repaired(asked)
    assert is_feasible(asked, modes)
    pairs = pairs_of(asked, modes)
    assert np.array_equal(links, pairs | pairs.T)


@given(cases)
def test_feasible_actions_are_left_alone_and_repair_is_idempotent(asked: Case) -> None:
    modes, _ = repaired(asked)
    assert np.array_equal(modes, asked.mode) == is_feasible(asked, asked.mode)
    again, _ = repaired(Case(modes, asked.alive, asked.energy_kwh, asked.may_help, asked.k_max))
    assert np.array_equal(again, modes)


def test_the_scenario_chooses_the_reading() -> None:
    """Six helpers around one sleeper are fine when one link is in use, and too many when all six count."""
    asked = np.array([[SLEEP, *[HELPING] * 6]])
    kept = {}
    for links in ("active", "literal"):
        world = make_world("urban7-medium", 1, {"cooperation.links": links})
        assert isinstance(world, BlackoutWorld)
        world.reset([0])
        world.step({"bs": mode_commands(world.constants, asked, command_set="paper")})
        kept[links] = world.mode[0]
    assert kept["active"][0] == SLEEP
    assert (kept["active"] == HELPING).sum() == 3
    assert (kept["literal"] == NORMAL).all()
