"""Each agent its own dollars."""

from voltran.envs.market.rewards.period import MarketPeriod
from voltran.envs.rewards import RewardResult


def own(period: MarketPeriod) -> RewardResult:
    """Role -> ``[B, n]`` USD: what power is worth to a site less what it pays and loses; a retailer's profit."""
    costs = sum(period.latest(name) for name in ("paid_usd", "lost_load_usd", "wear_usd"))
    return RewardResult({"bs": period.latest("satisfaction_usd") - costs, "retailer": period.latest("profit_usd")})
