"""What holds in markets whatever anybody does: under arbitrary requests, prices, terms, codes and scenarios."""

from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.envs.episodes import started
from tests.envs.market.tools import market_world, random_actions
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.market import Contracts, Offers, clear_market, cost_factor

STEPS = 6
SETTLED_KW = 1e-9
seeds = st.integers(0, 2**31 - 1)


class Market(NamedTuple):
    """A market of one world."""

    requested: FloatArray
    accepted: FloatArray
    offers: Offers
    terms: Contracts

    def cleared(self) -> FloatArray:
        """Sales ``[M, I]``."""
        return np.asarray(clear_market(self.requested, self.accepted, self.offers, self.terms)[0])


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Small markets, with ties, power that is plenty or scarce, and retailers that some cannot reach."""
    generator = np.random.default_rng(draw(seeds))
    n_sites, n_retailers = draw(st.integers(1, 6)), draw(st.integers(0, 4))
    pairs = (n_sites, n_retailers)
    home = generator.integers(-1, max(n_retailers, 1), n_sites)
    subscriber = home[:, None] == np.arange(n_retailers)
    prices = st.sampled_from([0.1, 0.16, 0.2, 0.3])
    price = np.array([[draw(prices) for _ in range(n_retailers)]]).reshape(1, n_retailers)
    scale = draw(st.sampled_from([0.2, 1.0, 5.0]))
    offers = Offers(
        price,
        scale * generator.random((1, n_retailers)) * (generator.random((1, n_retailers)) < 0.9),
        generator.choice([0.0, 0.3, 1.0], (1, n_retailers)),
    )
    return Market(
        generator.random((1, n_sites)) * (generator.random((1, n_sites)) < 0.9),
        generator.choice([0.15, 0.3, 9.0], (1, n_sites)),
        offers,
        Contracts(subscriber, generator.random(pairs) < 0.9, cost_factor(subscriber, 0.4)),
    )


def willing(market: Market) -> BoolArray:
    """Pairs ``[M, I]`` that may trade."""
    paid = market.offers.price[0] * market.terms.factor
    return np.asarray(market.terms.access & (paid <= market.accepted[0][:, None]))


def asked_kw(market: Market, sold: FloatArray) -> FloatArray:
    """What sites ask of retailers ``[M, I]``: what cheaper ones, the first of equals first, have not given."""
    paid = market.offers.price[0] * market.terms.factor
    asked = np.zeros_like(sold)
    for site, order in enumerate(np.argsort(paid, axis=1, kind="stable")):
        left = market.requested[0, site]
        for retailer in order:
            asked[site, retailer] = left if willing(market)[site, retailer] else 0.0
            left -= sold[site, retailer]
    return asked


@settings(max_examples=150, deadline=None)
@given(markets())
def test_nobody_gets_more_than_there_is_or_than_he_asks_for(market: Market) -> None:
    sold = market.cleared()
    assert np.all(sold >= 0.0)
    assert np.all(sold.sum(axis=1) <= market.requested[0] * (1.0 + 1e-12))
    assert np.all(sold.sum(axis=0) <= market.offers.available_kw[0] * (1.0 + 1e-12))
    others = np.where(market.terms.subscriber, 0.0, sold).sum(axis=0)
    open_to_all = (1.0 - market.offers.reserved[0]) * market.offers.available_kw[0]
    assert np.all(others <= open_to_all * (1.0 + 1e-12))
    assert not sold[~willing(market)].any()


@settings(max_examples=150, deadline=None)
@given(markets())
def test_subscribers_come_first_and_equals_get_equal_shares(market: Market) -> None:
    sold = market.cleared()
    asked = asked_kw(market, sold)
    for retailer in range(sold.shape[1]):
        home = market.terms.subscriber[:, retailer]
        for group in (home, ~home):
            expected = sold[group, retailer].sum() * asked[group, retailer]
            assert np.allclose(sold[group, retailer] * asked[group, retailer].sum(), expected, atol=SETTLED_KW)
        if sold[~home, retailer].any():
            assert np.allclose(sold[home, retailer], asked[home, retailer], atol=SETTLED_KW)


@settings(max_examples=150, deadline=None)
@given(markets())
def test_nobody_is_refused_power_that_is_left(market: Market) -> None:
    sold, offers = market.cleared(), market.offers
    missing = asked_kw(market, sold) - sold
    left = offers.available_kw[0] - sold.sum(axis=0)
    others = np.where(market.terms.subscriber, 0.0, sold).sum(axis=0)
    left_to_others = np.minimum(left, (1.0 - offers.reserved[0]) * offers.available_kw[0] - others)
    refused = missing > SETTLED_KW
    assert np.all(left[(refused & market.terms.subscriber).any(axis=0)] <= SETTLED_KW)
    assert np.all(left_to_others[(refused & ~market.terms.subscriber).any(axis=0)] <= SETTLED_KW)


@settings(max_examples=100, deadline=None)
@given(markets(), seeds)
def test_the_order_and_the_number_of_worlds_do_not_matter(market: Market, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(market.requested.shape[1])
    terms = Contracts(market.terms.subscriber[order], market.terms.access[order], market.terms.factor[order])
    moved = Market(market.requested[:, order], market.accepted[:, order], market.offers, terms)
    assert np.allclose(moved.cleared(), market.cleared()[order], atol=SETTLED_KW)
    offers = Offers(*(np.repeat(part, 3, axis=0) for part in market.offers))
    requested, accepted = (np.repeat(part, 3, axis=0) for part in market[:2])
    several = clear_market(requested, accepted, offers, market.terms)
    assert np.array_equal(several, np.repeat(market.cleared()[None], 3, axis=0))


overrides = st.fixed_dictionaries(
    {
        "retail.timing": st.sampled_from(["posted", "simultaneous"]),
        "retail.cost_model": st.sampled_from(["linear", "quadratic"]),
        "retail.cost_scope": st.sampled_from(["pair", "retailer"]),
        "retail.priority": st.sampled_from([0.0, 0.4]),
        "retail.weather.start_hour": st.sampled_from([0.0, 11.0]),
        "reward.utility": st.sampled_from(["site", "pair"]),
        "battery.initial_soc": st.sampled_from([0.1, 0.5, 1.0]),
        "battery.charge_limit_kw": st.sampled_from([0.0, 1.0]),
        "time.horizon_h": st.just(STEPS / 4),
    }
)
options = st.fixed_dictionaries(
    {
        "action_form": st.sampled_from(["joint", "multi", "box"]),
        "retailer_form": st.sampled_from(["ladder", "box"]),
        "reward": st.sampled_from(["own", "welfare"]),
    }
)
no_retailers: dict[str, Any] = {"retail.retailers": [], "retail.home_retailer": None}


@settings(max_examples=40, deadline=None)
@given(seeds, overrides, options, st.sampled_from([{}, no_retailers]))
def test_power_and_money_balance(
    seed: int, changes: dict[str, Any], choices: dict[str, Any], retailers: dict[str, Any]
) -> None:
    world = started(market_world("market8", overrides={**changes, **retailers}, **choices), seed)
    generator, returns = np.random.default_rng(seed), 0.0
    for _ in range(STEPS):
        transition = world.step(random_actions(world, generator))
        returns += sum(float(values.sum()) for values in transition.rewards.values())
        ledger, trace = world.ledger(), world.trace()
        assert np.abs(ledger["residual_kw"]).max() < 1e-9
        assert np.abs(ledger["money_residual_usd"]).max() < 1e-9
        served = ledger["bought_kw"] + ledger["battery_kw"] + ledger["unserved_kw"]
        assert np.allclose(served, ledger["load_kw"], atol=1e-9)
        # All that is sold is taken, and no more than there is.
        assert np.isclose(trace["sold_kw"][-1].sum(), ledger["bought_kw"].sum(), atol=1e-9)
        assert np.all(trace["sold_kw"][-1] <= trace["available_kw"][-1] + 1e-9)
        assert np.all(ledger["unserved_kw"] >= 0.0)
        assert np.all((world.soc >= np.where(world.has_battery, 0.1, 0.0)) & (world.soc <= 1.0))
        assert not ledger["battery_kw"][:, ~world.has_battery].any()
        for role in world.roles:
            assert all(role.observation_space.contains(seen) for seen in world.observations()[role.name][0])
        assert world.state_space.contains(world.state()[0])
    # Payments are transfers: what all agents earn is the welfare.
    assert np.isclose(returns, world.kpis()["welfare_usd"][0], atol=1e-9)
