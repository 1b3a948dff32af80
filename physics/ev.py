"""Electric vehicles parked at a site: price, acceptance, available power and order of discharge.

Vehicles of a site are held in slots sorted by departure, so that the earliest departure discharges first.
"""

import math
from typing import Any, NamedTuple, TypeVar

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.compiled import kernel

# One moment in seconds, or an array of them.
Moment = TypeVar("Moment", float, FloatArray)


class EvParameters(NamedTuple):
    """Constants of the charging interface and of the price.

    Attributes:
        site_limit_kw: limit of the bidirectional charger of a site, [MSRC] Eq. 15.
        vehicle_limit_kw: largest discharge of one vehicle, and largest charge.
        base_price: offered price without urgency, $/kWh.
        urgency: alpha of [MSRC] Eq. 16; 0 gives a flat price.
        urgency_time_h: tau of [MSRC] Eq. 16.
        soc_min: SOC_min of drivers, a share; energies of vehicles are counted from it.
        price_soc_weight: alpha_soc of :func:`soc_price_factor`; 0 offers all vehicles of a site the same.
        price_mean_soc: state of charge that is offered the site's price, a share.
        charging: whether vehicles are charged from what is left over.
        charging_soc: state of charge that batteries keep when they charge vehicles, a share.
    """

    site_limit_kw: float
    vehicle_limit_kw: float
    base_price: float
    urgency: float
    urgency_time_h: float
    soc_min: float
    price_soc_weight: float
    price_mean_soc: float
    charging: bool
    charging_soc: float


@kernel
def offered_price(usable_kwh: float, mean_power_kw: float, dynamic: bool, ev: EvParameters) -> float:
    """Price offered to vehicles: the less time a site has left, the more it pays.

    Source: [MSRC] Eq. 16. Reconstructed: the paper's "mean power" is that of the last hour; with the present power a
    sleeping site would seem to last for ever, and offer the base price.

    Args:
        usable_kwh: energy the battery can still deliver, kWh.
        mean_power_kw: the site's mean power over the last hour; the survival estimate is their ratio.
        dynamic: False keeps the base price.
        ev: constants.

    Returns:
        $/kWh, from ``base_price`` to ``base_price * (1 + urgency)``.
    """
    if not dynamic:
        return ev.base_price
    # A site that has drawn nothing for an hour lasts very long, and offers the base price.
    survival_h = usable_kwh / max(mean_power_kw, 1e-9)
    return ev.base_price * (1.0 + ev.urgency * math.exp(-survival_h / ev.urgency_time_h))


@kernel
def soc_price_factor(soc: float, weight: float, mean_soc: float) -> float:
    """What a vehicle is offered, over what its site offers: an emptier one, whose owner gives up more, is offered more.

    Source: text before [MSRC] Eq. 16, by which prices adapt to the vehicle's state of charge; the printed formula has
    an index e, and nothing of the vehicle in it. Reconstructed: 1 + alpha_soc (1 - SoC_e), over its value at the mean
    state of charge, so that the mean offer to arriving vehicles stays that of [MSRC] Eq. 16.

    Args:
        soc: the vehicle's state of charge, a share.
        weight: alpha_soc, not negative, a number without unit.
        mean_soc: of arriving vehicles, a share.

    Returns:
        A positive number without unit; 1 at the mean.
    """
    return (1.0 + weight * (1.0 - soc)) / (1.0 + weight * (1.0 - mean_soc))


@kernel
def vehicle_price(price: float, dynamic: bool, energy_kwh: float, capacity_kwh: float, ev: EvParameters) -> float:
    """Price offered to one vehicle.

    Source: rho_e of [MSRC] Eq. 16, times :func:`soc_price_factor`.

    Args:
        price: of the site, $/kWh.
        dynamic: False offers it as it is.
        energy_kwh: the vehicle's energy above the driver's minimum.
        capacity_kwh: its nominal capacity.
        ev: constants.

    Returns:
        $/kWh.
    """
    if not dynamic or ev.price_soc_weight <= 0.0:
        return price
    soc = ev.soc_min + energy_kwh / capacity_kwh
    return price * soc_price_factor(soc, ev.price_soc_weight, ev.price_mean_soc)


@kernel
def payment_usd_per_h(
    price: float,
    before_kwh: FloatArray,
    after_kwh: FloatArray,
    capacity_kwh: FloatArray,
    step_h: float,
    ev: EvParameters,
) -> float:
    """What a site pays the owners of its vehicles where the offer to each is its own (:func:`vehicle_price`).

    Source: [MSRC] Eq. 18, its third term.

    Args:
        price: of the site, by [MSRC] Eq. 16, $/kWh.
        before_kwh, after_kwh: ``[slot]`` energy above each driver's minimum; prices are those before.
        capacity_kwh: ``[slot]`` nominal capacity.
        step_h: length of the step, hours.
        ev: constants.

    Returns:
        USD per hour.
    """
    paid = 0.0
    for slot in range(before_kwh.shape[0]):
        given_kwh = before_kwh[slot] - after_kwh[slot]
        if given_kwh > 0.0:
            offered = vehicle_price(price, True, before_kwh[slot], capacity_kwh[slot], ev)
            paid += given_kwh / step_h * offered
    return paid


@kernel
def is_present(arrival_s: Moment, departure_s: Moment, time_s: Moment, step_s: float) -> Any:
    """Whether a vehicle is parked for the whole step; only such vehicles discharge in it.

    Source: presence indicator delta_e of [MSRC] Eq. 14, for whole steps.

    Args:
        arrival_s, departure_s: its stay, seconds; any shapes that broadcast with ``time_s``.
        time_s: start of the step, seconds; any shape that broadcasts.
        step_s: length of the step, seconds.

    Returns:
        True or False, of the shape that they broadcast to.
    """
    return (arrival_s <= time_s) & (time_s + step_s <= departure_s)


@kernel
def available_power_kw(
    energy_kwh: FloatArray,
    offers: BoolArray,
    step_h: float,
    ev: EvParameters,
) -> float:
    """Power that the vehicles of one site can give for a whole step.

    Source: [MSRC] Eq. 14, [MSRC] Eq. 15. Reconstructed: beside the interface's limit each vehicle has its own (Table
    I). What they take in is in :mod:`voltran.physics.vehicle_charging`.

    Args:
        energy_kwh: ``[slot]`` usable energy above each driver's minimum, kWh.
        offers: ``[slot]`` True where the vehicle is present and has accepted the price.
        step_h: length of the step, hours.
        ev: constants.

    Returns:
        kW, at most ``ev.site_limit_kw``.
    """
    total_kw = 0.0
    for slot in range(energy_kwh.shape[0]):
        if offers[slot]:
            total_kw += min(ev.vehicle_limit_kw, energy_kwh[slot] / step_h)
    return min(total_kw, ev.site_limit_kw)


@kernel
def discharge(
    energy_kwh: FloatArray,
    offers: BoolArray,
    power_kw: float,
    step_h: float,
    ev: EvParameters,
) -> FloatArray:
    """Usable energy of a site's vehicles after they gave power for a step, earliest departure first.

    Source: own, as the paper does not say which vehicle gives; energy of those who leave first would be lost first.

    Args:
        energy_kwh: ``[slot]`` usable energy before, kWh.
        offers: ``[slot]`` vehicles that give.
        power_kw: what they give together, at most :func:`available_power_kw`.
        step_h: length of the step, hours.
        ev: constants.

    Returns:
        ``[slot]`` kWh.
    """
    remaining = energy_kwh.copy()
    still_kw = power_kw
    for slot in range(energy_kwh.shape[0]):
        if offers[slot] and still_kw > 0.0:
            given_kw = min(still_kw, ev.vehicle_limit_kw, remaining[slot] / step_h)
            remaining[slot] = max(remaining[slot] - given_kw * step_h, 0.0)
            still_kw -= given_kw
    return remaining


def deliverable_energy_kwh(
    usable_kwh: FloatArray,
    arrival_s: FloatArray,
    departure_s: FloatArray,
    until_s: FloatArray,
    vehicle_limit_kw: float,
) -> FloatArray:
    """Energy each vehicle could have delivered in ``[0, until_s]``: its usable energy, or its limit times its stay.

    Source: own, the denominator of the share of vehicle energy that was used ([MSRC] Table IV reports it, undefined).

    Args:
        usable_kwh: energy above the driver's minimum on arrival, kWh, any shape.
        arrival_s, departure_s: stay, seconds, same shape.
        until_s: end of the window, seconds, a shape that broadcasts.
        vehicle_limit_kw: largest discharge of one vehicle.

    Returns:
        kWh, shape of ``usable_kwh``.
    """
    overlap_h = np.maximum(np.minimum(departure_s, until_s) - np.maximum(arrival_s, 0.0), 0.0) / 3600.0
    return np.asarray(np.minimum(usable_kwh, vehicle_limit_kw * overlap_h))
