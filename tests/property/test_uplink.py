"""What holds in the uplink world whatever anybody does: under arbitrary codes, networks and traffic."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.envs.blackout.tools import assert_same, same_transition
from tests.envs.episodes import started
from tests.envs.uplink.tools import random_codes, uplink_world
from voltran.envs.uplink.architecture import ARCHITECTURES
from voltran.envs.uplink.world import UplinkWorld

STEPS = 8
overrides = st.fixed_dictionaries(
    {
        "layout.n_ubs": st.sampled_from([4, 8]),
        "ues.count": st.sampled_from([1, 5, 12]),
        "limits.ubs_per_ue": st.integers(1, 4),
        "limits.ues_per_ubs": st.sampled_from([3, 10]),
        "radio.pilot_symbols": st.sampled_from([4, 10]),
        "radio.correlation": st.sampled_from(["none", "local_scattering"]),
        "quality.rate_min_mbps": st.sampled_from([5.0, 200.0]),
        "traffic.night_share": st.sampled_from([0.0, 0.5]),
        "traffic.silent_below": st.sampled_from([0.0, 0.5]),
        "time.horizon_h": st.just(STEPS / 4),
    }
)
options = st.fixed_dictionaries(
    {"architecture": st.sampled_from(ARCHITECTURES), "action_form": st.sampled_from(["joint", "multi"])}
)
seeds = st.integers(0, 2**31 - 1)


def small(seed: int, changes: dict[str, Any], choices: dict[str, Any], n_worlds: int = 1) -> UplinkWorld:
    return started(uplink_world("uplink20", n_worlds, changes, reward="local", **choices), seed)


@settings(max_examples=30, deadline=None)
@given(seeds, overrides, options)
def test_an_episode_keeps_its_limits(seed: int, changes: dict[str, Any], choices: dict[str, Any]) -> None:
    world, generator = small(seed, changes, choices), np.random.default_rng(seed)
    network, space = world.architecture, world.roles[0].observation_space
    for step in range(1, STEPS + 1):
        active = world.active
        transition = world.step(random_codes(world, generator))
        association = world.association
        servers, served = association.sum(axis=1), association.sum(axis=2)
        assert np.all(servers[active] >= 1)
        assert not servers[~active].any()
        assert servers.max(initial=0) <= network.ubs_per_ue
        assert served.max(initial=0) <= network.ues_per_ubs
        assert np.array_equal(world.awake, association.any(axis=2))
        assert np.all((world.power_mw >= 0.0) & (world.power_mw <= 100.0 + 1e-9))
        assert np.all(world.rate_mbps[active] > 0.0)
        assert np.isfinite(transition.rewards["ubs"]).all()
        assert np.abs(world.ledger()["residual_kw"]).max() < 1e-9
        assert all(space.contains(entry) for entry in world.observations()["ubs"][0])
        assert world.state_space.contains(world.state()[0])
        assert world.action_masks()["ubs"][..., 0].all()
        assert transition.truncated.all() == (step == STEPS)
    found = {name: float(values[0]) for name, values in world.kpis().items()}
    assert all(np.isfinite(value) and value >= 0.0 for value in found.values())
    assert max(found["qos_violations"], found["qos_shortfall"]) <= 1.0


@settings(max_examples=10, deadline=None)
@given(seeds, overrides, options, st.integers(0, STEPS - 1))
def test_any_moment_can_be_saved_and_continued(
    seed: int, changes: dict[str, Any], choices: dict[str, Any], moment: int
) -> None:
    world, other = small(seed, changes, choices), small(seed + 1, changes, choices)
    generator = np.random.default_rng(seed)
    for step in range(STEPS):
        if step == moment:
            other.set_state(world.get_state())
        actions = random_codes(world, generator)
        transition = world.step(actions)
        if step >= moment:
            same_transition(transition, other.step(actions))
    assert_same(world.get_state(), other.get_state())


@settings(max_examples=10, deadline=None)
@given(seeds, overrides, options, st.integers(0, 2))
def test_a_row_of_a_batch_is_a_world_of_its_own(
    seed: int, changes: dict[str, Any], choices: dict[str, Any], row: int
) -> None:
    batch, alone = small(seed, changes, choices, n_worlds=3), small(seed + row, changes, choices)
    generator = np.random.default_rng(seed)
    rows = slice(row, row + 1)
    for _ in range(STEPS):
        actions = random_codes(batch, generator)
        same_transition(alone.step({"ubs": actions["ubs"][rows]}), batch.step(actions), rows=rows)
        assert np.array_equal(alone.observations()["ubs"], batch.observations()["ubs"][rows])
    assert_same(alone.kpis(), batch.kpis(), rows=rows)
