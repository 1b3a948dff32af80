"""Action codes of sites: how much to buy, and what to do with the battery.

A joint code is ``3 * request + battery``; the multi form has one choice for each. Codes ask for a share of what the
site can use, load and charging, and accept any price; the box form names a price, too. What the battery cannot do is
mapped to idle, and reported.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.action_checks import require_code
from voltran.envs.errors import ScenarioError
from voltran.envs.market.commands import MarketCommands
from voltran.envs.market.constants import MarketConstants
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, IntArray

MarketForm = Literal["joint", "multi", "box"]
REQUESTS = (0.0, 0.25, 0.5, 0.75, 1.0)
BATTERY_CHOICES = ("discharge", "idle", "charge")
DISCHARGE, IDLE, CHARGE = 0, 1, 2
BOX_SIZE = 3  # request, battery, accepted price
BOX = "build the world with action_form=box"
# Less room than this in a battery is rounding.
SMALL_KW = 1e-9


@dataclass(frozen=True)
class Situation:
    """What codes refer to; all arrays ``[B, M]``: loads, and what batteries can take and give for a whole period."""

    load_kw: FloatArray
    charge_room_kw: FloatArray
    discharge_room_kw: FloatArray


@dataclass(frozen=True)
class Decoded:
    """Commands of actions, and which agents' codes ``[B, M]`` were illegal."""

    commands: MarketCommands
    projected: BoolArray


class MarketCodec:
    """Encodes and decodes the actions of one form.

    Args:
        constants: constants.
        form: "joint": one Discrete; "multi": MultiDiscrete; "box": request, battery power and accepted price, each in
            [-1, 1].

    Raises:
        ScenarioError: an unknown form.
    """

    def __init__(self, constants: MarketConstants, form: MarketForm = "joint") -> None:
        if form not in ("joint", "multi", "box"):
            raise ScenarioError(f"action_form = {form!r} is unknown; use 'joint', 'multi' or 'box'")
        self.constants, self.form = constants, form

    @property
    def version(self) -> str:
        """Changes whenever an action changes its meaning; policies are tied to it."""
        return f"market-{self.form}-1"

    @property
    def sizes(self) -> list[int]:
        """Number of values per dimension of an action; the flat mask is their concatenation."""
        choices = [len(REQUESTS), len(BATTERY_CHOICES)]
        return {"joint": [choices[0] * choices[1]], "multi": choices, "box": []}[self.form]

    def space(self) -> spaces.Discrete | spaces.MultiDiscrete | spaces.Box:
        """Action space of one agent."""
        if self.form == "box":
            return spaces.Box(-1.0, 1.0, (BOX_SIZE,), np.float32)
        return spaces.Discrete(self.sizes[0]) if self.form == "joint" else spaces.MultiDiscrete(self.sizes)

    def mask(self, situation: Situation) -> BoolArray:
        """Flat action mask ``[B, M, A]``: batteries that are empty, full or not there stay out of it."""
        battery = self._possible(situation)
        if self.form == "box":
            return np.zeros((*situation.load_kw.shape, 0), dtype=bool)
        if self.form == "joint":
            return np.tile(battery, len(REQUESTS))
        requests = np.ones((*situation.load_kw.shape, len(REQUESTS)), dtype=bool)
        return np.concatenate([requests, battery], axis=-1)

    def decode(self, actions: NDArray[np.float64] | NDArray[np.int64], situation: Situation) -> Decoded:
        """Commands for validated actions."""
        highest_payment, limits = self.constants.retail.highest_payment, self.constants.batteries
        if self.form == "box":
            request, power, price = np.moveaxis(actions, -1, 0)
            battery_kw = power * np.where(power > 0.0, limits.discharge_limit_kw, limits.charge_limit_kw)
            accepted = (price + 1.0) / 2.0 * highest_payment
            commands = self._commands((request + 1.0) / 2.0, battery_kw, accepted, situation)
            return Decoded(commands, np.zeros(request.shape, dtype=bool))
        choices = np.divmod(actions, len(BATTERY_CHOICES)) if self.form == "joint" else np.moveaxis(actions, -1, 0)
        request, battery = np.asarray(choices[0], np.int64), np.asarray(choices[1], np.int64)
        possible = np.take_along_axis(self._possible(situation), battery[..., None], axis=-1)[..., 0]
        chosen = np.where(possible, battery, IDLE)
        battery_kw = np.where(chosen == DISCHARGE, limits.discharge_limit_kw, 0.0)
        battery_kw = np.where(chosen == CHARGE, -limits.charge_limit_kw, battery_kw)
        price = np.full(request.shape, highest_payment)
        return Decoded(self._commands(np.array(REQUESTS)[request], battery_kw, price, situation), ~possible)

    def encode(self, commands: MarketCommands, situation: Situation) -> NDArray[Any]:
        """Actions that stand for commands: codes ``[B, M]``, ``[B, M, 2]`` or, as box, ``[B, M, 3]`` of float32.

        Args:
            commands: checked; what is asked for beyond what sites can use, or batteries can do, does not count.
            situation: as for :meth:`decode`.

        Raises:
            ActionError: commands that no action stands for; names the field and the remedy.
        """
        usable = usable_kw(commands.battery_kw, situation)
        share = np.divide(commands.requested_kw, usable, out=np.zeros_like(usable), where=usable > 0.0)
        share = np.minimum(share, 1.0)
        if self.form == "box":
            return self._box(share, commands)
        accepted = commands.accepted_price
        any_price = accepted >= self.constants.retail.highest_payment
        require_code(any_price, "bs", "accepted_price", accepted, f"codes accept any price; {BOX}")
        request = np.abs(share[..., None] - np.array(REQUESTS)).argmin(axis=-1)
        met = np.isclose(np.array(REQUESTS)[request], share, rtol=0.0, atol=SMALL_KW)
        remedy = f"codes ask for quarters of what the site can use; {BOX}"
        require_code(met, "bs", "requested_kw", commands.requested_kw, remedy)
        battery = self._battery_choices(commands.battery_kw, situation)
        joint = request * len(BATTERY_CHOICES) + battery
        return np.asarray(joint if self.form == "joint" else np.stack([request, battery], axis=-1), np.int64)

    def _box(self, share: FloatArray, commands: MarketCommands) -> Float32Array:
        """Actions ``[B, M, 3]`` of the box form for shares ``[B, M]`` of what sites can use, and checked commands."""
        limits, battery_kw = self.constants.batteries, commands.battery_kw
        limit_kw = np.where(battery_kw > 0.0, limits.discharge_limit_kw, limits.charge_limit_kw)
        power = np.divide(battery_kw, limit_kw, out=np.zeros_like(battery_kw), where=limit_kw > 0.0)
        accepted = commands.accepted_price / self.constants.retail.highest_payment
        parts = np.stack([2.0 * share - 1.0, power, 2.0 * accepted - 1.0], axis=-1)
        return np.asarray(np.clip(parts, -1.0, 1.0), np.float32)

    def _battery_choices(self, battery_kw: FloatArray, situation: Situation) -> IntArray:
        """What codes say ``[B, M]`` for battery orders."""
        room_kw = np.where(battery_kw > 0.0, situation.discharge_room_kw, situation.charge_room_kw)
        ordered_kw = np.minimum(np.abs(battery_kw), room_kw)
        idle = ordered_kw <= SMALL_KW
        remedy = f"codes charge and discharge with all that the battery can; {BOX}"
        require_code(idle | (ordered_kw >= room_kw - SMALL_KW), "bs", "battery_kw", battery_kw, remedy)
        return np.where(idle, IDLE, np.where(battery_kw > 0.0, DISCHARGE, CHARGE))

    def _commands(
        self, share: FloatArray, battery_kw: FloatArray, accepted_price: FloatArray, situation: Situation
    ) -> MarketCommands:
        """Commands that ask for a share of what the site can use."""
        return MarketCommands(share * usable_kw(battery_kw, situation), accepted_price, battery_kw)

    def _possible(self, situation: Situation) -> BoolArray:
        """Battery choices ``[B, M, choice]`` that do something, and idle."""
        idle = np.ones(situation.load_kw.shape, dtype=bool)
        return np.stack([situation.discharge_room_kw > SMALL_KW, idle, situation.charge_room_kw > SMALL_KW], axis=-1)


def usable_kw(battery_kw: FloatArray, situation: Situation) -> FloatArray:
    """Power ``[B, M]`` that sites can use under battery orders: load, and charging where that is ordered."""
    charge_kw = np.minimum(np.maximum(-battery_kw, 0.0), situation.charge_room_kw)
    return np.asarray(situation.load_kw + charge_kw)
