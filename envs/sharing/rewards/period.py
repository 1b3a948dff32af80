"""What rewards of the sharing world look back on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from voltran.envs.rewards import Period
from voltran.envs.sharing.state import AGENT_SERIES, SharingState
from voltran.physics.arrays import FloatArray


@dataclass
class SharingPeriod(Period):
    """A slot of the sharing world."""

    state: SharingState

    def latest(self, name: str) -> FloatArray:
        """What the slot brought: one of the world's series (see ``trace``), ``[B, U]``, ``[B, I]``, ``[B, N]`` or
        ``[B]``."""
        return self.state.latest(name)

    @property
    def soc_change(self) -> FloatArray:
        """Change of the states of charge in the slot, ``[B, I]``."""
        return self.state.soc - self.state.soc_before

    @cached_property
    def costs_eur(self) -> dict[str, FloatArray]:
        """Parts ``[B, N]`` of what the slot cost each agent: own purchases, its part of charging and wear, lost load,
        and, at the end, its part of filling the battery up again."""
        return {name: self.latest(name) for name in AGENT_SERIES}

    def cost_eur(self) -> FloatArray:
        """What the slot cost each agent, ``[B, N]``."""
        first, *others = self.costs_eur.values()
        return sum(others, first)

    def equal_parts(self, of_infrastructures: FloatArray) -> FloatArray:
        """Each agent's part ``[B, N]`` of something of infrastructures ``[B, I]``, the same for all of them there."""
        constants = self.world.constants
        count = constants.sum_of_agents(np.ones((1, constants.n_agents)))
        return np.asarray((of_infrastructures / count)[:, constants.agent_infrastructure])
