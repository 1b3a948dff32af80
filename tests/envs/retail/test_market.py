"""The retailers' state: prices in force, books that close, snapshots, and what is seen of it."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from tests.envs.blackout.tools import assert_same
from tests.envs.retail.tools import PERIOD_H, SOLAR, STEADY, WIND, market, retail
from voltran.envs.action_checks import checked_actions
from voltran.envs.errors import ActionError, ScenarioError
from voltran.envs.fields import Field
from voltran.envs.observations import Observation
from voltran.envs.retail.actions import RetailerCodec, RetailerCommands
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.retail.market import RetailMarket
from voltran.envs.retail.observation import RETAILER_FIELDS, SITE_FIELDS
from voltran.envs.retail.view import RetailView
from voltran.envs.snapshots import copied, write
from voltran.envs.world import Role

PLENTY: dict[str, Any] = {**STEADY, "capacity_kw": 10.0}


def post(price: list[float], reserved: float = 0.0) -> RetailerCommands:
    return RetailerCommands(np.array([price]), np.full((1, len(price)), reserved))


def trade(traded: RetailMarket, requested: list[float], accepted: float = 9.0) -> np.ndarray:
    """One period's sales ``[M, I]``, booked."""
    asked, available = np.array([requested]), traded.available_at(np.zeros(1, np.int64))
    sold = traded.clear(asked, np.full(asked.shape, accepted), available)
    traded.settle(asked, sold, available, PERIOD_H)
    return np.asarray(sold[0])


def test_retailers_begin_by_asking_what_power_costs_them() -> None:
    traded = market(retail(WIND, STEADY))
    assert traded.price[0].tolist() == pytest.approx([0.053, 0.28])


@pytest.mark.parametrize(("timing", "in_force"), [("posted", [0.053, 0.28]), ("simultaneous", [0.5, 0.6])])
def test_when_posted_prices_come_into_force(timing: str, in_force: list[float]) -> None:
    traded = market(retail(WIND, STEADY, timing=timing))
    traded.open_period(post([0.5, 0.6], 0.25))
    assert traded.price[0].tolist() == pytest.approx(in_force)
    traded.open_period(post([0.7, 0.7]))
    later = [0.5, 0.6] if timing == "posted" else [0.7, 0.7]
    assert traded.price[0].tolist() == later
    assert traded.reserved[0].tolist() == ([0.25, 0.25] if timing == "posted" else [0.0, 0.0])


def test_the_books_close() -> None:
    traded = market(retail(PLENTY, {**STEADY, "capacity_kw": 0.5}, spill_penalty_usd_per_kwh=0.01), n_sites=3)
    traded.open_period(post([0.3, 0.3]))
    sold, sales = trade(traded, [1.0, 2.0, 3.0]), traded.sales
    assert sales.bought_kwh[0] == pytest.approx(sold.sum(axis=1) * PERIOD_H)
    assert sales.sold_kwh[0].sum(axis=1) == pytest.approx(sold.sum(axis=0) * PERIOD_H)
    assert sales.paid_usd.sum() == pytest.approx(sales.earned_usd.sum())
    assert sales.spilled_kwh[0] == pytest.approx(([10.0, 0.5] - sold.sum(axis=0)) * PERIOD_H)
    assert sales.cost_usd[0] == pytest.approx(0.28 * sold.sum(axis=0) * PERIOD_H)
    # Sites 0 and 2 are at home at retailer 0, site 1 at retailer 1, and pays 1.6 times the price elsewhere.
    assert sold == pytest.approx(np.array([[1.0, 0.0], [1.5, 0.5], [3.0, 0.0]]))
    assert sales.paid_usd[0] == pytest.approx(np.array([1.0, 0.5 + 1.6 * 1.5, 3.0]) * 0.28 * PERIOD_H)
    spill = 0.01 * sales.spilled_kwh
    assert traded.rewards() == pytest.approx(sales.earned_usd - sales.cost_usd - spill)


def test_a_period_in_parts_is_booked_as_a_whole() -> None:
    whole, parts = (market(retail(PLENTY)) for _ in range(2))
    for traded in (whole, parts):
        traded.open_period(post([0.5]))
    sold, available = np.full((1, 3, 1), 0.5), np.array([[10.0]])
    whole.settle(np.ones((1, 3)), sold, available, PERIOD_H)
    for _ in range(5):
        parts.settle(np.ones((1, 3)), sold, available, PERIOD_H / 5)
    for name, values in vars(whole.sales).items():
        assert getattr(parts.sales, name) == pytest.approx(values)


def test_a_market_goes_on_from_a_snapshot() -> None:
    section = retail(WIND, SOLAR)
    one, other = market(section, n_worlds=2, seed=5), market(section, n_worlds=2, seed=50)
    commands = RetailerCommands(np.full((2, 2), 0.4), np.full((2, 2), 0.1))
    one.open_period(commands)
    trade(one, [1.0, 1.0, 1.0])
    snapshot = copied(one.arrays())
    for world in range(2):
        other.load(world, other.draw(5 + world))
    write(other.arrays(), snapshot)
    assert_same(other.arrays(), snapshot)
    assert np.array_equal(one.available_kw, other.available_kw)
    one.open_period(RetailerCommands(np.full((2, 2), 0.9), np.zeros((2, 2))))
    assert_same(other.arrays(), snapshot)


def observed(fields: Sequence[Field], count: int, traded: RetailMarket, period: int, hour: float = 0.0) -> Any:
    """What agents see, not clipped: values beyond their range would be errors."""
    retail = RetailView(traded, np.array([period]), np.array([hour]))
    strict = [replace(field, clip=False) for field in fields]
    view: Any = SimpleNamespace(world=SimpleNamespace(n_worlds=1), retail=retail)
    return Observation("agent", count, strict)(view)


def test_generation_after_the_end_is_that_of_the_last_period() -> None:
    traded = market(retail(WIND, SOLAR), periods=8)
    assert np.array_equal(traded.available_at(np.array([8])), traded.available_at(np.array([7])))
    assert np.array_equal(traded.available_at(np.array([7]))[0], traded.available_kw[0, 7])


def test_without_retailers_nothing_is_sold() -> None:
    traded = market(retail())
    traded.open_period(RetailerCommands(np.zeros((1, 0)), np.zeros((1, 0))))
    assert trade(traded, [1.0, 1.0, 1.0]).shape == (3, 0)
    assert not traded.sales.bought_kwh.any()
    assert traded.rewards().shape == (1, 0)
    seen = observed(SITE_FIELDS, 3, traded, 0)
    assert seen.shape == (1, 3, len(SITE_FIELDS))
    assert seen[0, 0].tolist() == [2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def test_codes_and_boxes_name_prices_between_cost_and_cap() -> None:
    constants = RetailConstants(retail(WIND, STEADY), 2)
    ladder, box = RetailerCodec(constants), RetailerCodec(constants, "box")
    assert ladder.commands(np.array([[0, 10]]), 1).price[0].tolist() == pytest.approx([0.053, 1.0])
    assert not ladder.commands(np.array([[3, 3]]), 1).reserved.any()
    low, high = (np.full((1, 2, 2), value) for value in (-1.0, 1.0))
    assert box.commands(low, 1).price[0].tolist() == pytest.approx([0.053, 0.28])
    assert box.commands(high, 1).price[0].tolist() == pytest.approx([1.0, 1.0])
    assert (box.commands(high, 1).reserved == 1.0).all()
    middle = box.commands(np.zeros((1, 2, 2)), 1)
    assert middle.price == pytest.approx(ladder.commands(np.array([[5, 5]]), 1).price)
    assert middle.reserved[0].tolist() == [0.5, 0.5]
    assert (ladder.mask(4).shape, box.mask(4).shape) == ((4, 2, 11), (4, 2, 0))
    with pytest.raises(ScenarioError, match="retailer_form = 'codes' is unknown"):
        RetailerCodec(constants, "codes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("form", "actions", "message"),
    [
        ("ladder", np.array([[0, 11]]), r"retailer_1 in world 0 = 11: must lie in \[0, 10\]"),
        ("ladder", np.array([[0, 1, 2]]), r"shape \(1, 3\)"),
        ("ladder", np.array([[0.0, 1.0]]), "float64; expected integers"),
        ("ladder", [[0], [1, 2]], "ragged"),
        ("box", np.array([[[0.0, 0.0], [np.nan, 0.0]]]), "retailer_1 in world 0 = nan"),
        ("box", np.array([[[0.0, 1.5], [0.0, 0.0]]]), "retailer_0 in world 0 = 1.5"),
        (
            "ladder",
            post([0.5, 1.2]),
            "price of retailer_1 in world 0 = 1.2: .* price cap is 1 USD/kWh: post less, or raise",
        ),
        ("ladder", post([0.5, np.nan]), "price of retailer_1 in world 0 = nan"),
        ("ladder", post([0.5, 0.5], 2.0), "reserved of retailer_0 in world 0 = 2: .* a share from 0 to 1"),
        ("ladder", post([0.5]), r"retailers' price: shape \(1, 1\)"),
    ],
)
def test_nonsense_is_refused(form: Any, actions: Any, message: str) -> None:
    codec = RetailerCodec(RetailConstants(retail(WIND, STEADY), 2), form)
    role = Role("retailer", 2, spaces.Box(0.0, 1.0, (1,), np.float32), codec.space())
    with pytest.raises(ActionError, match=message):
        codec.commands(actions if isinstance(actions, RetailerCommands) else checked_actions(role, actions, 1), 1)


@pytest.mark.parametrize(
    "section",
    [
        retail(WIND),
        retail(WIND, SOLAR, home_retailer=[0, 0, 0]),  # a retailer without subscribers
        retail(WIND, SOLAR, STEADY, access=[[], [0], [0, 1, 2]]),  # and without customers
    ],
)
def test_what_is_seen_lies_within_its_limits(section: Any) -> None:
    traded, generator = market(section), np.random.default_rng(0)
    for period in range(0, 96, 6):
        for fields, count in ((RETAILER_FIELDS, traded.constants.n_retailers), (SITE_FIELDS, 3)):
            assert observed(fields, count, traded, period, period * PERIOD_H).shape == (1, count, len(fields))
        traded.open_period(post(generator.uniform(0.3, 1.0, traded.constants.n_retailers).tolist()))
        available = traded.available_at(np.array([period]))
        asked = generator.uniform(0.0, 3.0, (1, 3))
        sold = traded.clear(asked, np.full((1, 3), 9.0), available)
        traded.settle(asked, sold, available, PERIOD_H)


def test_what_sites_and_retailers_see_of_a_period() -> None:
    traded = market(retail(PLENTY, {**STEADY, "capacity_kw": 0.5}), n_sites=3)
    for _ in range(2):
        traded.open_period(post([0.5, 0.4]))
    trade(traded, [1.0, 2.0, 3.0], accepted=0.7)
    site = dict(zip((field.name for field in SITE_FIELDS), observed(SITE_FIELDS, 3, traded, 0)[0, 1], strict=True))
    assert site["best_price"] == pytest.approx(0.4)
    assert site["home_price"] == pytest.approx(0.4)
    assert site["all_available"] == 1.0
    # Site 1 gets half a kilowatt at home, and would pay 0.8 elsewhere.
    assert site["filled"] == pytest.approx(0.5 / 2.0)
    told = observed(RETAILER_FIELDS, 2, traded, 0, 6.0)[0, 0]
    retailer = dict(zip((field.name for field in RETAILER_FIELDS), told, strict=True))
    assert retailer["rival_price"] == pytest.approx(0.4)
    assert retailer["capacity"] == pytest.approx(10.0 / 10.5)
    assert retailer["sold_subscribers"] == pytest.approx((1.0 + 3.0) / 10.0)
    assert retailer["sold_others"] == 0.0
    assert retailer["scarcity"] == pytest.approx(6.0 / 10.5)
    assert retailer["subscribers"] == pytest.approx(2.0 / 3.0)
    assert (retailer["clock_sine"], retailer["clock_cosine"]) == pytest.approx((1.0, 0.0), abs=1e-12)
