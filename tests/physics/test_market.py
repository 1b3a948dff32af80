"""The market's formulas: closed forms, examples worked by hand, and a clearing written down another way."""

from itertools import permutations

import numpy as np
import pytest

from voltran.physics.arrays import FloatArray
from voltran.physics.market import (
    Contracts,
    Offers,
    clear_market,
    cost_factor,
    generation_cost,
    payments,
    satisfaction,
)
from voltran.physics.power import utilisation_power_kw


def contracts(home: list[int], n_retailers: int, access: object = True) -> Contracts:
    subscriber = np.array(home)[:, None] == np.arange(n_retailers)
    return Contracts(
        subscriber, np.broadcast_to(np.array(access), subscriber.shape).copy(), cost_factor(subscriber, 0.4)
    )


def cleared(
    requested: list[float],
    price: list[float],
    available: list[float],
    terms: Contracts,
    accepted: float = 9.0,
    reserved: list[float] | None = None,
) -> FloatArray:
    """Sales ``[M, I]`` of one world."""
    offers = Offers(np.array([price]), np.array([available]), np.array([reserved or [0.0] * len(price)]))
    sold: FloatArray = clear_market(np.array([requested]), np.full((1, len(requested)), accepted), offers, terms)
    return np.asarray(sold[0])


def from_below(requested: FloatArray, accepted: FloatArray, offers: Offers, terms: Contracts) -> FloatArray:
    """The same rule by another road: everybody starts with nothing and shares rise to where they settle."""
    paid = terms.factor * offers.price[0]
    order = np.argsort(paid, axis=1, kind="stable")
    willing = terms.access & (paid <= accepted[0][:, None])
    group = np.where(terms.subscriber, 0, 1)
    columns = np.arange(paid.shape[1])
    share = np.zeros((2, paid.shape[1]))
    for _ in range(5000):
        of_pair = np.where(willing, share[group, columns], 0.0)
        in_order = np.take_along_axis(of_pair, order, axis=1)
        left = np.cumprod(np.concatenate([np.ones((len(paid), 1)), 1.0 - in_order], axis=1), axis=1)[:, :-1]
        asked = np.zeros_like(paid)
        np.put_along_axis(asked, order, requested[0][:, None] * left, axis=1)
        asked *= willing
        wanted = np.stack([(asked * (group == kind)).sum(axis=0) for kind in (0, 1)])
        first = np.minimum(wanted[0], offers.available_kw[0])
        rest = np.minimum(offers.available_kw[0] - first, (1.0 - offers.reserved[0]) * offers.available_kw[0])
        limit = np.stack([offers.available_kw[0], rest])
        share = np.where(wanted > limit, limit / np.where(wanted > 0.0, wanted, 1.0), 1.0)
    return np.asarray(share[group, columns] * asked)


def test_what_power_costs_and_is_worth() -> None:
    assert cost_factor(np.array([True, False]), 0.4).tolist() == [1.0, 1.6]
    assert generation_cost(np.array([3.0]), np.array([0.06]), quadratic=False)[0] == pytest.approx(0.18)
    assert generation_cost(np.array([3.0]), np.array([0.06]), quadratic=True)[0] == pytest.approx(0.54)
    assert satisfaction(np.array([np.e - 1.0]), 1.7045, 1.0)[0] == pytest.approx(1.7045)
    assert satisfaction(np.array([0.0]), 1.7045, 0.5)[0] == 0.0
    assert payments(np.array([[2.0]]), np.array([0.1]), np.array([[1.6]]))[0, 0] == pytest.approx(0.32)


def test_power_follows_utilisation_as_in_the_paper() -> None:
    fixed = np.array([0.1446, 1.35])
    assert utilisation_power_kw(fixed, np.array(0.5), np.array(0.3)) == pytest.approx([0.09399, 0.8775])
    assert utilisation_power_kw(fixed, np.array(0.1), np.array(0.1)) == pytest.approx([0.027474, 0.2565])
    assert utilisation_power_kw(fixed, np.array(1.0), np.array(0.7)) == pytest.approx(fixed)


def test_subscribers_come_first_and_others_share_the_rest_in_proportion() -> None:
    sold = cleared([2.0, 1.0, 3.0], [0.1], [4.0], contracts([0, -1, -1], 1))
    assert sold[:, 0] == pytest.approx([2.0, 0.5, 1.5])
    assert cleared([2.0, 1.0, 3.0], [0.1], [1.5], contracts([0, 0, -1], 1))[:, 0] == pytest.approx([1.0, 0.5, 0.0])


def test_what_is_reserved_stays_with_subscribers() -> None:
    sold = cleared([1.0, 5.0], [0.1], [4.0], contracts([0, -1], 1), reserved=[0.75])
    assert sold[:, 0] == pytest.approx([1.0, 1.0])
    everything = cleared([5.0, 5.0], [0.1], [4.0], contracts([0, -1], 1), reserved=[0.75])
    assert everything[:, 0] == pytest.approx([4.0, 0.0])


def test_everybody_buys_where_it_is_cheapest_for_him_and_the_rest_elsewhere() -> None:
    # With surcharges, retailer 0 asks 0.1 and 0.16, retailer 1 asks 0.24 and 0.15: each site prefers another.
    sold = cleared([3.0, 3.0], [0.1, 0.15], [2.0, 9.0], contracts([0, 1], 2))
    assert sold == pytest.approx(np.array([[2.0, 1.0], [0.0, 3.0]]))


def test_a_subscriber_that_comes_late_still_comes_before_others() -> None:
    # Site 0 is at home at retailer 1, but retailer 0 is cheaper for it; both want what retailer 1 has.
    sold = cleared([3.0, 3.0], [0.1, 0.5], [1.0, 2.0], contracts([1, 0], 2))
    assert sold == pytest.approx(np.array([[0.0, 2.0], [1.0, 0.0]]))


def test_nobody_pays_more_than_he_accepts_or_buys_where_he_cannot() -> None:
    terms = contracts([0, 1], 2, [[True, False], [True, True]])
    sold = cleared([1.0, 1.0], [0.1, 0.2], [5.0, 5.0], terms, accepted=0.15)
    assert sold == pytest.approx(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_a_price_that_is_just_accepted_is_accepted() -> None:
    assert cleared([1.0], [0.2], [5.0], contracts([0], 1), accepted=0.2)[0, 0] == 1.0


def test_no_retailers_and_retailers_without_power() -> None:
    assert cleared([1.0, 2.0], [], [], contracts([-1, -1], 0)).shape == (2, 0)
    assert not cleared([1.0, 2.0], [0.1, 0.1], [0.0, 0.0], contracts([0, 1], 2)).any()
    assert not cleared([0.0, 0.0], [0.1, 0.1], [1.0, 1.0], contracts([0, 1], 2)).any()


@pytest.mark.parametrize("seed", range(20))
def test_shares_that_rise_from_nothing_settle_in_the_same_place(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n_sites, n_retailers = int(generator.integers(1, 7)), int(generator.integers(1, 4))
    home = generator.integers(-1, n_retailers, n_sites).tolist()
    terms = contracts(home, n_retailers, generator.random((n_sites, n_retailers)) < 0.9)
    offers = Offers(
        generator.uniform(0.05, 0.5, (1, n_retailers)),
        generator.uniform(0.0, 2.0, (1, n_retailers)),
        generator.choice([0.0, 0.5, 1.0], (1, n_retailers)),
    )
    requested = generator.uniform(0.0, 2.0, (1, n_sites))
    accepted = generator.uniform(0.1, 1.0, (1, n_sites))
    found = clear_market(requested, accepted, offers, terms)[0]
    assert found == pytest.approx(from_below(requested, accepted, offers, terms), abs=1e-8)


@pytest.mark.parametrize("price", list(permutations([1.0, 2.0, 3.0, 4.0])))
def test_the_cheapest_are_asked_first_in_whatever_order_they_stand(price: tuple[float, ...]) -> None:
    """Each has 1 kW to sell, and 2.5 kW are wanted."""
    terms = contracts([0], 4, access=True)._replace(factor=np.ones((1, 4)))
    sold = cleared([2.5], list(price), [1.0] * 4, terms)
    bought = dict(zip(price, sold[0].tolist(), strict=True))
    assert bought == pytest.approx({1.0: 1.0, 2.0: 1.0, 3.0: 0.5, 4.0: 0.0})


def test_of_equally_cheap_ones_the_first_is_asked() -> None:
    terms = contracts([0], 3)._replace(factor=np.ones((1, 3)))
    assert cleared([1.0], [2.0, 2.0, 2.0], [5.0] * 3, terms)[0].tolist() == [1.0, 0.0, 0.0]
