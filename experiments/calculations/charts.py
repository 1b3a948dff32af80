"""Pictures of a calculation: its charts, one file each."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voltran.evaluation.figure_files import heading, write_picture
from voltran.evaluation.palette import DASH_DOTTED, DASHED, DOTTED, Look, looks
from voltran.experiments.calculations.findings import Chart, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT_IN = 3.6
LINES: tuple[Any, ...] = ("-", DASHED, DOTTED, DASH_DOTTED)
FEW_POINTS = 12
BARS_WIDTH = 0.8


def write_chart(chart: Chart, folder: Path) -> Path:
    """Draw one chart.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: the picture cannot be written.
    """
    return write_picture(folder, chart.name, HEIGHT_IN, partial(_paint, chart=chart))


def _paint(figure: "Figure", chart: Chart) -> None:
    panel = figure.subplots()
    look = looks([series.name for series in chart.series])
    for at, series in enumerate(chart.series):
        if chart.drawn == "bars":
            _bars(panel, series, look[series.name].colour, at, len(chart.series))
        else:
            _line(panel, series, look[series.name], at, chart.drawn)
    panel.set(xlabel=chart.x_label, ylabel=chart.y_label)
    if chart.from_zero:
        panel.set_ylim(bottom=0.0)
    if len(chart.series) > 1:
        figure.legend(*panel.get_legend_handles_labels(), loc="outside right center")
    heading(figure, chart.title)


def _line(panel: "Axes", series: Series, look: Look, at: int, drawn: str) -> None:
    """Lines of different strokes; markers where points are few enough to be told apart."""
    y = np.array(series.y, dtype=float)
    points = drawn == "points"
    style: dict[str, Any] = {"color": look.colour, "label": series.name, "linestyle": LINES[at % len(LINES)]}
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


def _bars(panel: "Axes", series: Series, colour: str, at: int, of: int) -> None:
    """Bars beside those of the other series."""
    width = BARS_WIDTH / of
    places = np.arange(len(series.x)) + (at + 0.5) * width - 0.5 * BARS_WIDTH
    y = np.array(series.y, dtype=float)
    panel.bar(places, y, 0.92 * width, color=colour, label=series.name)
    if series.low:
        panel.vlines(places, series.low, series.high, color=colour, linewidth=1.4)
    panel.set_xticks(np.arange(len(series.x)), [x if isinstance(x, str) else f"{x:g}" for x in series.x])
