"""Pictures of operators that share batteries: prices, supply and charge; and how much of the saving they get."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from voltran.evaluation.episodes import Trace
from voltran.evaluation.figure_files import Families, Picture, chosen_traces, heading, shown
from voltran.evaluation.palette import FAINT, looks
from voltran.evaluation.pictures.charge import charge_band
from voltran.evaluation.pictures.points import metric_points
from voltran.evaluation.results import Results
from voltran.physics.units import HOURS_PER_DAY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KEYS = {"time_h", "price_eur_per_kwh", "grid_kw", "battery_kw", "direct_kw", "soc"}
MOST_COLUMNS = 3
DAYS_SHOWN = 2  # of a week; the others are alike
CAPTURED = "captured_saving"
SUPPLY = (("grid", "#4a58c2"), ("battery", "#00916a"), ("sun", "#e69f00"))


def pictures(results: Results, traces: Mapping[str, Trace], families: Families) -> list[Picture]:
    """The pictures that there are data for.

    Args:
        results: what was evaluated.
        traces: time series by controller.
        families: title to controllers of whom the course is shown; empty for the first.
    """
    drawn: list[Picture] = []
    if chosen := shared(traces, families):
        drawn.append(Picture("course", 6.2, partial(_course, results=results, traces=chosen)))
    if CAPTURED in results.metric_keys():
        height_in = 1.2 + 0.3 * len(results.controllers)
        words = "Part of the largest saving (%): 100 with perfect foresight and sources switched within slots"
        paint = partial(metric_points, results=results, key=CAPTURED, words=words, best=100.0)
        drawn.append(Picture("captured", height_in, paint))
    return drawn


def shared(traces: Mapping[str, Trace], families: Families) -> dict[str, Trace]:
    """Time series of sharing: those of the families' controllers, or else the first; at most three."""
    chosen = chosen_traces(traces, families, KEYS, MOST_COLUMNS)
    return {label: _first_days(trace) for label, trace in chosen.items()}


def _first_days(trace: Trace) -> Trace:
    """The series of the days that are shown, at every second slot: more cannot be seen."""
    shown_rows = trace["time_h"] < trace["time_h"][0] + DAYS_SHOWN * HOURS_PER_DAY
    return {key: trace[key][shown_rows][::2] for key in KEYS}


def _course(figure: "Figure", results: Results, traces: Mapping[str, Trace]) -> None:
    """A column per controller: the price, what serves the sites, and what batteries hold."""
    look = looks(list(results.controllers))
    rows = figure.subplots(3, len(traces), sharex=True, sharey="row", squeeze=False, height_ratios=(0.8, 1.3, 1))
    for column, (label, trace) in zip(rows.T, traces.items(), strict=True):
        time_h = trace["time_h"]
        column[0].plot(time_h, trace["price_eur_per_kwh"], color=FAINT, linewidth=1.5)
        _supply(column[1], trace)
        charge_band(column[2], time_h, trace["soc"], look[label].colour)
        column[0].set_title(shown(label), fontsize=9)
        column[2].set_xlabel("Time (h)")
    if len(time_h) > 1:
        rows[0, 0].set_xlim(time_h[0], time_h[-1])
    for panel, words in zip(rows[:, 0], ("Price (EUR/kWh)", "Supply (kW)", "State of charge (%)"), strict=True):
        panel.set_ylabel(words)
        panel.set_ylim(bottom=0)
    handles, labels = rows[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    heading(figure, f"All sites. Batteries: mean, lowest to highest. {results.scenario}, seed {results.first_seed}.")


def _supply(panel: "Axes", trace: Trace) -> None:
    """What serves all sites, one part above the other."""
    battery_kw, sun_kw = (trace[name].sum(axis=1) for name in ("battery_kw", "direct_kw"))
    grid_kw = trace["grid_kw"].sum(axis=1)
    labels, colours = zip(*SUPPLY, strict=True)
    panel.stackplot(trace["time_h"], grid_kw, battery_kw, sun_kw, labels=labels, colors=colours, alpha=0.7, linewidth=0)
