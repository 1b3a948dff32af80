"""What controllers chose, as action codes: for those who record actions, or learn from them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.action_checks import checked_actions, require_roles
from voltran.envs.errors import ActionError
from voltran.envs.world import Role, World


def action_codes(world: World, actions: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Actions of all roles as arrays of their spaces: codes as they are, and the codes that stand for commands.

    A code stands for commands if the world makes the same of both at this moment: commands count as they would come
    into force, repaired where the world repairs them, and "as much as there is" as what there is now. Nothing is
    rounded to the nearest code.

    Args:
        world: where the actions are to be taken next.
        actions: role -> what ``World.step`` takes.

    Returns:
        Role -> ``[B, n]`` (Discrete) or ``[B, n, k]`` (MultiDiscrete, Box), in the type of the action space.

    Raises:
        ActionError: an action outside its space, or commands that no code stands for; names the field and the remedy.
    """
    require_roles(world.roles, actions, world.name)
    classes = getattr(world, "command_classes", {})
    return {role.name: _codes(world, role, actions[role.name], classes.get(role.name, ())) for role in world.roles}


def _codes(world: World, role: Role, actions: Any, classes: tuple[type, ...]) -> NDArray[Any]:
    if isinstance(actions, classes):
        encode = getattr(world, "encode_commands", None)
        if encode is None:
            raise ActionError(
                f"{world.name} does not say which action codes stand for {type(actions).__name__}; give it a method "
                "encode_commands(role, commands), or choose a controller that gives action codes"
            )
        actions = encode(role.name, actions)
    return np.asarray(checked_actions(role, actions, world.n_worlds)).astype(role.action_space.dtype)
