"""Panels over the hours of an episode, as the pictures of several worlds have them."""

from typing import Any, Protocol

import numpy as np

from voltran.physics.arrays import FloatArray

# Matplotlib is loaded only when something is drawn, so its classes have no names here.
Axes = Any

DASHED = (0, (5, 1.4))
DOTTED = (0, (1.4, 1.2))
DASH_DOTTED = (0, (6, 1.3, 1.4, 1.3))
DASH_DOT_DOTTED = (0, (6, 1.2, 1.2, 1.2, 1.2, 1.2))
LONG_DASHED = (0, (9, 2.5))
# Lines that coincide show through each other's gaps, and who sees no colours tells them apart.
STROKES: tuple[Any, ...] = ("-", DASHED, DOTTED, DASH_DOTTED, LONG_DASHED, DASH_DOT_DOTTED)


class Colours(Protocol):
    """What a panel needs of a theme."""

    @property
    def background(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def faint(self) -> str: ...


class Hours:
    """The periods that a panel shows.

    Args:
        begins_h: ``[T]`` when each period so far began.
        now_h: when the last one ended.
        start_h, length_h: of the whole episode, which sets the limits.

    Attributes:
        edges_h: ``[T + 1]`` begins, and the end of the last.
    """

    def __init__(self, begins_h: FloatArray, now_h: float, start_h: float, length_h: float) -> None:
        self.edges_h = np.append(begins_h, now_h)
        self._limits_h = (start_h, start_h + length_h)

    def step(self, axes: Axes, values: FloatArray, **style: Any) -> None:
        """Draw a line with a step at each period."""
        values = _closed(values)
        axes.step(self.edges_h[: len(values)], values, where="post", **{"linewidth": 1.3, **style})

    def fill(
        self, axes: Axes, low: FloatArray, high: FloatArray, colour: str, label: str | None = None, alpha: float = 0.35
    ) -> None:
        """Fill between two lines with steps."""
        low, high = _closed(low), _closed(high)
        style: dict[str, Any] = {"color": colour, "alpha": alpha, "linewidth": 0.0, "label": label}
        axes.fill_between(self.edges_h[: len(low)], low, high, step="post", **style)

    def stack(self, axes: Axes, parts: list[tuple[str, FloatArray, str]]) -> None:
        """Fill one part above the other: name, values ``[T]`` and colour of each."""
        top = np.zeros(len(self.edges_h) - 1)
        for name, part, colour in parts:
            self.fill(axes, top, top + part, colour, label=name, alpha=0.75)
            top = top + part

    def dress(self, axes: Axes, theme: Colours, title: str, across: str = "Time (h)") -> None:
        """Title, limits, grid and legend of a panel."""
        axes.set(xlim=self._limits_h, facecolor=theme.background)
        axes.set_title(title, fontsize=8.5, loc="left", color=theme.text)
        axes.set_xlabel(across, fontsize=7, color=theme.faint)
        axes.tick_params(colors=theme.faint, labelsize=7, length=2)
        axes.grid(color=theme.faint, alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(theme.faint)
        if axes.get_legend_handles_labels()[0]:
            place: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.02, 0.98), "borderaxespad": 0.1}
            axes.legend(fontsize=6.5, frameon=False, ncols=5, columnspacing=1.0, handlelength=1.2, **place)


def stroke(index: int) -> Any:
    """The line style of one among several; more than there are start again from the first."""
    return STROKES[index % len(STROKES)]


def fit_from_zero(axes: Axes, highest: float, least: float = 1.0) -> None:
    """Limits of the vertical axis from zero to a little above the highest value.

    Args:
        axes: the panel.
        highest: value drawn.
        least: where the axis ends if nothing is above zero, as before the first step.
    """
    axes.set_ylim(0.0, 1.08 * highest if highest > 0.0 else least)


def _closed(values: FloatArray) -> FloatArray:
    """Values of periods, the last one twice, so that it is drawn to its end."""
    return np.append(values, values[-1:])
