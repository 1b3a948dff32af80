"""Power that sites import: none in an outage; worlds in which there is some bring their own."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from voltran.envs.blackout.state import BlackoutState
from voltran.envs.world import BoolArray, FloatArray
from voltran.physics.balance import EnergyStep


class Imports(Protocol):
    """Where a site's import comes from, physics step by physics step; part of the simulation's state."""

    def start(self, world: int, seed: int) -> None:
        """Put one world at the start of the episode of a seed."""
        ...

    def limits_kw(self, state: BlackoutState) -> tuple[FloatArray, BoolArray]:
        """What the coming step could bring: most import, and whether it may charge the battery; both ``[B, site]``."""
        ...

    def settle(self, state: BlackoutState, flows: EnergyStep) -> None:
        """Take note of the step as it went; ``state`` is still that of its start."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """Everything that changes, as copies."""
        ...

    def restore(self, snapshot: Mapping[str, Any], seeds: Mapping[int, int]) -> None:
        """Continue from a snapshot; ``seeds`` has those of the worlds that have been started."""
        ...


class NoImports:
    """The power cut of ``blackout_v0``."""

    def start(self, world: int, seed: int) -> None:
        """Nothing to draw."""

    def limits_kw(self, state: BlackoutState) -> tuple[FloatArray, BoolArray]:
        """Nothing, for nobody."""
        return np.zeros_like(state.soc), np.zeros_like(state.alive)

    def settle(self, state: BlackoutState, flows: EnergyStep) -> None:
        """Nothing to note."""

    def snapshot(self) -> dict[str, Any]:
        """Nothing changes."""
        return {}

    def restore(self, snapshot: Mapping[str, Any], seeds: Mapping[int, int]) -> None:
        """Nothing to restore."""
