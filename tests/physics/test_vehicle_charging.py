"""Vehicles that are charged: who, from what, and how much; worked out by hand, and over random sites."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.physics.instances import BATTERY, CHARGING, EV, STEP_S, Depot, depot
from tests.physics.test_balance import after, one_site
from voltran.physics.balance import EnergyStep, energy_step
from voltran.physics.ledger import balance_residual_kw
from voltran.physics.vehicle_charging import charge, chargeable_power_kw, fleet_room_kw, room_kwh

STEP_H = STEP_S / 3600.0
FULL_KWH = 0.67 * 60.0


def site(soc: float, load_kw: float, vehicle_kwh: float = 10.0, import_kw: float = 0.0, **changes: Any) -> Depot:
    """One site with one vehicle of 60 kWh that is charged from what is left above a state of charge of 0.4."""
    case = one_site(soc, load_kw, vehicle_kwh=vehicle_kwh, ordered_kw=changes.pop("ordered_kw", 0.0))
    orders = case.orders._replace(grid_limit_kw=np.full((1, 1), import_kw))
    return replace(case, orders=orders, ev=CHARGING, **changes)


def played(case: Depot) -> EnergyStep:
    result: EnergyStep = energy_step(*case.arguments)
    return result


def test_what_is_left_of_the_import_charges_vehicles() -> None:
    """15 kW: 4 for the load, 5 for the battery, and 6 for the vehicle."""
    step = played(site(0.5, 4.0, import_kw=15.0))
    assert (step.grid_kw[0, 0], step.battery_kw[0, 0], step.ev_kw[0, 0]) == pytest.approx((15.0, -5.0, -6.0))
    assert step.energy_kwh[0, 0, 0] == pytest.approx(10.0 + 6.0 / 60.0)


@pytest.mark.parametrize(
    ("soc", "import_kw", "ev_kw"),
    [
        (1.0, 20.0, -7.0),  # the charger's limit; what nobody takes is not imported
        (1.0, 6.0, -2.0),
        (1.0, 4.0, 0.0),  # the load takes it all, and a battery that could give does not while there is import
        (0.5, 8.0, 0.0),  # the battery comes first
        (1.0, 0.0, -6.0),  # 10 kW, the battery's limit, less the load
        (0.4, 0.0, 0.0),
        (0.3, 0.0, 0.0),
    ],
)
def test_import_comes_before_the_battery(soc: float, import_kw: float, ev_kw: float) -> None:
    step = played(site(soc, 4.0, import_kw=import_kw))
    assert step.ev_kw[0, 0] == pytest.approx(ev_kw)
    assert step.grid_kw[0, 0] <= 11.0 + 1e-9
    assert step.unserved_kw[0, 0] == 0.0


def test_a_battery_gives_down_to_its_reserve_and_a_vehicle_has_what_it_gave() -> None:
    """From 0.8 to 0.4 of 20 kWh are 7.6 kWh at the terminals: an hour and a half of 1 kW of load, the rest charged."""
    case, minutes = site(0.8, 1.0), 0
    while (step := played(case)).ev_kw[0, 0] < 0.0:
        case, minutes = after(case, step), minutes + 1
    charged_kwh = case.fleet.energy_kwh[0, 0, 0] - 10.0
    # The battery gives 8 kW until less than a minute of that is left above its reserve, and then just that.
    assert minutes == 57
    assert case.soc[0, 0] == pytest.approx(0.4, abs=1e-12)
    assert charged_kwh == pytest.approx(7.6 - minutes / 60.0)


def test_a_full_vehicle_takes_no_more() -> None:
    step = played(site(1.0, 4.0, vehicle_kwh=FULL_KWH - 0.01, import_kw=20.0))
    assert step.ev_kw[0, 0] == pytest.approx(-0.6)
    assert step.energy_kwh[0, 0, 0] == pytest.approx(FULL_KWH)
    assert played(site(1.0, 4.0, vehicle_kwh=FULL_KWH, import_kw=20.0)).ev_kw[0, 0] == 0.0


def test_nothing_is_charged_where_vehicles_are_asked_for_power_or_charging_is_off() -> None:
    assert played(site(1.0, 4.0, ordered_kw=2.0)).ev_kw[0, 0] == pytest.approx(2.0)
    assert played(replace(site(1.0, 4.0), ev=EV)).ev_kw[0, 0] == 0.0
    assert played(replace(site(1.0, 4.0, import_kw=15.0), ev=EV)).grid_kw[0, 0] == pytest.approx(4.0)
    # Ordered, but empty: the battery keeps what it has, or it would buy its own energy back.
    assert played(site(1.0, 4.0, vehicle_kwh=1e-9, ordered_kw=7.0)).ev_kw[0, 0] == pytest.approx(0.0, abs=1e-6)


def test_a_vehicle_need_not_have_accepted_but_must_stay() -> None:
    case = site(1.0, 4.0)
    dear, no = np.full((1, 1, 1), 9.0), np.zeros((1, 1, 1), dtype=np.bool_)
    asks = case.fleet._replace(reservation_price=dear, accepted=no)
    assert played(replace(case, fleet=asks)).ev_kw[0, 0] == pytest.approx(-6.0)
    leaves = case.fleet._replace(departure_s=np.full((1, 1, 1), STEP_S - 1.0))
    assert played(replace(case, fleet=leaves)).ev_kw[0, 0] == 0.0


def test_a_site_that_is_down_charges_from_its_import_only() -> None:
    down = np.zeros((1, 1), dtype=np.bool_)
    step = played(site(1.0, 4.0, alive=down))
    assert step.ev_kw[0, 0] == step.battery_kw[0, 0] == 0.0
    step = played(site(1.0, 4.0, import_kw=3.0, alive=down))
    assert (step.grid_kw[0, 0], step.ev_kw[0, 0]) == pytest.approx((3.0, -3.0))


def test_who_leaves_last_is_charged_first() -> None:
    energy_kwh, capacity_kwh = np.array([10.0, 10.0, 40.19, 10.0]), np.full(4, 60.0)
    parked = np.array([True, True, True, False])
    charged = charge(energy_kwh, capacity_kwh, parked, 9.0, STEP_H, EV)
    # The third is full after 0.01 kWh, 0.6 kW for a minute; 7 kW is what one vehicle takes, 1.4 kW are left.
    assert charged == pytest.approx([10.0 + 1.4 / 60.0, 10.0 + 7.0 / 60.0, 40.2, 10.0])
    assert energy_kwh.tolist() == [10.0, 10.0, 40.19, 10.0]
    assert chargeable_power_kw(energy_kwh, capacity_kwh, parked, STEP_H, EV) == 7.0
    wide = EV._replace(site_limit_kw=100.0)
    assert chargeable_power_kw(energy_kwh, capacity_kwh, parked, STEP_H, wide) == pytest.approx(14.6)
    assert room_kwh(41.0, 60.0, EV) == 0.0


@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_random_sites_keep_energy_and_limits(seed: int, grid: bool) -> None:
    case = depot(seed, grid=grid, ev=CHARGING)
    case = replace(case, orders=case.orders._replace(grid_limit_kw=4.0 * case.orders.grid_limit_kw))
    step, never = played(case), played(replace(case, ev=EV))
    before = (case.soc, case.fleet.energy_kwh)
    assert np.abs(balance_residual_kw(step, *before, STEP_H, BATTERY.capacity_kwh)).max() < 1e-9
    change_kwh = step.energy_kwh - case.fleet.energy_kwh
    taken, given = change_kwh.max(axis=-1, initial=0.0) > 0.0, change_kwh.min(axis=-1, initial=0.0) < 0.0
    assert taken.any()
    assert not np.any(taken & given)
    start_s = case.time_s[:, None, None]
    here = (case.fleet.arrival_s <= start_s) & (start_s + STEP_S <= case.fleet.departure_s)
    assert not np.any((change_kwh > 0.0) & ~here)
    assert np.all(change_kwh <= EV.vehicle_limit_kw * STEP_H + 1e-12)
    assert np.all(step.energy_kwh <= np.maximum(0.67 * case.fleet.capacity_kwh, case.fleet.energy_kwh) + 1e-12)
    assert np.all(step.ev_kw >= -EV.site_limit_kw - 1e-12)
    # What charging adds is drawn from import or battery, and is in the vehicles; the rest is as without it.
    np.testing.assert_array_equal(step.ev_kw[~taken], never.ev_kw[~taken])
    np.testing.assert_allclose(never.ev_kw[taken], 0.0, atol=0.0)
    np.testing.assert_array_equal(step.unserved_kw, never.unserved_kw)
    more_kw = (step.grid_kw - never.grid_kw) + (step.battery_kw - never.battery_kw)
    np.testing.assert_allclose(more_kw, -np.minimum(step.ev_kw, 0.0), atol=1e-9)
    from_battery = step.battery_kw > never.battery_kw + 1e-12
    assert from_battery.any() or grid
    assert np.all(step.soc[from_battery] >= CHARGING.charging_soc - 1e-12)
    assert not np.any(from_battery & ((step.grid_kw > 0.0) | (case.orders.ev_power_kw > 0.0) | ~case.alive))


def test_the_room_of_a_fleet_is_that_of_its_sites() -> None:
    case = depot(5, n_worlds=4, n_sites=7)
    room_kw = fleet_room_kw(case.fleet, case.time_s, STEP_S, EV)
    idle = replace(case, alive=np.zeros_like(case.alive), ev=CHARGING, soc=np.full_like(case.soc, BATTERY.soc_max))
    no = np.zeros_like(case.alive)
    plenty = case.orders._replace(grid_limit_kw=np.full(case.soc.shape, 99.0), ev_to_battery=no)
    taken_kw = -played(replace(idle, orders=plenty)).ev_kw
    np.testing.assert_allclose(room_kw, taken_kw, atol=1e-12)
    assert room_kw.any()
