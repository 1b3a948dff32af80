"""What a scenario may say about retailers, and what it means."""

from typing import Any

import numpy as np
import pytest

from tests.envs.retail.tools import SOLAR, STEADY, WIND, retail
from voltran.envs.errors import ScenarioError
from voltran.envs.retail.constants import PRICE_LEVELS, RetailConstants
from voltran.envs.retail.scenario import Retail
from voltran.envs.scenario import validated


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"retailers": [{**WIND, "capacity_kw": 0.0}]}, "retailers.0.capacity_kw = 0.0"),
        ({"retailers": [{**WIND, "source": "tide"}]}, "retailers.0.source = 'tide'"),
        ({"retailers": [{**WIND, "file": "a.csv", "column": "b"}]}, "go with source 'file', and with no other"),
        ({"retailers": [{**WIND, "source": "file"}]}, "go with source 'file'"),
        ({"retailers": [{**WIND, "unit_cost_usd_per_mwh": 1000}]}, "unit_cost_usd_per_mwh = 1000 .* raise the cap"),
        ({"retailers": [WIND], "home_retailer": [0, 1, 0]}, "home_retailer names retailer 1, but there are 1"),
        ({"retailers": [WIND], "home_retailer": [0, -1, 0]}, "home_retailer.1 = -1"),
        ({"retailers": [WIND], "access": [[0], [1]]}, "access has 2 entries; give one list of sites per retailer, 1"),
        ({"retailers": [WIND], "priority": 1.0}, "priority = 1.0"),
        ({"weather": {"clearness_low": 0.9, "clearness_high": 0.5}}, "clearness_low = 0.9 must not exceed"),
        ({"weather": {"month": 13}}, "weather.month = 13"),
        ({"price_cap_usd_per_kwh": 0.0}, "price_cap_usd_per_kwh = 0.0"),
        ({"price_cap": 1.0}, "unknown key 'price_cap' .did you mean 'price_cap_usd_per_kwh'"),
    ],
)
def test_mistakes_are_named(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        validated(Retail, terms, "scenario test")


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"home_retailer": [0, 1]}, "retail.home_retailer has 2 entries for 3 sites"),
        ({"access": [[0, 1], [2, 3]]}, r"retail\.access\.1 names site 3, but there are 3, from 0"),
        ({"access": [[-1], [2]]}, r"retail\.access\.0 names site -1"),
    ],
)
def test_what_is_said_of_sites_fits_them(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        retail(WIND, SOLAR, **terms).check_sites(3)


def test_sites_take_turns_unless_told_where_they_are_at_home() -> None:
    assert RetailConstants(retail(WIND, SOLAR), 5).home.tolist() == [0, 1, 0, 1, 0]
    told = RetailConstants(retail(WIND, SOLAR, home_retailer=[1, 1, 1]), 3)
    assert told.home.tolist() == [1, 1, 1]
    assert told.contracts.subscriber.tolist() == [[False, True]] * 3
    assert told.contracts.factor.tolist() == [[1.6, 1.0]] * 3
    assert RetailConstants(retail(), 2).home.tolist() == [-1, -1]


def test_access_is_everybodys_unless_it_is_limited() -> None:
    assert RetailConstants(retail(WIND, SOLAR), 3).contracts.access.all()
    limited = RetailConstants(retail(WIND, SOLAR, access=[[0, 2], []]), 3).contracts.access
    assert limited.tolist() == [[True, False], [False, False], [True, False]]


def test_the_ladder_rises_in_equal_ratios_from_cost_to_cap() -> None:
    ladder = RetailConstants(retail(WIND, {**WIND, "unit_cost_usd_per_mwh": 0}), 2).price_ladder
    assert ladder.shape == (2, PRICE_LEVELS)
    assert ladder[:, 0].tolist() == pytest.approx([0.053, 0.01])
    assert ladder[:, -1].tolist() == pytest.approx([1.0, 1.0])
    assert np.all(ladder <= 1.0)
    ratio = ladder[:, 1:] / ladder[:, :-1]
    assert ratio == pytest.approx(np.repeat(ratio[:, :1], PRICE_LEVELS - 1, axis=1))


@pytest.mark.parametrize("unit_cost_usd_per_mwh", [9, 36, 72])
def test_the_highest_price_is_the_cap_to_the_last_bit(unit_cost_usd_per_mwh: float) -> None:
    dear = {**WIND, "unit_cost_usd_per_mwh": unit_cost_usd_per_mwh}
    constants = RetailConstants(retail(dear, price_cap_usd_per_kwh=0.7), 2)
    assert constants.price_ladder[0, -1] == 0.7
    assert np.all(constants.price_ladder[0, -1] * constants.contracts.factor <= constants.highest_payment)


def test_costs_by_purchase_or_by_retailer() -> None:
    sold = np.array([[[1.0, 0.0], [2.0, 1.0]]])
    cost = np.array([0.053, 0.28])
    by: dict[str, Any] = {"pair": [5.0, 1.0], "retailer": [9.0, 1.0]}
    for scope, squares in by.items():
        constants = RetailConstants(retail(WIND, STEADY, cost_model="quadratic", cost_scope=scope), 2)
        assert constants.generation_cost(sold)[0] == pytest.approx(cost * squares)
        linear = RetailConstants(retail(WIND, STEADY, cost_scope=scope), 2)
        assert linear.generation_cost(sold)[0] == pytest.approx(cost * [3.0, 1.0])
