"""Rules chosen with hindsight against playing every member of its portfolio to the end."""

import numpy as np
import pytest

from voltran.baselines.hindsight import HindsightRules, portfolio
from voltran.envs.controller import Controller
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.world import World

SEEDS = [3, 4, 5]
OVERRIDES = {
    "survival.end": "horizon",
    "time.horizon_h": 8,
    "users.count": 150,
    "layout.n_sites": 7,
    "retail.retailers": [{"source": "wind", "capacity_kw": 6.0}],
}


def seven_sites(n_worlds: int) -> World:
    return make_world("urban19-brownout-heavy", n_worlds, OVERRIDES)


def hours_of(controller: Controller, world: World, seeds: list[int]) -> np.ndarray:
    """Survival plus service of one episode per seed."""
    at_cost = RetailerCommands(np.full((len(seeds), 1), 0.06), np.zeros((len(seeds), 1)))
    world.reset(seeds)
    controller.reset(world)
    for _ in range(world.max_decisions):
        world.step({"retailer": at_cost, **controller.act(world)})
    kpis = world.kpis()
    return kpis["survival_h"] + kpis["service_hours"]


def test_choosing_once_gives_what_the_best_member_gives() -> None:
    world = seven_sites(3)
    members = [hours_of(member, world, SEEDS) for member in portfolio()]
    assert np.ptp(members, axis=0).min() > 0.1  # the choice matters
    np.testing.assert_array_equal(hours_of(HindsightRules(every=1000), world, SEEDS), np.max(members, axis=0))


def test_it_leaves_the_world_alone_and_plays_outages_too() -> None:
    world = make_world("urban7-medium", 1, {"users.count": 150, "time.horizon_h": 4})
    world.reset([5])
    rules = HindsightRules()
    rules.reset(world)
    before = world.state()
    assert set(rules.act(world)) == {"bs"}
    np.testing.assert_array_equal(world.state(), before)


@pytest.mark.parametrize("every", [0, 2.5])
def test_periods_are_whole(every: float) -> None:
    with pytest.raises(ScenarioError, match="every"):
        HindsightRules(every=every)  # type: ignore[arg-type]


def test_worlds_of_a_batch_that_end_at_different_times_are_chosen_for_alike() -> None:
    """Survival ends these episodes, of one seed sooner than of another."""
    together, alone = make_world("urban7-medium", 2), make_world("urban7-medium", 1)
    together.reset([1, 2])
    rules = HindsightRules()
    rules.reset(together)
    modes = rules.act(together)["bs"].mode
    for row, seed in enumerate([1, 2]):
        alone.reset([seed])
        rules.reset(alone)
        assert (rules.act(alone)["bs"].mode[0] == modes[row]).all()
