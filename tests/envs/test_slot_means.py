"""How long samples hold: the median of the nine nearest intervals, mirrored at the ends."""

import numpy as np
import pytest

from voltran.envs.slot_means import FEW, NEIGHBOURS, sampling_steps_s


def nearest_median(intervals: list[float], at: int) -> float:
    """By counting: beyond an end come the intervals before it, in reverse, as often as it takes."""
    turn = 2 * (len(intervals) - 1)
    places = [place % turn for place in range(at - NEIGHBOURS // 2, at + NEIGHBOURS // 2 + 1)]
    return sorted(intervals[min(place, turn - place)] for place in places)[NEIGHBOURS // 2]


@pytest.mark.parametrize("count", [FEW, 4, 5, 8, 9, 10, 40])
def test_the_median_is_that_of_the_nearest_intervals(count: int) -> None:
    """However few there are: a library's filter once gave others where they are fewer than nine."""
    for seed in range(30):
        intervals = np.random.default_rng(seed).choice([900.0, 1800.0, 3600.0, 7.0], count)
        steps = sampling_steps_s(np.concatenate([[0.0], np.cumsum(intervals)]), lone_s=1.0)
        expected = [nearest_median(list(intervals), at) for at in range(count)]
        np.testing.assert_allclose(steps, [*expected, expected[-1]])
