"""Between the local reward and the team's."""

from voltran.envs.blackout.rewards.local import local
from voltran.envs.blackout.rewards.period import BlackoutPeriod
from voltran.envs.blackout.rewards.team import team
from voltran.envs.rewards import RewardResult, with_components


@with_components("survival", "service", "ev_cost", "switching", "local")
def mixed(period: BlackoutPeriod) -> RewardResult:
    """Rewards ``[B, site]``: ``mixed_share`` of the local reward, and the rest of the team's."""
    share = period.constants.scenario.reward.mixed_share
    of_sites, components = local(period)
    return RewardResult(share * of_sites + (1.0 - share) * team(period).rewards, components)
