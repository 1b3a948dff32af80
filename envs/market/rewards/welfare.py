"""Everybody the same share of what all have."""

import numpy as np

from voltran.envs.market.rewards.period import MarketPeriod
from voltran.envs.rewards import RewardResult


def welfare(period: MarketPeriod) -> RewardResult:
    """Role -> ``[B, n]`` USD: the welfare of all, over the number of agents."""
    sizes = {role.name: role.count for role in period.world.roles}
    share = np.sum(list(period.welfare_parts().values()), axis=0)[:, None] / sum(sizes.values())
    return RewardResult({role: np.repeat(share, count, axis=1) for role, count in sizes.items()})
