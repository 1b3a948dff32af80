"""Site commands: what the outage world's transition takes, and all that any controller can say.

Action codes of learning agents are one encoding of these commands (see ``actions.py``).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.constants import MODES, BlackoutConstants
from voltran.envs.blackout.dispatch import Dispatcher
from voltran.envs.errors import ActionError
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.power import HELPING, SLEEP

CommandSet = Literal["paper", "extended", "free"]
PricePolicy = Literal["none", "flat", "dynamic"]

COMMAND_SETS = ("paper", "extended", "free")
FIELD_KINDS: dict[str, Any] = {
    "mode": np.integer,
    "band_bits": np.integer,
    "radius_m": np.floating,
    "ev_power_kw": np.floating,
    "dynamic_price": np.bool_,
    "ev_to_battery": np.bool_,
}


@dataclass(frozen=True)
class SiteCommands:
    """Commands for all sites of all worlds; all arrays ``[B, site]``.

    Attributes:
        mode: cooperation mode: 0 normal, 1 helping, 2 assisted, 3 sleep.
        band_bits: bit ``b`` set where band ``b`` is on.
        radius_m: effective coverage radius.
        ev_power_kw: power to draw from parked vehicles, at most.
        dynamic_price: True pays [MSRC] Eq. 16, False the base price.
        ev_to_battery: True lets vehicle power above the load charge the battery.
        command_set: "paper" and "extended" commands are repaired to meet the joint constraints; "free" ones are not.
        dispatcher: decides in the world's place who is served by whom; see :mod:`voltran.envs.blackout.dispatch`.
    """

    mode: IntArray
    band_bits: IntArray
    radius_m: FloatArray
    ev_power_kw: FloatArray
    dynamic_price: BoolArray
    ev_to_battery: BoolArray
    command_set: CommandSet
    dispatcher: Dispatcher | None = None


def declare(commands: CommandSet, price_policy: PricePolicy) -> dict[str, str]:
    """What result tables show of a controller of sites.

    Args:
        commands: what it may do; "paper" and "extended" actions are repaired to meet the joint constraints.
        price_policy: what it pays owners of vehicles.
    """
    return {"commands": commands, "price": price_policy}


def declare_policy(world: Any, role: str) -> dict[str, str]:
    """What result tables show of a learned policy; its codes decide how much vehicle power to use, never its price.

    Args:
        world: an outage world in which it learns.
        role: whom it plays.
    """
    return declare(world.codec.action_set, "dynamic") if role == world.roles[0].name else {}


def mode_commands(
    constants: BlackoutConstants,
    mode: NDArray[np.integer[Any]],
    *,
    command_set: CommandSet,
    band_bits: NDArray[np.integer[Any]] | None = None,
    ev_power_kw: FloatArray | None = None,
    dynamic_price: bool = True,
    ev_to_battery: bool = True,
) -> SiteCommands:
    """Commands that follow from cooperation modes.

    Source: [MSRC] Eq. 5, [MSRC] Eq. 24, [MSRC] Eq. 25.

    Args:
        constants: the scenario's constants.
        mode: ``[B, site]``.
        command_set: as in :class:`SiteCommands`.
        band_bits: ``[B, site]`` bit sets; by default all that the mode allows.
        ev_power_kw: ``[B, site]``; by default as much as vehicles offer.
        dynamic_price, ev_to_battery: the same for all sites.
    """
    modes: IntArray = np.asarray(mode, dtype=np.int64)
    shape = modes.shape
    bands = constants.mode_bands[modes] if band_bits is None else np.asarray(band_bits, dtype=np.int64)
    return SiteCommands(
        mode=modes,
        band_bits=bands,
        radius_m=constants.radius_m[modes, bands & constants.all_bands],
        ev_power_kw=np.full(shape, constants.ev.site_limit_kw) if ev_power_kw is None else ev_power_kw,
        dynamic_price=np.full(shape, dynamic_price),
        ev_to_battery=np.full(shape, ev_to_battery),
        command_set=command_set,
    )


def with_modes(constants: BlackoutConstants, commands: SiteCommands, mode: IntArray) -> SiteCommands:
    """The same commands with other modes: where the mode changed, radius and bands follow the new one."""
    changed = mode != commands.mode
    return replace(
        commands,
        mode=mode,
        band_bits=np.where(changed, constants.mode_bands[mode], commands.band_bits),
        radius_m=np.where(changed, constants.mode_radius_m[mode], commands.radius_m),
    )


def allowed_bands(constants: BlackoutConstants, mode: IntArray, bands: IntArray) -> IntArray:
    """The nearest band set that each mode allows: never empty unless asleep, and with the lowest band on a helper.

    Source: [MSRC] Eq. 24, [MSRC] Eq. 25.
    """
    allowed = constants.mode_bands[mode]
    kept = bands & allowed
    kept = np.where(mode == HELPING, kept | (1 << constants.lowest_band), kept)
    return np.where((kept == 0) & (mode != SLEEP), allowed, kept)


def check_commands(constants: BlackoutConstants, commands: SiteCommands, n_worlds: int) -> None:
    """Reject commands that no site could carry out, or that their command set does not allow.

    Raises:
        ActionError: names the field, world, site and value.
    """
    if commands.command_set not in COMMAND_SETS:
        raise ActionError(f"command_set = {commands.command_set!r} is unknown; use one of {', '.join(COMMAND_SETS)}")
    if commands.dispatcher is not None and not isinstance(commands.dispatcher, Dispatcher):
        raise ActionError(
            f"command dispatcher: {type(commands.dispatcher).__name__} has no allocate(situation); give one that does, "
            "or None"
        )
    shape = (n_worlds, constants.n_sites)
    for field, kind in FIELD_KINDS.items():
        value = np.asarray(getattr(commands, field))
        if value.shape != shape:
            raise ActionError(f"command {field}: shape {value.shape} is not (worlds, sites) = {shape}")
        if not np.issubdtype(value.dtype, kind):
            raise ActionError(f"command {field}: dtype {value.dtype} is not {kind.__name__}")
    for field, high in (
        ("mode", len(MODES) - 1),
        ("band_bits", constants.all_bands),
        ("radius_m", np.inf),
        ("ev_power_kw", np.inf),
    ):
        value = getattr(commands, field)
        _require((value >= 0) & (value <= high), field, value, f"must lie in [0, {high}]")
    if commands.command_set == "free":
        return
    radius_m = constants.radius_m[commands.mode, commands.band_bits]
    bands = allowed_bands(constants, commands.mode, commands.band_bits)
    if commands.command_set == "paper":
        bands = constants.mode_bands[commands.mode]
    _require(commands.radius_m == radius_m, "radius_m", commands.radius_m, "only free commands choose the radius")
    rule = f"its mode does not allow these bands in the {commands.command_set} command set"
    _require(commands.band_bits == bands, "band_bits", commands.band_bits, rule)


def _require(holds: BoolArray, field: str, value: NDArray[Any], rule: str) -> None:
    if not holds.all():
        world, site = (int(index) for index in np.argwhere(~holds)[0])
        raise ActionError(f"command {field} of bs_{site} in world {world} = {value[world, site]}: {rule}")
