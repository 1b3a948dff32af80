"""Figures as they are painted, so that tests can look at what is on them."""

import importlib
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from voltran.envs.canvas import DPI, SIZE_IN
from voltran.envs.world import World


def painted_figures(world: World, monkeypatch: pytest.MonkeyPatch, modules: tuple[str, ...]) -> list[Figure]:
    """The figures of a world's picture, in the order in which they are painted.

    Args:
        world: after a reset; its first world is drawn.
        modules: those that paint.
    """
    figures: list[Figure] = []

    def keep(paint: Any, background: str, settings: Any, size_in: tuple[float, float] = SIZE_IN) -> Any:
        figure = Figure(figsize=size_in, dpi=DPI)
        paint(figure)
        figures.append(figure)
        return np.zeros((1, 1, 3), np.uint8)

    for module in modules:
        monkeypatch.setattr(importlib.import_module(module), "painted", keep)
    world.render("rgb_array")
    return figures


def texts(figure: Figure) -> list[str]:
    """Everything that is written on a figure."""
    from matplotlib.text import Text

    found = [text.get_text() for text in figure.findobj(Text)]
    return [text for text in found if text.strip()]
