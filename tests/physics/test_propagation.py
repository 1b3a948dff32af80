"""Path loss, line of sight and coverage radii against values worked out from TR 38.901's tables."""

import math

import numpy as np
import pytest

from tests.physics.instances import (
    FREQUENCY_GHZ,
    NOISE_FIGURE_DB,
    SECTOR_BANDWIDTH_MHZ,
    SITE_HEIGHT_M,
    THRESHOLD_DB,
    TRANSMIT_AND_GAIN_DBM,
    USER_HEIGHT_M,
)
from voltran.physics.propagation import (
    building_loss_db,
    line_of_sight_probability,
    noise_limited_radius_m,
    path_loss_db,
    received_power_mw,
    shadowing_deviation_db,
)
from voltran.physics.radio import noise_mw
from voltran.physics.units import db_to_linear, linear_to_db

IN_SIGHT, BLOCKED = np.array([True]), np.array([False])


def loss_db(distance_m: float, frequency_ghz: float, sight: np.ndarray) -> float:
    return float(path_loss_db(np.array([distance_m]), frequency_ghz, sight, SITE_HEIGHT_M, USER_HEIGHT_M)[0])


# By hand, with 23.5 m between the antennas and the breakpoint at 4 * 24 * 0.5 * f / c = 160 m per GHz.
@pytest.mark.parametrize(
    ("distance_m", "frequency_ghz", "in_sight_db", "blocked_db"),
    [
        (100.0, 0.8, 70.318596, 90.217962),
        (500.0, 0.8, 95.980411, 117.096273),
        (100.0, 3.7, 83.620830, 103.520198),
        (1000.0, 3.7, 109.460885, 142.148720),
    ],
)
def test_path_loss_spot_values(distance_m: float, frequency_ghz: float, in_sight_db: float, blocked_db: float) -> None:
    assert loss_db(distance_m, frequency_ghz, IN_SIGHT) == pytest.approx(in_sight_db, abs=1e-5)
    assert loss_db(distance_m, frequency_ghz, BLOCKED) == pytest.approx(blocked_db, abs=1e-5)


@pytest.mark.parametrize("frequency_ghz", FREQUENCY_GHZ)
def test_path_loss_is_continuous_at_the_breakpoint_and_steeper_beyond(frequency_ghz: float) -> None:
    breakpoint_m = 160.0 * frequency_ghz
    before, after = (loss_db(breakpoint_m + step, frequency_ghz, IN_SIGHT) for step in (-1e-6, 1e-6))
    assert before == pytest.approx(after, abs=1e-6)
    slant = [math.hypot(x * breakpoint_m, 23.5) for x in (0.5, 0.9, 1.1, 2.0)]
    loss = [loss_db(x * breakpoint_m, frequency_ghz, IN_SIGHT) for x in (0.5, 0.9, 1.1, 2.0)]
    assert (loss[1] - loss[0]) / math.log10(slant[1] / slant[0]) == pytest.approx(22.0)
    assert (loss[3] - loss[2]) / math.log10(slant[3] / slant[2]) == pytest.approx(40.0)


def test_path_loss_rises_with_distance_and_blocking_and_stops_at_ten_metres() -> None:
    distance_m = np.linspace(10.0, 5000.0, 2000)
    for frequency_ghz in FREQUENCY_GHZ:
        sight, blocked = (
            path_loss_db(distance_m, frequency_ghz, np.full(2000, state), SITE_HEIGHT_M, USER_HEIGHT_M)
            for state in (True, False)
        )
        assert np.all(np.diff(sight) > 0.0)
        assert np.all(np.diff(blocked) > 0.0)
        assert np.all(blocked >= sight)
        assert loss_db(0.0, frequency_ghz, IN_SIGHT) == sight[0]


def test_line_of_sight_probability() -> None:
    probability = line_of_sight_probability(np.array([0.0, 18.0, 18.0 + 1e-9, 63.0, 1e5]))
    assert probability[:2].tolist() == [1.0, 1.0]
    assert probability[2] == pytest.approx(1.0, abs=1e-9)
    # 18/63 + exp(-1) (1 - 18/63)
    assert probability[3] == pytest.approx(0.548485, abs=1e-6)
    assert probability[4] == pytest.approx(18.0 / 1e5, rel=1e-6)
    assert np.all(np.diff(line_of_sight_probability(np.linspace(0.0, 3000.0, 5000))) <= 0.0)


def test_received_power_is_what_losses_leave() -> None:
    """Two bands, two sites, three users, one of them nearer than the model's limit."""
    distance_m = np.array([[5.0, 300.0, 900.0], [700.0, 250.0, 40.0]])
    sight = np.array([[True, False, True], [False, True, False]])
    normal = np.array([[0.0, 1.0, -2.0], [0.5, -1.0, 0.0]])
    building_db, transmit_dbm = np.array([[0.0, 12.0, 5.0], [1.0, 20.0, 0.0]]), np.array([60.0, 70.0])
    frequencies_ghz = np.array([0.8, 3.7])
    found = received_power_mw(
        distance_m, sight, normal, building_db, transmit_dbm, frequencies_ghz, SITE_HEIGHT_M, USER_HEIGHT_M
    )
    for band, frequency_ghz in enumerate(frequencies_ghz):
        lost_db = path_loss_db(distance_m, frequency_ghz, sight, SITE_HEIGHT_M, USER_HEIGHT_M)
        lost_db = lost_db + building_db[band] + normal * np.where(sight, 4.0, 6.0)
        np.testing.assert_allclose(found[band], db_to_linear(transmit_dbm[band] - lost_db), rtol=1e-12)


def radius_m(power_dbm: float) -> float:
    return noise_limited_radius_m(power_dbm, -94.0, THRESHOLD_DB, 10.0, 0.8, SITE_HEIGHT_M, USER_HEIGHT_M)


def test_noise_limited_radii_stay_within_their_limits() -> None:
    assert radius_m(-80.0) == 10.0
    assert radius_m(500.0) == 1e6
    assert 10.0 < radius_m(0.0) < radius_m(10.0) < 1e6


def test_shadowing_deviation() -> None:
    assert shadowing_deviation_db(np.array([True, False])).tolist() == [4.0, 6.0]


@pytest.mark.parametrize(("frequency_ghz", "wall_db"), [(0.8, 10.400), (1.8, 11.647), (2.6, 12.256), (3.7, 12.774)])
def test_building_loss(frequency_ghz: float, wall_db: float) -> None:
    loss = building_loss_db(frequency_ghz, np.array([0.0, 10.0, 10.0]), np.array([0.0, 0.0, -4.4]))
    assert loss == pytest.approx([wall_db, wall_db + 5.0, wall_db + 0.6], abs=1e-3)


@pytest.mark.parametrize(("band", "radius_m"), list(enumerate([2274.0, 1168.0, 934.0, 1016.0])))
def test_noise_limited_radii(band: int, radius_m: float) -> None:
    """The margin is a low-loss wall, 6.25 m inside the building, and the 90 % quantile of 6 dB shadowing (7.7 dB)."""
    frequency_ghz = float(FREQUENCY_GHZ[band])
    indoors_db = float(building_loss_db(frequency_ghz, np.array([6.25]), np.zeros(1))[0])
    noise_dbm = float(linear_to_db(noise_mw(SECTOR_BANDWIDTH_MHZ, NOISE_FIGURE_DB))[band])
    margin_db = indoors_db + 1.2816 * 6.0
    found_m = noise_limited_radius_m(
        TRANSMIT_AND_GAIN_DBM[band], noise_dbm, THRESHOLD_DB, margin_db, frequency_ghz, SITE_HEIGHT_M, USER_HEIGHT_M
    )
    assert found_m == pytest.approx(radius_m, rel=0.002)
    snr_db = TRANSMIT_AND_GAIN_DBM[band] - loss_db(found_m, frequency_ghz, BLOCKED) - margin_db - noise_dbm
    assert snr_db == pytest.approx(THRESHOLD_DB, abs=1e-9)


def test_thermal_noise_and_decibels() -> None:
    # -174 dBm/Hz over 20 MHz with 7 dB: -174 + 73.0103 + 7
    assert linear_to_db(noise_mw(np.array([20.0]), 7.0)) == pytest.approx([-93.9897], abs=1e-4)
    assert db_to_linear([0.0, 10.0, -30.0]) == pytest.approx([1.0, 10.0, 1e-3])
    assert linear_to_db(db_to_linear(np.linspace(-100.0, 50.0, 31))) == pytest.approx(np.linspace(-100.0, 50.0, 31))
