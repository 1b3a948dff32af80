"""Which episodes a batch of worlds plays, and how far they are."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import EpisodeError
from voltran.envs.seeds import SeedArray, checked_seed, unset_seeds
from voltran.envs.world import BoolArray


@dataclass(frozen=True)
class Episodes:
    """Episodes of a batch; the arrays change, and whoever needs them holds this object.

    Attributes:
        seed: ``[B]`` of the episodes, -1 before the first reset.
        decision: ``[B]`` decision periods done.
        running: ``[B]`` reset, and not over.
    """

    seed: SeedArray
    decision: NDArray[np.int64]
    running: BoolArray

    @property
    def n_worlds(self) -> int:
        """Batch size ``B``."""
        return len(self.seed)

    def begin(self, world: int, seed: int) -> None:
        """Note that one world is at the start of an episode."""
        self.seed[world], self.decision[world], self.running[world] = seed, 0, True

    def chosen(self, seeds: Sequence[int], worlds: BoolArray | None) -> dict[int, int]:
        """World to seed of those that a reset starts anew.

        Args:
            seeds: one per world.
            worlds: ``[B]`` which ones; None for all.

        Raises:
            EpisodeError: seeds or flags of the wrong number or type.
            ScenarioError: a seed that is none.
        """
        if len(seeds) != self.n_worlds:
            raise EpisodeError(f"reset got {len(seeds)} seeds for {self.n_worlds} worlds: give one per world")
        return {world: checked_seed(seeds[world]) for world in self.selected(worlds)}

    def selected(self, worlds: BoolArray | None) -> list[int]:
        """Indices of the worlds that flags ``[B]`` select; None selects all.

        Raises:
            EpisodeError: flags of the wrong number or type.
        """
        flags = np.ones(self.n_worlds, dtype=bool) if worlds is None else np.array(worlds)
        if flags.shape != (self.n_worlds,) or flags.dtype != np.bool_:
            raise EpisodeError(f"worlds = {worlds!r}: must be {self.n_worlds} flags, one per world")
        return [int(world) for world in np.flatnonzero(flags)]

    def require_running(self) -> None:
        """Make sure that all worlds can make a step.

        Raises:
            EpisodeError: one cannot.
        """
        if not self.running.all():
            world = int(np.flatnonzero(~self.running)[0])
            reason = "has not been reset" if self.seed[world] < 0 else "has ended its episode"
            raise EpisodeError(f"world {world} {reason}: call reset(seeds, worlds) before step")

    def require_reset(self, world: Any) -> int:
        """Index of a world, once it is known to be in an episode.

        Raises:
            EpisodeError: there is no such world, or it has not been reset.
        """
        index = _index(world)
        if not 0 <= index < self.n_worlds:
            raise EpisodeError(f"world = {world!r}: the batch has worlds 0 to {self.n_worlds - 1}")
        if self.seed[index] < 0:
            raise EpisodeError(f"world {index} has not been reset: call reset(seeds) first")
        return index

    def require_all_reset(self) -> None:
        """Make sure that all worlds are in an episode.

        Raises:
            EpisodeError: one is not.
        """
        for world in range(self.n_worlds):
            self.require_reset(world)


def blank_episodes(n_worlds: int) -> Episodes:
    """Episodes before the first reset."""
    return Episodes(unset_seeds(n_worlds), np.zeros(n_worlds, dtype=np.int64), np.zeros(n_worlds, dtype=bool))


def _index(world: Any) -> int:
    try:
        return operator.index(world)
    except TypeError:
        return -1
