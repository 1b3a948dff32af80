"""Survival: what loses it, when that is known, and what it pays."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.survival import lost_by_hand
from tests.envs.blackout.tools import commands, outage_world, over
from tests.envs.episodes import started
from voltran.envs.blackout.scenario import Survival
from voltran.envs.blackout.survival import (
    NOT_LOST,
    ROUNDING,
    first_loss,
    hold_rule,
    known_loss,
    loss_rule,
    update_losses,
)
from voltran.envs.blackout.world import BlackoutWorld
from voltran.physics.arrays import FloatArray
from voltran.physics.power import HELPING, NORMAL, SLEEP

MINUTE_S = 60.0
RULE = loss_rule(Survival(), MINUTE_S)
HOLD = hold_rule(Survival(), 1800.0, MINUTE_S)


def cycles(on: int, off: int, hours: float = 6.0, up: float = 1.0, down: float = 0.0) -> FloatArray:
    """Minutes of service and minutes without, in turn."""
    turn = np.concatenate([np.full(on, up), np.full(off, down)])
    return np.tile(turn, int(hours * 60 / turn.size) + 1)[: int(hours * 60)]


@pytest.mark.parametrize(
    ("critical", "lost_min"),
    [
        (cycles(15, 15), 15),
        (cycles(56, 4), 56),
        (cycles(57, 3), NOT_LOST),  # 0.95 on average is not too little
        (cycles(19, 1), NOT_LOST),  # the same, in shorter turns
        (cycles(57, 3, up=0.95, down=0.0), 57),  # the same dips, and never more than enough between them
        (cycles(30, 30, up=0.95, down=0.9 + 1e-6), 30),  # a run of half an hour, whatever its depth
        (cycles(60, 60, up=0.95, down=0.95), NOT_LOST),
        (cycles(60, 60, up=0.95 - 1e-12, down=0.95 - 1e-12), NOT_LOST),  # equal but for rounding
        (cycles(1, 1, up=0.951, down=0.949), NOT_LOST),  # its hours lack exactly as much as may be lacking
        (cycles(1, 1, up=0.951, down=0.948), 1),
    ],
)
def test_service_that_comes_and_goes(critical: FloatArray, lost_min: int) -> None:
    assert first_loss(critical, RULE) == lost_min


def test_what_differs_by_rounding_is_enough() -> None:
    """Exactly at the limit, and beyond it by the least that can be."""
    limit = RULE.threshold - ROUNDING
    assert first_loss(np.full(60, limit), HOLD) == NOT_LOST
    assert first_loss(np.full(60, np.nextafter(limit, 0.0)), HOLD) == 0


def random_series(generator: np.random.Generator) -> FloatArray:
    """Dips of all depths and lengths; half of the levels are such that ties occur."""
    levels = np.where(
        generator.random(60) < 0.5, generator.choice([1.0, 0.95, 0.9, 0.0], 60), generator.random(60) ** 0.1
    )
    return np.repeat(levels, generator.integers(1, 20, 60))[:360]


@pytest.mark.parametrize("seed", range(20))
def test_the_rule_is_its_definition(seed: int) -> None:
    critical = random_series(np.random.default_rng(seed))
    by_hand = lost_by_hand(critical)
    assert first_loss(critical, RULE) == (NOT_LOST if by_hand is None else by_hand)
    held = lost_by_hand(critical, deficit=np.inf)
    assert first_loss(critical, HOLD) == (NOT_LOST if held is None else held)


@pytest.mark.parametrize("seed", range(20))
def test_never_longer_than_by_the_hold_alone(seed: int) -> None:
    critical = random_series(np.random.default_rng(100 + seed))
    lost, held = first_loss(critical, RULE), first_loss(critical, HOLD)
    assert held == NOT_LOST or NOT_LOST < lost <= held


def test_what_comes_later_does_not_matter() -> None:
    """Step by step, with the future unknown, worlds of a batch find what the whole series gives."""
    series = np.stack([random_series(np.random.default_rng(seed)) for seed in range(30)])
    lost = np.full(30, NOT_LOST)
    for step in range(series.shape[1]):
        played = series.copy()
        played[:, step + 1 :] = np.nan
        update_losses(played, np.full(30, step), lost, RULE)
    assert lost.tolist() == [first_loss(critical, RULE) for critical in series]


def test_a_loss_is_known_as_soon_as_too_much_is_lacking() -> None:
    critical = np.concatenate([np.ones(10), np.zeros(50)])
    known = [known_loss(critical, step, RULE) for step in range(60)]
    assert known[:13] == [NOT_LOST] * 13
    assert known[13] == 10  # the fourth minute without service


def flapping(world: BlackoutWorld, period: int) -> list[int]:
    """All sites on, then all asleep, in turn."""
    return [NORMAL if period % 2 == 0 else SLEEP] * world.constants.n_sites


def played(world: BlackoutWorld, choose: Any, seed: int = 0) -> tuple[dict[str, float], float]:
    """Metrics of an episode, and the sum of its reward for survival."""
    started(world, seed=seed)
    paid = 0.0
    for period in range(world.max_decisions):
        transition = world.step(commands(world, choose(world, period)))
        paid += float(transition.episode_infos["reward_survival"][0])
        if over(transition):
            break
    return {name: float(value[0]) for name, value in world.kpis().items()}, paid


def test_flapping_does_not_outlive_a_network_that_serves() -> None:
    """Sites that sleep every other period last longer by the run alone, and must not by the rule."""
    overrides = {"survival.end": "horizon"}
    steady, _ = played(outage_world("urban7-medium", overrides=overrides), lambda world, _: [NORMAL] * 7)
    flaps, _ = played(outage_world("urban7-medium", overrides=overrides), flapping)
    assert flaps["survival_h"] <= steady["survival_h"]
    assert flaps["survival_hold_h"] > flaps["survival_h"]


@pytest.mark.parametrize("end", ["horizon", "late", "survival_lost"])
@pytest.mark.parametrize("choose", [flapping, lambda world, _: [HELPING] * 7, lambda world, _: [NORMAL] * 7])
@pytest.mark.parametrize("horizon_h", [2.5, 24.0])
def test_the_reward_pays_the_time_survived(end: str, choose: Any, horizon_h: float) -> None:
    overrides = {"survival.end": end, "time.horizon_h": horizon_h}
    world = outage_world("urban7-medium", overrides=overrides)
    found, paid = played(world, choose, seed=3)
    weights = world.scenario.reward
    assert paid == pytest.approx(weights.survival * found["survival_h"] / weights.reference_h, abs=1e-9)


@pytest.mark.parametrize("end", ["late", "survival_lost"])
def test_no_episode_ends_before_its_loss_is_known(end: str) -> None:
    for seed in range(4):
        world = outage_world("urban7-medium", overrides={"survival.end": end})
        found, _ = played(world, lambda world, _: [HELPING] * 7, seed)
        at_horizon = int(world.decision[0]) == world.max_decisions
        assert at_horizon or found["censored"] == 0.0
