"""The picture: a panel per claim, a bar per assumption from the lowest to the highest number that it gives."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltran.envs.panels import DASHED, DOTTED
from voltran.evaluation.figure_files import WIDTH_IN, heading, write_picture
from voltran.evaluation.palette import FAINT, LOOKS, TEXT
from voltran.experiments.assumptions.sensitivity import Measure, Reach, Sensitivity, ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 14
ROW_IN, FRAME_IN = 0.21, 0.75
IN_SIGHT = 0.5  # share of the width of what is drawn
TITLE_POINTS, LABEL_POINTS, AWAY_POINTS = 8.5, 7.5, 3.0
LEAST_IN = 1.0  # of a panel, whatever words there are
LETTER_IN = 0.6 / 72.0  # mean width of a letter per point of its size
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
    return write_picture(folder, sensitivity.name, 0.6 + sum(heights), partial(_paint, sensitivity, panels, heights))


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
    heading(figure, "How far each assumption moves a number; beside the bars the values that move it so far.")


def _bars(panel: "Axes", measure: Measure, rows: list[Reach]) -> None:
    """A bar per assumption; the values that give its ends stand beside them."""
    for at, row in enumerate(rows):
        panel.barh(at, row.span, left=row.low, height=0.62, color=SURE if row.surely else CHANCE)
        low_label, high_label = _labels(row)
        for x, label, side, away in (
            (row.low, low_label, "right", -AWAY_POINTS),
            (row.high, high_label, "left", AWAY_POINTS),
        ):
            panel.annotate(
                label, (x, at), (away, 0), textcoords="offset points", ha=side, va="center", fontsize=LABEL_POINTS
            )
    panel.set_yticks(range(len(rows)), [row.varied.title for row in rows], fontsize=TITLE_POINTS)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    panel.grid(visible=False, axis="y")


def _labels(row: Reach) -> tuple[str, str]:
    """The values that give the lower and the upper end, if they are not the default and move the number."""
    low, high = (
        label if row.span > 0.0 and label != row.varied.default else "" for label in (row.low_label, row.high_label)
    )
    return low, high


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
    titles_in = max((_width_in(row.varied.title, TITLE_POINTS) for row in rows), default=0.0)
    panel.set_xlim(_limits(rows, low, high, WIDTH_IN - titles_in))


def _limits(rows: list[Reach], low: float, high: float, width_in: float) -> tuple[float, float]:
    """Limits of the axis between which all that is drawn and the words beside the bars have room."""
    starts = [(row.low, _width_in(_labels(row)[0], LABEL_POINTS)) for row in rows]
    ends = [(row.high, _width_in(_labels(row)[1], LABEL_POINTS)) for row in rows]
    starts.append((low, _width_in("0", LABEL_POINTS)))
    ends.append((high, _width_in("0", LABEL_POINTS)))
    per_inch = max(
        ((end - start) or 1.0) / max(width_in - left - right, LEAST_IN) for start, left in starts for end, right in ends
    )
    return min(at - per_inch * room for at, room in starts), max(at + per_inch * room for at, room in ends)


def _width_in(text: str, points: float) -> float:
    """Width of a text and of the gap beside it, as far as the number of its letters tells."""
    return len(text) * points * LETTER_IN + 2.0 * AWAY_POINTS / 72.0


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
