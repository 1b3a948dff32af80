"""What rewards of the uplink world look back on."""

from dataclasses import dataclass
from functools import cached_property

from voltran.envs.rewards import Period
from voltran.envs.uplink.counterfactual import Outcomes
from voltran.envs.uplink.simulation import Choices
from voltran.envs.uplink.state import UplinkState
from voltran.physics.layout import FloatArray
from voltran.physics.uplink import BoolArray


@dataclass
class UplinkPeriod(Period):
    """A decision period of the uplink world.

    Attributes:
        state: after the period; see :meth:`latest`.
        choices: what UBSs asked for.
    """

    state: UplinkState
    choices: Choices

    def latest(self, name: str) -> FloatArray:
        """What the period brought: one of the series of ``state.SERIES``, ``[B]``."""
        return self.state.latest(name)

    @property
    def repaired(self) -> BoolArray:
        """UBSs ``[B, M]`` that do not serve whom they asked to."""
        return self.choices.repaired

    @property
    def was_awake(self) -> BoolArray:
        """UBSs ``[B, M]`` that were awake before the period."""
        return self.choices.was_awake

    @cached_property
    def without(self) -> Outcomes:
        """What the period would have been without the choice of each UBS, ``[B, M + 1]``; at last with all."""
        return self.choices.without()
