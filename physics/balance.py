"""Power balance of sites over one physics step: grid, vehicles, battery and load; who goes down, and comes back.

Sign convention, here and everywhere: power into the site is positive. A discharging battery, a discharging vehicle and
an import are positive; a charging battery is negative, and so are vehicles that are charged.
"""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.battery import (
    BatteryParameters,
    conversion_loss_kw,
    energy_above_kwh,
    largest_charge_kw,
    largest_discharge_kw,
    next_soc,
    usable_energy_kwh,
)
from voltran.physics.compiled import kernel
from voltran.physics.ev import EvParameters, available_power_kw, discharge, offered_price, payment_usd_per_h
from voltran.physics.fleet import Fleet, accepting_vehicles, parked_vehicles, staying_vehicles
from voltran.physics.supply import Flows, charge_vehicles, supply
from voltran.physics.vehicle_charging import charge, chargeable_power_kw


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
        ev_kw: power from vehicles; negative where they are charged.
        grid_kw: power imported.
        unserved_kw: load that nothing could supply.
        loss_kw: conversion losses inside the battery.
        price: $/kWh that the site offers; what each vehicle is offered follows from it.
        paid_usd_per_h: to owners of vehicles.
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
    paid_usd_per_h: FloatArray
    offered_kw: FloatArray


# Shortfalls below these are rounding: no depleted battery, and no state of charge that misses its mark.
SHORTFALL_KW = 1e-9
SHORTFALL_SOC = 1e-9


@kernel
def _charge_vehicles(
    after: EnergyStep,
    flows: Flows,
    fleet: Fleet,
    orders: EnergyOrders,
    world: int,
    site: int,
    soc: float,
    alive: bool,
    parked: BoolArray,
    time_s: float,
    step_s: float,
    battery: BatteryParameters,
    ev: EvParameters,
) -> Flows:
    """:func:`charge_vehicles` for one site, and what its vehicles then hold; ``parked [slot]`` is written.

    A battery is abundant above its reserve at a site in operation that asks its vehicles for nothing; otherwise the
    same energy could go back and forth, at a loss.
    """
    if not parked_vehicles(fleet, world, site, time_s, step_s, parked):
        return flows
    step_h, spare_kw = step_s / 3600.0, 0.0
    if alive and orders.ev_power_kw[world, site] <= 0.0:
        spare_kw = min(battery.discharge_limit_kw, energy_above_kwh(soc, ev.charging_soc, battery) / step_h)
    before_kwh, capacity_kwh = fleet.energy_kwh[world, site], fleet.capacity_kwh[world, site]
    room_kw = chargeable_power_kw(before_kwh, capacity_kwh, parked, step_h, ev)
    charged = charge_vehicles(flows, room_kw, orders.grid_limit_kw[world, site], spare_kw)
    after.energy_kwh[world, site] = charge(before_kwh, capacity_kwh, parked, -charged.ev_kw, step_h, ev)
    return charged


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
        import_kw: import that charges battery and vehicles, and would carry the load instead.
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
    serves the load, and :func:`charge_vehicles` what vehicles get where ``ev.charging``. A site whose load cannot be
    supplied is down from the next step on. A site that is down draws nothing, and is up from the next step on if
    :func:`sustained_power_kw` is what it needs: whoever charges its battery or not, vehicles that have accepted could
    carry it.

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
            dynamic = orders.dynamic_price[w, i]
            price = offered_price(usable_kwh, mean_power_kw[w, i], dynamic, ev)
            if accepting_vehicles(fleet, w, i, price, dynamic, time_s[w], step_s, after.accepted[w, i], offers, ev):
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
            if ev.charging and flows.ev_kw <= 0.0 and flows.unserved_kw <= 0.0:
                flows = _charge_vehicles(
                    after, flows, fleet, orders, w, i, soc[w, i], alive[w, i], offers, time_s[w], step_s, battery, ev
                )
            after.price[w, i], after.load_kw[w, i] = price, drawn_kw
            _book(after, w, i, flows, step_h, battery)
            # Most sites draw nothing from vehicles: the copy of their slots is saved.
            if flows.ev_kw > 0.0:
                after.energy_kwh[w, i] = discharge(fleet.energy_kwh[w, i], offers, flows.ev_kw, step_h, ev)
                after.paid_usd_per_h[w, i] = flows.ev_kw * price
            if alive[w, i]:
                after.alive[w, i] = flows.unserved_kw <= SHORTFALL_KW
            else:
                staying_vehicles(fleet, w, i, time_s[w] + step_s, restart.hold_s, after.accepted[w, i], offers)
                sustained_kw = sustained_power_kw(
                    after.soc[w, i], flows.grid_kw, after.energy_kwh[w, i], offers, restart, battery, ev
                )
                after.alive[w, i] = sustained_kw >= needed_kw[w, i] - SHORTFALL_KW
    # Not in the loop above, which more calls for one vehicle each make a quarter slower, whether they come up or not.
    if ev.price_soc_weight > 0.0:
        _pay_by_soc(after, fleet, orders.dynamic_price, step_h, ev)
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
def _pay_by_soc(after: EnergyStep, fleet: Fleet, dynamic_price: BoolArray, step_h: float, ev: EvParameters) -> None:
    """Enter what owners are paid where the offer to each vehicle is its own."""
    for w in range(after.ev_kw.shape[0]):
        for i in range(after.ev_kw.shape[1]):
            if after.ev_kw[w, i] > 0.0 and dynamic_price[w, i]:
                after.paid_usd_per_h[w, i] = payment_usd_per_h(
                    after.price[w, i], fleet.energy_kwh[w, i], after.energy_kwh[w, i], fleet.capacity_kwh[w, i],
                    step_h, ev,
                )  # fmt: skip


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
        paid_usd_per_h=np.zeros(shape),
        offered_kw=np.zeros(shape),
    )
