"""Stationary battery of a site: state of charge, limits and losses. Source: [MSRC] Eqs. 12 and 13."""

from typing import NamedTuple, TypeVar

import numpy as np

from voltran.physics.arrays import FloatArray
from voltran.physics.compiled import kernel

# One state of charge, or an array of them.
Charge = TypeVar("Charge", float, FloatArray)


class BatteryParameters(NamedTuple):
    """Attributes of a battery; efficiencies and states of charge are shares in (0, 1]."""

    capacity_kwh: float
    soc_min: float
    soc_max: float
    charge_efficiency: float
    discharge_efficiency: float
    charge_limit_kw: float
    discharge_limit_kw: float


@kernel
def usable_energy_kwh(soc: Charge, battery: BatteryParameters) -> Charge:
    """Energy the battery can still deliver to the site, after discharge losses; any shape."""
    usable: Charge = np.maximum(soc - battery.soc_min, 0.0) * battery.capacity_kwh * battery.discharge_efficiency
    return usable


@kernel
def largest_discharge_kw(soc: Charge, step_h: float, battery: BatteryParameters) -> Charge:
    """Largest power that can be delivered for a whole step without falling below the minimum state of charge."""
    largest: Charge = np.minimum(battery.discharge_limit_kw, usable_energy_kwh(soc, battery) / step_h)
    return largest


@kernel
def largest_charge_kw(soc: Charge, step_h: float, battery: BatteryParameters) -> Charge:
    """Largest power that can be taken in for a whole step without exceeding the maximum state of charge."""
    room_kwh = np.maximum(battery.soc_max - soc, 0.0) * battery.capacity_kwh
    largest: Charge = np.minimum(battery.charge_limit_kw, room_kwh / (battery.charge_efficiency * step_h))
    return largest


@kernel
def conversion_loss_kw(charge_kw: float, discharge_kw: float, battery: BatteryParameters) -> float:
    """Power lost between the battery's terminals and its cells."""
    charging_kw = charge_kw * (1.0 - battery.charge_efficiency)
    return charging_kw + discharge_kw * (1.0 / battery.discharge_efficiency - 1.0)


@kernel
def next_soc(soc: float, charge_kw: float, discharge_kw: float, step_h: float, battery: BatteryParameters) -> float:
    """State of charge after a step. Source: [MSRC] Eq. 12.

    The result is clipped to [soc_min, soc_max] only against rounding; the limits above keep it inside.
    """
    gained_kwh = battery.charge_efficiency * charge_kw * step_h
    spent_kwh = discharge_kw * step_h / battery.discharge_efficiency
    soc = soc + (gained_kwh - spent_kwh) / battery.capacity_kwh
    return min(max(soc, battery.soc_min), battery.soc_max)
