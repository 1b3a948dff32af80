"""Pictures of a sweep: metrics over the values of a scenario key."""

from collections.abc import Mapping, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voltran.envs.metric import Metric
from voltran.evaluation.figure_files import end_axes, heading, line, marker, point, reach, shown, write_picture
from voltran.evaluation.palette import Look, looks
from voltran.evaluation.results import MetricSummary, Results
from voltran.experiments.episode_experiment import EpisodeExperiment
from voltran.experiments.sweep import Panel, swept_picture, text_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_IN = 3.4
MOST_IN_ROW = 2  # panels of combinations, which have long titles; sweeps stand in one row
ABREAST = 0.5  # what the controllers share of the room between two categories


def write_sweep_plots(experiment: EpisodeExperiment, results: Mapping[str, Results], folder: Path) -> list[Path]:
    """Draw every metric of an experiment over the values of what it sweeps or varies; nothing where it has neither.

    Args:
        experiment: what was played.
        results: name of each situation to what was found in it.
        folder: where pictures are written, called ``sweep-`` and the metric.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: a picture cannot be written.
    """
    families: Mapping[str, Sequence[str]] = experiment.families or {"": _labels(results)}
    rows, _ = _arranged(experiment)
    height_in = 0.3 + ROW_IN * rows * len(families)
    written = []
    for key in experiment.metrics if experiment.is_swept else ():
        paint = partial(_swept, experiment=experiment, results=results, metric=_metric(key, results), families=families)
        written.append(write_picture(folder, swept_picture(key), height_in, paint))
    return written


def _arranged(experiment: EpisodeExperiment) -> tuple[int, int]:
    """Rows and columns of panels."""
    count = len(experiment.panels())
    columns = min(count, MOST_IN_ROW) if experiment.vary else count
    return ceil(count / columns) if columns else 0, columns


def _swept(
    figure: "Figure",
    experiment: EpisodeExperiment,
    results: Mapping[str, Results],
    metric: Metric,
    families: Mapping[str, Sequence[str]],
) -> None:
    """Rows of panels per family; means, and their 95 % intervals."""
    look = looks(_labels(results))
    counts = sorted({controller.n for played in results.values() for controller in played.controllers.values()})
    episodes = " to ".join(map(str, dict.fromkeys(counts[:1] + counts[-1:])))
    parts = figure.subfigures(len(families), 1, squeeze=False)[:, 0]
    for part, (title, labels) in zip(parts, families.items(), strict=True):
        rows, columns = _arranged(experiment)
        axes = part.subplots(rows, columns, sharey=True, squeeze=False)
        for place, shown_panel in zip(axes.flat, experiment.panels(), strict=False):
            at_values = [results[experiment.situation_named(variant)] for variant in shown_panel.variants]
            known = [label for label in labels if any(_summary(at, label, metric.key) for at in at_values)]
            summaries = {label: [_summary(at, label, metric.key) for at in at_values] for label in known}
            _panel(place, shown_panel, summaries, metric, look)
        for unused in axes.flat[len(experiment.panels()) :]:
            unused.set_axis_off()
        for row in axes:
            row[0].set_ylabel(metric.heading)
        if title:
            axes[0, 0].set_title(title)
        if metric.bounds[0] >= 0.0:
            axes[0, 0].set_ylim(bottom=0)
        end_axes(axes[0, 0], "y", metric.shown_bounds)
        part.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center")
    better = {"up": "; higher is better", "down": "; lower is better", None: ""}[metric.better]
    heading(parts[0], f"Means of {episodes} episodes, and their 95 % intervals{better}.")


def _panel(
    place: "Axes",
    panel: Panel,
    summaries: Mapping[str, Sequence[MetricSummary | None]],
    metric: Metric,
    look: Mapping[str, Look],
) -> None:
    """Every controller over one key: lines over numbers, points beside each other over categories."""
    if panel.has_numbers:
        for label, summary in summaries.items():
            _line(place, panel.values, summary, metric, label, look[label])
        place.set_xticks(_ticks(sorted(map(float, panel.values))))  # type: ignore[arg-type]
    else:
        offsets = ABREAST * (np.arange(len(summaries)) + 0.5) / max(len(summaries), 1) - ABREAST / 2
        for (label, summary), offset in zip(summaries.items(), offsets, strict=True):
            _points(place, offset, summary, metric, label, look[label])
        place.set_xticks(range(len(panel.values)), [shown(text_of(value)) for value in panel.values])
        place.set_xlim(-0.5, len(panel.values) - 0.5)
    place.set(xlabel=panel.axis, title=panel.title.replace(", ", "\n"))
    place.margins(x=0.03, y=0.06)


def _line(
    place: "Axes",
    swept: Sequence[Any],
    summaries: Sequence[MetricSummary | None],
    metric: Metric,
    label: str,
    look: Look,
) -> None:
    """One controller over the values at which it has played."""
    known = sorted(
        (value, summary.mean * metric.scale, summary.bootstrap95 or (summary.mean, summary.mean))
        for value, summary in zip(swept, summaries, strict=True)
        if summary is not None and summary.mean is not None
    )
    if not known:
        return
    values, means, intervals = zip(*known, strict=True)
    low, high = ([metric.scale * end for end in ends] for ends in zip(*intervals, strict=True))
    place.fill_between(values, low, high, color=look.colour, alpha=0.16, linewidth=0)
    drawn = line(look) | marker(look)
    place.plot(values, means, label=shown(label), clip_on=False, zorder=3, **drawn)


def _points(
    place: "Axes",
    offset: float,
    summaries: Sequence[MetricSummary | None],
    metric: Metric,
    label: str,
    look: Look,
) -> None:
    """One controller beside the others at each category, with its interval."""
    named = shown(label)
    for at, summary in enumerate(summaries):
        if summary is None or summary.mean is None:
            continue
        mean, interval = summary.mean * metric.scale, reach(summary, metric.scale)
        place.errorbar([at + offset], [mean], yerr=interval, label=named, zorder=3, **point(look))
        named = "_"  # once in the legend


def _ticks(values: Sequence[float]) -> list[float]:
    """The swept values, less those whose numbers would run into the one before."""
    apart = (values[-1] - values[0]) / 14
    chosen = [values[0]]
    for value in values[1:]:
        if value - chosen[-1] >= apart:
            chosen.append(value)
    return chosen


def _metric(key: str, results: Mapping[str, Results]) -> Metric:
    return next(iter(results.values())).metric(key)


def _summary(results: Results, label: str, key: str) -> MetricSummary | None:
    controller = results.controllers.get(label)
    return controller.metrics.get(key) if controller else None


def _labels(results: Mapping[str, Results]) -> list[str]:
    """All controllers, in the order of the first situation that has them."""
    return list(dict.fromkeys(label for played in results.values() for label in played.controllers))
