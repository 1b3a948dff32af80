"""Everything that changes during a market episode besides the retailers' state, with a leading world axis."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.market.constants import MarketConstants
from voltran.envs.seeds import SeedArray, unset_seeds
from voltran.envs.world import BoolArray, FloatArray

# One value per decision period and site, retailer or world; energy and money are those of the period.
SITE_SERIES = (
    "load_kw", "requested_kw", "bought_kw", "battery_kw", "unserved_kw", "loss_kw", "residual_kw", "soc",
    "paid_usd", "satisfaction_usd", "lost_load_usd", "wear_usd",
)  # fmt: skip
RETAILER_SERIES = ("price", "available_kw", "sold_kw", "earned_usd", "generation_cost_usd", "profit_usd")
WORLD_SERIES = ("utility_paper",)


@dataclass
class MarketState:
    """State of a batch of episodes.

    Attributes:
        seed: ``[B]`` the episode's seed, -1 before the first reset.
        decision: ``[B]`` decision periods done.
        running: ``[B]`` reset, and not over.
        soc: ``[B, M]`` states of charge; zero at sites without a battery.
        series: name -> ``[B, T, M]``, ``[B, T, I]`` or ``[B, T]``, one row per decision period.
    """

    seed: SeedArray
    decision: NDArray[np.int64]
    running: BoolArray
    soc: FloatArray
    series: dict[str, FloatArray]

    def latest(self, name: str) -> FloatArray:
        """One series' values ``[B, ...]`` in the latest decision period, zero before the first."""
        values = self.series[name][np.arange(len(self.seed)), np.maximum(self.decision - 1, 0)]
        done = (self.decision > 0).reshape(-1, *[1] * (values.ndim - 1))
        return np.where(done, values, 0.0)

    def of_world(self, world: int) -> dict[str, FloatArray]:
        """Copies ``[T, ...]`` of one world's series so far."""
        done = int(self.decision[world])
        return {name: values[world, :done].copy() for name, values in self.series.items()}

    def record(self, **values: FloatArray) -> None:
        """Write one row of series."""
        worlds = np.arange(len(self.seed))
        for name, value in values.items():
            self.series[name][worlds, self.decision] = value

    def start(self, world: int, seed: int, soc: FloatArray) -> None:
        """Put one world at the start of an episode."""
        self.seed[world], self.decision[world], self.running[world] = seed, 0, True
        self.soc[world] = soc
        for values in self.series.values():
            values[world] = 0.0

    def snapshot(self) -> dict[str, Any]:
        """Copies of all arrays."""
        arrays = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "series"}
        series = {name: values.copy() for name, values in self.series.items()}
        return {**{name: values.copy() for name, values in arrays.items()}, "series": series}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take over a snapshot's arrays."""
        for name in ("seed", "decision", "running", "soc"):
            getattr(self, name)[...] = snapshot[name]
        for name, values in snapshot["series"].items():
            self.series[name][...] = values


def blank_state(constants: MarketConstants, n_worlds: int) -> MarketState:
    """State before the first reset."""
    rows = (n_worlds, constants.decisions)
    sizes = [(SITE_SERIES, (constants.n_sites,)), (RETAILER_SERIES, (constants.n_retailers,)), (WORLD_SERIES, ())]
    return MarketState(
        seed=unset_seeds(n_worlds),
        decision=np.zeros(n_worlds, dtype=np.int64),
        running=np.zeros(n_worlds, dtype=bool),
        soc=np.tile(constants.initial_soc, (n_worlds, 1)),
        series={name: np.zeros((*rows, *size)) for names, size in sizes for name in names},
    )
