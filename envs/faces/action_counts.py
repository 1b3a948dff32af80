"""Counts actions that masks forbade, and says so where most of somebody's are: masks that nobody reads."""

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.errors import IllegalActionsWarning
from voltran.envs.world import Role, Transition, World
from voltran.physics.arrays import BoolArray

Masks = Mapping[str, BoolArray]

# Libraries that call a face on somebody's behalf: a warning points at the first line outside them.
BETWEEN = ("voltran.", "pettingzoo.", "gymnasium.", "stable_baselines3.", "torchrl.", "tensordict.", "torch.")

_said = {"it": False}  # once per process


class ActionCounts:
    """Actions that a face has taken from agents with a mask, since it was made.

    What a world reports as ``projected`` is taken over; of other worlds, actions are compared with the masks.

    Args:
        world: the batch.
        roles: whose actions count; those without a mask never do.

    Attributes:
        taken: actions of all agents.
        illegal: those that a mask forbade.
    """

    def __init__(self, world: World, roles: Sequence[Role]) -> None:
        self.taken = self.illegal = 0
        self._roles = [role for role in roles if role.mask_size]
        self._unreported = {role.name for role in self._roles}
        self._decisions = np.zeros(world.n_worlds, np.int64)
        self._forbidden = {role.name: np.zeros((world.n_worlds, role.count), np.int64) for role in self._roles}

    def masks_before(self, world: World, handed_out: Masks | None = None) -> Masks:
        """Masks that :meth:`add` needs of the moment before a step; those handed out already save computing them."""
        if not self._unreported:
            return {}
        return world.action_masks() if handed_out is None else handed_out

    def add(
        self,
        transition: Transition,
        actions: Mapping[str, NDArray[Any]],
        masks: Masks,
        idle: BoolArray | None = None,
    ) -> None:
        """Count the actions of a step.

        Args:
            transition: what it brought.
            actions: role -> ``[B, n]`` or ``[B, n, k]``, as they were chosen.
            masks: role -> ``[B, n, A]`` before the step, as :meth:`masks_before` gave them.
            idle: ``[B]`` worlds whose actions nobody chose; they do not count.
        """
        counted = slice(None) if idle is None else ~idle
        self._decisions[counted] += 1
        for role in self._roles:
            projected = transition.agent_infos.get(role.name, {}).get("projected")
            if projected is None:
                forbidden = forbidden_by(role, masks[role.name], actions[role.name])
            else:
                forbidden = projected
                self._unreported.discard(role.name)
            self.taken += forbidden[counted].size
            self.illegal += int(forbidden[counted].sum())
            self._forbidden[role.name][counted] += forbidden[counted]

    def begin(self, worlds: BoolArray | None = None) -> None:
        """Start counting anew in worlds ``[B]`` whose episodes end or begin; None for all.

        Warns:
            IllegalActionsWarning: once per process, if most actions of somebody in one of them were illegal.
        """
        chosen = np.ones(self._decisions.shape, bool) if worlds is None else worlds
        for role in self._roles:
            most = chosen[:, None] & (2 * self._forbidden[role.name] > self._decisions[:, None])
            if most.any() and not _said["it"]:
                world, agent = np.argwhere(most)[0]
                self._warn(role.agent_ids[agent], self._forbidden[role.name][world, agent], self._decisions[world])
            self._forbidden[role.name][chosen] = 0
        self._decisions[chosen] = 0

    def _warn(self, agent: str, forbidden: int, decisions: int) -> None:
        _said["it"] = True
        text = (
            f"{forbidden} of {decisions} actions of {agent} in an episode were ones that its action mask forbids; the "
            "world replaced them by legal ones, so whoever learns from them learns from what was not done. Let your "
            "library read the masks: docs/interop.md says how"
        )
        warnings.warn(text, IllegalActionsWarning, stacklevel=_level_outside())


class CountsActions:
    """A face that says how many actions it has taken, and how many of them masks forbade."""

    @property
    def _action_counts(self) -> ActionCounts:
        """Where they are counted."""
        raise NotImplementedError

    @property
    def actions_taken(self) -> int:
        """Actions of agents with a mask, taken since the environment was made."""
        return self._action_counts.taken

    @property
    def illegal_actions(self) -> int:
        """How many of them a mask forbade."""
        return self._action_counts.illegal


@contextmanager
def masks_ignored_on_purpose() -> Iterator[None]:
    """Whoever tries illegal actions knows it: no warnings about them meanwhile, and none used up."""
    before = _said["it"]
    _said["it"] = True
    try:
        yield
    finally:
        _said["it"] = before


def forbidden_by(role: Role, mask: BoolArray, actions: NDArray[Any]) -> BoolArray:
    """Actions ``[B, n]`` that a mask ``[B, n, A]`` forbids, in any of their choices."""
    space = role.action_space
    if isinstance(space, spaces.MultiDiscrete):
        starts = np.concatenate([[0], np.cumsum(space.nvec)[:-1]])
        legal = np.take_along_axis(mask, actions - space.start + starts, axis=2).all(axis=2)
    else:
        legal = np.take_along_axis(mask, (actions - space.start)[..., None], axis=2)[..., 0]  # type: ignore[union-attr]
    return np.asarray(~legal)


def _level_outside() -> int:
    """Depth, from whoever asks, of the first frame outside our own package and what stands between."""
    level = 1
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and f"{frame.f_globals.get('__name__', '')}.".startswith(BETWEEN):
        level, frame = level + 1, frame.f_back
    return level
