"""What the gaps of [DPA] are worth: its statements under other readings, one at a time."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from voltran.envs.errors import VoltranError
from voltran.envs.scenario import Section, validated
from voltran.experiments.allocations.paper_claims import HOLDS, NONE_W, findings, lasting_from
from voltran.experiments.allocations.readings import Figures, Reading, figures
from voltran.experiments.allocations.study import Study
from voltran.experiments.allocations.study_results import Curve
from voltran.experiments.assumptions.assumption import PlayerlessAssumptions
from voltran.experiments.assumptions.sensitivity import Estimate, Measure, Sensitivity
from voltran.experiments.calculations.findings import Findings
from voltran.experiments.calculations.working import Working
from voltran.experiments.experiment import read_experiment

PERCENT = 100.0
# Of percentages; what is beyond is the tolerance of the solver.
SURE_DIGITS = 3
MEASURES = (
    Measure(name="fig2", title="Fig. 2: statements that hold", unit="%", digits=0, holds="> 99", paper=100.0),
    Measure(name="fig3", title="Fig. 3: statements that hold", unit="%", digits=0, holds="> 99", paper=100.0),
    Measure(name="onset", title="Fig. 2b: retailer 2 feeds site 1 from", unit="files/s", holds=(0.25, 0.75), paper=0.5),
    Measure(name="better", title="Fig. 4a: site 2 better off than site 4, by", unit="%", digits=0, holds="> 0"),
    Measure(name="worst", title="Fig. 4a: site 3 worse off than the next, by", unit="%", digits=0, holds="> 0"),
    Measure(
        name="proposed", title="Fig. 6: proposed over traditional, least hour", unit="%", digits=0, holds=(0.0, 200.0)
    ),
)


class Gaps(Section):
    """What to vary.

    Attributes:
        points: arrival rates per mode.
        gaps: one at a time; their choices set keys of a :class:`voltran.experiments.allocations.readings.Reading`.
    """

    points: Annotated[int, Field(ge=2)] = 21
    gaps: PlayerlessAssumptions


def gaps(options: Gaps, working: Working) -> Findings:
    """How far the paper's statements move when one gap at a time is read otherwise.

    Args:
        options: what to vary.
        working: where progress is said.

    Raises:
        ScenarioError: a reading with a key that is unknown, or a value out of range; before anything is computed.
    """
    readings = {
        change.name: validated(Reading, change.overrides, f"gap {gap.name}, {change.label}")
        for gap in options.gaps
        for change in gap.changes()
    }
    base = _estimates(Reading(), options.points)
    varied = []
    for gap in options.gaps:
        varied.append(gap.varied({one.name: _estimates(readings[one.name], options.points) for one in gap.changes()}))
        working.say(f"{gap.title}: solved")
    found = Sensitivity(measures=MEASURES, base=base, varied=tuple(varied))
    return Findings(sensitivities=(found,), values=_values(found))


def _estimates(reading: Reading, points: int) -> dict[str, Estimate]:
    """Every measure under one reading; no number where the paper's problems have no solution under it."""
    try:
        solved = figures(reading, points)
    except VoltranError:
        return {measure.name: Estimate(None) for measure in MEASURES}
    return {name: Estimate(value) for name, value in _measured(solved).items()}


def _measured(solved: Figures) -> dict[str, float | None]:
    middle = solved.linear[1]
    crossing = lasting_from(np.array(middle.power_w)[:, 0, 1] > NONE_W)
    utility = np.array(solved.quadratic[0].utility)[-1]
    others = float(np.delete(utility, 2).min())
    proposed, traditional = (np.sum(curve.utility, axis=1) for curve in solved.day)
    return {
        "fig2": _holding("dpa_fig2", solved.linear),
        "fig3": _holding("dpa_fig3", solved.quadratic),
        "onset": middle.at[crossing] if crossing < len(middle.at) else None,
        "better": _ahead(float(utility[1]), float(utility[3])),
        "worst": _ahead(others, float(utility[2])),
        "proposed": min(_ahead(*hour) for hour in zip(proposed.tolist(), traditional.tolist(), strict=True)),
    }


def _ahead(first: float, second: float) -> float:
    """How far one utility is above another, in percent of the larger of both; they may be negative."""
    return round(PERCENT * (first - second) / max(abs(first), abs(second)), SURE_DIGITS)


def _holding(name: str, curves: Sequence[Curve]) -> float:
    """Share of the statements of a study that hold, percent."""
    study: Study = read_experiment(name)
    verdicts = [finding.verdict for finding in findings(study.claims, curves)]
    return PERCENT * verdicts.count(HOLDS) / len(verdicts)


def _values(found: Sensitivity) -> dict[str, float | None]:
    """Our own numbers, and how many other readings each claim holds at."""
    values: dict[str, float | None] = {}
    for measure in found.measures:
        judged = [measure.judged(tried.estimates[measure.name]) for varied in found.varied for tried in varied.tried]
        highest = [tried.estimates[measure.name].value for varied in found.varied for tried in varied.tried]
        values[measure.name] = found.base[measure.name].value
        values[f"{measure.name}_holds"] = float(judged.count(True))
        values[f"{measure.name}_most"] = max((value for value in highest if value is not None), default=None)
    tried = [one for varied in found.varied for one in varied.tried]
    values["readings"] = float(len(tried))
    values["solved"] = float(sum(one.estimates["proposed"].value is not None for one in tried))
    return values
