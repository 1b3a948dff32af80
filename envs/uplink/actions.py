"""Action codes of UBS agents: two encodings of whom a UBS offers to serve.

A joint code n offers to serve the n strongest of the UEs that are active, 0 sleeps; the multi form has one choice per
UE. Codes that name more UEs than are active are mapped to the nearest that do not, and reported.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from gymnasium import spaces

from voltran.envs.action_checks import require_code
from voltran.envs.errors import ActionError, ScenarioError
from voltran.envs.uplink.architecture import Architecture
from voltran.envs.uplink.commands import UplinkCommands
from voltran.physics.arrays import BoolArray, FloatArray, IntArray

ActionForm = Literal["joint", "multi"]


@dataclass(frozen=True)
class Decoded:
    """Offers ``[B, M, K]`` of action codes, and which agents' codes ``[B, M]`` were illegal."""

    association: BoolArray
    projected: BoolArray


class ActionCodec:
    """Encodes and decodes the actions of one form.

    Args:
        architecture: the network.
        n_ues: UEs of the scenario, silent ones too.
        form: "joint": one Discrete; "multi": MultiDiscrete with one choice per UE.
    """

    def __init__(self, architecture: Architecture, n_ues: int, form: ActionForm) -> None:
        if form not in ("joint", "multi"):
            raise ScenarioError(f"action_form = {form!r} is unknown; use 'joint' or 'multi'")
        self.n_ubs, self.n_ues, self.form = architecture.n_ubs, n_ues, form
        self.most = architecture.ues_per_ubs

    @property
    def version(self) -> str:
        """Changes whenever a code changes its meaning; policies are tied to it."""
        return f"uplink-{self.form}-1"

    @property
    def sizes(self) -> list[int]:
        """Number of values per dimension of an action; the flat mask is their concatenation."""
        return [self.most + 1] if self.form == "joint" else [2] * self.n_ues

    def space(self) -> spaces.Discrete | spaces.MultiDiscrete:
        """Action space of one agent."""
        return spaces.Discrete(self.most + 1) if self.form == "joint" else spaces.MultiDiscrete(self.sizes)

    def mask(self, active: BoolArray) -> BoolArray:
        """Flat action mask ``[B, M, A]`` while the UEs ``active`` ``[B, K]`` take part."""
        if self.form == "joint":
            legal = np.arange(self.most + 1) <= active.sum(axis=1, keepdims=True)
        else:
            legal = np.stack([np.ones_like(active), active], axis=-1).reshape(len(active), -1)
        return np.repeat(legal[:, None, :], self.n_ubs, axis=1)

    def decode(self, actions: IntArray, strength: IntArray, active: BoolArray) -> Decoded:
        """Offers for validated actions.

        Args:
            actions: ``[B, M]`` codes, or ``[B, M, K]`` choices.
            strength: ``[B, M, K]`` place of each UE among the UBS's active ones, 0 is the strongest.
            active: ``[B, K]``.
        """
        there = active[:, None, :]
        if self.form == "joint":
            return Decoded((strength < actions[..., None]) & there, actions > active.sum(axis=1)[:, None])
        wanted = actions.astype(bool)
        return Decoded(wanted & there, np.asarray((wanted & ~there).any(axis=-1)))

    def encode(self, association: BoolArray, strength: IntArray, active: BoolArray) -> IntArray:
        """Actions that stand for offers; :meth:`decode` gives them back.

        Args:
            association: ``[B, M, K]`` offers; those to inactive UEs do not count.
            strength, active: as for :meth:`decode`.

        Returns:
            ``[B, M]`` codes, or ``[B, M, K]`` choices.

        Raises:
            ActionError: offers that no code stands for.
        """
        offers = association & active[:, None, :]
        if self.form == "multi":
            return offers.astype(np.int64)
        count = offers.sum(axis=-1)
        strongest = ((strength < count[..., None]) == offers).all(axis=-1, where=active[:, None, :])
        remedy = "codes offer to serve the strongest UEs; build the world with action_form=multi"
        require_code(strongest & (count <= self.most), "ubs", "association (number of UEs)", count, remedy)
        return np.asarray(count, np.int64)


def check_commands(commands: UplinkCommands, shape: tuple[int, int, int], power_max_mw: float) -> None:
    """Reject commands that no network could carry out.

    Args:
        commands: what a controller said.
        shape: ``(B, M, K)``.
        power_max_mw: largest power of a UE.

    Raises:
        ActionError: names the field, and world, UE and value where one is wrong.
    """
    association: Any = np.asarray(commands.association)
    if association.shape != shape:
        raise ActionError(f"command association: shape {association.shape} is not (worlds, UBSs, UEs) = {shape}")
    if association.dtype != np.bool_:
        raise ActionError(f"command association: dtype {association.dtype} is not bool")
    if commands.power_mw is None:
        return
    power_mw: FloatArray = np.asarray(commands.power_mw)
    expected = (shape[0], shape[2])
    if power_mw.shape != expected:
        raise ActionError(f"command power_mw: shape {power_mw.shape} is not (worlds, UEs) = {expected}")
    if not np.issubdtype(power_mw.dtype, np.floating):
        raise ActionError(f"command power_mw: dtype {power_mw.dtype} is not floating")
    good = (power_mw >= 0.0) & (power_mw <= power_max_mw)
    if not good.all():
        world, ue = (int(index) for index in np.argwhere(~good)[0])
        raise ActionError(
            f"command power_mw of UE {ue} in world {world} = {power_mw[world, ue]}: must lie in [0, {power_max_mw:g}]"
        )
