"""Everything that changes during an uplink episode, as arrays with a leading world axis."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from voltran.envs.seeds import SeedArray, unset_seeds
from voltran.physics.layout import FloatArray
from voltran.physics.uplink import BoolArray, IntArray

# One number per decision period; `awake` beside them has one per UBS.
SERIES = (
    "network_power_w", "sum_rate_mbps", "traffic_mbps", "shortfall_mbps", "violations", "active_ues", "active_ubs",
    "wake_ups",
)  # fmt: skip


@dataclass
class UplinkState:
    """State of a batch of episodes; what was in force last is that of the latest decision period.

    Attributes:
        seed: ``[B]`` the episode's seed, -1 before the first reset.
        decision: ``[B]`` decision periods done.
        running: ``[B]`` reset, and not over.
        association: ``[B, M, K]`` in force last.
        awake: ``[B, M]`` last; all UBSs are before the first decision.
        power_mw, rate_mbps, shortfall_mbps: ``[B, K]`` last, zero for UEs that were silent.
        series: ``[B, T, series]`` one row per decision period.
        awake_series: ``[B, T, M]``.
    """

    seed: SeedArray
    decision: IntArray
    running: BoolArray
    association: BoolArray
    awake: BoolArray
    power_mw: FloatArray
    rate_mbps: FloatArray
    shortfall_mbps: FloatArray
    series: FloatArray
    awake_series: BoolArray

    def latest(self, name: str) -> FloatArray:
        """One series' value ``[B]`` in the latest decision period, zero before the first."""
        worlds = np.arange(len(self.seed))
        values = self.series[worlds, np.maximum(self.decision - 1, 0), SERIES.index(name)]
        return np.where(self.decision > 0, values, 0.0)

    def of_world(self, world: int) -> dict[str, FloatArray]:
        """Copies ``[T]`` of one world's series so far."""
        done = int(self.decision[world])
        return {name: self.series[world, :done, column].copy() for column, name in enumerate(SERIES)}

    def snapshot(self) -> dict[str, Any]:
        """Copies of all arrays."""
        return {item.name: getattr(self, item.name).copy() for item in fields(self)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take over a snapshot's arrays."""
        for item in fields(self):
            getattr(self, item.name)[...] = snapshot[item.name]


def blank_state(n_worlds: int, n_ubs: int, n_ues: int, decisions: int) -> UplinkState:
    """State before the first reset."""
    return UplinkState(
        seed=unset_seeds(n_worlds),
        decision=np.zeros(n_worlds, dtype=np.int64),
        running=np.zeros(n_worlds, dtype=bool),
        association=np.zeros((n_worlds, n_ubs, n_ues), dtype=bool),
        awake=np.ones((n_worlds, n_ubs), dtype=bool),
        power_mw=np.zeros((n_worlds, n_ues)),
        rate_mbps=np.zeros((n_worlds, n_ues)),
        shortfall_mbps=np.zeros((n_worlds, n_ues)),
        series=np.zeros((n_worlds, decisions, len(SERIES))),
        awake_series=np.zeros((n_worlds, decisions, n_ubs), dtype=bool),
    )


def start_episode(state: UplinkState, world: int, seed: int) -> None:
    """Put one world at the start of an episode."""
    state.seed[world], state.decision[world], state.running[world] = seed, 0, True
    state.association[world], state.awake[world] = False, True
    state.power_mw[world] = state.rate_mbps[world] = state.shortfall_mbps[world] = 0.0
    state.series[world], state.awake_series[world] = 0.0, False
