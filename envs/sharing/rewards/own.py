"""Each operator its own costs."""

from voltran.envs.rewards import RewardResult
from voltran.envs.sharing.rewards.period import SharingPeriod


def own(period: SharingPeriod) -> RewardResult:
    """``[B, N]`` EUR, negative: own purchases, the share of charging and wear, and lost load.

    Whoever discharges takes from all, whoever charges pays for all: a common pool.
    """
    return RewardResult({"operator": -period.cost_eur()})
