"""The situation in which a world would put given commands into force."""

import numpy as np

from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.situation import Situation
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import FloatArray


def situation(world: BlackoutWorld, commands: SiteCommands, index: int = 0) -> Situation:
    """The situation in which the world would put these commands into force now; the world stays as it is.

    Users are where they are and ask for what they ask for now: in scenarios where they move, or demands are redrawn,
    the world does so first when it steps. The arrays are the world's own: read them before it steps, change nothing.

    Args:
        world: an outage world that has been reset.
        commands: for all worlds of the batch, ``[B, site]``; repaired, as the world repairs them.
        index: which world of the batch.

    Raises:
        ActionError: commands that the world rejects.
        EpisodeError: the world has not been reset.
        ScenarioError: a demand that is no positive number, or an index outside the batch.
    """
    if not 0 <= index < world.n_worlds:
        raise ScenarioError(f"index = {index}: this batch has the worlds 0 to {world.n_worlds - 1}")
    in_force, users = world.effective_commands(commands), world.users
    _check_demand(users.demand_mbps[index], index)
    return Situation.of(
        index,
        world.constants,
        in_force,
        world.alive,
        world.hysteresis_sites(in_force),
        users,
        world.site_energy(in_force, index),
    )


def _check_demand(demand_mbps: FloatArray, index: int) -> None:
    wrong = ~(np.isfinite(demand_mbps) & (demand_mbps > 0.0))
    if wrong.any():
        user = int(np.argmax(wrong))
        raise ScenarioError(
            f"demand_mbps of user {user} in world {index} = {demand_mbps[user]}: must be a positive number; "
            "check the scenario's traffic"
        )
