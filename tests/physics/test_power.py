"""Site power against its plain NumPy reference and the figures of a whole site."""

import numpy as np
import pytest

from tests.physics import reference
from tests.physics.instances import ALL_BANDS, LOW_BANDS, POWER, network
from voltran.physics.power import (
    ASSISTED,
    HELPING,
    NORMAL,
    SLEEP,
    MassiveMimoPower,
    load_coefficients_w,
    massive_mimo_power_kw,
    site_power_kw,
    utilisation_power_kw,
)

IDLE, FULL = np.zeros(4), np.ones(4)


def test_equals_reference_on_scheduled_loads() -> None:
    for case in (network(0), network(1), network(9, n_bands=1)):
        load = case.schedule(case.associate())
        found = [
            site_power_kw(int(mode), int(bands), use, traffic, case.power)
            for mode, bands, use, traffic in zip(
                case.mode, case.bands, load.resource_use, load.traffic_mbps, strict=True
            )
        ]
        expected = reference.site_power_kw(case.mode, case.bands, load.resource_use, load.traffic_mbps, case.power)
        assert found == pytest.approx(expected, rel=1e-12)


def test_idle_full_and_sleeping_site() -> None:
    assert site_power_kw(NORMAL, ALL_BANDS, IDLE, IDLE, POWER) == pytest.approx(2.37, abs=0.01)
    assert site_power_kw(NORMAL, ALL_BANDS, FULL, IDLE, POWER) == pytest.approx(8.0, abs=0.01)
    # The capacities of the bands, 770 Mbit/s in all, draw 0.18 kW more: still below the battery's 10 kW.
    capacity_mbps = np.array([50.0, 100.0, 120.0, 500.0])
    assert site_power_kw(HELPING, ALL_BANDS, FULL, capacity_mbps, POWER) == pytest.approx(8.004 + 0.181)
    assert site_power_kw(SLEEP, 0, IDLE, IDLE, POWER) == 0.1


def test_sleep_draws_the_same_whatever_the_bands_say() -> None:
    assert site_power_kw(SLEEP, ALL_BANDS, FULL, FULL, POWER) == 0.1


def test_bands_that_are_off_draw_standby_power() -> None:
    # Idle 800 and 1800 MHz in three sectors, the others on standby: 3 (124 + 142 + 14 + 38) W.
    assert site_power_kw(ASSISTED, LOW_BANDS, IDLE, IDLE, POWER) == pytest.approx(0.954)
    assert site_power_kw(NORMAL, 0, IDLE, IDLE, POWER) == pytest.approx(3.0 * 0.078)


def test_traffic_is_counted_once_and_resource_use_per_sector() -> None:
    nr_only = np.array([0.0, 0.0, 0.0, 1.0])
    idle_kw = site_power_kw(NORMAL, ALL_BANDS, IDLE, IDLE, POWER)
    assert site_power_kw(NORMAL, ALL_BANDS, IDLE, 100.0 * nr_only, POWER) - idle_kw == pytest.approx(0.020)
    assert site_power_kw(NORMAL, ALL_BANDS, 0.5 * nr_only, IDLE, POWER) - idle_kw == pytest.approx(1.350)


def test_massive_mimo_sites_sleep_at_night_and_draw_all_they_can_at_full_load() -> None:
    parameters = MassiveMimoPower(
        idle_kw=np.array([0.4, 0.3]),
        dynamic_kw=np.array([0.5, 0.6]),
        base_kw=np.array([0.5, 0.2]),
        sleep_share=0.5,
        awake_load=0.2,
    )
    cells, cooling = np.array([3.0, 6.0]), np.array([0.1, 0.0])
    asleep = massive_mimo_power_kw(np.zeros(2), cells, cooling, parameters)
    assert asleep == pytest.approx([3 * 0.2 * 1.1 + 0.5, 6 * 0.15 + 0.2])
    full = massive_mimo_power_kw(np.ones(2), cells, cooling, parameters)
    assert full == pytest.approx([3 * 0.9 * 1.1 + 0.5, 6 * 0.9 + 0.2])
    part = massive_mimo_power_kw(np.full(2, 0.5), cells, cooling, parameters)
    assert (part > (asleep + full) / 2).all()  # concave in the load


def test_seven_coefficients_make_three() -> None:
    """At 40 W of transmit power, 2 dB of feeder and a quarter as much uplink."""
    beta = np.array([100.0, 10.0, 8.0, 0.5, 0.4, 2.0, 3.0])
    found = load_coefficients_w(beta, np.array(40.0), np.array(2.0), 0.25)
    assert found == pytest.approx([100.0 + 80.0 + 6.0, 12.0, 0.6])
    of_two = load_coefficients_w(np.stack([beta, 2.0 * beta]), np.full(2, 40.0), np.full(2, 2.0), 0.25)
    np.testing.assert_allclose(of_two, [found, 2.0 * found])


def test_modes_have_the_codes_that_files_and_actions_use() -> None:
    assert [NORMAL, HELPING, ASSISTED, SLEEP] == [0, 1, 2, 3]


def test_power_between_the_fixed_share_and_full_use() -> None:
    found = utilisation_power_kw(np.array(2.0), np.array([0.0, 0.5, 1.0]), np.array(0.4))
    assert found == pytest.approx([0.8, 0.8 + 0.6 * 0.5 * 2.0, 2.0])
