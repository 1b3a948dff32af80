"""What holds where sites share batteries, whatever anybody does: energy adds up, and nothing leaves its bounds."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.envs.blackout.tools import assert_same, same_transition
from tests.envs.episodes import started
from tests.envs.sharing.tools import random_actions
from voltran.envs.registry import make_world
from voltran.envs.sharing.world import SharingWorld

STEPS = 8
overrides = st.fixed_dictionaries(
    {
        "battery.initial_soc": st.sampled_from([0.1, 0.6, 1.0]),
        "battery.charge_efficiency": st.sampled_from([0.8, 1.0]),
        "battery.discharge_limit_kw": st.sampled_from([0.5, 50.0]),
        "solar.direct": st.booleans(),
        "solar.capacity_kw": st.sampled_from([0.0, 20.0]),
        "tariff.kind": st.sampled_from(["flat", "time_of_use"]),
        "grid.main_limit_kw": st.sampled_from([15.0, 60.0]),
        "grid.outages": st.sampled_from([[], [{"start_h": 1.0, "length_h": 0.5}]]),
        "weather.start_hour": st.sampled_from([0.0, 11.0]),
        "time.horizon_h": st.just(STEPS / 4),
    }
)
seeds = st.integers(0, 2**31 - 1)


def small(seed: int, changes: dict[str, Any], n_worlds: int = 1) -> SharingWorld:
    world = make_world("sharing12", n_worlds, {"network.infrastructures": 2, "forecast.ahead": [0, 1], **changes})
    assert isinstance(world, SharingWorld)
    return started(world, seed)


@settings(max_examples=25, deadline=None)
@given(seeds, overrides)
def test_an_episode_keeps_its_bounds(seed: int, changes: dict[str, Any]) -> None:
    world, generator = small(seed, changes), np.random.default_rng(seed)
    space = world.roles[0].observation_space
    for _ in range(STEPS):
        transition = world.step(random_actions(world, generator))
        ledger = world.ledger()
        assert np.abs(ledger["residual_kw"]).max() < 1e-9
        served = sum(ledger[name] for name in ("grid_kw", "battery_kw", "direct_kw", "unserved_kw"))
        np.testing.assert_allclose(served, ledger["demand_kw"], atol=1e-9)
        assert all((ledger[name] >= -1e-12).all() for name in ("grid_kw", "battery_kw", "direct_kw", "unserved_kw"))
        assert ((world.soc >= 0.0) & (world.soc <= 1.0 + 1e-12)).all()
        assert (world.capacity_kwh > 0.0).all()
        assert np.isfinite(transition.rewards["operator"]).all()
        assert all(space.contains(seen) for seen in world.observations()["operator"][0])
        assert world.state_space.contains(world.state()[0])
    metrics = world.kpis()
    assert metrics["cost_eur"][0] >= -1e-9 or changes["tariff.kind"] != "flat"


@settings(max_examples=8, deadline=None)
@given(seeds, overrides, st.integers(0, STEPS - 1))
def test_any_moment_can_be_saved_and_continued(seed: int, changes: dict[str, Any], moment: int) -> None:
    world, generator = small(seed, changes), np.random.default_rng(seed)
    actions = []
    for step in range(STEPS):
        if step == moment:
            snapshot = world.get_state()
        actions.append(random_actions(world, generator))
        last = world.step(actions[-1])
    other = small(seed + 1, changes)
    other.set_state(snapshot)
    for chosen in actions[moment:]:
        again = other.step(chosen)
    assert_same(world.get_state(), other.get_state())
    same_transition(last, again)
