"""Runs that differ in their seeds only, in worker processes, and the learning curve that they make together."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voltran.envs.claims import claimed
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.evaluation.worker_pool import pool_of
from voltran.train.learner import LOG_FOLDER
from voltran.train.learning_curve import read_curve, write_curve
from voltran.train.ppo import (
    CHECKPOINT_FILE,
    CONFIG_FILE,
    EVALUATIONS_FILE,
    require_no_file,
    require_unused,
    run_folder,
    train,
)
from voltran.train.run_config import RunConfig, read_run_config
from voltran.train.training_worlds import completed, spec_of, training_metric


@dataclass(frozen=True)
class SeedRun:
    """One of the runs, as a worker process gets it."""

    config: str | Path
    overrides: Mapping[str, Any]
    seed: int
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """What became of a run: the reason where it failed."""

    seed: int
    failure: str = ""


def train_seeds(
    config: str | Path,
    overrides: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    *,
    seeds: int,
    jobs: int = 1,
    report: Callable[[str], None] = print,
) -> Path:
    """Train with several seeds, that of the configuration and those after it, each in ``seed-N`` of the run's folder.

    Args:
        config: path of a training configuration, or the name of a shipped one.
        overrides: dotted keys of the configuration and their values.
        out: folder of the runs; default ``runs/<stem of the configuration>``.
        resume: continue the runs of that folder; those that it lacks are begun.
        seeds: how many.
        jobs: worker processes.
        report: told what has happened, a line at a time.

    Returns:
        The picture of the learning curve; table and summary lie beside it.

    Raises:
        ScenarioError: a bad configuration, one without evaluations or with seeds of its own for roles, or a folder in
            use.
        VoltranError: some of the runs failed; the curve is drawn from the others.
    """
    given = dict(overrides or {})
    settings = completed(read_run_config(config, given))
    _require_curve(settings)
    folder = run_folder(config, out)
    require_no_file(folder)
    numbers = range(settings.seed, settings.seed + seeds)
    runs = [SeedRun(config, {**given, "seed": seed}, seed, folder / f"seed-{seed}") for seed in numbers]
    with claimed(folder, say=report):
        if not resume:
            require_unused(folder)
        return _curve_of_all(runs, settings, jobs, report, folder)


def _curve_of_all(
    runs: list[SeedRun], settings: RunConfig, jobs: int, report: Callable[[str], None], folder: Path
) -> Path:
    failures = _train_all(runs, jobs, report)
    files = {run.seed: run.folder / EVALUATIONS_FILE for run in runs if run.seed not in failures}
    words = "; ".join(f"with seed {seed}: {failure}" for seed, failure in failures.items())
    if not files:
        raise VoltranError(f"training failed with every seed; {words}")
    picture = write_curve(read_curve(files, training_metric(spec_of(settings))), folder)
    if failures:
        raise VoltranError(
            f"training failed with {len(failures)} of {len(runs)} seeds, the curve is of the others; {words}"
        )
    return picture


def _train_all(runs: list[SeedRun], jobs: int, report: Callable[[str], None]) -> dict[int, str]:
    """Seeds with which training failed, and why."""
    failures = {}
    with closing(pool_of(jobs).run_all(_train_one, runs, _died)) as outcomes:
        for outcome in outcomes:
            report(f"seed {outcome.seed}: {outcome.failure or 'finished'}")
            if outcome.failure:
                failures[outcome.seed] = outcome.failure
    return failures


def _require_curve(settings: RunConfig) -> None:
    if not settings.evaluate_every:
        raise ScenarioError("evaluate_every = 0: a learning curve needs evaluations; set it, for example to 100_000")
    for role, own in (settings.roles or {}).items():
        if "seed" in own:
            raise ScenarioError(f"roles.{role}.seed: the runs differ in their seeds; leave it out")


def _train_one(run: SeedRun) -> Outcome:
    """Begin or continue one of the runs; whatever goes wrong is reported, and the others go on."""
    can_resume = (run.folder / CHECKPOINT_FILE).is_file()
    try:
        if not can_resume:
            _clear(run.folder)
        train(run.config, run.overrides, run.folder, can_resume, shows_progress=False)
    except VoltranError as error:
        return Outcome(run.seed, str(error))
    except (Exception, SystemExit) as error:  # whatever parts of the user's do; the other seeds go on
        return Outcome(run.seed, f"{type(error).__name__}: {error}; train with this seed alone to see where")
    return Outcome(run.seed)


def _clear(folder: Path) -> None:
    """Remove what a run leaves that is stopped before its first checkpoint; anything else has the folder refused."""
    for name in (CONFIG_FILE, EVALUATIONS_FILE):
        (folder / name).unlink(missing_ok=True)
    for records in [folder / LOG_FOLDER, *folder.glob(f"*/{LOG_FOLDER}")]:
        shutil.rmtree(records, ignore_errors=True)
    for role in folder.glob("*/"):
        if not any(role.iterdir()):
            role.rmdir()


def _died(run: SeedRun) -> Outcome:
    return Outcome(run.seed, "its worker process died; continue with --resume")
