"""Means, intervals and paired differences, by SciPy.

Episodes without a value (``None``) are left out; where nothing can be said the answer is ``None``, never NaN. Below
:data:`FEWEST` values there is no interval: so few say too little about spread and skew for any method to cover.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from voltran.envs.metric import Metric
from voltran.evaluation.metrics import TIMING_KEYS, metric_of
from voltran.evaluation.results import ControllerResults, Difference, Interval, MetricSummary

CONFIDENCE = 0.95
BOOTSTRAP_RESAMPLES = 2000
CENSORED_SHARE_MAX = 0.05
FEWEST = 10  # values that an interval needs
SAME_SHARE = 1e-9  # of the largest value: so much do rounding errors spread

Values = Sequence[float | None]


def summarise(values: Values, bounds: Interval = (-inf, inf)) -> MetricSummary:
    """Mean, interquartile mean and 95 % intervals of one metric.

    Args:
        values: one value per episode, ``None`` where the episode has none.
        bounds: lowest and highest possible value. The t interval, which knows no bounds, is cut off there; means of
            resampled values never leave them.

    Returns:
        The summary; its intervals are ``None`` with fewer than :data:`FEWEST` values.
    """
    sample = _present(values)
    ci95, bootstrap95 = _intervals(sample)
    low, high = bounds
    return MetricSummary(
        mean=_mean(sample),
        iqm=interquartile_mean(sample),
        ci95=ci95 and (min(max(ci95[0], low), high), min(max(ci95[1], low), high)),
        bootstrap95=bootstrap95,
        values=list(values),
    )


def t_interval(sample: NDArray[np.float64]) -> Interval | None:
    """Student's t interval of the mean, at 95 %.

    Args:
        sample: finite values ``[n]``.

    Returns:
        Lower and upper end, or ``None`` for n < 2.
    """
    if sample.size < 2:
        return None
    half_width = float(stats.t.ppf(0.5 + CONFIDENCE / 2, sample.size - 1) * stats.sem(sample))
    mean = float(sample.mean())
    return mean - half_width, mean + half_width


def bootstrap_interval(sample: NDArray[np.float64]) -> Interval | None:
    """Bias-corrected and accelerated (BCa) bootstrap interval of the mean, at 95 %; the same on every call.

    Args:
        sample: finite values ``[n]``.

    Returns:
        Lower and upper end, or ``None`` for n < 2.
    """
    if sample.size < 2:
        return None
    if np.ptp(sample) <= SAME_SHARE * np.abs(sample).max():  # the same but for rounding: nothing to resample
        return float(sample.min()), float(sample.max())
    return _bootstrap((sample,), np.mean)


def interquartile_mean(sample: NDArray[np.float64]) -> float | None:
    """Mean of the middle half: the lowest and the highest quarter are cut off.

    Args:
        sample: finite values ``[n]``.
    """
    return float(stats.trim_mean(sample, 0.25)) if sample.size else None


def paired_difference(values: Values, reference: Values, with_ratio: bool = False) -> Difference:
    """Difference between two controllers on the same seeds.

    Args:
        values: the controller's, one per seed.
        reference: the reference's, in the same order of seeds.
        with_ratio: whether to give the ratio of the means as well.

    Returns:
        Mean difference (controller minus reference) with its intervals, from :data:`FEWEST` pairs on.
    """
    pairs = [(a, b) for a, b in zip(values, reference, strict=True) if a is not None and b is not None]
    first, second = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    difference = first - second
    ratio = float(first.mean() / second.mean()) if with_ratio and pairs and second.mean() > 0.0 else None
    ci95, bootstrap95 = _intervals(difference)
    return Difference(
        mean=_mean(difference),
        ci95=ci95,
        bootstrap95=bootstrap95,
        ratio=ratio,
        n=len(pairs),
    )


def paired_differences(
    controller: ControllerResults, reference: ControllerResults, world: str
) -> dict[str, Difference]:
    """Metric to difference, for all metrics that both have values of and that are no wall times.

    Args:
        controller: who is compared.
        reference: with whom, on the same seeds.
        world: in which both played.
    """
    differences = {}
    for key, metric in controller.metrics.items():
        other = reference.metrics.get(key)
        if key not in TIMING_KEYS and metric.values and other and other.values:
            shown = metric_of(key, world)
            with_ratio = bool(shown.censored_by) and ratio_is_honest(shown, controller, reference)
            differences[key] = paired_difference(metric.values, other.values, with_ratio)
    return differences


def compare(
    controllers: Mapping[str, ControllerResults], reference: str, world: str
) -> dict[str, dict[str, Difference]]:
    """Label to differences from one of the controllers, for all others."""
    base = controllers[reference]
    return {label: paired_differences(other, base, world) for label, other in controllers.items() if label != reference}


def mean_ratio(pairs: Sequence[tuple[Values, Values]]) -> tuple[float | None, Interval | None]:
    """Mean over several situations of the ratio of two means.

    Args:
        pairs: per situation the numerator's and the denominator's values, one per seed; the same seeds everywhere.

    Returns:
        The mean ratio and its 95 % BCa bootstrap interval; a resample takes the same seeds for both sides and in all
        situations. ``None`` where nothing can be said, and for the interval of fewer than :data:`FEWEST` seeds.
    """
    columns = [values for pair in pairs for values in pair]
    complete = [row for row in zip(*columns, strict=True) if None not in row]
    samples = np.array(complete, dtype=np.float64).T

    def statistic(*parts: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        means = [part.mean(axis=axis) for part in parts]
        ratios = [above / below for above, below in zip(means[::2], means[1::2], strict=True)]
        return np.asarray(np.mean(ratios, axis=0))

    if not complete or (samples[1::2].mean(axis=1) <= 0.0).any():
        return None, None
    return float(statistic(*samples)), _bootstrap(tuple(samples), statistic) if len(complete) >= FEWEST else None


def ratio_change(pair: tuple[Values, Values], before: tuple[Values, Values]) -> Interval | None:
    """Interval of the difference of two ratios of means on the same seeds.

    By the delta method: Student's t interval of what every seed contributes to the difference. Among a dozen seeds it
    covers more nearly what it says than a bootstrap does, and it is asked of many differences at once.

    Args:
        pair: the numerator's and the denominator's values of the one ratio, one per seed.
        before: those of the ratio that is taken from it.

    Returns:
        The 95 % interval, of no width where nothing varies; ``None`` with fewer than :data:`FEWEST` seeds, or where a
        denominator's mean is not positive.
    """
    complete = [row for row in zip(*pair, *before, strict=True) if None not in row]
    samples = np.array(complete, dtype=np.float64).reshape(-1, 4).T
    if len(complete) < FEWEST or (samples[1::2].mean(axis=1) <= 0.0).any():
        return None
    above, below = samples[::2], samples[1::2]
    ratios = above.mean(axis=1) / below.mean(axis=1)
    contributed = ratios[:, None] + (above - ratios[:, None] * below) / below.mean(axis=1)[:, None]
    return t_interval(contributed[0] - contributed[1])


def ratio_is_honest(metric: Metric, *controllers: ControllerResults) -> bool:
    """Whether a ratio of means of a metric means anything: at most 5 % of anybody's episodes are censored."""
    shares = [controller.censored_share(metric) for controller in controllers]
    return all(share is None or share <= CENSORED_SHARE_MAX for share in shares)


def _present(values: Values) -> NDArray[np.float64]:
    return np.array([value for value in values if value is not None], dtype=np.float64)


def _intervals(sample: NDArray[np.float64]) -> tuple[Interval | None, Interval | None]:
    """The t interval and the bootstrap's."""
    return (t_interval(sample), bootstrap_interval(sample)) if sample.size >= FEWEST else (None, None)


def _mean(sample: NDArray[np.float64]) -> float | None:
    return float(sample.mean()) if sample.size else None


def _bootstrap(samples: tuple[NDArray[np.float64], ...], statistic: Callable[..., Any]) -> Interval | None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # no interval, which the caller is told
        interval = stats.bootstrap(
            samples,
            statistic,
            paired=len(samples) > 1,
            n_resamples=BOOTSTRAP_RESAMPLES,
            confidence_level=CONFIDENCE,
            method="BCa",
            rng=np.random.default_rng(0),
        ).confidence_interval
    ends = float(interval.low), float(interval.high)
    return ends if bool(np.isfinite(ends).all()) else None
