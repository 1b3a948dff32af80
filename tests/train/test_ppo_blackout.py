"""Training in the outage world itself: continuing a run mid-episode, and playing its policy in other networks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voltran.agents.policy import load_policy, read_policy
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.train import ppo

# 2 worlds x 7 sites x 3 decisions = 42 decisions per rollout; no episode of the outage world is over by then
ROLLOUT = 42
SETTINGS: dict[str, Any] = {
    "scenario_overrides.traffic.load_factor": [0.5, 1.8],
    "n_worlds": 2,
    "n_steps": 3,
    "batch_size": 21,
    "final_learning_rate": None,
    "final_entropy_coefficient": None,
    "actor_widths": [16],
    "critic_widths": [16],
    "evaluate_every": 0,
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text("scenario: urban7-medium\n")
    return path


def test_a_run_stopped_mid_episode_continues_bit_for_bit(config: Path, tmp_path: Path) -> None:
    whole = ppo.train(config, {**SETTINGS, "total_decisions": 4 * ROLLOUT}, tmp_path / "whole")
    ppo.train(config, {**SETTINGS, "total_decisions": 2 * ROLLOUT}, tmp_path / "parts")
    resumed = ppo.train(config, {**SETTINGS, "total_decisions": 4 * ROLLOUT}, tmp_path / "parts", resume=True)
    expected, found = read_policy(whole)[1], read_policy(resumed)[1]
    assert all((found[name] == value).all() for name, value in expected.items())


@pytest.mark.parametrize(("action_set", "action_form"), [("paper", "joint"), ("extended", "multi")])
def test_a_policy_plays_networks_of_another_size(
    config: Path, tmp_path: Path, action_set: str, action_form: str
) -> None:
    options = {"action_set": action_set, "action_form": action_form}
    settings = {**SETTINGS, "total_decisions": 1, "world_options": options}
    policy = load_policy(ppo.train(config, settings, tmp_path / "run"))
    world = make_world("urban19-medium", 1, **policy.world_options)
    world.reset([0])
    policy.reset(world)
    transition = world.step(policy.act(world))
    assert not transition.agent_infos["bs"]["projected"].any()  # every choice was legal
    assert np.isfinite(transition.rewards["bs"]).all()


def test_a_policy_refuses_another_action_set(config: Path, tmp_path: Path) -> None:
    policy = load_policy(ppo.train(config, {**SETTINGS, "total_decisions": 1}, tmp_path / "run"))
    world = make_world("urban7-medium", 1, action_set="extended")
    world.reset([0])
    with pytest.raises(ScenarioError, match=r"action_version is 'blackout-extended-multi.*action_form=multi"):
        policy.reset(world)


def test_an_unknown_scenario_leaves_no_folder(config: Path, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="unknown scenario 'urban8'"):
        ppo.train(config, {"scenario": "urban8"}, tmp_path / "run")
    with pytest.raises(ScenarioError, match=r"unknown key 'traffic\.load'"):
        ppo.train(config, {"scenario_overrides.traffic.load": 1.0}, tmp_path / "run")
    assert not (tmp_path / "run").exists()
