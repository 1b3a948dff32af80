"""The energy step against its plain NumPy reference and against episodes worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.physics import reference_energy as reference
from tests.physics.instances import BATTERY, BY_SOC, CHARGING, EV, RESTART, RESTART_SOC, Depot, depot
from voltran.physics.balance import EnergyOrders, EnergyStep, energy_step
from voltran.physics.ev import EvParameters
from voltran.physics.fleet import Fleet


@pytest.mark.parametrize("ev", [EV, CHARGING, BY_SOC])
@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("shape", [(32, 19, 3), (1, 1, 1), (4, 7, 0), (1, 61, 8)])
def test_equals_reference(shape: tuple[int, int, int], grid: bool, ev: EvParameters) -> None:
    case = depot(11, *shape, grid=grid, ev=ev)
    found, expected = energy_step(*case.arguments), reference.energy_step(*case.arguments)
    for name in EnergyStep._fields:
        value, wanted = getattr(found, name), getattr(expected, name)
        assert value.dtype == wanted.dtype, name
        np.testing.assert_allclose(value, wanted, rtol=1e-12, atol=1e-12, err_msg=name)


def one_site(
    soc: float, load_kw: float, alive: bool = True, vehicle_kwh: float = 0.0, ordered_kw: float = 0.0
) -> Depot:
    """One site with at most one vehicle, which is there for good and has accepted."""
    slot = np.zeros((1, 1, 1))
    there = np.full((1, 1, 1), vehicle_kwh > 0.0)
    fleet = Fleet(np.where(there, slot, np.inf), slot + np.inf, slot, slot + vehicle_kwh, slot + 60.0, there)
    yes = np.ones((1, 1), dtype=np.bool_)
    orders = EnergyOrders(np.full((1, 1), ordered_kw), yes, yes, np.zeros((1, 1)), yes)
    load = np.full((1, 1), load_kw)
    return Depot(np.full((1, 1), soc), np.full((1, 1), alive), load, load, load, fleet, orders, np.zeros(1))


def after(case: Depot, step: EnergyStep) -> Depot:
    """The next minute of the same site."""
    fleet = case.fleet._replace(energy_kwh=step.energy_kwh, accepted=step.accepted)
    return replace(case, soc=step.soc, alive=step.alive, fleet=fleet, time_s=case.time_s + 60.0)


def test_a_battery_alone_lasts_its_usable_energy() -> None:
    """11.4 kWh carry 3.9 kW for 175.38 minutes; the site is down after the minute that is not covered to its end."""
    case, minutes = one_site(0.8, 3.9), 0
    while case.alive[0, 0]:
        step = energy_step(*case.arguments)
        case, minutes = after(case, step), minutes + 1
    assert minutes == 176
    assert step.soc[0, 0] == pytest.approx(BATTERY.soc_min, abs=1e-12)
    assert step.unserved_kw[0, 0] == pytest.approx(3.9 * 176 - 11.4 * 60)


def test_a_vehicle_carries_the_load_first_and_charges_with_the_rest() -> None:
    step = energy_step(*one_site(0.5, 2.5, vehicle_kwh=10.0, ordered_kw=6.0).arguments)
    assert step.ev_kw[0, 0] == pytest.approx(6.0)
    assert step.battery_kw[0, 0] == pytest.approx(-3.5)
    assert step.loss_kw[0, 0] == pytest.approx(0.175)
    assert step.soc[0, 0] == pytest.approx(0.5 + 3.5 * 0.95 / 60.0 / 20.0)
    assert step.energy_kwh[0, 0, 0] == pytest.approx(9.9)


def test_surplus_beyond_the_charging_limit_stays_in_the_vehicle() -> None:
    step = energy_step(*one_site(0.5, 0.1, vehicle_kwh=10.0, ordered_kw=7.0).arguments)
    assert step.ev_kw[0, 0] == pytest.approx(5.1)
    assert step.energy_kwh[0, 0, 0] == pytest.approx(10.0 - 5.1 / 60.0)


def test_surplus_stays_in_the_vehicle_where_charging_is_not_ordered() -> None:
    case = one_site(0.5, 2.5, vehicle_kwh=10.0, ordered_kw=6.0)
    step = energy_step(*replace(case, orders=case.orders._replace(ev_to_battery=~case.alive)).arguments)
    assert step.ev_kw[0, 0] == pytest.approx(2.5)
    assert step.soc[0, 0] == 0.5


def test_load_above_the_discharge_limit_is_not_served() -> None:
    step = energy_step(*one_site(0.9, 12.0).arguments)
    assert step.battery_kw[0, 0] == BATTERY.discharge_limit_kw
    assert step.unserved_kw[0, 0] == pytest.approx(2.0)
    assert not step.alive[0, 0]


def test_a_site_that_is_down_restarts_when_a_vehicle_has_recharged_it() -> None:
    """From 0.20 to 0.25 at 5 kW and 95 %: 1 kWh / 4.75 kW = 12.6 minutes, so 13 steps; it needs more than a charger."""
    case, minutes = one_site(BATTERY.soc_min, 8.0, alive=False, vehicle_kwh=10.0, ordered_kw=7.0), 0
    while not case.alive[0, 0]:
        step = energy_step(*case.arguments)
        assert step.load_kw[0, 0] == 0.0
        assert step.ev_kw[0, 0] == pytest.approx(5.0)
        case, minutes = after(case, step), minutes + 1
    assert minutes == 13
    assert case.soc[0, 0] >= RESTART_SOC


def orders_nothing(case: Depot) -> Depot:
    """The same site, whose controller neither asks for vehicle power nor lets it charge the battery."""
    no = np.zeros((1, 1), dtype=np.bool_)
    return replace(case, orders=case.orders._replace(ev_power_kw=np.zeros((1, 1)), ev_to_battery=no))


def test_vehicles_give_beyond_the_order_before_a_site_goes_down() -> None:
    """12 kW: 10 from the battery, its limit, and 2 from a vehicle that nobody asked; 18 kW are too much."""
    step = energy_step(*orders_nothing(one_site(0.9, 12.0, vehicle_kwh=10.0)).arguments)
    assert (step.battery_kw[0, 0], step.ev_kw[0, 0], step.unserved_kw[0, 0]) == pytest.approx((10.0, 2.0, 0.0))
    assert step.alive[0, 0]
    assert step.energy_kwh[0, 0, 0] == pytest.approx(10.0 - 2.0 / 60.0)
    step = energy_step(*orders_nothing(one_site(0.9, 18.0, vehicle_kwh=10.0)).arguments)
    assert (step.battery_kw[0, 0], step.ev_kw[0, 0], step.unserved_kw[0, 0]) == pytest.approx((10.0, 7.0, 1.0))
    assert not step.alive[0, 0]


@pytest.mark.parametrize(
    ("vehicle_kwh", "leaves_s", "needed_kw", "is_back"),
    [
        (10.0, np.inf, 6.9, True),
        (10.0, np.inf, 7.1, False),  # the charger gives 7 kW
        (0.51, np.inf, 6.0, True),  # 0.5 kWh are 6 kW for five minutes
        (0.49, np.inf, 6.0, False),
        (10.0, 360.0, 6.0, True),  # the minute of the step, and five more
        (10.0, 359.0, 6.0, False),
    ],
)
def test_a_vehicle_alone_brings_a_site_back_if_it_lasts(
    vehicle_kwh: float, leaves_s: float, needed_kw: float, is_back: bool
) -> None:
    case = orders_nothing(one_site(BATTERY.soc_min, needed_kw, alive=False, vehicle_kwh=vehicle_kwh))
    fleet = case.fleet._replace(departure_s=np.full((1, 1, 1), leaves_s))
    step = energy_step(*replace(case, fleet=fleet).arguments)
    assert step.alive[0, 0] == is_back
    assert step.load_kw[0, 0] == step.ev_kw[0, 0] == 0.0


def test_a_vehicle_that_asks_for_more_brings_no_site_back() -> None:
    case = orders_nothing(one_site(BATTERY.soc_min, 4.0, alive=False, vehicle_kwh=10.0))
    dear, no = np.full((1, 1, 1), 9.0), np.zeros((1, 1, 1), dtype=np.bool_)
    assert not energy_step(
        *replace(case, fleet=case.fleet._replace(reservation_price=dear, accepted=no)).arguments
    ).alive[0, 0]


@pytest.mark.parametrize(
    ("soc", "needed_kw", "is_back"),
    [
        (RESTART_SOC, 9.9, True),  # 0.95 kWh would be 11.4 kW for five minutes; the limit is 10 kW
        (RESTART_SOC, 10.1, False),
        (RESTART_SOC - 1e-6, 0.5, False),
        (RESTART_SOC - 1e-12, 9.9, True),  # rounding
    ],
)
def test_a_battery_alone_brings_a_site_back_within_its_limit(soc: float, needed_kw: float, is_back: bool) -> None:
    assert energy_step(*orders_nothing(one_site(soc, needed_kw, alive=False)).arguments).alive[0, 0] == is_back


@pytest.mark.parametrize(("soc", "import_kw", "needed_kw", "is_back"), [
    (0.2, 4.0, 4.0, True),
    (0.2, 4.0, 4.1, False),
    (0.2, 9.0, 5.1, False),  # 5 kW flow into the battery
    (0.3, 4.0, 13.9, True),
    (BATTERY.soc_max, 9.0, 10.1, False),  # nothing flows into a full battery
])  # fmt: skip
def test_the_import_that_charges_the_battery_counts(
    soc: float, import_kw: float, needed_kw: float, is_back: bool
) -> None:
    case = orders_nothing(one_site(soc, needed_kw, alive=False))
    case = replace(case, orders=case.orders._replace(grid_limit_kw=np.full((1, 1), import_kw)))
    assert energy_step(*case.arguments).alive[0, 0] == is_back


def test_a_longer_hold_asks_for_more_energy() -> None:
    """0.95 kWh carry 5 kW for eleven minutes, not for twelve."""
    case = orders_nothing(one_site(RESTART_SOC, 5.0, alive=False))
    for minutes, is_back in ((11, True), (12, False)):
        arguments = [RESTART._replace(hold_s=60.0 * minutes) if value is RESTART else value for value in case.arguments]
        assert energy_step(*arguments).alive[0, 0] == is_back


def test_an_accepted_vehicle_stays_accepted_when_the_price_falls() -> None:
    case = one_site(0.8, 3.0, vehicle_kwh=10.0, ordered_kw=7.0)
    leaves, asks, no = np.full((1, 1, 1), 7200.0), np.full((1, 1, 1), 1.2), np.zeros((1, 1, 1), dtype=np.bool_)
    fleet = case.fleet._replace(departure_s=leaves, reservation_price=asks, accepted=no)
    case = replace(case, fleet=fleet, orders=case.orders._replace(ev_to_battery=no[0]))

    cheap = energy_step(*case.arguments)
    assert cheap.price[0, 0] == pytest.approx(EV.base_price * (1.0 + 2.0 * np.exp(-3.8 / 1.5)))
    assert not cheap.accepted[0, 0, 0]
    assert cheap.offered_kw[0, 0] == 0.0

    # 0.5 (1 + 2 exp(-T / 1.5)) = 1.2 at T = 0.535 h, or 1.605 kWh at 3 kW.
    dear = energy_step(*replace(case, soc=np.full((1, 1), 0.2 + 1.5 / 19.0)).arguments)
    assert dear.accepted[0, 0, 0]
    assert dear.ev_kw[0, 0] == pytest.approx(3.0)

    kept = replace(case, fleet=fleet._replace(accepted=dear.accepted))
    assert energy_step(*kept.arguments).ev_kw[0, 0] == pytest.approx(3.0)
    gone = replace(kept, time_s=np.array([7200.0]))
    assert energy_step(*gone.arguments).ev_kw[0, 0] == 0.0
