"""Pictures of studies: power per pair or utility per site over the arrival rate, and a day by the hour."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voltran.baselines.dpa.paper_cases import MODES, REGIMES
from voltran.envs.panels import DASHED, stroke
from voltran.evaluation.figure_files import heading, write_picture
from voltran.evaluation.palette import FAINT, OTHERS, TEXT
from voltran.experiments.allocations.paper_claims import NONE_W
from voltran.experiments.allocations.study import Study
from voltran.experiments.allocations.study_results import Curve, StudyResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT_IN = 3.6
PANELS = "abc"
WIDTHS = (3.4, 2.5, 1.7, 1.0)  # of sites' lines: a thinner one lies on a thicker one where they coincide
SHOWS = {
    "power": ("Power (W)", "What each site buys from each retailer; thinner lines lie on thicker ones."),
    "utility": ("Utility (USD/h)", "The utility of each site."),
}


def write_study_plots(study: Study, results: StudyResults, folder: Path) -> list[Path]:
    """Draw a study: a picture per regime with a panel per mode, or the day.

    Args:
        study: what was carried out.
        results: what was found.
        folder: where pictures are written.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: a picture cannot be written.
    """
    if study.over == "day":
        return [write_picture(folder, "day", HEIGHT_IN, partial(_day, title=_day_title(study), curves=results.curves))]
    written = []
    for regime in study.regimes:
        curves = [curve for curve in results.curves if curve.name == regime]
        paint = partial(_modes, study=study, regime=REGIMES[regime].title, curves=curves)
        written.append(write_picture(folder, f"{study.shows}-regime-{regime}", HEIGHT_IN, paint))
    return written


def _modes(figure: "Figure", study: Study, regime: str, curves: list[Curve]) -> None:
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for panel, letter, curve in zip(panels, PANELS, curves, strict=True):
        _power(panel, curve) if study.shows == "power" else _utility(panel, curve)
        share = MODES[curve.mode].fixed_share
        panel.set(title=f"({letter}) mode {curve.mode}, q = {share:g}", xlabel="Arrival rate (files/s)")
    label, about = SHOWS[study.shows]
    panels[0].set_ylabel(label)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    heading(figure, f"{about} {regime}")


def _power(panel: "Axes", curve: Curve) -> None:
    """A colour and width per site, solid from retailer 1, dashed from retailer 2; nothing where no power flows."""
    from matplotlib.ticker import LogFormatter

    power_w = np.array(curve.power_w)
    for m in range(power_w.shape[1]):
        for i, style in enumerate(("-", DASHED)):
            shown = np.where(power_w[:, m, i] > NONE_W, power_w[:, m, i], np.nan)
            drawn: dict[str, Any] = {
                "color": OTHERS[m].colour,
                "linestyle": style,
                "linewidth": WIDTHS[m % len(WIDTHS)],
            }
            panel.plot(curve.at, shown, label=f"site {m + 1}, retailer {i + 1}", **drawn)
    panel.set_yscale("log")
    panel.yaxis.set_major_formatter("{x:g}")
    panel.yaxis.set_minor_formatter(LogFormatter())
    flows_w = power_w[power_w > NONE_W]
    panel.set_ylim(bottom=max(2.0 * NONE_W, 0.7 * float(flows_w.min(initial=np.inf))) if flows_w.size else 2.0 * NONE_W)


def _utility(panel: "Axes", curve: Curve) -> None:
    utility = np.array(curve.utility)
    for m in range(utility.shape[1]):
        panel.plot(curve.at, utility[:, m], color=OTHERS[m].colour, linestyle=stroke(m), label=f"site {m + 1}")


def _day_title(study: Study) -> str:
    return "reconstructed day" if study.day is None else "day from files"


def _day(figure: "Figure", title: str, curves: list[Curve]) -> None:
    """What is needed and generated, and the utility of both schemes."""
    power, utility = figure.subplots(1, 2)
    first = curves[0]
    generation_w = np.array(first.generation_w)
    power.step(first.at, np.sum(first.demand_w, axis=1), where="mid", color=TEXT, label="demand")
    for i, name in enumerate(("wind", "PV")):
        power.plot(first.at, generation_w[:, i], color=OTHERS[i].colour, linestyle=stroke(2 + i), label=name)
    power.plot(first.at, generation_w.sum(axis=1), color=FAINT, linestyle=DASHED, label="wind and PV")
    power.set(title=title, xlabel="Time of day (h)", ylabel="Power (W)")
    for at, (curve, look) in enumerate(zip(curves, OTHERS[2:], strict=False)):
        total = np.sum(curve.utility, axis=1)
        utility.step(curve.at, total, where="mid", color=look.colour, linestyle=stroke(at), label=curve.name)
    utility.set(title="all sites together", xlabel="Time of day (h)", ylabel="Utility (USD/h)")
    for panel in (power, utility):
        panel.set_ylim(bottom=0)
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    heading(figure, "What sites need and retailers generate, and what it is worth by both schemes.")
