"""What all pictures share: files in two themes, headings, and how a controller is drawn."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltran.envs.errors import MissingExtraError
from voltran.envs.files import write_atomically
from voltran.train.palette import THEMES, Look, Theme, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_IN = 8.6

Painter = Callable[["Figure", Theme], None]


def write_picture(folder: Path, name: str, height_in: float, paint: Painter) -> list[Path]:
    """Draw one picture as ``name.png`` and ``name-dark.png``.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: a picture cannot be written.
    """
    written = []
    for theme in THEMES:
        path = folder / f"{name}{theme.suffix}.png"
        write_atomically(path, _render(paint, theme, height_in))
        written.append(path)
    return written


def heading(figure: Any, text: str, theme: Theme) -> None:
    """Write a line above a figure or a part of one."""
    figure.suptitle(text, fontsize=9.5, x=0.008, ha="left", color=theme.text)


def shown(label: str) -> str:
    """A label with options, and every member of a team, on a line of its own."""
    return label.replace(":", "\n", 1).replace("+", "\n")


def line(look: Look, theme: Theme) -> dict[str, Any]:
    """How a controller's line is drawn, without markers."""
    return {"color": look.colour(theme), "linestyle": look.line}


def point(look: Look, theme: Theme) -> dict[str, Any]:
    """How a controller's marker is drawn, with the bars of its interval."""
    return {
        "color": look.colour(theme),
        "elinewidth": 1.4,
        "linestyle": "none",
        **marker(look, theme),
    }


def marker(look: Look, theme: Theme) -> dict[str, Any]:
    """A controller's marker, set off from what lies behind it."""
    return {
        "marker": look.marker,
        "markersize": look.size,
        "markeredgecolor": theme.background,
        "markeredgewidth": 0.8,
    }


def _render(paint: Painter, theme: Theme, height_in: float) -> bytes:
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise MissingExtraError("plots need Matplotlib; install it with: pip install 'voltran[train]'") from error
    stream = io.BytesIO()
    settings: Any = style(theme)
    with mpl.rc_context(settings):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06))
        FigureCanvasAgg(figure)
        paint(figure, theme)
        figure.savefig(stream, format="png")
    return stream.getvalue()
