"""The same for every site: the normalised objective of [MSRC] Eq. 18."""

import numpy as np

from voltran.envs.blackout.rewards.formulas import team_components
from voltran.envs.blackout.rewards.period import BlackoutPeriod
from voltran.envs.rewards import RewardResult, with_components


@with_components("survival", "service", "ev_cost", "switching")
def team(period: BlackoutPeriod) -> RewardResult:
    """Rewards ``[B, site]``, and their four components. Source: [MSRC] Eq. 18, normalised."""
    components = team_components(period.constants, period.totals, period.changed.sum(axis=1))
    total = np.sum(list(components.values()), axis=0)
    return RewardResult(np.repeat(total[:, None], period.constants.n_sites, axis=1), components)
