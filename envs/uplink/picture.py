"""The uplink world as a map: UBSs awake or asleep, UEs, who serves whom, and key numbers beside it.

The same state gives the same image, bit for bit, whatever Matplotlib is set to.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.canvas import painted
from voltran.envs.uplink.scene import LACKING_MBPS, Scene

# Matplotlib is loaded only when something is drawn, so its classes have no names here.
Axes = Any
Figure = Any


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

    axes.set(xlim=(0.0, scene.side_m), ylim=(0.0, scene.side_m), xticks=(), yticks=(), facecolor=theme.background)
    for spine in axes.spines.values():
        spine.set_color(theme.faint)
    ubs, ue = np.nonzero(scene.association)
    offsets_m = scene.offsets_m[ubs, ue]
    # Each link is drawn from both ends, as the square continues at its opposite edges.
    from_ubs = np.stack([scene.ubs_m[ubs], scene.ubs_m[ubs] + offsets_m], axis=1)
    from_ue = np.stack([scene.ue_m[ue], scene.ue_m[ue] - offsets_m], axis=1)
    axes.add_collection(LineCollection([*from_ubs, *from_ue], colors=theme.awake, linewidths=1.0, alpha=0.5, zorder=1))
    for chosen, face in ((scene.awake, theme.awake), (~scene.awake, theme.background)):
        axes.scatter(*scene.ubs_m[chosen].T, s=95, marker="^", facecolor=face, edgecolor=theme.awake, zorder=3)
    short = scene.shortfall_mbps > LACKING_MBPS
    for chosen, face, edge in (
        (scene.active & ~short, theme.user, theme.user),
        (scene.active & short, theme.short, theme.short),
        (~scene.active, theme.background, theme.faint),
    ):
        axes.scatter(*scene.ue_m[chosen].T, s=42, marker="o", facecolor=face, edgecolor=edge, zorder=4)
    labels: dict[str, Any] = {"fontsize": 6.5, "textcoords": "offset points", "zorder": 5, "color": theme.text}
    for index in np.flatnonzero(scene.active & (scene.rate_mbps > 0.0)):
        axes.annotate(f"{scene.rate_mbps[index]:.0f}", scene.ue_m[index], xytext=(5, 4), **labels)


def _draw_numbers(figure: Figure, scene: Scene, theme: Theme) -> None:
    minutes = round(60.0 * scene.clock_h)
    figure.text(0.61, 0.925, f"{minutes // 60:02d}:{minutes % 60:02d}", fontsize=19, weight="bold", va="center")
    figure.text(0.61, 0.868, scene.title, fontsize=8, color=theme.faint, va="center")
    lines = (
        ("Energy efficiency", f"{scene.latest('energy_efficiency'):.3f} Mbit/J"),
        ("Power of the network", f"{scene.latest('network_power_w'):.0f} W"),
        ("Rate of all UEs", f"{scene.latest('sum_rate_mbps'):.0f} Mbit/s"),
        ("UBSs awake", f"{int(scene.awake.sum())} of {scene.awake.size}"),
        ("UEs below their minimum rate", f"{int(scene.latest('violations'))} of {int(scene.active.sum())}"),
    )
    for row, (name, value) in enumerate(lines):
        y = 0.80 - 0.045 * row
        figure.text(0.61, y, name, fontsize=9, va="center")
        figure.text(0.98, y, value, fontsize=9, weight="bold", ha="right", va="center")


def _draw_history(figure: Figure, scene: Scene, theme: Theme) -> None:
    """Energy efficiency and UBSs awake since the episode began."""
    for name, title, top, low in (
        ("energy_efficiency", "Energy efficiency, Mbit/J", None, 0.395),
        ("active_ubs", "UBSs awake", scene.awake.size, 0.185),
    ):
        axes = figure.add_axes((0.645, low, 0.335, 0.12))
        axes.step(scene.past["time_h"], scene.past[name], where="post", color=theme.awake, linewidth=1.3)
        start_h = float(scene.past["time_h"][0]) if len(scene.past["time_h"]) else 0.0
        axes.set(xlim=(start_h, start_h + 24.0), facecolor=theme.background)
        axes.set_ylim(0.0, top)
        axes.tick_params(colors=theme.faint, labelsize=7, length=2)
        axes.grid(color=theme.faint, alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(theme.faint)
        figure.text(0.61, low + 0.138, title, fontsize=7.5, va="center")
    figure.text(0.98, 0.125, "hours", fontsize=7, color=theme.faint, ha="right", va="center")


def _draw_legend(figure: Figure, theme: Theme) -> None:
    from matplotlib.lines import Line2D

    def mark(label: str, marker: str, face: str, edge: str) -> Line2D:
        style: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": edge, "markersize": 6}
        return Line2D([], [], linestyle="none", marker=marker, label=label, **style)

    marks = [
        mark("UBS awake", "^", theme.awake, theme.awake),
        mark("UBS asleep", "^", theme.background, theme.awake),
        mark("UE and its rate in Mbit/s", "o", theme.user, theme.user),
        mark("UE below its minimum rate", "o", theme.short, theme.short),
        mark("UE silent", "o", theme.background, theme.faint),
    ]
    place: dict[str, Any] = {"loc": "lower left", "fontsize": 7, "frameon": False, "labelspacing": 0.3}
    figure.legend(handles=marks, bbox_to_anchor=(0.595, 0.0), ncols=2, columnspacing=1.0, **place)
