"""Power balance of sites over one physics step: grid, vehicles, battery and load; who goes down, and comes back.

Sign convention, here and everywhere: power into the site is positive. A discharging battery, a discharging vehicle and
an import are positive; a charging battery is negative.
"""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.battery import (
    BatteryParameters,
    conversion_loss_kw,
    largest_charge_kw,
    largest_discharge_kw,
    next_soc,
    usable_energy_kwh,
)
from voltran.physics.compiled import kernel
from voltran.physics.ev import EvParameters, available_power_kw, discharge, offered_price
from voltran.physics.fleet import Fleet, accepting_vehicles, staying_vehicles


class EnergyOrders(NamedTuple):
    """What the sites' controllers ask for; all arrays ``[B, site]``.

    Attributes:
        ev_power_kw: power to draw from vehicles, at most; more only where the load would not be served.
        dynamic_price: True offers the price of [MSRC] Eq. 16, False the base price.
        ev_to_battery: True lets vehicle power above the load charge the battery.
        grid_limit_kw: import that the grid can supply, from the main grid and from retailers; zero in an outage.
        grid_to_battery: True lets import above the load charge the battery.
    """

    ev_power_kw: FloatArray
    dynamic_price: BoolArray
    ev_to_battery: BoolArray
    grid_limit_kw: FloatArray
    grid_to_battery: BoolArray


class Restart(NamedTuple):
    """When a site that is down comes back: once it could draw what it needs for a while.

    Attributes:
        soc: state of charge from which its battery counts.
        hold_s: length of that while.
    """

    soc: float
    hold_s: float


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


# Shortfalls below these are rounding: no depleted battery, and no state of charge that misses its mark.
SHORTFALL_KW = 1e-9
SHORTFALL_SOC = 1e-9


class Flows(NamedTuple):
    """Power flows of one site in one step, none negative.

    Attributes:
        grid_kw: imported.
        ev_kw: from vehicles.
        discharge_kw, charge_kw: out of and into the battery; at most one of them is above zero.
        unserved_kw: load that nothing could supply.
    """

    grid_kw: float
    ev_kw: float
    discharge_kw: float
    charge_kw: float
    unserved_kw: float


@kernel
def supply(
    load_kw: float,
    grid_limit_kw: float,
    ev_limit_kw: float,
    ev_spare_kw: float,
    discharge_limit_kw: float,
    charge_limit_kw: float,
    grid_to_battery: bool,
    ev_to_battery: bool,
) -> Flows:
    """Supply one load.

    Order: grid, vehicles up to their limit, battery, and what vehicles can spare beyond their limit. What grid and
    vehicles give within their limits above the load charges the battery if it may, the grid's first; charging and
    discharging exclude each other; what neither load nor battery can take is not imported, and stays in the vehicle.

    Source: [MSRC] Eq. 13, [MSRC] Eq. 15, [MSRC] Eq. 17. Reconstructed: the balance does not say who supplies first.

    Args:
        load_kw: power to supply.
        grid_limit_kw: import that the grid can give.
        ev_limit_kw: power ordered from vehicles, at most what they offer.
        ev_spare_kw: power that they offer beyond that.
        discharge_limit_kw, charge_limit_kw: of the battery in this step.
        grid_to_battery, ev_to_battery: who may charge it.

    Returns:
        Flows in kW; those into the load add up to it, unserved load included.
    """
    grid_to_load_kw = min(grid_limit_kw, load_kw)
    ev_to_load_kw = min(ev_limit_kw, load_kw - grid_to_load_kw)
    needed_kw = load_kw - grid_to_load_kw - ev_to_load_kw
    discharge_kw = min(needed_kw, discharge_limit_kw)
    ev_rescue_kw = min(needed_kw - discharge_kw, ev_spare_kw)
    grid_charge_kw = 0.0
    ev_charge_kw = 0.0
    if needed_kw <= 0.0:
        if grid_to_battery:
            grid_charge_kw = min(grid_limit_kw - grid_to_load_kw, charge_limit_kw)
        if ev_to_battery:
            ev_charge_kw = min(ev_limit_kw - ev_to_load_kw, charge_limit_kw - grid_charge_kw)
    return Flows(
        grid_to_load_kw + grid_charge_kw,
        ev_to_load_kw + ev_rescue_kw + ev_charge_kw,
        discharge_kw,
        grid_charge_kw + ev_charge_kw,
        needed_kw - discharge_kw - ev_rescue_kw,
    )


@kernel
def sustained_power_kw(
    soc: float,
    import_kw: float,
    energy_kwh: FloatArray,
    stays: BoolArray,
    restart: Restart,
    battery: BatteryParameters,
    ev: EvParameters,
) -> float:
    """Power that a site which is down could draw for the whole of ``restart.hold_s``.

    Source: own, as the paper does not say when a site comes back. A site that could not hold out so long would fail
    again.

    Args:
        soc: state of charge, share; the battery counts from ``restart.soc`` on.
        import_kw: import that charges the battery, and would carry the load instead.
        energy_kwh: ``[slot]`` usable energy of the vehicles, kWh.
        stays: ``[slot]`` vehicles that have accepted, and stay so long.
        restart, battery, ev: constants.

    Returns:
        kW.
    """
    hold_h = restart.hold_s / 3600.0
    battery_kw = largest_discharge_kw(soc, hold_h, battery) if soc >= restart.soc - SHORTFALL_SOC else 0.0
    return import_kw + battery_kw + available_power_kw(energy_kwh, stays, hold_h, ev)


@kernel
def energy_step(
    soc: FloatArray,
    alive: BoolArray,
    needed_kw: FloatArray,
    load_kw: FloatArray,
    mean_power_kw: FloatArray,
    fleet: Fleet,
    orders: EnergyOrders,
    time_s: FloatArray,
    step_s: float,
    restart: Restart,
    battery: BatteryParameters,
    ev: EvParameters,
) -> EnergyStep:
    """Supply the load of every site for one step.

    Vehicles that accept the price give power as ordered, and more before a site goes down; :func:`supply` says what
    serves the load. A site whose load cannot be supplied is down from the next step on. A site that is down draws
    nothing, and is up from the next step on if :func:`sustained_power_kw` is what it needs: whoever charges its battery
    or not, vehicles that have accepted could carry it.

    Source: [MSRC] Eq. 12, [MSRC] Eq. 13, [MSRC] Eq. 14, [MSRC] Eq. 15, [MSRC] Eq. 16, [MSRC] Eq. 17.

    Args:
        soc: ``[B, site]`` state of charge at the start, shares.
        alive: ``[B, site]`` sites in operation.
        needed_kw: ``[B, site]`` power without which sites that are down stay down.
        load_kw: ``[B, site]`` power of the sites' equipment; ignored (zero) for sites that are down.
        mean_power_kw: ``[B, site]`` for the price.
        fleet, orders: vehicles and orders.
        time_s: ``[B]`` start of the step, seconds.
        step_s: length of the step, seconds.
        restart, battery, ev: constants.

    Returns:
        ``[B, site]`` state after the step, and flows within it in kW.
    """
    step_h = step_s / 3600.0
    after = _blank_step(soc, alive, fleet)
    offers = np.zeros(fleet.energy_kwh.shape[2], dtype=np.bool_)
    # Loops instead of array code: one site's numbers stay in cache, and nothing in between is allocated.
    for w in range(soc.shape[0]):
        for i in range(soc.shape[1]):
            usable_kwh = usable_energy_kwh(soc[w, i], battery)
            price = offered_price(usable_kwh, mean_power_kw[w, i], orders.dynamic_price[w, i], ev)
            if accepting_vehicles(fleet, w, i, price, time_s[w], step_s, after.accepted[w, i], offers):
                after.offered_kw[w, i] = available_power_kw(fleet.energy_kwh[w, i], offers, step_h, ev)
            drawn_kw = load_kw[w, i] if alive[w, i] else 0.0
            ordered_kw = min(orders.ev_power_kw[w, i], after.offered_kw[w, i])
            flows = supply(
                drawn_kw,
                orders.grid_limit_kw[w, i],
                ordered_kw,
                after.offered_kw[w, i] - ordered_kw,
                largest_discharge_kw(soc[w, i], step_h, battery),
                largest_charge_kw(soc[w, i], step_h, battery),
                orders.grid_to_battery[w, i],
                orders.ev_to_battery[w, i],
            )
            after.price[w, i], after.load_kw[w, i] = price, drawn_kw
            _book(after, w, i, flows, step_h, battery)
            # Most sites draw nothing from vehicles: the copy of their slots is saved.
            if flows.ev_kw > 0.0:
                after.energy_kwh[w, i] = discharge(fleet.energy_kwh[w, i], offers, flows.ev_kw, step_h, ev)
            if alive[w, i]:
                after.alive[w, i] = flows.unserved_kw <= SHORTFALL_KW
            else:
                staying_vehicles(fleet, w, i, time_s[w] + step_s, restart.hold_s, after.accepted[w, i], offers)
                sustained_kw = sustained_power_kw(
                    after.soc[w, i], flows.grid_kw, after.energy_kwh[w, i], offers, restart, battery, ev
                )
                after.alive[w, i] = sustained_kw >= needed_kw[w, i] - SHORTFALL_KW
    return after


@kernel
def _book(after: EnergyStep, world: int, site: int, flows: Flows, step_h: float, battery: BatteryParameters) -> None:
    """Enter the flows of a site, and what they do to its battery; ``after.soc`` is still that of the start."""
    after.grid_kw[world, site], after.ev_kw[world, site] = flows.grid_kw, flows.ev_kw
    after.battery_kw[world, site] = flows.discharge_kw - flows.charge_kw
    after.unserved_kw[world, site] = flows.unserved_kw
    after.loss_kw[world, site] = conversion_loss_kw(flows.charge_kw, flows.discharge_kw, battery)
    after.soc[world, site] = next_soc(after.soc[world, site], flows.charge_kw, flows.discharge_kw, step_h, battery)


@kernel
def _blank_step(soc: FloatArray, alive: BoolArray, fleet: Fleet) -> EnergyStep:
    """A step in which nothing has happened yet."""
    shape = soc.shape
    return EnergyStep(
        soc=soc.copy(),
        alive=alive.copy(),
        energy_kwh=fleet.energy_kwh.copy(),
        accepted=fleet.accepted.copy(),
        load_kw=np.zeros(shape),
        battery_kw=np.zeros(shape),
        ev_kw=np.zeros(shape),
        grid_kw=np.zeros(shape),
        unserved_kw=np.zeros(shape),
        loss_kw=np.zeros(shape),
        price=np.zeros(shape),
        offered_kw=np.zeros(shape),
    )
