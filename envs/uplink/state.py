"""Everything that changes during an uplink episode, as arrays with a leading world axis."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.episodes import Episodes
from voltran.physics.layout import FloatArray
from voltran.physics.uplink import BoolArray

# One number per decision period; `awake` beside them has one per UBS.
SERIES = (
    "network_power_w", "sum_rate_mbps", "traffic_mbps", "shortfall_mbps", "violations", "active_ues", "active_ubs",
    "wake_ups",
)  # fmt: skip


@dataclass
class UplinkState:
    """State of a batch of episodes; what was in force last is that of the latest decision period.

    Attributes:
        episodes: which episodes are played, and how far they are.
        association: ``[B, M, K]`` in force last.
        awake: ``[B, M]`` last; all UBSs are before the first decision.
        power_mw, rate_mbps, shortfall_mbps: ``[B, K]`` last, zero for UEs that were silent.
        series: ``[B, T, series]`` one row per decision period.
        awake_series: ``[B, T, M]``.
    """

    episodes: Episodes
    association: BoolArray
    awake: BoolArray
    power_mw: FloatArray
    rate_mbps: FloatArray
    shortfall_mbps: FloatArray
    series: FloatArray
    awake_series: BoolArray

    @property
    def decision(self) -> NDArray[np.int64]:
        """Decision periods done, ``[B]``."""
        return self.episodes.decision

    @property
    def named_series(self) -> dict[str, NDArray[Any]]:
        """Time series by their names, themselves and not copies."""
        columns: dict[str, NDArray[Any]] = {name: self.series[:, :, column] for column, name in enumerate(SERIES)}
        return {**columns, "awake": self.awake_series}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays that change; time series apart."""
        names = ("association", "awake", "power_mw", "rate_mbps", "shortfall_mbps")
        return {name: getattr(self, name) for name in names}

    def latest(self, name: str) -> FloatArray:
        """One series' value ``[B]`` in the latest decision period, zero before the first."""
        worlds = np.arange(self.episodes.n_worlds)
        values = self.series[worlds, np.maximum(self.decision - 1, 0), SERIES.index(name)]
        return np.where(self.decision > 0, values, 0.0)


def blank_state(episodes: Episodes, n_ubs: int, n_ues: int, decisions: int) -> UplinkState:
    """State before the first reset."""
    n_worlds = episodes.n_worlds
    return UplinkState(
        episodes=episodes,
        association=np.zeros((n_worlds, n_ubs, n_ues), dtype=bool),
        awake=np.ones((n_worlds, n_ubs), dtype=bool),
        power_mw=np.zeros((n_worlds, n_ues)),
        rate_mbps=np.zeros((n_worlds, n_ues)),
        shortfall_mbps=np.zeros((n_worlds, n_ues)),
        series=np.zeros((n_worlds, decisions, len(SERIES))),
        awake_series=np.zeros((n_worlds, decisions, n_ubs), dtype=bool),
    )


def start_episode(state: UplinkState, world: int) -> None:
    """Put one world at the start of an episode."""
    state.association[world], state.awake[world] = False, True
    state.power_mw[world] = state.rate_mbps[world] = state.shortfall_mbps[world] = 0.0
    state.series[world], state.awake_series[world] = 0.0, False
