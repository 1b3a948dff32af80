"""An experiment as Markdown: the answer, published values beside ours, tables, pictures."""

from collections.abc import Mapping
from pathlib import Path

from voltran.envs.metric import Metric
from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.markdown import on_request, picture_file
from voltran.evaluation.results import Difference
from voltran.evaluation.statistics import paired_differences
from voltran.evaluation.tables import (
    made_with,
    markdown_all_metrics,
    markdown_cells,
    markdown_differences,
    markdown_paired,
    markdown_swept,
    markdown_table,
    provenance,
)
from voltran.experiments.answer import filled
from voltran.experiments.comparison import ByCell, comparison_section
from voltran.experiments.episode_experiment import EpisodeExperiment, Situation
from voltran.experiments.sweep import TableRows, combination_rows, swept_picture


def chapter(experiment: EpisodeExperiment, results: ByCell, folder: Path) -> str:
    """The experiment's report.

    Args:
        experiment: what was played.
        results: name of each situation to what was found in it.
        folder: where the report lies, with the cells' folders and the pictures of all cells: those that are there are
            shown.
    """
    parts = [f"# {experiment.title}"]
    parts += [f"**{experiment.question}** {filled(experiment.answer, results)}"] if experiment.question else []
    parts += [experiment.description]
    parts += [comparison_section(comparison, results) for comparison in experiment.paper]
    show = _varied if experiment.vary else _swept if experiment.sweeps else _short if experiment.metrics else _full
    parts += show(experiment, results, folder)
    parts += _all_metrics(experiment, results)
    parts += ["## Played by", *_played_by(results)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def picture(path: str) -> str:
    """HTML that shows a picture."""
    return picture_file(f"{path}{PICTURE_SUFFIX}")


def pictures_of_sweeps(experiment: EpisodeExperiment, folder: Path) -> list[str]:
    """Paths of the pictures over sweeps that an experiment's page shows, in its folder, without ending."""
    return [name for name in _names_of_pictures(folder) if experiment.pictures is None or name in experiment.pictures]


def pictures_of_situation(experiment: EpisodeExperiment, situation: Situation, folder: Path) -> list[str]:
    """Paths of the pictures of one situation that an experiment's page shows, in its folder, without ending."""
    there = _names_of_pictures(folder / situation.folder)
    return [f"{situation.folder}/{name}" for name in there if experiment.shows(name, situation.name)]


def _names_of_pictures(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob(f"*{PICTURE_SUFFIX}"))


def _full(experiment: EpisodeExperiment, results: ByCell, folder: Path) -> list[str]:
    """All headline metrics, situation by situation; paired differences open on request."""
    parts = []
    for situation in experiment.situations():
        played = results[situation.name]
        parts += [f"## {situation.name}", markdown_table(played)]
        parts += [
            on_request(f"Paired differences from {reference}", markdown_paired(played, reference))
            for reference, compared in played.paired.items()
            if compared
        ]
        parts += map(picture, pictures_of_situation(experiment, situation, folder))
    return parts


def _short(experiment: EpisodeExperiment, results: ByCell, folder: Path) -> list[str]:
    """The chosen metrics of all cells in one table."""
    metrics = [next(iter(results.values())).metric(key) for key in experiment.metrics]
    parts = ["## All controllers", markdown_cells(results, metrics)]
    for title, head, rows in (*_differences(results), *_between_variants(experiment, results)):
        parts += [on_request(title, markdown_differences(head, rows, metrics))]
    for situation in experiment.situations():
        pictures = pictures_of_situation(experiment, situation, folder)
        parts += [f"**{situation.name}**"] if pictures and len(results) > 1 else []
        parts += map(picture, pictures)
    return parts


def _swept(experiment: EpisodeExperiment, results: ByCell, folder: Path) -> list[str]:
    """Metrics over the values of each sweep, as pictures and on request as tables."""
    parts = ["## All values", *map(picture, pictures_of_sweeps(experiment, folder))]
    for panel in experiment.panels():
        rows = TableRows([panel.axis], [[f"{value:g}"] for value in panel.values], [*panel.variants])
        tables = _tables(experiment, results, rows)
        parts += [on_request(f"{metric.title}: {_inside(panel.axis)}", table) for metric, table in tables]
    return parts


def _varied(experiment: EpisodeExperiment, results: ByCell, folder: Path) -> list[str]:
    """Metrics of every combination of values, as pictures and tables; paired differences open on request."""
    parts = ["## All combinations"]
    pictures = pictures_of_sweeps(experiment, folder)
    tables = _tables(experiment, results, combination_rows(experiment.vary))
    for metric, table in tables:
        drawn = [picture(name) for name in pictures if name == swept_picture(metric.key)]
        parts += [f"### {metric.title}", *drawn, table]
    metrics = [metric for metric, _ in tables]
    for title, head, differences in _differences(results):
        parts += [on_request(title, markdown_differences(head, differences, metrics))]
    return parts


def _tables(experiment: EpisodeExperiment, results: ByCell, rows: TableRows) -> list[tuple[Metric, str]]:
    """Every metric shown, and its table over the values at which variants were played."""
    at_values = [results[experiment.situation_named(variant)] for variant in rows.variants]
    metrics = [at_values[0].metric(key) for key in experiment.metrics]
    return [(metric, markdown_swept(rows.heads, rows.values, at_values, metric)) for metric in metrics]


def _inside(title: str) -> str:
    """A title within a sentence; abbreviations stay as they are."""
    return title[:1].lower() + title[1:]


def _all_metrics(experiment: EpisodeExperiment, results: ByCell) -> list[str]:
    """Every metric there is, on request; nothing where the experiment says which ones matter."""
    return [
        on_request(f"All metrics: {situation.name}", markdown_all_metrics(results[situation.name]))
        for situation in experiment.situations()
        if not experiment.metrics
    ]


def _played_by(results: ByCell) -> list[str]:
    """What made the results, once where it was the same for all cells."""
    made = {made_with(played) for played in results.values()}
    return [*made] if len(made) == 1 else [f"- {name}: {provenance(played)}" for name, played in results.items()]


Rows = list[tuple[list[str], Mapping[str, Difference]]]


def _differences(results: ByCell) -> list[tuple[str, list[str], Rows]]:
    """Title, head and rows of the differences from each reference, over all cells."""
    references = dict.fromkeys(reference for played in results.values() for reference in played.paired)
    tables = []
    for reference in references:
        rows: Rows = [
            ([name, label], row)
            for name, played in results.items()
            for label, row in played.paired.get(reference, {}).items()
        ]
        if rows:
            tables.append((f"Paired differences from {reference}", ["Scenario", f"Minus {reference}"], rows))
    return tables


def _between_variants(experiment: EpisodeExperiment, results: ByCell) -> list[tuple[str, list[str], Rows]]:
    """The same for the differences of each controller from itself in the first variant."""
    first = next(iter(experiment.variants), "")
    bases = {
        situation.scenario: results[situation.name]
        for situation in experiment.situations()
        if situation.variant == first
    }
    rows: Rows = [
        ([situation.name, label], paired_differences(controller, base.controllers[label], base.world))
        for situation, base in (
            (situation, bases[situation.scenario])
            for situation in experiment.situations()
            if situation.variant != first
        )
        for label, controller in results[situation.name].controllers.items()
        if label in base.controllers
    ]
    return [(f"Paired differences from {first}", ["Scenario", f"Minus {first}"], rows)] if rows else []
