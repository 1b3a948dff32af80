"""What rewards of the brownout world look back on."""

from dataclasses import dataclass

from voltran.envs.blackout.rewards.period import BlackoutPeriod
from voltran.envs.world import FloatArray


@dataclass
class BrownoutPeriod(BlackoutPeriod):
    """A decision period of the brownout world.

    Attributes:
        paid_usd: ``[B, site]`` what sites paid for power.
        profit_usd: ``[B, retailer]`` what retailers earned, less their costs.
    """

    paid_usd: FloatArray
    profit_usd: FloatArray
