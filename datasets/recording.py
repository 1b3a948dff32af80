"""Plays episodes in a batch of worlds and records every decision."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.datasets.columns import (
    ACTIONS,
    INFOS,
    MASKS,
    OBSERVATIONS,
    REWARDS,
    STATE,
    TERMINATED,
    TRUNCATED,
    Arrays,
    Layout,
)
from voltran.envs.action_codes import action_codes
from voltran.envs.controller import Controller, follows_resets, name_of, named_errors
from voltran.envs.errors import VoltranError
from voltran.envs.faces.batch import begin_again
from voltran.envs.world import Transition, World
from voltran.physics.arrays import BoolArray, IntArray


@dataclass(frozen=True)
class RecordedEpisode:
    """One episode.

    Attributes:
        seed: of the episode.
        arrays: column -> ``[T + 1, ...]`` for ``T`` decisions and the final row.
    """

    seed: int
    arrays: Arrays

    @property
    def decisions(self) -> int:
        """Decisions ``T``."""
        return len(self.arrays[TERMINATED]) - 1


def record_episodes(
    world: World, controller: Controller, seeds: Sequence[int], layout: Layout
) -> Iterator[RecordedEpisode]:
    """Play one episode for each seed, several at a time, and give each as soon as it is over.

    What is played are action codes: those that the controller chose, or those that stand for its commands. The batch
    size decides nothing of what is in an episode, only the order in which they end.

    Where an episode ends early its world begins the next one, if the controller follows resets. Otherwise it plays
    its episode again until all others are over, and that is not recorded.

    Args:
        world: the batch to play in.
        controller: plays all roles; each world of a batch must get the actions that it would get alone.
        seeds: of the episodes, each once.
        layout: what to record.

    Raises:
        ActionError: commands that no action code stands for.
        PartError: a controller of the user's that raises.
        VoltranError: infos that are not those of the layout.
    """
    waiting = list(seeds)
    while waiting:
        recorder = _Recorder(world, controller, layout)
        recorder.begin(waiting)
        while recorder.recording.any():
            yield from recorder.advance(waiting)


class _Recorder:
    """A batch that is played from a reset of the controller to the end of all its episodes.

    Attributes:
        recording: ``[B]`` worlds whose episode is recorded; the others play on for nobody.
    """

    def __init__(self, world: World, controller: Controller, layout: Layout) -> None:
        self.world, self.controller, self.layout = world, controller, layout
        if hasattr(world, "keeps_draws"):
            world.keeps_draws = True  # worlds that play for nobody play the same episode again
        count, rows = world.n_worlds, world.max_decisions + 1
        self.recording: BoolArray = np.zeros(count, dtype=bool)
        self._seeds = [0] * count
        self._done: IntArray = np.zeros(count, dtype=np.int64)
        self._rows = {column.name: column.blank(count, rows) for column in layout.columns}
        self._brings = {column.name for column in layout.columns if not column.at_end}
        self._refills = follows_resets(controller)

    def begin(self, waiting: list[int]) -> None:
        """Start the first episodes of those that wait."""
        count = min(self.world.n_worlds, len(waiting))
        first = [waiting.pop(0) for _ in range(count)]
        self._seeds = [first[min(index, count - 1)] for index in range(self.world.n_worlds)]
        self.recording[:count] = True
        self.world.reset(self._seeds)
        with named_errors(f"reset of controller {name_of(self.controller)}"):
            self.controller.reset(self.world)
        self._see()

    def advance(self, waiting: list[int]) -> Iterator[RecordedEpisode]:
        """Play one decision of all worlds; gives the episodes that it ends."""
        with named_errors(f"controller {name_of(self.controller)}"):
            chosen = self.controller.act(self.world)
        codes = action_codes(self.world, chosen)
        transition = self.world.step(codes)
        self._write(self._brought(codes, transition))
        self._done += 1
        self._see()
        over: BoolArray = transition.terminated | transition.truncated
        ended = np.flatnonzero(over & self.recording)
        yield from [self._taken(int(index)) for index in ended]
        if over.any():
            self._restart(over, waiting)

    def _restart(self, over: BoolArray, waiting: list[int]) -> None:
        """Start an episode in each world that is over; where nobody is to be recorded any more, none."""
        for index in np.flatnonzero(over):
            self.recording[index] &= self._refills and bool(waiting)
            if self.recording[index]:
                self._seeds[index] = waiting.pop(0)
        if not self.recording.any():
            return
        self._done[over] = 0
        recorded, idle = over & self.recording, over & ~self.recording
        if recorded.any():
            self.world.reset(self._seeds, recorded)
        if idle.any():
            begin_again(self.world, self._seeds, idle)
        self._see()

    def _see(self) -> None:
        """Write what agents see now."""
        observations, masks = self.world.observations(), self.world.action_masks()
        seen: Arrays = {STATE: self.world.state()}
        for role in self.layout.roles:
            seen[f"{role}.{OBSERVATIONS}"] = observations[role]
            seen[f"{role}.{MASKS}"] = masks[role]
        self._write({name: values for name, values in seen.items() if name in self._rows})

    def _brought(self, codes: Mapping[str, NDArray[Any]], transition: Transition) -> Arrays:
        """What a decision was and brought, by column."""
        brought: Arrays = {TERMINATED: transition.terminated, TRUNCATED: transition.truncated}
        for role in self.layout.roles:
            brought[f"{role}.{ACTIONS}"] = codes[role]
            brought[f"{role}.{REWARDS}"] = transition.rewards[role]
            for key, values in transition.agent_infos.get(role, {}).items():
                brought[f"{role}.{INFOS}.{key}"] = values
        brought |= {f"{INFOS}.{key}": values for key, values in transition.episode_infos.items()}
        if changed := brought.keys() ^ self._brings:
            raise VoltranError(
                f"{self.world.name}: {min(changed)} is there in some decisions only; give the same infos always"
            )
        return brought

    def _write(self, values: Mapping[str, NDArray[Any]]) -> None:
        at = (np.arange(self.world.n_worlds), self._done)
        for name, array in values.items():
            self._rows[name][at] = array

    def _taken(self, index: int) -> RecordedEpisode:
        """A copy of one world's episode, with zeros in the final row where it has nothing to say."""
        length = int(self._done[index])
        arrays = {name: rows[index, : length + 1].copy() for name, rows in self._rows.items()}
        for column in self.layout.columns:
            if not column.at_end:
                arrays[column.name][length] = 0
        return RecordedEpisode(self._seeds[index], arrays)
