"""Several seeds: a folder for each, the same weights as alone, one learning curve, and what is resumed."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from voltran.agents.policy import read_policy
from voltran.cli.app import app
from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.envs.metric import Metric
from voltran.train import ppo, seed_runs
from voltran.train.learning_curve import read_curve, write_curve
from voltran.train.seed_runs import train_seeds
from voltran.train.training_evaluation import EvaluationLog, read_evaluations

SURVIVAL = Metric("survival_h", "Survival", "h", bounds=(0.0, 4.0))
# 2 worlds x 3 sites x 4 decisions = 24 decisions per rollout
ROLLOUT = 24
CONFIG = (
    "scenario: toy3\nn_worlds: 2\nn_steps: 4\nbatch_size: 24\nactor_widths: [8]\ncritic_widths: [8]\n"
    f"evaluate_every: {ROLLOUT}\nevaluation_episodes: 1\ntotal_decisions: {3 * ROLLOUT}\ncheckpoint_every: {ROLLOUT}\n"
    "seed: 4\nfinal_learning_rate: null\nfinal_entropy_coefficient: null\n"
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(CONFIG)
    return path


def weights(folder: Path) -> dict[str, Any]:
    return read_policy(folder / "policy.safetensors")[1]


def equal(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return first.keys() == second.keys() and all((first[name] == second[name]).all() for name in first)


def test_every_seed_trains_as_it_would_alone_and_all_make_a_curve(config: Path, tmp_path: Path) -> None:
    told: list[str] = []
    picture = train_seeds(config, {}, tmp_path / "runs", seeds=2, jobs=2, report=told.append)
    assert sorted(told) == ["seed 4: finished", "seed 5: finished"]
    assert picture == tmp_path / "runs" / "learning_curve.svg"
    assert "Survival" in picture.read_text(encoding="utf-8")
    alone = ppo.train(config, {"seed": 5}, tmp_path / "alone").parent
    assert equal(weights(tmp_path / "runs" / "seed-5"), weights(alone))
    assert not equal(weights(tmp_path / "runs" / "seed-4"), weights(alone))
    own = read_evaluations(alone / "evaluations.csv")
    assert list(own) == [ROLLOUT, 2 * ROLLOUT, 3 * ROLLOUT]
    rows = list(csv.DictReader((tmp_path / "runs" / "learning_curve.csv").open(encoding="utf-8")))
    assert [float(row["seed_5"]) for row in rows] == [row["survival_h"] for row in own.values()]
    summary = json.loads((tmp_path / "runs" / "learning_curve.json").read_text(encoding="utf-8"))
    assert (summary["metric"], summary["seeds"]) == ("survival_h", [4, 5])


def test_interrupted_runs_continue_bit_for_bit(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_seeds(config, {}, whole, seeds=2)
    train_one = seed_runs._train_one

    def interrupted(run: seed_runs.SeedRun) -> seed_runs.Outcome:
        """The first seed stops after two rollouts, the second before its first checkpoint."""
        short = {**run.overrides, "total_decisions": 2 * ROLLOUT}
        if run.seed == 4:
            return train_one(seed_runs.SeedRun(run.config, short, run.seed, run.folder))
        (run.folder / "tensorboard").mkdir(parents=True)
        (run.folder / "config.yaml").write_text("scenario: toy3\n")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(seed_runs, "_train_one", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_seeds(config, {}, parts, seeds=2)
    with pytest.raises(ScenarioError, match="already holds files; continue that run with --resume"):
        train_seeds(config, {}, parts, seeds=2)
    train_seeds(config, {}, parts, True, seeds=2)
    for seed in (4, 5):
        assert equal(weights(parts / f"seed-{seed}"), weights(whole / f"seed-{seed}"))
    for suffix in ("csv", "json", "svg"):
        assert (parts / f"learning_curve.{suffix}").read_bytes() == (whole / f"learning_curve.{suffix}").read_bytes()


def test_a_seed_that_fails_is_named_and_the_others_make_the_curve(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(run: seed_runs.SeedRun) -> seed_runs.Outcome:
        return seed_runs.Outcome(5, "training diverged") if run.seed == 5 else train_one(run)

    train_one = seed_runs._train_one
    monkeypatch.setattr(seed_runs, "_train_one", fail)
    with pytest.raises(
        VoltranError, match="failed with 1 of 2 seeds, the curve is of the others; with seed 5: training diverged"
    ):
        train_seeds(config, {}, tmp_path / "runs", seeds=2)
    assert json.loads((tmp_path / "runs" / "learning_curve.json").read_text(encoding="utf-8"))["seeds"] == [4]
    with pytest.raises(VoltranError, match="failed with every seed; with seed 5: training diverged"):
        train_seeds(config, {"seed": 5}, tmp_path / "none", seeds=1)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"evaluate_every": 0}, "evaluate_every = 0: a learning curve needs evaluations"),
        ({"roles": {"bs": {"seed": 1}}}, "roles.bs.seed: the runs differ in their seeds; leave it out"),
    ],
)
def test_what_gives_no_curve_is_refused(config: Path, tmp_path: Path, overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        train_seeds(config, overrides, tmp_path / "runs", seeds=2)
    assert not (tmp_path / "runs").exists()


def test_the_command_line_trains_several_seeds(config: Path, tmp_path: Path) -> None:
    arguments = ["train", str(config), "--out", str(tmp_path / "runs"), "--seeds", "2", "--jobs", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip().endswith("learning_curve.svg")


def test_means_and_intervals_are_scipys(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    values = generator.uniform(1.0, 3.0, (5, 2))
    values[:, 1] = [3.9, 4.0, 4.0, 4.0, 4.0]
    files = {}
    for seed, row in enumerate(values):
        files[seed] = tmp_path / f"{seed}.csv"
        log = EvaluationLog(files[seed])
        for decisions, value in zip((100, 200), row, strict=True):
            log.add(decisions, {"other": 0.0, "survival_h": float(value)})
    EvaluationLog(tmp_path / "unused.csv")
    curve = read_curve(files, SURVIVAL)
    assert curve.decisions == (100, 200)
    for index in range(2):
        column = values[:, index]
        expected = stats.t.interval(0.95, 4, column.mean(), stats.sem(column))
        assert curve.means[index] == pytest.approx(column.mean())
        assert curve.intervals[index] == pytest.approx((expected[0], min(expected[1], 4.0)))
    assert write_curve(curve, tmp_path).read_bytes() == write_curve(curve, tmp_path).read_bytes()


def test_a_log_drops_what_was_recorded_after_the_checkpoint(tmp_path: Path) -> None:
    log = EvaluationLog(tmp_path / "evaluations.csv")
    for decisions in (100, 200, 300):
        log.add(decisions, {"survival_h": decisions / 3.0})
    again = EvaluationLog(tmp_path / "evaluations.csv")
    again.restore(200)
    again.add(250, {"survival_h": 1.0})
    assert read_evaluations(again.path) == {
        100: {"survival_h": 100 / 3.0},
        200: {"survival_h": 200 / 3.0},
        250: {"survival_h": 1.0},
    }


def test_evaluations_of_something_else_are_named(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.csv"
    for content in ("decisions,survival_h\nmany,1\n", "a,b\n1,2\n"):
        path.write_text(content)
        with pytest.raises(FileFormatError, match=r"evaluations\.csv: cannot be read"):
            read_evaluations(path)
    EvaluationLog(path := tmp_path / "short.csv").add(1, {"other": 1.0})
    with pytest.raises(VoltranError, match="share no evaluation with survival_h"):
        read_curve({0: path}, SURVIVAL)


@pytest.mark.parametrize("error", [KeyError("lost"), SystemExit(3)])
def test_whatever_ends_a_run_the_other_seeds_go_on(
    error: BaseException, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: Any, **options: Any) -> Path:
        if arguments[1]["seed"] == 4:
            raise error
        return ppo.train(*arguments, **options)

    monkeypatch.setattr(seed_runs, "train", failing)
    with pytest.raises(VoltranError, match=rf"failed with 1 of 2 seeds.*with seed 4: {type(error).__name__}: "):
        train_seeds(config, {}, tmp_path / "runs", seeds=2)
    assert (tmp_path / "runs" / "learning_curve.svg").is_file()
