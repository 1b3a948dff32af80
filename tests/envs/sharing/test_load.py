"""Traffic and power of sites: draws that never depend on how many are drawn, and the differences that are promised."""

from typing import Any

import numpy as np
import pytest

from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.load import Load, SiteSeries, SiteTable, draw_load
from voltran.physics.arrays import FloatArray

WEEK = 7 * 96
SITES = 90


def table(sites: int = SITES, operators: int = 3) -> SiteTable:
    return SiteTable(np.arange(sites) % operators, np.arange(sites) // operators)


def drawn(seed: int = 0, sites: int = SITES, slots: int = WEEK, **load: Any) -> SiteSeries:
    return draw_load(Load(**load), table(sites), seed, slots, 0.25, 0.0)


def arrays(series: SiteSeries) -> list[FloatArray]:
    return [series.throughput_mbps, series.success_ratio, series.power_kw]


@pytest.fixture(scope="module")
def week() -> SiteSeries:
    return drawn()


def test_the_first_slots_are_the_same_however_many_follow() -> None:
    for heavy_noise in (0.0, 0.7):
        short, long = (drawn(3, 12, slots, heavy_noise=heavy_noise) for slots in (50, 200))
        for few, many in zip(arrays(short), arrays(long), strict=True):
            assert (few == many[:50]).all()


def test_the_first_sites_are_the_same_however_many_there_are() -> None:
    few, many = drawn(3, 6, 60), drawn(3, 30, 60)
    for some, more in zip([*arrays(few), *few.configuration], [*arrays(many), *many.configuration], strict=True):
        assert (some == more[..., :6]).all()


def test_seeds_replay_and_differ() -> None:
    first, again, other = drawn(5, 9, 30), drawn(5, 9, 30), drawn(6, 9, 30)
    assert (first.power_kw == again.power_kw).all()
    assert not (first.power_kw == other.power_kw).any()


def test_ranges(week: SiteSeries) -> None:
    assert (week.throughput_mbps >= 0.0).all()
    assert ((week.success_ratio >= 0.0) & (week.success_ratio <= 1.0)).all()
    assert set(np.unique(week.configuration.hardware)) <= {0, 1, 2, 3}
    assert set(np.unique(week.configuration.band)) <= {0, 1, 2}
    assert set(np.unique(week.configuration.cells)) <= {3, 6, 9}
    mean_kw = week.power_kw.mean(axis=0)
    assert 3.0 < mean_kw.mean() < 3.8
    assert mean_kw.min() > 1.2
    assert mean_kw.max() < 9.0


def test_sites_without_noise_draw_more_than_asleep_and_less_than_full() -> None:
    quiet = drawn(1, site_noise=0.0, area_noise=0.0, metering_noise=0.0)
    cells = quiet.configuration.cells
    assert (quiet.power_kw > 0.5 + 0.2 * cells).all()
    assert (quiet.power_kw < 0.5 + 1.7 * cells).all()


def test_operators_differ_in_hardware_and_neighbours_share_the_area(week: SiteSeries) -> None:
    operator = np.arange(SITES) % 3
    shares = np.stack([np.bincount(week.configuration.hardware[operator == o], minlength=4) for o in range(3)]) / 30
    assert (shares.argmax(axis=1) == [0, 1, 2]).all()
    even = drawn(operator_skew=0.0).configuration.hardware
    assert np.abs(np.bincount(even, minlength=4) / SITES - 0.25).max() < 0.15
    relative = week.throughput_mbps / week.throughput_mbps.mean(axis=0)
    correlation = np.corrcoef(relative[: 5 * 96].T)
    same = np.equal.outer(np.arange(SITES) // 3, np.arange(SITES) // 3) & ~np.eye(SITES, dtype=bool)
    assert correlation[same].mean() > correlation[~same & ~np.eye(SITES, dtype=bool)].mean() + 0.05


def test_weekends_calm_business_areas_and_nights_calm_all() -> None:
    calm = drawn(2, peak=0.3, crowds_per_day=0.0, area_noise=0.0, site_noise=0.0)
    week = calm.throughput_mbps.reshape(7, 96, SITES // 3, 3).mean(axis=(1, 3))
    ratio = week[5:].mean(axis=0) / week[:5].mean(axis=0)  # of each area
    kinds = np.array([0.45, 0.85, 1.05])
    nearest = np.abs(ratio[:, None] - kinds).argmin(axis=1)
    assert set(nearest) == {0, 1, 2}
    assert np.abs(ratio - kinds[nearest]).max() < 0.03
    day = drawn(2).throughput_mbps[: 5 * 96].reshape(5, 96, SITES).mean(axis=(0, 2))
    assert day[12:20].mean() < 0.4 * day.max()


def test_the_clock_may_start_at_any_hour_with_any_period() -> None:
    quiet = {"site_noise": 0.0, "area_noise": 0.0, "metering_noise": 0.0, "crowds_per_day": 0.0}
    half_hours = draw_load(Load.model_validate(quiet), table(3), 0, 48, 0.5, 0.0)
    from_noon = draw_load(Load.model_validate(quiet), table(3), 0, 24, 0.5, 12.0)
    expected = half_hours.throughput_mbps[24:].sum(axis=0)
    assert from_noon.throughput_mbps.sum(axis=0) == pytest.approx(expected, rel=0.05)


def test_connections_fail_where_there_is_hardly_capacity_left() -> None:
    busy, idle = drawn(0, 30, peak=1.0), drawn(0, 30, peak=0.2)
    assert busy.success_ratio.min() < 0.95 < 0.98 < idle.success_ratio.min()


def test_heavy_noise_has_heavy_tails_of_the_promised_size() -> None:
    quiet, heavy = drawn(4), drawn(4, heavy_noise=0.3)
    noise = heavy.power_kw - quiet.power_kw
    relative = noise / noise.std(axis=0)
    assert (heavy.throughput_mbps == quiet.throughput_mbps).all()
    assert (relative**4).mean() > 5.0  # 3 by the normal law
    weekday = drawn(4, site_noise=0.0, area_noise=0.0, metering_noise=0.0, crowds_per_day=0.0).power_kw[:96]
    assert np.median(noise.std(axis=0) / weekday.std(axis=0)) == pytest.approx(0.3, rel=0.25)


@pytest.mark.parametrize(
    ("operator", "infrastructure", "slots", "message"),
    [
        ([0, 1], [0], 4, "infrastructure"),
        ([], [], 4, "at least one site"),
        ([0, 1], [0, -1], 4, "site 1 has no operator or no infrastructure"),
        ([0, 1], [0, 0], 0, "slots = 0"),
    ],
)
def test_incomplete_tables_are_refused(
    operator: list[int], infrastructure: list[int], slots: int, message: str
) -> None:
    sites = SiteTable(np.array(operator, np.int64), np.array(infrastructure, np.int64))
    with pytest.raises(ScenarioError, match=message):
        draw_load(Load(), sites, 0, slots, 0.25, 0.0)
