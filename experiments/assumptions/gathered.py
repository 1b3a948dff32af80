"""What assumptions are worth over all experiments, as the documentation gathers it on one page."""

from collections.abc import Sequence
from pathlib import Path

from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.markdown import grid, picture_file
from voltran.experiments.assumptions.sensitivity import Measure, Sensitivity, ranked
from voltran.experiments.assumptions.sensitivity_report import conclusion, short_verdict, shown_estimate
from voltran.experiments.kinds import Outcome


def gathered_assumptions(outcomes: Sequence[Outcome]) -> str:
    """All claims in one table, and what moves them, experiment by experiment.

    Args:
        outcomes: of all published experiments; those that have varied no assumptions are left out.

    Returns:
        Markdown of a page in ``docs/``; nothing where no assumptions have been varied.
    """
    varied = [outcome for outcome in outcomes if outcome.sensitivities]
    if not varied:
        return ""
    rows = [
        row for outcome in varied for sensitivity in outcome.sensitivities for row in _rows(_link(outcome), sensitivity)
    ]
    head = ["Experiment", "Claim", "It holds", "Paper", "VoltRAN", "Lowest to highest", "Verdict"]
    sections = [part for outcome in varied for part in _section(outcome)]
    return "\n\n".join([grid(head, rows, keys=len(head)), *sections])


def _rows(link: str, sensitivity: Sensitivity) -> list[list[str]]:
    """A row per claim."""
    where = f", {sensitivity.title}" if sensitivity.title else ""
    return [
        [
            link,
            f"{measure.title}{where}{f' ({measure.unit})' if measure.unit else ''}",
            measure.when,
            measure.number(measure.paper),
            shown_estimate(measure, sensitivity.base[measure.name]),
            _extremes(sensitivity, measure),
            short_verdict(sensitivity, measure),
        ]
        for measure in sensitivity.measures
    ]


def _extremes(sensitivity: Sensitivity, measure: Measure) -> str:
    """The lowest and the highest number under any value of any assumption."""
    rows = ranked(sensitivity, measure)
    low, high = min((row.low for row in rows), default=None), max((row.high for row in rows), default=None)
    return f"{measure.number(low)} to {measure.number(high)}"


def _section(outcome: Outcome) -> list[str]:
    """What an experiment concludes, and its pictures."""
    parts = [f"### {_link(outcome, outcome.experiment.title)}"]
    for sensitivity in outcome.sensitivities:
        parts += [f"**{sensitivity.title}**"] if sensitivity.title else []
        parts.append("\n".join(f"- {conclusion(sensitivity, measure)}" for measure in sensitivity.measures))
        parts.append(picture_file(f"results/{Path(outcome.name).stem}/{sensitivity.name}{PICTURE_SUFFIX}"))
    return parts


def _link(outcome: Outcome, text: str = "") -> str:
    stem = Path(outcome.name).stem
    return f"[{text.replace('[', '').replace(']', '') or stem}](results/{stem}/README.md)"
