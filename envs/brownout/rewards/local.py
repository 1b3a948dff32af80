"""The outage's local reward, less what the site itself pays."""

from voltran.envs.blackout.rewards.local import local as outage_local
from voltran.envs.brownout.rewards.formulas import less_purchases, purchase_cost
from voltran.envs.brownout.rewards.period import BrownoutPeriod
from voltran.envs.rewards import RewardResult, with_components


@with_components("survival", "service", "ev_cost", "switching", "local", "purchase")
def local(period: BrownoutPeriod) -> RewardResult:
    """Role -> ``[B, n]``."""
    return less_purchases(period, outage_local(period), purchase_cost(period))
