"""Turns what agents hand in into whole arrays, and refuses what is not in their spaces before anything changes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.errors import ActionError
from voltran.envs.world import ActionSpace, Role
from voltran.physics.arrays import BoolArray

MaskSample = NDArray[np.int8] | tuple[NDArray[np.int8], ...]


def check_agents(agents: Sequence[str], actions: Any) -> None:
    """Check that there is one action for each agent and none for anybody else.

    Raises:
        ActionError: names the missing or unknown agents.
    """
    if not isinstance(actions, Mapping):
        raise ActionError(f"actions = {actions!r}: give a dict with one action per agent")
    if len(actions) == len(agents) and all(agent in actions for agent in agents):
        return
    missing = [agent for agent in agents if agent not in actions]
    if missing:
        raise ActionError(f"actions: {', '.join(missing)} missing; every agent acts at every step, whatever it can do")
    unknown = [str(agent) for agent in actions if agent not in agents]
    raise ActionError(f"actions: {', '.join(unknown)} unknown; agents are {agents[0]} .. {agents[-1]}")


def role_actions(role: Role, actions: Mapping[str, Any]) -> NDArray[Any]:
    """Collect the actions of a role's agents.

    Args:
        role: the role.
        actions: agent id -> action, complete.

    Returns:
        Codes ``[n]`` (Discrete) or values ``[n, k]`` (MultiDiscrete, Box).

    Raises:
        ActionError: names the agent, its action and what its space allows.
    """
    own = {agent: actions[agent] for agent in role.agent_ids}
    try:
        values = np.array(list(own.values()))
    except (TypeError, ValueError):
        values = np.empty(0)
    dtype = role.action_space.dtype
    if values.shape == (role.count, 1) and isinstance(role.action_space, spaces.Discrete):
        values = values[:, 0]  # whole numbers as arrays of one entry, as networks give them
    if _all_inside(role, values):
        return values.astype(dtype)
    # One by one: to find the culprit, or because NumPy mixes integer types into floats (uint64 with int64).
    return np.stack([checked_action(agent, role.action_space, action).astype(dtype) for agent, action in own.items()])


def checked_action(agent: str, space: ActionSpace, action: Any) -> NDArray[Any]:
    """Return one agent's action as an array of the space's shape.

    A Discrete takes integers of shapes () and (1,), never floats: 1.0 may be what is left of a mistake. A Box takes
    floats of any precision, and integers.

    Raises:
        ActionError: None, NaN, wrong type, shape or range; names agent, value and what is allowed.
    """
    try:
        value = np.asarray(action)
    except (TypeError, ValueError):
        value = np.asarray(None)
    allowed_kinds = "fiu" if isinstance(space, spaces.Box) else "iu"
    if isinstance(space, spaces.Discrete) and value.shape == (1,):
        value = value.reshape(())
    if value.dtype.kind not in allowed_kinds or value.shape != (space.shape or ()):
        raise ActionError(f"action of {agent} = {action!r}: {_allowed(space)}")
    low, high = _limits(space)
    if not bool(((value >= low) & (value <= high)).all()):
        raise ActionError(f"action of {agent} = {action!r}: out of range or NaN; {_allowed(space)}")
    return value


def sample_mask(space: ActionSpace, flat: BoolArray) -> MaskSample:
    """Mask in the form that ``space.sample(mask=...)`` takes: int8, a tuple of arrays for a MultiDiscrete.

    Args:
        space: a Discrete or MultiDiscrete.
        flat: flat mask ``[A]``.
    """
    mask = flat.astype(np.int8)
    if isinstance(space, spaces.MultiDiscrete):
        return tuple(part.copy() for part in np.split(mask, np.cumsum(space.nvec)[:-1]))
    return mask


def _all_inside(role: Role, values: NDArray[Any]) -> bool:
    space = role.action_space
    low, high = _limits(space)
    allowed_kinds = "fiu" if isinstance(space, spaces.Box) else "iu"
    return (
        values.shape == (role.count, *(space.shape or ()))
        and values.dtype.kind in allowed_kinds
        and bool(((values >= low) & (values <= high)).all())
    )


def _limits(space: ActionSpace) -> tuple[Any, Any]:
    if isinstance(space, spaces.Box):
        return space.low, space.high
    start = space.start
    return start, start + (space.n if isinstance(space, spaces.Discrete) else space.nvec) - 1


def _allowed(space: ActionSpace) -> str:
    low, high = (np.asarray(limit).tolist() for limit in _limits(space))
    if isinstance(space, spaces.Discrete):
        return f"give one integer in {low}..{high}"
    kind = "numbers" if isinstance(space, spaces.Box) else "integers"
    return f"give {kind} of shape {space.shape} between {low} and {high}"
