"""What one step of the outage world does, in which order, and what it counts."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import (
    LIVELY,
    assert_same,
    codes_of,
    commands,
    depleted_beside_a_vehicle,
    outage_world,
    over,
    play,
    random_codes,
    same_transition,
    site_columns,
)
from tests.envs.episodes import started
from voltran import baselines
from voltran.envs.blackout.world import BlackoutWorld
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP


def test_cached_service_is_the_fresh_one_bit_for_bit() -> None:
    cached, fresh = (started(outage_world("urban7-medium", 2, LIVELY, cache=cache)) for cache in (True, False))
    generator = np.random.default_rng(0)
    while True:
        actions = {"bs": random_codes(cached, generator)}
        transition = cached.step(actions)
        same_transition(transition, fresh.step(actions))
        assert np.array_equal(cached.observations()["bs"], fresh.observations()["bs"])
        if over(transition):
            break
    assert_same(cached.kpis(), fresh.kpis())
    assert_same(cached.get_state()["series"], fresh.get_state()["series"])
    assert not cached.alive.all()


def test_a_world_of_a_batch_plays_as_it_does_alone() -> None:
    batch = started(outage_world("urban7-medium", 8, LIVELY, trace_sites=True))
    alone = started(outage_world("urban7-medium", 1, LIVELY), seed=5)
    generator = np.random.default_rng(1)
    while True:
        codes = random_codes(batch, generator)
        together, single = batch.step({"bs": codes}), alone.step({"bs": codes[5:6]})
        same_transition(single, together, rows=slice(5, 6))
        assert np.array_equal(alone.state(), batch.state()[5:6])
        if over(together):
            break
    assert_same(alone.kpis(), batch.kpis(), rows=slice(5, 6))
    assert_same(alone.trace(), batch.trace(5))


def test_what_comes_from_outside_does_not_depend_on_the_controller() -> None:
    """Users, demands and vehicles are the same under two controllers, at every decision."""
    calm, restless = (started(outage_world("urban7-medium", 2, LIVELY)) for _ in range(2))
    generator = np.random.default_rng(2)
    independent = baselines.make("independent")
    table = {name: index for index, name in enumerate(site_columns(calm))}
    seen = [table["home_demand"], table["critical_users"], table["vehicles_present"]]
    for _ in range(16):
        calm.step(independent.act(calm))
        restless.step({"bs": random_codes(restless, generator)})
        first, second = (world.observations()["bs"][..., seen] for world in (calm, restless))
        assert np.array_equal(first, second)
    assert not np.array_equal(calm.mode, restless.mode)


def test_the_ledger_closes_in_every_physics_step() -> None:
    world = outage_world("urban7-medium", 2, LIVELY)
    play(world, "random")
    assert world.kpis()["ledger_residual_kw"].max() < 1e-9
    assert np.abs(world.ledger()["residual_kw"]).max() < 1e-9
    ledger = world.ledger()
    supplied = ledger["battery_kw"] + ledger["ev_kw"] + ledger["grid_kw"] + ledger["pv_kw"] + ledger["unserved_kw"]
    assert np.abs(ledger["load_kw"] - supplied).max() < 1e-9


@pytest.mark.parametrize("controller", ["independent", "rotating-sleep"])
def test_energy_is_conserved_over_an_episode(controller: str) -> None:
    """What batteries and vehicles hold less is what sites drew and batteries lost, minute by minute."""
    world = started(outage_world("urban7-medium", 1, {**LIVELY, "time.decision_period_s": 60.0}))
    held_kwh, spent_kwh = _held_kwh(world), np.zeros(7)
    rule = baselines.make(controller)
    rule.reset(world)
    for _ in range(240):
        world.step(rule.act(world))
        ledger = world.ledger()
        spent_kwh += (ledger["load_kw"] - ledger["unserved_kw"] + ledger["loss_kw"])[0] / 60.0
        np.testing.assert_allclose(held_kwh - _held_kwh(world), spent_kwh, atol=1e-9)
    assert spent_kwh.sum() > 10.0
    assert world.trace()["ev_kw"].sum() > 0.0


def _held_kwh(world: BlackoutWorld) -> np.ndarray[Any, np.dtype[np.float64]]:
    in_vehicles = world.get_state()["state"]["ev_energy_kwh"][0].sum(axis=-1)
    return np.asarray(_soc(world) * world.constants.battery.capacity_kwh + in_vehicles)


def _soc(world: BlackoutWorld) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(world.get_state()["state"]["soc"][0])


def test_a_dying_site_serves_its_last_minute() -> None:
    """Site A of toy3 runs dry in minute 21: users 0 and 2 are without it from minute 22 on."""
    world = outage_world()
    play(world, "independent")
    trace = world.trace()
    assert trace["alive"][20:24, 0].tolist() == [1, 1, 0, 0]
    assert trace["soc"][22, 0] == pytest.approx(world.constants.battery.soc_min)
    assert trace["critical"][20:24].tolist() == [1.0, 1.0, 0.75, 0.75]
    assert trace["satisfaction"][20:24].tolist() == [1.0, 1.0, 0.75, 0.75]
    # 1.45 kWh last for 21.75 minutes: a quarter of minute 21 is not supplied.
    assert trace["power_kw"][20:24, 0].tolist() == [4.0, 4.0, 0.0, 0.0]
    assert world.kpis()["unserved_kwh"][0] * 60.0 == pytest.approx(4.0 * (0.25 + 0.75 + 0.25))


def test_a_dead_site_has_only_the_no_op_serves_nobody_and_draws_nothing() -> None:
    world = started(outage_world())
    for _ in range(2):  # A is down from minute 22 on
        world.step({"bs": codes_of(world, [NORMAL] * 3)})
    assert world.alive.tolist() == [[False, True, True]]
    mask = world.action_masks()["bs"][0]
    assert mask[0].sum() == 1
    assert np.flatnonzero(mask[0]) == codes_of(world, [SLEEP])[0]
    transition = world.step({"bs": codes_of(world, [NORMAL, NORMAL, NORMAL])})
    assert transition.agent_infos["bs"]["projected"].tolist() == [[True, False, False]]
    state = world.get_state()["state"]
    assert 0 not in state["service"]["server"]
    assert not state["service"]["traffic_mbps"][0, 0].any()
    assert world.ledger()["load_kw"][0, 0] == 0.0
    assert world.ledger()["unserved_kw"][0, 0] == 0.0


def test_a_recharged_site_comes_back_asleep_and_can_then_be_used() -> None:
    """Its vehicle alone cannot carry the 4 kW that it needs, so that the battery must be recharged first."""
    world = depleted_beside_a_vehicle(**{"vehicles.site_limit_kw": 3.0})
    battery, margin = world.constants.battery, world.scenario.battery.restart_margin
    modes = commands(world, [NORMAL] * 3)
    world.step(modes)
    trace = world.trace()
    # 3 kW for a minute at an efficiency of 0.95, out of 12.5 kWh.
    gained = 3.0 / 60.0 * 0.95 / 12.5
    np.testing.assert_allclose(trace["soc"][:14, 0], battery.soc_min + gained * np.arange(14), atol=1e-12)
    back = int(np.ceil(margin / gained))
    assert trace["alive"][:15, 0].tolist() == [0.0] * back + [1.0] * (15 - back)
    # Awake again, it draws what a sleeping site does until the next decision.
    assert np.unique(trace["power_kw"][back:15, 0]) == 0.4
    assert trace["mode"][back:15, 0].tolist() == [SLEEP] * (15 - back)
    world.step(modes)
    assert world.mode[0, 0] == NORMAL
    assert world.trace()["power_kw"][15, 0] == 4.0


def test_vehicles_at_a_dead_site_recharge_it_though_no_power_was_asked_for() -> None:
    world = depleted_beside_a_vehicle()
    world.step({"bs": codes_of(world, [SLEEP, NORMAL, NORMAL])})
    assert world.alive[0, 0]


def test_mode_changes_of_live_sites_count_from_the_second_decision_on() -> None:
    world = started(outage_world())
    counted = []
    for modes in ([HELPING, SLEEP, NORMAL], [HELPING, NORMAL, ASSISTED], [NORMAL] * 3, [SLEEP] * 3):
        world.step(commands(world, modes))
        counted.append(world.get_state()["state"]["switches"][0].tolist())
    # A is down from minute 22 on, so that only B and C change in the third and fourth period.
    assert counted == [[0, 0, 0], [0, 1, 1], [0, 1, 2], [0, 2, 3]]
    assert world.trace()["switches"].nonzero()[0].tolist() == [15, 30, 45]
    assert world.trace()["switches"].sum() == 5


def test_handovers_are_changes_of_server_between_served_minutes() -> None:
    """Users of toy3: see its own test for who reaches whom; nobody is served in the second period."""
    world = started(outage_world())
    for modes in ([NORMAL] * 3, [SLEEP] * 3, [SLEEP, HELPING, SLEEP], [SLEEP, HELPING, SLEEP]):
        world.step(commands(world, modes))
    # First 0, 1, 2 are with A, 3 and 4 with B, 5, 6 and 7 with C; in the end all are with B.
    handovers = world.trace()["handovers"]
    assert handovers.nonzero()[0].tolist() == [30]
    assert handovers[30] == 6


def test_the_executed_mode_is_the_asked_one_unless_repaired() -> None:
    world = started(outage_world("urban7-medium", 4, {"battery.capacity_kwh": 60}))
    generator = np.random.default_rng(3)
    repaired = 0
    for _ in range(12):
        codes = random_codes(world, generator)
        infos = world.step({"bs": codes}).agent_infos["bs"]
        assert world.alive.all()
        asked = world.codec.code_mode[codes]
        assert np.array_equal(world.mode, np.where(infos["repaired"], NORMAL, asked))
        assert np.array_equal(infos["repaired"], world.mode != asked)
        needs = (world.mode == HELPING) | (world.mode >= ASSISTED)
        assert np.all((infos["links"] > 0) == needs)
        assert infos["links"].max() <= world.scenario.cooperation.k_max
        repaired += int(infos["repaired"].sum())
    assert repaired > 0


def test_a_world_that_is_reset_beside_another_leaves_it_alone() -> None:
    """Site A dies in the very last minute of the first period; resetting the other world must not touch that."""
    overrides = {"battery.initial_soc": [0.296, 0.435, 0.485]}  # A: 0.96 kWh, down from minute 15 on
    batch, alone = started(outage_world(n_worlds=2, overrides=overrides)), started(outage_world(overrides=overrides))
    for step in range(3):
        together = batch.step(commands(batch, [HELPING] * 3))
        same_transition(alone.step(commands(alone, [HELPING] * 3)), together, rows=slice(0, 1))
        batch.reset([99, 7], np.array([False, True]))
        assert np.array_equal(batch.observations()["bs"][:1], alone.observations()["bs"]), step
    assert batch.kpis(np.array([True, False]))["handovers_per_user"][0] == alone.kpis()["handovers_per_user"][0] > 0.0
