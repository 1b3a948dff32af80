"""What the uplink world's rewards are made of: efficiency with a price on missing rates and waking up; a credit."""

import numpy as np

from voltran.envs.uplink.counterfactual import Outcomes
from voltran.envs.uplink.scenario import Reward
from voltran.physics.layout import FloatArray
from voltran.physics.uplink import BoolArray


def components(
    weights: Reward, efficiency: FloatArray, shortfall_mbps: FloatArray, demanded_mbps: FloatArray, woken: FloatArray
) -> dict[str, FloatArray]:
    """Components of the team reward of one decision period, all of the shape of the arguments.

    Args:
        weights: the scenario's.
        efficiency: Mbit/J.
        shortfall_mbps: sum over UEs of what they lack of their minimum rates.
        demanded_mbps: sum of the minimum rates.
        woken: share of the UBSs that were asleep and now are awake.
    """
    demanded = np.broadcast_to(demanded_mbps, shortfall_mbps.shape)
    missing = np.divide(shortfall_mbps, demanded, out=np.zeros_like(shortfall_mbps), where=demanded > 0.0)
    return {
        "efficiency": efficiency / weights.reference_mbit_per_j,
        "shortfall": -weights.shortfall * missing,
        "wake_up": -weights.wake_up * woken,
    }


def marginal_credit(weights: Reward, without: Outcomes, demanded_mbps: FloatArray, was_awake: BoolArray) -> FloatArray:
    """Credit ``[B, M]`` of each UBS: the team reward less what it would be if the UBS had asked to sleep.

    What a UBS does changes its credit by exactly as much as the team reward (a difference reward, Wolpert and Tumer
    2001), and one that asks to sleep has none; the credits need not sum to the team reward.

    Args:
        weights: the scenario's.
        without: outcomes ``[B, M + 1]`` without each UBS, and at last with all.
        demanded_mbps: ``[B]`` sum of the minimum rates.
        was_awake: ``[B, M]`` before the period.
    """
    woken = (without.awake & ~was_awake[:, None]).mean(axis=2)
    parts = components(weights, without.efficiency, without.shortfall_mbps, demanded_mbps[:, None], woken)
    team = np.sum(list(parts.values()), axis=0)
    return np.asarray(team[:, -1:] - team[:, :-1])
