"""One battery and one panel field that several sites share: flows of a slot, wear, and who gets what when it is short.

Power is a mean over the slot. A site takes its power from the grid or from the battery; where one of them falls short,
the other takes over.
"""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.battery import BatteryParameters, conversion_loss_kw, next_soc
from voltran.physics.compiled import kernel
from voltran.physics.scheduler import fill


class SharedSupply(NamedTuple):
    """What one infrastructure offers in a slot.

    Attributes:
        solar_kw: what the panels give.
        grid_limit_kw: most that can be bought; 0 in an outage.
        charge_share: share of the battery's charging limit that the grid shall charge with.
        solar_direct: whether panels feed sites on the grid before they charge the battery.
        outage_soc_min: state of charge down to which the battery serves while the grid cannot carry all sites.
    """

    solar_kw: float
    grid_limit_kw: float
    charge_share: float
    solar_direct: bool
    outage_soc_min: float


class SharedFlows(NamedTuple):
    """Mean flows of a slot.

    Attributes:
        grid_kw, battery_kw, direct_kw, unserved_kw: ``[site]`` what serves each site, and what nothing serves; they
            add up to its demand.
        fallback_kw: ``[site]`` part of ``grid_kw`` that the battery was asked for and could not give.
        solar_charge_kw, grid_charge_kw: what charges the battery.
        curtailed_kw: solar power that nothing takes.
        loss_kw: conversion losses of the battery.
        soc: state of charge at the end.
    """

    grid_kw: FloatArray
    battery_kw: FloatArray
    direct_kw: FloatArray
    unserved_kw: FloatArray
    fallback_kw: FloatArray
    solar_charge_kw: float
    grid_charge_kw: float
    curtailed_kw: float
    loss_kw: float
    soc: float


@kernel
def battery_exchange_kw(
    requested_kw: float, offered_kw: float, soc: float, step_h: float, battery: BatteryParameters
) -> tuple[float, float]:
    """What a battery gives and takes in the same slot: as much as is asked for, then as much as is offered.

    Its power limits bound the net flow; the state of charge bounds what is stored at the end of the slot. Both limits
    of giving rise with what is taken, and the other way round, so that the largest of both exists.

    Source: [CG] Eq. 3, [CG] Eq. 11a, [CG] Eq. 11c. Reconstructed: the paper's (11c) confuses capacities of sites and
    infrastructures and follows from the bounds of the state of charge; limits of power stand in its place.

    Args:
        requested_kw: asked for by sites, at the terminals.
        offered_kw: what could be charged, at the terminals.
        soc: state of charge at the start, share.
        step_h: length of the slot, hours.
        battery: constants; ``soc_min`` is what must be left at the end.

    Returns:
        kW given, and kW taken.
    """
    if battery.capacity_kwh <= 0.0:
        return 0.0, 0.0
    both_ways = battery.charge_efficiency * battery.discharge_efficiency
    stored_kw = max(soc - battery.soc_min, 0.0) * battery.capacity_kwh / step_h
    room_kw = max(battery.soc_max - soc, 0.0) * battery.capacity_kwh / step_h
    given_kw = min(requested_kw, battery.discharge_limit_kw + offered_kw)
    given_kw = min(given_kw, battery.discharge_efficiency * stored_kw + both_ways * offered_kw)
    if both_ways < 1.0:  # what is taken is limited by power, and what is given by what is stored
        from_storage_kw = battery.discharge_efficiency * stored_kw + both_ways * battery.charge_limit_kw
        given_kw = min(given_kw, from_storage_kw / (1.0 - both_ways))
    taken_kw = min(offered_kw, battery.charge_limit_kw + given_kw)
    return given_kw, min(taken_kw, room_kw / battery.charge_efficiency + given_kw / both_ways)


@kernel
def shared_flows(
    soc: float,
    demand_kw: FloatArray,
    on_battery: BoolArray,
    share: FloatArray,
    supply: SharedSupply,
    step_h: float,
    battery: BatteryParameters,
) -> SharedFlows:
    """A slot of one infrastructure.

    Panels feed sites on the grid, where that is possible, and charge the battery with what is left. The grid feeds its
    sites and charges only with what its limit leaves beyond the demand of all sites. What the grid cannot give to its
    sites they ask of the battery. If the battery cannot give all that it is asked for, it is rationed by shares, and
    sites that chose it take the rest from the grid, within the slot.

    Source: [CG] Eq. 1, [CG] Eq. 2, [CG] Eq. 3, [CG] Eq. 4. Reconstructed: the charge is the sum of what grid and panels
    give; the paper's weights lambda would make bought energy disappear. Rationing by shares is ours; that a site
    returns to the grid is Section III-C5 of the paper.

    Args:
        soc: state of charge at the start, share.
        demand_kw: ``[site]`` D_u over the slot's length.
        on_battery: ``[site]`` d_u, True where the battery shall serve.
        share: ``[site]`` alpha_u, positive shares.
        supply: what there is; see :class:`SharedSupply`.
        step_h: length of the slot, hours.
        battery: constants.

    Returns:
        Flows, and the state of charge after them.
    """
    direct_kw, grid_kw, requested_kw, fed_kw, bought_kw = _feed(demand_kw, on_battery, supply)
    solar_left_kw, spare_kw = supply.solar_kw - fed_kw, supply.grid_limit_kw - demand_kw.sum()
    limits = _down_to(supply.outage_soc_min if spare_kw < 0.0 else battery.soc_min, soc, battery)
    offered_kw = solar_left_kw + min(supply.charge_share * battery.charge_limit_kw, max(spare_kw, 0.0))
    given_kw, taken_kw = battery_exchange_kw(requested_kw.sum(), offered_kw, soc, step_h, limits)
    battery_kw = np.zeros_like(demand_kw)
    if given_kw > 0.0:
        battery_kw = fill(np.zeros_like(demand_kw), requested_kw, share, given_kw)
    fallback_kw, unserved_kw = _fall_back(requested_kw - battery_kw, on_battery, supply.grid_limit_kw - bought_kw)
    solar_charge_kw = min(solar_left_kw, taken_kw)
    return SharedFlows(
        grid_kw + fallback_kw,
        battery_kw,
        direct_kw,
        unserved_kw,
        fallback_kw,
        solar_charge_kw,
        taken_kw - solar_charge_kw,
        solar_left_kw - solar_charge_kw,
        conversion_loss_kw(taken_kw, given_kw, battery),
        next_soc(soc, taken_kw, given_kw, step_h, limits) if battery.capacity_kwh > 0.0 else soc,
    )


@kernel
def _feed(
    demand_kw: FloatArray, on_battery: BoolArray, supply: SharedSupply
) -> tuple[FloatArray, FloatArray, FloatArray, float, float]:
    """What panels and grid give to sites on the grid, by their demand, and what all sites ask of the battery; sums."""
    n_sites, total_kw = demand_kw.shape[0], 0.0
    direct_kw, grid_kw, requested_kw = np.zeros(n_sites), np.zeros(n_sites), np.zeros(n_sites)
    for u in range(n_sites):
        if not on_battery[u]:
            total_kw += demand_kw[u]
    fed_kw = min(supply.solar_kw, total_kw) if supply.solar_direct else 0.0
    bought_kw = min(total_kw - fed_kw, supply.grid_limit_kw)
    short_kw = total_kw - fed_kw - bought_kw
    for u in range(n_sites):
        if on_battery[u]:
            requested_kw[u] = demand_kw[u]
        elif total_kw > 0.0:
            part = demand_kw[u] / total_kw
            direct_kw[u], grid_kw[u], requested_kw[u] = part * fed_kw, part * bought_kw, part * short_kw
    return direct_kw, grid_kw, requested_kw, fed_kw, bought_kw


@kernel
def _down_to(soc_min: float, soc: float, battery: BatteryParameters) -> BatteryParameters:
    """The battery with another least state of charge; one that is below it already stays where it is."""
    return BatteryParameters(
        battery.capacity_kwh, min(soc_min, soc), battery.soc_max, battery.charge_efficiency,
        battery.discharge_efficiency, battery.charge_limit_kw, battery.discharge_limit_kw,
    )  # fmt: skip


@kernel
def _fall_back(missing_kw: FloatArray, on_battery: BoolArray, left_kw: float) -> tuple[FloatArray, FloatArray]:
    """What sites on the battery take from the grid instead, within what it has left; and what nobody gives."""
    asked_kw = np.where(on_battery, np.maximum(missing_kw, 0.0), 0.0)
    total_kw = asked_kw.sum()
    part = min(max(left_kw, 0.0) / total_kw, 1.0) if total_kw > 0.0 else 0.0
    fallback_kw = part * asked_kw
    return fallback_kw, np.maximum(missing_kw, 0.0) - fallback_kw


@kernel
def next_health(health: float, soc_change: float, wear_per_cycle: float) -> float:
    """State of health after a slot.

    Source: [CG] Eq. 5, ``y(t) = y(t-1) - kappa |x(t) - x(t-1)|``.

    Args:
        health: y, share of the initial capacity that is left.
        soc_change: x(t) - x(t-1), share.
        wear_per_cycle: kappa, share of the initial capacity that a full change of the state of charge costs.

    Returns:
        Share, not negative.
    """
    return max(health - wear_per_cycle * abs(soc_change), 0.0)


def faded_capacity_kwh(initial_kwh: FloatArray, health: FloatArray) -> FloatArray:
    """Capacity that is left of batteries.

    Source: [CG] Eq. 6.

    Args:
        initial_kwh: Omega_init, kWh, any shape.
        health: y, share, of the same shape.

    Returns:
        Omega, kWh, of the same shape.
    """
    return np.asarray(initial_kwh * health)


def wear_cost_eur(battery_cost_eur: float, wear_per_cycle: float, health_min: float) -> float:
    """What a full change of the state of charge costs: the battery is worn out when its health is at its minimum.

    Source: own; the price of the battery spread over the wear of [CG] Eq. 5 until [CG] Eq. 11b binds.

    Args:
        battery_cost_eur: price of a battery, EUR.
        wear_per_cycle: kappa, share of the initial capacity.
        health_min: SoH_min, share below 1.

    Returns:
        EUR per unit of ``|x(t) - x(t-1)|``.
    """
    return battery_cost_eur * wear_per_cycle / (1.0 - health_min)
