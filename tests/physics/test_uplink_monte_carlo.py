"""The closed form of the uplink rates equals what simulated channels, pilots, estimates and combining give."""

import numpy as np

from tests.physics.reference_uplink import RADIO, Uplink, simulated, sinr, uplink
from voltran.physics.uplink import (
    UplinkGains,
    UplinkStatistics,
    combine,
    correlated_statistics,
    isotropic_statistics,
    uplink_sinr,
)

BATCHES, BLOCKS = 16, 25_000


def mean_of(parts: list[UplinkGains]) -> UplinkGains:
    return UplinkGains(*(np.mean(terms, axis=0) for terms in zip(*parts, strict=True)))


def check(case: Uplink, statistics: UplinkStatistics) -> None:
    closed = combine(statistics, case.association, RADIO.noise_mw)
    drawn = mean_of([simulated(case, RADIO, BLOCKS, seed) for seed in range(BATCHES)])
    np.testing.assert_allclose(drawn.signal, closed.signal, rtol=0.01)
    np.testing.assert_allclose(drawn.interference, closed.interference, rtol=0.01)
    np.testing.assert_allclose(drawn.noise, closed.noise, rtol=0.01)
    np.testing.assert_allclose(sinr(drawn, case.power_mw), uplink_sinr(closed, case.power_mw), rtol=0.01)


def shared_pilots(case: Uplink) -> int:
    """Pairs of UEs that contaminate each other."""
    return int(np.triu(case.pilot[:, None] == case.pilot, 1).sum())


def test_correlated_fading_with_contamination_and_several_servers() -> None:
    case = uplink(1)
    assert shared_pilots(case) == 2
    assert case.association.sum(axis=0).max() == 3
    check(case, correlated_statistics(case.correlation, case.pilot, RADIO))


def test_uncorrelated_fading_with_contamination_and_several_servers() -> None:
    case = uplink(2, isotropic=True)
    assert case.association.sum(axis=0).max() == 3
    check(case, isotropic_statistics(case.gain, case.pilot, case.correlation.shape[-1], RADIO))


def test_one_pilot_for_each_ue() -> None:
    case = uplink(3, n_ues=3)
    assert shared_pilots(case) == 0
    check(case, correlated_statistics(case.correlation, case.pilot, RADIO))
