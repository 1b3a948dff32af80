"""Action codes of base-station agents: one encoding of site commands, with masks that say which codes are legal.

A joint code enumerates the valid combinations of mode, bands and level of vehicle power; the multi form has one
dimension for each. A code inside its space but masked out is mapped to the nearest legal one and reported.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.action_checks import require_code
from voltran.envs.blackout.commands import SiteCommands, allowed_bands, mode_commands
from voltran.envs.blackout.constants import MODES, BlackoutConstants
from voltran.envs.errors import ActionError, ScenarioError
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.power import HELPING, NORMAL, SLEEP

ActionSet = Literal["paper", "extended"]
ActionForm = Literal["joint", "multi"]

EV_LEVELS = (0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0)
SAME = 1e-9  # relative to what vehicles offer: less than this is rounding
PLAY_CODES = "choose a controller whose commands are of the paper or the extended set, such as rotating-sleep"


@dataclass(frozen=True)
class Legality:
    """What live sites may do now: ``mode [B, site, 4]``, ``level [B, site, 4]``, ``alive [B, site]``."""

    mode: BoolArray
    level: BoolArray
    alive: BoolArray


@dataclass(frozen=True)
class Decoded:
    """Commands of action codes, and which codes were illegal and therefore mapped to legal ones ``[B, site]``."""

    commands: SiteCommands
    projected: BoolArray


class ActionCodec:
    """Encodes and decodes the actions of one action set and form.

    Args:
        constants: the scenario's constants.
        action_set: "paper": bands follow the mode; "extended": any band set that the mode allows.
        form: "joint": one Discrete; "multi": MultiDiscrete of mode, bands (extended only) and level.
    """

    def __init__(self, constants: BlackoutConstants, action_set: ActionSet, form: ActionForm) -> None:
        if action_set not in ("paper", "extended"):
            raise ScenarioError(f"action_set = {action_set!r} is unknown; use 'paper' or 'extended'")
        if form not in ("joint", "multi"):
            raise ScenarioError(f"action_form = {form!r} is unknown; use 'joint' or 'multi'")
        self.constants, self.action_set, self.form = constants, action_set, form
        codes = np.array(list(self._combinations()))
        self.code_mode, self.code_bands, self.code_level = codes[:, 0], codes[:, 1], codes[:, 2]
        self._first_code = np.full((len(MODES), constants.all_bands + 1), -1)
        self._first_code[self.code_mode[:: len(EV_LEVELS)], self.code_bands[:: len(EV_LEVELS)]] = np.arange(
            0, len(codes), len(EV_LEVELS)
        )
        self.noop = int(np.flatnonzero((self.code_mode == SLEEP) & (self.code_level == 0))[0])

    @property
    def version(self) -> str:
        """Changes whenever a code changes its meaning; policies are tied to it."""
        return f"blackout-{self.action_set}-{self.form}-1"

    def space(self) -> spaces.Discrete | spaces.MultiDiscrete:
        """Action space of one agent."""
        if self.form == "joint":
            return spaces.Discrete(len(self.code_mode))
        return spaces.MultiDiscrete(self.sizes)

    @property
    def sizes(self) -> list[int]:
        """Number of values per dimension of an action; the flat mask is their concatenation."""
        if self.form == "joint":
            return [len(self.code_mode)]
        bands = [self.constants.all_bands] if self.action_set == "extended" else []
        return [len(MODES), *bands, len(EV_LEVELS)]

    def mask(self, legality: Legality) -> BoolArray:
        """Flat action mask ``[B, site, A]``; a dead site has its no-op only."""
        dead = ~legality.alive[..., None]
        if self.form == "joint":
            legal = legality.mode[..., self.code_mode] & legality.level[..., self.code_level]
            noop = np.arange(len(self.code_mode)) == self.noop
            return np.where(dead, noop, legal)
        mode = np.where(dead, np.arange(len(MODES)) == SLEEP, legality.mode)
        level = np.where(dead, np.arange(len(EV_LEVELS)) == 0, legality.level)
        if self.action_set == "paper":
            return np.concatenate([mode, level], axis=-1)
        bands = np.broadcast_to(
            ~dead | (np.arange(self.constants.all_bands) == 0), (*mode.shape[:2], self.constants.all_bands)
        )
        return np.concatenate([mode, bands, level], axis=-1)

    def decode(self, actions: IntArray, legality: Legality, offered_kw: NDArray[np.float64]) -> Decoded:
        """Commands for validated actions.

        Args:
            actions: ``[B, site]`` codes, or ``[B, site, dimension]``.
            legality: what is legal now.
            offered_kw: ``[B, site]`` power that accepting vehicles can give; levels are shares of it.
        """
        mode, bands, level = self.split(actions)
        legal_mode = np.take_along_axis(legality.mode, mode[..., None], axis=-1)[..., 0]
        legal_level = np.take_along_axis(legality.level, level[..., None], axis=-1)[..., 0]
        noop = (mode == SLEEP) & (level == 0)
        projected = np.where(legality.alive, ~(legal_mode & legal_level), ~noop)
        to_normal = legality.alive & ~legal_mode
        mode = np.where(to_normal, NORMAL, np.where(legality.alive, mode, SLEEP))
        bands = allowed_bands(self.constants, mode, np.where(to_normal, self.constants.all_bands, bands))
        level = np.where(legality.alive & legal_level, level, 0)
        power_kw = np.asarray(EV_LEVELS)[level] * offered_kw
        # A dead site's no-op lets its vehicles recharge the battery, so that it can come back.
        power_kw = np.where(legality.alive, power_kw, self.constants.ev.site_limit_kw)
        commands = mode_commands(
            self.constants, mode, command_set=self.action_set, band_bits=bands, ev_power_kw=power_kw
        )
        return Decoded(commands, projected)

    def encode(self, commands: SiteCommands, legality: Legality, offered_kw: FloatArray) -> IntArray:
        """Actions that stand for commands; :meth:`decode` makes the same of them, as far as vehicles offer power now.

        Args:
            commands: as they would come into force, repaired; what a dead site is told besides does not count.
            legality: what is legal now.
            offered_kw: ``[B, site]``, as for :meth:`decode`; commands that ask for more ask for all of it.

        Returns:
            ``[B, site]`` codes, or ``[B, site, dimension]``.

        Raises:
            ActionError: commands that no code stands for; names the field and the remedy.
        """
        if commands.command_set == "free" or commands.dispatcher is not None:
            what = "free commands" if commands.command_set == "free" else "a dispatcher of its own"
            raise ActionError(f"commands of bs: no action code stands for {what}; {PLAY_CODES}")
        for field in ("dynamic_price", "ev_to_battery"):
            values = getattr(commands, field)
            require_code(values, "bs", field, values, f"codes always pay and charge; {PLAY_CODES}")
        mode, bands = commands.mode, commands.band_bits
        first = self._first_code[mode, bands]
        remedy = f"its mode has no such bands in action_set={self.action_set}; build the world with action_set=extended"
        require_code(first >= 0, "bs", "band_bits", bands, remedy)
        level = self._levels(commands.ev_power_kw, legality, offered_kw)
        if self.form == "joint":
            return np.asarray(first + level, np.int64)
        chosen = [mode, level] if self.action_set == "paper" else [mode, np.maximum(bands - 1, 0), level]
        return np.stack(chosen, axis=-1).astype(np.int64)

    def _levels(self, power_kw: FloatArray, legality: Legality, offered_kw: FloatArray) -> IntArray:
        """Levels ``[B, site]`` of vehicle power that stand for what commands ask for."""
        wanted_kw = np.where(legality.alive, np.minimum(power_kw, offered_kw), 0.0)
        distance_kw = np.abs(wanted_kw[..., None] - np.asarray(EV_LEVELS) * offered_kw[..., None])
        level = np.where(wanted_kw > 0.0, distance_kw.argmin(axis=-1), 0)
        met = np.take_along_axis(distance_kw, level[..., None], axis=-1)[..., 0] <= SAME * offered_kw
        shares = ", ".join(f"{share:.2f}" for share in EV_LEVELS)
        require_code(met, "bs", "ev_power_kw", power_kw, f"codes take {shares} of what vehicles offer")
        return level

    def split(self, actions: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Mode, bands and level, each ``[B, site]``, that validated actions ask for, whether they are legal or not."""
        if self.form == "joint":
            return self.code_mode[actions], self.code_bands[actions], self.code_level[actions]
        mode, level = actions[..., 0], actions[..., -1]
        bands = self.constants.mode_bands[mode] if self.action_set == "paper" else actions[..., 1] + 1
        return mode, bands, level

    def _combinations(self) -> list[tuple[int, int, int]]:
        combinations = []
        for mode in MODES:
            for bands in self._band_sets(mode):
                combinations += [(mode, bands, level) for level in range(len(EV_LEVELS))]
        return combinations

    def _band_sets(self, mode: int) -> list[int]:
        allowed = int(self.constants.mode_bands[mode])
        if mode == SLEEP or self.action_set == "paper":
            return [allowed]
        subsets = [bands for bands in range(allowed, 0, -1) if bands & ~allowed == 0]
        if mode == HELPING:
            return [bands for bands in subsets if bands >> self.constants.lowest_band & 1]
        return subsets
