"""Commands of the sharing world: all that any controller can say."""

from dataclasses import dataclass

import numpy as np

from voltran.envs.errors import ActionError
from voltran.physics.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class SharingCommands:
    """Commands for all operators of all worlds.

    Attributes:
        battery_sites: ``[B, U]`` d_u, sites that take their power from the battery.
        charge_share: ``[B, N]`` share of the charging limit, 0 to 1, at which each agent wants the grid to charge the
            battery; votes are weighted by alpha.
    """

    battery_sites: BoolArray
    charge_share: FloatArray


def check_commands(commands: SharingCommands, n_worlds: int, n_sites: int, n_agents: int) -> None:
    """Reject commands that make no sense.

    Raises:
        ActionError: names the field, world, agent and value.
    """
    sites, shares = np.asarray(commands.battery_sites), np.asarray(commands.charge_share)
    if sites.shape != (n_worlds, n_sites) or sites.dtype != np.bool_:
        raise ActionError(
            f"command battery_sites: shape {sites.shape}, {sites.dtype}; expected {(n_worlds, n_sites)} booleans"
        )
    if shares.shape != (n_worlds, n_agents) or not np.issubdtype(shares.dtype, np.floating):
        raise ActionError(
            f"command charge_share: shape {shares.shape}, {shares.dtype}; expected {(n_worlds, n_agents)} floats"
        )
    bad = ~((shares >= 0.0) & (shares <= 1.0))
    if bad.any():
        world, agent = (int(part) for part in np.argwhere(bad)[0])
        raise ActionError(
            f"command charge_share of operator_{agent} in world {world} = {shares[world, agent]:g}: give a share "
            "from 0 to 1"
        )
