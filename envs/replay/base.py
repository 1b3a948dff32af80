"""How worlds show an episode while it plays: the base of what a world's declaration names as its replay.

A replay looks at a world and changes nothing. It is told what agents ask for right before a step, and says after the
step how everything stands.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from voltran.envs.action_checks import checked_joint_actions
from voltran.envs.replay.stage import Joined, Moment, Stage
from voltran.envs.world import Transition
from voltran.envs.world_spec import WorldSpec
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.layout import hexagonal_sites


class WorldReplay(ABC):
    """What there is to see of one world of a batch; worlds derive theirs from it.

    Args:
        world: the batch.
        index: which of its worlds; it has been reset.

    Attributes:
        world, index: as given.
        asked: what was asked for in the latest step: role -> action codes ``[B, n]``, ``[B, n, k]``, or commands.
        orders: the world's own commands for it, checked and repaired; None before the first step.

    Raises:
        EpisodeError: there is no such world, or it has not been reset.
    """

    def __init__(self, world: Any, index: int = 0) -> None:
        world.trace(index)  # which knows whether there is such a world, and whether it plays
        self.world, self.index = world, index
        self.asked: Mapping[str, Any] = {}
        self.orders: Any = None

    @property
    @abstractmethod
    def stage(self) -> Stage:
        """Everything that can be seen in the episode."""

    @abstractmethod
    def moment(self, transition: Transition | None = None) -> Moment:
        """How everything stands now.

        Args:
            transition: what the step brought that has just been made; None at the start.
        """

    def ask(self, actions: Mapping[str, Any]) -> None:
        """Take note of what agents ask for, right before the step; nothing changes.

        Args:
            actions: as :meth:`voltran.envs.world.World.step` takes them.

        Raises:
            ActionError: an action outside its space.
        """
        world = self.world
        self.asked = actions
        # What the step will make of them: reading actions draws and changes nothing.
        self.orders = world._decode(checked_joint_actions(world.roles, actions, world, world.command_classes))


def replay_of(world: Any, spec: WorldSpec, index: int = 0) -> WorldReplay:
    """What there is to see of a world: as its declaration says, or else what all worlds have.

    Args:
        world: a batch.
        spec: its declaration.
        index: which of its worlds; it has been reset.

    Raises:
        ScenarioError: the declaration names a replay that does not exist.
        EpisodeError: there is no such world, or it has not been reset.
    """
    from voltran.envs.replay.plain import PlainReplay

    made: WorldReplay = (spec.load("replay") or PlainReplay)(world, index)
    return made


def joined_where(pairs: BoolArray) -> Joined:
    """Links without sizes between the pairs ``[source, target]`` that are True."""
    source, target = np.nonzero(pairs)
    return Joined(source, target, np.zeros(0))


def joined_by_size(sizes: FloatArray) -> Joined:
    """Links of these sizes ``[source, target]``; none where a size is not above zero."""
    source, target = np.nonzero(sizes > 0.0)
    return Joined(source, target, sizes[source, target])


def places_m(count: int, apart_m: float = 100.0) -> FloatArray:
    """Places ``[count, 2]`` on hexagonal rings for what has none of its own."""
    rings = 0
    while 1 + 3 * rings * (rings + 1) < count:
        rings += 1
    return hexagonal_sites(1 + 3 * rings * (rings + 1), apart_m)[:count]


def column_m(count: int, beside_m: FloatArray, apart_m: float = 100.0) -> FloatArray:
    """Places ``[count, 2]`` in a column to the right of other places ``[n, 2]``, such as of retailers beside sites."""
    middle = (beside_m[:, 1].min() + beside_m[:, 1].max()) / 2.0
    heights = middle + apart_m * ((count - 1) / 2.0 - np.arange(count))
    return np.stack([np.full(count, beside_m[:, 0].max() + 1.5 * apart_m), heights], axis=1)
