"""One energy step of sites in plain NumPy, vectorised over worlds and sites."""

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.balance import EnergyOrders, EnergyStep, Restart
from voltran.physics.battery import BatteryParameters
from voltran.physics.ev import EvParameters
from voltran.physics.fleet import Fleet


def price(usable_kwh: FloatArray, mean_power_kw: FloatArray, dynamic: BoolArray, ev: EvParameters) -> FloatArray:
    """Offered price ``[...]``. Source: [MSRC] Eq. 16."""
    survival_h = usable_kwh / mean_power_kw
    urgency = np.where(dynamic, ev.urgency * np.exp(-survival_h / ev.urgency_time_h), 0.0)
    return np.asarray(ev.base_price * (1.0 + urgency))


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
    """Grid first, then vehicles as ordered, then the battery; what grid and vehicles have left charges where ordered.

    Before load is dropped, vehicles give beyond the order. Sites that are down come back when what charges them, their
    battery and the vehicles that stay can together carry what they need. Source: [MSRC] Eqs. 12-17.
    """
    hours = step_s / 3600.0
    stored_kwh = (soc - battery.soc_min) * battery.capacity_kwh
    offered_price = price(stored_kwh * battery.discharge_efficiency, mean_power_kw, orders.dynamic_price, ev)

    start = time_s[:, None, None]
    here = (fleet.arrival_s <= start) & (fleet.departure_s >= start + step_s)
    vehicle_soc = ev.soc_min + fleet.energy_kwh / fleet.capacity_kwh
    adapts = ev.price_soc_weight * np.asarray(orders.dynamic_price)[..., None]
    factor = (1.0 + adapts * (1.0 - vehicle_soc)) / (1.0 + adapts * (1.0 - ev.price_mean_soc))
    each_price = offered_price[..., None] * factor
    accepted = fleet.accepted | (here & (each_price >= fleet.reservation_price))
    vehicle_kw = np.where(here & accepted, np.minimum(ev.vehicle_limit_kw, fleet.energy_kwh / hours), 0.0)
    offered_kw = np.minimum(vehicle_kw.sum(axis=-1), ev.site_limit_kw)

    load = load_kw * alive
    grid = np.minimum(load, orders.grid_limit_kw)
    ordered = np.minimum(orders.ev_power_kw, offered_kw)
    to_load = np.minimum(ordered, load - grid)
    missing = load - grid - to_load
    room_kwh = (battery.soc_max - soc) * battery.capacity_kwh / battery.charge_efficiency
    room_kw = np.minimum(battery.charge_limit_kw, room_kwh / hours) * (missing <= 0.0)
    from_grid = np.minimum(orders.grid_limit_kw - grid, room_kw) * orders.grid_to_battery
    from_ev = np.minimum(ordered - to_load, room_kw - from_grid) * orders.ev_to_battery
    charge = from_grid + from_ev
    most = np.minimum(battery.discharge_limit_kw, stored_kwh * battery.discharge_efficiency / hours)
    given = np.minimum(missing, most)

    beyond = np.minimum(missing - given, offered_kw - ordered)

    from_vehicles = to_load + from_ev + beyond
    idle = (from_vehicles <= 0.0) & (missing - given - beyond <= 0.0) & ev.charging
    free_kwh = np.maximum((1.0 - ev.soc_min) * fleet.capacity_kwh - fleet.energy_kwh, 0.0)
    takes_kw = np.where(here, np.minimum(ev.vehicle_limit_kw, free_kwh / hours), 0.0)
    takes_together = np.minimum(takes_kw.sum(axis=-1), ev.site_limit_kw) * idle
    unused = np.minimum(orders.grid_limit_kw - grid - from_grid, takes_together)
    abundant_kwh = np.maximum(soc - ev.charging_soc, 0.0) * battery.capacity_kwh * battery.discharge_efficiency
    abundant = np.minimum(battery.discharge_limit_kw, abundant_kwh / hours) - given
    may = alive & (orders.ev_power_kw <= 0.0) & (grid + from_grid + unused <= 0.0)
    spare = np.where(may, np.clip(abundant, 0.0, takes_together), 0.0)
    given = given + spare
    later_kw = np.cumsum(takes_kw[..., ::-1], axis=-1)[..., ::-1] - takes_kw
    taken_kw = np.clip((unused + spare)[..., None] - later_kw, 0.0, takes_kw)
    earlier_kw = np.cumsum(vehicle_kw, axis=-1) - vehicle_kw
    each_kw = np.clip(from_vehicles[..., None] - earlier_kw, 0.0, vehicle_kw)
    change_kwh = (battery.charge_efficiency * charge - given / battery.discharge_efficiency) * hours
    new_soc = soc + change_kwh / battery.capacity_kwh
    left_kwh = fleet.energy_kwh - each_kw * hours + taken_kw * hours
    hold_h, until = restart.hold_s / 3600.0, start + step_s + restart.hold_s
    stays = accepted & (fleet.arrival_s <= start + step_s) & (fleet.departure_s >= until)
    staying_kw = np.where(stays, np.minimum(ev.vehicle_limit_kw, left_kwh / hold_h), 0.0).sum(axis=-1)
    deliverable_kwh = (new_soc - battery.soc_min) * battery.capacity_kwh * battery.discharge_efficiency
    counts = new_soc >= restart.soc - 1e-9
    from_battery = np.where(counts, np.minimum(battery.discharge_limit_kw, deliverable_kwh / hold_h), 0.0)
    could_draw = from_grid + unused + from_battery + np.minimum(staying_kw, ev.site_limit_kw)
    lost = given / battery.discharge_efficiency - given + charge - battery.charge_efficiency * charge
    return EnergyStep(
        soc=new_soc,
        alive=np.where(alive, missing - (given - spare) - beyond < 1e-9, could_draw >= needed_kw - 1e-9),
        energy_kwh=left_kwh,
        accepted=accepted,
        load_kw=load,
        battery_kw=given - charge,
        ev_kw=from_vehicles - unused - spare,
        grid_kw=grid + from_grid + unused,
        unserved_kw=missing - (given - spare) - beyond,
        loss_kw=lost,
        price=offered_price,
        paid_usd_per_h=(each_kw * each_price).sum(axis=-1),
        offered_kw=offered_kw,
    )
