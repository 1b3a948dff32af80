"""Pictures of an outage: batteries, survival, availability, and what survival costs."""

from collections.abc import Mapping, Sized
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.metric_table import CLASSES
from voltran.evaluation.episodes import Trace
from voltran.evaluation.figure_files import (
    Families,
    Picture,
    end_axes,
    heading,
    marked_line,
    played,
    point,
    reach,
    shown,
)
from voltran.evaluation.palette import FAINT, Look, looks
from voltran.evaluation.results import MetricSummary, Results
from voltran.evaluation.statistics import Values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEAM_SIZE = 9  # of titles: the names of teams are long
FEW = 4  # so many panels have room for a line per site
SERVICE_CLASSES = ("emergency", "voice", "essential", "best_effort")


def pictures(results: Results, traces: Mapping[str, Trace], families: Families) -> list[Picture]:
    """The pictures that there are data for.

    Args:
        results: what was evaluated.
        traces: time series by controller.
        families: title to controllers that share a panel; here every controller has its own, or all share one.
    """
    keys = results.metric_keys()
    drawn: list[Picture] = []
    lives = "survival_h" in keys
    with_batteries = {label: trace for label, trace in traces.items() if lives and {"time_h", "soc"} <= trace.keys()}
    if with_batteries:
        height_in = 1.0 + 1.95 * _rows(with_batteries)
        drawn.append(Picture("batteries", height_in, partial(_batteries, results=results, traces=with_batteries)))
    if any(controller.metrics["survival_h"].values for controller in results.controllers.values() if lives):
        episodes_of = frozenset({"survival_h", "censored"})
        drawn.append(Picture("survival", 3.6, partial(_survival, results=results), episodes_of))
    if {f"availability_{name}" for name in SERVICE_CLASSES} <= keys:
        height_in = 1.9 + 0.56 * len(results.controllers)
        drawn.append(Picture("availability", height_in, partial(_availability, results=results)))
    if {"survival_h", "continuity", "continuity_own"} <= keys:
        drawn.append(Picture("trade-off", 4.0, partial(_trade_off, results=results)))
    return drawn


def _batteries(figure: "Figure", results: Results, traces: Mapping[str, Trace]) -> None:
    """Charge over time as in [MSRC] Fig. 2: one panel per controller, the others' means faint behind it."""
    look = looks(list(results.controllers))
    columns = -(-len(traces) // _rows(traces))
    panels = list(figure.subplots(_rows(traces), columns, sharex=True, sharey=True, squeeze=False).flat)
    for panel, (label, trace) in zip(panels, traces.items(), strict=False):
        for other in traces.values():
            mean = 100 * other["soc"].mean(axis=1)
            panel.plot(other["time_h"], mean, color=FAINT, linewidth=0.8, alpha=0.45)
        _one_battery(panel, trace, look[label].colour, with_sites=len(traces) <= FEW)
        _mark_loss(panel, results.controllers[label].metrics.get("survival_h"))
        panel.set_title(shown(label), color=look[label].colour, fontsize=TEAM_SIZE if "+" in label else None)
    for index in range(len(traces), len(panels)):
        panels[index].set_axis_off()
        panels[index - columns].tick_params(labelbottom=True)
    panels[0].set(xlim=(0, _shown_h(results, traces)), ylim=(0, 100))
    figure.supxlabel("Time since the outage began (h)", fontsize=10)
    figure.supylabel("State of charge (%)", fontsize=10)
    own = "every site, thick their mean" if len(traces) <= FEW else "mean of the sites, lowest to highest"
    grey = " Grey lines: means of the others." if len(traces) > 1 else ""
    heading(figure, f"Coloured: {own}.{grey} Dashed: survival lost. {results.scenario}, seed {results.first_seed}.")


def _one_battery(panel: "Axes", trace: Trace, colour: str, with_sites: bool) -> None:
    time_h, soc = trace["time_h"], 100 * trace["soc"]
    panel.fill_between(time_h, soc.min(axis=1), soc.max(axis=1), color=colour, alpha=0.22, linewidth=0)
    if with_sites:
        panel.plot(time_h, soc, color=colour, linewidth=0.6, alpha=0.55)
    panel.plot(time_h, soc.mean(axis=1), color=colour, linewidth=2.1)


def _shown_h(results: Results, traces: Mapping[str, Trace]) -> float:
    """Half as long again as the longest survival of the episodes shown, as far as they go."""
    end_h = max(float(trace["time_h"][-1]) for trace in traces.values())
    summaries = [results.controllers[label].metrics.get("survival_h") for label in traces]
    survived_h = [summary.values[0] or 0.0 for summary in summaries if summary is not None]
    return min(end_h, 1.5 * max(survived_h, default=0.0) or end_h)


def _mark_loss(panel: "Axes", survival: MetricSummary | None) -> None:
    if survival is not None and survival.values[0] is not None:
        panel.axvline(survival.values[0], color=FAINT, linewidth=1.0, linestyle=(0, (3, 2)))


def _survival(figure: "Figure", results: Results) -> None:
    """Share of episodes whose network has survived so far, one line per controller."""
    axes = figure.subplots()
    look, last_h = looks(list(results.controllers)), 0.0
    for at, (label, controller) in enumerate(results.controllers.items()):
        censored = controller.metrics.get("censored")
        survival = controller.metrics["survival_h"].values
        time_h, alive = surviving_share(survival, censored.values if censored else [0.0] * len(survival))
        drawn = marked_line(look[label], at)
        axes.step(time_h, 100 * alive, where="post", label=shown(label), clip_on=False, **drawn)
        last_h = max(last_h, float(time_h[-1]))
    axes.set(xlabel="Time since the outage began (h)", ylabel="Episodes still alive (%)", ylim=(0, 100))
    axes.set_xlim(0, last_h or None)
    figure.legend(loc="outside right center")
    heading(figure, f"The further right a line, the longer networks survive. {played(results)}.")


def surviving_share(survival_h: Values, censored: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of episodes still alive over time.

    Args:
        survival_h: survival per episode; ``None`` is left out.
        censored: 1 where the episode outlived its horizon: its network is never counted as lost.

    Returns:
        Times ``[k]``, starting at 0, and the share from each time on ``[k]``.
    """
    known = [(time_h, bool(flag)) for time_h, flag in zip(survival_h, censored, strict=True) if time_h is not None]
    lost_h = np.sort([time_h for time_h, outlived in known if not outlived])
    alive = 1.0 - np.arange(len(lost_h) + 1) / max(len(known), 1)
    if len(lost_h) == len(known):
        return np.concatenate([[0.0], lost_h]), alive
    horizon_h = max(time_h for time_h, _ in known)
    return np.concatenate([[0.0], lost_h, [horizon_h]]), np.append(alive, alive[-1])


def _availability(figure: "Figure", results: Results) -> None:
    """Availability per class: over the own survival time (a zoom), and at 2.5 h with lost networks at zero."""
    look = looks(list(results.controllers))
    parts: Any = figure.subfigures(2, 1, hspace=0.04)
    heading(parts[0], "Availability (%), mean over the own survival time")
    heading(parts[1], "Availability (%) at 2.5 h, zero where survival was lost before")
    for part, suffix, draw in ((parts[0], "", _dot), (parts[1], "_latched_at_2h5", _bar)):
        panels = part.subplots(1, len(SERVICE_CLASSES), sharex=True, sharey=True)
        for panel, name in zip(panels, SERVICE_CLASSES, strict=True):
            for row, (label, controller) in enumerate(results.controllers.items()):
                summary = controller.metrics.get(f"availability_{name}{suffix}")
                if summary is not None and summary.mean is not None:
                    draw(panel, row, summary, look[label])
            panel.set_title(CLASSES[name], weight="normal", fontsize=9.5)
            panel.set_yticks(range(len(look)), [shown(label) for label in look], fontsize=8.5)
            panel.tick_params(axis="y", length=0)
            panel.grid(visible=False, axis="y")
        panels[0].set_ylim(len(look) - 0.4, -0.6)
        end_axes(panels[0], "x", (0.0, 100.0))
    panels[0].set(xlim=(0, 100), xticks=(0, 50, 100))


def _dot(panel: "Axes", row: int, summary: MetricSummary, look: Look) -> None:
    panel.errorbar(100 * (summary.mean or 0.0), row, xerr=reach(summary, 100.0), **point(look))


def _bar(panel: "Axes", row: int, summary: MetricSummary, look: Look) -> None:
    mean = 100 * (summary.mean or 0.0)
    panel.barh(row, mean, color=look.colour, height=0.66, alpha=0.55)
    panel.plot([mean, mean], [row - 0.33, row + 0.33], color=look.colour, linewidth=1.4, clip_on=False)  # also of zero
    if summary.bootstrap95:
        ends = [100 * end for end in summary.bootstrap95]
        panel.plot(ends, [row, row], color=look.colour, linewidth=2.2, clip_on=False)


def _trade_off(figure: "Figure", results: Results) -> None:
    """Survival against continuity, means with crosses of their intervals: up and right is better."""
    look = looks(list(results.controllers))
    panels = figure.subplots(1, 2, sharex=True)
    for panel, key in zip(panels, ("continuity", "continuity_own"), strict=True):
        for label, controller in results.controllers.items():
            _cross(panel, controller.metrics["survival_h"], controller.metrics[key], label, look[label])
        panel.set(xlabel=results.metric("survival_h").heading, ylabel=results.metric(key).heading)
        panel.margins(0.12)
        end_axes(panel, "y", results.metric(key).shown_bounds)
    panels[0].set_xlim(left=0)
    heading(figure, f"Means and their 95 % intervals; up and to the right is better. {played(results)}.")
    handles, labels = panels[0].get_legend_handles_labels()
    columns = len(labels) if len(labels) <= 5 else -(-len(labels) // 2)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)


def _cross(panel: "Axes", across: MetricSummary, up: MetricSummary, label: str, look: Look) -> None:
    if across.mean is not None and up.mean is not None:
        drawn = point(look) | {"xerr": reach(across, 1.0), "yerr": reach(up, 100.0)}
        panel.errorbar(across.mean, 100 * up.mean, label=shown(label), **drawn)


def _rows(items: Sized) -> int:
    """Rows of panels, at most four in a row and as even as can be."""
    columns = 4 if len(items) > 6 else 3
    return -(-len(items) // columns)
