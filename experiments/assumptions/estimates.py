"""The numbers of claims from episodes that were played under one value of an assumption, and under our own."""

from collections.abc import Mapping, Sequence

from voltran.evaluation.results import Results
from voltran.evaluation.statistics import mean_ratio, ratio_change, ratio_is_honest
from voltran.experiments.assumptions.assumption import HeadlineClaim
from voltran.experiments.assumptions.assumption_experiment import Played
from voltran.experiments.assumptions.sensitivity import Estimate
from voltran.experiments.comparison import picked

Values = Sequence[float | None]
NOTHING = Estimate(None)


def as_claimed(results: Results, played: Played, base: Results | None) -> Results:
    """Results under the names that claims use; whom an option does not concern is as under our own assumptions.

    Args:
        results: what was played under one value.
        played: under which.
        base: what was played under our own assumptions; ``None`` for these themselves.
    """
    controllers = {played.controllers[label]: found for label, found in results.controllers.items()}
    if base is not None and played.change is not None and played.change.option:
        controllers = {**base.controllers, **controllers}
    return results.model_copy(update={"controllers": controllers})


def estimate(claim: HeadlineClaim, results: Results, base: Results | None = None) -> Estimate:
    """A claim's number.

    Args:
        claim: what is asked.
        results: of episodes under one value of an assumption, under the names that claims use.
        base: of the same seeds under our own assumptions, where they are something else.
    """
    sides = _sides(claim, results)
    if sides is None:
        return NOTHING
    (above, below), at_least = sides
    value, interval = mean_ratio([(above, below)])
    before = _sides(claim, base) if base is not None else None
    change = ratio_change((above, below), before[0]) if before else None
    return Estimate(value, interval, change, at_least)


def estimates(claims: Sequence[HeadlineClaim], results: Results, base: Results | None = None) -> Mapping[str, Estimate]:
    """Name of each claim to its number."""
    return {claim.name: estimate(claim, results, base) for claim in claims}


def _sides(claim: HeadlineClaim, results: Results) -> tuple[tuple[Values, Values], bool] | None:
    """Values above and below the line per seed, those below ones for a mean; and whether those above are too low.

    ``None`` where somebody has none, or where those below are too low: episodes ended before the true ones were seen.
    """
    metric = results.metric(claim.metric)
    above = results.controllers.get(picked(claim.controller, claim.metric, results))
    if above is None or claim.metric not in above.metrics:
        return None
    values, at_least = above.metrics[claim.metric].values, not ratio_is_honest(metric, above)
    if claim.reference is None:
        return (values, [1.0] * len(values)), at_least
    below = results.controllers.get(picked(claim.reference, claim.metric, results))
    if below is None or claim.metric not in below.metrics or not ratio_is_honest(metric, below):
        return None
    return (values, below.metrics[claim.metric].values), at_least
