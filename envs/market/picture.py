"""The market world as a day: prices, generation against sales, what served the loads, and batteries.

The same state gives the same image, bit for bit, whatever Matplotlib is set to.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.canvas import SIZE_IN, painted
from voltran.envs.maps import fitting
from voltran.envs.market.scene import Scene
from voltran.envs.panels import Hours, fit_from_zero, stroke

# Matplotlib is loaded only when something is drawn, so its classes have no names here.
Axes = Any
Figure = Any


@dataclass(frozen=True)
class Theme:
    """Colours on one background, told apart by people who see few colours, too."""

    background: str
    text: str
    faint: str
    bought: str
    battery: str
    short: str
    retailers: tuple[str, ...]


LIGHT = Theme(
    "#ffffff", "#1f2328", "#8c959f", "#00916a", "#4a58c2", "#d1242f",
    ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00"),
)  # fmt: skip
DARK = Theme(
    "#0d1117", "#e6edf3", "#7d8590", "#1fbf92", "#7f8cff", "#ff7b72",
    ("#56b4e9", "#e69f00", "#1fbf92", "#e0a0c8", "#ff8f52"),
)  # fmt: skip
MOST_NAMED = 5  # retailers in the legend


def as_image(scene: Scene, *, dark: bool = False) -> NDArray[np.uint8]:
    """The day as an array ``[height, width, 3]`` of fixed size, for light or dark pages.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    theme = DARK if dark else LIGHT

    def paint(figure: Figure) -> None:
        _write_numbers(figure, scene, theme)
        places = [(left, bottom, 0.4, 0.26) for bottom in (0.5, 0.115) for left in (0.07, 0.57)]
        titles = ("Price (USD/kWh)", "Generation and sales (kW)", "Loads by source (kW)", "State of charge (%)")
        panels = (_draw_prices, _draw_generation, _draw_loads, _draw_batteries)
        for place, title, panel in zip(places, titles, panels, strict=True):
            axes = figure.add_axes(place)
            panel(axes, scene, theme)
            _hours(scene).dress(axes, theme, title)

    return painted(paint, theme.background, {"text.color": theme.text})


def _write_numbers(figure: Figure, scene: Scene, theme: Theme) -> None:
    figure.text(0.07, 0.945, scene.clock, fontsize=19, weight="bold", va="center")
    figure.text(0.18, 0.955, color=theme.faint, va="center", **fitting(scene.title, 0.79 * SIZE_IN[0], 8.0))
    if scene.played_by:
        figure.text(0.18, 0.925, va="center", **fitting(f"played by {scene.played_by}", 0.79 * SIZE_IN[0], 8.0))
    period_h = scene.constants.period_h
    numbers = (
        ("welfare", f"{scene.welfare_usd:.2f} USD"),
        ("paid", f"{scene.total('paid_usd'):.2f} USD"),
        ("bought", f"{scene.total('bought_kw') * period_h:.1f} kWh"),
        ("unserved", f"{scene.total('unserved_kw') * period_h:.1f} kWh"),
    )
    for column, (name, value) in enumerate(numbers):
        left = 0.07 + 0.23 * column
        figure.text(left, 0.875, name, fontsize=8, color=theme.faint, va="center")
        figure.text(left + 0.07, 0.875, value, fontsize=9, weight="bold", va="center")


def _draw_prices(axes: Axes, scene: Scene, theme: Theme) -> None:
    for index, retailer in enumerate(scene.constants.scenario.retail.retailers):
        label = f"{index} {retailer.source}" if index < MOST_NAMED else None
        _hours(scene).step(axes, scene.past["price"][:, index], label=label, **_line(theme, index))
    fit_from_zero(
        axes, float(scene.past["price"].max(initial=0.0)), scene.constants.scenario.retail.price_cap_usd_per_kwh
    )


def _draw_generation(axes: Axes, scene: Scene, theme: Theme) -> None:
    hours, nothing = _hours(scene), np.zeros_like(scene.past["time_h"])
    for index in range(scene.constants.n_retailers):
        hours.step(axes, scene.past["available_kw"][:, index], **_line(theme, index))
        hours.fill(axes, nothing, scene.past["sold_kw"][:, index], _colour(theme, index))
    axes.plot([], [], color=theme.faint, linewidth=1.3, label="generated")
    axes.fill_between([], [], color=theme.faint, alpha=0.35, linewidth=0.0, label="sold")
    fit_from_zero(axes, float(scene.past["available_kw"].max(initial=0.0)), 0.1)


def _draw_loads(axes: Axes, scene: Scene, theme: Theme) -> None:
    """Loads of all sites, by what serves them; purchases for batteries are not among it."""
    past = scene.past
    discharged = np.maximum(past["battery_kw"], 0.0).sum(axis=1)
    load, unserved = past["load_kw"].sum(axis=1), past["unserved_kw"].sum(axis=1)
    parts = [
        ("bought", load - unserved - discharged, theme.bought),
        ("batteries", discharged, theme.battery),
        ("unserved", unserved, theme.short),
    ]
    _hours(scene).stack(axes, parts)
    fit_from_zero(axes, float(load.max(initial=0.0)))


def _draw_batteries(axes: Axes, scene: Scene, theme: Theme) -> None:
    soc, hours = 100.0 * scene.past["soc"][:, scene.constants.has_battery], _hours(scene)
    for site in range(soc.shape[1]):
        label = "a site" if site == 0 else None
        hours.step(axes, soc[:, site], color=theme.battery, alpha=0.45, label=label)
    if soc.shape[1]:
        hours.step(axes, soc.mean(axis=1), color=theme.battery, linewidth=2.2, label="mean")
    axes.set_ylim(0.0, 105.0)


def _hours(scene: Scene) -> Hours:
    constants = scene.constants
    start_h = constants.scenario.retail.weather.start_hour
    return Hours(scene.past["time_h"], scene.time_h, start_h, constants.decisions * constants.period_h)


def _line(theme: Theme, index: int) -> dict[str, Any]:
    """How a retailer's line is drawn."""
    return {"color": _colour(theme, index), "linestyle": stroke(index)}


def _colour(theme: Theme, index: int) -> str:
    return theme.retailers[index % len(theme.retailers)]
