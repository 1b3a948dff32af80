"""Everybody the costs of the infrastructure, in equal parts."""

import numpy as np

from voltran.envs.rewards import RewardResult
from voltran.envs.sharing.rewards.period import SharingPeriod


def common(period: SharingPeriod) -> RewardResult:
    """``[B, N]`` EUR, negative: mean costs of the agents at the same infrastructure."""
    constants = period.world.constants
    count = constants.sum_of_agents(np.ones((1, constants.n_agents)))
    mean = constants.sum_of_agents(period.cost_eur()) / count
    return RewardResult({"operator": -mean[:, constants.agent_infrastructure]})
