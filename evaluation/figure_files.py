"""What all pictures share: the file, headings, and how a controller is drawn."""

import io
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltran.envs.errors import MissingExtraError
from voltran.envs.files import write_atomically
from voltran.evaluation.episodes import Trace
from voltran.evaluation.palette import Look, style
from voltran.evaluation.results import MetricSummary, Results
from voltran.evaluation.svg import compact

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_IN = 8.6
PICTURE_SUFFIX = ".svg"
# Markers on lines: how far apart, as a share of the panel's diagonal; how many lines in turn; how large beside points.
MARKER_EVERY, MARKER_TURNS, MARKER_SIZE = 0.35, 6, 0.75

Painter = Callable[["Figure"], None]
Families = Mapping[str, Sequence[str]]  # title to controllers


@dataclass(frozen=True)
class Picture:
    """A picture that can be drawn.

    Attributes:
        name: of its file, without ending.
        height_in: height in inches.
        paint: draws it into a figure.
        episodes_of: keys of the metrics that it draws episode by episode, not by their means.
    """

    name: str
    height_in: float
    paint: Painter
    episodes_of: frozenset[str] = frozenset()


def write_picture(folder: Path, name: str, height_in: float, paint: Painter) -> Path:
    """Draw one picture as ``name.svg``; the same data give the same bytes.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: a picture cannot be written.
    """
    path = folder / f"{name}{PICTURE_SUFFIX}"
    write_atomically(path, drawing(height_in, paint))
    return path


def drawing(height_in: float, paint: Painter) -> bytes:
    """A picture as the content of an SVG file.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise MissingExtraError("plots need Matplotlib; install it with: pip install 'voltran[train]'") from error
    stream = io.StringIO()
    settings: Any = style()
    with mpl.rc_context(settings):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06))
        FigureCanvasSVG(figure)
        paint(figure)
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return compact(stream.getvalue()).encode()


def chosen_traces(traces: Mapping[str, Trace], families: Families, keys: Set[str], most: int) -> dict[str, Trace]:
    """Time series by controller that have some keys: of the families' controllers, or else of the first.

    Args:
        traces: of all controllers.
        families: title to controllers; empty for any.
        keys: that a time series must have.
        most: how many at most.
    """
    wanted = [label for labels in families.values() for label in labels] if families else list(traces)
    known = [label for label in wanted if label in traces and traces[label].keys() >= keys]
    return {label: traces[label] for label in known[:most]}


def heading(figure: Any, text: str) -> None:
    """Write a line above a figure or a part of one."""
    figure.suptitle(text, fontsize=9.5, x=0.008, ha="left")


def played(results: Results) -> str:
    """What was played, as headings say it: scenario, and from the fewest to the most episodes of a controller."""
    counts = sorted({controller.n for controller in results.controllers.values()})
    return f"{results.scenario}, {' to '.join(map(str, dict.fromkeys(counts[:1] + counts[-1:])))} episodes"


def shown(label: str) -> str:
    """A label with options, and every member of a team, on a line of its own."""
    return label.replace(":", "\n", 1).replace("+", "\n")


def line(look: Look) -> dict[str, Any]:
    """How a controller's line is drawn, without markers."""
    return {"color": look.colour, "linestyle": look.line}


def marked_line(look: Look, at: int) -> dict[str, Any]:
    """How a controller's line is drawn with a few markers on it, by which it is known without its colour.

    Args:
        look: the controller's.
        at: place among the lines of the panel; where lines coincide, their markers do not.
    """
    along = (MARKER_EVERY * (at % MARKER_TURNS + 0.5) / MARKER_TURNS, MARKER_EVERY)
    return line(look) | marker(look) | {"markersize": MARKER_SIZE * look.size, "markevery": along}


def point(look: Look) -> dict[str, Any]:
    """How a controller's marker is drawn, with the bars of its interval; nothing is cut off where an axis ends."""
    return {"color": look.colour, "elinewidth": 1.4, "linestyle": "none", "clip_on": False, **marker(look)}


def marker(look: Look) -> dict[str, Any]:
    """A controller's marker."""
    return {"marker": look.marker, "markersize": look.size, "markeredgewidth": 0.0}


def reach(summary: MetricSummary, scale: float) -> list[list[float]] | None:
    """How far the interval goes to either side of the mean, as error bars take it; ``None`` without an interval."""
    if summary.mean is None or summary.bootstrap95 is None:
        return None
    low, high = summary.bootstrap95
    return [[scale * max(summary.mean - low, 0.0)], [scale * max(high - summary.mean, 0.0)]]


def end_axes(panel: Any, axis: str, bounds: tuple[float, float]) -> None:
    """Let an axis go no further than the values that it shows can."""
    low, high = getattr(panel, f"get_{axis}lim")()
    getattr(panel, f"set_{axis}lim")(max(low, bounds[0]), min(high, bounds[1]))
