"""For training: what each UBS adds to the team's reward."""

from voltran.envs.rewards import RewardResult, with_components
from voltran.envs.uplink.rewards.formulas import marginal_credit
from voltran.envs.uplink.rewards.period import UplinkPeriod
from voltran.envs.uplink.rewards.team import team


@with_components("efficiency", "shortfall", "wake_up", "local")
def local(period: UplinkPeriod) -> RewardResult:
    """Rewards ``[B, M]``, and the team's components with the mean over UBSs."""
    weights = period.world.scenario.reward
    of_team, components = team(period)
    credit = marginal_credit(weights, period.without, period.latest("traffic_mbps"), period.was_awake)
    rewards = credit - weights.local_repair * period.repaired + weights.local_team * of_team
    return RewardResult(rewards, {**components, "local": rewards.mean(axis=1)})
