"""The uplink's channel statistics, rates, distances and pilots equal references and limits known in closed form."""

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad

from tests.physics import reference_uplink as reference
from tests.physics.reference_uplink import RADIO, uplink
from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.uplink import (
    UplinkGains,
    UplinkStatistics,
    assign_pilots,
    combine,
    combine_for,
    correlated_statistics,
    isotropic_statistics,
    large_scale_gain,
    scattering_correlation,
    sinr_for_rate,
    uplink_rate_mbps,
    uplink_sinr,
    wrapped_offsets_m,
)

SEEDS = pytest.mark.parametrize("seed", range(5))


def assert_same(found: UplinkStatistics | UplinkGains, expected: UplinkStatistics | UplinkGains) -> None:
    for name, value in expected._asdict().items():
        scale = np.abs(value).max()
        np.testing.assert_allclose(getattr(found, name), value, rtol=1e-10, atol=1e-12 * scale, err_msg=name)


@SEEDS
def test_statistics_equal_their_definition(seed: int) -> None:
    case = uplink(seed, n_ubs=4, n_ues=7, antennas=4)
    assert_same(correlated_statistics(case.correlation, case.pilot, RADIO), reference.statistics(case, RADIO))


@SEEDS
@pytest.mark.parametrize("antennas", [1, 5])
def test_isotropic_fading_is_the_special_case_of_correlated_fading(seed: int, antennas: int) -> None:
    case = uplink(seed, n_ubs=4, n_ues=7, antennas=antennas, isotropic=True)
    isotropic = isotropic_statistics(case.gain, case.pilot, antennas, RADIO)
    assert_same(isotropic, correlated_statistics(case.correlation, case.pilot, RADIO))
    assert_same(isotropic, reference.statistics(case, RADIO))


@SEEDS
def test_combining_equals_reference(seed: int) -> None:
    case = uplink(seed, n_ubs=6, n_ues=9)
    terms = correlated_statistics(case.correlation, case.pilot, RADIO)
    gains = combine(terms, case.association, RADIO.noise_mw)
    assert_same(gains, reference.combined(terms, case.association, RADIO.noise_mw))
    np.testing.assert_allclose(
        uplink_sinr(gains, case.power_mw), reference.sinr(gains, case.power_mw), rtol=1e-12, atol=0.0
    )


@SEEDS
def test_combining_one_ue_anew_leaves_the_others(seed: int) -> None:
    case = uplink(seed, n_ubs=6, n_ues=9)
    terms = correlated_statistics(case.correlation, case.pilot, RADIO)
    gains = combine(terms, case.association, RADIO.noise_mw)
    association = case.association.copy()
    association[:, 4] = ~association[:, 4]
    combine_for(terms, association, RADIO.noise_mw, 4, gains)
    assert_same(gains, reference.combined(terms, association, RADIO.noise_mw))


def test_one_ubs_and_one_ue_in_closed_form() -> None:
    beta, power_mw, antennas = 0.7, 1.5, 4
    terms = isotropic_statistics(np.array([[beta]]), np.array([0]), antennas, RADIO)
    gains = combine(terms, np.array([[True]]), RADIO.noise_mw)
    energy_mw = RADIO.pilot_symbols * RADIO.pilot_power_mw
    estimated = energy_mw * beta**2 / (energy_mw * beta + RADIO.noise_mw)
    expected = power_mw * antennas * estimated / (power_mw * beta + RADIO.noise_mw)
    np.testing.assert_allclose(uplink_sinr(gains, np.array([power_mw])), [expected], rtol=1e-12)


def test_contamination_does_not_vanish_with_more_antennas() -> None:
    """With one pilot for both, the SINR tends to p1 b1^2 / (p2 b2^2); with two pilots it grows without limit."""
    gain, power_mw = np.array([[1.0, 0.5]]), np.array([1.0, 1.0])

    def first_sinr(pilot: list[int], antennas: int) -> float:
        terms = isotropic_statistics(gain, np.array(pilot), antennas, RADIO)
        return float(uplink_sinr(combine(terms, np.ones((1, 2), dtype=np.bool_), RADIO.noise_mw), power_mw)[0])

    assert first_sinr([0, 0], 10**7) == pytest.approx(4.0, rel=1e-4)
    assert first_sinr([0, 1], 10**7) > 1e6


def test_a_ue_that_nobody_serves_has_no_rate_and_changes_nothing_for_others() -> None:
    case = uplink(0)
    terms = correlated_statistics(case.correlation, case.pilot, RADIO)
    association = case.association.copy()
    association[:, 2] = False
    before = uplink_sinr(combine(terms, case.association, RADIO.noise_mw), case.power_mw)
    after = uplink_sinr(combine(terms, association, RADIO.noise_mw), case.power_mw)
    assert after[2] == 0.0
    others = np.arange(5) != 2
    assert np.array_equal(after[others], before[others])
    assert np.all(before > 0.0)


def test_no_ues_are_a_network_like_any_other() -> None:
    terms = isotropic_statistics(np.empty((4, 0)), np.empty(0, dtype=np.int64), 3, RADIO)
    gains = combine(terms, np.empty((4, 0), dtype=np.bool_), RADIO.noise_mw)
    assert uplink_sinr(gains, np.empty(0)).shape == (0,)


def test_rate_in_closed_form() -> None:
    assert RADIO.prelog_mhz == pytest.approx(20.0 * 47 / 50)
    np.testing.assert_allclose(uplink_rate_mbps(np.array([0.0, 1.0, 7.0]), 18.8), [0.0, 18.8, 56.4], rtol=1e-12)


def test_sinr_for_rate_inverts_the_rate() -> None:
    rate_mbps = np.array([0.0, 1e-3, 20.0, 300.0])
    there = uplink_rate_mbps(sinr_for_rate(rate_mbps, 19.0), 19.0)
    np.testing.assert_allclose(there, rate_mbps, rtol=1e-12, atol=1e-12)


def test_distances_are_the_least_over_all_copies_of_the_square() -> None:
    rng = np.random.default_rng(0)
    ubs_m, ue_m = rng.random((30, 2)) * 500.0, rng.random((40, 2)) * 500.0
    copies = np.array(list(product((-500.0, 0.0, 500.0), repeat=2)))
    every = ue_m[None, :, None, :] + copies - ubs_m[:, None, None, :]
    offsets_m = wrapped_offsets_m(ubs_m, ue_m, 500.0)
    length = np.linalg.norm(offsets_m, axis=-1)
    np.testing.assert_allclose(length, np.linalg.norm(every, axis=-1).min(axis=-1), rtol=1e-12)
    # and they point at a copy of the UE
    miss = (offsets_m + ubs_m[:, None] - ue_m) / 500.0
    np.testing.assert_allclose(miss, np.round(miss), atol=1e-12)


def test_large_scale_gain_in_decibels() -> None:
    offsets_m = np.array([[[30.0, 40.0], [0.0, 0.0]]])
    gain = large_scale_gain(offsets_m, 10.0, np.array([[0.0, 3.0]]))
    distance_m = np.sqrt(2600.0)
    expected_db = np.array([[-30.5 - 36.7 * np.log10(distance_m), -30.5 - 36.7 + 3.0]])
    np.testing.assert_allclose(10.0 * np.log10(gain), expected_db, rtol=1e-12)


def test_scattering_is_a_covariance_with_the_right_gain() -> None:
    rng = np.random.default_rng(0)
    gain, angle = rng.uniform(0.1, 3.0, (4, 6)), rng.uniform(-np.pi, np.pi, (4, 6))
    correlation = scattering_correlation(gain, angle, np.deg2rad(15.0), 5)
    np.testing.assert_allclose(correlation, correlation.conj().swapaxes(-1, -2), atol=1e-15)
    np.testing.assert_allclose(np.einsum("mkxx->mk", correlation), 5 * gain, rtol=1e-12)
    assert np.linalg.eigvalsh(correlation).min() > -1e-12


@pytest.mark.parametrize(("spread_deg", "tolerance"), [(1.0, 1e-3), (3.0, 7e-3), (5.0, 0.02)])
@pytest.mark.parametrize("angle_deg", [0.0, 20.0, -35.0])
def test_scattering_integrates_the_arriving_power_over_angles(
    spread_deg: float, tolerance: float, angle_deg: float
) -> None:
    """Covariance of half-wavelength elements under a Gaussian density of arrival angles, integrated numerically."""
    spread, angle = np.deg2rad(spread_deg), np.deg2rad(angle_deg)

    def entry(apart: int) -> complex:
        def part(turn: float, of: float) -> float:
            weight = np.exp(-0.5 * (turn / spread) ** 2) / (np.sqrt(2.0 * np.pi) * spread)
            return float(np.cos(np.pi * apart * np.sin(angle + turn) - of) * weight)

        limits = (-8.0 * spread, 8.0 * spread)
        return complex(*(quad(part, *limits, args=(of,))[0] for of in (0.0, np.pi / 2.0)))

    found = scattering_correlation(np.array([[1.0]]), np.array([[angle]]), float(spread), 4)[0, 0]
    expected = np.array([[entry(row - column) for column in range(4)] for row in range(4)])
    assert np.abs(found - expected).max() < tolerance


def test_no_spread_leaves_one_direction_and_large_spread_none() -> None:
    gain, angle = np.array([[2.0]]), np.array([[0.3]])
    assert np.linalg.matrix_rank(scattering_correlation(gain, angle, 0.0, 5)[0, 0], tol=1e-9) == 1
    np.testing.assert_allclose(scattering_correlation(gain, angle, 50.0, 5)[0, 0], 2.0 * np.eye(5), atol=1e-12)


def heard_by_master(gain: FloatArray, pilot: IntArray, ue: int, n_pilots: int) -> list[float]:
    """Gain of earlier UEs on each pilot at the UE's strongest UBS."""
    master = max(range(gain.shape[0]), key=lambda ubs: float(gain[ubs, ue]))
    return [sum(float(gain[master, other]) for other in range(ue) if pilot[other] == p) for p in range(n_pilots)]


@SEEDS
def test_pilots_are_exclusive_while_they_last_and_then_least_disturbed(seed: int) -> None:
    gain = np.random.default_rng(seed).lognormal(0.0, 3.0, (6, 17))
    pilot = assign_pilots(gain, 5)
    assert sorted(pilot[:5]) == list(range(5))
    for ue in range(5, 17):
        heard = heard_by_master(gain, pilot, ue, 5)
        assert heard[pilot[ue]] == min(heard)


def test_few_ues_use_few_pilots() -> None:
    assert assign_pilots(np.ones((2, 3)), 10).tolist() == [0, 1, 2]
    assert assign_pilots(np.ones((2, 0)), 10).tolist() == []
