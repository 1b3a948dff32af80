"""Forecasts: what each kind may know, and what it says."""

from typing import Any

import numpy as np
import pytest

from tests.envs.sharing.tools import SHORT, random_actions, sharing_world, small
from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.observation import DEFAULT, dimensions
from voltran.envs.sharing.world import SharingWorld
from voltran.physics.arrays import FloatArray

DAY = 96


def advanced(kind: str, steps: int, **changes: Any) -> SharingWorld:
    world = small(1, {"forecast.kind": kind, "time.horizon_h": 48.0, **changes})
    rng = np.random.default_rng(0)
    for _ in range(steps):
        world.step(random_actions(world, rng))
    return world


def seen(world: SharingWorld, name: str) -> FloatArray:
    """Values ``[N, size]`` of a field that agents of the first world observe."""
    sizes = dimensions(world.constants)
    begin = 0
    for field in DEFAULT:
        size = sizes[field.size] if isinstance(field.size, str) else field.size
        if field.name == name:
            return np.asarray(world.observations()["operator"][0, :, begin : begin + size], np.float64)
        begin += size
    raise KeyError(name)


def future_changed(world: SharingWorld, slot: int) -> None:
    """Make everything from a slot of the episode on different from what was drawn."""
    forecast, first = world.forecast, world.constants.history + slot
    forecast._demand_kw[:, first:] += 1.0
    forecast._solar_kw[:, slot + 1 :] += 1.0
    forecast._clearness[:, slot + 1 :] *= 0.5


@pytest.mark.parametrize("steps", [0, 1, 50, 130])
def test_persistence_knows_nothing_of_the_future(steps: int) -> None:
    world = advanced("persistence", steps)
    before = world.forecast.demand_kw(DAY), world.forecast.solar_kw(DAY), world.observations()["operator"]
    future_changed(world, steps)
    after = world.forecast.demand_kw(DAY), world.forecast.solar_kw(DAY), world.observations()["operator"]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_persistence_is_yesterday_moved_to_the_latest_demand() -> None:
    world = advanced("persistence", 30, **{"forecast.memory_h": 2.0})
    demand_kw = world.forecast._demand_kw[0]
    now = world.constants.history + 30
    expected = world.forecast.demand_kw(DAY)[0]
    moved_kw = demand_kw[now - 1] - demand_kw[now - 1 - DAY]
    for ahead in (0, 1, 7, 95):
        faded = np.exp(-(ahead + 1) * 0.25 / 2.0)
        assert expected[:, ahead] == pytest.approx(np.maximum(demand_kw[now + ahead - DAY] + faded * moved_kw, 0.0))


def test_the_oracle_is_right_and_noise_has_the_size_that_was_asked_for() -> None:
    oracle = advanced("oracle", 10)
    true_kw, solar_kw, price, _ = (part[0] for part in oracle.forecast.truth())
    assert np.array_equal(oracle.forecast.demand_kw(DAY)[0], true_kw[10 : 10 + DAY].T)
    assert np.array_equal(oracle.forecast.solar_kw(DAY)[0], solar_kw[10 : 10 + DAY].T)
    assert np.array_equal(oracle.forecast.price(DAY)[0], price[10 : 10 + DAY])
    noisy = small(64, {"forecast.kind": "noisy", "forecast.error": 0.3, "network.infrastructures": 1})
    error = noisy.forecast.demand_kw(DAY) / np.moveaxis(noisy.forecast.truth()[0][:, :DAY], 1, 2) - 1.0
    for ahead in (0, 23, 95):
        expected = 0.3 * np.sqrt((ahead + 1) / DAY)
        assert error[..., ahead].std() == pytest.approx(expected, rel=0.25)  # 192 numbers: 5 standard errors
        assert abs(error[..., ahead].mean()) < 5 * expected / np.sqrt(192)


def test_noise_is_the_same_whatever_is_done() -> None:
    idle, busy = advanced("noisy", 0), advanced("noisy", 20)
    for _ in range(20):
        idle.step({"operator": np.zeros((1, 6), dtype=int)})
    assert np.array_equal(idle.forecast.demand_kw(DAY), busy.forecast.demand_kw(DAY))


def test_outages_are_seen_ahead_only_if_announced() -> None:
    grid = {"grid": {"outages": [{"start_h": 2, "length_h": 3}]}}
    announced, surprising = (small(1, {**grid, "forecast.outages_announced": flag}) for flag in (True, False))
    limits = np.full(24, 60.0)
    limits[8:20] = 0.0
    assert np.array_equal(announced.forecast.grid_limit_kw(24)[0, 0], limits)
    assert (surprising.forecast.grid_limit_kw(24) == 60.0).all()
    first, *_ = (index for index, ahead in enumerate(announced.scenario.forecast.ahead) if ahead == 8)
    for world, on in ((announced, 0.0), (surprising, 1.0)):
        assert (seen(world, "grid_outlook")[:, first] == on).all()
    for world in (announced, surprising):
        for _ in range(9):
            world.step({"operator": np.zeros((1, 6), dtype=int)})
    assert np.array_equal(announced.forecast.grid_limit_kw(15)[0, 0], limits[9:])
    assert surprising.forecast.grid_limit_kw(24)[0, 0].tolist() == [0.0] * 4 + [60.0] * 20  # an hour, by memory_h


def test_the_forecast_error_is_that_of_the_coming_slot() -> None:
    world = small(1, {"forecast.kind": "persistence"})
    errors, demands = [], []
    while world.episodes.running.all():
        expected_kw = world.forecast.demand_kw(1)[0, :, 0]
        world.step({"operator": np.zeros((1, 6), dtype=int)})
        demands.append(world.trace()["demand_kw"][-1])
        errors.append(np.abs(expected_kw - demands[-1]))
    assert world.kpis()["forecast_error"][0] == pytest.approx(np.sum(errors) / np.sum(demands))


@pytest.mark.parametrize("slots", [0, 97, -1])
def test_forecasts_reach_a_day(slots: int) -> None:
    with pytest.raises(ScenarioError, match=f"slots = {slots}: forecasts reach from 1 to 96 slots ahead"):
        small().forecast.demand_kw(slots)


def test_constant_loads_are_known() -> None:
    sites = [{"infrastructure": 0, "operator": 0, "power_kw": 3.5}, {"infrastructure": 0, "operator": 1}]
    world = sharing_world(overrides={**SHORT, "network": {"sites": sites}})
    assert world.forecast.demand_kw(DAY)[0, 0] == pytest.approx(np.full(DAY, 3.5))
