"""Whom a role that learns meets: latest and past policies of the others, and frozen opponents."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.train.joint_runs import LEAGUE, equal, single_config, weights
from voltran.agents.policy import load_policy, read_policy
from voltran.train import ppo
from voltran.train.checkpoints import read_checkpoint
from voltran.train.ppo import Run
from voltran.train.run_config import read_run_config

pytestmark = pytest.mark.usefixtures("joint_worlds")


def test_roles_play_against_the_latest_policies_of_each_other(joint_config: Path, tmp_path: Path) -> None:
    """In a role's worlds the others' codes are likely samples of the policy that the others have at that time."""
    run = Run(read_run_config(joint_config, {"learning_rate": 0.05}), tmp_path / "run")
    for role in ("bs", "retailer"):
        world, opponents = run.learners[role].parts[0]
        assert opponents is not None
        run.learners[role].face.reset()
        other = "retailer" if role == "bs" else "bs"
        assert opponents.roles == [other]
        with torch.no_grad():
            run.learners[other].network.action_net.bias[1] += 20.0  # always code 1, wherever that is legal
        opponents.begin(world, 0)
        masks = world.action_masks()[other]
        codes = opponents(world)[other]
        np.testing.assert_array_equal(codes, np.where(masks[..., 1], 1, 0))


def test_opponents_draw_anew_in_every_rollout_and_alike_in_every_run(joint_config: Path, tmp_path: Path) -> None:
    def drawn(decisions: int) -> NDArray[Any]:
        run = Run(read_run_config(joint_config, {"n_worlds": 50}), tmp_path / "run")
        world, opponents = run.learners["bs"].parts[0]
        assert opponents is not None
        run.learners["bs"].face.reset()
        opponents.begin(world, decisions)
        return np.asarray(opponents(world)["retailer"])

    assert len(np.unique(drawn(0))) == 3  # samples, not the likeliest code
    np.testing.assert_array_equal(drawn(72), drawn(72))
    assert (drawn(0) != drawn(72)).any()


def test_a_league_keeps_the_latest_policies_and_plays_them(joint_config: Path, tmp_path: Path) -> None:
    always = {"league": {**LEAGUE, "share": 1.0}}
    run = ppo.train(joint_config, always, tmp_path / "run")
    past = read_checkpoint(run / "checkpoint.pt")[1]["past"]
    assert {role: len(kept) for role, kept in past.items()} == {"bs": 2, "retailer": 2}
    never = ppo.train(joint_config, {"league": {**LEAGUE, "share": 0.0}}, tmp_path / "never")
    assert not equal(weights(run), weights(never))


def test_with_a_league_opponents_are_past_policies_as_often_as_asked(joint_config: Path, tmp_path: Path) -> None:
    settings = read_run_config(joint_config, {"league": {"size": 3, "share": 0.25, "every": 1}})
    run = Run(settings, tmp_path / "run")
    network = run.learners["retailer"].network
    for bias in range(1, 6):  # of five policies the last three are kept
        with torch.no_grad():
            network.action_net.bias.fill_(float(bias))
        run.past.keep("retailer", network.arrays())
    with torch.no_grad():
        network.action_net.bias.fill_(0.0)
    biases = []
    for number in range(400):
        drawn = run.past.draw("retailer", np.random.default_rng(number))
        biases.append(0.0 if drawn is None else float(drawn["actor.1.bias"][0]))
    counts = {bias: biases.count(bias) for bias in set(biases)}
    assert counts.keys() == {0.0, 3.0, 4.0, 5.0}
    assert 60 <= 400 - counts[0.0] <= 140  # 100 expected, standard deviation 9
    assert all("critic.0.weight" not in kept for kept in run.past.get_state()["retailer"])


def test_a_frozen_opponent_does_not_learn(joint_config: Path, tmp_path: Path) -> None:
    settings = {"roles": {"bs": {}}, "opponents": {"retailer": "cheap"}, "total_decisions": 288}
    run = ppo.train(joint_config, settings, tmp_path / "run")
    assert sorted(path.name for path in run.iterdir()) == ["bs", "checkpoint.pt", "config.yaml"]


def test_one_role_may_learn_alone_against_an_opponent(tmp_path: Path) -> None:
    """As a run of one role, with the weights that turns of one role give."""
    config, opponents = single_config(tmp_path, total_decisions=288), {"opponents": {"retailer": "dear"}}
    path = ppo.train(config, {**opponents, "evaluate_every": 100, "evaluation_episodes": 2}, tmp_path / "run")
    assert path == tmp_path / "run" / "policy.safetensors"
    assert load_policy(path).metadata.role == "bs"
    turns = {**opponents, "roles": {"bs": {}}}
    joint = ppo.train(config, turns, tmp_path / "turns") / "bs" / "policy.safetensors"
    assert equal(read_policy(path)[1], read_policy(joint)[1])
    other = ppo.train(config, {"opponents": {"retailer": "cheap"}}, tmp_path / "other")
    assert not equal(read_policy(path)[1], read_policy(other)[1])


def test_a_run_against_a_policy_that_samples_continues_bit_for_bit(joint_config: Path, tmp_path: Path) -> None:
    opponent = (
        ppo.train(joint_config, {"total_decisions": 1, "deterministic": False}, tmp_path / "o")
        / "bs/policy.safetensors"
    )
    constant = {"final_learning_rate": None, "final_entropy_coefficient": None, "total_decisions": 192}
    single = single_config(tmp_path, role="retailer", opponents={"bs": str(opponent)}, **constant)
    whole = read_policy(ppo.train(single, {}, tmp_path / "whole"))[1]
    ppo.train(single, {"total_decisions": 96}, tmp_path / "parts")
    assert equal(read_policy(ppo.train(single, {}, tmp_path / "parts", resume=True))[1], whole)
