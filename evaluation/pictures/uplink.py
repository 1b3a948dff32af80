"""Pictures of the uplink: distributions over the episodes, a day's course, and maps of who serves whom."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voltran.evaluation.episodes import Trace
from voltran.evaluation.figure_files import Families, Picture, chosen_traces, heading, marked_line, played, shown
from voltran.evaluation.palette import FAINT, Look, looks
from voltran.evaluation.results import Results
from voltran.evaluation.statistics import Values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DISTRIBUTED = ("energy_efficiency", "swaps")  # metrics whose distribution over the episodes is drawn
DAY_ROWS = ("energy_efficiency", "active_ubs")
TRAFFIC = "traffic_mbps"
DAILY_KEYS = {"time_h", *DAY_ROWS, TRAFFIC}
MAP_KEYS = {"ubs_m", "ue_m", "offsets_m", "side_m", "serving", "missed"}
MOST_MAPS = 3
MISSED = "#cf3f55"
BETTER = {"up": "; the further right a line, the better", "down": "; the further left a line, the better", None: ""}


def pictures(results: Results, traces: Mapping[str, Trace], families: Families) -> list[Picture]:
    """The pictures that there are data for.

    Args:
        results: what was evaluated.
        traces: time series by controller.
        families: title to controllers that share a panel; empty where all do.
    """
    panels = families or {"": tuple(results.controllers)}
    drawn = [
        Picture(f"cdf-{key}", 3.6, partial(_distribution, results=results, key=key, families=panels), frozenset({key}))
        for key in DISTRIBUTED
        if key in results.metric_keys() and results.n > 1
    ]
    days = {label: trace for label, trace in traces.items() if trace.keys() >= DAILY_KEYS and len(trace["time_h"]) > 2}
    if days:
        drawn.append(Picture("day", 6.4, partial(_daily, results=results, traces=days, families=panels)))
    maps = chosen_traces(traces, families, MAP_KEYS, MOST_MAPS)
    if maps:
        height_in = 8.0 / len(maps) + 1.4 if len(maps) > 1 else 5.0
        drawn.append(Picture("network", height_in, partial(_networks, results=results, traces=maps)))
    return drawn


def _distribution(figure: "Figure", results: Results, key: str, families: Families) -> None:
    """Share of episodes at or below a value, as in [FDRAN] Figs. 3a and 9a: one panel per family."""
    look = looks(list(results.controllers))
    parts = figure.subfigures(1, len(families), squeeze=False)[0]
    for part, (title, labels) in zip(parts, families.items(), strict=True):
        panel = part.subplots()
        for at, label in enumerate(labels):
            summary = results.controllers[label].metrics.get(key) if label in results.controllers else None
            if summary is not None and summary.mean is not None:
                value, share = cumulative(summary.values)
                panel.step(
                    value, 100 * share, where="post", label=shown(label), clip_on=False, **marked_line(look[label], at)
                )
        panel.set(xlabel=results.metric(key).heading, ylim=(0, 100), title=title)
        part.legend(loc="outside right center")
    parts[0].axes[0].set_ylabel("Episodes at or below (%)")
    better = BETTER[results.metric(key).better]
    heading(figure, f"How episodes are spread{better}. {played(results)}.")


def cumulative(values: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Empirical distribution.

    Args:
        values: one per episode; ``None`` is left out.

    Returns:
        Values in order ``[n + 1]``, the first one twice, and the share of episodes at or below each ``[n + 1]``,
        starting at 0.
    """
    ordered = np.sort(np.array([value for value in values if value is not None], dtype=np.float64))
    return np.concatenate([ordered[:1], ordered]), np.arange(len(ordered) + 1) / len(ordered)


def _daily(figure: "Figure", results: Results, traces: Mapping[str, Trace], families: Families) -> None:
    """The course of a day as in [FDRAN] Fig. 12: a column per family, the demanded traffic below."""
    look = looks(list(results.controllers))
    ratios = (3, 2.2, 1)
    panels = figure.subplots(len(ratios), len(families), sharex=True, sharey="row", squeeze=False, height_ratios=ratios)
    handles = {}
    for column, (title, labels) in zip(panels.T, families.items(), strict=True):
        for at, label in enumerate(label for label in labels if label in traces):
            trace, drawn = traces[label], marked_line(look[label], at)
            for panel, key in zip(column, DAY_ROWS, strict=False):
                handles[label] = panel.plot(trace["time_h"], trace[key], label=label, **drawn)[0]
        _traffic(column[-1], next(iter(traces.values())))
        column[0].set_title(title)
    for panel, key in zip(panels[:, 0], (*DAY_ROWS, TRAFFIC), strict=True):
        panel.set_ylabel("Traffic\n(Mbit/s)" if key == TRAFFIC else results.metric(key).heading)
        panel.set_ylim(bottom=0)
    figure.legend(handles=list(handles.values()), loc="outside lower center", ncols=4)
    heading(figure, f"The course of an episode, below what UEs ask for. {results.scenario}, seed {results.first_seed}.")


def _traffic(panel: "Axes", trace: Trace) -> None:
    panel.fill_between(trace["time_h"], trace[TRAFFIC], color=FAINT, alpha=0.3, linewidth=0)
    panel.plot(trace["time_h"], trace[TRAFFIC], color=FAINT, linewidth=1.2)
    panel.set_xlim(trace["time_h"][0], trace["time_h"][-1])
    panel.set_xticks(np.arange(0.0, trace["time_h"][-1] + 0.5, 6.0))
    panel.set_xlabel("Time of day (h)")


def _networks(figure: "Figure", results: Results, traces: Mapping[str, Trace]) -> None:
    """Who serves whom in the latest period, and which UBSs sleep, as in [FDRAN] Fig. 2: a map per controller."""
    look = looks(list(results.controllers))
    panels = figure.subplots(1, len(traces), sharex=True, sharey=True, squeeze=False)[0]
    for panel, (label, trace) in zip(panels, traces.items(), strict=True):
        _network(panel, trace, look[label])
        awake = trace["serving"].any(axis=1)
        panel.set_title(f"{label}\n{awake.sum()} of {awake.size} UBSs awake", fontsize=9.0)
    panels[0].set_ylabel("Place (m)")
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4)
    heading(figure, f"Lines: who serves whom, in the last period. {results.scenario}, seed {results.first_seed}.")


def _network(panel: "Axes", trace: Trace, look: Look) -> None:
    """One map; links across the edges of the square are drawn from both ends."""
    ubs, ue = np.nonzero(trace["serving"])
    offsets_m = trace["offsets_m"][ubs, ue]
    starts = np.concatenate([trace["ubs_m"][ubs], trace["ue_m"][ue]])
    ends = starts + np.concatenate([offsets_m, -offsets_m])
    # all links as one line with gaps
    gaps = np.full_like(starts, np.nan)
    links = np.stack([starts, ends, gaps], axis=1).reshape(-1, 2)
    panel.plot(*links.T, color=look.colour, linewidth=1.0, alpha=0.55)
    awake, missed = trace["serving"].any(axis=1), trace["missed"]
    # Marks on an edge are whole; the room that maps get does not depend on where marks lie.
    whole = {"clip_on": False, "in_layout": False}
    marks: dict[str, Any] = {"linestyle": "none", "markersize": 6.5, "markeredgewidth": 1.0, **whole}
    panel.plot(*trace["ubs_m"][awake].T, "^", color=look.colour, label="UBS awake", **marks)
    panel.plot(*trace["ubs_m"][~awake].T, "^", color=FAINT, fillstyle="none", label="UBS asleep", **marks)
    panel.plot(*trace["ue_m"][~missed].T, "o", color=FAINT, label="UE", **marks)
    if missed.any():
        panel.plot(*trace["ue_m"][missed].T, "X", color=MISSED, label="UE below its minimum rate", **marks)
    side_m = float(trace["side_m"][0])
    panel.set(xlim=(0.0, side_m), ylim=(0.0, side_m), aspect="equal", xlabel="Place (m)")
