"""A batch of worlds whose episodes begin and end one by one: which they play, how far they are, what they have earned.

What the faces of batches have in common; each says in its own way what came of a step.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.faces.action_counts import ActionCounts, Masks
from voltran.envs.faces.episode_order import UpcomingEpisodes
from voltran.envs.world import Role, Transition, World
from voltran.physics.arrays import BoolArray, FloatArray


def begin_again(world: World, seeds: Sequence[int], worlds: BoolArray) -> None:
    """Put worlds ``[B]`` back to the start of the episodes that they are in, which have these seeds.

    A world that keeps its draws (``keeps_draws``) does not draw again.
    """
    restart = getattr(world, "restart", None)
    if restart is None:
        world.reset(seeds, worlds)
    else:
        restart(worlds)


class Batch:
    """A batch of worlds, and the course of their episodes.

    Args:
        world: the batch; it is owned by this object from here on.
        roles: whose actions the face's user chooses.
        width: how many returns each world has.
        upcoming: says which episode a world plays next.

    Attributes:
        world: the batch.
        upcoming: says which episode a world plays next.
        counts: of actions taken.
        episodes, episode_seeds, lengths: ``[B]`` episodes begun in their order, the present ones, and their decisions.
        returns: ``[B * width]`` sums of rewards in the present episodes.
        handed_out: masks that are known already, of the worlds as they are.
    """

    def __init__(self, world: World, roles: Sequence[Role], width: int, upcoming: UpcomingEpisodes) -> None:
        self.world, self.upcoming = world, upcoming
        self.counts = ActionCounts(world, roles)
        self.episodes = np.zeros(world.n_worlds, np.int64)
        self.episode_seeds = np.zeros(world.n_worlds, np.int64)
        self.lengths = np.zeros(world.n_worlds, np.int64)
        self.returns = np.zeros(world.n_worlds * width)
        self.handed_out: Masks | None = None

    def start(self, worlds: BoolArray, named: Mapping[int, int] | None = None) -> None:
        """Begin new episodes in worlds ``[B]``: those that are named, as world -> seed, or else the upcoming ones.

        Warns:
            IllegalActionsWarning: see :class:`ActionCounts`.
        """
        named, seeds, chosen = named or {}, self.episode_seeds.copy(), worlds.copy()
        in_order = chosen.copy()
        for world in np.flatnonzero(chosen).tolist():
            in_order[world] = world not in named
            seeds[world] = named[world] if world in named else self.upcoming(world, int(self.episodes[world]))
        self.world.reset(seeds.tolist(), chosen)
        self.episode_seeds[:] = seeds
        self.episodes[in_order] += 1
        self.lengths[chosen] = 0
        self.returns.reshape(self.world.n_worlds, -1)[chosen] = 0.0
        self.handed_out = None
        self.counts.begin(worlds)

    def again(self, worlds: BoolArray) -> None:
        """Put worlds ``[B]`` back to the start of the episodes that they are in."""
        begin_again(self.world, self.episode_seeds.tolist(), worlds.copy())
        self.lengths[worlds] = 0
        self.returns.reshape(self.world.n_worlds, -1)[worlds] = 0.0
        self.handed_out = None

    def step(
        self, actions: Mapping[str, Any], others: Mapping[str, Any] | None = None, idle: BoolArray | None = None
    ) -> Transition:
        """Advance all worlds by one decision.

        Args:
            actions: role -> what the face's user chose.
            others: role -> what others chose.
            idle: ``[B]`` worlds in which nobody chose anything, so that nothing counts.

        Raises:
            ActionError: an action outside its space; nothing has changed.
            EpisodeError: a world has not been reset, or its episode is over.
        """
        masks = self.counts.masks_before(self.world, self.handed_out)
        transition = self.world.step({**(others or {}), **actions})
        self.handed_out = None
        self.lengths += 1
        self.counts.add(transition, actions, masks, idle)
        return transition

    def add(self, rewards: FloatArray) -> None:
        """Add a step's rewards ``[B * width]`` to the returns."""
        self.returns += rewards

    def masks(self) -> Masks:
        """Role -> ``[B, n, A]`` of the worlds as they are, computed once."""
        if self.handed_out is None:
            self.handed_out = self.world.action_masks()
        return self.handed_out

    def changing(self) -> dict[str, NDArray[Any]]:
        """The arrays that change besides the worlds' own, themselves and not copies."""
        return {
            "episodes": self.episodes,
            "episode_seeds": self.episode_seeds,
            "lengths": self.lengths,
            "returns": self.returns,
        }
