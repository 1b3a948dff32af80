"""Plays an experiment of any kind."""

from pathlib import Path
from typing import Any

from rich.console import Console

from voltran.evaluation.files import output_folder, write_text
from voltran.evaluation.task_runner import saying
from voltran.evaluation.worker_pool import WorkerPool
from voltran.experiments.episode_experiment import EpisodeExperiment
from voltran.experiments.experiment import read_experiment
from voltran.experiments.kinds import Playing, kind_named
from voltran.experiments.sweep_request import EXPERIMENT_FILE, experiment_text


def run_experiment(
    name: str,
    out: Path,
    *,
    resume: bool,
    jobs: int | WorkerPool,
    console: Console,
    store: Path | None = None,
    quick: bool = False,
) -> Path:
    """Play an experiment and write its report.

    Args:
        name: shipped name, or path of a YAML file.
        out: folder for the report, the results and pictures.
        resume: continue what ``out`` holds.
        jobs: worker processes, or where else to play, see :func:`~voltran.evaluation.worker_pool.open_pool`.
        console: where to show progress and tables.
        store: folder of finished episodes, which experiments may share; in ``out`` by default.
        quick: as little as shows that it works.

    Returns:
        The report.

    Raises:
        ScenarioError: an unknown experiment, scenario or controller.
        VoltranError: ``out`` holds something and ``resume`` is off, or it cannot be written, or episodes failed.
    """
    experiment = _checked(read_experiment(name), quick)
    with output_folder(out, resume, "experiment", say=saying(console)):
        return _play(name, experiment, out, Playing(jobs, console, store))


def run_sweep(
    experiment: EpisodeExperiment,
    out: Path,
    *,
    resume: bool,
    jobs: int | WorkerPool,
    console: Console,
    store: Path | None = None,
    quick: bool = False,
) -> Path:
    """Play an experiment that has no file yet, and write that, too; arguments as of :func:`run_experiment`."""
    played = _checked(experiment, quick)
    with output_folder(out, resume, "experiment", say=saying(console)):
        write_text(out / EXPERIMENT_FILE, experiment_text(experiment))
        count = len(played.situations())
        console.print(f"{count} combinations, {count * len(played.controllers) * played.seeds} episodes")
        return _play(str(out / EXPERIMENT_FILE), played, out, Playing(jobs, console, store))


def _checked(experiment: Any, quick: bool) -> Any:
    """What will be played, checked."""
    kind = kind_named(experiment.kind)
    if quick:
        experiment = kind.quick_form(experiment)
    kind.check(experiment)
    return experiment


def _play(name: str, experiment: Any, out: Path, playing: Playing) -> Path:
    return kind_named(experiment.kind).play(name, experiment, out, playing)
