"""Transmit powers in closed form, or nearly so, for the uplink: [FDRAN] Section VI-D."""

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.compiled import kernel
from voltran.physics.uplink import UplinkGains

FIXED_POINT_STEPS = 3000
FIXED_POINT_TOLERANCE = 1e-10


@kernel
def eipc_power_mw(gain: FloatArray, awake: BoolArray, power_max_mw: float) -> FloatArray:
    """Effective channel inversion power control: the strongest UEs send less.

    Source: [FDRAN] Eq. 44. Reconstructed: the gain of a UE is its large-scale fading summed over awake base stations.

    Args:
        gain: ``[M, K]`` large-scale fading, power ratios.
        awake: ``[M]`` stations that are awake; with none awake everybody sends at full power.
        power_max_mw: power of the weakest UE.

    Returns:
        ``[K]`` mW.
    """
    n_ubs, n_ues = gain.shape
    total = np.zeros(n_ues)
    for ubs in range(n_ubs):
        if awake[ubs]:
            for ue in range(n_ues):
                total[ue] += gain[ubs, ue]
    power = np.full(n_ues, power_max_mw)
    if n_ues > 0:
        least = total.min()
        if least > 0.0:
            for ue in range(n_ues):
                power[ue] = power_max_mw * (least / total[ue])
    return power


@kernel
def qopc_power_mw(gains: UplinkGains, sinr_target: FloatArray, power_max_mw: float) -> FloatArray:
    """Least powers that reach target SINRs, clipped where none do; Yates's fixed point.

    Source: [FDRAN] Eq. 43. Reconstructed: the paper takes any feasible powers; the least ones are the natural choice.

    Args:
        gains: coefficients of the SINR; every UE is served.
        sinr_target: ``[K]`` power ratios.
        power_max_mw: largest power.

    Returns:
        ``[K]`` mW; UEs that cannot reach their target send at ``power_max_mw``.
    """
    n_ues = sinr_target.shape[0]
    power = np.zeros(n_ues)
    # From zero the powers only rise, towards the least ones that reach all targets or to the largest power.
    for _ in range(FIXED_POINT_STEPS):
        change = 0.0
        for ue in range(n_ues):
            disturbance = gains.noise[ue]
            for other in range(n_ues):
                disturbance += power[other] * gains.interference[ue, other]
            wanted = min(power_max_mw, sinr_target[ue] * disturbance / gains.signal[ue])
            change = max(change, abs(wanted - power[ue]))
            power[ue] = wanted
        if change <= FIXED_POINT_TOLERANCE * power_max_mw:
            break
    return power
