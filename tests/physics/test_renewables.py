"""Turbines follow their power curve, panels the sun and the clouds."""

import numpy as np
import pytest

from voltran.physics.renewables import solar_power_share, wind_power_share

SPEED = np.array([3.0, 12.0, 25.0])
SHARE = np.array([0.0, 1.0, 1.0])


def test_a_turbine_stands_below_and_above_its_curve_and_follows_it_between() -> None:
    found = wind_power_share(np.array([0.0, 2.9, 3.0, 7.5, 12.0, 20.0, 25.0, 25.1]), SPEED, SHARE)
    assert found == pytest.approx([0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 0.0])


def test_any_shape_of_speeds() -> None:
    speed = np.linspace(0.0, 30.0, 12).reshape(3, 4)
    assert np.array_equal(wind_power_share(speed, SPEED, SHARE).ravel(), wind_power_share(speed.ravel(), SPEED, SHARE))


def test_panels_follow_the_table_between_its_hours_and_around_midnight() -> None:
    table = np.zeros(24)
    table[12], table[23], table[0] = 0.8, 0.2, 0.4
    hours = np.array([12.0, 12.5, 36.0, 23.5, 24.0, -0.5])
    assert solar_power_share(hours, table, np.array(1.0)) == pytest.approx([0.8, 0.4, 0.8, 0.3, 0.4, 0.3])


def test_clouds_take_their_share() -> None:
    sun = np.full(4, 0.5)
    assert solar_power_share(np.array([1.0, 7.0]), sun, np.array([0.2, 1.0])) == pytest.approx([0.1, 0.5])
