"""Result tables for the terminal."""

from collections.abc import Sequence

from rich.console import RenderableType

from voltran.envs.metric import MISSING, Metric
from voltran.evaluation.fitting_table import EitherWay, FittingTable
from voltran.evaluation.results import ControllerResults, Results
from voltran.evaluation.tables import caption, declared, declared_heads, headline_metrics, swept_rows

READING = "mean ± the longer side of its 95 % bootstrap interval (BCa)"
DECLARED = 1  # in the short table: what a controller knows
LONGEST_HEAD = 16  # of a controller at the head of a column


def terminal_table(results: Results, all_metrics: bool = False) -> RenderableType:
    """A row per controller and a column per metric; the other way round where that is clearly shorter.

    Args:
        results: what was evaluated.
        all_metrics: whether to show all of them, or those of the short tables.
    """
    labels = list(results.controllers)
    metrics = results.metrics() if all_metrics else headline_metrics(results)
    heads = [_capital(metric.heading if all_metrics else metric.short_heading) for metric in metrics]
    said = len(declared_heads(results)) if all_metrics else DECLARED
    heads += declared_heads(results)[:said]
    rows = [
        [*(_estimate(controller, metric) for metric in metrics), *declared(controller, results)[:said]]
        for controller in results.controllers.values()
    ]
    title, words = results.scenario, caption(results, READING)
    texts = frozenset(range(len(metrics) + 1, len(heads) + 1))
    columns = [[head, *cells] for head, cells in zip(heads, zip(*rows, strict=True), strict=True)]
    beside = [[label, *row] for label, row in zip(labels, rows, strict=True)]
    return EitherWay(
        FittingTable(["", *heads], beside, 1, texts, title, words),
        FittingTable(["", *labels], columns, 1, frozenset(), title, words, LONGEST_HEAD),
    )


def terminal_swept(
    heads: Sequence[str], values: Sequence[Sequence[str]], at_values: Sequence[Results], metric: Metric
) -> RenderableType:
    """One metric over the values of scenario keys, a column per controller.

    Args:
        heads: names of the keys.
        values: row by row, a value of each key as text.
        at_values: what was played at each of them; a controller may be missing at some.
        metric: which metric.
    """
    labels, rows = swept_rows(values, at_values, lambda controller: _estimate(controller, metric))
    title = f"{metric.heading} by {', '.join(heads)}"
    return FittingTable(
        [*_ends(heads), *labels], rows, len(heads), title=title, caption=READING, longest_head=LONGEST_HEAD
    )


def _estimate(controller: ControllerResults, metric: Metric) -> str:
    """A mean, and the longer side of its interval: columns are narrow."""
    summary = controller.metrics.get(metric.key)
    if summary is None:
        return MISSING
    if summary.mean is None or summary.bootstrap95 is None:
        return metric.number(summary.mean)
    low, high = summary.bootstrap95
    return f"{metric.number(summary.mean)} ± {metric.number(max(summary.mean - low, high - summary.mean))}"


def _ends(heads: Sequence[str]) -> list[str]:
    """The last parts of dotted keys, where these tell them apart."""
    ends = [head.rpartition(".")[2] for head in heads]
    return ends if len(set(ends)) == len(ends) else list(heads)


def _capital(heading: str) -> str:
    heading = heading.strip()
    return heading[:1].upper() + heading[1:]
