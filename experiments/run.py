"""Plays an experiment of any kind."""

from pathlib import Path

from rich.console import Console

from voltran.evaluation.files import prepare_output_folder
from voltran.experiments.experiment import read_experiment
from voltran.experiments.kinds import Playing, kind_named


def run_experiment(
    name: str, out: Path, *, resume: bool, jobs: int, console: Console, store: Path | None = None, quick: bool = False
) -> Path:
    """Play an experiment and write its report.

    Args:
        name: shipped name, or path of a YAML file.
        out: folder for the report, the results and pictures.
        resume: continue what ``out`` holds.
        jobs: worker processes.
        console: where to show progress and tables.
        store: folder of finished episodes, which experiments may share; in ``out`` by default.
        quick: as little as shows that it works.

    Returns:
        The report.

    Raises:
        ScenarioError: an unknown experiment, scenario or controller.
        VoltranError: ``out`` holds something and ``resume`` is off, or it cannot be written, or episodes failed.
    """
    experiment = read_experiment(name)
    kind = kind_named(experiment.kind)
    if quick:
        experiment = kind.quick_form(experiment)
    kind.check(experiment)
    prepare_output_folder(out, resume, "experiment")
    return kind.play(name, experiment, out, Playing(jobs, console, store))
