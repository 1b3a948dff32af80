"""Who supplies the load of one site in one step, in which order, and who takes what is left."""

from typing import NamedTuple

from voltran.physics.compiled import kernel


class Flows(NamedTuple):
    """Power flows of one site in one step.

    Attributes:
        grid_kw: imported, not negative.
        ev_kw: from vehicles; negative where they are charged.
        discharge_kw, charge_kw: out of and into the battery, not negative; at most one of them is above zero.
        unserved_kw: load that nothing could supply, not negative.
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
def charge_vehicles(flows: Flows, room_kw: float, grid_limit_kw: float, spare_kw: float) -> Flows:
    """Let vehicles take what nobody else needs, in a step in which the load is served and none of them gives power.

    Import beyond load and battery comes first; only where nothing is imported does the battery give what it can spare,
    so that no energy takes the way from the grid through the battery, and none both ways.

    Source: [MSRC] Eq. 15, whose exchange is negative when stationary energy is abundant. Reconstructed: the paper does
    not say what abundant is.

    Args:
        flows: without charging; ``ev_kw`` and ``unserved_kw`` are zero.
        room_kw: power that vehicles can take in.
        grid_limit_kw: import that the grid can give.
        spare_kw: power that the battery may give to load and vehicles together.

    Returns:
        The flows with what vehicles take in, in kW.
    """
    from_grid_kw = min(room_kw, grid_limit_kw - flows.grid_kw)
    from_battery_kw = 0.0
    if flows.grid_kw + from_grid_kw <= 0.0:
        from_battery_kw = min(room_kw, max(spare_kw - flows.discharge_kw, 0.0))
    return Flows(
        flows.grid_kw + from_grid_kw,
        -(from_grid_kw + from_battery_kw),
        flows.discharge_kw + from_battery_kw,
        flows.charge_kw,
        flows.unserved_kw,
    )
