"""Published values beside ours, as Markdown."""

from collections.abc import Mapping
from typing import NamedTuple

from voltran.envs.metric import MISSING, Metric
from voltran.evaluation.markdown import grid
from voltran.evaluation.results import ControllerResults, Interval, Results
from voltran.evaluation.statistics import FEWEST, mean_ratio, ratio_is_honest
from voltran.experiments.published_values import Comparison, Extreme, Gain, Ratio

ByCell = Mapping[str, Results]


class Quotient(NamedTuple):
    """Our ratio of two means: of whom, and its interval; missing where it was not played or means nothing."""

    labels: tuple[str, str]
    value: float | None = None
    interval95: Interval | None = None


def comparison_section(comparison: Comparison, results: ByCell) -> str:
    """All published values of one table beside ours, and what to know about them."""
    parts = [f"## {comparison.title}"]
    parts += [values_table(comparison, results)] if comparison.values else []
    parts += [gain_table(comparison.gain, list(comparison.values), results)] if comparison.gain else []
    parts += [ratio_table(comparison, results)] if comparison.ratios else []
    parts += [comparison.note] if comparison.note else []
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def values_table(comparison: Comparison, results: ByCell) -> str:
    """A row per scenario and metric, two columns per controller."""
    published = [values for metrics in comparison.values.values() for values in metrics.values()]
    labels = list(dict.fromkeys(label for values in published for label in values))
    head = ["Scenario", "Metric", *(f"{label}, {whose}" for label in labels for whose in ("paper", "VoltRAN"))]
    rows = []
    for cell, metrics in comparison.values.items():
        for key, values in metrics.items():
            metric = _metric(key, results)
            row = [cell, metric.heading]
            for label in labels:
                row += [metric.number(values.get(label)), _ours(results, cell, label, metric)]
            rows.append(row)
    return grid(head, rows, keys=2, step=2)


def gain_table(gain: Gain, cells: list[str], results: ByCell) -> str:
    """Published average gains beside ours, with intervals."""
    head = [f"Average gain over {gain.reference}", "Paper", "VoltRAN", "95 % interval"]
    rows = [[label, _percent(value), *_our_gain(gain, label, cells, results)] for label, value in gain.values.items()]
    title = _metric(gain.metric, results).title.lower()
    return grid(head, rows, keys=1) + (
        f"\nGain: the mean over the scenarios of {title} divided by {gain.reference}'s, "
        "less one; the bootstrap interval (BCa) draws the same seeds for both and in all scenarios.\n"
    )


def ratio_table(comparison: Comparison, results: ByCell) -> str:
    """Published ratios beside ours, with intervals: a row per ratio, a column per cell."""
    cells = comparison.ratio_cells or tuple(results)
    ours = ["VoltRAN"] if len(cells) == 1 else [f"VoltRAN: {cell}" for cell in cells]
    noted = any(ratio.note for ratio in comparison.ratios)
    head = ["Ratio of the means", "Metric", *(["Depends on"] if noted else []), "Paper", *ours]
    rows = []
    for ratio in comparison.ratios:
        quotients = [quotient(ratio, results[cell]) for cell in cells]
        row = [
            _of_whom(ratio),
            _metric(ratio.metric, results).title,
            *([ratio.note] if noted else []),
            f"{ratio.value:g}",
        ]
        rows.append(row + [_shown(one, ratio) for one in quotients])
    several = any(played.n >= FEWEST for played in results.values())
    reading = "\nIn brackets: 95 % bootstrap interval (BCa), which draws the same seeds for both.\n"
    return grid(head, rows, keys=3 + noted, texts=2 + noted) + (reading if several else "")


def quotient(ratio: Ratio, played: Results) -> Quotient:
    """Our ratio in one cell, over the seeds that both have played."""
    labels = picked(ratio.controller, ratio.metric, played), picked(ratio.reference, ratio.metric, played)
    pair = _values(played, labels, ratio.metric)
    if pair is None:
        return Quotient(labels)
    return Quotient(labels, *mean_ratio([pair]))


def picked(who: str | Extreme, key: str, played: Results) -> str:
    """The controller meant; of several, the one with the lowest or highest mean among those that were played."""
    if isinstance(who, str):
        return who
    means = {label: played.mean(label, key) for label in who.of}
    known = {label: mean for label, mean in means.items() if mean is not None}
    choose = min if who.pick == "lowest" else max
    return choose(known, key=lambda label: known[label]) if known else who.of[0]


def _of_whom(ratio: Ratio) -> str:
    words = [
        who if isinstance(who, str) else f"{who.pick} of {', '.join(who.of)}"
        for who in (ratio.controller, ratio.reference)
    ]
    return " / ".join(words)


def _shown(ours: Quotient, ratio: Ratio) -> str:
    """The ratio, its interval, and whom it is of where that had to be found out."""
    if ours.value is None:
        return MISSING
    text = f"{ours.value:.3g}"
    text += f" [{ours.interval95[0]:.3g}, {ours.interval95[1]:.3g}]" if ours.interval95 else ""
    sides = zip(ours.labels, (ratio.controller, ratio.reference), strict=True)
    picked = [label for label, who in sides if not isinstance(who, str)]
    return f"{text}: {' / '.join(picked)}" if picked else text


def _ours(results: ByCell, cell: str, label: str, metric: Metric) -> str:
    controller = _controller(results, cell, label)
    summary = controller.metrics.get(metric.key) if controller else None
    return metric.estimate(summary.mean, summary.bootstrap95) if summary else MISSING


def _our_gain(gain: Gain, label: str, cells: list[str], results: ByCell) -> tuple[str, str]:
    """Our gain and its interval; missing where an episode was not played or too many are censored."""
    pairs = []
    for cell in cells:
        played = results.get(cell)
        pair = _values(played, (label, gain.reference), gain.metric) if played else None
        if pair is None:
            return MISSING, MISSING
        pairs.append(pair)
    ratio, interval = mean_ratio(pairs)
    shown = MISSING if interval is None else f"{_percent(interval[0] - 1)} to {_percent(interval[1] - 1)}"
    return MISSING if ratio is None else _percent(ratio - 1), shown


def _values(played: Results, labels: tuple[str, str], key: str) -> tuple[list[float | None], list[float | None]] | None:
    """Both controllers' values; ``None`` where one has none or too many episodes are censored."""
    both = [played.controllers.get(label) for label in labels]
    known = [controller for controller in both if controller and key in controller.metrics]
    if len(known) < 2 or not ratio_is_honest(played.metric(key), *known):
        return None
    above, below = (controller.metrics[key].values for controller in known)
    return above, below


def _metric(key: str, results: ByCell) -> Metric:
    """How a metric is shown in the world that was played."""
    return next(iter(results.values())).metric(key)


def _controller(results: ByCell, cell: str, label: str) -> ControllerResults | None:
    played = results.get(cell)
    return played.controllers.get(label) if played else None


def _percent(share: float) -> str:
    return f"{100 * share:+.0f} %"
