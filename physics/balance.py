"""Power balance of sites over one physics step: grid, vehicles, battery and load, with a ledger that closes.

Sign convention, here and everywhere: power into the site is positive. A discharging battery, a discharging vehicle and
an import are positive; a charging battery is negative.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.physics.battery import (
    BatteryParameters,
    largest_charge_kw,
    largest_discharge_kw,
    next_soc,
    usable_energy_kwh,
)
from voltran.physics.compiled import kernel
from voltran.physics.ev import EvParameters, available_power_kw, discharge, is_present, offered_price

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Fleet(NamedTuple):
    """Vehicles of all sites, in slots sorted by departure; all arrays ``[B, site, slot]``.

    An empty slot has arrival and departure at infinity.
    """

    arrival_s: FloatArray
    departure_s: FloatArray
    reservation_price: FloatArray
    energy_kwh: FloatArray
    accepted: BoolArray


class EnergyOrders(NamedTuple):
    """What the sites' controllers ask for; all arrays ``[B, site]``.

    Attributes:
        ev_power_kw: power to draw from vehicles, at most.
        dynamic_price: True offers the price of [MSRC] Eq. 16, False the base price.
        ev_to_battery: True lets vehicle power above the load charge the battery.
        grid_limit_kw: import that the grid can supply; zero in an outage.
    """

    ev_power_kw: FloatArray
    dynamic_price: BoolArray
    ev_to_battery: BoolArray
    grid_limit_kw: FloatArray


class EnergyStep(NamedTuple):
    """State after a step and the flows within it; ``[B, site]`` unless stated otherwise.

    Attributes:
        soc: state of charge at the end.
        alive: whether the site can operate in the next step.
        energy_kwh: ``[B, site, slot]`` usable energy of the vehicles.
        accepted: ``[B, site, slot]`` vehicles that have accepted a price, now or before.
        load_kw: power drawn by the site's equipment.
        battery_kw: positive discharging, negative charging, at the battery's terminals.
        ev_kw: power from vehicles.
        grid_kw: power imported.
        unserved_kw: load that nothing could supply.
        loss_kw: conversion losses inside the battery.
        price: $/kWh offered to vehicles.
        offered_kw: power that accepting vehicles could have given.
    """

    soc: FloatArray
    alive: BoolArray
    energy_kwh: FloatArray
    accepted: BoolArray
    load_kw: FloatArray
    battery_kw: FloatArray
    ev_kw: FloatArray
    grid_kw: FloatArray
    unserved_kw: FloatArray
    loss_kw: FloatArray
    price: FloatArray
    offered_kw: FloatArray


# A shortfall below this is rounding, not a depleted battery.
SHORTFALL_KW = 1e-9


@kernel
def accepting_vehicles(
    fleet: Fleet,
    world: int,
    site: int,
    price: float,
    time_s: float,
    step_s: float,
    accepted: BoolArray,
    offers: BoolArray,
) -> bool:
    """Mark in ``accepted`` and ``offers``, both ``[slot]``, which vehicles of a site have accepted, and can give power.

    A vehicle accepts when it is present and the price reaches its reservation price; it stays accepted until it leaves,
    and gives power in steps for the whole of which it is present.

    Returns:
        Whether any can give power.
    """
    found = False
    for slot in range(offers.shape[0]):
        arrival_s, departure_s = fleet.arrival_s[world, site, slot], fleet.departure_s[world, site, slot]
        offers[slot] = False
        if is_present(arrival_s, departure_s, time_s, step_s):
            accepted[slot] |= price >= fleet.reservation_price[world, site, slot]
            offers[slot] = accepted[slot]
            found |= offers[slot]
    return found


@kernel
def energy_step(
    soc: FloatArray,
    alive: BoolArray,
    load_kw: FloatArray,
    mean_power_kw: FloatArray,
    fleet: Fleet,
    orders: EnergyOrders,
    time_s: FloatArray,
    step_s: float,
    restart_soc: float,
    battery: BatteryParameters,
    ev: EvParameters,
) -> EnergyStep:
    """Supply the load of every site for one step. Source: [MSRC] Eqs. 12-17.

    Order of supply: grid, vehicles as ordered, battery. Vehicle power above the load charges the battery where that is
    ordered; charging and discharging exclude each other; what neither load nor battery can take stays in the vehicle.
    A site whose load cannot be supplied is down from the next step on, and up again once its battery has been recharged
    to ``restart_soc``.

    Args:
        soc: ``[B, site]`` state of charge at the start.
        alive: ``[B, site]`` sites in operation.
        load_kw: ``[B, site]`` power of the sites' equipment; ignored (zero) for sites that are down.
        mean_power_kw: ``[B, site]`` for the price.
        fleet, orders: vehicles and orders.
        time_s: ``[B]`` start of the step.
        step_s: length of the step.
        restart_soc: state of charge at which a site that is down starts again.
        battery, ev: constants.
    """
    n_worlds, n_sites = soc.shape
    step_h = step_s / 3600.0
    new_soc = np.empty((n_worlds, n_sites))
    new_alive = np.empty((n_worlds, n_sites), dtype=np.bool_)
    energy_kwh = fleet.energy_kwh.copy()
    accepted = fleet.accepted.copy()
    offers = np.zeros(energy_kwh.shape[2], dtype=np.bool_)
    drawn_kw = np.zeros((n_worlds, n_sites))
    battery_kw = np.zeros((n_worlds, n_sites))
    ev_kw = np.zeros((n_worlds, n_sites))
    grid_kw = np.zeros((n_worlds, n_sites))
    unserved_kw = np.zeros((n_worlds, n_sites))
    loss_kw = np.zeros((n_worlds, n_sites))
    price = np.zeros((n_worlds, n_sites))
    offered_kw = np.zeros((n_worlds, n_sites))
    for w in range(n_worlds):
        for i in range(n_sites):
            usable_kwh = usable_energy_kwh(soc[w, i], battery)
            price[w, i] = offered_price(usable_kwh, mean_power_kw[w, i], orders.dynamic_price[w, i], ev)
            if accepting_vehicles(fleet, w, i, price[w, i], time_s[w], step_s, accepted[w, i], offers):
                offered_kw[w, i] = available_power_kw(energy_kwh[w, i], offers, step_h, ev)
            drawn_kw[w, i] = load_kw[w, i] if alive[w, i] else 0.0

            grid_kw[w, i] = min(orders.grid_limit_kw[w, i], drawn_kw[w, i])
            ordered_kw = min(orders.ev_power_kw[w, i], offered_kw[w, i])
            ev_to_load_kw = min(ordered_kw, drawn_kw[w, i] - grid_kw[w, i])
            needed_kw = drawn_kw[w, i] - grid_kw[w, i] - ev_to_load_kw
            discharge_kw = min(needed_kw, largest_discharge_kw(soc[w, i], step_h, battery))
            unserved_kw[w, i] = needed_kw - discharge_kw
            charge_kw = 0.0
            if orders.ev_to_battery[w, i] and needed_kw <= 0.0:
                charge_kw = min(ordered_kw - ev_to_load_kw, largest_charge_kw(soc[w, i], step_h, battery))

            ev_kw[w, i] = ev_to_load_kw + charge_kw
            battery_kw[w, i] = discharge_kw - charge_kw
            loss_kw[w, i] = discharge_kw * (1.0 / battery.discharge_efficiency - 1.0)
            loss_kw[w, i] += charge_kw * (1.0 - battery.charge_efficiency)
            if ev_kw[w, i] > 0.0:
                energy_kwh[w, i] = discharge(energy_kwh[w, i], offers, ev_kw[w, i], step_h, ev)
            new_soc[w, i] = next_soc(soc[w, i], charge_kw, discharge_kw, step_h, battery)
            if alive[w, i]:
                new_alive[w, i] = unserved_kw[w, i] <= SHORTFALL_KW
            else:
                new_alive[w, i] = new_soc[w, i] >= restart_soc
    return EnergyStep(
        new_soc,
        new_alive,
        energy_kwh,
        accepted,
        drawn_kw,
        battery_kw,
        ev_kw,
        grid_kw,
        unserved_kw,
        loss_kw,
        price,
        offered_kw,
    )


def balance_residual_kw(step: EnergyStep) -> FloatArray:
    """Residual ``[B, site]`` of ``load = battery + vehicles + grid + unserved``. Source: [MSRC] Eq. 17."""
    return step.load_kw - step.battery_kw - step.ev_kw - step.grid_kw - step.unserved_kw
