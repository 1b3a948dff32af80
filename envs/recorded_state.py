"""State of worlds that keep a row of series per decision period."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltran.envs.episodes import Episodes
from voltran.physics.arrays import FloatArray


@dataclass
class RecordedState:
    """What such states have in common.

    Attributes:
        episodes: which episodes are played, and how far they are.
        series: name -> ``[B, T, ...]``, one row per decision period.
    """

    episodes: Episodes
    series: dict[str, FloatArray]

    @property
    def decision(self) -> NDArray[np.int64]:
        """Decision periods done, ``[B]``."""
        return self.episodes.decision

    def latest(self, name: str) -> FloatArray:
        """One series' values ``[B, ...]`` in the latest decision period, zero before the first."""
        values = self.series[name][np.arange(self.episodes.n_worlds), np.maximum(self.decision - 1, 0)]
        done = (self.decision > 0).reshape(-1, *[1] * (values.ndim - 1))
        return np.where(done, values, 0.0)

    def row_of(self, world: int) -> dict[str, FloatArray]:
        """All series of one world in the latest decision period, NaN before the first."""
        blank = np.nan if self.decision[world] == 0 else 0.0
        return {name: self.latest(name)[world] + blank for name in self.series}

    def record(self, **values: FloatArray) -> None:
        """Write one row of series."""
        worlds = np.arange(self.episodes.n_worlds)
        for name, value in values.items():
            self.series[name][worlds, self.decision] = value
