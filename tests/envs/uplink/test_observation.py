"""Observations: each entry is what the table says, computed anew from what the world tells; and always in its space."""

from typing import Any

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.uplink.tools import SMALL, random_codes, uplink_world
from voltran.envs.uplink.architecture import ARCHITECTURES
from voltran.envs.uplink.observation import UE
from voltran.envs.uplink.world import UplinkWorld


def expected(world: UplinkWorld, ubs: int, ue: int) -> dict[str, float]:
    """The fields about a UE, from the definitions."""
    gain = world.deployment().gain
    received_db = 10.0 * np.log10(gain[:, ue] * 100.0 / 10.0**-9.4)
    problem = world.problem()
    servers, rate = world.association[0][:, ue], world.rate_mbps[0, ue]
    last = world.trace()["time_h"].size - 1
    wanted = world._simulation.traffic_mbps[0, last, ue]
    return {
        "exists": 1.0,
        "gain": received_db[ubs],
        "behind": received_db.max() - received_db[ubs],
        "stronger": float((received_db > received_db[ubs]).sum()),
        "rate_min": problem.rate_min_mbps[problem.ue.tolist().index(ue)],
        "shortfall": max(wanted - rate, 0.0),
        "servers": float(servers.sum()),
        "own": float(servers[ubs]),
    }


@pytest.mark.parametrize("form", ["joint", "multi"])
def test_entries_are_what_the_table_says(form: str) -> None:
    overrides = {"quality.rate_min_mbps": 45.0, "time.start_h": 15.0}
    world = started(uplink_world("uplink20", overrides=overrides, action_form=form))
    generator = np.random.default_rng(0)
    for _ in range(5):
        world.step(random_codes(world, generator))
    vector = world.observations()["ubs"][0]
    assert [field.name for field in UE] == list(expected(world, 0, int(np.flatnonzero(world.active[0])[0])))
    seen = 10 if form == "joint" else 8
    assert vector.shape == (20, 3 + 8 * seen + 7)
    active = np.flatnonzero(world.active[0])
    gain = world.deployment().gain
    for ubs in range(20):
        order = active[np.argsort(-gain[ubs, active])] if form == "joint" else np.arange(8)
        for place in range(seen):
            entry = vector[ubs, 3 + 8 * place : 11 + 8 * place]
            if place >= len(order) or order[place] not in active:
                assert not entry.any()
                continue
            wanted = expected(world, ubs, int(order[place]))
            limits = [(wanted[field.name] / field.scale, field.low, field.high) for field in UE]
            np.testing.assert_allclose(entry, [np.clip(*limit) for limit in limits], rtol=1e-5, atol=1e-6)


def test_what_a_ubs_sees_of_itself_and_of_the_network() -> None:
    world, generator = started(uplink_world("uplink20", overrides={"time.start_h": 6.0})), np.random.default_rng(1)
    first = world.observations()["ubs"][0]
    assert first[:, 0].all()
    for _ in range(4):
        world.step(random_codes(world, generator))
    vector, association, rate = world.observations()["ubs"][0], world.association[0], world.rate_mbps[0]
    load = [(association[ubs] * rate / np.maximum(association.sum(axis=0), 1)).sum() for ubs in range(20)]
    np.testing.assert_allclose(vector[:, 0], world.awake[0])
    np.testing.assert_allclose(vector[:, 1], association.sum(axis=1) / 10.0)
    np.testing.assert_allclose(vector[:, 2], np.array(load) / 40.0, rtol=1e-5)
    trace = world.trace()
    network = [
        np.sin(2 * np.pi * 7.0 / 24.0),
        np.cos(2 * np.pi * 7.0 / 24.0),
        world.problem().rate_min_mbps.sum() / 160.0,
        world.active.mean(),
        world.awake.mean(),
        trace["energy_efficiency"][-1] / 0.5,
        trace["violations"][-1] / max(trace["active_ues"][-1], 1.0),
    ]
    np.testing.assert_allclose(vector[:, -7:], np.tile(network, (20, 1)), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("form", ["joint", "multi"])
def test_observations_and_states_stay_in_their_spaces(architecture: str, form: str) -> None:
    overrides: dict[str, Any] = {**SMALL, "layout.n_ubs": 4, "quality.rate_min_mbps": 300.0}
    world = started(uplink_world("uplink20", 2, overrides, architecture=architecture, action_form=form))
    generator, space = np.random.default_rng(0), world.roles[0].observation_space
    for _ in range(12):
        world.step(random_codes(world, generator))
        assert all(space.contains(entry) for entry in world.observations()["ubs"].reshape(-1, *(space.shape or ())))
        assert all(world.state_space.contains(entry) for entry in world.state())


def test_a_policy_can_move_between_networks_with_the_same_limits() -> None:
    small, large = (uplink_world(name) for name in ("uplink20", "uplink40"))
    assert small.roles[0].observation_space == large.roles[0].observation_space
    assert small.roles[0].action_space == large.roles[0].action_space


def test_the_state_holds_all_gains() -> None:
    world = started(uplink_world("uplink20-drop"))
    gain_db = 10.0 * np.log10(world.deployment().gain * 100.0 / 10.0**-9.4) / 50.0
    state = world.state()[0]
    start = 3 * 20 + 3 * 8
    np.testing.assert_allclose(state[start : start + 160], np.clip(gain_db, -1, 2).ravel(), rtol=1e-5)
