"""What sites of the brownout world can be told: the outage's commands, and how much to buy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.errors import ActionError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class BrownoutCommands:
    """Commands for all sites of all worlds.

    Sites that are told by plain :class:`SiteCommands` buy all they can use, at any price that may be asked.

    Attributes:
        sites: what the outage world takes.
        buy: ``[B, site]`` share, 0 to 1, of load and charge headroom that the site asks for.
        accepted_price: ``[B, site]`` highest price it pays to retailers, surcharge included, USD/kWh.
    """

    sites: SiteCommands
    buy: FloatArray
    accepted_price: FloatArray


def check_purchases(commands: BrownoutCommands, shape: tuple[int, int]) -> None:
    """Reject purchases that make no sense; the commands of sites are checked by the outage world.

    Raises:
        ActionError: names the field, world, site and value.
    """
    if not isinstance(commands.sites, SiteCommands):
        raise ActionError(f"command sites: {type(commands.sites).__name__}; give SiteCommands")
    for field, high in (("buy", 1.0), ("accepted_price", np.inf)):
        values = np.asarray(getattr(commands, field))
        if values.shape != shape or not np.issubdtype(values.dtype, np.floating):
            raise ActionError(f"command {field}: shape {values.shape}, {values.dtype}; expected {shape} floats")
        bad = ~((values >= 0.0) & (values <= high))
        if bad.any():
            world, site = (int(part) for part in np.argwhere(bad)[0])
            raise ActionError(
                f"command {field} of bs_{site} in world {world} = {values[world, site]:g}: must lie in [0, {high:g}]"
            )
