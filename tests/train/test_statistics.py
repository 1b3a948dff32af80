"""Means, intervals and paired differences, against closed forms and other implementations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from voltran.train.statistics import (
    bootstrap_interval,
    censored_share,
    interquartile_mean,
    mean_ratio,
    paired_difference,
    ratio_is_honest,
    summarise,
    t_interval,
)

samples = st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=2, max_size=60)


def test_t_interval_of_three_numbers_by_hand() -> None:
    low, high = t_interval(np.array([1.0, 2.0, 3.0])) or (0.0, 0.0)
    half_width = 4.302652729749462 / np.sqrt(3.0)  # tabulated quantile with 2 degrees of freedom, s = 1
    assert (low, high) == pytest.approx((2.0 - half_width, 2.0 + half_width), rel=1e-9)


@given(samples)
def test_t_interval_is_scipys_interval_of_the_one_sample_test(values: list[float]) -> None:
    sample = np.array(values)
    if np.ptp(sample) < 1e-6:
        return
    expected = stats.ttest_1samp(sample, 0.0).confidence_interval(0.95)
    assert t_interval(sample) == pytest.approx((expected.low, expected.high), rel=1e-7, abs=1e-7)


def covers(interval: tuple[float, float] | None, value: float) -> bool:
    return interval is not None and interval[0] <= value <= interval[1]


def test_intervals_hold_the_true_mean_about_nineteen_times_in_twenty() -> None:
    samples = np.random.default_rng(0).normal(3.0, 1.0, (2000, 30))
    share = np.mean([covers(t_interval(sample), 3.0) for sample in samples])
    assert share == pytest.approx(0.95, abs=0.015)  # three standard errors of a binomial with n = 2000
    share = np.mean([covers(bootstrap_interval(sample), 3.0) for sample in samples[:200]])
    assert share == pytest.approx(0.94, abs=0.05)  # n = 200; BCa is a little narrow at 30 values


def test_bootstrap_is_repeatable_and_leans_to_the_long_tail() -> None:
    sample = np.random.default_rng(1).exponential(1.0, 60)
    first, second = bootstrap_interval(sample), bootstrap_interval(sample)
    assert first is not None
    assert first == second
    assert first[1] - sample.mean() > sample.mean() - first[0]


def test_bootstrap_agrees_with_the_normal_interval_for_many_values() -> None:
    sample = np.random.default_rng(2).normal(10.0, 2.0, 2000)
    interval = bootstrap_interval(sample)
    half_width = 1.96 * sample.std(ddof=1) / np.sqrt(2000)
    assert interval == pytest.approx((sample.mean() - half_width, sample.mean() + half_width), abs=0.15 * half_width)


def test_interquartile_mean_is_the_mean_of_the_middle_half() -> None:
    assert interquartile_mean(np.array([100.0, 1.0, 0.0, 2.0])) == 1.5
    values = np.random.default_rng(3).normal(size=40)
    assert interquartile_mean(values) == pytest.approx(np.sort(values)[10:30].mean())


def test_one_value_has_a_mean_and_no_interval() -> None:
    summary = summarise([2.5])
    assert (summary.mean, summary.iqm) == (2.5, 2.5)
    assert summary.ci95 is None
    assert summary.bootstrap95 is None


def test_no_value_has_nothing() -> None:
    summary = summarise([None, None])
    assert (summary.mean, summary.iqm, summary.ci95, summary.bootstrap95) == (None, None, None, None)
    assert summary.values == [None, None]


def test_equal_values_have_an_interval_of_no_width() -> None:
    summary = summarise([0.7] * 5)
    assert summary.ci95 == pytest.approx((0.7, 0.7))
    assert summary.bootstrap95 == (0.7, 0.7)


def test_missing_values_are_left_out_of_the_statistics_but_keep_their_place() -> None:
    summary = summarise([1.0, None, 3.0])
    assert summary.mean == 2.0
    assert summary.ci95 == t_interval(np.array([1.0, 3.0]))
    assert summary.values == [1.0, None, 3.0]


def test_pairing_removes_what_both_sides_share() -> None:
    generator = np.random.default_rng(4)
    common = generator.normal(5.0, 3.0, 50)
    better = common + 0.5 + generator.normal(0.0, 0.1, 50)
    difference = paired_difference(better.tolist(), common.tolist())
    expected = stats.ttest_rel(better, common).confidence_interval(0.95)
    assert difference.ci95 == pytest.approx((expected.low, expected.high))
    assert difference.mean == pytest.approx(0.5, abs=0.05)
    assert difference.ci95 is not None
    assert difference.ci95[0] > 0.0


def test_pairs_with_a_missing_side_are_left_out() -> None:
    difference = paired_difference([1.0, None, 5.0], [0.5, 2.0, None], with_ratio=True)
    assert (difference.n, difference.mean, difference.ratio) == (1, 0.5, 2.0)
    assert difference.ci95 is None


def test_ratio_of_the_means_and_none_when_not_asked_for() -> None:
    assert paired_difference([6.0, 6.0], [2.0, 4.0], with_ratio=True).ratio == 2.0
    assert paired_difference([6.0, 6.0], [2.0, 4.0]).ratio is None
    assert paired_difference([6.0], [0.0], with_ratio=True).ratio is None


def test_the_mean_ratio_over_situations_by_hand() -> None:
    missing: list[float | None] = [9.0, None]  # of the second seed, which is left out
    assert mean_ratio([([6.0, 6.0], [2.0, 4.0]), (missing, [4.0, 1.0])]) == ((6.0 / 2.0 + 9.0 / 4.0) / 2, None)
    assert mean_ratio([([4.0, 6.0], [2.0, 2.0])])[0] == pytest.approx(2.5)
    assert mean_ratio([]) == mean_ratio([([None], [1.0])]) == mean_ratio([([1.0], [0.0])]) == (None, None)


def test_the_mean_ratios_interval_is_that_of_the_delta_method_for_many_seeds() -> None:
    generator = np.random.default_rng(6)
    common = generator.normal(10.0, 1.0, 400)
    above, below = 2.0 * common + generator.normal(0.0, 0.5, 400), common
    ratio, interval = mean_ratio([(above.tolist(), below.tolist())])
    assert ratio is not None
    assert interval is not None
    deviation = (above - ratio * below).std(ddof=1) / (np.sqrt(400) * below.mean())
    assert interval == pytest.approx((ratio - 1.96 * deviation, ratio + 1.96 * deviation), abs=0.2 * deviation)
    # situations that share their seeds are no independent evidence
    assert mean_ratio([(above.tolist(), below.tolist())] * 3)[1] == pytest.approx(interval, abs=1e-9)


def test_ratios_that_never_differ_have_no_interval() -> None:
    assert mean_ratio([([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])]) == (2.0, None)


def test_a_ratio_is_honest_up_to_five_percent_censored() -> None:
    assert censored_share([0.0, 1.0, 0.0, None]) == pytest.approx(1 / 3)
    assert ratio_is_honest(0.05, 0.0, None)
    assert not ratio_is_honest(0.0, 0.06)
