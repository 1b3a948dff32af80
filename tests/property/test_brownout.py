"""What holds in the brownout world whatever anybody does: arbitrary codes and prices, feeders, batteries, markets."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.envs.blackout.tools import Actions, assert_same, over, same_transition
from tests.envs.brownout.tools import brownout_world, constant
from tests.envs.episodes import started
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.retail.constants import PRICE_LEVELS

STEPS = 6
retailers = st.lists(
    st.sampled_from(
        [
            constant(8.0, 50.0),
            constant(30.0, 0.0),
            {"source": "wind", "capacity_kw": 14.0, "unit_cost_usd_per_mwh": 53.0},
            {"source": "solar", "capacity_kw": 5.0, "unit_cost_usd_per_mwh": 113.0},
        ]
    ),
    max_size=3,
)
overrides = st.fixed_dictionaries(
    {
        "retail.retailers": retailers,
        "retail.timing": st.sampled_from(["posted", "simultaneous"]),
        "retail.cost_model": st.sampled_from(["linear", "quadratic"]),
        "retail.priority": st.sampled_from([0.0, 0.4, 0.9]),
        "grid.schedule": st.sampled_from(["blackout", "rolling"]),
        "grid.feeders": st.sampled_from([2, 3]),
        "grid.turn_h": st.sampled_from([0.25, 0.4]),
        "grid.feeder_limit_kw": st.sampled_from([None, 3.0, 12.0]),
        "battery.initial_soc": st.sampled_from([0.25, 0.8]),
        "vehicles.arrivals_per_day": st.sampled_from([0, 20]),
        "time.horizon_h": st.just(STEPS / 4),
    }
)
seeds = st.integers(0, 2**31 - 1)


def any_actions(world: BrownoutWorld, generator: np.random.Generator) -> Actions:
    """Codes from the whole spaces, legal or not."""
    sizes = {"bs": world.purchase_codec.sizes[0], "retailer": PRICE_LEVELS}
    return {role.name: generator.integers(sizes[role.name], size=(world.n_worlds, role.count)) for role in world.roles}


@settings(max_examples=15)
@given(seeds, overrides)
def test_an_episode_keeps_its_bounds(seed: int, changes: dict[str, Any]) -> None:
    world, generator = started(brownout_world(1, changes), seed), np.random.default_rng(seed)
    limit_kw = changes["grid.feeder_limit_kw"] or np.inf
    feeder = np.arange(7) % changes["grid.feeders"]
    for step in range(1, STEPS + 1):
        transition = world.step(any_actions(world, generator))
        ledger, state = world.ledger(), world.get_state()["state"]
        assert np.abs(ledger["residual_kw"]).max() < 1e-9
        np.testing.assert_allclose(ledger["grid_kw"], ledger["main_kw"] + ledger["retail_kw"], atol=1e-9)
        assert np.bincount(feeder, ledger["grid_kw"][0]).max() <= limit_kw + 1e-9
        assert np.all(
            (state["soc"] >= world.constants.battery.soc_min) & (state["soc"] <= world.constants.battery.soc_max)
        )
        for role in world.roles:
            assert np.isfinite(transition.rewards[role.name]).all()
            assert all(role.observation_space.contains(seen) for seen in world.observations()[role.name][0])
            assert world.action_masks()[role.name].any(axis=-1).all()
        assert world.state_space.contains(world.state()[0])
        assert over(transition) == (step == STEPS)
    _check_accounts(world)


def _check_accounts(world: BrownoutWorld) -> None:
    """Nobody sells what there is not, every payment arrives, and the metrics are sums of the series."""
    series, found = world.trace(), {name: float(values[0]) for name, values in world.kpis().items()}
    assert np.all(series["sold_kw"] <= series["available_kw"] + 1e-9)
    assert np.all(series["bought_kw"] <= series["requested_kw"] + 1e-9)
    np.testing.assert_allclose(series["earned_usd"].sum(axis=1), series["paid_usd"], atol=1e-9)
    assert all(np.isfinite(value) for name, value in found.items() if name != "mean_price_usd_per_kwh")
    assert found["spilled_kwh"] >= -1e-9
    assert all(-1e-9 <= found[name] <= 1.0 + 1e-9 for name in ("fill", "sold_share"))
    profits = sum(value for name, value in found.items() if name.startswith("retailer_profit_usd_"))
    np.testing.assert_allclose(profits, found["retailer_profit_usd"], atol=1e-9)
    np.testing.assert_allclose(
        found["paid_usd"] - found["generation_cost_usd"], found["retailer_profit_usd"], atol=1e-9
    )


@settings(max_examples=6)
@given(seeds, overrides, st.integers(0, STEPS - 1), st.integers(0, 2))
def test_any_moment_of_any_world_can_be_saved_and_continued(
    seed: int, changes: dict[str, Any], moment: int, row: int
) -> None:
    batch, alone = started(brownout_world(3, changes), seed), started(brownout_world(1, changes), seed + row)
    other, generator = started(brownout_world(1, changes), seed + 7), np.random.default_rng(seed)
    rows = slice(row, row + 1)
    for step in range(STEPS):
        if step == moment:
            other.set_state(alone.get_state())
        actions = any_actions(batch, generator)
        mine = {role: values[rows] for role, values in actions.items()}
        transition = alone.step(mine)
        same_transition(transition, batch.step(actions), rows=rows)
        if step >= moment:
            same_transition(transition, other.step(mine))
    assert_same(alone.kpis(), batch.kpis(), rows=rows)
    assert_same(alone.get_state(), other.get_state())
