"""Commands of the market world's sites: all that any controller can say."""

from dataclasses import dataclass

import numpy as np

from voltran.envs.errors import ActionError
from voltran.physics.arrays import FloatArray


@dataclass(frozen=True)
class MarketCommands:
    """Commands for all sites of all worlds; arrays ``[B, M]``.

    Attributes:
        requested_kw: power to buy; what load and charging cannot use is not asked for.
        accepted_price: highest price to pay, surcharge included, USD/kWh.
        battery_kw: positive discharges at most that, where purchases do not serve the load; negative charges at most
            that, from what purchases leave.
    """

    requested_kw: FloatArray
    accepted_price: FloatArray
    battery_kw: FloatArray


def check_commands(commands: MarketCommands, shape: tuple[int, int]) -> None:
    """Reject commands that make no sense.

    Raises:
        ActionError: names the field, world, site and value.
    """
    for field, low in (("requested_kw", 0.0), ("accepted_price", 0.0), ("battery_kw", -np.inf)):
        values = np.asarray(getattr(commands, field))
        if values.shape != shape or not np.issubdtype(values.dtype, np.floating):
            raise ActionError(f"command {field}: shape {values.shape}, {values.dtype}; expected {shape} floats")
        bad = ~((values >= low) & np.isfinite(values))
        if bad.any():
            world, site = (int(part) for part in np.argwhere(bad)[0])
            remedy = "a finite number" if low else "a finite number of at least 0"
            raise ActionError(f"command {field} of bs_{site} in world {world} = {values[world, site]:g}: give {remedy}")
