"""Pictures of a calculation: its charts, one file each."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voltran.envs.panels import stroke
from voltran.evaluation.figure_files import heading, write_picture
from voltran.evaluation.palette import Look, looks
from voltran.experiments.calculations.findings import Chart, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT_IN = 3.6
FEW_POINTS = 12
BARS_WIDTH = 0.8
MOST_LETTERS = 90  # of names in a row below upright bars
ROW_IN = 0.3  # of a lying one


def write_chart(chart: Chart, folder: Path) -> Path:
    """Draw one chart.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: the picture cannot be written.
    """
    flat = _lies_flat(chart)
    height_in = 1.0 + ROW_IN * len(chart.series[0].x) if flat else HEIGHT_IN
    return write_picture(folder, chart.name, height_in, partial(_paint, chart=chart, flat=flat))


def _lies_flat(chart: Chart) -> bool:
    """Whether the names below upright bars would not fit beside each other."""
    return chart.drawn == "bars" and sum(len(_name(x)) + 2 for x in chart.series[0].x) > MOST_LETTERS


def _name(x: float | str) -> str:
    return x if isinstance(x, str) else f"{x:g}"


def _paint(figure: "Figure", chart: Chart, flat: bool) -> None:
    panel = figure.subplots()
    look = looks([series.name for series in chart.series])
    for at, series in enumerate(chart.series):
        if chart.drawn == "bars":
            _bars(panel, series, look[series.name].colour, at, len(chart.series), flat)
        else:
            _line(panel, series, look[series.name], at, chart.drawn)
    across, up = (chart.y_label, chart.x_label) if flat else (chart.x_label, chart.y_label)
    panel.set(xlabel=across, ylabel=up)
    if chart.from_zero:
        (panel.set_xlim if flat else panel.set_ylim)(0.0)
    if len(chart.series) > 1:
        figure.legend(*panel.get_legend_handles_labels(), loc="outside right center")
    heading(figure, chart.title)


def _line(panel: "Axes", series: Series, look: Look, at: int, drawn: str) -> None:
    """Lines of different strokes; markers where points are few enough to be told apart."""
    y = np.array(series.y, dtype=float)
    points = drawn == "points"
    style: dict[str, Any] = {"color": look.colour, "label": series.name, "linestyle": stroke(at)}
    if points or (drawn == "lines" and len(y) <= FEW_POINTS):
        style |= {"marker": look.marker, "markersize": 0.8 * look.size, "markeredgewidth": 0.0}
    style |= {"linestyle": "none"} if points else {}
    style |= {"drawstyle": "steps-mid"} if drawn == "steps" else {}
    panel.plot(series.x, y, **style)
    if series.low and points:
        panel.vlines(series.x, series.low, series.high, color=look.colour, linewidth=1.4)
    elif series.low:
        step: Any = "mid" if drawn == "steps" else None
        panel.fill_between(series.x, series.low, series.high, color=look.colour, alpha=0.18, linewidth=0.0, step=step)


def _bars(panel: "Axes", series: Series, colour: str, at: int, of: int, flat: bool) -> None:
    """Bars beside those of the other series, upright or lying, then the first one on top."""
    width = BARS_WIDTH / of
    places = np.arange(len(series.x)) + (at + 0.5) * width - 0.5 * BARS_WIDTH
    y = np.array(series.y, dtype=float)
    (panel.barh if flat else panel.bar)(places, y, 0.92 * width, color=colour, label=series.name)
    if series.low:
        (panel.hlines if flat else panel.vlines)(places, series.low, series.high, color=colour, linewidth=1.4)
    names = [_name(x) for x in series.x]
    if flat:
        panel.set_yticks(np.arange(len(names)), names, fontsize=8.5)
        panel.set_ylim(len(names) - 0.5, -0.5)
    else:
        panel.set_xticks(np.arange(len(names)), names)
