"""Plays an experiment."""

from pathlib import Path

from rich.console import Console

from voltran.train.chapter import chapter
from voltran.train.evaluate import evaluate
from voltran.train.experiment import read_experiment
from voltran.train.files import claim_folder, write_text
from voltran.train.references import parse_controllers
from voltran.train.report import TABLE_FILE, write_report
from voltran.train.results import Results


def run_experiment(
    name: str, out: Path, *, resume: bool, jobs: int, console: Console, store: Path | None = None
) -> Path:
    """Play an experiment and write its report.

    Args:
        name: shipped name, or path of a YAML file.
        out: folder for ``table.md`` and, per cell, a folder with results, tables and pictures.
        resume: continue what ``out`` holds.
        jobs: worker processes.
        console: where to show progress and tables.
        store: folder of finished episodes, which experiments may share; ``episodes`` beside each cell's results by
            default.

    Returns:
        The report.

    Raises:
        ScenarioError: an unknown experiment, scenario or controller.
        VoltranError: ``out`` holds something and ``resume`` is off, or it cannot be written, or episodes failed.
    """
    experiment = read_experiment(name)
    controllers = parse_controllers(",".join(experiment.controllers))
    claim_folder(out, resume, "experiment")
    results: dict[str, Results] = {}
    for cell in experiment.cells():
        folder = out / cell.folder
        results[cell.name] = evaluate(
            cell.scenario,
            controllers,
            range(experiment.first_seed, experiment.first_seed + experiment.seeds),
            overrides=cell.overrides,
            options=experiment.options,
            jobs=jobs,
            out=folder,
            store=store,
            resume=True,
            progress=console,
            references=experiment.reference,
        )
        write_report(results[cell.name], folder, console, cell.name)
    write_text(out / TABLE_FILE, chapter(experiment, results, out))
    return out / TABLE_FILE
