"""Minimum rates of UEs over an episode: constant, a synthetic day, or measurements.

Reconstructed: [FDRAN] Fig. 12 uses measured traffic of 25 regions (its reference 40), which is not available. The
synthetic day is a curve of our own: two bumps, of which the evening's is wider, over a floor for the night; residential
areas lean to the evening, business areas to the morning.
"""

import numpy as np

from voltran.envs.draws import Stream, generator
from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.scenario import Traffic, UplinkScenario
from voltran.envs.uplink.traffic_files import read_traffic_mbps
from voltran.physics.layout import FloatArray

DAY_H = 24.0
# Sharpness of the bumps: the morning's is half as high two and a half hours from its peak, the evening's three.
MORNING_SHARPNESS = 3.3
EVENING_SHARPNESS = 2.4
# Times of day at which a UE's curve is looked at to find its peak.
GRID_H = np.arange(0.0, DAY_H, 0.25)


class TrafficSource:
    """Draws the traffic of episodes; measured traffic is read once and is the same in all of them.

    Args:
        scenario: the scenario.

    Raises:
        ScenarioError: files that cannot be read, are faulty, or hold traffic of another number of UEs.
    """

    def __init__(self, scenario: UplinkScenario) -> None:
        self._scenario = scenario
        self._measured_mbps = None
        files = scenario.traffic.files
        if files is not None:
            self._measured_mbps = read_traffic_mbps(files, scenario.time)
            found = self._measured_mbps.shape[1]
            if found != scenario.ues.count:
                raise ScenarioError(f"ues.count = {scenario.ues.count}: {', '.join(files.paths)} hold {found} regions")

    def draw_mbps(self, seed: int) -> FloatArray:
        """Traffic ``[T, K]`` of one episode at the start of each decision period; zero for UEs that are silent."""
        traffic = self._scenario.traffic
        if traffic.source == "constant":
            shape = (self._scenario.time.decisions, self._scenario.ues.count)
            return silenced(scaled(np.full(shape, self._scenario.quality.rate_min_mbps), traffic), traffic)
        if self._measured_mbps is not None:
            return silenced(scaled(self._measured_mbps, traffic), traffic)
        mean_mbps = scaled(_daily_mbps(self._scenario, seed), traffic)
        return silenced(_in_sessions(self._scenario, mean_mbps, seed), traffic)


def daily_shape(time_h: FloatArray, morning_share: FloatArray, traffic: Traffic) -> FloatArray:
    """The synthetic day ``[T, K]``, between about ``night_share`` and 1.

    Args:
        time_h: ``[T]`` time of day.
        morning_share: ``[K]`` share of the morning in each UE's mix.
        traffic: settings.
    """
    peak = _mix(GRID_H, morning_share, traffic).max(axis=0)
    relative = np.minimum(_mix(time_h, morning_share, traffic) / peak, 1.0)
    return np.asarray(traffic.night_share + (1.0 - traffic.night_share) * relative)


def silenced(traffic_mbps: FloatArray, traffic: Traffic) -> FloatArray:
    """Traffic ``[T, K]`` without that below the threshold. Source: [FDRAN] Section VII-F.

    Reconstructed: the text silences regions with less than 20 % of the total, which would leave hardly any of 25; read
    as 20 % of the largest. ``threshold_of: total`` is the text as printed.
    """
    reference = traffic_mbps.max(axis=1) if traffic.threshold_of == "largest" else traffic_mbps.sum(axis=1)
    return np.where(traffic_mbps < traffic.silent_below * reference[:, None], 0.0, traffic_mbps)


def scaled(traffic_mbps: FloatArray, traffic: Traffic) -> FloatArray:
    """Traffic ``[T, K]`` with the largest total that the scenario wants."""
    largest = float(traffic_mbps.sum(axis=1).max())
    if traffic.peak_total_mbps is None or largest == 0.0:
        return traffic_mbps
    return traffic_mbps * (traffic.peak_total_mbps / largest)


def _mix(time_h: FloatArray, morning_share: FloatArray, traffic: Traffic) -> FloatArray:
    morning = _bump(time_h - traffic.morning_h, MORNING_SHARPNESS)[:, None]
    evening = _bump(time_h - traffic.evening_h, EVENING_SHARPNESS)[:, None]
    return np.asarray(morning_share * morning + (1.0 - morning_share) * evening)


def _bump(offset_h: FloatArray, sharpness: float) -> FloatArray:
    return np.asarray(np.exp(sharpness * (np.cos(2.0 * np.pi * offset_h / DAY_H) - 1.0)))


def _daily_mbps(scenario: UplinkScenario, seed: int) -> FloatArray:
    """Mean traffic ``[T, K]``, as it would be if everybody were always there."""
    traffic, time, count = scenario.traffic, scenario.time, scenario.ues.count
    spread = traffic.unevenness
    normal = generator(seed, Stream.DEMAND, 0).standard_normal(count)
    weight: FloatArray = np.exp(spread * normal - spread**2 / 2.0)
    morning_share = generator(seed, Stream.DEMAND, 1).random(count)
    time_h: FloatArray = time.start_h + np.arange(time.decisions, dtype=np.float64) * time.period_h
    return scenario.quality.rate_min_mbps * weight * daily_shape(time_h, morning_share, traffic)


def _in_sessions(scenario: UplinkScenario, mean_mbps: FloatArray, seed: int) -> FloatArray:
    """Let UEs come and go so that the mean stays about what it is.

    Half of the swing of the day, on a logarithmic scale, is in how many are there, half in how much each wants.
    """
    traffic, time = scenario.traffic, scenario.time
    peak_mbps = mean_mbps.max(axis=0)
    if traffic.session_h is None or not peak_mbps.all():
        return mean_mbps
    share = np.sqrt(mean_mbps / peak_mbps)
    elapsed_h = np.arange(time.decisions) * time.period_h
    session = np.floor(elapsed_h / traffic.session_h + 1e-9).astype(np.int64)
    first = np.searchsorted(session, session)  # period in which each period's session began
    chance = generator(seed, Stream.DEMAND, 2).random((len(peak_mbps), session[-1] + 1))[:, session].T
    return np.where(chance < share[first], share * peak_mbps, 0.0)
