"""What the brownout world's rewards have in common: sites pay for power, retailers live on it."""

import numpy as np

from voltran.envs.brownout.rewards.period import BrownoutPeriod
from voltran.envs.rewards import RewardResult
from voltran.envs.world import FloatArray


def purchase_cost(period: BrownoutPeriod) -> FloatArray:
    """What each site's payments cost it in reward, ``[B, site]``."""
    return np.asarray(period.world.scenario.reward.purchase_per_usd * period.paid_usd)


def less_purchases(period: BrownoutPeriod, of_outage: RewardResult, cost: FloatArray) -> RewardResult:
    """Rewards of the outage less a cost ``[B, site]``; retailers get their profit."""
    paid = purchase_cost(period)
    rewards = {"bs": of_outage.rewards - cost, "retailer": period.profit_usd}
    return RewardResult(rewards, {**of_outage.components, "purchase": -paid.mean(axis=1)})


def shared_equally(cost: FloatArray) -> FloatArray:
    """The same for every site: the mean over sites, ``[B, site]``."""
    return np.repeat(cost.mean(axis=1, keepdims=True), cost.shape[1], axis=1)
