"""Pictures of worlds with retailers: a day of prices, generation, purchases and batteries; and efficiency."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from voltran.train.drawing import heading, point, shown
from voltran.train.episodes import Trace
from voltran.train.palette import Theme, looks
from voltran.train.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRADE_KEYS = {"time_h", "price", "available_kw", "sold_kw", "soc"}
MOST_COLUMNS = 4
EFFICIENCY = "efficiency"
# Retailers: blue, yellow, green, orange, purple; each on white and on black.
RETAILERS = (
    ("#0a4fa3", "#5aa2ff"),
    ("#b98400", "#f0c03c"),
    ("#00805c", "#1fbf92"),
    ("#c4500c", "#f07f3c"),
    ("#7a3fa0", "#b98ae0"),
)


def traded(traces: Mapping[str, Trace], families: Mapping[str, Sequence[str]] | None) -> dict[str, Trace]:
    """Time series with retailers in them: those of the families' controllers, or else the first; at most four."""
    wanted = [label for labels in families.values() for label in labels] if families else list(traces)
    known = [label for label in wanted if label in traces and traces[label].keys() >= TRADE_KEYS]
    return {label: traces[label] for label in known[:MOST_COLUMNS] if traces[label]["price"].shape[1] > 0}


def trading_day(figure: "Figure", theme: Theme, results: Results, traces: Mapping[str, Trace]) -> None:
    """A column per controller: prices, what retailers had and sold, and what batteries held."""
    look = looks(list(results.controllers))
    rows = figure.subplots(3, len(traces), sharex=True, sharey="row", squeeze=False, height_ratios=(1, 1.3, 1))
    for column, (label, trace) in zip(rows.T, traces.items(), strict=True):
        _prices(column[0], trace, theme)
        _power(column[1], trace, theme)
        _charge(column[2], trace, look[label].colour(theme))
        column[0].set_title(shown(label), fontsize=9)
        column[2].set_xlabel("Time (h)")
    for panel, words in zip(
        rows[:, 0], ("Price (USD/kWh)", "Retailers' power (kW)", "State of charge (%)"), strict=True
    ):
        panel.set_ylabel(words)
        panel.set_ylim(bottom=0)
    handles, labels = rows[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), labelcolor=theme.text)
    told = "Lines: generation, stacked; filled: sales. Batteries: mean, lowest, highest."
    heading(figure, f"{told} {results.scenario}, seed {results.first_seed}.", theme)


def efficiencies(figure: "Figure", theme: Theme, results: Results) -> None:
    """Efficiency against the social optimum, one line per controller, with intervals of the mean."""
    look = looks(list(results.controllers))
    panel = figure.subplots()
    known = [label for label, controller in results.controllers.items() if EFFICIENCY in controller.metrics]
    for row, label in enumerate(known):
        summary = results.controllers[label].metrics[EFFICIENCY]
        if summary.mean is not None:
            reach = 100 * (summary.ci95[1] - summary.ci95[0]) / 2 if summary.ci95 else None
            panel.errorbar(100 * summary.mean, row, xerr=reach, **point(look[label], theme))
    panel.axvline(100, color=theme.faint, linewidth=1.0, linestyle=(0, (3, 2)))
    panel.set_yticks(range(len(known)), known, fontsize=8.5)
    panel.set_ylim(len(known) - 0.4, -0.6)
    panel.set_xlabel("Efficiency (%): 0 without any trade, 100 the social optimum")


def _prices(panel: "Axes", trace: Trace, theme: Theme) -> None:
    for index in range(trace["price"].shape[1]):
        drawn: dict[str, Any] = {"color": _colour(index, theme), "linewidth": 1.5}
        panel.plot(trace["time_h"], trace["price"][:, index], label=f"retailer_{index}", **drawn)


def _power(panel: "Axes", trace: Trace, theme: Theme) -> None:
    """Sales stacked and filled, generation stacked as lines above them."""
    sold, had = (np.cumsum(trace[name], axis=1) for name in ("sold_kw", "available_kw"))
    below = np.zeros(len(sold))
    for index in range(sold.shape[1]):
        floor = had[:, index - 1] if index else below
        drawn: dict[str, Any] = {"color": _colour(index, theme), "linewidth": 0}
        panel.fill_between(trace["time_h"], floor, floor + trace["sold_kw"][:, index], alpha=0.45, **drawn)
        panel.plot(trace["time_h"], had[:, index], color=_colour(index, theme), linewidth=0.9)


def _charge(panel: "Axes", trace: Trace, colour: str) -> None:
    charge = 100 * trace["soc"][:, trace["soc"].max(axis=0) > 0.0]  # sites without a battery have none
    if charge.size:
        panel.fill_between(
            trace["time_h"], charge.min(axis=1), charge.max(axis=1), color=colour, alpha=0.22, linewidth=0
        )
        panel.plot(trace["time_h"], charge.mean(axis=1), color=colour, linewidth=1.9)
    panel.set_ylim(0, 102)


def _colour(index: int, theme: Theme) -> str:
    light, dark = RETAILERS[index % len(RETAILERS)]
    return light if theme.name == "light" else dark
