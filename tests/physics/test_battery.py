"""The battery against closed forms: usable energy, limits, losses."""

import numpy as np
import pytest

from tests.physics.instances import BATTERY
from voltran.physics.battery import largest_charge_kw, largest_discharge_kw, next_soc, usable_energy_kwh

MINUTE_H = 1.0 / 60.0


def test_usable_energy() -> None:
    # 20 kWh (0.8 - 0.2) 0.95
    assert usable_energy_kwh(0.8, BATTERY) == pytest.approx(11.4)
    assert usable_energy_kwh(1.0, BATTERY) == pytest.approx(15.2)
    assert usable_energy_kwh(0.2, BATTERY) == 0.0
    assert usable_energy_kwh(0.1, BATTERY) == 0.0
    assert usable_energy_kwh(np.array([[0.8, 0.2, 0.1]]), BATTERY) == pytest.approx(np.array([[11.4, 0.0, 0.0]]))


@pytest.mark.parametrize("power_kw", [0.5, 4.0, 10.0])
def test_what_is_usable_is_what_can_be_delivered(power_kw: float) -> None:
    soc, delivered_kwh = 0.8, 0.0
    while (given_kw := min(power_kw, largest_discharge_kw(soc, MINUTE_H, BATTERY))) > 0.0:
        soc = next_soc(soc, 0.0, given_kw, MINUTE_H, BATTERY)
        delivered_kwh += given_kw * MINUTE_H
    assert delivered_kwh == pytest.approx(11.4, rel=1e-12)
    assert soc == BATTERY.soc_min


def test_round_trip_returns_the_product_of_the_efficiencies() -> None:
    charged = next_soc(0.5, 5.0, 0.0, 0.5, BATTERY)
    assert charged == pytest.approx(0.5 + 0.95 * 2.5 / 20.0)
    returned_kwh = usable_energy_kwh(charged, BATTERY) - usable_energy_kwh(0.5, BATTERY)
    assert returned_kwh / 2.5 == pytest.approx(0.9025)
    assert next_soc(charged, 0.0, 2.5 * 0.9025 / 0.5, 0.5, BATTERY) == pytest.approx(0.5)


def test_limits() -> None:
    assert largest_discharge_kw(0.8, MINUTE_H, BATTERY) == 10.0
    assert largest_charge_kw(0.8, MINUTE_H, BATTERY) == 5.0
    assert largest_charge_kw(1.0, MINUTE_H, BATTERY) == 0.0
    assert largest_discharge_kw(0.2, MINUTE_H, BATTERY) == 0.0
    # The last 0.1 kWh of room takes 0.1 / 0.95 kWh at the terminals; the last 0.1 kWh above the minimum gives 0.095.
    assert largest_charge_kw(0.995, 0.5, BATTERY) == pytest.approx(0.2 / 0.95)
    assert largest_discharge_kw(0.205, 0.5, BATTERY) == pytest.approx(0.19)


def test_the_limits_lead_exactly_to_the_bounds() -> None:
    assert next_soc(0.995, largest_charge_kw(0.995, 0.5, BATTERY), 0.0, 0.5, BATTERY) == pytest.approx(1.0, abs=1e-15)
    assert next_soc(0.205, 0.0, largest_discharge_kw(0.205, 0.5, BATTERY), 0.5, BATTERY) == pytest.approx(
        0.2, abs=1e-15
    )
