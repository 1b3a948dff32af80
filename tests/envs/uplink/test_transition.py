"""What a decision brings: the outcome of the evaluation that controllers ask, put into state and series."""

from typing import Any

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.uplink.tools import CONSTANT, SMALL, asked, play, random_codes, strongest, uplink_world
from voltran.envs.uplink.architecture import ARCHITECTURES, ArchitectureName
from voltran.envs.uplink.problem import evaluate
from voltran.physics.uplink_control import eipc_power_mw


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_drop_is_what_its_problem_evaluates_to(architecture: ArchitectureName) -> None:
    world = started(uplink_world("uplink20-drop", 3, architecture=architecture), 5)
    problems = [world.problem(index) for index in range(3)]
    association = strongest(world, problems[0].ubs_per_ue)
    transition = world.step(asked(association))
    metrics = world.kpis()
    for index, problem in enumerate(problems):
        power_mw = eipc_power_mw(problem.gain, association[index].any(axis=1), 100.0)
        outcome = evaluate(problem, association[index], power_mw)
        assert metrics["energy_efficiency"][index] == pytest.approx(outcome.efficiency, rel=1e-12)
        assert metrics["network_power_w"][index] == pytest.approx(outcome.power_w, rel=1e-12)
        assert metrics["active_ubs"][index] == outcome.awake.sum()
        assert metrics["qos_violations"][index] == outcome.violations / 8
        assert metrics["qos_shortfall"][index] == pytest.approx(outcome.shortfall_mbps / 160.0)
        assert np.array_equal(world.rate_mbps[index], outcome.rate_mbps)
        assert np.array_equal(world.power_mw[index], power_mw)
    assert transition.truncated.all()
    assert not transition.terminated.any()
    assert np.array_equal(world.association, association)


def test_explicit_powers_are_obeyed() -> None:
    world = started(uplink_world("uplink20-drop"))
    power_mw = np.linspace(0.0, 100.0, 8)[None]
    world.step(asked(strongest(world), power_mw))
    assert np.array_equal(world.power_mw, power_mw)
    assert world.rate_mbps[0, 0] == 0.0
    assert world.kpis()["qos_violations"][0] >= 1 / 8


def test_silent_ues_send_nothing_and_are_served_by_nobody() -> None:
    world = started(uplink_world("uplink20"))
    for _ in range(30):
        active = world.active
        problem = world.problem()
        assert problem.ue.tolist() == np.flatnonzero(active[0]).tolist()
        world.step(asked(np.ones((1, 20, 8), dtype=bool), np.full((1, 8), 50.0)))
        assert not world.association[0][:, ~active[0]].any()
        assert not world.power_mw[0, ~active[0]].any()
        assert not world.rate_mbps[0, ~active[0]].any()
        assert world.association[0][:, active[0]].any(axis=0).all()


def test_a_moment_without_ues_is_dark_and_counts_nothing() -> None:
    world = started(uplink_world("uplink20", overrides={"traffic.night_share": 0.0, "ues.count": 2}, reward="local"))
    quiet = 0
    while not (world.decision[0] and world.decision[0] % 96 == 0):
        before, problem = world.active, world.problem()
        transition = world.step({"ubs": np.zeros((1, 20), dtype=np.int64)})
        assert np.isfinite(transition.rewards["ubs"]).all()
        if not before.any():
            quiet += 1
            assert problem.n_ues == 0
            assert not world.awake.any()
            power = world.architecture.power
            drawn = 20 * power.asleep_w + power.shared_w
            assert world.trace()["network_power_w"][-1] == pytest.approx(drawn)
            assert world.trace()["energy_efficiency"][-1] == 0.0
            assert not transition.rewards["ubs"].any()
    assert quiet > 5
    assert all(np.isfinite(values).all() for values in world.kpis().values())


def test_metrics_follow_from_the_trace() -> None:
    world = uplink_world("uplink20", overrides={"limits.ubs_per_ue": 1, "quality.rate_min_mbps": 40.0})
    play(world, 3)
    trace, metrics = world.trace(), {name: values[0] for name, values in world.kpis().items()}
    assert metrics["energy_efficiency"] == pytest.approx(trace["sum_rate_mbps"].sum() / trace["network_power_w"].sum())
    assert metrics["active_ubs"] == pytest.approx(trace["awake"].sum(axis=1).mean())
    assert metrics["qos_shortfall"] == pytest.approx(trace["shortfall_mbps"].sum() / trace["traffic_mbps"].sum())
    assert 0.0 < metrics["qos_violations"] == trace["violations"].sum() / trace["active_ues"].sum()
    awake = np.vstack([np.ones((1, 20), dtype=bool), trace["awake"]])
    assert metrics["wake_ups"] == (awake[1:] & ~awake[:-1]).sum() > 0
    assert np.array_equal(trace["time_h"], np.arange(96) / 4.0)
    ratio = trace["sum_rate_mbps"] / trace["network_power_w"]
    np.testing.assert_allclose(trace["energy_efficiency"], ratio)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_parts_of_the_power_add_up_to_the_whole(architecture: ArchitectureName) -> None:
    overrides = {**SMALL, "layout.n_ubs": 8, "limits.ubs_per_ue": 2, "power.load_split": "full"}
    world = started(uplink_world("uplink20", 2, overrides, architecture=architecture))
    generator = np.random.default_rng(0)
    for _ in range(12):
        world.step(random_codes(world, generator))
        ledger = world.ledger()
        assert np.abs(ledger["residual_kw"]).max() < 1e-12
        parts = sum(values.sum(axis=1) for name, values in ledger.items() if name != "residual_kw")
        drawn_w = [world.trace(index)["network_power_w"][-1] for index in range(2)]
        np.testing.assert_allclose(1000.0 * np.asarray(parts), drawn_w)


def test_channels_stay_for_an_episode_and_differ_between_them() -> None:
    world = started(uplink_world("uplink20", overrides=SMALL))
    first = world.deployment()
    play(world, 0)
    assert np.array_equal(world.deployment().gain, first.gain)
    started(world, 1)
    assert not np.array_equal(world.deployment().gain, first.gain)


@pytest.mark.parametrize("overrides", [{"radio.correlation": "local_scattering"}, {"ues.count": 14}])
def test_correlated_fading_and_shared_pilots_play(overrides: dict[str, Any]) -> None:
    world = uplink_world("uplink20-drop", 2, {**CONSTANT, **overrides}, reward="local")
    transitions = play(world)
    assert np.isfinite(transitions[0].rewards["ubs"]).all()
    assert (world.rate_mbps > 0.0).all()


def test_an_infeasible_minimum_is_reported_not_refused() -> None:
    world = started(uplink_world("uplink20-drop", overrides={"quality.rate_min_mbps": 500.0}))
    transition = world.step(asked(strongest(world)))
    assert world.kpis()["qos_violations"][0] == 1.0
    assert 0.0 < world.kpis()["qos_shortfall"][0] < 1.0
    assert np.isfinite(transition.rewards["ubs"]).all()


def test_horizon_and_decision_period_follow_the_scenario() -> None:
    world = uplink_world("uplink20", overrides={"time.horizon_h": 2, "time.decision_period_s": 1800, "time.start_h": 6})
    assert len(play(world)) == 4
    assert world.trace()["time_h"].tolist() == [6.0, 6.5, 7.0, 7.5]
    world.max_decisions = 3
    assert len(play(world)) == 3
