"""Between the local reward and the team's, with what sites pay."""

from voltran.envs.blackout.rewards.mixed import mixed as outage_mixed
from voltran.envs.brownout.rewards.formulas import less_purchases, purchase_cost, shared_equally
from voltran.envs.brownout.rewards.period import BrownoutPeriod
from voltran.envs.rewards import RewardResult, with_components


@with_components("survival", "service", "ev_cost", "switching", "local", "purchase")
def mixed(period: BrownoutPeriod) -> RewardResult:
    """Role -> ``[B, n]``; sites bear ``mixed_share`` of what they pay themselves."""
    share, paid = period.constants.scenario.reward.mixed_share, purchase_cost(period)
    return less_purchases(period, outage_mixed(period), share * paid + (1.0 - share) * shared_equally(paid))
