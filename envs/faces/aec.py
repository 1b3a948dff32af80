"""PettingZoo AEC face: agents act one after another, the world moves when the last one has."""

from typing import Any

from pettingzoo import AECEnv
from pettingzoo.utils import BaseWrapper
from pettingzoo.utils.conversions import parallel_to_aec

from voltran.envs.faces.actions import checked_action
from voltran.envs.faces.parallel import ParallelFace


def raw_aec_face(parallel: ParallelFace) -> AECEnv[str, Any, Any]:
    """PettingZoo's own conversion, which enforces the order of calls; actions are checked when the last agent acts."""
    return parallel_to_aec(parallel)


def aec_face(parallel: ParallelFace) -> AECEnv[str, Any, Any]:
    """The conversion, with each agent's action checked at the moment it acts."""
    return ActionCheckingWrapper(raw_aec_face(parallel))


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
