"""Stationary battery of a site: state of charge, limits and losses.

Power is measured at the battery's terminals: charging loses energy on its way in, discharging on its way out.
"""

from typing import NamedTuple, TypeVar

import numpy as np

from voltran.physics.arrays import FloatArray
from voltran.physics.compiled import kernel

# One state of charge, or an array of them.
Charge = TypeVar("Charge", float, FloatArray)


class BatteryParameters(NamedTuple):
    """Constants of a battery.

    Attributes:
        capacity_kwh: E_SB, nominal capacity.
        soc_min, soc_max: limits of the state of charge, shares in [0, 1].
        charge_efficiency, discharge_efficiency: eta_ch and eta_dis, shares in (0, 1].
        charge_limit_kw, discharge_limit_kw: P_ch^max and P_dis^max.
    """

    capacity_kwh: float
    soc_min: float
    soc_max: float
    charge_efficiency: float
    discharge_efficiency: float
    charge_limit_kw: float
    discharge_limit_kw: float


@kernel
def energy_above_kwh(soc: Charge, least_soc: float, battery: BatteryParameters) -> Charge:
    """Energy the battery can deliver to the site until it reaches a state of charge, after discharge losses.

    Source: [MSRC] Eq. 12, the energy between two states of charge.

    Args:
        soc: state of charge, share; one or an array of any shape.
        least_soc: state of charge that it keeps, share.
        battery: constants.

    Returns:
        kWh at the terminals, shape of ``soc``.
    """
    above: Charge = np.maximum(soc - least_soc, 0.0) * battery.capacity_kwh * battery.discharge_efficiency
    return above


@kernel
def usable_energy_kwh(soc: Charge, battery: BatteryParameters) -> Charge:
    """Energy the battery can still deliver to the site, after discharge losses.

    Source: [MSRC] Eq. 13, the energy above SOC_min. Reconstructed: the paper's E^bat does not say whether losses count;
    here they do, so that energy over power is a time.

    Args:
        soc: state of charge, share; one or an array of any shape.
        battery: constants.

    Returns:
        kWh at the terminals, shape of ``soc``.
    """
    usable: Charge = energy_above_kwh(soc, battery.soc_min, battery)
    return usable


@kernel
def largest_discharge_kw(soc: Charge, step_h: float, battery: BatteryParameters) -> Charge:
    """Largest power that can be delivered for a whole step without falling below the minimum state of charge.

    Source: [MSRC] Eq. 13 with the power limit P_dis^max beside it.

    Args:
        soc: state of charge, share; one or an array of any shape.
        step_h: length of the step, hours.
        battery: constants.

    Returns:
        kW at the terminals, shape of ``soc``.
    """
    largest: Charge = np.minimum(battery.discharge_limit_kw, usable_energy_kwh(soc, battery) / step_h)
    return largest


@kernel
def largest_charge_kw(soc: Charge, step_h: float, battery: BatteryParameters) -> Charge:
    """Largest power that can be taken in for a whole step without exceeding the maximum state of charge.

    Source: [MSRC] Eq. 13 with the power limit P_ch^max beside it.

    Args:
        soc: state of charge, share; one or an array of any shape.
        step_h: length of the step, hours.
        battery: constants.

    Returns:
        kW at the terminals, shape of ``soc``.
    """
    room_kwh = np.maximum(battery.soc_max - soc, 0.0) * battery.capacity_kwh
    largest: Charge = np.minimum(battery.charge_limit_kw, room_kwh / (battery.charge_efficiency * step_h))
    return largest


@kernel
def conversion_loss_kw(charge_kw: float, discharge_kw: float, battery: BatteryParameters) -> float:
    """Power lost between the battery's terminals and its cells.

    Source: [MSRC] Eq. 12, whose efficiencies are what is lost; the ledger needs it by itself.

    Args:
        charge_kw, discharge_kw: power at the terminals, neither negative, kW.
        battery: constants.

    Returns:
        kW, not negative.
    """
    charging_kw = charge_kw * (1.0 - battery.charge_efficiency)
    return charging_kw + discharge_kw * (1.0 / battery.discharge_efficiency - 1.0)


@kernel
def next_soc(soc: float, charge_kw: float, discharge_kw: float, step_h: float, battery: BatteryParameters) -> float:
    """State of charge after a step.

    Source: [MSRC] Eq. 12. The result is clipped to [soc_min, soc_max] only against rounding; charging and discharging
    within :func:`largest_charge_kw` and :func:`largest_discharge_kw` keep it inside.

    Args:
        soc: state of charge at the start, share.
        charge_kw, discharge_kw: power at the terminals, neither negative, kW.
        step_h: length of the step, hours.
        battery: constants.

    Returns:
        Share in [soc_min, soc_max].
    """
    # Where both happen within one step, each loses on its own way.
    gained_kwh = battery.charge_efficiency * charge_kw * step_h
    spent_kwh = discharge_kw * step_h / battery.discharge_efficiency
    soc = soc + (gained_kwh - spent_kwh) / battery.capacity_kwh
    return min(max(soc, battery.soc_min), battery.soc_max)
