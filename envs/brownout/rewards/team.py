"""The outage's team reward, less an equal share of what all sites pay."""

from voltran.envs.blackout.rewards.team import team as outage_team
from voltran.envs.brownout.rewards.formulas import less_purchases, purchase_cost, shared_equally
from voltran.envs.brownout.rewards.period import BrownoutPeriod
from voltran.envs.rewards import RewardResult, with_components


@with_components("survival", "service", "ev_cost", "switching", "purchase")
def team(period: BrownoutPeriod) -> RewardResult:
    """Role -> ``[B, n]``."""
    return less_purchases(period, outage_team(period), shared_equally(purchase_cost(period)))
