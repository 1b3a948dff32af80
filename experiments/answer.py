"""The sentence that answers an experiment's question: words with places that results fill.

A place names a metric, a controller and where several situations were played one of them: ``{survival_h: msrc @
urban19-medium}``. With a second controller it is a ratio of means: ``{energy_efficiency: trimsm-eipc / cellular}``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from voltran.envs.metric import MISSING, Metric
from voltran.evaluation.results import Results
from voltran.experiments.published_values import Comparison

PLACE = re.compile(r"\{(\w+): ([^{}@/]+?)(?: / ([^{}@/]+?))?(?: @ ([^{}@]+?))?\}")


class Quantity(NamedTuple):
    """One number of an answer: of which metric, of whom, over whom if it is a ratio, in which situation."""

    metric: str
    controller: str
    reference: str | None
    situation: str | None


def quantities(answer: str) -> list[Quantity]:
    """The numbers that an answer needs, in its order.

    Raises:
        ValueError: braces that hold something else.
    """
    if "{" in (rest := PLACE.sub("", answer)) or "}" in rest:
        raise ValueError(f"answer: {answer!r} has braces that are no place; write {{metric: controller @ situation}}")
    return [Quantity(*place.group(1, 2, 3, 4)) for place in PLACE.finditer(answer)]


def filled(answer: str, results: Mapping[str, Results]) -> str:
    """The answer with its numbers.

    Args:
        answer: see above.
        results: name of each situation to what was played in it.
    """
    numbers = iter(quantities(answer))
    return PLACE.sub(lambda _: _measured(next(numbers), results), answer)


def beside_paper(answer: str, comparisons: Sequence[Comparison], results: Mapping[str, Results]) -> str:
    """The published numbers among those of the answer, each beside ours."""
    pairs = []
    for quantity in quantities(answer):
        situation = _situation(quantity, results)
        published = next(filter(None, (_published(quantity, situation, where) for where in comparisons)), None)
        if published is not None:
            metric = results[situation].metric(quantity.metric)
            pairs.append(f"{_number(quantity, published[0], metric)} / {_measured(quantity, results)}")
    return "; ".join(pairs) or MISSING


def measured(quantity: Quantity, results: Mapping[str, Results]) -> float | None:
    """Our value; ``None`` where it was not played or the ratio is of nothing."""
    played = results[_situation(quantity, results)]
    above = played.mean(quantity.controller, quantity.metric)
    if quantity.reference is None or above is None:
        return above
    below = played.mean(quantity.reference, quantity.metric)
    return above / below if below else None


def _situation(quantity: Quantity, results: Mapping[str, Results]) -> str:
    return quantity.situation or next(iter(results))


def _published(quantity: Quantity, situation: str, where: Comparison) -> tuple[float] | None:
    """The published value, in a tuple because it may be zero."""
    if quantity.reference is None:
        value = where.values.get(situation, {}).get(quantity.metric, {}).get(quantity.controller)
        return None if value is None else (value,)
    if where.ratio_cells and situation not in where.ratio_cells:
        return None
    sides = quantity.metric, quantity.controller, quantity.reference
    ratios = [ratio.value for ratio in where.ratios if (ratio.metric, ratio.controller, ratio.reference) == sides]
    return (ratios[0],) if ratios else None


def _number(quantity: Quantity, value: float | None, metric: Metric) -> str:
    if value is None:
        return MISSING
    return metric.number(value) if quantity.reference is None else f"{value:#.3g}".rstrip(".")


def _measured(quantity: Quantity, results: Mapping[str, Results]) -> str:
    """Our value as text, with its unit."""
    value = measured(quantity, results)
    metric = results[_situation(quantity, results)].metric(quantity.metric)
    unit = "" if quantity.reference or value is None else metric.unit
    return f"{_number(quantity, value, metric)} {unit}".rstrip()
