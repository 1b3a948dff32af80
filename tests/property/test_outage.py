"""What holds in the outage world whatever anybody does: under arbitrary codes, batteries and numbers of vehicles."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.envs.blackout.tools import assert_same, outage_world, over, same_transition
from tests.envs.episodes import started
from voltran.envs.blackout.world import BlackoutWorld
from voltran.physics.power import ASSISTED, HELPING, SLEEP

STEPS = 10
overrides = st.fixed_dictionaries(
    {
        "battery.initial_soc": st.sampled_from([0.25, 0.4, 0.8]),
        "battery.restart_margin": st.sampled_from([0.01, 0.05]),
        "vehicles.arrivals_per_day": st.sampled_from([0, 3, 20]),
        "cooperation.k_max": st.sampled_from([0, 1, 3]),
        "traffic.load_factor": st.sampled_from([0.5, 1.8]),
        "users.speed_m_per_s": st.sampled_from([0.0, 1.0]),
        "survival.end": st.just("horizon"),
        "time.horizon_h": st.just(STEPS / 4),
    }
)
seeds = st.integers(0, 2**31 - 1)


def small(seed: int, changes: dict[str, Any], n_worlds: int = 1) -> BlackoutWorld:
    """Worlds of seven sites and few users, so that many of them can be played."""
    world = outage_world("urban7-medium", n_worlds, {"users.count": 60, **changes}, action_set="extended")
    return started(world, seed)


def any_codes(world: BlackoutWorld, generator: np.random.Generator) -> dict[str, Any]:
    """Codes from the whole space, legal or not."""
    codes = generator.integers(world.codec.sizes[0], size=(world.n_worlds, world.constants.n_sites))
    return {"bs": codes}


@settings(max_examples=25)
@given(seeds, overrides)
def test_an_episode_keeps_its_bounds(seed: int, changes: dict[str, Any]) -> None:
    world, generator = small(seed, changes), np.random.default_rng(seed)
    battery, space = world.constants.battery, world.roles[0].observation_space
    for step in range(1, STEPS + 1):
        transition = world.step(any_codes(world, generator))
        state, ledger = world.get_state()["state"], world.ledger()
        assert np.all((state["soc"] >= battery.soc_min) & (state["soc"] <= battery.soc_max))
        assert np.all(state["ev_energy_kwh"] >= 0.0)
        assert np.abs(ledger["residual_kw"]).max() < 1e-9
        assert np.all((ledger["ev_kw"] >= 0.0) & (ledger["ev_kw"] <= 7.0 + 1e-9))
        assert np.all(ledger["battery_kw"] >= -battery.charge_limit_kw - 1e-9)
        assert np.all(ledger["battery_kw"] <= battery.discharge_limit_kw + 1e-9)
        assert np.isfinite(transition.rewards["bs"]).all()
        assert space.contains(world.observations()["bs"][0, 0])
        assert world.action_masks()["bs"].any(axis=-1).all()
        assert over(transition) == (step == STEPS)
        _check_sites(world, state)


def _check_sites(world: BlackoutWorld, state: dict[str, Any]) -> None:
    """Modes in force and who serves: the radio of the next minute is not known yet, so stale service is left out."""
    alive, mode, bands = state["alive"], state["mode"], state["band_bits"]
    assert np.all(mode[~alive] == SLEEP)
    helping = alive & (mode == HELPING)
    assert np.all(bands[helping] >> world.constants.lowest_band & 1)
    assert np.all(bands[alive & (mode == ASSISTED)] & ~world.constants.low_bands == 0)
    if not state["stale"][0]:
        servers = np.unique(state["service"]["server"][state["service"]["server"] >= 0])
        assert np.all(alive[0, servers] & (mode[0, servers] != SLEEP))
        assert not state["service"]["power_kw"][~alive].any()


@settings(max_examples=15)
@given(seeds, overrides)
def test_metrics_are_finite_and_within_their_bounds(seed: int, changes: dict[str, Any]) -> None:
    world, generator = small(seed, changes), np.random.default_rng(seed)
    for _ in range(STEPS):
        world.step(any_codes(world, generator))
    found = {name: float(values[0]) for name, values in world.kpis().items()}
    assert all(np.isfinite(value) for value in found.values())
    for name, value in found.items():
        if name.startswith(("availability", "continuity", "ev_utilisation")):
            assert 0.0 <= value <= 1.0 + 1e-9, name
        if name.endswith("_h"):
            assert value >= 0.0, name
    assert max(found["survival_h"], found["survival_15_h"]) <= found["survival_hold_h"] <= STEPS / 4
    assert found["first_depletion_h"] <= found["half_depleted_h"] <= STEPS / 4


@settings(max_examples=10)
@given(seeds, overrides, st.integers(0, STEPS - 1))
def test_any_moment_can_be_saved_and_continued(seed: int, changes: dict[str, Any], moment: int) -> None:
    world, other = small(seed, changes), small(seed + 1, changes)
    generator = np.random.default_rng(seed)
    for step in range(STEPS):
        if step == moment:
            other.set_state(world.get_state())
        actions = any_codes(world, generator)
        transition = world.step(actions)
        if step >= moment:
            same_transition(transition, other.step(actions))
    assert_same(world.get_state(), other.get_state())


@settings(max_examples=8)
@given(seeds, overrides, st.integers(0, 2))
def test_a_row_of_a_batch_is_a_world_of_its_own(seed: int, changes: dict[str, Any], row: int) -> None:
    batch, alone = small(seed, changes, n_worlds=3), small(seed + row, changes)
    generator = np.random.default_rng(seed)
    rows = slice(row, row + 1)
    for _ in range(STEPS):
        actions = any_codes(batch, generator)
        same_transition(alone.step({"bs": actions["bs"][rows]}), batch.step(actions), rows=rows)
        assert np.array_equal(alone.observations()["bs"], batch.observations()["bs"][rows])
    assert_same(alone.kpis(), batch.kpis(), rows=rows)


@pytest.mark.parametrize("scenario", ["urban19-light", "urban19-medium", "urban19-heavy", "urban37-medium"])
def test_every_shipped_network_plays(scenario: str) -> None:
    world, generator = started(outage_world(scenario)), np.random.default_rng(0)
    for _ in range(3):
        transition = world.step(any_codes(world, generator))
    assert not over(transition)
    assert np.abs(world.ledger()["residual_kw"]).max() < 1e-9
