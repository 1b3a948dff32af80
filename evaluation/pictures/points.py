"""One metric of all controllers, as points with intervals."""

from typing import TYPE_CHECKING

from voltran.evaluation.figure_files import end_axes, heading, played, point, reach
from voltran.evaluation.palette import FAINT, looks
from voltran.evaluation.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def metric_points(figure: "Figure", results: Results, key: str, words: str, best: float) -> None:
    """A metric, one line per controller, with intervals of the mean.

    Args:
        figure: an empty one.
        results: what was evaluated.
        key: of the metric.
        words: what stands below the axis.
        best: where a dashed line stands, in shown units.
    """
    look, metric = looks(list(results.controllers)), results.metric(key)
    panel = figure.subplots()
    known = [label for label, controller in results.controllers.items() if key in controller.metrics]
    for row, label in enumerate(known):
        summary = results.controllers[label].metrics[key]
        if summary.mean is not None:
            across = reach(summary, metric.scale)
            panel.errorbar(metric.scale * summary.mean, row, xerr=across, **point(look[label]))
    panel.axvline(best, color=FAINT, linewidth=1.0, linestyle=(0, (3, 2)))
    panel.set_yticks(range(len(known)), known, fontsize=8.5)
    panel.set_ylim(len(known) - 0.4, -0.6)
    end_axes(panel, "x", metric.shown_bounds)
    panel.set_xlabel(words)
    heading(figure, f"Means and their 95 % intervals. {played(results)}.")
