"""What worlds with retailers offer to those who set prices, whatever else happens there."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from voltran.envs.retail.market import RetailMarket
from voltran.envs.world import FloatArray


@runtime_checkable
class RetailWorld(Protocol):
    """A world with the role ``retailer``; everything is about the decision that comes next.

    Attributes:
        market: the retailers' state.
    """

    market: RetailMarket

    @property
    def n_worlds(self) -> int:
        """Batch size ``B``."""
        ...

    @property
    def decision(self) -> NDArray[np.int64]:
        """Decision periods done, ``[B]``."""
        ...

    @property
    def demand_kw(self) -> FloatArray:
        """Power that sites need in the coming period, as far as it is known, ``[B, M]``."""
        ...

    @property
    def charge_room_kw(self) -> FloatArray:
        """Power at which the sites' batteries could be charged for the whole period, ``[B, M]``."""
        ...

    @property
    def discharge_room_kw(self) -> FloatArray:
        """Power that the sites' batteries could give for the whole period, ``[B, M]``."""
        ...
