"""The roles that policies play: which one, in how many codes it acts, and which codes scores stand for."""

import numpy as np
from gymnasium import spaces

from voltran.envs.errors import ScenarioError
from voltran.envs.world import Role, World
from voltran.physics.arrays import BoolArray, Float32Array, IntArray


def find_role(world: World, name: str) -> Role:
    """The world's role of that name.

    Raises:
        ScenarioError: the world has no such role.
    """
    for role in world.roles:
        if role.name == name:
            return role
    known = ", ".join(role.name for role in world.roles)
    raise ScenarioError(f"role = {name!r}: world {world.name} has no such role; its roles: {known}")


def action_sizes(role: Role) -> tuple[int, ...]:
    """Number of codes per action dimension of a role.

    Raises:
        ScenarioError: a role with continuous actions, which this kind of policy cannot play.
    """
    space = role.action_space
    if isinstance(space, spaces.Discrete):
        return (int(space.n),)
    if isinstance(space, spaces.MultiDiscrete):
        return tuple(int(size) for size in space.nvec)
    raise ScenarioError(f"role {role.name}: action space {space} is continuous; choose a role with discrete actions")


def likeliest(scores: Float32Array, masks: BoolArray, sizes: tuple[int, ...]) -> IntArray:
    """The legal action codes with the highest scores.

    Args:
        scores: ``[rows, A]``, one per code of each action dimension in turn.
        masks: ``[rows, A]``; True is legal.
        sizes: number of codes per action dimension.

    Returns:
        ``[rows, k]``, one per action dimension.
    """
    scores = np.where(masks, scores, np.float32(-np.inf))
    if len(sizes) == 1:
        return np.asarray(scores.argmax(axis=1)[:, None], np.int64)
    parts = np.split(scores, np.cumsum(sizes)[:-1], axis=1)
    return np.stack([part.argmax(axis=1) for part in parts], axis=1)
