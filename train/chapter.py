"""An experiment as Markdown: published values beside ours, tables, pictures, and links to the rest."""

from collections.abc import Mapping
from pathlib import Path

from voltran.train.experiment import Comparison, Experiment, Gain
from voltran.train.metrics import MISSING, metric_of
from voltran.train.report import TABLE_FILE
from voltran.train.results import ControllerResults, Difference, Results
from voltran.train.statistics import mean_ratio, paired_difference, ratio_is_honest
from voltran.train.tables import (
    RATIO_KEY,
    markdown_cells,
    markdown_differences,
    markdown_paired,
    markdown_row,
    markdown_rule,
    markdown_table,
)

ByCell = Mapping[str, Results]


def chapter(experiment: Experiment, results: ByCell, folder: Path, prefix: str = "") -> str:
    """The experiment's report.

    Args:
        experiment: what was played.
        results: name of each cell to what was found in it.
        folder: folder of the cells' folders, to link the pictures that are there.
        prefix: path from the report to that folder; empty where it lies in it.
    """
    parts = [f"# {experiment.title}", experiment.description]
    parts += [comparison_table(comparison, results) for comparison in experiment.paper]
    show = _short if experiment.metrics else _full
    parts += show(experiment, results, folder, f"{prefix}/" if prefix else "")
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def comparison_table(comparison: Comparison, results: ByCell) -> str:
    """Published values beside ours: a row per scenario and metric, two columns per controller."""
    published = [values for metrics in comparison.values.values() for values in metrics.values()]
    labels = list(dict.fromkeys(label for values in published for label in values))
    head = ["Scenario", "Metric", *(f"{label}, {whose}" for label in labels for whose in ("paper", "VoltRAN"))]
    lines = [f"## {comparison.title}\n\n", markdown_row(head), markdown_rule(2, 2 * len(labels))]
    for cell, metrics in comparison.values.items():
        for key, values in metrics.items():
            row = [cell, metric_of(key).heading]
            for label in labels:
                row += [metric_of(key).number(values.get(label)), _ours(results, cell, label, key)]
            lines.append(markdown_row(row))
    lines += [f"\n{gain_table(comparison.gain, list(comparison.values), results)}"] if comparison.gain else []
    return "".join(lines) + (f"\n{comparison.note}\n" if comparison.note else "")


def gain_table(gain: Gain, cells: list[str], results: ByCell) -> str:
    """Published average gains beside ours, with intervals."""
    head = [f"Average gain over {gain.reference}", "Paper", "VoltRAN", "95 % interval"]
    lines = [markdown_row(head), markdown_rule(1, 3)]
    for label, value in gain.values.items():
        lines.append(markdown_row([label, _percent(value), *_our_gain(gain, label, cells, results)]))
    return "".join(lines) + (
        f"\nGain: the mean over the scenarios of {metric_of(gain.metric).title.lower()} divided by {gain.reference}'s, "
        "less one; the bootstrap interval (BCa) draws the same seeds for both and in all scenarios.\n"
    )


def picture(path: str) -> str:
    """HTML that shows a picture in the version for the reader's light or dark page."""
    alternative = path.rpartition("/")[2].replace("-", " ")
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{path}-dark.png">'
        f'<img alt="{alternative}" src="{path}.png" width="860"></picture>'
    )


def shown_pictures(experiment: Experiment, folder: Path) -> list[str]:
    """Names of the pictures in a cell's folder that the experiment shows, without theme and ending."""
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
    links = ", ".join(f"[{cell.name}]({start}{cell.folder}/{TABLE_FILE})" for cell in experiment.cells())
    return [*parts, f"All metrics: {links}."]


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
    ]
    return [(f"Paired differences from {first}", ["Scenario", f"Minus {first}"], rows)] if rows else []


def _against(controller: ControllerResults, base: ControllerResults, keys: tuple[str, ...]) -> dict[str, Difference]:
    honest = ratio_is_honest(controller.censored_share, base.censored_share)
    return {
        key: paired_difference(controller.metrics[key].values, base.metrics[key].values, honest and key == RATIO_KEY)
        for key in keys
        if key in controller.metrics and key in base.metrics
    }


def _ours(results: ByCell, cell: str, label: str, key: str) -> str:
    controller = _controller(results, cell, label)
    summary = controller.metrics.get(key) if controller else None
    return metric_of(key).estimate(summary.mean, summary.ci95) if summary else MISSING


def _our_gain(gain: Gain, label: str, cells: list[str], results: ByCell) -> tuple[str, str]:
    """Our gain and its interval; missing where an episode was not played or too many are censored."""
    pairs = []
    for cell in cells:
        both = [_controller(results, cell, name) for name in (label, gain.reference)]
        played = [controller for controller in both if controller and gain.metric in controller.metrics]
        if len(played) < 2 or not ratio_is_honest(*(controller.censored_share for controller in played)):
            return MISSING, MISSING
        above, below = (controller.metrics[gain.metric].values for controller in played)
        pairs.append((above, below))
    ratio, interval = mean_ratio(pairs)
    shown = MISSING if interval is None else f"{_percent(interval[0] - 1)} to {_percent(interval[1] - 1)}"
    return MISSING if ratio is None else _percent(ratio - 1), shown


def _controller(results: ByCell, cell: str, label: str) -> ControllerResults | None:
    found = results.get(cell)
    return found.controllers.get(label) if found else None


def _percent(share: float) -> str:
    return f"{100 * share:+.0f} %"


def _on_request(title: str, content: str) -> str:
    """Content that opens when its title is clicked."""
    return f"<details><summary>{title}</summary>\n\n{content.strip()}\n\n</details>"
