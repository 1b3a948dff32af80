"""Snapshots: taken in the middle of an episode and continued in another world, they change nothing, to the last bit."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import LIVELY, assert_same, commands, outage_world, random_codes, same_transition
from tests.envs.episodes import started
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import EpisodeError


def stepped(world: BlackoutWorld, steps: int, generator: np.random.Generator) -> BlackoutWorld:
    """The world some random decisions later."""
    for _ in range(steps):
        world.step({"bs": random_codes(world, generator)})
    return world


@pytest.mark.parametrize("steps", [0, 1, 5])
@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"users.speed_m_per_s": 1.0},
        {"traffic.redraw_period_s": 900.0},
        {**LIVELY, "traffic.redraw_period_s": 1800.0},
    ],
    ids=["still", "walking", "redrawn", "lively"],
)
def test_an_episode_goes_on_from_a_snapshot_as_if_nothing_had_happened(steps: int, overrides: dict[str, Any]) -> None:
    generator = np.random.default_rng(0)
    original = stepped(started(outage_world("urban7-medium", 2, overrides)), steps, generator)
    snapshot = original.get_state()
    # The other world has been through something else before.
    copy = stepped(started(outage_world("urban7-medium", 2, overrides), seed=70), 3, generator)
    copy.set_state(snapshot)
    assert_same(copy.get_state(), snapshot)
    assert np.array_equal(copy.observations()["bs"], original.observations()["bs"])
    assert np.array_equal(copy.state(), original.state())
    assert np.array_equal(copy.action_masks()["bs"], original.action_masks()["bs"])
    for _ in range(5):
        actions = {"bs": random_codes(original, generator)}
        same_transition(original.step(actions), copy.step(actions))
        assert np.array_equal(copy.observations()["bs"], original.observations()["bs"])
    assert_same(copy.kpis(), original.kpis())
    assert_same(copy.get_state(), original.get_state())
    assert_same(copy.ledger(), original.ledger())


def test_a_snapshot_stays_as_it_was_taken() -> None:
    world = started(outage_world())
    world.step(commands(world, [0, 0, 0]))
    snapshot = world.get_state()
    again = world.get_state()
    world.step(commands(world, [1, 1, 1]))
    assert_same(snapshot, again)


def test_one_snapshot_can_be_continued_many_times() -> None:
    world = started(outage_world())
    world.step(commands(world, [0, 0, 0]))
    snapshot = world.get_state()
    outcomes = []
    for _ in range(2):
        world.set_state(snapshot)
        outcomes.append(world.step(commands(world, [1, 1, 1])))
    same_transition(outcomes[0], outcomes[1])


@pytest.mark.parametrize(
    ("n_worlds", "overrides", "message"),
    [(1, {"battery.restart_margin": 0.1}, "another scenario"), (2, {}, "holds 2 worlds; this batch has 1")],
)
def test_a_snapshot_of_something_else_is_refused(n_worlds: int, overrides: dict[str, Any], message: str) -> None:
    world = started(outage_world())
    before = world.get_state()
    with pytest.raises(EpisodeError, match=message):
        world.set_state(started(outage_world(n_worlds=n_worlds, overrides=overrides)).get_state())
    assert_same(world.get_state(), before)


@pytest.mark.parametrize("trace_sites", [True, False])
def test_a_snapshot_with_another_trace_is_refused(trace_sites: bool) -> None:
    world, other = (started(outage_world(trace_sites=kept)) for kept in (trace_sites, not trace_sites))
    other.step(commands(other, [0, 0, 0]))
    before = world.get_state()
    with pytest.raises(EpisodeError, match=r"snapshot\['series'\] has"):
        world.set_state(other.get_state())
    assert_same(world.get_state(), before)
