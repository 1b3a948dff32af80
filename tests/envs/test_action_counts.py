"""Illegal actions are counted, and masks that nobody reads are spoken of once."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from tests.envs.fake_world import FakeWorld, make_fake_world
from voltran.envs.checks import check_env
from voltran.envs.checks.action_sampling import is_legal
from voltran.envs.errors import IllegalActionsWarning
from voltran.envs.faces import action_counts
from voltran.envs.faces.action_counts import forbidden_by, masks_ignored_on_purpose
from voltran.envs.faces.aec import aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.faces.vector import VectorFace
from voltran.envs.world import Role, Transition

Player = Callable[[Any, bool], Any]


class SilentWorld(FakeWorld):
    """A fake world that does not say which actions it replaced."""

    def step(self, actions: Any) -> Transition:
        transition = super().step(actions)
        for infos in transition.agent_infos.values():
            del infos["projected"]
        return transition


def silent_world(n_worlds: int = 1, **options: Any) -> SilentWorld:
    return SilentWorld(n_worlds, **options)


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_counts, "_said", {"it": False})


def parallel_steps(env: ParallelFace, legal: bool) -> Iterator[int]:
    """Play an episode; yields how many actions of each step its masks forbid."""
    env.reset(seed=1)
    rng = np.random.default_rng(0)
    while env.agents:
        masks = env.action_masks()
        actions = {agent: _choice(env.action_space(agent), masks[agent], legal, rng) for agent in env.agents}
        yield sum(
            not is_legal(env.action_space(agent), masks[agent], actions[agent])
            for agent in env.agents
            if masks[agent].size
        )
        env.step(actions)


def _choice(space: Any, mask: Any, legal: bool, rng: Any) -> Any:
    if not mask.size:
        return np.zeros(space.shape, space.dtype)
    if isinstance(space, spaces.MultiDiscrete):
        parts = np.split(mask, np.cumsum(space.nvec)[:-1])
        return np.array([_choice(None, part, legal, rng) for part in parts])
    return int(rng.choice(np.flatnonzero(mask))) if legal else mask.size - 1


@pytest.mark.parametrize("world", [make_fake_world, silent_world])
@pytest.mark.parametrize("mask", ["info", "obs", None])
@pytest.mark.parametrize("legal", [True, False])
def test_counts_are_those_of_the_masks(world: Any, mask: Any, legal: bool) -> None:
    roles = ("bs", "ubs", "operator")
    env = ParallelFace(partial(world, roles=roles), mask=mask)
    with masks_ignored_on_purpose():
        counted = list(parallel_steps(env, legal))
    assert env.illegal_actions == sum(counted)
    assert (env.illegal_actions == 0) == legal
    assert env.actions_taken == len(counted) * 5  # three bs and two ubs; the operator has no mask
    counts = env.actions_taken, env.illegal_actions
    with masks_ignored_on_purpose():
        list(parallel_steps(env, legal))
    assert (env.actions_taken, env.illegal_actions) == tuple(2 * count for count in counts)


def test_a_mask_forbids_what_any_of_its_choices_forbids() -> None:
    role = Role("ubs", 1, spaces.Box(0, 1, (1,), np.float32), spaces.MultiDiscrete([3, 2]))
    mask = np.array([[[True, False, True, True, False]]])
    codes = {(0, 0): False, (1, 0): True, (2, 1): True, (2, 0): False}
    assert {code: bool(forbidden_by(role, mask, np.array([[code]]))[0, 0]) for code in codes} == codes


def play_parallel(world: Any, legal: bool) -> Any:
    env = ParallelFace(world, mask=None)
    list(parallel_steps(env, legal))
    return env


def play_aec(world: Any, legal: bool) -> Any:
    env = aec_face(ParallelFace(world))
    env.reset(seed=1)
    for agent in env.agent_iter():
        _, _, terminated, truncated, _ = env.last()
        highest = np.flatnonzero(env.action_mask(agent)).max() if legal else 3
        env.step(None if terminated or truncated else int(highest))
    return env


def play_central(world: Any, legal: bool) -> Any:
    env = CentralFace(world)
    env.reset(seed=1)
    over = False
    while not over:
        masks = env.action_masks().reshape(3, 4)
        _, _, terminated, truncated, _ = env.step(
            masks.shape[1] - 1 - masks[:, ::-1].argmax(axis=1) if legal else np.full(3, 3)
        )
        over = terminated or truncated
    return env


def play_vector(world: Any, legal: bool) -> Any:
    env = VectorFace(world(2), "bs")
    env.reset()
    for _ in range(13):
        masks = env.action_masks()
        env.step(3 - masks[:, ::-1].argmax(axis=1) if legal else np.full(6, 3))
    return env


faces = pytest.mark.parametrize("play", [play_parallel, play_aec, play_central, play_vector])


@faces
@pytest.mark.parametrize("world", [make_fake_world, silent_world])
def test_whoever_ignores_masks_is_told_once(play: Player, world: Any) -> None:
    with pytest.warns(IllegalActionsWarning, match=r"actions of bs_\d in an episode .*docs/interop.md") as told:
        env: Any = play(partial(world, roles=("bs",)), False)
    assert told[0].filename == __file__
    assert env.illegal_actions > env.actions_taken / 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        play(partial(world, roles=("bs",)), False)


@faces
def test_whoever_reads_them_is_not(play: Player) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env: Any = play(partial(make_fake_world, roles=("bs",)), True)
    assert env.illegal_actions == 0 < env.actions_taken


def test_an_episode_that_is_given_up_counts_too() -> None:
    env = ParallelFace(partial(make_fake_world, roles=("bs",)))
    steps = parallel_steps(env, False)
    for _ in range(9):
        next(steps)
    with pytest.warns(IllegalActionsWarning):
        env.reset()


def test_a_warning_made_an_error_leaves_the_face_working() -> None:
    env = ParallelFace(partial(make_fake_world, roles=("bs",)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", IllegalActionsWarning)
        with pytest.raises(IllegalActionsWarning):
            list(parallel_steps(env, False))
    assert not env.agents
    assert sum(1 for _ in parallel_steps(env, True)) == 12


def test_the_conformance_suite_ignores_masks_on_purpose() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", IllegalActionsWarning)
        check_env(
            partial(ParallelFace, partial(make_fake_world, roles=("bs",))), skip=["seed_replays_across_processes"]
        )
