"""Plays an experiment."""

from contextlib import suppress
from pathlib import Path

from rich.console import Console

from voltran.envs.errors import MissingExtraError, ScenarioError
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.evaluation import evaluate
from voltran.evaluation.files import prepare_output_folder, write_text
from voltran.evaluation.report import TABLE_FILE, write_report
from voltran.evaluation.results import Results
from voltran.experiments.experiment import Experiment, read_experiment
from voltran.experiments.experiment_report import chapter
from voltran.experiments.quick import quick_form
from voltran.experiments.study import study_names
from voltran.experiments.study_run import run_study
from voltran.experiments.sweep_plots import write_sweep_plots


def run_experiment(
    name: str, out: Path, *, resume: bool, jobs: int, console: Console, store: Path | None = None, quick: bool = False
) -> Path:
    """Play an experiment, or carry out a study, and write its report.

    Args:
        name: shipped name, or path of a YAML file.
        out: folder for ``table.md``, the pictures of sweeps and, per cell, a folder with results, tables and pictures.
        resume: continue what ``out`` holds.
        jobs: worker processes.
        console: where to show progress and tables.
        store: folder of finished episodes, which experiments may share; ``episodes`` beside each cell's results by
            default.
        quick: as little as shows that it works, see :func:`voltran.experiments.quick.quick_form`.

    Returns:
        The report.

    Raises:
        ScenarioError: an unknown experiment, scenario or controller.
        VoltranError: ``out`` holds something and ``resume`` is off, or it cannot be written, or episodes failed.
    """
    if name in study_names():
        return run_study(name, out, resume=resume, console=console, quick=quick)
    experiment = quick_form(read_experiment(name)) if quick else read_experiment(name)
    _check_names(experiment)
    prepare_output_folder(out, resume, "experiment")
    results: dict[str, Results] = {}
    for cell in experiment.cells():
        folder = out / cell.folder
        results[cell.name] = evaluate(
            cell.scenario,
            parse_controllers(cell.controllers),
            range(experiment.first_seed, experiment.first_seed + experiment.seeds),
            overrides=cell.overrides,
            options=experiment.options,
            jobs=jobs,
            out=folder,
            store=store,
            resume=True,
            progress=console,
            references=experiment.reference,
            first_only={name: count for name, count in experiment.first_only.items() if name in cell.controllers},
        )
        write_report(results[cell.name], folder, console, cell.name, experiment.families)
    with suppress(MissingExtraError):  # the reports of the cells have said it
        write_sweep_plots(experiment, results, out)
    write_text(out / TABLE_FILE, chapter(experiment, results, out))
    return out / TABLE_FILE


def _check_names(experiment: Experiment) -> None:
    """Controllers that are named besides the list of who plays must be in it."""
    labels = [spec.label for spec in parse_controllers(experiment.controllers)]
    families = [(f"families, {title}", name) for title, names in experiment.families.items() for name in names]
    for field, name in [*families, *(("first_only", name) for name in experiment.first_only)]:
        if name not in labels:
            raise ScenarioError(f"{field}: {name!r} is not among the controllers: {', '.join(labels)}")
