"""What one world of a batch offers to whoever plans or dispatches for it: sites under given commands, and users."""

from typing import NamedTuple

import numpy as np

from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, Int16Array, IntArray, RealArray
from voltran.physics.association import Association, associate


class Situation(NamedTuple):
    """One world at the moment at which commands come into force.

    Attributes:
        constants: the scenario's constants.
        mode, bands, radius_m, alive: ``[site]``; sites that are down sleep.
        last_server: ``[user]`` last serving site as it counts for the hysteresis, -1 if never served.
        received_mw: ``[band, site, user]`` power received from each site were it sending.
        distance_m: ``[site, user]``.
        demand_mbps, weight: ``[user]`` demands, and priority weights of [MSRC] Eq. 27.
    """

    constants: BlackoutConstants
    mode: IntArray
    band_bits: IntArray
    radius_m: FloatArray
    alive: BoolArray
    last_server: Int16Array
    received_mw: RealArray
    distance_m: Float32Array
    demand_mbps: FloatArray
    weight: FloatArray

    def associate(self) -> Association:
        """Who is served by whom, as the world decides it."""
        return associate(
            self.received_mw, self.distance_m, self.mode, self.band_bits, self.radius_m, self.alive,
            self.last_server, self.demand_mbps, self.constants.radio,
        )  # fmt: skip


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
    return Situation(
        constants=world.constants,
        mode=in_force.mode[index],
        band_bits=in_force.band_bits[index],
        radius_m=in_force.radius_m[index],
        alive=world.alive[index],
        last_server=world.hysteresis_sites(in_force)[index],
        received_mw=users.received_mw[index],
        distance_m=users.distance_m[index],
        demand_mbps=users.demand_mbps[index],
        weight=users.weight[index],
    )


def _check_demand(demand_mbps: FloatArray, index: int) -> None:
    wrong = ~(np.isfinite(demand_mbps) & (demand_mbps > 0.0))
    if wrong.any():
        user = int(np.argmax(wrong))
        raise ScenarioError(
            f"demand_mbps of user {user} in world {index} = {demand_mbps[user]}: must be a positive number; "
            "check the scenario's traffic"
        )
