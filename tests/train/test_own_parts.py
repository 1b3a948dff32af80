"""Learning from rewards and features of one's own, named in the configuration, in any role; and playing elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voltran.agents.policy import load_policy, read_policy
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.evaluation.controller_spec import parse_controllers
from voltran.train import ppo

PARTS = "tests.train.own_parts"
SETTINGS: dict[str, Any] = {
    "n_worlds": 2,
    "n_steps": 3,
    "batch_size": 16,
    "actor_widths": [8],
    "critic_widths": [8],
    "evaluate_every": 0,
    "total_decisions": 40,
}
OWN: dict[str, Any] = {"reward": f"{PARTS}:careful", "observe": ["default", f"{PARTS}:reserve"]}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text("scenario: toy3\n")
    return path


def test_a_policy_with_a_feature_of_ones_own_plays_elsewhere(config: Path, tmp_path: Path) -> None:
    path = ppo.train(config, {**SETTINGS, **OWN}, tmp_path / "run")
    policy = load_policy(path)
    usual_options = {"action_set": "extended", "action_form": "multi"}
    assert policy.world_options == {"observe": {"bs": ["default", f"{PARTS}:reserve"]}, **usual_options}
    usual = make_world("toy3").roles[0].observation_space.shape[0]
    assert policy.metadata.network.observation_size == usual + 1
    world = make_world("urban7-medium", 1, **policy.world_options)
    world.reset([0])
    policy.reset(world)
    world.step(policy.act(world))
    plain = make_world("toy3")
    plain.reset([0])
    with pytest.raises(ScenarioError, match=r"build the world|train the policy again"):
        policy.reset(plain)
    (spec,) = parse_controllers(str(path))
    assert spec.builder().world_options == policy.world_options  # type: ignore[attr-defined]


def test_the_reward_that_is_named_is_learnt_from(config: Path, tmp_path: Path) -> None:
    policies = {}
    for name, changes in {"own": {"reward": f"{PARTS}:careful"}, "team": {"reward": "team"}, "usual": {}}.items():
        policies[name] = read_policy(ppo.train(config, {**SETTINGS, **changes}, tmp_path / name))[1]
    for first, second in (("own", "usual"), ("team", "usual")):
        assert any(np.any(policies[first][key] != value) for key, value in policies[second].items())


def test_a_run_with_parts_of_ones_own_continues_bit_for_bit(config: Path, tmp_path: Path) -> None:
    constant = {**SETTINGS, **OWN, "final_learning_rate": None, "final_entropy_coefficient": None}
    whole = read_policy(ppo.train(config, constant, tmp_path / "whole"))[1]
    ppo.train(config, {**constant, "total_decisions": 1}, tmp_path / "parts")
    resumed = read_policy(ppo.train(config, constant, tmp_path / "parts", resume=True))[1]
    assert all((resumed[name] == value).all() for name, value in whole.items())


def test_each_of_several_roles_may_have_its_own(config: Path, tmp_path: Path) -> None:
    settings = {**SETTINGS, "scenario": "market4", "scenario_overrides": {"time.horizon_h": 2}, "evaluate_every": 40}
    settings["evaluation_episodes"] = 1
    settings["roles"] = {
        "bs": {"observe": ["default"]},
        "retailer": {"reward": f"{PARTS}:generous", "observe": ["default"]},
    }
    run = ppo.train(config, settings, tmp_path / "run")
    for role in ("bs", "retailer"):
        assert read_policy(run / role / "policy.safetensors")[0].training["observe"] == {
            "bs": ["default"],
            "retailer": ["default"],
        }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reward": f"{PARTS}:greedy"}, "has no 'greedy'"),
        ({"reward": "greed"}, "reward = 'greed' is unknown"),
        ({"observe": ["default", "nowhere:queue"]}, "module nowhere cannot be imported"),
        ({"observe": {"operator": ["default"]}}, "operator"),
    ],
)
def test_parts_that_do_not_exist_are_refused_before_anything_is_written(
    config: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        ppo.train(config, {**SETTINGS, **changes}, tmp_path / "run")
    assert not (tmp_path / "run").exists()
