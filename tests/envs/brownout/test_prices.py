"""When posted prices come into force, what nobody can influence, and generation from files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.envs.brownout.tools import ROLLING, brownout_world, constant, random_actions, toy_actions, toy_world
from tests.envs.episodes import started
from voltran.envs.errors import ScenarioError
from voltran.envs.retail.observation import RETAILER_FIELDS, SITE_FIELDS

PLENTY = constant(100.0, 50.0)
POSTED = [0.4, 0.7, 0.1]


@pytest.mark.parametrize(("timing", "expected"), [("posted", [0.05, 0.4, 0.7]), ("simultaneous", POSTED)])
def test_prices_hold_from_the_next_decision_on_or_at_once(timing: str, expected: list[float]) -> None:
    world = toy_world([PLENTY], {"retail.timing": timing})
    for asked, held in zip(POSTED, expected, strict=True):
        infos = world.step(toy_actions(world, [asked])).agent_infos
        assert infos["retailer"]["price_usd_per_kwh"].tolist() == [[held]]
        np.testing.assert_allclose(infos["bs"]["paid_usd"], held * infos["bs"]["bought_kwh"])
        assert (infos["bs"]["bought_kwh"] > 0.0).all()
    steps = world.constants.steps_per_decision
    np.testing.assert_allclose(world.trace()["price"][:, 0], np.repeat(expected, steps))


def test_sites_see_a_posted_price_before_they_pay_it() -> None:
    world = toy_world([PLENTY])
    own = [field.name for field in SITE_FIELDS].index("home_price") - len(SITE_FIELDS) - 4
    for asked in POSTED:
        observed = world.observations()["bs"][0, :, own]
        infos = world.step(toy_actions(world, [asked])).agent_infos
        np.testing.assert_allclose(observed, infos["retailer"]["price_usd_per_kwh"][0, 0], rtol=1e-6)


def test_retailers_see_what_they_ask_for_and_have_posted() -> None:
    world = toy_world([PLENTY])
    names = [field.name for field in RETAILER_FIELDS]
    world.step(toy_actions(world, [0.4]))
    observed = world.observations()["retailer"][0, 0]
    np.testing.assert_allclose(observed[[names.index("price"), names.index("posted")]], [0.05, 0.4], rtol=1e-6)


def test_nobody_can_change_the_weather_the_users_or_the_main_grid() -> None:
    first, second = (started(brownout_world(2, {**ROLLING, "traffic.redraw_period_s": 900.0}), 11) for _ in range(2))
    generators = [np.random.default_rng(index) for index in range(2)]
    for _ in range(first.max_decisions):
        for world, generator in zip((first, second), generators, strict=True):
            world.step(random_actions(world, generator))
        for field in ("demand_mbps", "service_class", "distance_m"):
            assert np.array_equal(getattr(first.users, field), getattr(second.users, field)), field
    assert not np.array_equal(first.usable_kwh, second.usable_kwh)
    assert np.array_equal(first.market.available_kw, second.market.available_kw)
    assert np.array_equal(first.market.outlook_kw, second.market.outlook_kw)
    for field in ("arrival_s", "departure_s", "usable_kwh"):
        drawn = [getattr(world._simulation.inhabitants, field) for world in (first, second)]
        assert np.array_equal(*drawn), field


def test_generation_depends_on_the_seed() -> None:
    world = started(brownout_world(3))
    assert not np.array_equal(world.market.available_kw[0], world.market.available_kw[1])
    other = started(brownout_world(1), 1)
    assert np.array_equal(world.market.available_kw[1], other.market.available_kw[0])


def generation_file(folder: Path, values: list[Any], period_h: float = 0.25) -> dict[str, Any]:
    """A retailer whose generation is in a file."""
    path = folder / "generation.csv"
    rows = [f"{index * period_h},{value}" for index, value in enumerate(values)]
    path.write_text("\n".join(["hour,wind_kw", *rows]))
    return {**constant(5.0, 50.0), "source": "file", "file": str(path), "column": "wind_kw"}


def test_generation_can_come_from_a_file(tmp_path: Path) -> None:
    values = [float(index % 5) for index in range(16)]
    world = toy_world([generation_file(tmp_path, values)])
    for value in values[:6]:
        world.step(toy_actions(world, [0.4]))
        assert world.ledger()["retail_kw"].sum() == pytest.approx(value, abs=1e-12)


def test_a_file_by_the_half_hour_is_read_by_time(tmp_path: Path) -> None:
    world = toy_world([generation_file(tmp_path, [0.0, 1.0, 2.0, 3.0, 4.0] * 2, 0.5)])
    for period in range(6):
        world.step(toy_actions(world, [0.4]))
        assert world.ledger()["retail_kw"].sum() == pytest.approx(period // 2, abs=1e-12)


@pytest.mark.parametrize(
    ("values", "period_h", "message"),
    [
        ([1.0] * 7 + ["nan"] + [1.0] * 8, 0.25, r"line 9, column wind_kw = 'nan': must be a number"),
        (
            [1.0] * 15,
            0.25,
            r"has 15 rows and ends at hour 3.5 .*would last from hour 0 to hour 4; add rows, or shorten",
        ),
        ([6.0] * 16, 0.25, r"wind_kw = 6 kW is above capacity_kw = 5; raise the capacity"),
    ],
    ids=["NaN", "too short", "above capacity"],
)
def test_files_that_cannot_be_used_are_refused_at_once(
    tmp_path: Path, values: list[Any], period_h: float, message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        toy_world([generation_file(tmp_path, values, period_h)])


@pytest.mark.parametrize(
    ("retailers", "overrides", "message"),
    [
        ([constant(5.0, 1500.0)], {}, r"unit_cost_usd_per_mwh = 1500 is not below the price_cap_usd_per_kwh = 1"),
        ([PLENTY], {"retail.home_retailer": [0, 0, 1]}, r"names retailer 1, but there are 1"),
        ([PLENTY], {"retail.home_retailer": [0, 0]}, r"home_retailer has 2 entries for 3 sites"),
        ([PLENTY], {"retail.access": [[3]]}, r"access.0 names site 3, but there are 3"),
        ([PLENTY], {"retail.price_cap_usd_per_kwh": float("nan")}, r"price_cap_usd_per_kwh"),
    ],
)
def test_impossible_markets_are_refused(retailers: list[Any], overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        toy_world(retailers, overrides)
