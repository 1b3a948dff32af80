"""The problem that a network faces at one moment: who is served by whom, at which transmit powers.

The world, the controllers and the tests ask the same :func:`evaluate`.
"""

from typing import NamedTuple

import numpy as np

from voltran.physics.layout import FloatArray
from voltran.physics.uplink import (
    BoolArray,
    IntArray,
    UplinkRadio,
    UplinkStatistics,
    combine,
    sinr_for_rate,
    uplink_rate_mbps,
    uplink_sinr,
)
from voltran.physics.uplink_power import UplinkPower, network_power_w

# A rate this share below its minimum still counts as reached: solvers end within their tolerance.
RATE_TOLERANCE = 1e-4


class UplinkProblem(NamedTuple):
    """One moment; only the UEs that are active take part.

    Attributes:
        ue: ``[K]`` index of each of them in the world.
        gain: ``[M, K]`` large-scale fading.
        statistics: of channels and estimates.
        rate_min_mbps: ``[K]``.
        radio: constants.
        power: coefficients of the network's power.
        ubs_per_ue, ues_per_ubs: limits of the association.
    """

    ue: IntArray
    gain: FloatArray
    statistics: UplinkStatistics
    rate_min_mbps: FloatArray
    radio: UplinkRadio
    power: UplinkPower
    ubs_per_ue: int
    ues_per_ubs: int

    @property
    def n_ubs(self) -> int:
        """``M``."""
        return int(self.gain.shape[0])

    @property
    def n_ues(self) -> int:
        """``K``."""
        return int(self.gain.shape[1])

    @property
    def sinr_min(self) -> FloatArray:
        """``[K]`` SINR at which each UE has its minimum rate. Source: [FDRAN] Eq. 25b."""
        return sinr_for_rate(self.rate_min_mbps, self.radio.prelog_mhz)


class UplinkOutcome(NamedTuple):
    """What an association and transmit powers give.

    Attributes:
        rate_mbps: ``[K]``.
        power_w: of the whole network.
        efficiency: energy efficiency, Mbit/J; zero with no UE.
        shortfall_mbps: sum over UEs of what they lack of their minimum rate.
        violations: UEs that lack any.
        awake: ``[M]`` UBSs that serve somebody.
    """

    rate_mbps: FloatArray
    power_w: float
    efficiency: float
    shortfall_mbps: float
    violations: int
    awake: BoolArray


def evaluate(problem: UplinkProblem, association: BoolArray, power_mw: FloatArray) -> UplinkOutcome:
    """What an association ``[M, K]`` and transmit powers ``[K]`` give. Source: [FDRAN] Eq. 25a, [FDRAN] Eq. 25f."""
    gains = combine(problem.statistics, association, problem.radio.noise_mw)
    rate_mbps = uplink_rate_mbps(uplink_sinr(gains, power_mw), problem.radio.prelog_mhz)
    awake = np.asarray(association.any(axis=1))
    servers = association.sum(axis=0).astype(np.float64)
    power_w = network_power_w(problem.power, problem.n_ubs, int(awake.sum()), servers, rate_mbps, power_mw)
    lacking_mbps = np.maximum(problem.rate_min_mbps - rate_mbps, 0.0)
    return UplinkOutcome(
        rate_mbps=rate_mbps,
        power_w=power_w,
        efficiency=float(rate_mbps.sum()) / power_w,
        shortfall_mbps=float(lacking_mbps.sum()),
        violations=int((lacking_mbps > RATE_TOLERANCE * problem.rate_min_mbps).sum()),
        awake=awake,
    )
