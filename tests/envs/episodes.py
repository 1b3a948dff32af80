"""Episodes as the tests of all worlds begin them."""

from typing import TypeVar

from voltran.envs.world import World

WorldT = TypeVar("WorldT", bound=World)


def started(world: WorldT, seed: int = 0) -> WorldT:
    """The world at the start of episodes with consecutive seeds."""
    world.reset(range(seed, seed + world.n_worlds))
    return world
