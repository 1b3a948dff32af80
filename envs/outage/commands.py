"""Site commands: what the outage world's transition takes, and all that any controller can say.

Action codes of learning agents are one encoding of these commands (see ``actions.py``).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.controller import CommandSet
from voltran.envs.errors import ActionError
from voltran.envs.outage.model import MODES, OutageModel
from voltran.physics.power import HELPING, SLEEP

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class SiteCommands:
    """Commands for all sites of all worlds; all arrays ``[B, site]``.

    Attributes:
        mode: cooperation mode: 0 normal, 1 helping, 2 assisted, 3 sleep.
        bands: bit ``b`` set where band ``b`` is on.
        radius_m: effective coverage radius.
        ev_power_kw: power to draw from parked vehicles, at most.
        dynamic_price: True pays [MSRC] Eq. 16, False the base price.
        ev_to_battery: True lets vehicle power above the load charge the battery.
        command_set: "paper" and "extended" commands are repaired to meet [MSRC] Eqs. 20-25; "free" ones are not.
    """

    mode: IntArray
    bands: IntArray
    radius_m: FloatArray
    ev_power_kw: FloatArray
    dynamic_price: BoolArray
    ev_to_battery: BoolArray
    command_set: CommandSet


def mode_commands(
    model: OutageModel,
    mode: NDArray[np.integer[Any]],
    *,
    command_set: CommandSet,
    bands: NDArray[np.integer[Any]] | None = None,
    ev_power_kw: FloatArray | None = None,
    dynamic_price: bool = True,
    ev_to_battery: bool = True,
) -> SiteCommands:
    """Commands that follow from cooperation modes: radius by [MSRC] Eq. 5, bands by Eqs. 24-25.

    Args:
        model: the scenario's constants.
        mode: ``[B, site]``.
        command_set: as in :class:`SiteCommands`.
        bands: ``[B, site]`` bit sets; by default all that the mode allows.
        ev_power_kw: ``[B, site]``; by default as much as vehicles offer.
        dynamic_price, ev_to_battery: the same for all sites.
    """
    modes: IntArray = np.asarray(mode, dtype=np.int64)
    shape = modes.shape
    return SiteCommands(
        mode=modes,
        bands=model.mode_bands[modes] if bands is None else np.asarray(bands, dtype=np.int64),
        radius_m=model.mode_radius_m[modes],
        ev_power_kw=np.full(shape, model.ev.site_limit_kw) if ev_power_kw is None else ev_power_kw,
        dynamic_price=np.full(shape, dynamic_price),
        ev_to_battery=np.full(shape, ev_to_battery),
        command_set=command_set,
    )


def with_modes(model: OutageModel, commands: SiteCommands, mode: IntArray) -> SiteCommands:
    """The same commands with other modes: where the mode changed, radius and bands follow the new one."""
    changed = mode != commands.mode
    return replace(
        commands,
        mode=mode,
        bands=np.where(changed, model.mode_bands[mode], commands.bands),
        radius_m=np.where(changed, model.mode_radius_m[mode], commands.radius_m),
    )


def allowed_bands(model: OutageModel, mode: IntArray, bands: IntArray) -> IntArray:
    """The nearest band set that each mode allows: never empty unless asleep, and with the lowest band on a helper."""
    allowed = model.mode_bands[mode]
    kept = bands & allowed
    kept = np.where(mode == HELPING, kept | (1 << model.lowest_band), kept)
    return np.where((kept == 0) & (mode != SLEEP), allowed, kept)


def check_commands(model: OutageModel, commands: SiteCommands, n_worlds: int) -> None:
    """Reject commands that no site could carry out.

    Raises:
        ActionError: names the field, world, site and value.
    """
    shape = (n_worlds, model.n_sites)
    limits = {
        "mode": (0, len(MODES) - 1),
        "bands": (0, model.all_bands),
        "radius_m": (0.0, np.inf),
        "ev_power_kw": (0.0, np.inf),
    }
    for field in ("mode", "bands", "radius_m", "ev_power_kw", "dynamic_price", "ev_to_battery"):
        value = np.asarray(getattr(commands, field))
        if value.shape != shape:
            raise ActionError(f"command {field}: shape {value.shape} is not (worlds, sites) = {shape}")
        if field not in limits:
            continue
        low, high = limits[field]
        bad = ~((value >= low) & (value <= high))
        if bad.any():
            world, site = (int(index) for index in np.argwhere(bad)[0])
            raise ActionError(
                f"command {field} of bs_{site} in world {world} = {value[world, site]}: must lie in [{low}, {high}]"
            )
