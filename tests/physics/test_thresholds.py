"""What lies exactly at a threshold: prices that are just paid, users just within reach, time that just runs out."""

import math

import numpy as np
import pytest

from tests.physics.instances import BATTERY, CHARGING, EV, RADIO, RESTART
from voltran.physics.association import Candidates, candidate_rates, choose_servers, within_threshold
from voltran.physics.balance import EnergyOrders, energy_step
from voltran.physics.ev import discharge, offered_price
from voltran.physics.fleet import Fleet, accepting_vehicles, vehicle_offers
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP
from voltran.physics.radio import total_power_mw

ONE_BAND = RADIO._replace(
    bandwidth_mhz=np.array([10.0]), noise_mw=np.array([1.0]), sinr_min=0.25, shannon_share=1.0, efficiency_max=100.0
)


def fleet(**given: float) -> Fleet:
    """One vehicle at one site."""
    values = {
        "arrival_s": 0.0,
        "departure_s": 3600.0,
        "reservation_price": 0.5,
        "energy_kwh": 10.0,
        "capacity_kwh": 60.0,
        **given,
    }
    return Fleet(
        **{name: np.full((1, 1, 1), value) for name, value in values.items()}, accepted=np.zeros((1, 1, 1), bool)
    )


def offered_kw(price: float, time_s: float = 0.0, **given: float) -> float:
    """Power that the vehicle offers for a minute."""
    price_of, flat = np.full((1, 1), price), np.zeros((1, 1), bool)
    return float(vehicle_offers(fleet(**given), price_of, flat, np.array([time_s]), 60.0, EV)[1][0, 0])


def test_an_owner_takes_exactly_what_it_asks() -> None:
    assert offered_kw(0.5) == 7.0
    assert offered_kw(np.nextafter(0.5, 0.0)) == 0.0


def test_a_vehicle_gives_in_the_last_step_of_which_it_stays_all() -> None:
    assert offered_kw(1.0, time_s=3540.0) == 7.0
    assert offered_kw(1.0, time_s=3541.0) == 0.0


def test_energy_limits_power_over_the_step() -> None:
    """0.05 kWh in a minute are 3 kW."""
    assert offered_kw(1.0, energy_kwh=0.05) == pytest.approx(3.0, rel=1e-12)


def test_whether_any_vehicle_can_give_power() -> None:
    accepted, offers = np.zeros(1, bool), np.ones(1, bool)
    assert not accepting_vehicles(fleet(), 0, 0, 0.4, False, 0.0, 60.0, accepted, offers, EV)
    assert not offers[0]
    assert accepting_vehicles(fleet(), 0, 0, 0.6, False, 0.0, 60.0, accepted, offers, EV)
    assert accepting_vehicles(fleet(), 0, 0, 0.4, False, 0.0, 60.0, accepted, offers, EV)  # once accepted
    assert not accepting_vehicles(fleet(), 0, 0, 0.6, False, 3600.0, 60.0, accepted, offers, EV)


def charged_kw(ordered_kw: float, soc: float = 0.9, load_kw: float = 1.0) -> float:
    """What a vehicle that has accepted no price is charged with, out of a battery that keeps 40 %."""
    zero, none = np.zeros((1, 1)), np.zeros((1, 1), bool)
    orders = EnergyOrders(np.full((1, 1), ordered_kw), none, none, zero, none)
    parked = fleet(reservation_price=9.0, energy_kwh=10.0)
    load, up = np.full((1, 1), load_kw), np.ones((1, 1), bool)
    found = energy_step(
        np.full((1, 1), soc), up, zero, load, load, parked, orders, np.zeros(1), 60.0, RESTART, BATTERY, CHARGING
    )
    return float(-found.ev_kw[0, 0])


def test_a_site_that_asks_its_vehicles_for_anything_charges_none() -> None:
    assert charged_kw(0.0) == 7.0
    assert charged_kw(0.5) == 0.0
    # What the load leaves of the battery's 10 kW, and nothing below the reserve.
    assert charged_kw(0.0, load_kw=8.0) == pytest.approx(2.0)
    assert charged_kw(0.0, soc=0.4) == 0.0


def test_a_site_that_draws_little_is_not_urgent() -> None:
    """Half a kW out of 5 kWh are ten hours."""
    assert offered_price(5.0, 0.5, True, EV) == pytest.approx(0.5 + math.exp(-10.0 / 1.5))
    assert offered_price(5.0, 1e-8, True, EV) == 0.5


def test_nothing_is_discharged_where_nothing_is_asked_for() -> None:
    energy_kwh = np.array([0.0, 1.0])
    assert discharge(energy_kwh, np.ones(2, bool), 0.0, 1.0 / 60.0, EV).tolist() == [0.0, 1.0]


def reached(distance_m: float, radius_m: float = 400.0, signal: float = 10.0) -> bool:
    """Whether one site may serve one user."""
    powers, distance = np.full((1, 1, 1), signal), np.full((1, 1), distance_m, np.float32)
    total = np.full((1, 1), signal + 1.0)
    return bool(within_threshold(powers, total, 0, 1, distance, radius_m, 0.25)[0])


def test_a_user_exactly_at_the_radius_is_within_it() -> None:
    assert reached(400.0)
    assert not reached(float(np.nextafter(np.float32(400.0), np.float32(500.0))))


def test_the_filter_lets_pass_what_lies_just_below_the_threshold_and_nothing_far_below() -> None:
    assert reached(0.0, signal=0.25)
    assert reached(0.0, signal=0.25 * 0.9995)
    assert not reached(0.0, signal=0.25 * 0.998)


def candidates(mode: int, bands: int = 1, alive: bool = True, signal: float = 10.0) -> tuple[int, float]:
    """Number of sites that can serve one user of one site, and the rate of the first."""
    powers, distance = np.full((1, 1, 1), signal), np.zeros((1, 1), np.float32)
    modes, on, up = np.array([mode]), np.array([bands]), np.array([alive])
    total = total_power_mw(powers, modes, on, up, ONE_BAND)
    count, _, rates, _ = candidate_rates(powers, total, distance, modes, on, np.array([400.0]), up, ONE_BAND)
    return int(count[0]), float(rates[0, 0]) if count[0] else 0.0


def test_who_can_serve() -> None:
    """Ten noises are log2(11) bit/s/Hz, less the loss of helping sites."""
    whole = 10.0 * math.log2(11.0)
    assert candidates(NORMAL) == pytest.approx((1, whole))
    assert candidates(ASSISTED) == pytest.approx((1, whole))
    assert candidates(HELPING) == pytest.approx((1, whole * (1.0 - ONE_BAND.helping_loss)))
    assert candidates(SLEEP)[0] == candidates(NORMAL, bands=0)[0] == candidates(NORMAL, alive=False)[0] == 0
    assert candidates(NORMAL, signal=0.25) == pytest.approx((1, 10.0 * math.log2(1.25)))
    assert candidates(NORMAL, signal=0.2499)[0] == 0


def servers(rates: list[list[float]], last: list[int], demand: float = 1.0, passes: int = 3) -> list[int]:
    """Choices of users among two sites, each of which can serve them all."""
    count = np.full(len(rates), 2, np.int16)
    sites = np.tile(np.array([0, 1], np.int16), (len(rates), 1))
    radio = ONE_BAND._replace(passes=passes, hysteresis=0.5)
    given = Candidates(count, sites, np.array(rates), np.zeros((len(rates), 2, 1)))
    found = choose_servers(given, np.array(last, np.int16), np.full(len(rates), demand), 2, radio)
    return [int(server) for server in found]


def test_a_user_stays_unless_another_is_better_by_the_hysteresis() -> None:
    assert servers([[10.0, 14.9]], [0]) == [0]
    assert servers([[10.0, 15.1]], [0]) == [1]
    assert servers([[10.0, 15.1]], [-1]) == [1]
    # Equal: the first in order.
    assert servers([[10.0, 15.0]], [0]) == [0]
    assert servers([[10.0, 10.0]], [-1]) == [0]


def test_users_spread_once_load_counts() -> None:
    """Each asks for all that a site has: in the first pass both choose site 0, later one of them goes."""
    rates = [[10.0, 9.0], [10.0, 9.0]]
    assert servers(rates, [-1, -1], demand=10.0, passes=1) == [0, 0]
    assert servers(rates, [-1, -1], demand=10.0, passes=2) == [1, 0]
    # Without much load the better rate counts.
    assert servers(rates, [-1, -1], demand=0.5, passes=2) == [0, 0]
