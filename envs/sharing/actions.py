"""Action codes of operators: which of their sites take power from the battery, and how much the grid shall charge it.

A joint code is ``3 * sources + vote``; bit k of ``sources`` is set where the agent's site k is on the battery. The
multi form has a choice for each site and one for the vote. What an agent does not have, or cannot be, is mapped to the
grid and to no charging, and reported.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.action_checks import require_code
from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.commands import SharingCommands
from voltran.envs.sharing.constants import SharingConstants
from voltran.physics.arrays import BoolArray, FloatArray, IntArray

SharingForm = Literal["joint", "multi"]
VOTES = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Decoded:
    """Commands of actions, and which agents' codes ``[B, N]`` were illegal."""

    commands: SharingCommands
    projected: BoolArray


class SharingCodec:
    """Encodes and decodes the actions of one form.

    Args:
        constants: constants.
        form: "joint": one Discrete; "multi": MultiDiscrete.

    Raises:
        ScenarioError: an unknown form.
    """

    def __init__(self, constants: SharingConstants, form: SharingForm = "joint") -> None:
        if form not in ("joint", "multi"):
            raise ScenarioError(f"action_form = {form!r} is unknown; use 'joint' or 'multi'")
        self.constants, self.form = constants, form
        self.most_sites = constants.agent_has.shape[1]

    @property
    def version(self) -> str:
        """Changes whenever an action changes its meaning; policies are tied to it."""
        return f"sharing-{self.form}-1"

    @property
    def sizes(self) -> list[int]:
        """Number of values per dimension of an action; the flat mask is their concatenation."""
        if self.form == "joint":
            return [2**self.most_sites * len(VOTES)]
        return [2] * self.most_sites + [len(VOTES)]

    def space(self) -> spaces.Discrete | spaces.MultiDiscrete:
        """Action space of one agent."""
        return spaces.Discrete(self.sizes[0]) if self.form == "joint" else spaces.MultiDiscrete(self.sizes)

    def mask(self, can_charge: BoolArray) -> BoolArray:
        """Flat action mask ``[B, N, A]``.

        Args:
            can_charge: ``[B, N]`` whether the grid can charge the battery in the coming slot.
        """
        possible = self._votes(can_charge)
        has: BoolArray = np.tile(self.constants.agent_has, (len(can_charge), 1, 1))
        if self.form == "multi":
            sources = np.stack([np.ones_like(has), has], axis=-1).reshape(*can_charge.shape, -1)
            return np.concatenate([sources, possible], axis=-1)
        bits = _bits(np.arange(2**self.most_sites), self.most_sites)
        sources = np.asarray((has[..., None, :] | ~bits).all(axis=-1))
        return np.asarray((sources[..., None] & possible[..., None, :]).reshape(*can_charge.shape, -1))

    def decode(self, actions: NDArray[np.int64], can_charge: BoolArray) -> Decoded:
        """Commands for validated actions.

        Args:
            actions: ``[B, N]`` codes, or ``[B, N, K + 1]`` choices.
            can_charge: as in :meth:`mask`.
        """
        if self.form == "joint":
            sources, vote = np.divmod(actions, len(VOTES))
            wanted = _bits(sources, self.most_sites)
        else:
            wanted, vote = actions[..., :-1].astype(bool), actions[..., -1]
        allowed = np.take_along_axis(self._votes(can_charge), vote[..., None], axis=-1)[..., 0]
        has = self.constants.agent_has
        projected = (wanted & ~has).any(axis=-1) | ~allowed
        on_battery = np.zeros((len(wanted), self.constants.n_sites), dtype=bool)
        on_battery[:, self.constants.agent_sites[has]] = wanted[:, has]
        return Decoded(SharingCommands(on_battery, np.where(allowed, np.array(VOTES)[vote], 0.0)), projected)

    def encode(self, commands: SharingCommands, can_charge: BoolArray) -> NDArray[np.int64]:
        """Actions that stand for commands; :meth:`decode` gives them back.

        Args:
            commands: checked; votes to charge from a grid that is off do not count.
            can_charge: as in :meth:`mask`.

        Raises:
            ActionError: a vote that no code stands for.
        """
        share = np.where(can_charge, commands.charge_share, 0.0)
        votes: IntArray = np.abs(share[..., None] - np.array(VOTES)).argmin(axis=-1)
        known = ", ".join(f"{vote:g}" for vote in VOTES)
        remedy = f"votes are {known}; choose a controller that votes so, such as tariff-threshold"
        require_code(np.array(VOTES)[votes] == share, "operator", "charge_share", share, remedy)
        wanted = commands.battery_sites[:, self.constants.agent_sites] & self.constants.agent_has
        if self.form == "multi":
            return np.concatenate([wanted.astype(np.int64), votes[..., None]], axis=-1)
        return np.asarray((wanted * 2 ** np.arange(self.most_sites)).sum(axis=-1) * len(VOTES) + votes, np.int64)

    def _votes(self, can_charge: BoolArray) -> BoolArray:
        """Votes ``[B, N, vote]`` that can be followed."""
        return np.stack([np.ones_like(can_charge), *[can_charge] * (len(VOTES) - 1)], axis=-1)


def _bits(codes: IntArray, count: int) -> BoolArray:
    """Bits ``[..., count]`` of codes, the lowest first."""
    return np.asarray((np.asarray(codes)[..., None] >> np.arange(count)) & 1, dtype=bool)


def weighted_vote(constants: SharingConstants, charge_share: FloatArray, agent_share: FloatArray) -> FloatArray:
    """Share ``[B, I]`` of the charging limit that agents ask of the grid together, weighted by alpha.

    Args:
        constants: constants.
        charge_share: ``[B, N]`` votes.
        agent_share: ``[B, N]`` alpha of all sites of an agent.
    """
    return np.asarray(np.minimum(constants.sum_of_agents(charge_share * agent_share), 1.0))
