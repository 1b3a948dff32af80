"""Checks of what is handed to a world's step, before anything is made of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.errors import ActionError
from voltran.envs.world import Role
from voltran.physics.arrays import BoolArray, FloatArray


def require_roles(roles: Sequence[Role], actions: object, world: str) -> None:
    """Make sure that there are actions for exactly the roles of a world.

    Raises:
        ActionError: there are others, some are missing, or this is no mapping from role to actions.
    """
    names = [role.name for role in roles]
    if not isinstance(actions, Mapping):
        shape = ", ".join(f"{name!r}: actions" for name in names)
        raise ActionError(f"actions are a {type(actions).__name__}; {world} takes a mapping, {{{shape}}}")
    if set(actions) == set(names):
        return
    if len(names) == 1:
        raise ActionError(f"actions are for roles {sorted(actions)}; {world} has exactly the role {names[0]}")
    team = "+".join(f"{name}=NAME" for name in names)
    raise ActionError(
        f"actions are for roles {sorted(actions)}; {world} has {sorted(names)}; give one entry for each (a controller "
        f"that plays one role plays in a team, such as {team})"
    )


def checked_actions(role: Role, actions: object, n_worlds: int) -> NDArray[np.int64] | FloatArray:
    """The actions of a role as an array ``[B, n]`` or ``[B, n, k]``, once they are known to lie in its space.

    Args:
        role: whose they are.
        actions: what was handed in.
        n_worlds: batch size ``B``.

    Raises:
        ActionError: names agent, world and value.
    """
    try:
        values = np.asarray(actions)
    except ValueError as error:
        raise ActionError(
            f"actions of role {role.name} are ragged: give one action per agent, all of one form"
        ) from error
    space = role.action_space
    shape = (n_worlds, role.count, *(space.shape or ()))
    kind, noun = (np.floating, "floats") if isinstance(space, spaces.Box) else (np.integer, "integers")
    if values.shape != shape:
        raise ActionError(f"actions of role {role.name} have shape {values.shape}; expected {shape} {noun}")
    if not np.issubdtype(values.dtype, kind):
        raise ActionError(f"actions of role {role.name} have dtype {values.dtype}; expected {noun}")
    low, high = limits(role)
    bad = ~((values >= low) & (values <= high))
    if bad.any():
        index = tuple(int(part) for part in np.argwhere(bad)[0])
        lowest, highest = (np.broadcast_to(limit, values.shape)[index] for limit in (low, high))
        raise ActionError(
            f"action of {role.name}_{index[1]} in world {index[0]} = {values[index]}: must lie in "
            f"[{lowest:g}, {highest:g}]"
        )
    return values.astype(np.float64) if isinstance(space, spaces.Box) else values.astype(np.int64)


def checked_joint_actions(
    roles: Sequence[Role], actions: Mapping[str, Any], world: Any, command_classes: Mapping[str, tuple[type, ...]]
) -> dict[str, Any]:
    """Role -> its actions, checked, or commands of its class as they are.

    Raises:
        ActionError: roles that are not those of the world, or an action outside its space.
    """
    require_roles(roles, actions, world.name)
    return {
        role.name: actions[role.name]
        if isinstance(actions[role.name], command_classes.get(role.name, ()))
        else checked_actions(role, actions[role.name], world.n_worlds)
        for role in roles
    }


def limits(role: Role) -> tuple[Any, Any]:
    """Lowest and highest values of one agent's action."""
    space = role.action_space
    if isinstance(space, spaces.Box):
        return space.low, space.high
    if isinstance(space, spaces.MultiDiscrete):
        return space.start, space.start + space.nvec - 1
    return space.start, space.start + space.n - 1


def require_code(stands: BoolArray, role: str, field: str, values: NDArray[Any], remedy: str) -> None:
    """Make sure that an action code stands for what each agent is told.

    Args:
        stands: ``[B, n]`` whether one does.
        role: of the agents.
        field: of the commands.
        values: ``[B, n]`` of the field.
        remedy: which values have a code, or what else to do.

    Raises:
        ActionError: names agent, world, field and value.
    """
    if not stands.all():
        world, agent = (int(index) for index in np.argwhere(~stands)[0])
        raise ActionError(
            f"command {field} of {role}_{agent} in world {world} = {values[world, agent]}: no action code stands for "
            f"it; {remedy}"
        )
