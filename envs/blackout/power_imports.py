"""Power that sites import: none in an outage; worlds in which there is some bring their own."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from voltran.envs.blackout.state import BlackoutState
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.balance import EnergyStep


class Imports(Protocol):
    """Where a site's import comes from, physics step by physics step; part of the simulation's state.

    Attributes:
        hold: whether limits stay the same for a decision period, and nobody takes note of its steps.
    """

    hold: bool

    def draw(self, seed: int) -> Any:
        """Everything about imports that an episode's seed decides; nothing changes here.

        Raises:
            ScenarioError: a file that cannot be used.
        """
        ...

    def load(self, world: int, drawn: Any) -> None:
        """Take over what was drawn for one world."""
        ...

    def begin(self, world: int) -> None:
        """Put one world at the start of its episode, which has been loaded."""
        ...

    def limits_kw(self, state: BlackoutState, vehicle_room_kw: FloatArray) -> tuple[FloatArray, BoolArray]:
        """What the coming step could bring: most import, and whether it may charge the battery; both ``[B, site]``.

        Args:
            state: at the start of the step.
            vehicle_room_kw: ``[B, site]`` power that vehicles can take in; zero where they are not charged.
        """
        ...

    def foreseen_kw(self, state: BlackoutState) -> FloatArray:
        """Most import ``[B, site]`` of the coming step, as far as it can be told now; nothing changes here."""
        ...

    def settle(self, state: BlackoutState, flows: EnergyStep) -> None:
        """Take note of the step as it went; ``state`` is still that of its start."""
        ...

    def arrays(self) -> Mapping[str, Any]:
        """Nested mapping of all arrays that change, themselves and not copies; time series apart."""
        ...

    def series(self) -> Mapping[str, FloatArray]:
        """Time series ``[B, T, ...]``, one row per physics step, themselves and not copies."""
        ...


class NoImports:
    """The power cut of ``blackout_v0``."""

    hold = True

    def draw(self, seed: int) -> None:
        """Nothing to draw."""

    def load(self, world: int, drawn: None) -> None:
        """Nothing to take over."""

    def begin(self, world: int) -> None:
        """Nothing to begin."""

    def limits_kw(self, state: BlackoutState, vehicle_room_kw: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Nothing, for nobody."""
        return np.zeros_like(state.soc), np.zeros_like(state.alive)

    def foreseen_kw(self, state: BlackoutState) -> FloatArray:
        """Nothing, for nobody."""
        return np.zeros_like(state.soc)

    def settle(self, state: BlackoutState, flows: EnergyStep) -> None:
        """Nothing to note."""

    def arrays(self) -> Mapping[str, Any]:
        """Nothing changes."""
        return {}

    def series(self) -> Mapping[str, FloatArray]:
        """Nothing is recorded."""
        return {}
