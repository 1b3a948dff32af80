"""Pictures of a sweep: metrics over the values of a scenario key."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from voltran.envs.metric import Metric
from voltran.evaluation.figure_files import end_axes, line, marker, shown, write_picture
from voltran.evaluation.palette import Look, looks
from voltran.evaluation.results import MetricSummary, Results
from voltran.experiments.episode_experiment import EpisodeExperiment, Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_IN = 3.4


def write_sweep_plots(experiment: EpisodeExperiment, results: Mapping[str, Results], folder: Path) -> list[Path]:
    """Draw every metric of an experiment over the values of its sweeps; nothing where it has none.

    Args:
        experiment: what was played.
        results: name of each situation to what was found in it.
        folder: where pictures are written, called ``sweep-`` and the metric.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: a picture cannot be written.
    """
    families: Mapping[str, Sequence[str]] = experiment.families or {"": _labels(results)}
    height_in = 0.3 + ROW_IN * len(families)
    written = []
    for key in experiment.metrics if experiment.sweeps else ():
        paint = partial(_swept, experiment=experiment, results=results, metric=_metric(key, results), families=families)
        written.append(write_picture(folder, f"sweep-{key}", height_in, paint))
    return written


def _swept(
    figure: "Figure",
    experiment: EpisodeExperiment,
    results: Mapping[str, Results],
    metric: Metric,
    families: Mapping[str, Sequence[str]],
) -> None:
    """A row of panels per family, a panel per sweep; means, and bands of their 95 % intervals."""
    look = looks(_labels(results))
    parts = figure.subfigures(len(families), 1, squeeze=False)[:, 0]
    for part, (title, labels) in zip(parts, families.items(), strict=True):
        panels = part.subplots(1, len(experiment.sweeps), sharey=True, squeeze=False)[0]
        for panel, sweep in zip(panels, experiment.sweeps, strict=True):
            at_values = [results[situation.name] for situation in experiment.swept_situations(sweep)]
            for label in labels:
                _line(panel, sweep, [_summary(at, label, metric.key) for at in at_values], metric, label, look[label])
            panel.set(xlabel=sweep.title, xticks=_ticks(sweep.values))
            panel.margins(x=0.03, y=0.06)
        panels[0].set(ylabel=metric.heading, title=title)
        panels[0].set_ylim(bottom=0)
        end_axes(panels[0], "y", metric.shown_bounds)
        part.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")


def _line(
    panel: "Axes",
    sweep: Sweep,
    summaries: Sequence[MetricSummary | None],
    metric: Metric,
    label: str,
    look: Look,
) -> None:
    """One controller over the values at which it has played."""
    known = [
        (value, summary.mean * metric.scale, summary.bootstrap95 or (summary.mean, summary.mean))
        for value, summary in zip(sweep.values, summaries, strict=True)
        if summary is not None and summary.mean is not None
    ]
    if not known:
        return
    values, means, intervals = zip(*known, strict=True)
    low, high = ([metric.scale * end for end in ends] for ends in zip(*intervals, strict=True))
    panel.fill_between(values, low, high, color=look.colour, alpha=0.16, linewidth=0)
    drawn = line(look) | marker(look)
    panel.plot(values, means, label=shown(label), clip_on=False, zorder=3, **drawn)


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
