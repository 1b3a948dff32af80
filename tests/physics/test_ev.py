"""Vehicles: price, presence, limits and order of discharge."""

import math

import numpy as np
import pytest

from tests.physics.instances import EV
from voltran.physics.ev import available_power_kw, deliverable_energy_kwh, discharge, is_present, offered_price

MINUTE_H = 1.0 / 60.0
ALL = np.ones(3, dtype=np.bool_)


def test_price_between_its_limits() -> None:
    assert offered_price(0.0, 4.0, True, EV) == pytest.approx(1.5)
    assert offered_price(1e9, 4.0, True, EV) == pytest.approx(0.5)
    # A survival estimate of tau = 1.5 h: 0.5 (1 + 2 / e).
    assert offered_price(6.0, 4.0, True, EV) == pytest.approx(0.5 + 1.0 / math.e)
    assert offered_price(0.0, 4.0, False, EV) == 0.5
    assert offered_price(5.0, 0.0, True, EV) == pytest.approx(0.5)
    falling = [offered_price(energy_kwh, 4.0, True, EV) for energy_kwh in np.linspace(0.0, 20.0, 50)]
    assert np.all(np.diff(falling) < 0.0)


@pytest.mark.parametrize(
    ("arrival_s", "departure_s", "expected"),
    [
        (0.0, 120.0, True),
        (60.0, 120.0, True),
        (60.1, 200.0, False),
        (0.0, 119.9, False),
        (-100.0, 1e9, True),
        (math.inf, math.inf, False),
    ],
)
def test_only_vehicles_that_stay_the_whole_step_count(arrival_s: float, departure_s: float, expected: bool) -> None:
    assert is_present(arrival_s, departure_s, 60.0, 60.0) is expected


def test_available_power_is_limited_by_vehicle_charger_and_energy() -> None:
    assert available_power_kw(np.array([19.2, 0.0, 0.0]), ALL, MINUTE_H, EV) == 7.0
    assert available_power_kw(np.array([19.2, 19.2, 0.0]), ALL, MINUTE_H, EV) == 7.0
    assert available_power_kw(np.array([0.02, 0.03, 0.0]), ALL, MINUTE_H, EV) == pytest.approx(3.0)
    wide = EV._replace(site_limit_kw=50.0)
    assert available_power_kw(np.array([19.2, 19.2, 0.05]), ALL, MINUTE_H, wide) == pytest.approx(17.0)
    assert available_power_kw(np.array([19.2, 19.2, 0.05]), np.array([True, False, True]), MINUTE_H, wide) == 10.0
    assert available_power_kw(np.empty(0), np.empty(0, dtype=np.bool_), MINUTE_H, EV) == 0.0


def test_earliest_departure_discharges_first() -> None:
    energy_kwh = np.array([0.02, 0.5, 0.5])
    # 6 kW for a minute is 0.1 kWh: the first gives its 0.02, the second the rest.
    assert discharge(energy_kwh, ALL, 6.0, MINUTE_H, EV) == pytest.approx([0.0, 0.42, 0.5])
    not_first = np.array([False, True, True])
    assert discharge(energy_kwh, not_first, 6.0, MINUTE_H, EV) == pytest.approx([0.02, 0.4, 0.5])
    assert energy_kwh.tolist() == [0.02, 0.5, 0.5]


def test_a_vehicle_gives_no_more_than_its_own_limit() -> None:
    wide = EV._replace(site_limit_kw=50.0)
    after = discharge(np.array([1.0, 1.0, 1.0]), ALL, 12.0, 0.1, wide)
    assert after == pytest.approx([0.3, 0.5, 1.0])


def test_deliverable_energy_is_bound_by_energy_or_stay() -> None:
    usable_kwh, arrival_s = np.full(5, 19.2), np.array([-3600.0, 0.0, 1800.0, 7200.0, math.inf])
    departure_s = np.array([1800.0, 36000.0, 5400.0, 9000.0, math.inf])
    # Half an hour of the stay lies in the outage; the energy binds; an hour; after the window; an empty slot.
    found = deliverable_energy_kwh(usable_kwh, arrival_s, departure_s, np.array(7200.0), 7.0)
    assert found == pytest.approx([3.5, 14.0, 7.0, 0.0, 0.0])
    later = deliverable_energy_kwh(usable_kwh[:2], arrival_s[:2], departure_s[:2], np.array(36000.0), 7.0)
    assert later == pytest.approx([3.5, 19.2])
