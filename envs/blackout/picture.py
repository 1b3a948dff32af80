"""The outage world as a map: cells coloured by mode, batteries as rings, users as dots, key numbers beside them.

The same state gives the same image, bit for bit, whatever Matplotlib is set to.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.scene import DOWN, STATUS_NAMES, Scene
from voltran.envs.canvas import SIZE_IN, painted, png_of
from voltran.envs.maps import draw_scale_bar, fitting, halo
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

# Matplotlib is loaded only when something is drawn, so its classes have no names here.
Axes = Any
Figure = Any

# A user whose demand is short by less than this is drawn as fully served.
SERVED = 0.99
USER_M, USER_PT = 9.0, 2.6  # radius of a user's dot; no larger, on small maps
WORDS_PT = 13.0  # nor are words
CLOSE = {"columnspacing": 0.7, "handlelength": 1.2, "handletextpad": 0.4, "borderpad": 0.0}  # of a legend in one row
LEFT, RIGHT = 0.64, 0.98  # of what stands beside the map, as shares of the figure's width


@dataclass(frozen=True)
class Theme:
    """Colours on one background; modes are told apart by people who see few colours, too."""

    background: str
    text: str
    faint: str
    user: str
    critical: str
    short: str
    unserved: str
    status: dict[int, str]


LIGHT = Theme(
    background="#ffffff",
    text="#1f2328",
    faint="#8c959f",
    user="#7d8896",
    critical="#10151b",
    short="#c98a00",
    unserved="#d1242f",
    status={NORMAL: "#8193a8", HELPING: "#00916a", ASSISTED: "#e0a11b", SLEEP: "#4a58c2", DOWN: "#c3343b"},
)
DARK = Theme(
    background="#0d1117",
    text="#e6edf3",
    faint="#7d8590",
    user="#8792a0",
    critical="#f6f8fa",
    short="#e8b33a",
    unserved="#ff7b72",
    status={NORMAL: "#8ea3bb", HELPING: "#1fbf92", ASSISTED: "#f0b429", SLEEP: "#7f8cff", DOWN: "#e5534b"},
)


def as_image(scene: Scene, *, dark: bool = False) -> NDArray[np.uint8]:
    """The map as an array ``[height, width, 3]`` of fixed size, for light or dark pages.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    theme = DARK if dark else LIGHT

    def paint(figure: Figure) -> None:
        _Map(figure.add_axes((0.005, 0.01, 0.61, 0.98)), scene, theme).draw()
        _numbers(figure, scene, theme)
        _history(figure, scene, theme)
        _legend(figure, theme)

    return painted(paint, theme.background, {"text.color": theme.text, "hatch.linewidth": 0.6})


def as_png(scene: Scene, *, dark: bool = False) -> bytes:
    """The map as a PNG file; see :func:`as_image`."""
    return png_of(as_image(scene, dark=dark))


class _Map:
    """Draws the cells, their users and who serves them."""

    def __init__(self, axes: Axes, scene: Scene, theme: Theme) -> None:
        self.axes, self.scene, self.theme = axes, scene, theme
        self.sites_m = scene.constants.sites_m
        apart_m = np.where(scene.constants.distance_m > 0.0, scene.constants.distance_m, np.inf).min()
        self.cell_m = min(scene.constants.inter_site_distance_m, float(apart_m))
        self.colours = [theme.status[int(status)] for status in scene.status]

    def draw(self) -> None:
        """All layers, from the ground up."""
        points_per_m = self._frame()
        self._cells()
        self._links()
        self._users(points_per_m)
        self._batteries()
        self._labels(points_per_m)
        draw_scale_bar(self.axes, float(np.ptp(self.axes.get_xlim())), self.theme.text)

    def _frame(self) -> float:
        """Fit all cells and users into the axes; returns points per metre."""
        edge_m, users_m = 0.62 * self.cell_m, self.scene.positions_m
        corners_m = np.concatenate([self.sites_m - edge_m, self.sites_m + edge_m, users_m - USER_M, users_m + USER_M])
        low, high = corners_m.min(axis=0), corners_m.max(axis=0)
        box = self.axes.get_position()
        inches = np.array([box.width * SIZE_IN[0], box.height * SIZE_IN[1]])
        points_per_m = float((72.0 * inches / (high - low)).min())
        half = 36.0 * inches / points_per_m
        centre = (low + high) / 2.0
        self.axes.set(xlim=(centre[0] - half[0], centre[0] + half[0]), ylim=(centre[1] - half[1], centre[1] + half[1]))
        self.axes.set_axis_off()
        return points_per_m

    def _cells(self) -> None:
        """Hexagons in the colour of the mode, and over them the radius within which a site serves."""
        from matplotlib.patches import Circle, RegularPolygon
        from matplotlib.path import Path

        cells, reaches = [], []
        for (x, y), colour, status, radius in zip(
            self.sites_m, self.colours, self.scene.status, self.scene.radius_m, strict=True
        ):
            cell = RegularPolygon((x, y), 6, radius=self.cell_m / np.sqrt(3.0), linewidth=1.1, zorder=1)
            cell.set_facecolor((*_rgb(colour), 0.17))
            cell.set_edgecolor(self.theme.background)
            cell.set_hatch("////" if status == DOWN else "")
            self.axes.add_patch(cell)
            cells.append(cell.get_patch_transform().transform_path(cell.get_path()))
            if radius > 0.0:
                reaches.append(Circle((x, y), radius, fill=False, edgecolor=colour, linewidth=0.8, alpha=0.4, zorder=2))
        ground = Path.make_compound_path(*cells)
        for reach in reaches:
            self.axes.add_patch(reach)
            reach.set_clip_path(ground, self.axes.transData)

    def _links(self) -> None:
        """A very faint line from every user to its server."""
        from matplotlib.collections import LineCollection

        scene = self.scene
        served = np.flatnonzero(scene.server >= 0)
        served = served[scene.is_up[scene.server[served]]]
        ends = np.stack([scene.positions_m[served], self.sites_m[scene.server[served]]], axis=1)
        colours = [self.colours[site] for site in scene.server[served]]
        self.axes.add_collection(LineCollection(list(ends), colors=colours, linewidths=0.45, alpha=0.22, zorder=3))

    def _users(self, points_per_m: float) -> None:
        """Dots: critical users darker and larger, users without service in red and on top of all but words."""
        scene, theme = self.scene, self.theme
        size = min(USER_M * points_per_m, USER_PT) ** 2 * 4.0
        full, unserved = scene.satisfied >= SERVED, scene.satisfied <= 0.0
        layers = (
            (full & ~scene.is_critical, theme.user, 1.0, "o"),
            (full & scene.is_critical, theme.critical, 1.9, "o"),
            (~full & ~unserved, theme.short, 1.5, "o"),
            (unserved & ~scene.is_critical, theme.unserved, 2.6, "x"),
            (unserved & scene.is_critical, theme.unserved, 6.0, "X"),
        )
        for chosen, colour, factor, marker in layers:
            x, y = scene.positions_m[chosen].T
            width = 0.7 if marker == "x" else 0.0
            self.axes.scatter(x, y, s=size * factor, c=colour, marker=marker, linewidths=width, zorder=8.5)

    def _batteries(self) -> None:
        """A ring per site, filled clockwise to the state of charge; parked vehicles as squares below it."""
        from matplotlib.patches import Circle, Rectangle, Wedge

        scene, theme = self.scene, self.theme
        outer, width, square = 0.215 * self.cell_m, 0.055 * self.cell_m, 0.05 * self.cell_m
        for site, (x, y) in enumerate(self.sites_m):
            self.axes.add_patch(Circle((x, y), outer, facecolor=theme.background, edgecolor="none", zorder=5))
            rest = Wedge((x, y), outer, 0.0, 360.0, width=width, facecolor=theme.faint, alpha=0.3, zorder=6)
            full = Wedge((x, y), outer, 90.0 - 360.0 * scene.soc[site], 90.0, width=width, zorder=7)
            full.set_facecolor(self.colours[site])
            self.axes.add_patch(rest)
            self.axes.add_patch(full)
            for slot in range(int(scene.parked[site])):
                left = x + (slot - scene.parked[site] / 2.0) * 1.45 * square + 0.2 * square
                spot = Rectangle((left, y - outer - 1.6 * square), square, square, linewidth=0.8, zorder=8)
                spot.set_edgecolor(theme.text)
                spot.set_facecolor(theme.text if slot < scene.accepting[site] else theme.background)
                self.axes.add_patch(spot)

    def _labels(self, points_per_m: float) -> None:
        """The site's name above its ring; in it the state of charge, and the power below."""
        size = min(0.105 * self.cell_m * points_per_m, WORDS_PT)
        outline = halo(self.theme.background, 1.0)  # thin, so that users shine through
        for site, (x, y) in enumerate(self.sites_m):
            words: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 9, "color": self.theme.text, **outline}
            self.axes.text(x, y + 0.275 * self.cell_m, f"bs_{site}", fontsize=0.8 * size, weight="bold", **words)
            self.axes.text(x, y + 0.045 * self.cell_m, f"{100 * self.scene.soc[site]:.0f} %", fontsize=size, **words)
            power = f"{self.scene.power_kw[site]:.1f} kW" if self.scene.is_up[site] else "down"
            self.axes.text(x, y - 0.065 * self.cell_m, power, fontsize=0.72 * size, **words)


def _numbers(figure: Figure, scene: Scene, theme: Theme) -> None:
    """Time, who plays, and what the network does for its users."""
    width_in = (RIGHT - LEFT) * SIZE_IN[0]
    hours, minutes = divmod(round(60.0 * scene.time_h), 60)
    figure.text(LEFT, 0.93, f"{hours} h {minutes:02d} min", fontsize=19, weight="bold", va="center")
    where = fitting(f"into the outage  ·  {scene.title}", width_in, 8.0)
    figure.text(LEFT, 0.873, color=theme.faint, va="center", **where)
    if scene.played_by:
        figure.text(LEFT, 0.838, va="center", **fitting(f"played by {scene.played_by}", width_in, 8.0))
    survival = "not lost" if scene.lost_h is None else f"lost at {scene.lost_h:.2f} h"
    lines = (
        ("Survival", survival),
        ("Critical users served", f"{100 * scene.critical:.1f} %"),
        ("Mean satisfaction", f"{100 * scene.satisfaction:.1f} %"),
        ("Mean power of a site", f"{scene.power_kw.mean():.2f} kW"),
        ("Vehicles that accepted a price", f"{scene.accepting.sum()} of {scene.parked.sum()}"),
    )
    for row, (name, value) in enumerate(lines):
        y = 0.792 - 0.039 * row
        figure.text(LEFT, y, name, fontsize=9, va="center")
        is_bad = name == "Survival" and scene.lost_h is not None
        colour = theme.unserved if is_bad else theme.text
        figure.text(RIGHT, y, value, fontsize=9, weight="bold", ha="right", va="center", color=colour)


def _history(figure: Figure, scene: Scene, theme: Theme) -> None:
    """Critical service and batteries since the outage began."""
    axes = figure.add_axes((0.675, 0.405, 0.305, 0.135))
    past, constants = scene.past, scene.constants
    time_h = past["time_h"]
    axes.plot(time_h, 100 * past["critical"], color=theme.text, linewidth=1.2, label="critical users served", zorder=3)
    if "soc" in past:  # large batches keep no series of each site
        soc, grey = 100 * past["soc"], theme.faint
        axes.plot(time_h, soc.mean(axis=1), color=grey, linewidth=1.4, label="state of charge")
        band: dict[str, Any] = {"color": grey, "alpha": 0.3, "linewidth": 0, "label": "lowest to highest"}
        axes.fill_between(time_h, soc.min(axis=1), soc.max(axis=1), **band)
    last_h = max(constants.scenario.survival.continuity_window_h, scene.time_h)
    axes.set(xlim=(0.0, last_h), ylim=(0.0, 104.0), yticks=(0, 50, 100), facecolor=theme.background)
    axes.tick_params(colors=theme.faint, labelsize=7, length=2)
    axes.grid(color=theme.faint, alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.faint)
    axes.set_xlabel("Time since the outage began (h)", fontsize=7, color=theme.faint, labelpad=1)
    figure.text(LEFT, 0.592, "Share of users, and of batteries' capacity (%)", fontsize=7.5, va="center")
    place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (LEFT - 0.008, 0.563), "ncols": 3}
    figure.legend(*axes.get_legend_handles_labels(), fontsize=6.5, frameon=False, **place, **CLOSE)


def _legend(figure: Figure, theme: Theme) -> None:
    """What the colours and marks mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def mark(label: str, marker: str, colour: str, size: float, **options: Any) -> Line2D:
        return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=size, label=label, **options)

    hollow: dict[str, Any] = {"markerfacecolor": theme.background, "markeredgecolor": theme.text}
    normal, down = theme.status[NORMAL], theme.status[DOWN]
    sites: list[Any] = [
        mark(STATUS_NAMES[status], "h", colour, 8) for status, colour in theme.status.items() if status != DOWN
    ]
    sites += [
        Patch(facecolor=down, edgecolor=theme.background, hatch="////", label=STATUS_NAMES[DOWN]),
        mark("ring: state of charge", "o", normal, 6.5, markerfacecolor="none", markeredgewidth=2.2),
        Line2D([], [], color=normal, linewidth=0.8, alpha=0.7, label="arc: how far a site reaches"),
        Line2D([], [], color=normal, linewidth=0.45, alpha=0.6, label="user to its site"),
    ]
    others = [
        mark("user", "o", theme.user, 3),
        mark("critical user", "o", theme.critical, 4),
        mark("served in part", "o", theme.short, 4),
        mark("not served", "x", theme.unserved, 4),
        mark("critical, not served", "X", theme.unserved, 6),
        mark("vehicle parked", "s", theme.text, 4, **hollow),
        mark("vehicle accepting", "s", theme.text, 4),
    ]
    place: dict[str, Any] = {"loc": "upper left", "fontsize": 7.5, "frameon": False, "labelspacing": 0.42}
    figure.legend(handles=sites, bbox_to_anchor=(LEFT - 0.015, 0.33), handlelength=1.6, **place)
    figure.legend(handles=others, bbox_to_anchor=(0.83, 0.33), handlelength=1.2, **place)


def _rgb(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255.0, int(colour[3:5], 16) / 255.0, int(colour[5:7], 16) / 255.0
