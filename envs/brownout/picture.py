"""The brownout world as an image: the outage's map, and a strip below it with prices, power and stored energy.

The same state gives the same image, bit for bit, whatever Matplotlib is set to.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.picture import DARK, LIGHT, Theme
from voltran.envs.blackout.picture import as_image as outage_image
from voltran.envs.brownout.scene import Scene
from voltran.envs.canvas import SIZE_IN, painted
from voltran.envs.panels import fit_from_zero, stroke

# Matplotlib is loaded only when something is drawn, so its classes have no names here.
Axes = Any
Figure = Any

STRIP_IN = (SIZE_IN[0], 2.0)
# Told apart by people who see few colours, on light and dark ground; more retailers start again from the first.
RETAILER_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a6761d")
BOUGHT, MAIN = "#56b4e9", "#e69f00"


def as_image(scene: Scene, *, dark: bool = False) -> NDArray[np.uint8]:
    """The map and the strip as an array ``[height, width, 3]`` of fixed size, for light or dark pages.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    theme = DARK if dark else LIGHT

    def paint(figure: Figure) -> None:
        prices, power, stored = (_axes(figure, scene, theme, column) for column in range(3))
        _draw_prices(prices, scene, theme)
        _draw_power(power, scene, theme)
        _draw_stored(stored, scene, theme)

    strip = painted(paint, theme.background, {"text.color": theme.text}, STRIP_IN)
    return np.concatenate([outage_image(scene.outage, dark=dark), strip])


def _axes(figure: Figure, scene: Scene, theme: Theme, column: int) -> Axes:
    """Empty axes from the start of the outage to now, in one of three columns."""
    axes = figure.add_axes((0.048 + 0.331 * column, 0.2, 0.272, 0.5))
    last_h = max(scene.outage.constants.scenario.survival.continuity_window_h, scene.outage.time_h)
    axes.set(xlim=(0.0, last_h), facecolor=theme.background)
    axes.tick_params(colors=theme.faint, labelsize=7, length=2)
    axes.grid(color=theme.faint, alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.faint)
    axes.set_xlabel("Time since the outage began (h)", fontsize=7, color=theme.faint, labelpad=1)
    return axes


def _title(axes: Axes, text: str, theme: Theme) -> None:
    """A title, and below it what lines mean, if they are labelled."""
    axes.text(0.0, 1.32, text, transform=axes.transAxes, fontsize=8, weight="bold", va="center")
    if axes.get_legend_handles_labels()[0]:
        style: dict[str, Any] = {"fontsize": 7, "frameon": False, "handlelength": 1.2, "columnspacing": 1.0}
        legend = axes.legend(loc="center left", bbox_to_anchor=(-0.02, 1.14), ncols=5, borderpad=0.0, **style)
        for label in legend.get_texts():
            label.set_color(theme.text)


def _draw_prices(axes: Axes, scene: Scene, theme: Theme) -> None:
    past = scene.outage.past
    for index in range(len(scene.sources)):
        colour = RETAILER_COLOURS[index % len(RETAILER_COLOURS)]
        label = f"{index} {scene.sources[index]}" if index < len(RETAILER_COLOURS) else None
        price = past["price"][:, index]
        drawn: dict[str, Any] = {"color": colour, "linestyle": stroke(index), "linewidth": 1.3, "label": label}
        axes.step(past["time_h"], price, where="post", **drawn)
    fit_from_zero(axes, float(past["price"].max(initial=0.0)))
    _title(axes, "Price (USD/kWh)", theme)


def _draw_power(axes: Axes, scene: Scene, theme: Theme) -> None:
    """What retailers generate, and what sites buy from them and from the main grid."""
    past = scene.outage.past
    time_h, bought, main = past["time_h"], past["bought_kw"], past["main_kw"]
    step: dict[str, Any] = {"step": "post", "linewidth": 0.0}
    axes.fill_between(time_h, 0.0, bought, color=BOUGHT, alpha=0.75, label="bought", **step)
    axes.fill_between(time_h, bought, bought + main, color=MAIN, alpha=0.75, label="main grid", **step)
    available = past["available_kw"].sum(axis=1)
    axes.step(time_h, available, where="post", color=theme.text, linewidth=1.1, label="generation")
    fit_from_zero(axes, float(max(available.max(initial=0.0), (bought + main).max(initial=0.0))))
    _title(axes, "Power (kW)", theme)


def _draw_stored(axes: Axes, scene: Scene, theme: Theme) -> None:
    """Energy in the batteries of all sites, above what must stay in them."""
    past, battery = scene.outage.past, scene.outage.constants.battery
    soc = past.get("soc", scene.outage.soc[None])  # large batches keep no series of each site
    time_h = past["time_h"] if "soc" in past else np.array([scene.outage.time_h])
    stored_kwh = (soc - battery.soc_min).sum(axis=1) * battery.capacity_kwh
    marker = "" if len(time_h) > 1 else "o"
    axes.plot(time_h, stored_kwh, color=theme.text, linewidth=1.3, marker=marker, markersize=3)
    axes.set_ylim(0.0, scene.outage.soc.size * (battery.soc_max - battery.soc_min) * battery.capacity_kwh)
    _title(axes, "Energy in batteries (kWh)", theme)
