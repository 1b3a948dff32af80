"""PettingZoo AEC face: agents act one after another, the world moves when the last one has."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pettingzoo import AECEnv
from pettingzoo.utils import BaseWrapper
from pettingzoo.utils.conversions import parallel_to_aec_wrapper
from pettingzoo.utils.wrappers import OrderEnforcingWrapper

from voltran.envs.errors import EpisodeError
from voltran.envs.faces.actions import checked_action
from voltran.envs.faces.parallel import ParallelFace


def raw_aec_face(parallel: ParallelFace) -> AECEnv[str, Any, Any]:
    """The turns alone, in their order; actions are checked when the last agent acts."""
    return OrderedFace(AecFace(parallel))


def aec_face(parallel: ParallelFace) -> AECEnv[str, Any, Any]:
    """The same, with each agent's action checked at the moment it acts."""
    return ActionCheckingWrapper(raw_aec_face(parallel))


class AecFace(parallel_to_aec_wrapper):  # type: ignore[misc]  # PettingZoo ships no types
    """PettingZoo's own conversion of the Parallel face, which also tells what that one does besides."""

    env: ParallelFace

    @property
    def observation_spaces(self) -> dict[str, Any]:
        """Agent -> space of its observations; the objects that ``observation_space`` returns."""
        return self.env.observation_spaces

    @property
    def action_spaces(self) -> dict[str, Any]:
        """Agent -> space of its actions; the objects that ``action_space`` returns."""
        return self.env.action_spaces

    @property
    def np_random(self) -> np.random.Generator:
        """The generator that resets without a seed draw from."""
        return self.env.np_random

    @property
    def max_cycles(self) -> int:
        """Decisions after which an episode is truncated."""
        return self.env.max_cycles

    @property
    def actions_taken(self) -> int:
        """Actions taken since the environment was made, of agents with a mask."""
        return self.env.actions_taken

    @property
    def illegal_actions(self) -> int:
        """How many of them a mask forbade."""
        return self.env.illegal_actions

    def action_mask(self, agent: str) -> NDArray[np.int8]:
        """Flat mask of one agent, ``[A]``: 1 is legal; empty where actions are continuous."""
        return self.env.action_mask(agent)

    def action_masks(self) -> dict[str, NDArray[np.int8]]:
        """Flat masks of all agents."""
        return self.env.action_masks()

    def kpis(self) -> dict[str, float]:
        """Metrics over the episode so far."""
        return self.env.kpis()


class OrderedFace(OrderEnforcingWrapper):  # type: ignore[misc]  # PettingZoo ships no types
    """PettingZoo's guard of the order of calls, with the error of our other faces for a picture that is not there."""

    def render(self) -> Any:
        """Picture in the mode chosen at construction.

        Raises:
            EpisodeError: before the first reset.
        """
        if not self._has_reset:
            raise EpisodeError("render: no episode has begun; call reset() first")
        return super().render()

    def __str__(self) -> str:
        return str(self.env)


class ActionCheckingWrapper(BaseWrapper[str, Any, Any]):  # type: ignore[misc]  # PettingZoo ships no types
    """Refuses an action outside its space at once, so that the agent can act again.

    Does what PettingZoo's ``AssertOutOfBoundsWrapper`` does, with an error that names agent, value and remedy.
    """

    def step(self, action: Any) -> None:
        """Take the selected agent's action, None if its episode is over.

        Raises:
            ActionError: an action outside the agent's space; it is still this agent's turn.
        """
        agent = self.agent_selection
        if not (self.terminations[agent] or self.truncations[agent]):
            checked_action(agent, self.action_space(agent), action)
        super().step(action)

    def __str__(self) -> str:
        return str(self.env)
