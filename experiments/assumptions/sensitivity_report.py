"""What assumptions are worth, in words and tables, as Markdown."""

from collections.abc import Sequence

from voltran.envs.metric import MISSING
from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.markdown import grid, on_request, picture_file
from voltran.experiments.assumptions.sensitivity import Estimate, Measure, Reach, Sensitivity, Varied, ranked, reach

MOST_NAMED = 3


def sensitivity_section(sensitivity: Sensitivity, pictures: Sequence[str] = ()) -> str:
    """Conclusions, picture and tables.

    Args:
        sensitivity: the numbers.
        pictures: names of the pictures that lie beside the page, without ending.
    """
    parts = [f"## {sensitivity.title}"] if sensitivity.title else []
    parts += ["\n".join(f"- {conclusion(sensitivity, measure)}" for measure in sensitivity.measures)]
    parts += [picture_file(f"{sensitivity.name}{PICTURE_SUFFIX}")] if sensitivity.name in pictures else []
    parts += [assumption_table(sensitivity)]
    if any(varied.why for varied in sensitivity.varied):
        parts += [on_request("Where the paper is silent", reason_table(sensitivity))]
    parts += [on_request("Every value", value_table(sensitivity))]
    return "\n\n".join(part.strip("\n") for part in parts)


def conclusion(sensitivity: Sensitivity, measure: Measure) -> str:
    """Whether a claim holds whatever is assumed, or on what it hangs, and what moves it most."""
    base, rows = sensitivity.base[measure.name], ranked(sensitivity, measure)
    verdict, movers = _verdict(measure.judged(base), rows), _movers(sensitivity, measure, rows)
    return f"**{measure.title}** ({measure.when}): {_with_paper(measure, base)}. {verdict}{movers}"


def _verdict(holds: bool | None, rows: Sequence[Reach]) -> str:
    """A sentence on where a claim holds and fails, given whether it holds under our own assumptions."""
    failing = [f"{_inside(row.varied.title)} = {label}" for row in rows for label in row.failing]
    holding = [f"{_inside(row.varied.title)} = {label}" for row in rows for label in row.holding]
    values = len(failing) + len(holding)
    if holds is None:
        return "It cannot be judged under our own assumptions."
    if not holds:
        elsewhere = f"it would at {_listed(holding)}" if holding else f"nor at any of {values} other values"
        return f"It does not hold under our own assumptions; {elsewhere}."
    if not failing:
        return f"It holds at all {values} other values."
    hung = [_inside(row.varied.title) for row in rows if row.failing]
    return f"It hangs on {_listed(hung)}: it fails at {_listed(failing)}, and holds at {len(holding)} other values."


def short_conclusion(sensitivity: Sensitivity) -> str:
    """All claims of a sensitivity in one sentence, for lists."""
    verdicts = [f"{measure.title}: {short_verdict(sensitivity, measure)}" for measure in sensitivity.measures]
    return "; ".join(verdicts) + "."


def short_verdict(sensitivity: Sensitivity, measure: Measure) -> str:
    """Whether a claim holds everywhere, hangs on something, or does not hold, in a few words."""
    holds = measure.judged(sensitivity.base[measure.name])
    if holds is None:
        return "cannot be judged"
    hung = [_inside(row.varied.title) for row in ranked(sensitivity, measure) if row.failing]
    if holds:
        return f"hangs on {_listed(hung)}" if hung else "holds everywhere"
    return "does not hold"


def beside_base(sensitivity: Sensitivity) -> str:
    """The published numbers, each beside ours under our own assumptions."""
    pairs = [
        f"{measure.number(measure.paper)} / {shown_estimate(measure, sensitivity.base[measure.name])}"
        for measure in sensitivity.measures
        if measure.paper is not None
    ]
    return "; ".join(pairs) or MISSING


def assumption_table(sensitivity: Sensitivity) -> str:
    """A row per assumption: what was tried, how far it moves each claim, whether the claims hold throughout."""
    measures = sensitivity.measures
    head = ["Assumption, ours", "Tried", *(_heading(one) for one in measures), "Holds"]
    rows = []
    for varied in _in_order(sensitivity):
        found = [reach(sensitivity, measure, varied) for measure in measures]
        labels = ", ".join(tried.label for tried in varied.tried)
        spans = [_span(sensitivity, measure, one) for measure, one in zip(measures, found, strict=True)]
        rows.append([f"{varied.title}: {varied.default}", labels, *spans, _holds(sensitivity, found)])
    note = "Lowest to highest number, our own value included; bold where some value moves it by more than chance."
    return grid(head, rows, keys=1, texts=2) + f"\n{note}"


def reason_table(sensitivity: Sensitivity) -> str:
    """A row per assumption: where the paper is silent."""
    rows = [[varied.title, varied.why or MISSING] for varied in _in_order(sensitivity)]
    return grid(["Assumption", "Why it had to be made"], rows, keys=2, texts=2)


def value_table(sensitivity: Sensitivity) -> str:
    """A row per value, with intervals."""
    head = ["Assumption", "Value", *(_heading(measure) for measure in sensitivity.measures)]
    rows = [
        ["ours", "", *(shown_estimate(measure, sensitivity.base[measure.name]) for measure in sensitivity.measures)]
    ]
    rows += [
        [varied.title, tried.label, *(shown_estimate(one, tried.estimates[one.name]) for one in sensitivity.measures)]
        for varied in sensitivity.varied
        for tried in varied.tried
    ]
    return grid(head, rows, keys=2)


def _in_order(sensitivity: Sensitivity) -> list[Varied]:
    """Assumptions, those first that move the first claim most."""
    order = [row.varied for row in ranked(sensitivity, sensitivity.measures[0])]
    return order + [varied for varied in sensitivity.varied if varied not in order]


def _movers(sensitivity: Sensitivity, measure: Measure, rows: Sequence[Reach]) -> str:
    """The assumptions that move a claim most, of those that surely do."""
    moving = [row for row in rows if row.surely and row.span > 0.0]
    chance = " by more than chance" if sensitivity.drawn else ""
    if not moving:
        return f" Nothing moves it{chance}."
    named = [f"{_inside(row.varied.title)} ({_numbers(measure, row)})" for row in moving[:MOST_NAMED]]
    return f" Moved most by {_listed(named)}; {len(moving)} of {len(rows)} assumptions move it{chance}."


def _with_paper(measure: Measure, base: Estimate) -> str:
    paper = "" if measure.paper is None else f", the paper has {measure.number(measure.paper)}"
    return f"{shown_estimate(measure, base)}{f' {measure.unit}' if measure.unit else ''}{paper}"


def _heading(measure: Measure) -> str:
    return f"{measure.title} ({measure.unit})" if measure.unit else measure.title


def shown_estimate(measure: Measure, estimate: Estimate) -> str:
    """A number with its interval."""
    text = f"{'≥ ' if estimate.at_least else ''}{measure.number(estimate.value)}"
    if estimate.interval95 is None or estimate.value is None:
        return text
    return f"{text} [{measure.number(estimate.interval95[0])}, {measure.number(estimate.interval95[1])}]"


def _span(sensitivity: Sensitivity, measure: Measure, found: Reach | None) -> str:
    if found is None:
        return MISSING
    bold = sensitivity.drawn and found.surely and found.span > 0.0
    return f"**{_numbers(measure, found)}**" if bold else _numbers(measure, found)


def _numbers(measure: Measure, found: Reach) -> str:
    return f"{measure.number(found.low)} to {measure.number(found.high)}"


def _holds(sensitivity: Sensitivity, found: Sequence[Reach | None]) -> str:
    """Yes, or which claims change their verdict at which values."""
    changes = []
    for measure, one in zip(sensitivity.measures, found, strict=True):
        holds = measure.judged(sensitivity.base[measure.name])
        if one and holds is not None and (changed := one.failing if holds else one.holding):
            changes.append(f"{measure.title}: {'not' if holds else 'only'} at {', '.join(changed)}")
        elif holds is False:
            changes.append(f"{measure.title}: no")
    return "; ".join(changes) or "yes"


def _inside(title: str) -> str:
    """A title within a sentence; abbreviations stay as they are."""
    return title[:1].lower() + title[1:] if title.split()[0][1:].islower() else title


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
