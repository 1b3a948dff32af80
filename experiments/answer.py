"""The sentence that answers an experiment's question: words with places that results fill.

A place names a metric, a controller and where several cells were played one of them: ``{survival_h: msrc @
urban19-medium}``. With a second controller it is a ratio of means: ``{energy_efficiency: trimsm-eipc / cellular}``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from voltran.envs.metric import MISSING
from voltran.evaluation.metrics import metric_of
from voltran.evaluation.results import Results
from voltran.experiments.published_values import Comparison

PLACE = re.compile(r"\{(\w+): ([^{}@/]+?)(?: / ([^{}@/]+?))?(?: @ ([^{}@]+?))?\}")


class Quantity(NamedTuple):
    """One number of an answer: of which metric, of whom, over whom if it is a ratio, in which cell."""

    metric: str
    controller: str
    reference: str | None
    cell: str | None


def quantities(answer: str) -> list[Quantity]:
    """The numbers that an answer needs, in its order.

    Raises:
        ValueError: braces that hold something else.
    """
    if "{" in (rest := PLACE.sub("", answer)) or "}" in rest:
        raise ValueError(f"answer: {answer!r} has braces that are no place; write {{metric: controller @ cell}}")
    return [Quantity(found[1], found[2], found[3], found[4]) for found in PLACE.finditer(answer)]


def filled(answer: str, results: Mapping[str, Results]) -> str:
    """The answer with its numbers.

    Args:
        answer: see above.
        results: name of each cell to what was found in it.
    """
    numbers = iter(quantities(answer))
    return PLACE.sub(lambda _: _with_unit(quantity := next(numbers), measured(quantity, results)), answer)


def beside_paper(answer: str, comparisons: Sequence[Comparison], results: Mapping[str, Results]) -> str:
    """The published numbers among those of the answer, each beside ours."""
    pairs = []
    for quantity in quantities(answer):
        cell = _cell(quantity, results)
        published = next(filter(None, (_published(quantity, cell, where) for where in comparisons)), None)
        if published is not None:
            ours = _with_unit(quantity, measured(quantity, results))
            pairs.append(f"{_number(quantity, published[0])} / {ours}")
    return "; ".join(pairs) or MISSING


def measured(quantity: Quantity, results: Mapping[str, Results]) -> float | None:
    """Our value; ``None`` where it was not played or the ratio is of nothing."""
    found = results[_cell(quantity, results)]
    above = found.mean(quantity.controller, quantity.metric)
    if quantity.reference is None or above is None:
        return above
    below = found.mean(quantity.reference, quantity.metric)
    return above / below if below else None


def _cell(quantity: Quantity, results: Mapping[str, Results]) -> str:
    return quantity.cell or next(iter(results))


def _published(quantity: Quantity, cell: str, where: Comparison) -> tuple[float] | None:
    """The published value, in a tuple because it may be zero."""
    if quantity.reference is None:
        value = where.values.get(cell, {}).get(quantity.metric, {}).get(quantity.controller)
        return None if value is None else (value,)
    if where.ratio_cells and cell not in where.ratio_cells:
        return None
    sides = quantity.metric, quantity.controller, quantity.reference
    ratios = [ratio.value for ratio in where.ratios if (ratio.metric, ratio.controller, ratio.reference) == sides]
    return (ratios[0],) if ratios else None


def _number(quantity: Quantity, value: float | None) -> str:
    if value is None:
        return MISSING
    return metric_of(quantity.metric).number(value) if quantity.reference is None else f"{value:#.3g}".rstrip(".")


def _with_unit(quantity: Quantity, value: float | None) -> str:
    unit = "" if quantity.reference or value is None else metric_of(quantity.metric).unit
    return f"{_number(quantity, value)} {unit}".rstrip()
