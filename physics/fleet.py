"""Vehicles of all sites: who is there, has accepted the price, and can give how much power."""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.compiled import kernel
from voltran.physics.ev import EvParameters, available_power_kw, is_present, vehicle_price


class Fleet(NamedTuple):
    """Vehicles of all sites, in slots sorted by departure.

    An empty slot has arrival and departure at infinity.

    Attributes:
        arrival_s, departure_s: ``[B, site, slot]`` stay, seconds since the start.
        reservation_price: ``[B, site, slot]`` least price that the owner accepts, $/kWh.
        energy_kwh: ``[B, site, slot]`` energy above the driver's minimum.
        capacity_kwh: ``[B, site, slot]`` nominal capacity.
        accepted: ``[B, site, slot]`` vehicles that have accepted a price.
    """

    arrival_s: FloatArray
    departure_s: FloatArray
    reservation_price: FloatArray
    energy_kwh: FloatArray
    capacity_kwh: FloatArray
    accepted: BoolArray


@kernel
def accepting_vehicles(
    fleet: Fleet,
    world: int,
    site: int,
    price: float,
    dynamic: bool,
    time_s: float,
    step_s: float,
    accepted: BoolArray,
    offers: BoolArray,
    ev: EvParameters,
) -> bool:
    """Mark which vehicles of a site have accepted the price, and which of them can give power.

    A vehicle accepts when it is present and the price offered to it (:func:`voltran.physics.ev.vehicle_price`) reaches
    its reservation price; it stays accepted until it leaves, and gives power in steps for the whole of which it is
    present.

    Source: own, as the paper does not say what its price does. Presence is :func:`is_present`.

    Args:
        fleet: vehicles of all worlds and sites.
        world, site: which site.
        price: of the site now, $/kWh.
        dynamic: whether it is that of [MSRC] Eq. 16.
        time_s: start of the step, seconds.
        step_s: length of the step, seconds.
        accepted: ``[slot]`` changed in place: vehicles that have accepted, now or before.
        offers: ``[slot]`` written: vehicles that can give power in this step.
        ev: constants.

    Returns:
        Whether any can give power.
    """
    any_offers = False
    for slot in range(offers.shape[0]):
        arrival_s, departure_s = fleet.arrival_s[world, site, slot], fleet.departure_s[world, site, slot]
        offers[slot] = False
        if is_present(arrival_s, departure_s, time_s, step_s):
            energy_kwh, capacity_kwh = fleet.energy_kwh[world, site, slot], fleet.capacity_kwh[world, site, slot]
            offered = vehicle_price(price, dynamic, energy_kwh, capacity_kwh, ev)
            accepted[slot] |= offered >= fleet.reservation_price[world, site, slot]
            offers[slot] = accepted[slot]
            any_offers |= offers[slot]
    return any_offers


@kernel
def parked_vehicles(fleet: Fleet, world: int, site: int, time_s: float, step_s: float, parked: BoolArray) -> bool:
    """Mark which vehicles of a site are parked for a whole step, whether they have accepted a price or not.

    Source: delta_e of [MSRC] Eq. 14; see :func:`is_present`.

    Args:
        fleet: vehicles of all worlds and sites.
        world, site: which site.
        time_s: start of the step, seconds.
        step_s: its length, seconds.
        parked: ``[slot]`` written.

    Returns:
        Whether any is.
    """
    any_parked = False
    for slot in range(parked.shape[0]):
        arrival_s, departure_s = fleet.arrival_s[world, site, slot], fleet.departure_s[world, site, slot]
        parked[slot] = is_present(arrival_s, departure_s, time_s, step_s)
        any_parked |= parked[slot]
    return any_parked


@kernel
def vehicle_offers(
    fleet: Fleet, price: FloatArray, dynamic: BoolArray, time_s: FloatArray, step_s: float, ev: EvParameters
) -> tuple[BoolArray, FloatArray]:
    """What vehicles would do at the prices offered now, before any of them discharges.

    Source: [MSRC] Eq. 14, [MSRC] Eq. 15, over the vehicles that :func:`accepting_vehicles` finds.

    Args:
        fleet: vehicles.
        price: ``[B, site]`` of the sites now, $/kWh.
        dynamic: ``[B, site]`` whether it is that of [MSRC] Eq. 16.
        time_s: ``[B]`` start of the step, seconds.
        step_s: length of the step, seconds.
        ev: constants.

    Returns:
        Vehicles that have accepted, ``[B, site, slot]``, and the power they can give, ``[B, site]`` in kW.
    """
    accepted = fleet.accepted.copy()
    offered_kw = np.zeros(price.shape)
    offers = np.zeros(accepted.shape[2], dtype=np.bool_)
    for w in range(price.shape[0]):
        for i in range(price.shape[1]):
            if accepting_vehicles(
                fleet, w, i, price[w, i], dynamic[w, i], time_s[w], step_s, accepted[w, i], offers, ev
            ):
                offered_kw[w, i] = available_power_kw(fleet.energy_kwh[w, i], offers, step_s / 3600.0, ev)
    return accepted, offered_kw


@kernel
def staying_vehicles(
    fleet: Fleet, world: int, site: int, time_s: float, hold_s: float, accepted: BoolArray, stays: BoolArray
) -> None:
    """Mark which vehicles of a site have accepted the price and stay for a while.

    Source: own; see :func:`is_present`.

    Args:
        fleet: vehicles of all worlds and sites.
        world, site: which site.
        time_s: start of the while, seconds.
        hold_s: its length, seconds.
        accepted: ``[slot]`` vehicles that have accepted.
        stays: ``[slot]`` written: those of them that are parked from ``time_s`` on for ``hold_s``.
    """
    for slot in range(stays.shape[0]):
        arrival_s, departure_s = fleet.arrival_s[world, site, slot], fleet.departure_s[world, site, slot]
        stays[slot] = accepted[slot] and is_present(arrival_s, departure_s, time_s, hold_s)
