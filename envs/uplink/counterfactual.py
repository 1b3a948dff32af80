"""What the network would be without the choice of one UBS: the basis of the local reward."""

from typing import NamedTuple

import numpy as np

from voltran.envs.uplink.problem import UplinkProblem
from voltran.envs.uplink.repair import repair
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.compiled import kernel
from voltran.physics.uplink import UplinkStatistics, combine, uplink_rate_mbps, uplink_sinr
from voltran.physics.uplink_control import eipc_power_mw
from voltran.physics.uplink_power import UplinkPower, network_power_w


class Outcomes(NamedTuple):
    """What several associations of one moment give.

    Attributes:
        efficiency: ``[n]`` Mbit/J.
        shortfall_mbps: ``[n]`` sum over UEs.
        awake: ``[n, M]``.
    """

    efficiency: FloatArray
    shortfall_mbps: FloatArray
    awake: BoolArray


def without_each(problem: UplinkProblem, requested: BoolArray, power_mw: FloatArray | None) -> Outcomes:
    """Outcomes when one UBS after the other asks to sleep, and at last when all do as they asked.

    Args:
        problem: the moment.
        requested: ``[M, K]`` association before its repair.
        power_mw: ``[K]`` transmit powers, or None for EIPC.

    Returns:
        ``n = M + 1`` outcomes after repair.
    """
    n_ubs = problem.n_ubs
    several = np.repeat(requested[None], n_ubs + 1, axis=0)
    several[np.arange(n_ubs), np.arange(n_ubs)] = False
    several = repair(several, problem.gain, problem.ubs_per_ue, problem.ues_per_ubs)
    radio = problem.radio
    chosen = np.empty(0) if power_mw is None else power_mw
    return _evaluate_all(
        several, problem.gain, problem.statistics, problem.rate_min_mbps, problem.power,
        chosen, radio.power_max_mw, radio.noise_mw, radio.prelog_mhz,
    )  # fmt: skip


@kernel
def _evaluate_all(
    several: BoolArray,
    gain: FloatArray,
    statistics: UplinkStatistics,
    rate_min_mbps: FloatArray,
    power: UplinkPower,
    chosen_mw: FloatArray,
    power_max_mw: float,
    noise_mw: float,
    prelog_mhz: float,
) -> Outcomes:
    """``problem.evaluate`` for several associations, at given powers or, without any, at those of EIPC."""
    n, n_ubs, n_ues = several.shape
    outcomes = Outcomes(np.zeros(n), np.zeros(n), np.zeros((n, n_ubs), dtype=np.bool_))
    servers = np.zeros(n_ues)
    for index in range(n):
        association, n_awake = several[index], 0
        servers[:] = 0.0
        for ubs in range(n_ubs):
            for ue in range(n_ues):
                if association[ubs, ue]:
                    outcomes.awake[index, ubs] = True
                    servers[ue] += 1.0
            n_awake += outcomes.awake[index, ubs]
        power_mw = chosen_mw
        if chosen_mw.size == 0:
            power_mw = eipc_power_mw(gain, outcomes.awake[index], power_max_mw)
        sinr = uplink_sinr(combine(statistics, association, noise_mw), power_mw)
        rate_mbps = uplink_rate_mbps(sinr, prelog_mhz)
        drawn_w = network_power_w(power, n_ubs, n_awake, servers, rate_mbps, power_mw)
        outcomes.efficiency[index] = rate_mbps.sum() / drawn_w
        for ue in range(n_ues):
            outcomes.shortfall_mbps[index] += max(rate_min_mbps[ue] - rate_mbps[ue], 0.0)
    return outcomes
