"""Charging of parked vehicles: how much they can take in, and who of them takes it.

Vehicles of a site are held in slots sorted by departure, as in :mod:`voltran.physics.ev`.
"""

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.compiled import kernel
from voltran.physics.ev import EvParameters
from voltran.physics.fleet import Fleet, parked_vehicles


@kernel
def room_kwh(energy_kwh: float, capacity_kwh: float, ev: EvParameters) -> float:
    """Energy that a vehicle can still take in until it is full.

    Source: own, as [MSRC] Eq. 14 bounds the energy of a vehicle from below only.

    Args:
        energy_kwh: its energy above the driver's minimum.
        capacity_kwh: its nominal capacity.
        ev: constants.

    Returns:
        kWh, not negative.
    """
    return max((1.0 - ev.soc_min) * capacity_kwh - energy_kwh, 0.0)


@kernel
def chargeable_power_kw(
    energy_kwh: FloatArray, capacity_kwh: FloatArray, parked: BoolArray, step_h: float, ev: EvParameters
) -> float:
    """Power that the vehicles of one site can take in for a whole step.

    Source: [MSRC] Eq. 15, its negative exchange. Reconstructed: the interface's limit holds in both directions, and so
    does that of each vehicle; vehicles charge without loss, as they discharge.

    Args:
        energy_kwh, capacity_kwh: ``[slot]`` energy above each driver's minimum, and nominal capacity.
        parked: ``[slot]`` vehicles that are parked for the whole step.
        step_h: length of the step, hours.
        ev: constants.

    Returns:
        kW, at most ``ev.site_limit_kw``.
    """
    total_kw = 0.0
    for slot in range(energy_kwh.shape[0]):
        if parked[slot]:
            total_kw += min(ev.vehicle_limit_kw, room_kwh(energy_kwh[slot], capacity_kwh[slot], ev) / step_h)
    return min(total_kw, ev.site_limit_kw)


@kernel
def charge(
    energy_kwh: FloatArray,
    capacity_kwh: FloatArray,
    parked: BoolArray,
    power_kw: float,
    step_h: float,
    ev: EvParameters,
) -> FloatArray:
    """Energy of a site's vehicles after they took in power for a step, latest departure first.

    Source: own, as the paper does not say which vehicle is charged; what who leaves last holds is there for longest.

    Args:
        energy_kwh, capacity_kwh: ``[slot]`` energy above each driver's minimum before, and nominal capacity.
        parked: ``[slot]`` vehicles that are parked for the whole step.
        power_kw: what they take in together, at most :func:`chargeable_power_kw`.
        step_h: length of the step, hours.
        ev: constants.

    Returns:
        ``[slot]`` kWh.
    """
    charged = energy_kwh.copy()
    still_kw = power_kw
    for slot in range(energy_kwh.shape[0] - 1, -1, -1):
        if parked[slot] and still_kw > 0.0:
            room_kw = room_kwh(energy_kwh[slot], capacity_kwh[slot], ev) / step_h
            taken_kw = min(still_kw, ev.vehicle_limit_kw, room_kw)
            charged[slot] += taken_kw * step_h
            still_kw -= taken_kw
    return charged


@kernel
def fleet_room_kw(fleet: Fleet, time_s: FloatArray, step_s: float, ev: EvParameters) -> FloatArray:
    """Power that the vehicles of every site could take in for the coming step.

    Source: [MSRC] Eq. 15, over the vehicles that :func:`voltran.physics.fleet.parked_vehicles` finds.

    Args:
        fleet: vehicles.
        time_s: ``[B]`` start of the step, seconds.
        step_s: length of the step, seconds.
        ev: constants.

    Returns:
        ``[B, site]`` kW.
    """
    n_worlds, n_sites, n_slots = fleet.energy_kwh.shape
    room_kw = np.zeros((n_worlds, n_sites))
    parked = np.zeros(n_slots, dtype=np.bool_)
    for w in range(n_worlds):
        for i in range(n_sites):
            if parked_vehicles(fleet, w, i, time_s[w], step_s, parked):
                room_kw[w, i] = chargeable_power_kw(
                    fleet.energy_kwh[w, i], fleet.capacity_kwh[w, i], parked, step_s / 3600.0, ev
                )
    return room_kw
