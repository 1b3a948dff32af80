"""An experiment as Markdown: published values beside ours, tables, pictures, and links to the rest."""

from collections.abc import Mapping
from pathlib import Path

from voltran.train.comparison import ByCell, comparison_section
from voltran.train.experiment import Experiment, Sweep
from voltran.train.metrics import metric_of
from voltran.train.report import TABLE_FILE
from voltran.train.results import ControllerResults, Difference
from voltran.train.statistics import paired_difference, ratio_is_honest
from voltran.train.tables import (
    RATIO_KEY,
    markdown_cells,
    markdown_differences,
    markdown_paired,
    markdown_swept,
    markdown_table,
)


def chapter(experiment: Experiment, results: ByCell, folder: Path, prefix: str = "") -> str:
    """The experiment's report.

    Args:
        experiment: what was played.
        results: name of each cell to what was found in it.
        folder: folder of the cells' folders and of the pictures of all cells, to link the pictures that are there.
        prefix: path from the report to that folder; empty where it lies in it.
    """
    parts = [f"# {experiment.title}", experiment.description]
    parts += [comparison_section(comparison, results) for comparison in experiment.paper]
    show = _swept if experiment.sweeps else _short if experiment.metrics else _full
    parts += show(experiment, results, folder, f"{prefix}/" if prefix else "")
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def picture(path: str) -> str:
    """HTML that shows a picture in the version for the reader's light or dark page."""
    alternative = path.rpartition("/")[2].replace("-", " ")
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{path}-dark.png">'
        f'<img alt="{alternative}" src="{path}.png" width="860"></picture>'
    )


def shown_pictures(experiment: Experiment, folder: Path) -> list[str]:
    """Names of the pictures in a folder that the experiment shows, without theme and ending."""
    there = sorted(path.stem for path in folder.glob("*.png") if not path.stem.endswith("-dark"))
    return [name for name in there if experiment.pictures is None or name in experiment.pictures]


def _full(experiment: Experiment, results: ByCell, folder: Path, start: str) -> list[str]:
    """All headline metrics, cell by cell; paired differences open on request."""
    parts = []
    for cell in experiment.cells():
        found = results[cell.name]
        parts += [f"## {cell.name}", markdown_table(found)]
        parts += [
            _on_request(f"Paired differences from {reference}", markdown_paired(found, reference))
            for reference, compared in found.paired.items()
            if compared
        ]
        parts += [picture(f"{start}{cell.folder}/{name}") for name in shown_pictures(experiment, folder / cell.folder)]
        parts += [f"All metrics: [{cell.name}]({start}{cell.folder}/{TABLE_FILE})."]
    return parts


def _short(experiment: Experiment, results: ByCell, folder: Path, start: str) -> list[str]:
    """The chosen metrics of all cells in one table."""
    metrics = [metric_of(key) for key in experiment.metrics]
    parts = ["## All controllers", markdown_cells(results, metrics)]
    for title, head, rows in (*_differences(results), *_between_variants(experiment, results)):
        parts += [_on_request(title, markdown_differences(head, rows, metrics))]
    for cell in experiment.cells():
        pictures = [f"{start}{cell.folder}/{name}" for name in shown_pictures(experiment, folder / cell.folder)]
        parts += [f"**{cell.name}**"] if pictures and len(results) > 1 else []
        parts += [picture(path) for path in pictures]
    return [*parts, _links(experiment, start)]


def _swept(experiment: Experiment, results: ByCell, folder: Path, start: str) -> list[str]:
    """Metrics over the values of each sweep, as pictures and on request as tables."""
    parts = ["## All values", *(picture(f"{start}{name}") for name in shown_pictures(experiment, folder))]
    for sweep in experiment.sweeps:
        parts += [
            _on_request(f"{metric_of(key).title}: {sweep.title.lower()}", _sweep_table(experiment, results, sweep, key))
            for key in experiment.metrics
        ]
    return [*parts, _links(experiment, start)]


def _sweep_table(experiment: Experiment, results: ByCell, sweep: Sweep, key: str) -> str:
    found = [results[cell.name] for cell in experiment.swept_cells(sweep)]
    return markdown_swept(sweep.title, [f"{value:g}" for value in sweep.values], found, metric_of(key))


def _links(experiment: Experiment, start: str) -> str:
    """Where all metrics of each cell are; a sweep's cells by their variants, as they share the scenario."""
    names = [(cell.variant if experiment.sweeps else cell.name, cell.folder) for cell in experiment.cells()]
    return "All metrics: " + ", ".join(f"[{name}]({start}{folder}/{TABLE_FILE})" for name, folder in names) + "."


Rows = list[tuple[list[str], Mapping[str, Difference]]]


def _differences(results: ByCell) -> list[tuple[str, list[str], Rows]]:
    """Title, head and rows of the differences from each reference, over all cells."""
    references = dict.fromkeys(reference for found in results.values() for reference in found.paired)
    tables = []
    for reference in references:
        rows: Rows = [
            ([name, label], row)
            for name, found in results.items()
            for label, row in found.paired.get(reference, {}).items()
        ]
        if rows:
            tables.append((f"Paired differences from {reference}", ["Scenario", f"Minus {reference}"], rows))
    return tables


def _between_variants(experiment: Experiment, results: ByCell) -> list[tuple[str, list[str], Rows]]:
    """The same for the differences of each controller from itself in the first variant."""
    first = next(iter(experiment.variants), "")
    bases = {cell.scenario: results[cell.name] for cell in experiment.cells() if cell.variant == first}
    rows: Rows = [
        ([cell.name, label], _against(controller, bases[cell.scenario].controllers[label], experiment.metrics))
        for cell in experiment.cells()
        if cell.variant != first
        for label, controller in results[cell.name].controllers.items()
        if label in bases[cell.scenario].controllers
    ]
    return [(f"Paired differences from {first}", ["Scenario", f"Minus {first}"], rows)] if rows else []


def _against(controller: ControllerResults, base: ControllerResults, keys: tuple[str, ...]) -> dict[str, Difference]:
    honest = ratio_is_honest(controller.censored_share, base.censored_share)
    return {
        key: paired_difference(controller.metrics[key].values, base.metrics[key].values, honest and key == RATIO_KEY)
        for key in keys
        if key in controller.metrics and key in base.metrics
    }


def _on_request(title: str, content: str) -> str:
    """Content that opens when its title is clicked."""
    return f"<details><summary>{title}</summary>\n\n{content.strip()}\n\n</details>"
