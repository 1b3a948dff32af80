"""Everybody the costs of the infrastructure, in equal parts."""

import numpy as np

from voltran.envs.rewards import RewardResult
from voltran.envs.sharing.rewards.period import SharingPeriod


def common(period: SharingPeriod) -> RewardResult:
    """``[B, N]`` EUR, negative: mean costs of the agents at the same infrastructure."""
    constants = period.world.constants
    same = constants.agent_infrastructure[:, None] == constants.agent_infrastructure
    mean = (period.cost_eur()[:, None, :] * same).sum(axis=-1) / same.sum(axis=-1)
    return RewardResult({"operator": np.asarray(-mean)})
