"""Plays an experiment of any kind."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from voltran.evaluation.files import output_folder, require_unused, write_text
from voltran.evaluation.task_runner import saying
from voltran.evaluation.worker_pool import WorkerPool
from voltran.experiments.episode_experiment import EpisodeExperiment
from voltran.experiments.experiment import read_experiment
from voltran.experiments.kinds import Kind, Playing, kind_named
from voltran.experiments.sweep_request import EXPERIMENT_FILE, experiment_text


@dataclass(frozen=True)
class Prepared:
    """An experiment that was checked whole, with a folder to write to; nothing of it has been played.

    Attributes:
        name: as asked for: shipped name, or path of its YAML file.
        kind: its kind.
        experiment: what will be played.
        out: folder for the report, the results and pictures.
        resume: continue what ``out`` holds.
        text: its file, where it has none yet.
    """

    name: str
    kind: Kind
    experiment: Any
    out: Path
    resume: bool
    text: str = ""

    def play(self, jobs: int | WorkerPool, console: Console, store: Path | None = None) -> Path:
        """Play it and write its report.

        Args:
            jobs: worker processes, or where else to play, see :func:`~voltran.evaluation.worker_pool.open_pool`.
            console: where to show progress and tables.
            store: folder of finished episodes, which experiments may share; in ``out`` by default.

        Returns:
            The report.

        Raises:
            VoltranError: something cannot be written, the folder is somebody else's by now, or episodes failed.
        """
        with output_folder(self.out, self.resume, "experiment", say=saying(console)):
            if self.text:
                write_text(self.out / EXPERIMENT_FILE, self.text)
                count = len(self.experiment.situations())
                episodes = count * len(self.experiment.controllers) * self.experiment.seeds
                console.print(f"{count} combinations, {episodes} episodes")
            return self.kind.play(self.name, self.experiment, self.out, Playing(jobs, console, store))


def prepare_experiment(name: str, out: Path, *, resume: bool, quick: bool = False) -> Prepared:
    """Read and check an experiment before anything is played, or connected to.

    Args:
        name: shipped name, or path of a YAML file.
        out: folder for the report, the results and pictures.
        resume: continue what ``out`` holds.
        quick: as little as shows that it works.

    Raises:
        ScenarioError: an unknown experiment, scenario, controller, metric or picture.
        VoltranError: ``out`` holds something and ``resume`` is off, or it cannot be made.
    """
    return _prepared(name, read_experiment(name), out, resume, quick)


def prepare_sweep(experiment: EpisodeExperiment, out: Path, *, resume: bool, quick: bool = False) -> Prepared:
    """The same of an experiment that has no file yet, and gets one; arguments as of :func:`prepare_experiment`."""
    return _prepared(str(out / EXPERIMENT_FILE), experiment, out, resume, quick, experiment_text(experiment))


def _prepared(name: str, experiment: Any, out: Path, resume: bool, quick: bool, text: str = "") -> Prepared:
    kind = kind_named(experiment.kind)
    played = kind.quick_form(experiment) if quick else experiment
    kind.check(played)
    if not resume:
        require_unused(out, "experiment")
    return Prepared(name, kind, played, out, resume, text)


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
    """Play an experiment and write its report; see :func:`prepare_experiment` and :meth:`Prepared.play`."""
    return prepare_experiment(name, out, resume=resume, quick=quick).play(jobs, console, store)
