"""The picture: a panel per claim, a bar per assumption from the lowest to the highest number that it gives."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltran.evaluation.figure_files import write_picture
from voltran.evaluation.palette import DASHED, DOTTED, FAINT, LOOKS, TEXT
from voltran.experiments.assumptions.sensitivity import Measure, Reach, Sensitivity, ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 14
ROW_IN, FRAME_IN = 0.21, 0.75
MARGIN, IN_SIGHT = 0.16, 0.5  # shares of the width of what is drawn
SURE, CHANCE = LOOKS["policy"].colour, FAINT
PAPER = LOOKS["static-v2g"].colour


def write_tornado(sensitivity: Sensitivity, folder: Path) -> Path:
    """Draw how far each assumption moves each claim, the :data:`MOST_BARS` that move it most.

    Args:
        sensitivity: the numbers.
        folder: where the picture is written, called as the sensitivity is.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: the picture cannot be written.
    """
    panels = [(measure, ranked(sensitivity, measure)[:MOST_BARS]) for measure in sensitivity.measures]
    heights = [FRAME_IN + ROW_IN * max(len(rows), 1) for _, rows in panels]
    return write_picture(folder, sensitivity.name, 0.35 + sum(heights), partial(_paint, sensitivity, panels, heights))


def _paint(
    sensitivity: Sensitivity, panels: list[tuple[Measure, list[Reach]]], heights: list[float], figure: "Figure"
) -> None:
    in_sight = False
    drawn = figure.subplots(len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
    for panel, (measure, rows) in zip(drawn, panels, strict=True):
        _bars(panel, measure, rows)
        base = sensitivity.base[measure.name].value
        _lines(panel, measure, rows, base)
        in_sight |= bool(_ends_in_sight(measure, *_extent(measure, rows, base)))
        unit = f" ({measure.unit})" if measure.unit else ""
        panel.set(title=f"{measure.title}{unit}{f': {sensitivity.title}' if sensitivity.title else ''}")
    figure.legend(handles=_legend(panels, in_sight), loc="outside lower center", ncols=5)


def _bars(panel: "Axes", measure: Measure, rows: list[Reach]) -> None:
    """A bar per assumption; the values that give its ends stand beside them."""
    for at, row in enumerate(rows):
        panel.barh(at, row.span, left=row.low, height=0.62, color=SURE if row.surely else CHANCE)
        if row.span > 0.0:
            ends: tuple[tuple[float, str, Any, int], ...] = (
                (row.low, row.low_label, "right", -3),
                (row.high, row.high_label, "left", 3),
            )
            for x, label, side, away in ends:
                if label != row.varied.default:
                    panel.annotate(
                        label, (x, at), (away, 0), textcoords="offset points", ha=side, va="center", fontsize=7.5
                    )
    panel.set_yticks(range(len(rows)), [row.varied.title for row in rows], fontsize=8.5)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    panel.grid(visible=False, axis="y")


def _lines(panel: "Axes", measure: Measure, rows: list[Reach], base: float | None) -> None:
    """Our number, the paper's, and where the claim ceases to hold, if that is in sight; room for words beside bars."""
    low, high = _extent(measure, rows, base)
    ends = _ends_in_sight(measure, low, high)
    low, high = min(low, *ends, high), max(high, *ends, low)
    drawn: list[tuple[float | None, str, Any, float]] = [(base, TEXT, "-", 1.2), (measure.paper, PAPER, DASHED, 1.4)]
    drawn += [(end, TEXT, DOTTED, 1.4) for end in ends]
    for x, colour, line, width in drawn:
        if x is not None:
            panel.axvline(x, color=colour, linestyle=line, linewidth=width, zorder=0.9)
    panel.set_xlim(low - MARGIN * (high - low or 1.0), high + MARGIN * (high - low or 1.0))


def _extent(measure: Measure, rows: list[Reach], base: float | None) -> tuple[float, float]:
    """The lowest and the highest of all numbers of a panel."""
    known = [x for x in (base, measure.paper, *(end for row in rows for end in (row.low, row.high))) if x is not None]
    return (min(known), max(known)) if known else (0.0, 1.0)


def _ends_in_sight(measure: Measure, low: float, high: float) -> list[float]:
    """Where the claim ceases to hold, as far as that is not far off."""
    away = IN_SIGHT * (high - low or 1.0)
    return [end for end in measure.ends if low - away <= end <= high + away]


def _legend(panels: list[tuple[Measure, list[Reach]]], in_sight: bool) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows = [row for _, shown in panels for row in shown]
    handles: list[Any] = [Line2D([], [], color=TEXT, linewidth=1.2, label="our assumptions")]
    if any(measure.paper is not None for measure, _ in panels):
        handles.append(Line2D([], [], color=PAPER, linewidth=1.4, linestyle=DASHED, label="paper"))
    if in_sight:
        handles.append(Line2D([], [], color=TEXT, linewidth=1.4, linestyle=DOTTED, label="the claim holds to here"))
    if any(row.surely for row in rows):
        handles.append(Patch(color=SURE, label="moves it"))
    if any(not row.surely for row in rows):
        handles.append(Patch(color=CHANCE, label="may be chance"))
    return handles
