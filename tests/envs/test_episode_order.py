"""Which episodes faces play: those of a list in their order, those that resets name, and no others."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.envs.fake_world import make_fake_world
from voltran.envs.errors import ScenarioError
from voltran.envs.faces.aec import aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.faces.vector import VectorFace
from voltran.envs.seeds import TRAINING_SEEDS

world = partial(make_fake_world, roles=("bs",))


def parallel(**options: Any) -> Any:
    return ParallelFace(world, **options)


def aec(**options: Any) -> Any:
    return aec_face(parallel(**options))


def central(**options: Any) -> Any:
    return CentralFace(world, **options)


single = pytest.mark.parametrize("make", [parallel, aec, central])
Make = Callable[..., Any]


def seed_of(env: Any) -> int:
    return int(env.unwrapped.world.seeds[0])


@single
@pytest.mark.parametrize("episodes", [range(1000, 1003), [1000, 1001, 1002], np.arange(1000, 1003)])
def test_a_list_is_played_in_its_order_and_then_again(make: Make, episodes: Any) -> None:
    env = make(episodes=episodes)
    played = []
    for _ in range(7):
        env.reset()
        played.append(seed_of(env))
    assert played == [1000, 1001, 1002, 1000, 1001, 1002, 1000]


@single
def test_a_seed_or_an_option_stands_above_the_list_and_leaves_its_place(make: Make) -> None:
    env = make(episodes=[5, 6])
    played = []
    for arguments in ({}, {"seed": 9}, {"options": {"episode": 8}}, {"seed": 3, "options": {"episode": 8}}, {}, {}):
        env.reset(**arguments)
        played.append(seed_of(env))
    assert played == [5, 9, 8, 3, 6, 5]


@single
def test_the_option_leaves_the_generator_where_it_is(make: Make) -> None:
    env, other = make(), make()
    env.reset(seed=4)
    other.reset(seed=4)
    env.reset(options={"episode": 1000})
    assert seed_of(env) == 1000
    env.reset()
    other.reset()
    assert seed_of(env) == seed_of(other) in TRAINING_SEEDS


@single
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"episodes": 5}, r"options\['episodes'\] is unknown; reset has one option, 'episode'"),
        ({"episode": 5, "reset_mask": None}, r"options\['reset_mask'\] is unknown"),
        ({"episode": -5}, "seed = -5"),
        ({"episode": 1.0}, "seed = 1.0"),
        ([1], r"options = \[1\]: give a dict"),
    ],
)
def test_other_options_are_refused_and_the_episode_goes_on(make: Make, options: Any, message: str) -> None:
    env = make(episodes=[5, 6])
    env.reset()
    before = env.state()
    with pytest.raises(ScenarioError, match=message):
        env.reset(options=options)
    assert seed_of(env) == 5
    assert np.array_equal(env.state(), before)
    env.reset(options={})
    assert seed_of(env) == 6


@pytest.mark.parametrize(
    ("episodes", "message"),
    [
        ([], "at least one episode"),
        (range(3, 3), "at least one episode"),
        (7, "episodes = 7: give the seeds"),
        ("123", "episodes = '123'"),
        ({1: 2}, "at least one episode"),
        ([1, 2.5], "seed = 2.5"),
        ([1, -1], "seed = -1"),
        (range(3, -3, -1), "seed = -2"),
        (iter([1]), "at least one episode"),
    ],
)
@pytest.mark.parametrize("make", [parallel, central, partial(VectorFace, world(2), "bs")])
def test_lists_of_something_else_are_refused(make: Make, episodes: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        make(episodes=episodes)


def test_worlds_of_a_batch_begin_at_their_parts_of_the_list() -> None:
    vector = VectorFace(make_fake_world(3, roles=("bs",), max_decisions=1), "bs", episodes=range(100, 107))
    vector.reset()
    played = []
    for _ in range(4):
        infos = vector.step(np.zeros(9, int))[3]
        played.append([infos[row]["episode_seed"] for row in (0, 3, 6)])
    assert played == [[100, 102, 104], [101, 103, 105], [102, 104, 106], [103, 105, 100]]


def test_a_snapshot_of_a_batch_knows_its_place_in_the_list() -> None:
    def build() -> VectorFace:
        return VectorFace(make_fake_world(2, roles=("bs",), max_decisions=1), "bs", episodes=range(100, 110))

    vector, other = build(), build()
    vector.reset()
    vector.step(np.zeros(6, int))
    other.set_state(vector.get_state())
    for each in (vector, other):
        infos = [each.step(np.zeros(6, int))[3] for _ in range(2)]
        assert [infos[1][row]["episode_seed"] for row in (0, 3)] == [102, 107]


def test_a_batch_takes_no_options_and_no_longer_seeds_than_its_snapshots() -> None:
    vector = VectorFace(world(2), "bs")
    vector.set_options({"episode": 3})
    with pytest.raises(ScenarioError, match=r"options\['episode'\] is unknown: .*episodes="):
        vector.reset()
    with pytest.raises(ScenarioError, match="below 9223372036854775808"):
        VectorFace(world(2), "bs", episodes=[2**63])


@single
def test_copies_play_the_same_episodes_until_each_has_a_seed_of_its_own(make: Make) -> None:
    env = make()
    env.reset(seed=4)
    twin = copy.deepcopy(env)
    for each in (env, twin):
        each.reset()
    assert seed_of(env) == seed_of(twin)
    twin.reset(seed=5)
    for each in (env, twin):
        each.reset()
    assert seed_of(env) != seed_of(twin)


def test_the_generator_can_be_set_as_in_gymnasium() -> None:
    env, other = parallel(), parallel()
    for each in (env, other):
        each.np_random = np.random.default_rng(3)
        each.reset()
    assert seed_of(env) == seed_of(other)
    env.reset(seed=8)
    assert env.np_random.integers(2**60) == np.random.default_rng(8).integers(2**60)
