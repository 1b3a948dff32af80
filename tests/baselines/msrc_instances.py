"""Planning problems that the tests of MSRC's solvers share, and their optimum by brute force."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from tests.envs.blackout.tools import outage_world
from tests.envs.episodes import started
from voltran.baselines.msrc.evaluation import Evaluator
from voltran.baselines.msrc.instance import Instance
from voltran.baselines.msrc.planner import Planner
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.physics.arrays import IntArray

FOUR_SITES_M = [[0.0, 0.0], [500.0, 0.0], [250.0, 433.0], [1200.0, 0.0]]


def instance_of(scenario: str, seed: int = 0, overrides: dict[str, Any] | None = None, **settings: Any) -> Instance:
    """The planning problem at the start of an episode; settings that differ from the defaults by keyword."""
    world = started(outage_world(scenario, overrides=overrides), seed)
    return Planner(world, 0, PlannerSettings(**settings)).instance()


def four_sites(seed: int = 0, users: int = 80, **settings: Any) -> Instance:
    """Three sites in a triangle and one that is too far for some of them, with users at random around them."""
    generator = np.random.default_rng(seed)
    near = np.array(FOUR_SITES_M)[generator.integers(0, 4, users)] + generator.normal(0.0, 150.0, (users, 2))
    # Explicit positions replace those of the scenario's hexagons.
    overrides = {
        "layout.n_sites": 4,
        "layout.positions_m": FOUR_SITES_M,
        "users.count": users,
        "users.positions_m": near.round(1).tolist(),
        "users.covered_at_start": False,
        "traffic.load_factor": 2.0,
    }
    instance = instance_of("urban7-medium", seed, overrides, **settings)
    return replace(instance, energy_kwh=generator.uniform(1.0, 12.0, 4))


def mid_outage(seed: int, dead: int = 0, **settings: Any) -> Instance:
    """Seven sites with unequal batteries and modes in force, the last ``dead`` of them down."""
    generator = np.random.default_rng(seed)
    instance = instance_of("urban7-medium", seed, {}, **settings)
    alive = np.arange(7) < 7 - dead
    return replace(
        instance,
        alive=alive,
        energy_kwh=np.where(alive, generator.uniform(0.5, 12.0, 7), 0.0),
        previous_mode=np.where(alive, generator.integers(0, 3, 7), 3),
    )


def all_plans(instance: Instance) -> Iterator[IntArray]:
    """Every combination of options of live sites; the others sleep."""
    choices = [range(instance.sleep + 1) if alive else [instance.sleep] for alive in instance.alive]
    return (np.array(plan, dtype=np.int64) for plan in product(*choices))


def brute_force(instance: Instance) -> tuple[float, IntArray]:
    """Least cost of all feasible plans, and the plan."""
    evaluator = Evaluator(instance)
    best_cost, best = np.inf, np.zeros(0, dtype=np.int64)
    for plan in all_plans(instance):
        if instance.is_feasible(plan):
            cost = evaluator.cost(plan, best_cost)
            if cost is not None and cost < best_cost:
                best_cost, best = cost, plan
    return best_cost, best


# Few enough live sites for brute force.
SMALL: dict[str, Callable[[], Instance]] = {
    "three sites in a row": partial(instance_of, "toy3"),
    "four sites": four_sites,
    "four sites, other users": partial(four_sites, 1),
    "levelling": partial(four_sites, 2, objective="levelling"),
    "extended": partial(instance_of, "toy3", command_set="extended"),
    "two dead": partial(mid_outage, 0, 2),
    "three dead": partial(mid_outage, 1, 3),
    "literal links": lambda: replace(mid_outage(2, 3), literal_links=True, k_max=1),
    "one link each": lambda: replace(mid_outage(3, 3), k_max=1),
    "unlimited links": lambda: replace(mid_outage(4, 3), k_max=7),
    "no links": lambda: replace(four_sites(3), k_max=0),
}
