"""Worlds of one kind, for those who can play no other."""

from typing import TypeVar

from voltran.envs.base import BatchedWorld
from voltran.envs.errors import ScenarioError
from voltran.envs.world import World

WorldT = TypeVar("WorldT", bound=BatchedWorld)


def require_world(world: World, kind: type[WorldT], who: str) -> WorldT:
    """The world as one of a kind.

    Args:
        world: any world.
        kind: class of the worlds that will do.
        who: beginning of the message, such as ``controller 'msrc' plays``.

    Raises:
        ScenarioError: the world is of another kind.
    """
    if not isinstance(world, kind):
        raise ScenarioError(f"{who} {kind.spec.name}; this world is {world.name}")
    return world
