"""What rewards of the market world look back on."""

from dataclasses import dataclass

from voltran.envs.market.state import MarketState
from voltran.envs.rewards import Period
from voltran.envs.world import FloatArray

# Parts of the welfare, with their signs: payments are transfers, and no part of it.
WELFARE = (("satisfaction_usd", 1.0), ("generation_cost_usd", -1.0), ("lost_load_usd", -1.0), ("wear_usd", -1.0))


@dataclass
class MarketPeriod(Period):
    """A decision period of the market world."""

    state: MarketState

    def latest(self, name: str) -> FloatArray:
        """What the period brought: one of the world's series (see ``trace``), ``[B, M]``, ``[B, I]`` or ``[B]``."""
        return self.state.latest(name)

    def welfare_parts(self) -> dict[str, FloatArray]:
        """Parts ``[B]`` of the welfare of all, USD; what costs is negative."""
        return {name: sign * self.latest(name).sum(axis=1) for name, sign in WELFARE}
