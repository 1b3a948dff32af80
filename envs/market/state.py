"""Everything that changes during a market episode besides the retailers' state, with a leading world axis."""

from dataclasses import dataclass

import numpy as np

from voltran.envs.episodes import Episodes
from voltran.envs.market.constants import MarketConstants
from voltran.envs.recorded_state import RecordedState
from voltran.physics.arrays import FloatArray

# One value per decision period and site, retailer or world; energy and money are those of the period.
SITE_SERIES = (
    "load_kw", "requested_kw", "bought_kw", "battery_kw", "unserved_kw", "loss_kw", "residual_kw", "soc",
    "paid_usd", "satisfaction_usd", "lost_load_usd", "wear_usd",
)  # fmt: skip
RETAILER_SERIES = ("price", "available_kw", "sold_kw", "earned_usd", "generation_cost_usd", "profit_usd")
WORLD_SERIES = ("utility_paper",)


@dataclass
class MarketState(RecordedState):
    """State of a batch of episodes.

    Attributes:
        episodes: which episodes are played, and how far they are.
        soc: ``[B, M]`` states of charge; zero at sites without a battery.
        series: name -> ``[B, T, M]``, ``[B, T, I]`` or ``[B, T]``, one row per decision period.
    """

    soc: FloatArray

    def begin(self, world: int, soc: FloatArray) -> None:
        """Put one world at the start of an episode."""
        self.soc[world] = soc
        for values in self.series.values():
            values[world] = 0.0


def blank_state(constants: MarketConstants, episodes: Episodes) -> MarketState:
    """State before the first reset."""
    n_worlds = episodes.n_worlds
    rows = (n_worlds, constants.decisions)
    sizes = [(SITE_SERIES, (constants.n_sites,)), (RETAILER_SERIES, (constants.n_retailers,)), (WORLD_SERIES, ())]
    return MarketState(
        episodes=episodes,
        soc=np.tile(constants.initial_soc, (n_worlds, 1)),
        series={name: np.zeros((*rows, *size)) for names, size in sizes for name in names},
    )
