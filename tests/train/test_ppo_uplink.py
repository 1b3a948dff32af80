"""Training in the uplink world: the shipped configuration learns, continues, and its policy plays other networks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voltran.agents.policy import load_policy, read_policy
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.train import ppo

# 2 worlds x 5 UBSs x 3 decisions = 30 decisions per rollout
ROLLOUT = 30
SETTINGS: dict[str, Any] = {
    "scenario_overrides.layout.n_ubs": 5,
    "scenario_overrides.ues.count": 4,
    "n_worlds": 2,
    "n_steps": 3,
    "batch_size": 15,
    "final_learning_rate": None,
    "final_entropy_coefficient": None,
    "evaluate_every": 0,
    "actor_widths": [16],
    "critic_widths": [16],
}


def test_a_run_stopped_mid_episode_continues_bit_for_bit(tmp_path: Path) -> None:
    whole = ppo.train("uplink_ppo", {**SETTINGS, "total_decisions": 4 * ROLLOUT}, tmp_path / "whole")
    ppo.train("uplink_ppo", {**SETTINGS, "total_decisions": 2 * ROLLOUT}, tmp_path / "parts")
    more = {**SETTINGS, "total_decisions": 4 * ROLLOUT}
    resumed = ppo.train("uplink_ppo", more, tmp_path / "parts", resume=True)
    expected, found = read_policy(whole)[1], read_policy(resumed)[1]
    assert all((found[name] == value).all() for name, value in expected.items())


def test_a_policy_plays_other_networks_with_the_same_limits_and_no_others(tmp_path: Path) -> None:
    policy = load_policy(ppo.train("uplink_ppo", {**SETTINGS, "total_decisions": 1}, tmp_path / "run"))
    for scenario in ("uplink40", "uplink25-regions"):
        world = make_world(scenario, 2, **policy.world_options)
        world.reset([0, 1])
        policy.reset(world)
        transition = world.step(policy.act(world))
        assert not transition.agent_infos["ubs"]["projected"].any()  # every choice was legal
        assert np.isfinite(transition.rewards["ubs"]).all()
    for options in ({"overrides": {"limits.ues_per_ubs": 4}}, {"action_form": "multi"}):
        world = make_world("uplink20", 1, **options)
        world.reset([0])
        with pytest.raises(ScenarioError):
            policy.reset(world)
