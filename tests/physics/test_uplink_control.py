"""EIPC and QoPC against closed forms, linear algebra and exhaustive sampling."""

import numpy as np
import pytest

from tests.physics.reference_uplink import RADIO, uplink
from voltran.physics.arrays import FloatArray
from voltran.physics.uplink import UplinkGains, combine, correlated_statistics, uplink_sinr
from voltran.physics.uplink_control import eipc_power_mw, qopc_power_mw

SEEDS = pytest.mark.parametrize("seed", range(5))
POWER_MAX_MW = 100.0


def gains_of(seed: int) -> UplinkGains:
    case = uplink(seed, n_ubs=4)
    return combine(correlated_statistics(case.correlation, case.pilot, RADIO), case.association, RADIO.noise_mw)


def exact_power(gains: UplinkGains, target: FloatArray) -> FloatArray:
    """Powers at which every SINR equals its target: p_k D_k - g_k sum_i p_i I_ki = g_k N_k."""
    matrix = np.diag(gains.signal) - target[:, None] * gains.interference
    return np.asarray(np.linalg.solve(matrix, target * gains.noise))


def critical_share(gains: UplinkGains, target: FloatArray) -> float:
    """By how much targets exceed what unlimited power could reach (Perron root; 1 is the limit)."""
    return float(np.abs(np.linalg.eigvals(target[:, None] / gains.signal[:, None] * gains.interference)).max())


@SEEDS
def test_eipc_equalises_what_awake_ubss_receive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gain, awake = rng.lognormal(0.0, 3.0, (6, 9)), rng.permutation(np.arange(6) < 3)
    power_mw = eipc_power_mw(gain, awake, POWER_MAX_MW)
    received = power_mw * gain[awake].sum(axis=0)
    np.testing.assert_allclose(received, received[0], rtol=1e-12)
    weakest = gain[awake].sum(axis=0).argmin()
    assert power_mw.argmax() == weakest
    assert power_mw[weakest] == POWER_MAX_MW
    assert np.all((power_mw > 0.0) & (power_mw <= POWER_MAX_MW))


def test_eipc_ignores_sleeping_ubss() -> None:
    gain = np.array([[1.0, 4.0], [1e6, 1.0]])
    assert eipc_power_mw(gain, np.array([True, False]), 8.0).tolist() == [8.0, 2.0]
    assert eipc_power_mw(gain, np.array([False, False]), 8.0).tolist() == [8.0, 8.0]
    assert eipc_power_mw(np.empty((2, 0)), np.array([True, True]), 8.0).shape == (0,)


@SEEDS
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_qopc_equals_the_linear_solution_where_targets_can_be_met(seed: int, share: float) -> None:
    gains = gains_of(seed)
    target = np.random.default_rng(seed).uniform(0.5, 1.5, gains.noise.size)
    target *= share / critical_share(gains, target)
    expected = exact_power(gains, target)
    limit_mw = 1.01 * float(expected.max())
    power_mw = qopc_power_mw(gains, target, limit_mw)
    np.testing.assert_allclose(power_mw, expected, rtol=1e-7)
    np.testing.assert_allclose(uplink_sinr(gains, power_mw), target, rtol=1e-7)


def test_qopc_needs_no_more_of_anybody_than_any_powers_that_reach_the_targets() -> None:
    gains = gains_of(1)
    target = np.full(gains.noise.size, 1.0)
    target *= 0.5 / critical_share(gains, target)
    least = qopc_power_mw(gains, target, 1e6)
    drawn = least.max() * np.random.default_rng(0).uniform(0.5, 10.0, (4000, least.size))
    enough = [power for power in drawn if np.all(uplink_sinr(gains, power) >= target)]
    assert len(enough) > 100
    assert np.all(np.array(enough) >= least * (1.0 - 1e-9))


@SEEDS
def test_qopc_at_its_limit_leaves_short_only_who_sends_at_full_power(seed: int) -> None:
    gains = gains_of(seed)
    target = np.full(gains.noise.size, 1.0)
    target *= 0.7 / critical_share(gains, target)
    limit_mw = 0.6 * float(exact_power(gains, target).max())
    power_mw = qopc_power_mw(gains, target, limit_mw)
    reached = uplink_sinr(gains, power_mw) / target
    full = power_mw == limit_mw
    assert full.any()
    assert np.all(power_mw <= limit_mw)
    np.testing.assert_allclose(reached[~full], 1.0, rtol=1e-7)
    assert np.all(reached[full] <= 1.0 + 1e-9)
    assert reached.min() < 0.999


def test_targets_beyond_any_power_end_at_the_limit() -> None:
    gains = gains_of(0)
    target = np.full(gains.noise.size, 1.0)
    target *= 3.0 / critical_share(gains, target)
    assert np.all(np.isfinite(qopc_power_mw(gains, target, POWER_MAX_MW)))
    assert np.any(qopc_power_mw(gains, target, POWER_MAX_MW) == POWER_MAX_MW)


def test_no_target_needs_no_power() -> None:
    gains = gains_of(0)
    assert np.all(qopc_power_mw(gains, np.zeros(gains.noise.size), POWER_MAX_MW) == 0.0)
