"""When an episode starts and ends, and what may be asked before and after."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import assert_same, commands, outage_world, over
from tests.envs.episodes import started
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import EpisodeError, ScenarioError

NORMAL = [0, 0, 0]


def ending(world: BlackoutWorld) -> tuple[int, bool]:
    """Decision periods until the end, all in normal operation, and whether that was a termination."""
    started(world)
    for period in range(1, 1000):
        transition = world.step(commands(world, NORMAL))
        if over(transition):
            assert transition.terminated[0] != transition.truncated[0]
            return period, bool(transition.terminated[0])
    raise AssertionError("the episode does not end")


# In toy3 under normal operation survival is lost at minute 22; one of four critical users is without service then, so
# that more than 3 minutes are lacking after 13. A is down from minute 22 on, B from 36, C from 43.
@pytest.mark.parametrize(
    ("overrides", "periods"),
    [
        ({"survival.continuity_window_h": 2}, 8),
        ({"survival.continuity_window_h": 1}, 4),
        # The loss is known at the end of the third period only.
        ({"survival.continuity_window_h": 0.25}, 3),
        # By its length it is known at the end of the second, if 5 minutes are too long.
        ({"survival.continuity_window_h": 0.25, "survival.hold_s": 300}, 2),
        # Half of the three sites are down from minute 36 on, when the loss is known.
        ({"survival.end": "late"}, 3),
        # With a large battery at B and C half of them are never down; 1.5 h after minute 22 is minute 112.
        ({"survival.end": "late", "battery.initial_soc": [0.345, 1.0, 1.0]}, 8),
        ({"survival.end": "late", "battery.initial_soc": [0.345, 1.0, 1.0], "survival.late_margin_h": 0.5}, 4),
    ],
)
def test_termination(overrides: dict[str, Any], periods: int) -> None:
    assert ending(outage_world(overrides=overrides)) == (periods, True)


@pytest.mark.parametrize(
    ("overrides", "periods"),
    [
        ({"survival.end": "horizon"}, 16),
        ({"survival.end": "horizon", "time.horizon_h": 0.5}, 2),
        ({"time.horizon_h": 1.75}, 7),
        # Survival is not lost: the loss would be known from minute 35 on only.
        ({"time.horizon_h": 0.5, "survival.continuity_window_h": 0.25}, 2),
        # Half of the sites are down, and their batteries were no loss of critical users: nothing ends early.
        ({"survival.end": "late", "survival.critical_availability": 0.0}, 16),
    ],
)
def test_truncation_at_the_horizon(overrides: dict[str, Any], periods: int) -> None:
    assert ending(outage_world(overrides=overrides)) == (periods, False)


def test_an_end_by_both_is_a_termination() -> None:
    assert ending(outage_world(overrides={"time.horizon_h": 2})) == (8, True)


def test_truncation_after_a_number_of_decisions() -> None:
    world = outage_world()
    world.max_decisions = 3
    assert ending(world) == (3, False)


def test_survival_lost_is_told_when_it_is_known() -> None:
    world = started(outage_world())
    told = [bool(world.step(commands(world, NORMAL)).episode_infos["survival_lost"][0]) for _ in range(8)]
    assert told == [False] * 2 + [True] * 6
    assert world.kpis()["survival_h"][0] * 60.0 == pytest.approx(22.0)


@pytest.mark.parametrize("reason", ["has not been reset", "has ended its episode"])
def test_a_world_that_is_not_running_cannot_be_stepped(reason: str) -> None:
    world = outage_world(overrides={"time.horizon_h": 0.25})
    if "ended" in reason:
        started(world).step(commands(world, NORMAL))
    with pytest.raises(EpisodeError, match=f"world 0 {reason}: call reset"):
        world.step(commands(world, NORMAL))


def test_a_batch_needs_all_its_worlds_to_run() -> None:
    world = outage_world(n_worlds=2)
    world.reset([3, 0], np.array([True, False]))
    with pytest.raises(EpisodeError, match="world 1 has not been reset"):
        world.step(commands(world, NORMAL))


@pytest.mark.parametrize("seed", ["a", "7", None, 1.5, -1, True, float("nan")])
def test_bad_seeds_are_refused_and_change_nothing(seed: Any) -> None:
    """The first seed of the two is a good one: nothing may have happened to its world either."""
    world = started(outage_world(n_worlds=2))
    world.step(commands(world, NORMAL))
    before = world.get_state()
    with pytest.raises(ScenarioError, match=f"seed = {seed!r}: must be an integer of at least 0"):
        world.reset([5, seed])
    assert_same(world.get_state(), before)


@pytest.mark.parametrize(
    ("seeds", "mask", "message"),
    [
        ([0], None, "1 seeds for 2 worlds"),
        ([0, 1, 2], None, "3 seeds for 2 worlds"),
        ([0, 1], np.array([True]), "must be 2 flags"),
        ([0, 1], np.array([[True, False]]), "must be 2 flags"),
        ([0, 1], np.array([0, 1]), "must be 2 flags"),
        ([0, 1], np.array([0.0, 1.0]), "must be 2 flags"),
    ],
)
def test_a_reset_needs_a_seed_and_a_flag_per_world(seeds: list[int], mask: Any, message: str) -> None:
    world = started(outage_world(n_worlds=2))
    world.step(commands(world, NORMAL))
    before = world.get_state()
    with pytest.raises(EpisodeError, match=message):
        world.reset(seeds, mask)
    assert_same(world.get_state(), before)


def test_seeds_of_worlds_that_are_not_reset_do_not_matter() -> None:
    world = started(outage_world(n_worlds=2))
    world.step(commands(world, NORMAL))
    world.reset([-1, 4], np.array([False, True]))
    assert world.get_state()["episodes"]["seed"].tolist() == [0, 4]
    assert world.decision.tolist() == [1, 0]


def test_an_episode_after_another_is_as_the_first_one() -> None:
    """Whatever was done before, a reset starts the same episode as in a new world."""
    used, new = outage_world("urban7-medium"), outage_world("urban7-medium")
    started(used, seed=9)
    for _ in range(3):
        used.step(commands(used, [1] * 7))
    started(used, seed=4)
    started(new, seed=4)
    for _ in range(2):
        assert np.array_equal(used.observations()["bs"], new.observations()["bs"])
        assert_same(vars(used.step(commands(used, [0] * 7))), vars(new.step(commands(new, [0] * 7))))
    assert_same(used.kpis(), new.kpis())


def test_nothing_can_be_reported_before_the_first_step() -> None:
    world = started(outage_world())
    with pytest.raises(EpisodeError, match="no step has been made"):
        world.kpis()
    with pytest.raises(EpisodeError, match="the ledger is empty"):
        world.ledger()


def test_metrics_of_some_worlds_only() -> None:
    """Outside the mask there is no number, not even for a world that has none yet."""
    world = started(outage_world(n_worlds=3))
    world.step(commands(world, NORMAL))
    whole = world.kpis()
    world.reset([0, 0, 9], np.array([False, False, True]))
    chosen = world.kpis(np.array([False, True, False]))
    assert chosen.keys() == whole.keys()
    for name, values in chosen.items():
        assert np.isnan(values[[0, 2]]).all(), name
        assert values[1] == whole[name][1], name
    with pytest.raises(EpisodeError, match="world 2 has no metrics yet"):
        world.kpis(np.array([True, True, True]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_worlds": 0}, "n_worlds = 0"),
        ({"reward": "global"}, "reward = 'global'.*team, local, mixed"),
        ({"action_set": "all"}, "action_set = 'all'.*'paper' or 'extended'"),
        ({"action_form": "box"}, "action_form = 'box'.*'joint' or 'multi'"),
        ({"overrides": {"battery.soc_mni": 0.3}}, "did you mean 'soc_min'"),
        ({"overrides": {"battery.initial_soc": [0.5, 0.5]}}, "2 entries but layout.n_sites is 3"),
        ({"overrides": {"battery.soc_min": 0.4}}, "initial_soc = 0.345 must lie between soc_min = 0.4"),
        ({"overrides": {"battery.restart_margin": 0}}, "battery.restart_margin"),
        (
            {"overrides": {"battery.restart_margin": 0.9}},
            "restart_margin = 0.9 above soc_min = .* must not exceed soc_max",
        ),
        ({"overrides": {"cooperation.links": "all"}}, "cooperation.links"),
        ({"overrides": {"survival.window_s": 1200}}, "window_s = 1200 must not be shorter than hold_s = 1800"),
        ({"overrides": {"time.decision_period_s": 90}}, "integer multiple of physics_step_s = 60"),
        ({"overrides": {"users.count": 7}}, "positions_m has 8 entries but count is 7"),
    ],
)
def test_options_that_no_world_can_have(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        outage_world(**options)
