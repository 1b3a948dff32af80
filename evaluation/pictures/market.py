"""Pictures of worlds with retailers: a day of prices, generation, purchases and batteries; and efficiency."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from voltran.envs.panels import stroke
from voltran.evaluation.episodes import Trace
from voltran.evaluation.figure_files import Families, Picture, chosen_traces, heading, shown
from voltran.evaluation.palette import looks
from voltran.evaluation.pictures.charge import charge_band
from voltran.evaluation.pictures.points import metric_points
from voltran.evaluation.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRADE_KEYS = {"time_h", "price", "available_kw", "sold_kw", "soc"}
MOST_COLUMNS = 4
EFFICIENCY = "efficiency"
RETAILERS = ("#1668c7", "#b98400", "#00805c", "#c4500c", "#8d52b5")


def pictures(results: Results, traces: Mapping[str, Trace], families: Families) -> list[Picture]:
    """The pictures that there are data for.

    Args:
        results: what was evaluated.
        traces: time series by controller.
        families: title to controllers of whom the trading day shows; empty for the first.
    """
    drawn: list[Picture] = []
    if days := traded(traces, families):
        drawn.append(Picture("trading", 6.6, partial(_trading_day, results=results, traces=days)))
    if EFFICIENCY in results.metric_keys():
        height_in = 1.2 + 0.3 * len(results.controllers)
        words = "Efficiency (%): 0 without any trade, 100 the social optimum"
        paint = partial(metric_points, results=results, key=EFFICIENCY, words=words, best=100.0)
        drawn.append(Picture("efficiency", height_in, paint))
    return drawn


def traded(traces: Mapping[str, Trace], families: Families) -> dict[str, Trace]:
    """Time series with retailers in them: those of the families' controllers, or else the first; at most four."""
    chosen = chosen_traces(traces, families, TRADE_KEYS, MOST_COLUMNS)
    return {label: trace for label, trace in chosen.items() if trace["price"].shape[1] > 0}


def _trading_day(figure: "Figure", results: Results, traces: Mapping[str, Trace]) -> None:
    """A column per controller: prices, what retailers had and sold, and what batteries held."""
    look = looks(list(results.controllers))
    rows = figure.subplots(3, len(traces), sharex=True, sharey="row", squeeze=False, height_ratios=(1, 1.3, 1))
    for column, (label, trace) in zip(rows.T, traces.items(), strict=True):
        _prices(column[0], trace)
        _power(column[1], trace)
        with_battery = trace["soc"].max(axis=0) > 0.0  # sites without one have no charge
        charge_band(column[2], trace["time_h"], trace["soc"][:, with_battery], look[label].colour)
        column[0].set_title(shown(label), fontsize=9)
        column[2].set_xlabel("Time (h)")
    for panel, words in zip(
        rows[:, 0], ("Price (USD/kWh)", "Retailers' power (kW)", "State of charge (%)"), strict=True
    ):
        panel.set_ylabel(words)
        panel.set_ylim(bottom=0)
    handles, labels = rows[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    lines = "Lines: generation, stacked; filled: sales. Batteries: mean, lowest to highest."
    heading(figure, f"{lines} {results.scenario}, seed {results.first_seed}.")


def _prices(panel: "Axes", trace: Trace) -> None:
    for index in range(trace["price"].shape[1]):
        drawn: dict[str, Any] = {"color": _colour(index), "linestyle": stroke(index), "linewidth": 1.5}
        panel.plot(trace["time_h"], trace["price"][:, index], label=f"retailer_{index}", **drawn)


def _power(panel: "Axes", trace: Trace) -> None:
    """Sales stacked and filled, generation stacked as lines above them."""
    sold, had = (np.cumsum(trace[name], axis=1) for name in ("sold_kw", "available_kw"))
    below = np.zeros(len(sold))
    for index in range(sold.shape[1]):
        floor = had[:, index - 1] if index else below
        drawn: dict[str, Any] = {"color": _colour(index), "linewidth": 0}
        panel.fill_between(trace["time_h"], floor, floor + trace["sold_kw"][:, index], alpha=0.45, **drawn)
        panel.plot(trace["time_h"], had[:, index], color=_colour(index), linestyle=stroke(index), linewidth=0.9)


def _colour(index: int) -> str:
    return RETAILERS[index % len(RETAILERS)]
