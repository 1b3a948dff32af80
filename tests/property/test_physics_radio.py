"""What holds for the radio of any network: order does not matter, interference only hurts, efficiency is monotone."""

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.physics.instances import RADIO, Network, network
from voltran.physics.arrays import FloatArray
from voltran.physics.association import candidate_rates
from voltran.physics.power import SLEEP
from voltran.physics.radio import spectral_efficiency, total_power_mw

networks = st.builds(
    network,
    seed=st.integers(0, 2**32 - 1),
    n_sites=st.sampled_from([1, 7, 19]),
    n_users=st.integers(1, 60),
    n_bands=st.integers(1, 4),
)
ratios = st.floats(0.0, 1e9)


def rates_everywhere(case: Network) -> FloatArray:
    """Rates ``[user, site]`` over all bands of every sending site, however far; zero where nothing is decoded."""
    radius_m = np.full(case.mode.size, np.inf)
    total = total_power_mw(case.received_mw, case.mode, case.bands, case.alive, case.radio)
    reach = (case.distance_m, case.mode, case.bands, radius_m, case.alive)
    count, sites, rates, _ = candidate_rates(case.received_mw, total, *reach, case.radio)
    table = np.zeros(rates.shape)
    for user, found in enumerate(count):
        table[user, sites[user, :found]] = rates[user, :found]
    return table


@given(networks, st.data())
def test_waking_a_site_never_raises_the_rate_of_another(case: Network, data: st.DataObject) -> None:
    new = data.draw(st.integers(0, case.mode.size - 1))
    before, after = case.alive.copy(), case.alive.copy()
    before[new], after[new] = False, True
    quiet, loud = (rates_everywhere(replace(case, alive=alive)) for alive in (before, after))
    others = np.arange(case.mode.size) != new
    assert np.all(loud[:, others] <= quiet[:, others] * (1.0 + 1e-12))
    assert np.all(quiet[:, new] == 0.0)


@given(networks)
def test_interference_of_switched_off_carriers_only_hurts(case: Network) -> None:
    printed = replace(case, radio=case.radio._replace(interference_per_site=True))
    assert np.all(rates_everywhere(printed) <= rates_everywhere(case) * (1.0 + 1e-12))


@given(networks)
def test_rates_are_capped_by_efficiency_and_spectrum(case: Network) -> None:
    association = case.associate()
    assert np.all(association.rate_mbps <= 4.4 * case.radio.bandwidth_mhz[:, None])
    served = association.server >= 0
    assert np.array_equal(association.rate_mbps.sum(axis=0) > 0.0, served)
    off = (case.bands[association.server[served]] >> np.arange(case.power.static_w.size)[:, None]) & 1 == 0
    assert np.all(association.rate_mbps[:, served][off] == 0.0)


@given(networks)
def test_a_user_is_left_alone_only_when_no_site_reaches_it(case: Network) -> None:
    rates = rates_everywhere(case)
    reached = (rates > 0.0) & (case.distance_m <= case.radius_m[:, None]).T
    assert not np.any(reached[:, ~case.alive | (case.mode == SLEEP)])
    assert np.array_equal(case.associate().server >= 0, reached.any(axis=1))


@given(networks)
def test_permuted_sites_give_the_permuted_association(case: Network) -> None:
    order = np.random.default_rng(1).permutation(case.mode.size)
    found, swapped = case.associate(), case.with_sites(order).associate()
    expected = np.append(np.argsort(order), -1)[found.server]
    assert np.array_equal(swapped.server, expected)
    np.testing.assert_allclose(swapped.rate_mbps, found.rate_mbps, rtol=1e-11)


@given(networks)
def test_permuted_users_give_the_permuted_association_in_the_first_pass(case: Network) -> None:
    """Later passes let users move one after the other, so their order matters there by design."""
    case = replace(case, radio=case.radio._replace(passes=1))
    order = np.random.default_rng(2).permutation(case.demand_mbps.size)
    found, swapped = case.associate(), case.with_users(order).associate()
    assert np.array_equal(swapped.server, found.server[order])
    assert np.array_equal(swapped.rate_mbps, found.rate_mbps[:, order])


@given(networks)
def test_single_precision_gives_the_rates_to_a_ten_thousandth(case: Network) -> None:
    exact, rough = (rates_everywhere(replace(case, received_mw=case.received_mw.astype(kind))) for kind in "df")
    # A link at the decoding threshold may fall to either side.
    assume(np.array_equal(exact > 0.0, rough > 0.0))
    np.testing.assert_allclose(rough, exact, rtol=1e-4)


@given(ratios, ratios)
@settings(max_examples=300)
def test_spectral_efficiency_is_monotone_capped_and_zero_below_the_threshold(first: float, second: float) -> None:
    low, high = (spectral_efficiency(ratio, RADIO) for ratio in sorted((first, second)))
    assert 0.0 <= low <= high <= RADIO.efficiency_max
    assert (low > 0.0) == (min(first, second) >= RADIO.sinr_min)
    assert high <= 0.6 * np.log2(1.0 + max(first, second)) + 1e-12
