"""The actions of all agents of all roles in a row, as one controller of everything chooses them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.errors import ActionError, ScenarioError
from voltran.envs.world import Role
from voltran.physics.arrays import BoolArray, FloatArray


class JointAction:
    """Role after role, agent after agent, choice after choice; ``K`` choices in all.

    Args:
        roles: of the world: all with choices, or all with continuous actions.

    Attributes:
        space: a MultiDiscrete of all choices, or a flat Box of all numbers.

    Raises:
        ScenarioError: roles of both kinds.
    """

    space: spaces.MultiDiscrete | spaces.Box

    def __init__(self, roles: Sequence[Role]) -> None:
        self._roles = tuple(roles)
        self._widths = [_width(role) for role in roles]
        self.has_choices = self._are_choices()
        if self.has_choices:
            self.space = spaces.MultiDiscrete([size for role in roles for size in _sizes(role)])
        else:
            low, high = (
                np.concatenate([np.tile(getattr(role.action_space, end).ravel(), role.count) for role in roles])
                for end in ("low", "high")
            )
            self.space = spaces.Box(low, high, dtype=np.float32)

    def split(self, actions: Any, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Role -> its actions ``[B, n]`` or ``[B, n, k]``.

        Args:
            actions: ``[K]`` of one world, or ``[B, K]``.
            shape: which of the two.

        Raises:
            ActionError: something else; names the world, whose action it is, and what is allowed.
        """
        values = self._checked(actions, shape).reshape(-1, shape[-1])
        parts, start = {}, 0
        for role, width in zip(self._roles, self._widths, strict=True):
            part = values[:, start : start + width * role.count]
            parts[role.name] = part.reshape(len(values), role.count, *(role.action_space.shape or ()))
            start += width * role.count
        return parts

    def in_a_row(self, masks: Mapping[str, BoolArray]) -> BoolArray:
        """Flat masks ``[B, A]`` of the whole action, out of role -> ``[B, n, A]``."""
        return np.concatenate([masks[role.name].reshape(len(masks[role.name]), -1) for role in self._roles], axis=1)

    def _are_choices(self) -> bool:
        continuous = [role.name for role in self._roles if isinstance(role.action_space, spaces.Box)]
        if continuous and len(continuous) < len(self._roles):
            raise ScenarioError(
                f"role {continuous[0]}: continuous actions and other roles' choices do not fit one action space; build "
                "the world with all actions discrete, or all continuous, or take a face with an action for each agent"
            )
        return not continuous

    def _checked(self, actions: Any, shape: tuple[int, ...]) -> NDArray[Any]:
        noun, kinds = ("integers", "iu") if self.has_choices else ("numbers", "fiu")
        try:
            values = np.asarray(actions)
        except (TypeError, ValueError) as error:
            raise ActionError(f"action = {actions!r}: give {shape[-1]} {noun}") from error
        if values.shape != shape or values.dtype.kind not in kinds:
            per_world = f" in each of {shape[0]} worlds" if len(shape) == 2 else ""
            raise ActionError(f"action = {actions!r}: give an array of {shape[-1]} {noun}{per_world}, one per choice")
        low, high = self._limits()
        outside = np.argwhere(~((values >= low) & (values <= high)))
        if outside.size:
            *world, entry = outside[0].tolist()
            owners = [agent for role in self._roles for agent in role.agent_ids for _ in range(_width(role))]
            place = f" in world {world[0]}" if world else ""
            raise ActionError(
                f"action[{entry}] (of {owners[entry]}){place} = {values[(*world, entry)]}: give "
                f"{'an integer' if self.has_choices else 'a number'} in {low[entry]}..{high[entry]}"
            )
        return values if self.has_choices else values.astype(np.float32)

    def _limits(self) -> tuple[NDArray[Any], NDArray[Any]]:
        if isinstance(self.space, spaces.Box):
            return self.space.low, self.space.high
        return np.zeros_like(self.space.nvec), self.space.nvec - 1


class MeanReward:
    """The reward of one controller of everything: the mean over agents.

    Args:
        roles: of the world.
        reward_of: the role whose agents count; None for all.

    Raises:
        ScenarioError: an unknown role.
    """

    def __init__(self, roles: Sequence[Role], reward_of: str | None) -> None:
        names = [role.name for role in roles]
        if reward_of is not None and reward_of not in names:
            raise ScenarioError(f"reward_of = {reward_of!r}: unknown; roles are {', '.join(names)}, or None for all")
        self._counted = names if reward_of is None else [reward_of]

    def __call__(self, rewards: Mapping[str, FloatArray]) -> FloatArray:
        """Mean ``[B]`` out of role -> ``[B, n]``."""
        return np.asarray(np.concatenate([rewards[name] for name in self._counted], axis=1).mean(axis=1))


def _width(role: Role) -> int:
    """Numbers in one agent's action."""
    return int(np.prod(role.action_space.shape or (), dtype=int))


def _sizes(role: Role) -> list[int]:
    """Sizes of all choices of a role's agents."""
    if isinstance(role.action_space, spaces.MultiDiscrete):
        return [int(size) for size in role.action_space.nvec] * role.count
    return [int(role.action_space.n)] * role.count  # type: ignore[union-attr]
