"""Everybody the costs of the infrastructure, in equal parts."""

from voltran.envs.rewards import RewardResult
from voltran.envs.sharing.rewards.period import SharingPeriod


def common(period: SharingPeriod) -> RewardResult:
    """``[B, N]`` EUR, negative: mean costs of the agents at the same infrastructure."""
    return RewardResult({"operator": -period.equal_parts(period.world.constants.sum_of_agents(period.cost_eur()))})
