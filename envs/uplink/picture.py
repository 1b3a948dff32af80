"""The uplink world as a map: UBSs awake or asleep, UEs, who serves whom, and key numbers beside it.

The same state gives the same image, bit for bit, whatever Matplotlib is set to.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.canvas import SIZE_IN, painted
from voltran.envs.maps import draw_scale_bar, fitting, halo
from voltran.envs.panels import fit_from_zero
from voltran.envs.uplink.scene import LACKING_MBPS, Scene

# Matplotlib is loaded only when something is drawn, so its classes have no names here.
Axes = Any
Figure = Any

# What the map shows around the square, in its sides: its outermost UEs have room, and below it the bar of scale.
LIMITS_ACROSS, LIMITS_UP = (-0.065, 1.065), (-0.09, 1.04)


@dataclass(frozen=True)
class Theme:
    """Colours on one background, told apart by people who see few colours, too."""

    background: str
    text: str
    faint: str
    awake: str
    user: str
    short: str


LIGHT = Theme("#ffffff", "#1f2328", "#8c959f", "#00916a", "#4a58c2", "#d1242f")
DARK = Theme("#0d1117", "#e6edf3", "#7d8590", "#1fbf92", "#7f8cff", "#ff7b72")


def as_image(scene: Scene, *, dark: bool = False) -> NDArray[np.uint8]:
    """The map as an array ``[height, width, 3]`` of fixed size, for light or dark pages.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    theme = DARK if dark else LIGHT

    def paint(figure: Figure) -> None:
        _draw_map(figure.add_axes((0.02, 0.03, 0.547, 0.94)), scene, theme)
        _draw_numbers(figure, scene, theme)
        _draw_history(figure, scene, theme)
        _draw_legend(figure, theme)

    return painted(paint, theme.background, {"text.color": theme.text})


def _draw_map(axes: Axes, scene: Scene, theme: Theme) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    axes.set(xlim=scene.side_m * np.array(LIMITS_ACROSS), ylim=scene.side_m * np.array(LIMITS_UP))
    axes.set_axis_off()
    square = Rectangle((0.0, 0.0), scene.side_m, scene.side_m, facecolor="none", edgecolor=theme.faint, linewidth=0.8)
    axes.add_patch(square)
    ubs, ue = np.nonzero(scene.association)
    offsets_m = scene.offsets_m[ubs, ue]
    # Each link is drawn from both ends, as the square continues at its opposite edges.
    from_ubs = np.stack([scene.ubs_m[ubs], scene.ubs_m[ubs] + offsets_m], axis=1)
    from_ue = np.stack([scene.ue_m[ue], scene.ue_m[ue] - offsets_m], axis=1)
    links = LineCollection([*from_ubs, *from_ue], colors=theme.awake, linewidths=1.0, alpha=0.5, zorder=1)
    axes.add_collection(links)
    links.set_clip_path(square)
    for chosen, face in ((scene.awake, theme.awake), (~scene.awake, theme.background)):
        axes.scatter(*scene.ubs_m[chosen].T, s=95, marker="^", facecolor=face, edgecolor=theme.awake, zorder=3)
    short = scene.shortfall_mbps > LACKING_MBPS
    for chosen, marker, face, edge in (
        (scene.active & ~short, "o", theme.user, theme.user),
        (scene.active & short, "X", theme.short, theme.short),
        (~scene.active, "o", theme.background, theme.faint),
    ):
        axes.scatter(*scene.ue_m[chosen].T, s=42, marker=marker, facecolor=face, edgecolor=edge, zorder=4)
    labels: dict[str, Any] = {"textcoords": "offset points", **halo(theme.background)}
    for number, place in enumerate(scene.ubs_m):
        name: dict[str, Any] = {"fontsize": 5.5, "color": theme.faint, "ha": "center", "va": "top", "zorder": 3.5}
        axes.annotate(f"ubs_{number}", place, xytext=(0, -6), **name, **labels)
    for index in np.flatnonzero(scene.active & (scene.rate_mbps > 0.0)):
        rate = f"{scene.rate_mbps[index]:.0f}"
        axes.annotate(rate, scene.ue_m[index], xytext=(5, 4), fontsize=6.5, color=theme.text, zorder=5, **labels)
    draw_scale_bar(axes, scene.side_m, theme.text)


def _draw_numbers(figure: Figure, scene: Scene, theme: Theme) -> None:
    minutes = round(60.0 * scene.clock_h)
    figure.text(0.61, 0.925, f"{minutes // 60:02d}:{minutes % 60:02d}", fontsize=19, weight="bold", va="center")
    figure.text(0.61, 0.873, color=theme.faint, va="center", **fitting(scene.title, 0.37 * SIZE_IN[0], 8.0))
    if scene.played_by:
        named = fitting(f"played by {scene.played_by}", 0.37 * SIZE_IN[0], 8.0)
        figure.text(0.61, 0.838, va="center", **named)
    lines = (
        ("Energy efficiency", f"{scene.latest('energy_efficiency'):.3f} Mbit/J"),
        ("Power of the network", f"{scene.latest('network_power_w'):.0f} W"),
        ("Rate of all UEs", f"{scene.latest('sum_rate_mbps'):.0f} Mbit/s"),
        ("UBSs awake", f"{int(scene.awake.sum())} of {scene.awake.size}"),
        ("UEs below their minimum rate", f"{int(scene.latest('violations'))} of {int(scene.active.sum())}"),
    )
    for row, (name, value) in enumerate(lines):
        y = 0.785 - 0.043 * row
        figure.text(0.61, y, name, fontsize=9, va="center")
        figure.text(0.98, y, value, fontsize=9, weight="bold", ha="right", va="center")


def _draw_history(figure: Figure, scene: Scene, theme: Theme) -> None:
    """Energy efficiency and UBSs awake since the episode began."""
    for name, title, top, low in (
        ("energy_efficiency", "Energy efficiency (Mbit/J)", None, 0.395),
        ("active_ubs", "UBSs awake", scene.awake.size, 0.185),
    ):
        axes = figure.add_axes((0.645, low, 0.335, 0.12))
        axes.step(scene.past["time_h"], scene.past[name], where="post", color=theme.awake, linewidth=1.3)
        start_h = float(scene.past["time_h"][0]) if len(scene.past["time_h"]) else 0.0
        axes.set(xlim=(start_h, start_h + 24.0), facecolor=theme.background)
        fit_from_zero(axes, float(scene.past[name].max(initial=0.0)) if top is None else top)
        axes.tick_params(colors=theme.faint, labelsize=7, length=2)
        axes.grid(color=theme.faint, alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(theme.faint)
        figure.text(0.61, low + 0.138, title, fontsize=7.5, va="center")
    figure.text(0.98, 0.122, "Time (h)", fontsize=7, color=theme.faint, ha="right", va="center")


def _draw_legend(figure: Figure, theme: Theme) -> None:
    from matplotlib.lines import Line2D

    def mark(label: str, marker: str, face: str, edge: str) -> Line2D:
        style: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": edge, "markersize": 6}
        return Line2D([], [], linestyle="none", marker=marker, label=label, **style)

    marks = [
        mark("UBS awake", "^", theme.awake, theme.awake),
        mark("UBS asleep", "^", theme.background, theme.awake),
        mark("UE and its rate in Mbit/s", "o", theme.user, theme.user),
        mark("UE below its minimum rate", "X", theme.short, theme.short),
        mark("UE silent", "o", theme.background, theme.faint),
    ]
    place: dict[str, Any] = {"loc": "lower left", "fontsize": 7, "frameon": False, "labelspacing": 0.3}
    figure.legend(handles=marks, bbox_to_anchor=(0.595, 0.0), ncols=2, columnspacing=1.0, **place)
