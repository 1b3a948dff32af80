"""The sharing world as a map and a course: what batteries hold where, and prices, supply and charge over time.

The same state gives the same image, bit for bit, whatever Matplotlib is set to. Infrastructures have no places; they
are drawn on hexagonal rings in the order of their numbers. Source: [CG], whose Fig. 6 the map follows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.canvas import SIZE_IN, painted
from voltran.envs.maps import fitting, halo
from voltran.envs.panels import DASHED, Hours, fit_from_zero
from voltran.envs.sharing.scene import Scene
from voltran.physics.arrays import FloatArray
from voltran.physics.layout import hexagonal_sites

# Matplotlib is loaded only when something is drawn, so its classes have no names here.
Axes = Any
Figure = Any

FULL_RADIUS = 0.46  # of a full battery, in distances between neighbours
MOST_NAMED = 61  # infrastructures that are numbered
MAP_SIZE_IN = (3.2, 3.4)
CLOSE: dict[str, Any] = {"columnspacing": 0.9, "handlelength": 1.2, "handletextpad": 0.4}


@dataclass(frozen=True)
class Theme:
    """Colours on one background, told apart by people who see few colours, too."""

    background: str
    text: str
    faint: str
    stored: str
    needed: str
    grid: str
    direct: str
    short: str


LIGHT = Theme("#ffffff", "#1f2328", "#8c959f", "#00916a", "#d1242f", "#4a58c2", "#e69f00", "#d1242f")
DARK = Theme("#0d1117", "#e6edf3", "#7d8590", "#1fbf92", "#ff7b72", "#7f8cff", "#e69f00", "#ff7b72")


def as_image(scene: Scene, *, dark: bool = False) -> NDArray[np.uint8]:
    """Map and course as an array ``[height, width, 3]`` of fixed size, for light or dark pages.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    theme = DARK if dark else LIGHT

    def paint(figure: Figure) -> None:
        _write_numbers(figure, scene, theme)
        _draw_map(figure.add_axes((0.03, 0.07, 0.45, 0.75)), scene, theme)
        start_h = scene.constants.scenario.weather.start_hour
        length_h = scene.constants.decisions * scene.constants.period_h
        hours = Hours(scene.past["time_h"], scene.time_h, start_h, length_h)
        titles = ("Price (EUR/kWh)", "Supply (kW)", "State of charge (%)")
        panels = (_draw_price, _draw_supply, _draw_batteries)
        for row, (title, panel) in enumerate(zip(titles, panels, strict=True)):
            axes = figure.add_axes((0.56, 0.655 - 0.275 * row, 0.41, 0.165))
            panel(axes, scene, theme, hours)
            hours.dress(axes, theme, title)

    return painted(paint, theme.background, {"text.color": theme.text})


def map_image(scene: Scene, *, dark: bool = False) -> NDArray[np.uint8]:
    """The map alone, as a frame of an animation, ``[height, width, 3]`` of fixed size.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    theme = DARK if dark else LIGHT

    def paint(figure: Figure) -> None:
        figure.text(0.05, 0.94, scene.clock, fontsize=13, weight="bold", va="center")
        price = float(scene.latest("price_eur_per_kwh"))
        figure.text(0.95, 0.94, f"{price:.2f} EUR/kWh", fontsize=9, color=theme.faint, va="center", ha="right")
        _draw_map(figure.add_axes((0.02, 0.08, 0.96, 0.82)), scene, theme)

    return painted(paint, theme.background, {"text.color": theme.text}, MAP_SIZE_IN)


def places(count: int) -> FloatArray:
    """Places ``[count, 2]`` on hexagonal rings, neighbours at a distance of 1."""
    rings = 0
    while 1 + 3 * rings * (rings + 1) < count:
        rings += 1
    return hexagonal_sites(1 + 3 * rings * (rings + 1), 1.0)[:count]


def _write_numbers(figure: Figure, scene: Scene, theme: Theme) -> None:
    figure.text(0.04, 0.945, scene.clock, fontsize=19, weight="bold", va="center")
    width_in = 0.735 * SIZE_IN[0]
    about = "Areas are energies of the infrastructures' batteries, by number; places mean nothing."
    figure.text(0.04, 0.832, about, fontsize=6.5, color=theme.faint, va="center")
    figure.text(0.235, 0.955, color=theme.faint, va="center", **fitting(scene.title, width_in, 8.0))
    if scene.played_by:
        figure.text(0.235, 0.925, va="center", **fitting(f"played by {scene.played_by}", width_in, 8.0))
    numbers = (
        ("cost", f"{scene.cost_eur:.2f} EUR"),
        ("grid alone", f"{scene.grid_only_eur:.2f} EUR"),
        ("batteries", f"{scene.total_kwh('battery_kw'):.1f} kWh"),
        ("unserved", f"{scene.total_kwh('unserved_kw'):.1f} kWh"),
    )
    for column, (name, value) in enumerate(numbers):
        left = 0.04 + 0.24 * column
        figure.text(left, 0.88, name, fontsize=8, color=theme.faint, va="center")
        figure.text(left + 0.095, 0.88, value, fontsize=9, weight="bold", va="center")


def _draw_map(axes: Axes, scene: Scene, theme: Theme) -> None:
    """Discs whose areas are energies: stored now, stored a slot ago, and needed in the coming slot."""
    from matplotlib.patches import Circle

    constants = scene.constants
    place, capacity_kwh = places(constants.n_infrastructures), constants.scenario.battery.capacity_kwh
    needed_kwh = constants.by_infrastructure(scene.expected_kw) * constants.period_h
    for index, centre in enumerate(place):
        radii = FULL_RADIUS * np.sqrt(
            [1.0, scene.soc[index], scene.soc_before[index], needed_kwh[index] / capacity_kwh]
        )
        axes.add_patch(Circle(centre, radii[0], facecolor="none", edgecolor=theme.faint, linewidth=0.6, linestyle=":"))
        axes.add_patch(Circle(centre, radii[1], facecolor=theme.stored, edgecolor="none", alpha=0.55))
        axes.add_patch(Circle(centre, radii[2], facecolor="none", edgecolor=theme.text, linewidth=0.8))
        axes.add_patch(Circle(centre, radii[3], facecolor=theme.needed, edgecolor="none", alpha=0.9))
        if len(place) <= MOST_NAMED:
            words: dict[str, Any] = {"fontsize": 6, "color": theme.text, "ha": "center", "va": "center"}
            axes.text(*(centre - (0.0, 0.74 * FULL_RADIUS)), str(index), **words, **halo(theme.background))
    middle = (place.min(axis=0) + place.max(axis=0)) / 2.0
    reach = np.abs(place - middle).max() + 0.6
    axes.set(xlim=middle[0] + np.array([-reach, reach]), ylim=middle[1] + np.array([-reach, reach]), aspect="equal")
    axes.axis("off")
    legend: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("stored", theme.stored, {"alpha": 0.55}),
        ("needed next", theme.needed, {"alpha": 0.9}),
        ("stored before", theme.text, {"mfc": "none"}),
    )
    for name, colour, style in legend:
        axes.plot([], [], "o", color=colour, markersize=6, label=name, **style)
    axes.plot([], [], ":", color=theme.faint, linewidth=0.8, label="full battery")
    axes.legend(fontsize=6, frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.5, -0.07), **CLOSE)


def _draw_price(axes: Axes, scene: Scene, theme: Theme, hours: Hours) -> None:
    prices = scene.past["price_eur_per_kwh"]
    hours.step(axes, prices, color=theme.grid)
    fit_from_zero(axes, float(prices.max(initial=0.0)), 0.1)
    axes.set_ylim(bottom=min(0.0, 1.1 * float(prices.min(initial=0.0))))


def _draw_supply(axes: Axes, scene: Scene, theme: Theme, hours: Hours) -> None:
    past = scene.past
    named = (
        ("grid", "grid_kw", theme.grid),
        ("battery", "battery_kw", theme.stored),
        ("sun", "direct_kw", theme.direct),
        ("unserved", "unserved_kw", theme.short),
    )
    hours.stack(axes, [(name, past[key].sum(axis=1), colour) for name, key, colour in named])
    fit_from_zero(axes, float(past["demand_kw"].sum(axis=1).max(initial=0.0)))


def _draw_batteries(axes: Axes, scene: Scene, theme: Theme, hours: Hours) -> None:
    soc = 100.0 * scene.past["soc"]
    low, high = (soc.min(axis=1), soc.max(axis=1)) if len(soc) else (np.zeros(0), np.zeros(0))
    hours.fill(axes, low, high, theme.stored, label="range")
    hours.step(axes, soc.mean(axis=1), color=theme.stored, linewidth=1.8, label="mean")
    least = 100.0 * scene.constants.scenario.battery.soc_min
    axes.axhline(least, color=theme.faint, linewidth=0.9, linestyle=DASHED, label="lowest allowed")
    axes.set_ylim(0.0, 105.0)
