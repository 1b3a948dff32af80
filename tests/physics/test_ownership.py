"""Costs of ownership: against sums by hand, numerical integrals and root finding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from voltran.physics.ownership import (
    InfrastructureCosts,
    capital_eur,
    energy_cost_eur,
    network_cost_eur,
    payback_years,
    sharing_ratio,
    total_cost_eur,
    worth_years,
)

COSTS = InfrastructureCosts(100_000.0, 10_000.0, 3_000.0, 50_000.0)
RATES = st.floats(0.0, 0.2)


def test_costs_of_a_site_are_the_sums_by_hand() -> None:
    share = np.array([0.5, 0.25, 0.25])
    assert capital_eur(COSTS, share).tolist() == [56_500.0, 28_250.0, 28_250.0]
    price, load = np.array([0.1, 0.3]), np.array([[1.0, 0.0, 2.0], [0.0, 4.0, 2.0]])
    charge = np.array([8.0, 0.0])
    assert energy_cost_eur(price, load, charge, share) == pytest.approx([0.1 + 0.4, 1.2 + 0.2, 0.8 + 0.2])
    total = total_cost_eur(COSTS, share, np.array([1000.0, 2000.0, 3000.0]), np.array(15.0))
    assert total == pytest.approx([56_500 + 375_000 + 15_000, 28_250 + 187_500 + 30_000, 28_250 + 187_500 + 45_000])
    assert network_cost_eur(total) == pytest.approx(113_000 + 750_000 + 90_000)


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8), st.floats(0.0, 30.0), RATES, RATES)
def test_what_sites_pay_is_what_the_infrastructure_costs(
    weights: list[float], years: float, discount: float, growth: float
) -> None:
    share = np.array(weights) / np.sum(weights)
    energy = np.arange(1.0, len(share) + 1.0) * 1000.0
    paid = network_cost_eur(total_cost_eur(COSTS, share, energy, np.array(years), discount, growth))
    alone = total_cost_eur(COSTS, np.array([1.0]), energy.sum(keepdims=True), np.array(years), discount, growth)
    assert paid == pytest.approx(alone[0], rel=1e-9)


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            st.lists(st.floats(-0.1, 0.5), min_size=4, max_size=4), st.just(n), st.integers(0, 2**32 - 1)
        )
    )
)
def test_energy_is_paid_once(drawn: tuple[list[float], int, int]) -> None:
    prices, n, seed = drawn
    rng = np.random.default_rng(seed)
    load, charge, share = rng.random((4, n)), rng.random(4), rng.dirichlet(np.ones(n))
    paid = energy_cost_eur(np.array(prices), load, charge, share).sum()
    assert paid == pytest.approx(np.array(prices) @ (load.sum(axis=1) + charge), abs=1e-12)


def test_costs_over_years_broadcast() -> None:
    years = np.arange(16.0)[:, None]
    total = total_cost_eur(COSTS, np.array([1.0, 1 / 3]), np.array([9000.0, 8000.0]), years)
    assert total.shape == (16, 2)
    assert np.diff(total, axis=0) == pytest.approx(np.tile([59_000.0, 50_000 / 3 + 8000.0], (15, 1)))


@pytest.mark.parametrize(
    ("share", "ratio"),
    [([1.0, 1.0], 0.0), ([0.5, 0.5], 1.0), ([1.0, 1 / 3, 1 / 3, 1 / 3], 0.75), ([1.0 - 1e-15], 0.0)],
)
def test_the_sharing_ratio_counts_those_who_share(share: list[float], ratio: float) -> None:
    assert sharing_ratio(np.array(share)) == ratio


@given(st.floats(0.0, 40.0), RATES, RATES)
def test_spending_is_worth_its_integral(years: float, discount: float, growth: float) -> None:
    expected, _ = quad(lambda t: ((1 + growth) / (1 + discount)) ** t, 0.0, years)
    assert worth_years(np.array(years), discount, growth) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(st.floats(1.0, 1e5), st.floats(1.0, 1e5), RATES, RATES)
def test_the_payback_is_where_the_curves_cross(extra: float, saving: float, discount: float, growth: float) -> None:
    def gain(years: float) -> float:
        return saving * float(worth_years(np.array(years), discount, growth)) - extra

    found = float(payback_years(np.array(extra), np.array(saving), discount, growth))
    if np.isinf(found):
        assert gain(1e4) <= 1e-6 * extra
    elif found < 1e3:
        assert found == pytest.approx(brentq(gain, 0.0, 1e3 + 1.0), rel=1e-6, abs=1e-9)


def test_paybacks_at_the_ends() -> None:
    extra = np.array([0.0, -5.0, 10.0, 10.0, 10.0])
    saving = np.array([0.0, 1.0, 0.0, -1.0, 4.0])
    assert payback_years(extra, saving).tolist() == [0.0, 0.0, np.inf, np.inf, 2.5]
    never = payback_years(np.array(100.0), np.array(1.0), discount_rate=0.05)  # all savings are worth 20.5 years
    assert np.isinf(never)


def test_a_payback_that_discounting_just_puts_off_for_ever() -> None:
    """At 5 % all savings are worth 20.5 years: 20.4 of them come back, 20.6 and 30 never do."""
    found = payback_years(np.array([20.4, 20.6, 30.0]), np.ones(3), discount_rate=0.05)
    assert np.isfinite(found).tolist() == [True, False, False]
    assert np.isinf(found[1:]).all()


def test_years_are_worth_themselves_without_discounting() -> None:
    assert worth_years(np.array([0.0, 3.0])).tolist() == [0.0, 3.0]
