"""What UBSs know of the channels of an episode: gains in dB, and who is the strongest."""

import numpy as np

from voltran.physics.layout import FloatArray
from voltran.physics.ordering import falling
from voltran.physics.units import linear_to_db
from voltran.physics.uplink import BoolArray, IntArray


class Channels:
    """Large-scale fading of a batch, as it was when :meth:`start` was last called.

    Args:
        shape: ``[B, M, K]``.
        power_max_mw, noise_mw: transmit power of UEs, and noise.

    Attributes:
        gain_db: ``[B, M, K]`` what a UBS receives from a UE at full power, over noise.
        behind_db: ``[B, M, K]`` how much stronger the UE's strongest UBS is.
        stronger: ``[B, M, K]`` number of UBSs that receive it more strongly.
    """

    def __init__(self, shape: tuple[int, ...], power_max_mw: float, noise_mw: float) -> None:
        self._power_max_mw, self._noise_mw = power_max_mw, noise_mw
        self.gain_db, self.behind_db, self.stronger = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._place = np.zeros(shape, dtype=np.int64)

    def start(self, worlds: IntArray, gain: FloatArray) -> None:
        """Take notice of new channels in some worlds; ``gain`` ``[B, M, K]`` is that of all."""
        gain_db = linear_to_db(gain[worlds] * self._power_max_mw / self._noise_mw)
        self.gain_db[worlds] = gain_db
        self.behind_db[worlds] = gain_db.max(axis=1, keepdims=True) - gain_db
        by_ue = falling(np.swapaxes(gain_db, 1, 2))
        self.stronger[worlds] = np.swapaxes(np.argsort(by_ue, axis=-1), 1, 2)
        self._place[worlds] = np.argsort(falling(gain_db), axis=-1)

    def order(self, active: BoolArray) -> IntArray:
        """UEs ``[B, M, K]`` from the strongest active one on, silent ones last; ``active`` is ``[B, K]``."""
        silent = self._place.shape[-1]
        return np.argsort(np.where(active[:, None, :], self._place, silent), axis=-1, kind="stable")
