"""Means, intervals and paired differences, against closed forms and other implementations."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.evaluation.fake_uplink import uplink_results
from voltran.envs.metric import Metric
from voltran.evaluation.results import ControllerResults
from voltran.evaluation.statistics import (
    FEWEST,
    bootstrap_interval,
    interquartile_mean,
    mean_ratio,
    paired_difference,
    paired_differences,
    ratio_change,
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


@pytest.mark.parametrize("n", [1, 2, FEWEST - 1])
def test_few_values_have_a_mean_and_no_interval(n: int) -> None:
    values = [2.5 + 0.1 * index for index in range(n)]
    summary, difference = summarise(values), paired_difference(values, [0.0] * n)
    assert summary.mean == difference.mean == pytest.approx(np.mean(values))
    assert (summary.ci95, summary.bootstrap95, difference.ci95, difference.bootstrap95) == (None, None, None, None)
    assert mean_ratio([(values, [1.0 + index for index in range(n)])])[1] is None


def test_from_ten_values_on_there_are_intervals_and_missing_values_do_not_count() -> None:
    values = [0.5 + 0.1 * index for index in range(FEWEST)]
    assert summarise(values).bootstrap95 == bootstrap_interval(np.array(values))
    assert summarise([*values[:-1], None, None]).bootstrap95 is None
    assert mean_ratio([(values, values[::-1])])[1] is not None


@given(st.lists(st.floats(0.0, 1.0, allow_subnormal=False), min_size=FEWEST, max_size=30))
def test_intervals_stay_in_the_range_of_the_metric(values: list[float]) -> None:
    summary = summarise(values, (0.0, 1.0))
    for interval in (summary.ci95, summary.bootstrap95):
        if interval is not None:  # values that differ by less than rounding have none
            assert 0.0 <= interval[0] <= interval[1] <= 1.0


def test_a_rare_event_has_no_interval_below_zero() -> None:
    values = [1.0, *[0.0] * 11]
    low, _ = t_interval(np.array(values)) or (0.0, 0.0)
    summary = summarise(values, (0.0, 1.0))
    assert low < 0.0
    assert summary.ci95 is not None
    assert summary.bootstrap95 is not None
    assert summary.ci95[0] == 0.0
    assert 0.0 <= summary.bootstrap95[0] < np.mean(values) < summary.bootstrap95[1]


def test_no_value_has_nothing() -> None:
    summary = summarise([None, None])
    assert (summary.mean, summary.iqm, summary.ci95, summary.bootstrap95) == (None, None, None, None)
    assert summary.values == [None, None]


def test_equal_values_have_an_interval_of_no_width() -> None:
    summary = summarise([0.7] * 12)
    assert summary.ci95 == pytest.approx((0.7, 0.7))
    assert summary.bootstrap95 == (0.7, 0.7)


def test_missing_values_are_left_out_of_the_statistics_but_keep_their_place() -> None:
    sample = [1.0, None, *np.linspace(2.0, 3.0, 11).tolist()]
    summary, present = summarise(sample), np.array([value for value in sample if value is not None])
    assert summary.mean == present.mean()
    assert summary.ci95 == t_interval(present)
    assert summary.values == sample


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


def censored(*flags: float | None) -> ControllerResults:
    """A controller of whose episodes some outlived their horizon."""
    metrics = {"censored": summarise(flags)} if flags else {}
    return ControllerResults(
        information="global",
        declarations={},
        identity={},
        n=len(flags),
        decisions=1,
        wall_s=1.0,
        metrics=metrics,
    )


def test_a_ratio_is_honest_up_to_five_percent_censored() -> None:
    lives = Metric("lives_h", "Life", censored_by="censored")
    some, few, none, unknown = censored(0.0, 1.0, 0.0, None), censored(1.0, *[0.0] * 19), censored(0.0), censored()
    assert some.censored_share(lives) == pytest.approx(1 / 3)
    assert ratio_is_honest(lives, few, none, unknown)
    assert not ratio_is_honest(lives, none, some)
    assert ratio_is_honest(Metric("other", "Other"), some)


def test_differences_are_of_metrics_that_both_have_values_of_and_no_wall_times(tmp_path: Path) -> None:
    one, two = uplink_results(["a", "b"], tmp_path).controllers.values()
    spread = one.metrics["swaps"]
    one = one.model_copy(update={"metrics": one.metrics | {"decision_ms": spread, "wake_ups": spread}})
    without = spread.model_copy(update={"values": []})  # as summaries of experiments have it
    two = two.model_copy(update={"metrics": two.metrics | {"decision_ms": spread, "wake_ups": without}})
    differences = paired_differences(one, two, "uplink_v0")
    assert list(differences) == ["energy_efficiency", "swaps"]
    assert differences["energy_efficiency"].mean == pytest.approx(0.1)


def test_values_that_differ_by_rounding_alone_have_an_interval() -> None:
    """On one processor they are equal, on another they are not: neither may decide whether there is an interval."""
    value = 2.124002
    equal, rounded = np.full(12, value), np.asarray(value * (1.0 + 1e-15 * np.arange(12)), np.float64)
    assert np.ptp(rounded) > 0.0
    for sample in (equal, rounded, np.zeros(12)):
        interval = bootstrap_interval(sample)
        assert interval is not None
        assert interval == pytest.approx((sample[0], sample[0]), rel=1e-12)


def test_the_change_of_a_ratio_is_that_of_the_mean_where_what_divides_is_constant() -> None:
    generator = np.random.default_rng(3)
    before, change, ones = generator.normal(5.0, 1.0, 60), generator.normal(0.3, 0.5, 60), [1.0] * 60
    found = ratio_change(((before + change).tolist(), ones), (before.tolist(), ones))
    expected = stats.ttest_1samp(change, 0.0).confidence_interval(0.95)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_interval_of_a_change_of_ratios_holds_the_true_change_about_nineteen_times_in_twenty() -> None:
    generator, inside, trials = np.random.default_rng(8), 0, 1000
    for _ in range(trials):
        below, common = generator.normal(4.0, 0.3, 12), generator.normal(0.0, 0.5, 12)
        after, before = 2.0 * below + common, 1.5 * below + common  # the seed moves both in the same way
        below_too = below + generator.normal(0.0, 0.1, 12)
        pair = ((after + generator.normal(0.0, 0.2, 12)).tolist(), below_too.tolist())
        found = ratio_change(pair, (before.tolist(), below.tolist()))
        inside += covers(found, 0.5)
    assert 0.935 <= inside / trials <= 0.965


def test_where_nothing_varies_a_change_of_ratios_is_a_number_and_with_few_seeds_nothing() -> None:
    constant = [2.0] * FEWEST, [1.0] * FEWEST
    varying: tuple[list[float | None], list[float | None]] = ([float(at) for at in range(FEWEST)], [1.0] * FEWEST)
    assert ratio_change(constant, ([1.0] * FEWEST, [4.0] * FEWEST)) == (1.75, 1.75)
    assert ratio_change(varying, varying) == (0.0, 0.0)
    assert ratio_change(([], []), ([], [])) is None
    assert ratio_change(constant, ([1.0] * FEWEST, [0.0] * FEWEST)) is None
    assert ratio_change(([*varying[0][:-1], None], varying[1]), varying) is None
