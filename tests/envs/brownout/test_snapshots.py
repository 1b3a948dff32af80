"""Snapshots and batches: neither changes anything, to the last bit."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import assert_same, same_transition
from tests.envs.brownout.tools import ROLLING, brownout_world, constant, play_randomly, random_actions
from tests.envs.episodes import started
from voltran.envs.errors import EpisodeError

OVERRIDES = [{}, {**ROLLING, "traffic.redraw_period_s": 1800.0}, {"retail.timing": "simultaneous"}]
NAMES = ["blackout", "rolling", "simultaneous"]
BATCH = 8


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("overrides", OVERRIDES, ids=NAMES)
def test_an_episode_goes_on_from_a_snapshot_with_its_posted_prices(overrides: dict[str, Any], steps: int) -> None:
    generator = np.random.default_rng(0)
    original = started(brownout_world(2, overrides))
    play_randomly(original, generator, steps)
    snapshot = original.get_state()
    # The other world has been through something else before.
    copy = started(brownout_world(2, overrides), 70)
    play_randomly(copy, generator, 5)
    copy.set_state(snapshot)
    assert_same(copy.get_state(), snapshot)
    assert_same(copy.observations(), original.observations())
    assert np.array_equal(copy.state(), original.state())
    for _ in range(3):
        actions = random_actions(original, generator)
        same_transition(original.step(actions), copy.step(actions))
        assert_same(copy.observations(), original.observations())
        assert_same(copy.ledger(), original.ledger())
    assert_same(copy.kpis(), original.kpis())
    assert_same(copy.trace(1), original.trace(1))
    assert_same(copy.get_state(), original.get_state())


def test_a_snapshot_stays_as_it_was_taken() -> None:
    world, generator = started(brownout_world(1, ROLLING)), np.random.default_rng(0)
    play_randomly(world, generator, 2)
    snapshot, again = world.get_state(), world.get_state()
    play_randomly(world, generator, 2)
    assert_same(snapshot, again)
    world.set_state(snapshot)
    play_randomly(world, generator, 2)
    assert_same(snapshot, again)


def test_a_snapshot_of_another_market_is_refused() -> None:
    world = started(brownout_world())
    before = world.get_state()
    with pytest.raises(EpisodeError, match="another scenario"):
        world.set_state(started(brownout_world(1, {"retail.price_cap_usd_per_kwh": 2.0})).get_state())
    assert_same(world.get_state(), before)


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"grid.feeder_limit_kw": 20.0, "retail.retailers": [constant(30.0, 50.0)]},
        {**ROLLING, "retail.retailers": [constant(7.0, 50.0), constant(5.0, 20.0)]},
    ],
    ids=["blackout", "one feeder, one retailer", "rolling"],
)
def test_a_world_of_a_batch_has_the_bits_of_the_same_world_alone(overrides: dict[str, Any]) -> None:
    overrides = {"layout.n_sites": 19, **overrides}
    batch, row = started(brownout_world(BATCH, overrides, reward="mixed")), 5
    alone, rows = started(brownout_world(1, overrides, reward="mixed"), row), slice(row, row + 1)
    generator = np.random.default_rng(0)
    for _ in range(5):
        actions = random_actions(batch, generator)
        one = {role: values[rows] for role, values in actions.items()}
        same_transition(alone.step(one), batch.step(actions), rows=rows)
        assert_same(alone.observations(), batch.observations(), rows=rows)
        assert_same(alone.action_masks(), batch.action_masks(), rows=rows)
        assert_same(alone.ledger(), batch.ledger(), rows=rows)
        assert np.array_equal(alone.state(), batch.state()[rows])
    assert_same(alone.kpis(), batch.kpis(), rows=rows)


def test_restarting_one_world_leaves_the_others_alone() -> None:
    world, twin = (started(brownout_world(3, ROLLING)) for _ in range(2))
    for each in (world, twin):
        play_randomly(each, np.random.default_rng(0), 3)
    world.reset([0, 40, 0], np.array([False, True, False]))
    fresh = started(brownout_world(1, ROLLING), 40)
    assert_same(fresh.observations(), world.observations(), rows=slice(1, 2))
    generator = np.random.default_rng(1)
    for _ in range(3):
        actions = random_actions(twin, generator)
        for role, values in random_actions(fresh, generator).items():
            actions[role][1] = values[0]
        restarted = world.step(actions)
        same_transition(fresh.step({role: values[1:2] for role, values in actions.items()}), restarted, slice(1, 2))
        continued = twin.step(actions)
        for row in (0, 2):
            assert np.array_equal(continued.rewards["bs"][row], restarted.rewards["bs"][row])
            assert np.array_equal(continued.rewards["retailer"][row], restarted.rewards["retailer"][row])
    kept, known = world.kpis(), twin.kpis()
    for row in (0, 2):
        assert {name: values[row] for name, values in kept.items() if np.isfinite(values[row])} == {
            name: values[row] for name, values in known.items() if np.isfinite(values[row])
        }
    assert_same(fresh.kpis(), kept, rows=slice(1, 2))
