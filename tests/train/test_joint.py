"""Training of several roles: turns, what a run leaves, and runs that are stopped and continued."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import CliRunner

from tests.train.joint_runs import CONFIG, LEAGUE, ROUND, equal, single_config, weights, worlds_of
from voltran.agents.policy import LearnedPolicy, load_policy, read_policy
from voltran.cli.app import app
from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.envs.faces.vector import VectorFace
from voltran.envs.team import Team
from voltran.evaluation.controller_spec import parse_controllers
from voltran.train import ppo, training_worlds
from voltran.train.checkpoints import read_checkpoint
from voltran.train.ppo import Run
from voltran.train.run_config import read_run_config

pytestmark = pytest.mark.usefixtures("joint_worlds")


def stop_in_round(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training be interrupted in the second role's turn of a round."""
    steps = 0
    step_wait = VectorFace.step_wait

    def interrupted(face: VectorFace) -> Any:
        nonlocal steps
        steps += 1
        if steps > (2 * number - 1) * CONFIG["n_steps"] + 2:
            raise KeyboardInterrupt
        return step_wait(face)

    monkeypatch.setattr(VectorFace, "step_wait", interrupted)


def test_every_role_that_learns_leaves_a_policy_and_they_play_together(joint_config: Path, tmp_path: Path) -> None:
    run = ppo.train(joint_config, {}, tmp_path / "run")
    assert run == tmp_path / "run"
    policies = {role: load_policy(run / role / "policy.safetensors") for role in ("bs", "retailer")}
    sites, retailers = policies["bs"].metadata, policies["retailer"].metadata
    assert (sites.role, sites.action_sizes, sites.network.observation_size, sites.network.widths) == (
        "bs",
        (4,),
        5,
        (8,),
    )
    assert (retailers.role, retailers.action_sizes, retailers.network.observation_size) == ("retailer", (3,), 3)
    assert (sites.training["gamma"], sites.training["decisions"]) == (0.99, 288)
    assert (retailers.training["gamma"], retailers.training["decisions"]) == (0.5, 192)
    world = worlds_of("bs", "retailer")("", 2, {})
    world.reset([1, 2])
    team = Team(policies)
    team.reset(world)
    assert {role: codes.shape for role, codes in team.act(world).items()} == {"bs": (2, 3), "retailer": (2, 2)}


def test_a_policy_is_refused_by_a_world_without_its_role(joint_config: Path, tmp_path: Path) -> None:
    run = ppo.train(joint_config, {"total_decisions": 1}, tmp_path / "run")
    world = worlds_of("bs")("", 1, {})
    world.reset([1])
    with pytest.raises(ScenarioError, match="role = 'retailer': world fake_v0 has no such role; its roles: bs"):
        load_policy(run / "retailer" / "policy.safetensors").reset(world)


def test_one_role_in_turns_is_a_run_of_its_own(
    joint_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking turns with nobody must give the weights that Stable-Baselines3 gives in one go."""
    monkeypatch.setattr(training_worlds, "make_world", worlds_of("bs"))
    settings = {"roles": {"bs": {}}, "total_decisions": 288, "evaluate_every": 100}
    turns = ppo.train(joint_config, settings, tmp_path / "turns") / "bs" / "policy.safetensors"
    whole = ppo.train(single_config(tmp_path), {"total_decisions": 288}, tmp_path / "whole")
    assert equal(read_policy(turns)[1], read_policy(whole)[1])


def test_a_run_can_be_repeated(joint_config: Path, tmp_path: Path) -> None:
    runs = [
        weights(ppo.train(joint_config, {"seed": seed}, tmp_path / name))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert equal(runs[0], runs[1])
    assert not equal(runs[0], runs[2])


@pytest.mark.parametrize("extra", [{}, {"evaluate_every": 100}, {"league": LEAGUE}])
def test_an_interrupted_run_continues_bit_for_bit(
    joint_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any]
) -> None:
    league = {key: value for key, value in extra.items() if key == "league"}
    whole = weights(ppo.train(joint_config, league, tmp_path / "whole"))
    with monkeypatch.context() as patch:
        stop_in_round(3, patch)
        with pytest.raises(KeyboardInterrupt):
            ppo.train(joint_config, extra, tmp_path / "parts")
    content = read_checkpoint(tmp_path / "parts" / "checkpoint.pt")[1]
    assert {role: state["decisions"] for role, state in content["learners"].items()} == {"bs": 144, "retailer": 96}
    assert not equal(weights(tmp_path / "parts"), whole)
    np.random.seed(99)  # noqa: NPY002 - nothing that happened in between may matter
    torch.manual_seed(99)
    resumed = ppo.train(joint_config, extra, tmp_path / "parts", resume=True)
    assert equal(weights(resumed), whole)


def test_a_finished_run_can_be_made_longer(joint_config: Path, tmp_path: Path) -> None:
    constant: dict[str, Any] = {"final_learning_rate": None, "final_entropy_coefficient": None}
    whole = weights(ppo.train(joint_config, constant, tmp_path / "whole"))
    ppo.train(joint_config, {**constant, "total_decisions": 2 * ROUND}, tmp_path / "parts")
    assert equal(weights(ppo.train(joint_config, constant, tmp_path / "parts", resume=True)), whole)


def test_resuming_a_finished_run_changes_nothing(joint_config: Path, tmp_path: Path) -> None:
    before = weights(ppo.train(joint_config, {}, tmp_path / "run"))
    assert equal(weights(ppo.train(joint_config, {}, tmp_path / "run", resume=True)), before)


def test_records_of_each_role_and_of_evaluations_as_a_team(joint_config: Path, tmp_path: Path) -> None:
    run = ppo.train(joint_config, {"evaluate_every": ROUND, "evaluation_episodes": 3}, tmp_path / "run")
    for role in ("bs", "retailer"):
        events = EventAccumulator(str(run / role / "tensorboard"))
        events.Reload()
        tags = set(events.Tags()["scalars"])
        assert {
            "eval/survival_h",
            "kpi/survival_h",
            "world/level",
            "rollout/ep_rew_mean",
            "train/learning_rate",
        } <= tags
        rates = [event.value for event in events.Scalars("train/learning_rate")]
        assert rates == pytest.approx([7.5e-4, 5e-4, 2.5e-4, 0.0], abs=1e-9)


def test_divergence_is_reported_and_not_saved(joint_config: Path, tmp_path: Path) -> None:
    deep = {"actor_widths": [8] * 8, "critic_widths": [8] * 8}  # a product of weights beyond single precision
    settings = {"learning_rate": 1e6, "max_grad_norm": 1e6, "checkpoint_every": 1, **deep}
    with pytest.raises(VoltranError, match=r"training diverged: .* is not finite after 72 decisions"):
        ppo.train(joint_config, settings, tmp_path / "run")
    learners = read_checkpoint(tmp_path / "run" / "checkpoint.pt")[1]["learners"]
    assert {role: state["decisions"] for role, state in learners.items()} == {"bs": 0, "retailer": 0}


def test_policies_in_a_run_are_samples_or_likeliest_as_configured(joint_config: Path, tmp_path: Path) -> None:
    settings = read_run_config(joint_config, {"roles.retailer.deterministic": False})
    members = Run(settings, tmp_path).team().members
    assert all(isinstance(member, LearnedPolicy) for member in members.values())
    assert {role: cast("LearnedPolicy", member).deterministic for role, member in members.items()} == {
        "bs": True,
        "retailer": False,
    }


def test_the_command_line_says_how_to_name_what_was_trained(joint_config: Path, tmp_path: Path) -> None:
    arguments = ["train", str(joint_config), "--out", str(tmp_path / "run"), "--set", "total_decisions=1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    named = result.stdout.strip().splitlines()[-1].removeprefix("Policies: ")
    team = parse_controllers(named)[0].builder()
    assert isinstance(team, Team)
    assert {role: cast("LearnedPolicy", member).metadata.role for role, member in team.members.items()} == {
        "bs": "bs",
        "retailer": "retailer",
    }


def test_resuming_without_a_checkpoint_is_refused(joint_config: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"checkpoint\.pt: no such file, so there is nothing to resume"):
        ppo.train(joint_config, {}, tmp_path / "run", resume=True)
