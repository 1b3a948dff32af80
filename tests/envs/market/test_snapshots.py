"""Snapshots: taken in the middle of an episode and continued in another world, they change nothing, to the last bit."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import assert_same, same_transition
from tests.envs.episodes import started
from tests.envs.market.tools import SHORT, market_world, random_actions
from voltran.envs.errors import EpisodeError


@pytest.mark.parametrize("steps", [0, 1, 4])
@pytest.mark.parametrize("timing", ["posted", "simultaneous"])
def test_an_episode_goes_on_from_a_snapshot_as_if_nothing_had_happened(steps: int, timing: str) -> None:
    generator = np.random.default_rng(0)
    overrides = {**SHORT, "retail.timing": timing}
    original, copy = (started(market_world("market8", 2, overrides), seed) for seed in (0, 70))
    for _ in range(steps):
        original.step(random_actions(original, generator))
    snapshot = original.get_state()
    copy.step(random_actions(copy, generator))
    copy.set_state(snapshot)
    assert_same(copy.get_state(), snapshot)
    for _ in range(4):
        assert_same(copy.observations(), original.observations())
        assert np.array_equal(copy.state(), original.state())
        assert_same(copy.action_masks(), original.action_masks())
        actions = random_actions(original, generator)
        same_transition(original.step(actions), copy.step(actions))
    assert_same(copy.kpis(), original.kpis())
    assert_same(copy.trace(), original.trace())
    assert_same(copy.ledger(), original.ledger())


def test_a_snapshot_stays_as_it_was_taken() -> None:
    world = started(market_world(overrides=SHORT))
    snapshot, again = world.get_state(), world.get_state()
    world.step(random_actions(world, np.random.default_rng(0)))
    assert_same(snapshot, again)


@pytest.mark.parametrize(
    ("n_worlds", "overrides", "message"),
    [
        (1, {**SHORT, "retail.price_cap_usd_per_kwh": 2.0}, "another scenario"),
        (2, SHORT, "holds 2 worlds; this batch has 1"),
    ],
)
def test_a_snapshot_of_something_else_is_refused(n_worlds: int, overrides: dict[str, Any], message: str) -> None:
    world = started(market_world(overrides=SHORT))
    before = world.get_state()
    with pytest.raises(EpisodeError, match=message):
        world.set_state(started(market_world("market4", n_worlds, overrides)).get_state())
    assert_same(world.get_state(), before)


def test_calls_that_come_too_early_or_too_late() -> None:
    world, generator = market_world(overrides={**SHORT, "time.horizon_h": 0.25}), np.random.default_rng(0)
    with pytest.raises(EpisodeError, match="world 0 has not been reset"):
        world.step(random_actions(world, generator))
    started(world)
    with pytest.raises(EpisodeError, match="no metrics yet"):
        world.kpis()
    with pytest.raises(EpisodeError, match="the ledger is empty"):
        world.ledger()
    assert world.step(random_actions(world, generator)).truncated.all()
    with pytest.raises(EpisodeError, match="has ended its episode"):
        world.step(random_actions(world, generator))
