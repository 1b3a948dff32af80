"""The energy step against its plain NumPy reference and against episodes worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.physics import reference_energy as reference
from tests.physics.instances import BATTERY, EV, RESTART_SOC, Depot, depot
from voltran.physics.balance import EnergyOrders, EnergyStep, Fleet, energy_step


@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("shape", [(32, 19, 3), (1, 1, 1), (4, 7, 0), (1, 61, 8)])
def test_equals_reference(shape: tuple[int, int, int], grid: bool) -> None:
    case = depot(11, *shape, grid=grid)
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
    fleet = Fleet(np.where(there, slot, np.inf), slot + np.inf, slot, slot + vehicle_kwh, there)
    yes = np.ones((1, 1), dtype=np.bool_)
    orders = EnergyOrders(np.full((1, 1), ordered_kw), yes, yes, np.zeros((1, 1)), yes)
    load = np.full((1, 1), load_kw)
    return Depot(np.full((1, 1), soc), np.full((1, 1), alive), load, load, fleet, orders, np.zeros(1))


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
    """From 0.20 to 0.25 at 5 kW and 95 %: 1 kWh / 4.75 kW = 12.6 minutes, so 13 steps."""
    case, minutes = one_site(BATTERY.soc_min, 4.0, alive=False, vehicle_kwh=10.0, ordered_kw=7.0), 0
    while not case.alive[0, 0]:
        step = energy_step(*case.arguments)
        assert step.load_kw[0, 0] == 0.0
        assert step.ev_kw[0, 0] == pytest.approx(5.0)
        case, minutes = after(case, step), minutes + 1
    assert minutes == 13
    assert case.soc[0, 0] >= RESTART_SOC


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
