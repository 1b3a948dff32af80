"""Minimum rates of UEs over an episode: constant, a synthetic day, or measurements.

Reconstructed: [FDRAN] Fig. 12 uses measured traffic of 25 regions (its reference 40), which is not available.
"""

import numpy as np

from voltran.envs.daily_curve import GRID_H, daily_shape
from voltran.envs.draws import Stream, generator
from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.scenario import Time, Traffic, TrafficFiles, UplinkScenario
from voltran.envs.uplink.traffic_files import read_traffic_mbps, summed_in_squares
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.units import HOURS_PER_DAY

# The day over which the largest total of measured traffic is looked for.
WHOLE_DAY = Time(horizon_h=HOURS_PER_DAY, decision_period_s=900.0, start_h=0.0)
# Parts of the stream of demands: weights, mixes, and one part per session from there on.
WEIGHT, MIX, SESSIONS = 0, 1, 2
SESSION_SLACK = 1e-9


class TrafficSource:
    """Draws the traffic of episodes; measured traffic is read once and is the same in all of them.

    Args:
        scenario: the scenario.

    Raises:
        ScenarioError: files that cannot be read, are faulty, hold traffic of another number of UEs, or lack a part of
            the day that ``peak_total_mbps`` is about.
    """

    def __init__(self, scenario: UplinkScenario) -> None:
        self._scenario = scenario
        self._measured_mbps = None
        files = scenario.traffic.files
        if files is not None:
            measured_mbps = _of_regions(files, scenario.time, scenario.ues.count)
            scaled = scenario.traffic.peak_total_mbps is not None
            day_mbps = _of_regions(files, WHOLE_DAY, scenario.ues.count) if scaled else measured_mbps
            self._measured_mbps = measured_mbps * peak_factor(day_mbps, scenario.traffic)

    def draw_mbps(self, seed: int) -> FloatArray:
        """Traffic ``[T, K]`` of one episode at the start of each decision period; zero for UEs that are silent."""
        traffic = self._scenario.traffic
        if traffic.source == "constant":
            mbps = np.full(
                (self._scenario.time.decisions, self._scenario.ues.count), self._scenario.quality.rate_min_mbps
            )
            return silenced(mbps * peak_factor(mbps, traffic), traffic)
        if self._measured_mbps is not None:
            return silenced(self._measured_mbps, traffic)
        return silenced(_daily_mbps(self._scenario, seed), traffic)


def _of_regions(files: TrafficFiles, time: Time, count: int) -> FloatArray:
    """Measured traffic ``[T, K]``, a region per UE."""
    measured_mbps = read_traffic_mbps(files, time)
    if files.cells == "square":
        return summed_in_squares(measured_mbps, count, files.paths[0])
    if measured_mbps.shape[1] != count:
        raise ScenarioError(f"ues.count = {count}: {', '.join(files.paths)} hold {measured_mbps.shape[1]} regions")
    return measured_mbps


def silenced(traffic_mbps: FloatArray, traffic: Traffic) -> FloatArray:
    """Traffic ``[T, K]`` without that below the threshold. Source: [FDRAN] Section VII-F.

    Reconstructed: the text silences regions with less than 20 % of the total, which would leave hardly any of 25; read
    as 20 % of the largest. ``threshold_of: total`` is the text as printed.
    """
    reference = traffic_mbps.max(axis=1) if traffic.threshold_of == "largest" else traffic_mbps.sum(axis=1)
    return np.where(traffic_mbps < traffic.silent_below * reference[:, None], 0.0, traffic_mbps)


def peak_factor(day_mbps: FloatArray, traffic: Traffic) -> float:
    """What traffic is multiplied by so that the largest total of a day ``[T, K]`` is what the scenario wants."""
    largest = float(day_mbps.sum(axis=1).max())
    return 1.0 if traffic.peak_total_mbps is None or largest == 0.0 else traffic.peak_total_mbps / largest


def _daily_mbps(scenario: UplinkScenario, seed: int) -> FloatArray:
    """Traffic ``[T, K]`` of the synthetic day: a piece of it where an episode is shorter."""
    traffic, time, count = scenario.traffic, scenario.time, scenario.ues.count
    spread = traffic.unevenness
    normal = generator(seed, Stream.DEMAND, WEIGHT).standard_normal(count)
    peak_mbps: FloatArray = scenario.quality.rate_min_mbps * np.exp(spread * normal - spread**2 / 2.0)
    morning_share = generator(seed, Stream.DEMAND, MIX).random(count)
    peak_mbps *= peak_factor(peak_mbps * daily_shape(GRID_H, morning_share, traffic), traffic)
    time_h: FloatArray = time.start_h + np.arange(time.decisions, dtype=np.float64) * time.period_h
    shape = daily_shape(time_h, morning_share, traffic)
    if traffic.session_h is None:
        return np.asarray(peak_mbps * shape)
    there = _there(time_h, morning_share, traffic, traffic.session_h, seed)
    return np.where(there, np.sqrt(shape) * peak_mbps, 0.0)


def _there(time_h: FloatArray, morning_share: FloatArray, traffic: Traffic, session_h: float, seed: int) -> BoolArray:
    """Who is there ``[T, K]``, where UEs come and go so that the mean traffic stays about what it is.

    Half of the swing of the day, on a logarithmic scale, is in how many are there, half in how much each wants.
    Sessions are counted from midnight, so that those of an episode are the same wherever in a day it begins.
    """
    session = np.floor(time_h / session_h + SESSION_SLACK).astype(np.int64)
    numbers, of_period = np.unique(session, return_inverse=True)
    count = len(morning_share)
    chance = np.stack([generator(seed, Stream.DEMAND, SESSIONS + int(number)).random(count) for number in numbers])
    start_h: FloatArray = numbers.astype(np.float64) * session_h
    share = np.sqrt(daily_shape(start_h, morning_share, traffic))
    return np.asarray((chance < share)[of_period])
