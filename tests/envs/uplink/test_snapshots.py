"""Snapshots: taken in the middle of an episode and continued in another world, they change nothing, to the last bit."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import assert_same, same_transition
from tests.envs.episodes import started
from tests.envs.uplink.tools import SMALL, random_codes, uplink_world
from voltran.envs.errors import EpisodeError

CORRELATED = {**SMALL, "radio.correlation": "local_scattering"}


@pytest.mark.parametrize("steps", [0, 1, 5])
@pytest.mark.parametrize(
    "overrides", [SMALL, {**SMALL, "radio.correlation": "local_scattering"}], ids=["plain", "correlated"]
)
def test_an_episode_goes_on_from_a_snapshot_as_if_nothing_had_happened(steps: int, overrides: dict[str, Any]) -> None:
    generator = np.random.default_rng(0)
    original, copy = (started(uplink_world("uplink20", 2, overrides, reward="local"), seed) for seed in (0, 70))
    for _ in range(steps):
        original.step(random_codes(original, generator))
    snapshot = original.get_state()
    copy.step(random_codes(copy, generator))
    copy.set_state(snapshot)
    assert_same(copy.get_state(), snapshot)
    for _ in range(5):
        assert np.array_equal(copy.observations()["ubs"], original.observations()["ubs"])
        assert np.array_equal(copy.state(), original.state())
        assert np.array_equal(copy.action_masks()["ubs"], original.action_masks()["ubs"])
        actions = random_codes(original, generator)
        same_transition(original.step(actions), copy.step(actions))
    assert_same(copy.kpis(), original.kpis())
    assert_same(copy.trace(), original.trace())
    assert_same(copy.ledger(), original.ledger())


def test_a_snapshot_stays_as_it_was_taken() -> None:
    world = started(uplink_world(overrides=SMALL))
    snapshot, again = world.get_state(), world.get_state()
    world.step(random_codes(world, np.random.default_rng(0)))
    assert_same(snapshot, again)


@pytest.mark.parametrize(
    ("n_worlds", "options", "message"),
    [
        (1, {"overrides": {**SMALL, "quality.rate_min_mbps": 10.0}}, "another scenario"),
        (1, {"overrides": SMALL, "architecture": "uc-cell-free"}, "another scenario or other options"),
        (2, {"overrides": SMALL}, "holds 2 worlds; this batch has 1"),
    ],
)
def test_a_snapshot_of_something_else_is_refused(n_worlds: int, options: dict[str, Any], message: str) -> None:
    world = started(uplink_world(overrides=SMALL))
    before = world.get_state()
    with pytest.raises(EpisodeError, match=message):
        world.set_state(started(uplink_world("uplink20", n_worlds, **options)).get_state())
    assert_same(world.get_state(), before)
