"""Files that arrive one by one: means, spreads, and a queue simulated file by file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from voltran.envs.file_arrivals import draw_utilisation, poisson_of
from voltran.physics.file_arrivals import busy_share, offered_work, utilisation_spread

FILE_MBIT, CAPACITY_MBPS = 4.0, 20.0


def busy_by_shared_capacity(arrival_s: np.ndarray, work_s: float, slots: int, slot_s: float) -> np.ndarray:
    """Processor sharing, event by event: files that are there share the rate until one comes or goes."""
    busy, now, left = np.zeros(slots), 0.0, np.zeros(0)
    for until in [*arrival_s, slots * slot_s]:
        while left.size and now < until:
            end = min(until, now + left.min() * left.size)
            for slot in range(int(now / slot_s), min(int(np.ceil(end / slot_s)), slots)):
                busy[slot] += max(min(end, (slot + 1) * slot_s) - max(now, slot * slot_s), 0.0)
            left = left - (end - now) / left.size
            left, now = left[left > 1e-12], end
        now = max(now, until)
        left = np.append(left, work_s)
    return busy / slot_s


@pytest.mark.parametrize("rate", [0.5, 2.5, 4.0])
def test_a_shared_capacity_is_busy_as_long_as_the_slots_say(rate: float) -> None:
    rng, slots, slot_s, work_s = np.random.default_rng(3), 40, 20.0, FILE_MBIT / CAPACITY_MBPS
    arrival_s = np.sort(rng.uniform(0.0, slots * slot_s, rng.poisson(rate * slots * slot_s)))
    files = np.histogram(arrival_s, slots, (0.0, slots * slot_s))[0].astype(float)
    shares = busy_share(offered_work(files, FILE_MBIT, CAPACITY_MBPS, slot_s))
    exact = busy_by_shared_capacity(arrival_s, work_s, slots, slot_s)
    # Only what waits at the ends of slots differs: a few files at these loads.
    assert np.abs(shares - exact).max() <= 12 * work_s / slot_s
    assert shares.sum() == pytest.approx(exact.sum(), abs=12 * work_s / slot_s)


@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=20))
def test_no_work_is_lost_and_nobody_rests_while_work_waits(offered: list[float]) -> None:
    shares = busy_share(np.array(offered))
    waiting = np.cumsum(offered) - np.cumsum(shares)
    assert (waiting >= -1e-12).all()
    assert ((shares == 1.0) | (waiting <= 1e-12)).all()


def test_full_load_is_five_files_a_second() -> None:
    assert offered_work(np.array(5.0 * 900.0), FILE_MBIT, CAPACITY_MBPS, 900.0) == pytest.approx(1.0)


@pytest.mark.parametrize(("utilisation", "slot_s"), [(0.1, 60.0), (0.5, 60.0), (0.5, 900.0)])
def test_mean_and_spread_are_those_of_the_process(utilisation: float, slot_s: float) -> None:
    slots = 20_000
    drawn = draw_utilisation(np.full((slots, 1), utilisation), FILE_MBIT, CAPACITY_MBPS, slot_s, seed=5)
    spread = utilisation_spread(np.array(utilisation), FILE_MBIT, CAPACITY_MBPS, slot_s)
    assert drawn.mean() == pytest.approx(utilisation, abs=4.0 * spread / np.sqrt(slots))
    assert drawn.std() == pytest.approx(float(spread), rel=0.03)


def test_numbers_of_files_are_the_quantiles_of_another_library() -> None:
    rng = np.random.default_rng(0)
    uniform = np.append(rng.random(3000), [0.0, 1e-12, 1.0 - 1e-12])
    mean = np.append(10.0 ** rng.uniform(-3.0, 5.0, 3000), [5.0, 5.0, 5.0])
    expected = np.where(uniform > 0.0, poisson.ppf(uniform, mean), 0.0)
    assert np.array_equal(poisson_of(uniform, mean), expected)
    assert not poisson_of(uniform, np.zeros_like(mean)).any()


def test_draws_are_those_of_seed_station_and_time_and_rise_with_their_mean() -> None:
    def drawn(mean: float, stations: int, slots: int, seed: int = 1) -> np.ndarray:
        return draw_utilisation(np.full((slots, stations), mean), FILE_MBIT, CAPACITY_MBPS, 60.0, seed)

    whole = drawn(0.4, 3, 50)
    assert np.array_equal(drawn(0.4, 2, 50), whole[:, :2])
    assert np.array_equal(drawn(0.4, 3, 20), whole[:20])
    assert (drawn(0.5, 3, 50) >= whole).all()
    assert not np.array_equal(drawn(0.4, 3, 50, seed=2), whole)
    assert not np.array_equal(whole[:, 0], whole[:, 1])


def test_stations_side_by_side_are_busy_as_each_alone() -> None:
    """The first has more than fits in its first slot, and works on it in the next."""
    offered = np.array([[1.5, 0.2], [0.1, 0.0], [0.0, 2.5], [0.0, 0.0]])
    found = busy_share(offered)
    np.testing.assert_allclose(found, [[1.0, 0.2], [0.6, 0.0], [0.0, 1.0], [0.0, 1.0]], atol=1e-12)
    assert np.array_equal(found[:, 0], busy_share(offered[:, 0]))
