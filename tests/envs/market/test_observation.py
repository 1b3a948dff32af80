"""Observations tell what the world knows, scaled as the tables say, and planners can ask for the rest."""

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.market.tools import asked, market_world, random_actions, tiny
from voltran.envs.market.observation import DEFAULT
from voltran.envs.market.world import MarketWorld
from voltran.envs.retail.protocol import RetailWorld
from voltran.envs.world import World

NAMES = [field.name for field in DEFAULT]


def seen(world: MarketWorld, site: int) -> dict[str, float]:
    return dict(zip(NAMES, world.observations()["bs"][0, site].tolist(), strict=True))


def test_what_sites_see_before_and_after_a_period() -> None:
    world = tiny()
    first = seen(world, 0)
    assert (first["load"], first["load_near"], first["load_far"]) == pytest.approx((0.5, 0.5, 0.5))
    assert (first["soc"], first["has_battery"], first["unserved"]) == (0.5, 1.0, 0.0)
    # 1 kW of charging and 1.5 kW of discharging, over 0.6 kW.
    assert (first["charge_room"], first["discharge_room"]) == pytest.approx((1.0 / 0.6, 1.5 / 0.6))
    assert (first["best_price"], first["home_price"]) == pytest.approx((0.06, 0.06))
    assert seen(world, 1)["best_price"] == pytest.approx(0.096)
    assert seen(world, 1)["full_power"] == pytest.approx(1.2)
    assert (first["clock_sine"], first["clock_cosine"]) == pytest.approx(
        (np.sin(2 * np.pi * 11 / 24), np.cos(2 * np.pi * 11 / 24)), abs=1e-6
    )
    world.step(asked(world, [0.1, 0.6], price=[0.5, 0.4]))
    after = seen(world, 0)
    assert after["unserved"] == pytest.approx(0.2 / 0.3)
    assert after["filled"] == 1.0
    assert after["best_price"] == pytest.approx(0.5)


def test_a_site_without_a_battery_sees_none() -> None:
    bare = seen(tiny(), 1)
    assert [bare[name] for name in ("soc", "has_battery", "charge_room", "discharge_room")] == [0.0] * 4


def test_what_is_observed_of_a_site_does_not_depend_on_how_many_there_are() -> None:
    small, large = (market_world(name).roles for name in ("market4", "market40"))
    for one, other in zip(small, large, strict=True):
        assert one.observation_space == other.observation_space
        assert one.action_space == other.action_space
        assert (one.observation_version, one.action_version) == (other.observation_version, other.action_version)


def test_the_state_holds_all_sites_all_retailers_and_the_clock() -> None:
    world = started(market_world("market8", n_worlds=2))
    world.step(random_actions(world, np.random.default_rng(0)))
    state, told = world.state(), world.observations()
    assert state.shape == (2, 8 * 9 + 2 * 15 + 2)
    assert np.array_equal(state[:, :72].reshape(2, 8, 9), told["bs"][..., :9])
    assert np.array_equal(state[:, 72:102].reshape(2, 2, 15), told["retailer"])
    assert np.array_equal(state[:, -2:], told["bs"][:, 0, -2:])


def test_what_planners_ask() -> None:
    world = tiny()
    assert isinstance(world, World)
    assert isinstance(world, RetailWorld)
    assert world.demand_kw[0] == pytest.approx([0.3, 0.6])
    assert world.load_series_kw.shape == (1, 8, 2)
    assert (world.charge_room_kw[0].tolist(), world.discharge_room_kw[0].tolist()) == ([1.0, 0.0], [1.5, 0.0])
    assert world.usable_kwh[0] == pytest.approx([2.0 * 0.4 * 0.95, 0.0])
    assert world.has_battery.tolist() == [True, False]
    for _ in range(8):
        world.step(asked(world, 1.0))
    assert world.decision.tolist() == [8]
    assert world.demand_kw[0] == pytest.approx([0.3, 0.6])
