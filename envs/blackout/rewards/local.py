"""For training: each site's own part, shared with its neighbours, and some of the team's reward."""

from voltran.envs.blackout.rewards.formulas import shared_with_neighbours, site_credit
from voltran.envs.blackout.rewards.period import BlackoutPeriod
from voltran.envs.blackout.rewards.team import team
from voltran.envs.rewards import RewardResult, with_components


@with_components("survival", "service", "ev_cost", "switching", "local")
def local(period: BlackoutPeriod) -> RewardResult:
    """Rewards ``[B, site]``, and the team's components with the mean over sites."""
    of_team, components = team(period)
    credit = site_credit(
        period.constants,
        period.totals,
        period.before_kwh,
        period.world.usable_kwh,
        period.changed,
        period.repaired,
        period.home_users,
    )
    rewards = shared_with_neighbours(period.constants, credit) + period.constants.scenario.reward.local_team * of_team
    return RewardResult(rewards, {**components, "local": rewards.mean(axis=1)})
