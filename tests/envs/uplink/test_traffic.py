"""Traffic of UEs: constant, a synthetic day with the properties that its description promises, and who is silent."""

from typing import Any

import numpy as np
import pytest

from voltran.envs.daily_curve import daily_shape
from voltran.envs.uplink.scenario import Traffic, UplinkScenario
from voltran.envs.uplink.traffic import TrafficSource, silenced
from voltran.physics.arrays import FloatArray


def scenario(ues: int = 8, **traffic: Any) -> UplinkScenario:
    return UplinkScenario.model_validate({"name": "test", "ues": {"count": ues}, "traffic": traffic})


def drawn(seed: int = 0, ues: int = 8, **traffic: Any) -> FloatArray:
    return TrafficSource(scenario(ues, **traffic)).draw_mbps(seed)


def test_constant_traffic_is_the_minimum_rate() -> None:
    assert (drawn(source="constant") == 20.0).all()
    assert drawn(source="constant").shape == (96, 8)
    assert drawn(source="constant", peak_total_mbps=80.0).sum(axis=1) == pytest.approx(80.0)


def test_the_shape_of_a_day() -> None:
    """Purely residential, purely business, and half of each: peaks where they should be, calm before dawn."""
    time_h = np.arange(0.0, 24.0, 0.25)
    shape = daily_shape(time_h, np.array([0.0, 1.0, 0.5]), Traffic())
    assert time_h[shape[:, 0].argmax()] == 20.0
    assert time_h[shape[:, 1].argmax()] == 11.0
    assert shape.max(axis=0).tolist() == [1.0, 1.0, 1.0]
    assert (shape.min(axis=0) >= 0.1).all()
    assert (shape[(time_h >= 2.0) & (time_h <= 5.0)] < 0.25).all()
    noon, dip, evening = (shape[int(4 * hour), 2] for hour in (11, 15.5, 20))
    assert dip < 0.8 * min(noon, evening)
    # Half the height over the floor, about two and a half hours from the morning's peak and three from the evening's.
    assert shape[int(4 * 13.5), 1] == pytest.approx(0.55, abs=0.02)
    assert shape[(4 * 17), 0] == pytest.approx(0.55, abs=0.02)


def test_a_day_without_sessions_peaks_at_each_ues_weight() -> None:
    traffic = drawn(ues=60, session_h=None)
    np.testing.assert_allclose(traffic.max(axis=0), 20.0)
    uneven = drawn(ues=60, session_h=None, unevenness=0.5).max(axis=0)
    assert np.log(uneven / 20.0).std() == pytest.approx(0.5, abs=0.1)
    assert uneven.mean() == pytest.approx(20.0, rel=0.2)


def test_sessions_keep_the_mean_and_last_an_hour() -> None:
    """Over many UEs and days the mean is about that without sessions; within an hour nobody comes or goes."""
    seeds = range(60)
    with_sessions = np.mean([drawn(seed, 40) for seed in seeds], axis=(0, 2))
    without = np.mean([drawn(seed, 40, session_h=None) for seed in seeds], axis=(0, 2))
    np.testing.assert_allclose(with_sessions, without, rtol=0.2)
    assert with_sessions.mean() == pytest.approx(without.mean(), rel=0.03)
    there = (drawn() > 0.0).reshape(24, 4, 8)
    assert (there == there[:, :1]).all()
    assert 0.3 < there.mean() < 0.9


def test_larger_networks_keep_the_ues_of_smaller_ones() -> None:
    assert np.array_equal(drawn(4, 8), drawn(4, 20)[:, :8])
    assert not np.array_equal(drawn(4), drawn(5))


PROFILES: list[dict[str, Any]] = [
    {},
    {"session_h": 0.5, "unevenness": 0.5},
    {"session_h": 1.5, "peak_total_mbps": 160.0},
    {"session_h": None, "peak_total_mbps": 160.0, "unevenness": 0.5, "silent_below": 0.2},
]


@pytest.mark.parametrize("traffic", PROFILES)
@pytest.mark.parametrize(("start_h", "hours"), [(3.0, 3.0), (0.0, 6.0), (10.25, 0.5), (18.0, 30.0)])
def test_an_episode_is_a_piece_of_its_day(traffic: dict[str, Any], start_h: float, hours: float) -> None:
    """Nothing in a profile is relative to the episode: not who is there, nor how much all want together."""

    def episode(start_h: float, hours: float) -> FloatArray:
        time = {"start_h": start_h, "horizon_h": hours}
        data = {"name": "test", "ues": {"count": 8}, "traffic": traffic, "time": time}
        return TrafficSource(UplinkScenario.model_validate(data)).draw_mbps(7)

    first = round(4 * start_h)
    whole = episode(0.0, start_h + hours)
    np.testing.assert_array_equal(episode(start_h, hours), whole[first:])
    np.testing.assert_array_equal(whole, episode(0.0, 72.0)[: len(whole)])


def test_few_are_there_at_night() -> None:
    night = UplinkScenario.model_validate({"name": "test", "time": {"start_h": 3.0, "horizon_h": 3.0}})
    source = TrafficSource(night)
    there = np.mean([(source.draw_mbps(seed) > 0.0).sum(axis=1).mean() for seed in range(100)])
    assert there == pytest.approx(
        8 * np.sqrt(daily_shape(np.arange(3.0, 6.0), np.array([0.5]), Traffic()).mean()), rel=0.1
    )


def test_the_clock_of_the_scenario_moves_the_day() -> None:
    shifted = UplinkScenario.model_validate({"name": "test", "time": {"start_h": 6.0}, "traffic": {"session_h": None}})
    early = drawn(session_h=None)
    np.testing.assert_allclose(TrafficSource(shifted).draw_mbps(0), np.roll(early, -24, axis=0))


def test_the_largest_total_is_what_was_asked_for() -> None:
    total = drawn(ues=25, unevenness=0.5, session_h=None, peak_total_mbps=160.0).sum(axis=1)
    assert total.max() == pytest.approx(160.0)
    assert total.min() < 0.3 * 160.0


@pytest.mark.parametrize(
    ("reference", "expected"),
    [("largest", [[10.0, 2.0, 0.0], [0.4, 0.1, 0.1]]), ("total", [[10.0, 0.0, 0.0], [0.4, 0.0, 0.0]])],
)
def test_quiet_ues_are_silent(reference: str, expected: list[list[float]]) -> None:
    traffic = np.array([[10.0, 2.0, 1.9], [0.4, 0.1, 0.1]])
    settings = Traffic.model_validate({"silent_below": 0.2, "threshold_of": reference})
    assert silenced(traffic, settings).tolist() == expected


def test_the_literal_rule_silences_nearly_everybody_in_25_regions() -> None:
    regions: dict[str, Any] = {"ues": 25, "unevenness": 0.5, "session_h": None, "silent_below": 0.2}
    assert 0.4 < (drawn(**regions) > 0.0).mean() < 0.9
    assert (drawn(**regions, threshold_of="total") > 0.0).mean() < 0.1


def test_no_traffic_at_all_is_no_error() -> None:
    silent = UplinkScenario.model_validate({"name": "test", "quality": {"rate_min_mbps": 0.0}})
    assert not TrafficSource(silent).draw_mbps(0).any()
