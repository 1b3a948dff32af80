"""The radio kernels equal their plain NumPy references and the limits that are known in closed form."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.physics import reference
from tests.physics.instances import ALL_BANDS, RADIO, Network, network
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.association import candidate_rates, server_rates
from voltran.physics.power import SLEEP
from voltran.physics.radio import covered_users, spectral_efficiency, total_power_mw

TOLERANCE = {np.float64: 1e-12, np.float32: 1e-4}


def with_radio(case: Network, **changes: Any) -> Network:
    return replace(case, radio=case.radio._replace(**changes))


CASES = {
    "medium-0": network(0),
    "medium-1": network(1),
    "one pass": with_radio(network(2), passes=1),
    "no hysteresis": with_radio(network(3), hysteresis=0.0),
    "interference per site": with_radio(network(4), interference_per_site=True),
    "37 sites": network(5, n_sites=37, n_users=500),
    "one site": network(6, n_sites=1, n_users=50),
    "one user": network(7, n_users=1),
    "one site, user and band": network(8, n_sites=1, n_users=1, n_bands=1),
    "one band": network(9, n_users=200, n_bands=1),
    "all dead": replace(network(10, n_users=100), alive=np.zeros(19, dtype=np.bool_)),
    "all asleep": replace(network(11, n_users=100), mode=np.full(19, SLEEP)),
    "all bands off": replace(network(12, n_users=100), bands=np.zeros(19, dtype=np.int64)),
    "nobody served before": replace(network(13, n_users=200), last_server=np.full(200, -1, dtype=np.int16)),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Network:
    return CASES[request.param]


@pytest.fixture(params=[np.float64, np.float32])
def precise_case(case: Network, request: pytest.FixtureRequest) -> Network:
    return replace(case, received_mw=case.received_mw.astype(request.param))


def tolerance(case: Network) -> float:
    return TOLERANCE[case.received_mw.dtype.type]


def reference_links(case: Network) -> tuple[FloatArray, FloatArray]:
    ratios = reference.sinr(case.received_mw, case.mode, case.bands, case.alive, case.radio)
    return ratios, reference.link_rates_mbps(ratios, case.mode, case.radio)


def kernel_candidates(case: Network) -> FloatArray:
    """Candidate rates of the kernel as a table ``[site, user]``."""
    total = total_power_mw(case.received_mw, case.mode, case.bands, case.alive, case.radio)
    reach = (case.distance_m, case.mode, case.bands, case.radius_m, case.alive)
    count, sites, rates, _ = candidate_rates(case.received_mw, total, *reach, case.radio)
    table = np.zeros(case.received_mw.shape[1:])
    for user, found in enumerate(count):
        assert np.all(np.diff(sites[user, :found]) > 0)
        table[sites[user, :found], user] = rates[user, :found]
    return table


def near_threshold(ratios: FloatArray, case: Network) -> BoolArray:
    """Users ``[user]`` with a link so close to the decoding threshold that single precision may decide otherwise."""
    if case.received_mw.dtype == np.float64:
        return np.zeros(ratios.shape[2], dtype=np.bool_)
    return np.asarray((np.abs(ratios / case.radio.sinr_min - 1.0) < 1e-4).any(axis=(0, 1)))


def test_total_power_equals_reference(precise_case: Network) -> None:
    case = precise_case
    found = total_power_mw(case.received_mw, case.mode, case.bands, case.alive, case.radio)
    expected = reference.total_power_mw(case.received_mw, case.mode, case.bands, case.alive, case.radio)
    assert found.dtype == case.received_mw.dtype
    np.testing.assert_allclose(found, expected, rtol=tolerance(case))


def test_candidate_rates_equal_reference(precise_case: Network) -> None:
    case = precise_case
    ratios, links = reference_links(case)
    expected = reference.candidate_rates_mbps(links, case.distance_m, case.radius_m)
    clear = ~near_threshold(ratios, case)
    assert clear.mean() > 0.9
    np.testing.assert_allclose(kernel_candidates(case)[:, clear], expected[:, clear], rtol=tolerance(case))


def test_servers_equal_reference_on_the_same_rates(precise_case: Network) -> None:
    """Given the kernel's own rates, the choice is the reference's for every user, in either precision."""
    case = precise_case
    expected = reference.servers(kernel_candidates(case), case.last_server, case.demand_mbps, case.radio)
    assert np.array_equal(case.associate().server, expected)


def test_association_equals_reference_from_the_powers(case: Network) -> None:
    _, links = reference_links(case)
    rates = reference.candidate_rates_mbps(links, case.distance_m, case.radius_m)
    expected = reference.servers(rates, case.last_server, case.demand_mbps, case.radio)
    found = case.associate()
    assert np.array_equal(found.server, expected)
    np.testing.assert_allclose(found.rate_mbps, reference.serving_rates_mbps(links, expected), rtol=1e-12)


@pytest.mark.parametrize("name", ["all dead", "all asleep", "all bands off"])
def test_nobody_is_served_by_a_silent_network(name: str) -> None:
    found = CASES[name].associate()
    assert np.all(found.server == -1)
    assert np.all(found.rate_mbps == 0.0)


def test_served_users_lie_within_reach_of_live_sites() -> None:
    case = network(20)
    server = case.associate().server
    served = np.flatnonzero(server >= 0)
    assert served.size > 500
    assert np.all(case.alive[server[served]])
    assert np.all(case.mode[server[served]] != SLEEP)
    assert np.all(case.distance_m[server[served], served] <= case.radius_m[server[served]])


@pytest.mark.parametrize("radius_m", [100.0, 400.0, 1e4])
def test_covered_users_are_those_a_full_network_could_serve(radius_m: float) -> None:
    for case in (network(26), network(27, n_sites=1, n_users=60), network(28, n_users=300, n_bands=1)):
        n_bands, n_sites, _ = case.received_mw.shape
        full = replace(case, mode=np.zeros(n_sites, dtype=np.int64), bands=np.full(n_sites, (1 << n_bands) - 1))
        full = replace(full, alive=np.ones(n_sites, dtype=np.bool_), radius_m=np.full(n_sites, radius_m))
        _, links = reference_links(full)
        rates = reference.candidate_rates_mbps(links, full.distance_m, full.radius_m)
        found = covered_users(case.received_mw, case.distance_m, radius_m, case.radio)
        assert np.array_equal(found, (rates > 0.0).any(axis=0))
        assert np.array_equal(found, full.associate().server >= 0)


def test_a_lone_site_is_limited_by_noise_alone() -> None:
    case = replace(network(21, n_sites=1, n_users=40), mode=np.array([0]), bands=np.array([ALL_BANDS]))
    case = replace(case, alive=np.array([True]), radius_m=np.array([1e4]))
    snr = case.received_mw[:, 0] / RADIO.noise_mw[:, None]
    decodable = np.where(snr >= 10.0**-0.6, np.minimum(0.6 * np.log2(1.0 + snr), 4.4), 0.0)
    assert case.associate().rate_mbps == pytest.approx(np.array([30.0, 60.0, 60.0, 300.0])[:, None] * decodable)


def test_two_equal_sites_leave_zero_decibels() -> None:
    case = network(22, n_sites=7, n_users=30)
    case = replace(case, received_mw=np.ones_like(case.received_mw), mode=np.zeros(7, dtype=np.int64))
    case = replace(case, bands=np.full(7, ALL_BANDS), radius_m=np.full(7, 1e4), alive=np.arange(7) < 2)
    # log2(1 + 1) = 1, so each band carries 0.6 bit/s/Hz.
    assert case.associate().rate_mbps == pytest.approx(np.array([18.0, 36.0, 36.0, 180.0])[:, None] * np.ones(30))


def test_switched_off_carriers_interfere_only_where_that_is_chosen() -> None:
    case = replace(network(23), mode=np.zeros(19, dtype=np.int64), alive=np.ones(19, dtype=np.bool_))
    case = replace(case, bands=np.where(np.arange(19) == 0, ALL_BANDS, 0b0001))
    per_band, per_site = (
        total_power_mw(case.received_mw, case.mode, case.bands, case.alive, RADIO._replace(interference_per_site=x))
        for x in (False, True)
    )
    assert np.array_equal(per_band[0], per_site[0])
    np.testing.assert_allclose(per_band[1:], case.received_mw[1:, 0] + RADIO.noise_mw[1:, None], rtol=1e-12)
    assert np.all(per_site[1:] > per_band[1:])


def test_spectral_efficiency_is_truncated_shannon() -> None:
    threshold = RADIO.sinr_min
    assert spectral_efficiency(np.nextafter(threshold, 0.0), RADIO) == 0.0
    assert spectral_efficiency(threshold, RADIO) == pytest.approx(0.6 * np.log2(1.0 + 10.0**-0.6))
    assert spectral_efficiency(3.0, RADIO) == pytest.approx(1.2)
    # 0.6 log2(1 + SINR) reaches 4.4 at 2^(22/3) - 1, about 22 dB.
    saturation = 2.0 ** (22.0 / 3.0) - 1.0
    assert spectral_efficiency(0.999 * saturation, RADIO) < 4.4
    assert spectral_efficiency(1.001 * saturation, RADIO) == 4.4
    assert spectral_efficiency(np.inf, RADIO) == 4.4


@pytest.mark.parametrize(("advantage", "expected"), [(1.29, 1), (1.31, 0)])
def test_last_server_is_kept_within_the_hysteresis(advantage: float, expected: int) -> None:
    """Two sites reach one user: the last, weaker one is kept while the other is less than 30 % better."""
    case = replace(network(24, n_sites=7, n_users=1, n_bands=1), alive=np.arange(7) < 2, radius_m=np.full(7, 1e4))
    case = replace(case, mode=np.zeros(7, dtype=np.int64), bands=np.ones(7, dtype=np.int64))
    powers = np.zeros((1, 7, 1))
    powers[0, :2, 0] = power_with_advantage(advantage), 1.0
    case = replace(case, received_mw=powers, last_server=np.array([1], dtype=np.int16))
    assert case.associate().server.tolist() == [expected]


def power_with_advantage(advantage: float) -> float:
    """Power whose link against a unit power is ``advantage`` times as efficient as the reverse link."""
    return float(brentq(lambda x: np.log2(1.0 + x) / np.log2(1.0 + 1.0 / x) - advantage, 1.0, 10.0))


def test_rates_kept_with_candidates_are_those_of_the_chosen_links(precise_case: Network) -> None:
    """To the bit: who looks up what was computed gets what computing anew gives."""
    case = precise_case
    total = total_power_mw(case.received_mw, case.mode, case.bands, case.alive, case.radio)
    anew = server_rates(case.received_mw, total, case.associate().server, case.mode, case.bands, case.radio)
    np.testing.assert_array_equal(case.associate().rate_mbps, anew)
