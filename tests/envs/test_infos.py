"""Worlds say what their infos will hold, in every reward and form; faces pass it on, and metrics at the end."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.envs.fake_world import make_fake_world
from voltran.envs.checks.action_sampling import choose
from voltran.envs.environment_functions import make
from voltran.envs.faces.aec import aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.registry import make_world, world_spec
from voltran.envs.rewards import Period
from voltran.envs.world import World

# Small and quick; of each world in all its forms.
SCENARIOS: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]]]] = {
    "blackout_v0": ("toy3", {}, [{}, {"action_set": "extended", "action_form": "multi"}]),
    "brownout_v0": (
        "urban19-brownout-medium",
        {"layout.n_sites": 7, "users.count": 20, "time.horizon_h": 0.5, "time.physics_step_s": 300.0},
        [{}, {"action_form": "multi", "retailer_form": "box"}],
    ),
    "market_v0": ("market4", {"time.horizon_h": 0.5}, [{}, {"action_form": "box", "retailer_form": "box"}]),
    "uplink_v0": ("uplink20-drop", {}, [{}, {"action_form": "multi", "architecture": "cellular"}]),
    "sharing_v0": ("sharing12", {}, [{}, {"action_form": "multi"}]),
}
CASES = [
    pytest.param(name, reward, options, id=f"{name}-{reward}-{len(options)}")
    for name, (_, _, forms) in SCENARIOS.items()
    for reward in world_spec(name).rewards
    for options in forms
]


def kinds(tree: Any) -> Any:
    """Keys, types and shapes of nested infos."""
    if isinstance(tree, Mapping):
        return {key: kinds(value) for key, value in tree.items()}
    if isinstance(tree, tuple):
        return [kinds(part) for part in tree]
    return (tree.dtype, tree.shape) if isinstance(tree, np.ndarray) else type(tree)


def legal(world: World) -> dict[str, Any]:
    masks, rng = world.action_masks(), np.random.default_rng(0)
    return {
        role.name: np.array(
            [[choose(role.action_space, row if row.size else None, rng) for row in rows] for rows in masks[role.name]]
        )
        for role in world.roles
    }


@pytest.mark.parametrize(("name", "reward", "options"), CASES)
def test_a_world_says_what_its_infos_will_hold(name: str, reward: str, options: dict[str, Any]) -> None:
    scenario, overrides, _ = SCENARIOS[name]
    world: Any = make_world(scenario, 2, overrides, reward=reward, **options)
    world.reset([1, 2])
    start = world.infos_at_start()
    transition = world.step(legal(world))
    assert kinds(start.agents) == kinds(transition.agent_infos)
    assert sorted(start.episodes) == sorted(transition.episode_infos)
    assert kinds(start.episodes) == kinds({key: transition.episode_infos[key] for key in start.episodes})
    masked = {role.name for role in world.roles if role.mask_size}
    assert all("projected" in transition.agent_infos[role] for role in masked)


@pytest.mark.filterwarnings("ignore::voltran.envs.errors.IllegalActionsWarning")
@pytest.mark.parametrize("name", SCENARIOS)
def test_infos_of_the_central_face_are_alike_from_the_reset_on(name: str) -> None:
    scenario, overrides, _ = SCENARIOS[name]
    env: Any = make(name, scenario, face="central", overrides=overrides, max_cycles=2)
    reset = env.reset(seed=1)[1]
    step = env.step(env.action_space.sample())[4]
    step.pop("kpis", None)
    assert kinds(reset) == kinds(step)


def test_components_of_one_role_and_of_those_it_leaves_out_are_known() -> None:
    scenario, overrides, _ = SCENARIOS["brownout_v0"]
    world: Any = make_world(scenario, 1, overrides, reward={"bs": "local"})
    world.reset([1])
    transition = world.step(legal(world))
    assert sorted(world.infos_at_start().episodes) == sorted(transition.episode_infos)


def test_components_of_ones_own_come_with_the_first_step() -> None:
    def mine(period: Period) -> tuple[Any, dict[str, Any]]:
        return period.world.soc, {"soc": period.world.soc.mean(axis=1)}

    world: Any = make_world("toy3", reward=mine)
    world.reset([1])
    assert set(world.step(legal(world)).episode_infos) - set(world.infos_at_start().episodes) == {"reward_soc"}


def test_worlds_that_say_nothing_tell_nothing_at_reset() -> None:
    parallel = ParallelFace(partial(make_fake_world, roles=("operator",)))
    assert parallel.reset(seed=1)[1] == {"operator_0": {}}
    assert set(CentralFace(partial(make_fake_world, roles=("bs",))).reset(seed=1)[1]) == {"action_mask"}


def test_the_last_infos_of_each_agent_have_the_metrics() -> None:
    env = ParallelFace(make_fake_world, max_cycles=2)
    env.reset(seed=1)
    for cycle in range(2):
        infos = env.step(dict.fromkeys(env.agents, 0))[4]
        assert all(("kpis" in info) == (cycle == 1) for info in infos.values())
    assert all(info["kpis"] == env.kpis() for info in infos.values())
    infos["bs_0"]["kpis"].clear()
    assert infos["bs_1"]["kpis"]


def test_the_last_infos_of_each_turn_have_them_too() -> None:
    env = aec_face(ParallelFace(make_fake_world, max_cycles=2))
    env.reset(seed=1)
    told = []
    for agent in env.agent_iter():
        _, _, terminated, truncated, info = env.last()
        if terminated or truncated:
            told.append((agent, info["kpis"]["survival_h"]))
        env.step(None if terminated or truncated else 0)
    assert sorted(told) == [(agent, 0.5) for agent in sorted(env.possible_agents)]


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("keeps_draws", [True, False])
def test_a_restarted_world_is_at_the_start_of_its_episode(name: str, keeps_draws: bool) -> None:
    scenario, overrides, _ = SCENARIOS[name]
    world: Any = make_world(scenario, 2, overrides)
    world.keeps_draws = keeps_draws
    world.reset([1, 2])
    fresh = world.observations(), world.state(), world.action_masks()
    first = world.step(legal(world)).rewards
    other = world.get_state()["state"]
    world.restart(np.array([True, False]))
    again = world.observations(), world.state(), world.action_masks()
    for role in world.roles:
        assert np.array_equal(fresh[0][role.name][0], again[0][role.name][0])
        assert np.array_equal(fresh[2][role.name][0], again[2][role.name][0])
    assert np.array_equal(fresh[1][0], again[1][0])
    assert world.episodes.decision.tolist() == [0, 1]
    assert other.keys() == world.get_state()["state"].keys()
    world.restart(np.array([False, True]))
    second = world.step(legal(world)).rewards
    assert all(np.array_equal(first[role.name], second[role.name]) for role in world.roles)
