"""What holds for any uplink network: rates are finite, disturbance only hurts, power is positive and never falls."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.physics.reference_uplink import RADIO, Uplink, uplink
from voltran.envs.uplink.architecture import ARCHITECTURES, build_architecture
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.physics.arrays import FloatArray
from voltran.physics.uplink import (
    UplinkGains,
    combine,
    correlated_statistics,
    isotropic_statistics,
    uplink_rate_mbps,
    uplink_sinr,
)
from voltran.physics.uplink_control import eipc_power_mw, qopc_power_mw
from voltran.physics.uplink_power import network_power_w

networks = st.builds(
    uplink,
    seed=st.integers(0, 2**32 - 1),
    n_ubs=st.integers(1, 8),
    n_ues=st.integers(1, 9),
    antennas=st.integers(1, 5),
    isotropic=st.booleans(),
)
scales = st.floats(-12.0, 3.0).map(lambda exponent: 10.0**exponent)


def gains_of(case: Uplink, noise_mw: float = RADIO.noise_mw) -> UplinkGains:
    return combine(correlated_statistics(case.correlation, case.pilot, RADIO), case.association, noise_mw)


def rates_mbps(gains: UplinkGains, power_mw: FloatArray) -> FloatArray:
    return uplink_rate_mbps(uplink_sinr(gains, power_mw), RADIO.prelog_mhz)


@given(networks, scales, scales)
def test_rates_are_finite_and_positive_at_any_scale(case: Uplink, gain_scale: float, power_scale: float) -> None:
    terms = correlated_statistics(case.correlation * gain_scale, case.pilot, RADIO)
    rates = rates_mbps(combine(terms, case.association, RADIO.noise_mw), case.power_mw * power_scale)
    assert np.all(np.isfinite(rates))
    assert np.all(rates >= 0.0)


@given(networks, st.floats(1.0, 1e6))
def test_more_noise_in_the_data_never_helps(case: Uplink, factor: float) -> None:
    quiet, loud = gains_of(case), gains_of(case, factor * RADIO.noise_mw)
    assert np.all(rates_mbps(loud, case.power_mw) <= rates_mbps(quiet, case.power_mw) * (1.0 + 1e-12))


@given(networks, st.floats(1.0, 1e6))
def test_more_noise_in_pilots_and_data_never_helps_who_has_one_ubs(case: Uplink, factor: float) -> None:
    """With several UBSs it may: noise changes their weights, which maximum-ratio combining does not choose well."""
    alone = np.zeros_like(case.association)
    alone[0] = True

    def rates(noise_mw: float) -> FloatArray:
        radio = RADIO._replace(noise_mw=noise_mw)
        terms = isotropic_statistics(case.gain, case.pilot, case.correlation.shape[-1], radio)
        return rates_mbps(combine(terms, alone, noise_mw), case.power_mw)

    assert np.all(rates(factor * RADIO.noise_mw) <= rates(RADIO.noise_mw) * (1.0 + 1e-9))


@given(networks, st.data())
def test_more_power_helps_its_sender_and_nobody_else(case: Uplink, data: st.DataObject) -> None:
    sender = data.draw(st.integers(0, case.power_mw.size - 1))
    louder = case.power_mw.copy()
    louder[sender] *= data.draw(st.floats(1.0, 100.0))
    before, after = rates_mbps(gains_of(case), case.power_mw), rates_mbps(gains_of(case), louder)
    others = np.arange(louder.size) != sender
    assert after[sender] >= before[sender] * (1.0 - 1e-12)
    assert np.all(after[others] <= before[others] * (1.0 + 1e-12))


@given(networks, st.floats(0.0, 20.0))
def test_power_control_stays_within_the_limit(case: Uplink, target: float) -> None:
    limit_mw = RADIO.power_max_mw
    powers = (
        eipc_power_mw(case.gain, np.asarray(case.association.any(axis=1)), limit_mw),
        qopc_power_mw(gains_of(case), np.full(case.power_mw.size, target), limit_mw),
    )
    for power_mw in powers:
        assert np.all((power_mw >= 0.0) & (power_mw <= limit_mw))


@given(networks, st.sampled_from(ARCHITECTURES), st.sampled_from(["equal", "full"]), st.floats(0.0, 1e4))
def test_power_is_positive_and_never_falls_with_rates_or_awake_stations(
    case: Uplink, name: str, load_split: str, rate_mbps: float
) -> None:
    scenario = UplinkScenario.model_validate({"name": "any", "power": {"load_split": load_split}})
    architecture = build_architecture(scenario, name)  # type: ignore[arg-type]
    n_ubs, servers = architecture.n_ubs, case.association.sum(axis=0).astype(np.float64)
    rates = np.full(servers.size, rate_mbps)

    def total_w(awake: int, rates: FloatArray, power_mw: FloatArray) -> float:
        return network_power_w(architecture.power, n_ubs, awake, servers, rates, power_mw)

    least = total_w(0, 0.0 * rates, 0.0 * rates)
    asleep, awake = total_w(0, rates, case.power_mw), total_w(n_ubs, rates, case.power_mw)
    assert 0.0 < least <= asleep <= awake
