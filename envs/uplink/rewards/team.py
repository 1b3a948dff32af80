"""The same for every UBS: energy efficiency, with a price on missing rates and on waking up."""

import numpy as np

from voltran.envs.rewards import RewardResult, with_components
from voltran.envs.uplink.metrics import efficiency
from voltran.envs.uplink.rewards.formulas import components
from voltran.envs.uplink.rewards.period import UplinkPeriod


@with_components("efficiency", "shortfall", "wake_up")
def team(period: UplinkPeriod) -> RewardResult:
    """Rewards ``[B, M]``, and their three components."""
    n_ubs = period.repaired.shape[1]
    parts = components(
        period.world.scenario.reward,
        efficiency(period.latest("sum_rate_mbps"), period.latest("network_power_w")),
        period.latest("shortfall_mbps"),
        period.latest("traffic_mbps"),
        period.latest("wake_ups") / n_ubs,
    )
    return RewardResult(np.repeat(np.sum(list(parts.values()), axis=0)[:, None], n_ubs, axis=1), parts)
