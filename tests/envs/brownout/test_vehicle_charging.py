"""Vehicles that are charged, in whole episodes: energy is kept, limits hold, rolling blackouts are survived longer."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import commands, outage_world, play
from tests.envs.brownout.tools import (
    CHARGE_KW,
    NOBODY,
    NORMAL_KW,
    brownout_world,
    constant,
    play_randomly,
    toy_actions,
    toy_world,
)
from tests.envs.episodes import started
from voltran import baselines
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ScenarioError
from voltran.physics.power import NORMAL

ABUNDANT: dict[str, Any] = {"vehicles.charging": "abundant"}
# Every step is a decision, so that the ledger shows each of them.
EACH_STEP = {"time.physics_step_s": 180.0, "time.decision_period_s": 180.0}
ROLLING = {
    "grid.schedule": "rolling", "grid.feeders": 3, "grid.turn_h": 0.5, "grid.feeder_limit_kw": 30.0,
    "vehicles.arrivals_per_day": 20, "battery.initial_soc": 0.9,
}  # fmt: skip
# Each site of toy3 has a feeder of its own, A's is supplied, batteries are full, and a vehicle stays at most sites.
ONE_FEEDER = {
    "grid.schedule": "rolling", "grid.feeders": 3, "grid.turn_h": 4, "battery.initial_soc": 1.0,
    "vehicles.arrivals_per_day": 200, "vehicles.mean_stay_h": 100, "vehicles.capacity_mean_kwh": 100,
}  # fmt: skip


def test_energy_is_kept_over_a_whole_episode() -> None:
    """What batteries and vehicles hold changes by what flows, step by step, while vehicles are charged and give."""
    world = started(brownout_world(2, {**EACH_STEP, **ROLLING, **ABUNDANT, "vehicles.charging_soc": 0.5}), 3)
    generator, battery = np.random.default_rng(1), world.constants.battery
    charged_kwh, before = np.zeros(2), world.get_state()["state"]
    drawn, step_h = world._simulation.inhabitants, world.constants.step_h
    for _ in range(world.max_decisions):
        present = world._simulation.present()
        play_randomly(world, generator, 1)
        state, ledger = world.get_state()["state"], world.ledger()
        change_kwh = state["ev_energy_kwh"] - before["ev_energy_kwh"]
        stored_kwh = (state["soc"] - before["soc"]) * battery.capacity_kwh
        np.testing.assert_allclose(change_kwh.sum(axis=-1), -ledger["ev_kw"] * step_h, atol=1e-9)
        np.testing.assert_allclose(stored_kwh, -(ledger["battery_kw"] + ledger["loss_kw"]) * step_h, atol=1e-9)
        supplied_kw = ledger["battery_kw"] + ledger["ev_kw"] + ledger["grid_kw"] + ledger["unserved_kw"]
        np.testing.assert_allclose(supplied_kw, ledger["load_kw"], atol=1e-9)
        charged = change_kwh > 0.0
        assert not np.any(charged & ~present)
        assert not np.any(charged.any(axis=-1) & (change_kwh < 0.0).any(axis=-1))
        assert np.all(state["ev_energy_kwh"] <= 0.67 * drawn.capacity_kwh + 1e-9)
        assert np.all(np.abs(ledger["ev_kw"]) <= world.constants.ev.site_limit_kw + 1e-9)
        feeders_kw = [ledger["grid_kw"][:, np.arange(7) % 3 == feeder].sum(axis=1) for feeder in range(3)]
        assert np.max(feeders_kw) <= 30.0 + 1e-9
        # What is booked as imported is what flows.
        np.testing.assert_allclose(ledger["main_kw"] + ledger["retail_kw"], ledger["grid_kw"], atol=1e-9)
        charged_kwh += np.where(charged, change_kwh, 0.0).sum(axis=(1, 2))
        before = state
    assert np.all(charged_kwh > 1.0)
    for row in range(2):
        assert world.trace(row)["ev_charge_kw"].sum() * step_h == pytest.approx(charged_kwh[row])
    assert np.all((world.kpis()["ev_utilisation"] > 0.0) & (world.kpis()["ev_utilisation"] <= 1.0))


def test_the_main_grid_charges_vehicles_beyond_load_and_battery() -> None:
    """15 kW at most: 4 for the load, nothing for the full battery, 7 for vehicles; retailers sell nothing for them."""
    world = toy_world([constant(100.0, 50.0)], {**ONE_FEEDER, **ABUNDANT})
    world.step(toy_actions(world, [0.4]))
    ledger = world.ledger()
    np.testing.assert_allclose(ledger["main_kw"][0], [NORMAL_KW + 7.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(ledger["retail_kw"][0], [0.0, NORMAL_KW, NORMAL_KW], atol=1e-9)
    np.testing.assert_allclose(ledger["ev_kw"][0], [-7.0, 0.0, 0.0], atol=1e-9)
    assert world.trace()["ev_cost"].sum() == 0.0  # who is charged pays nothing, and is paid nothing
    np.testing.assert_allclose(world.kpis()["main_paid_usd"], 0.25 * (NORMAL_KW + 7.0) * 0.3)


@pytest.mark.parametrize(("limit_kw", "ev_kw"), [(4.0, 0.0), (9.0, -5.0), (50.0, -7.0)])
def test_a_feeder_carries_loads_first(limit_kw: float, ev_kw: float) -> None:
    world = toy_world([], {**ONE_FEEDER, **ABUNDANT, "grid.feeder_limit_kw": limit_kw})
    world.step(toy_actions(world))
    assert world.ledger()["ev_kw"][0, 0] == pytest.approx(ev_kw, abs=1e-9)
    assert world.ledger()["grid_kw"][0, 0] == pytest.approx(NORMAL_KW - ev_kw)


def test_batteries_are_charged_before_vehicles() -> None:
    world = toy_world([], {**ONE_FEEDER, **ABUNDANT, "battery.initial_soc": 0.3, "grid.main_limit_kw": 10.0})
    world.step(toy_actions(world))
    ledger = world.ledger()
    assert (ledger["battery_kw"][0, 0], ledger["ev_kw"][0, 0]) == pytest.approx((-CHARGE_KW, CHARGE_KW + 4.0 - 10.0))


def test_in_an_outage_a_battery_gives_above_its_reserve_and_vehicles_have_it() -> None:
    """Orders of nothing: the battery falls to its reserve, and what it gave beyond the load is in the vehicles."""
    settings = {"vehicles.arrivals_per_day": 12, "battery.initial_soc": 1.0, "time.horizon_h": 2}
    worlds: list[BlackoutWorld] = []
    for charging in ("never", "abundant"):
        overrides = {**settings, "vehicles.charging": charging, "vehicles.charging_soc": 0.6}
        world = started(outage_world("urban7-medium", 1, {**overrides, "survival.end": "horizon"}), 5)
        asked = commands(world, [NORMAL] * 7, ev_power_kw=np.zeros((1, 7)), ev_to_battery=False)
        for _ in range(world.max_decisions):
            world.step(asked)
        worlds.append(world)
    never, abundant = worlds
    charged_kwh = abundant.trace()["ev_charge_kw"].sum() * abundant.constants.step_h
    assert charged_kwh > 1.0
    held_kwh = [world.get_state()["state"]["ev_energy_kwh"].sum() for world in worlds]
    rescued_kwh = [world.trace()["ev_kw"].sum() * world.constants.step_h for world in worlds]
    assert held_kwh[1] - held_kwh[0] == pytest.approx(charged_kwh - rescued_kwh[1] + rescued_kwh[0])
    assert np.all(abundant.soc <= never.soc + 1e-12)
    assert not never.trace()["ev_charge_kw"].any()


def test_charging_in_a_rolling_blackout_lengthens_survival() -> None:
    """Two hours with and two without the grid: what vehicles took in the former carries sites through the latter."""
    survival_h = {}
    for charging in ("never", "abundant"):
        overrides = {
            **NOBODY, "vehicles.charging": charging, "grid.schedule": "rolling", "grid.feeders": 2,
            "vehicles.mean_stay_h": 12.0, "vehicles.capacity_mean_kwh": 40, "vehicles.initial_soc_low": 0.35,
            "vehicles.initial_soc_high": 0.45, "vehicles.price_acceptance": False, "time.horizon_h": 12,
            "users.speed_m_per_s": 0.0,
        }  # fmt: skip
        world = started(brownout_world(3, overrides), 0)
        rule = baselines.make("independent")
        rule.reset(world)
        for _ in range(world.max_decisions):
            world.step(rule.act(world))
        survival_h[charging] = world.kpis()["survival_h"]
    assert np.all(survival_h["abundant"] >= survival_h["never"])
    assert survival_h["abundant"].mean() > survival_h["never"].mean() + 0.5


def test_never_is_the_default_and_charges_nothing() -> None:
    world = outage_world("urban7-medium")
    assert world.scenario.vehicles.charging == "never"
    play(world, "rotating-sleep")
    assert not world.trace()["ev_charge_kw"].any()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"vehicles.charging_soc": 0.1}, r"vehicles.charging_soc = 0.1.*must not be below battery.soc_min = 0.2"),
        ({"vehicles.charging_soc": 1.1}, r"charging_soc = 1.1: must lie in \[0, 1\]"),
        ({"vehicles.charging": "always"}, "charging = 'always'"),
        ({"vehicles.initial_soc_low": 0.2}, "needs initial_soc_low = 0.2 of at least soc_min = 0.33"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        outage_world("urban7-medium", 1, {**ABUNDANT, **overrides})
    if "vehicles.charging" not in overrides and overrides != {"vehicles.charging_soc": 1.1}:
        outage_world("urban7-medium", 1, overrides)  # without charging they say nothing
