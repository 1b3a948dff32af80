"""All combinations of a sweep together: a file for programs, and tables for the terminal."""

from collections.abc import Mapping

from rich.console import RenderableType

from voltran.evaluation.results import Results
from voltran.evaluation.tables import csv_swept
from voltran.evaluation.terminal_tables import terminal_swept
from voltran.experiments.episode_experiment import EpisodeExperiment
from voltran.experiments.sweep import combination_rows

MOST_TABLES = 3  # in the terminal, where more run out of sight


def combinations_csv(experiment: EpisodeExperiment, results: Mapping[str, Results]) -> str:
    """A row per combination, controller and metric.

    Args:
        experiment: what was played.
        results: name of each situation to what was found in it.
    """
    rows = combination_rows(experiment.vary)
    return csv_swept(rows.heads, rows.values, [results[experiment.situation_named(name)] for name in rows.variants])


def terminal_tables(experiment: EpisodeExperiment, results: Mapping[str, Results]) -> list[RenderableType]:
    """Tables of the first metrics shown; arguments as of :func:`combinations_csv`."""
    rows = combination_rows(experiment.vary)
    at_values = [results[experiment.situation_named(name)] for name in rows.variants]
    metrics = [at_values[0].metric(key) for key in experiment.metrics[:MOST_TABLES]]
    return [terminal_swept(rows.heads, rows.values, at_values, metric) for metric in metrics]
