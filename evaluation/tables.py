"""Result tables as Markdown and CSV, for files."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence

from voltran.envs.metric import MISSING, Metric
from voltran.evaluation.counts import failures, total
from voltran.evaluation.markdown import grid
from voltran.evaluation.metrics import FAILURES, ILLEGAL, TAKEN, in_order
from voltran.evaluation.results import ControllerResults, Difference, Results
from voltran.evaluation.statistics import CENSORED_SHARE_MAX, FEWEST

READING = f"mean and 95 % bootstrap interval (BCa; ± where both sides are about as long, none below {FEWEST} episodes)"


def headline_metrics(results: Results) -> list[Metric]:
    """The metrics of the short tables; all of them for a world that has none of the headline ones.

    Counters of what failed join them where they are not zero.
    """
    metrics = results.metrics()
    failed = tuple(key for key in FAILURES if any(total(each, key) for each in results.controllers.values()))
    headline = [metric for metric in metrics if metric.headline]
    return headline + [metric for metric in metrics if metric.key.endswith(failed)] if headline else metrics


def markdown_table(results: Results) -> str:
    """One row per controller, the headline metrics as columns, with intervals.

    Returns:
        Markdown tables and a line that says how to read it.
    """
    metrics = headline_metrics(results)
    head = ["Controller", *declared_heads(results), *(metric.heading for metric in metrics)]
    rows = [
        [label, *declared(controller, results), *(_estimate(controller, metric) for metric in metrics)]
        for label, controller in results.controllers.items()
    ]
    return grid(head, rows, keys=1, texts=4) + "\n" + caption(results) + "\n"


def markdown_all_metrics(results: Results) -> str:
    """One row per metric, all of them, and one column per controller."""
    rows = [
        [metric.heading, *(_estimate(controller, metric) for controller in results.controllers.values())]
        for metric in results.metrics()
    ]
    return grid(["Metric", *results.controllers], rows, keys=1)


def markdown_paired(results: Results, reference: str) -> str:
    """Differences from a reference on the same seeds, headline metrics only.

    Args:
        results: what was evaluated.
        reference: label of the controller that the others are compared with.

    Returns:
        A Markdown table; differences whose interval excludes zero are bold.
    """
    compared = results.paired[reference]
    shared = set().union(*compared.values())
    metrics = [metric for metric in headline_metrics(results) if metric.key in shared]
    rows = [([label], row) for label, row in compared.items()]
    return markdown_differences([f"Minus {reference}"], rows, metrics)


def markdown_differences(
    head: Sequence[str], rows: Sequence[tuple[Sequence[str], Mapping[str, Difference]]], metrics: Sequence[Metric]
) -> str:
    """Paired differences, and ratios of metrics that may be censored.

    Args:
        head: titles of the leading columns.
        rows: words of the leading columns, and metric to difference.
        metrics: the other columns.
    """
    titles = [*head, *(metric.heading for metric in metrics)]
    lines = [[*words, *(_difference(row.get(metric.key), metric) for metric in metrics)] for words, row in rows]
    note = "Mean difference on the same seeds"
    several = any(difference.bootstrap95 for _, row in rows for difference in row.values())
    note += " with its 95 % bootstrap interval (BCa); bold where that excludes zero." if several else "."
    for metric in (metric for metric in metrics if metric.censored_by):
        titles.append(f"{metric.title} ratio")
        for cells, (_, row) in zip(lines, rows, strict=True):
            cells.append(_ratio(row.get(metric.key)))
        note += (
            f" No ratio of {metric.title.lower()} ({MISSING}) where more than {100 * CENSORED_SHARE_MAX:.0f} % of "
            "either side's episodes are censored."
        )
    return f"{grid(titles, lines, keys=len(head))}\n{note}\n"


def markdown_cells(results: Mapping[str, Results], metrics: Sequence[Metric]) -> str:
    """Some metrics of every controller in several situations, and a line that says how to read them.

    Args:
        results: name of the situation to what was played in it.
        metrics: the columns.
    """
    rows = [
        [name, label, *(_estimate(controller, metric) for metric in metrics)]
        for name, played in results.items()
        for label, controller in played.controllers.items()
    ]
    table = grid(["Scenario", "Controller", *(metric.heading for metric in metrics)], rows, keys=2)
    return table + _captions(results)


def markdown_swept(
    heads: Sequence[str], values: Sequence[Sequence[str]], at_values: Sequence[Results], metric: Metric
) -> str:
    """One metric over the values of scenario keys, a column per controller, and a line that says how to read it.

    Args:
        heads: names of the keys.
        values: row by row, a value of each key as text.
        at_values: what was played at each of them; a controller may be missing at some.
        metric: which metric.
    """
    labels, rows = swept_rows(values, at_values, lambda controller: _estimate(controller, metric))
    table = grid([*heads, *labels], rows, keys=len(heads))
    played = {", ".join(row): results for row, results in zip(values, at_values, strict=True)}
    return f"{table}\n{metric.heading}." + _captions(played).replace("\n", " ", 1)


def swept_rows(
    values: Sequence[Sequence[str]], at_values: Sequence[Results], cell: Callable[[ControllerResults], str]
) -> tuple[list[str], list[list[str]]]:
    """What a table over the values of scenario keys has: labels of its controllers, and its rows.

    Args:
        values: row by row, a value of each key as text.
        at_values: what was played at each of them; a controller may be missing at some.
        cell: what is shown of a controller.
    """
    labels = list(dict.fromkeys(label for results in at_values for label in results.controllers))
    rows = []
    for row, results in zip(values, at_values, strict=True):
        controllers = [results.controllers.get(label) for label in labels]
        rows.append([*row, *(cell(controller) if controller else MISSING for controller in controllers)])
    return labels, rows


def _captions(results: Mapping[str, Results]) -> str:
    """One line on how to read the results, or one per situation where they differ."""
    captions = {name: caption(played) for name, played in results.items()}
    if len(set(captions.values())) == 1:
        return f"\n{next(iter(captions.values()))}\n"
    return "".join(f"\n{name}: {text}\n" for name, text in captions.items())


def readme_table(results: Results, keys: Sequence[str], link: str) -> str:
    """A narrower table for the README, and a link to the rest.

    Args:
        results: what was evaluated.
        keys: the metrics shown.
        link: to the whole page.
    """
    metrics = [results.metric(key) for key in keys]
    rows = [
        [
            label,
            controller.information,
            *(_estimate(controller, metric) for metric in metrics),
        ]
        for label, controller in results.controllers.items()
    ]
    head = ["Controller", "Information", *(metric.heading for metric in metrics)]
    table = grid(head, rows, keys=2)
    return f"{table}\n{results.scenario}. {caption(results)} All loads and metrics: [{link}]({link}).\n"


def markdown_report(results: Results, title: str | None = None) -> str:
    """The content of ``table.md``: headline table, paired tables, all metrics."""
    parts = [f"# {title or results.scenario}", markdown_table(results)]
    for reference in results.paired:
        if results.paired[reference]:
            parts += [f"## Paired differences from {reference}", markdown_paired(results, reference)]
    parts += ["## All metrics", markdown_all_metrics(results), provenance(results)]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def csv_table(results: Results) -> str:
    """One row per controller and metric, in stored units, with both intervals."""
    return csv_swept([], [[]], [results])


def csv_swept(heads: Sequence[str], values: Sequence[Sequence[str]], at_values: Sequence[Results]) -> str:
    """The same over the values of scenario keys, which lead every row.

    Args:
        heads: names of the keys.
        values: row by row, a value of each key as text.
        at_values: what was played at each of them.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    said = ["information", *_declared_keys(at_values[0]), "n"]
    intervals = ["ci95_low", "ci95_high", "bootstrap95_low", "bootstrap95_high"]
    writer.writerow([*heads, "controller", *said, "metric", "mean", "iqm", *intervals])
    for leading, results in zip(values, at_values, strict=True):
        for label, controller in results.controllers.items():
            for metric in in_order(set(controller.metrics), results.world):
                summary = controller.metrics[metric.key]
                ends = [*(summary.ci95 or ("", "")), *(summary.bootstrap95 or ("", ""))]
                whose = [*leading, label, *declared(controller, at_values[0]), controller.n]
                writer.writerow([*whose, metric.key, _blank(summary.mean), _blank(summary.iqm), *ends])
    return stream.getvalue()


def caption(results: Results, reading: str = READING) -> str:
    """How to read a table of these results.

    Args:
        results: what the table shows.
        reading: what its numbers are, where there is more than one episode.
    """
    episodes = f"{results.n} episodes per controller" if results.n > 1 else "1 episode per controller"
    last = results.seeds[-1]
    contiguous = results.seeds == list(range(results.first_seed, last + 1))
    seeds = f"seeds {results.first_seed} to {last}" if contiguous and results.n > 1 else _listed(results.seeds)
    text = f"{episodes} ({seeds}, the same for all)"
    fewer = [f"{label} the first {item.n}" for label, item in results.controllers.items() if item.n < results.n]
    text += f"; {', '.join(fewer)} only" if fewer else ""
    text += f"; {reading}" if results.n > 1 else ""
    return f"{text}{_censored(results)}{_illegal(results)}{'; '.join(['', *failures(results)])}."


def _censored(results: Results) -> str:
    """Whose episodes were too short for some metric, and how many of them."""
    parts = []
    for key, metric in {metric.censored_by: metric for metric in results.metrics() if metric.censored_by}.items():
        shares = {label: controller.censored_share(metric) for label, controller in results.controllers.items()}
        words = [f"{label} {100 * share:.0f} %" for label, share in shares.items() if share]
        parts += [f"; {key.replace('_', ' ')} at the horizon: {', '.join(words)}"] if words else []
    return "".join(parts)


def _illegal(results: Results) -> str:
    """Who chose how many actions that masks forbid, and the world played as legal ones; nothing where nobody counts."""
    counts = [
        f"{label} {total(controller, ILLEGAL)} of {taken}"
        for label, controller in results.controllers.items()
        if (taken := total(controller, TAKEN))
    ]
    return f"; illegal actions: {', '.join(counts)}" if counts else ""


def provenance(results: Results) -> str:
    """What was played, and by which versions."""
    changed = ", ".join(f"{key} = {value}" for key, value in (results.overrides | results.options).items())
    return f"Scenario {results.scenario}{f' with {changed}' if changed else ''}. {made_with(results)}"


def made_with(results: Results) -> str:
    """Versions of all that made results."""
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items() if version)
    return f"Made with {versions}."


def _listed(seeds: Sequence[int]) -> str:
    return ("seeds " if len(seeds) > 1 else "seed ") + ", ".join(map(str, seeds))


def _declared_keys(results: Results) -> list[str]:
    """What controllers say of themselves besides what they know, in the order in which they first say it."""
    return list(dict.fromkeys(key for controller in results.controllers.values() for key in controller.declarations))


def declared_heads(results: Results) -> list[str]:
    """Titles of what controllers say of themselves: what they know first, then what else any of them declares."""
    return ["Information", *(key.replace("_", " ").capitalize() for key in _declared_keys(results))]


def declared(controller: ControllerResults, results: Results) -> list[str]:
    """What a controller says under these titles."""
    return [controller.information, *(controller.declarations.get(key, MISSING) for key in _declared_keys(results))]


def _estimate(controller: ControllerResults, metric: Metric) -> str:
    summary = controller.metrics.get(metric.key)
    return metric.estimate(summary.mean, summary.bootstrap95) if summary else MISSING


def _difference(difference: Difference | None, metric: Metric) -> str:
    if difference is None:
        return MISSING
    interval = difference.bootstrap95
    text = metric.estimate(difference.mean, interval, signed=True)
    return f"**{text}**" if interval and (interval[0] > 0.0 or interval[1] < 0.0) else text


def _ratio(difference: Difference | None) -> str:
    return f"{difference.ratio:.2f}" if difference and difference.ratio is not None else MISSING


def _blank(value: float | None) -> float | str:
    return "" if value is None else value
