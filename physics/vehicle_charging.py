"""Charging of parked vehicles: how much they can take in, and who of them takes it.

Vehicles of a site are held in slots sorted by departure, as in :mod:`voltran.physics.ev`.
"""

from typing import TypeVar

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.compiled import kernel
from voltran.physics.ev import EvParameters, available_power_kw
from voltran.physics.fleet import Fleet, parked_vehicles

# Energy of one vehicle, or of an array of them.
Energy = TypeVar("Energy", float, FloatArray)


@kernel
def room_kwh(energy_kwh: Energy, capacity_kwh: Energy, ev: EvParameters) -> Energy:
    """Energy that vehicles can still take in until they are full.

    Source: own, as [MSRC] Eq. 14 bounds the energy of a vehicle from below only.

    Args:
        energy_kwh: energy above each driver's minimum; one or an array of any shape.
        capacity_kwh: nominal capacities, same shape.
        ev: constants.

    Returns:
        kWh, not negative, same shape.
    """
    room: Energy = np.maximum((1.0 - ev.soc_min) * capacity_kwh - energy_kwh, 0.0)
    return room


@kernel
def chargeable_power_kw(
    energy_kwh: FloatArray, capacity_kwh: FloatArray, parked: BoolArray, step_h: float, ev: EvParameters
) -> float:
    """Power that the vehicles of one site can take in for a whole step.

    Source: [MSRC] Eq. 15, its negative exchange. Reconstructed: the interface's limit holds in both directions, and so
    does that of each vehicle (:func:`voltran.physics.ev.available_power_kw`); vehicles charge without loss, as they
    discharge.

    Args:
        energy_kwh, capacity_kwh: ``[slot]`` energy above each driver's minimum, and nominal capacity.
        parked: ``[slot]`` vehicles that are parked for the whole step.
        step_h: length of the step, hours.
        ev: constants.

    Returns:
        kW, at most ``ev.site_limit_kw``.
    """
    return available_power_kw(room_kwh(energy_kwh, capacity_kwh, ev), parked, step_h, ev)


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
    charged, room = energy_kwh.copy(), room_kwh(energy_kwh, capacity_kwh, ev)
    still_kw = power_kw
    for slot in range(energy_kwh.shape[0] - 1, -1, -1):
        if parked[slot] and still_kw > 0.0:
            taken_kw = min(still_kw, ev.vehicle_limit_kw, room[slot] / step_h)
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
