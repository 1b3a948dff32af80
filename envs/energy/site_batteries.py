"""What a decision period does to sites: purchases and batteries serve loads, purchases charge batteries."""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import FloatArray
from voltran.physics.battery import (
    BatteryParameters,
    conversion_loss_kw,
    largest_charge_kw,
    largest_discharge_kw,
    next_soc,
)
from voltran.physics.compiled import kernel
from voltran.physics.supply import supply


class SiteBatteries(NamedTuple):
    """Batteries of all sites; the names are those of :class:`voltran.physics.battery.BatteryParameters`.

    Attributes:
        capacity_kwh, charge_limit_kw, discharge_limit_kw: ``[M]``, all zero at sites without a battery.
        soc_min, soc_max, charge_efficiency, discharge_efficiency: of all batteries.
    """

    capacity_kwh: FloatArray
    soc_min: float
    soc_max: float
    charge_efficiency: float
    discharge_efficiency: float
    charge_limit_kw: FloatArray
    discharge_limit_kw: FloatArray


class SiteFlows(NamedTuple):
    """What a period brought; all arrays ``[B, M]``.

    Attributes:
        soc: state of charge at the end.
        bought_kw: what was taken of the purchases.
        battery_kw: positive discharging, negative charging, at the terminals.
        unserved_kw: load that nothing could supply.
        loss_kw: conversion losses inside the battery.
        residual_kw: of ``bought + unserved = load + stored + loss``.
    """

    soc: FloatArray
    bought_kw: FloatArray
    battery_kw: FloatArray
    unserved_kw: FloatArray
    loss_kw: FloatArray
    residual_kw: FloatArray


@kernel
def battery_rooms_kw(soc: FloatArray, period_h: float, batteries: SiteBatteries) -> tuple[FloatArray, FloatArray]:
    """Power ``[B, M]`` at which batteries can be charged, and discharged, for a whole period."""
    charge_kw, discharge_kw = np.zeros(soc.shape), np.zeros(soc.shape)
    for w in range(soc.shape[0]):
        for m in range(soc.shape[1]):
            battery = battery_at(batteries, m)
            charge_kw[w, m] = largest_charge_kw(soc[w, m], period_h, battery)
            discharge_kw[w, m] = largest_discharge_kw(soc[w, m], period_h, battery)
    return charge_kw, discharge_kw


@kernel
def supply_sites(
    soc: FloatArray,
    load_kw: FloatArray,
    bought_kw: FloatArray,
    battery_kw: FloatArray,
    period_h: float,
    batteries: SiteBatteries,
) -> SiteFlows:
    """Supply all sites ``[B, M]`` for a period: purchases first, then batteries.

    Args:
        soc: state of charge at the start.
        load_kw: loads.
        bought_kw: power that the market gives.
        battery_kw: orders; positive discharges at most that, negative charges at most that.
        period_h: length of the period.
        batteries: constants.
    """
    shape = soc.shape
    after = SiteFlows(soc.copy(), np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape))
    for w in range(shape[0]):
        for m in range(shape[1]):
            battery = battery_at(batteries, m)
            discharge_kw = min(max(battery_kw[w, m], 0.0), largest_discharge_kw(soc[w, m], period_h, battery))
            charge_kw = min(max(-battery_kw[w, m], 0.0), largest_charge_kw(soc[w, m], period_h, battery))
            flows = supply(load_kw[w, m], bought_kw[w, m], 0.0, 0.0, discharge_kw, charge_kw, True, False)
            if battery.capacity_kwh > 0.0:
                after.soc[w, m] = next_soc(soc[w, m], flows.charge_kw, flows.discharge_kw, period_h, battery)
            after.bought_kw[w, m] = flows.grid_kw
            after.battery_kw[w, m] = flows.discharge_kw - flows.charge_kw
            after.unserved_kw[w, m] = flows.unserved_kw
            after.loss_kw[w, m] = conversion_loss_kw(flows.charge_kw, flows.discharge_kw, battery)
            stored_kw = (after.soc[w, m] - soc[w, m]) * battery.capacity_kwh / period_h
            taken_kw = load_kw[w, m] + stored_kw + after.loss_kw[w, m]
            after.residual_kw[w, m] = flows.grid_kw + flows.unserved_kw - taken_kw
    return after


@kernel
def serve_alone(
    soc: FloatArray, load_kw: FloatArray, period_h: float, batteries: SiteBatteries
) -> tuple[FloatArray, FloatArray]:
    """Let batteries serve loads ``[T, M]`` until they are empty, without any purchase.

    Returns:
        Power of batteries, and load that is not served, both ``[T, M]``.
    """
    soc, bought_kw = soc.copy().reshape(1, -1), np.zeros((1, soc.shape[0]))
    battery_kw, unserved_kw = np.zeros(load_kw.shape), np.zeros(load_kw.shape)
    order_kw = batteries.discharge_limit_kw.reshape(1, -1)
    for period in range(load_kw.shape[0]):
        flows = supply_sites(soc, load_kw[period : period + 1], bought_kw, order_kw, period_h, batteries)
        soc, battery_kw[period], unserved_kw[period] = flows.soc, flows.battery_kw[0], flows.unserved_kw[0]
    return battery_kw, unserved_kw


@kernel
def battery_at(batteries: SiteBatteries, site: int) -> BatteryParameters:
    """The battery of one site."""
    return BatteryParameters(
        batteries.capacity_kwh[site],
        batteries.soc_min,
        batteries.soc_max,
        batteries.charge_efficiency,
        batteries.discharge_efficiency,
        batteries.charge_limit_kw[site],
        batteries.discharge_limit_kw[site],
    )
