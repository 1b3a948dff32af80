"""The least that an episode of sharing can cost, and how much of the largest saving an episode had."""

from collections.abc import Mapping

import numpy as np

from voltran.baselines.collective.program import sharing_program
from voltran.baselines.collective.world_problems import episode_problem
from voltran.baselines.solve import SolverError, solve_milp
from voltran.envs.sharing.world import SharingWorld
from voltran.envs.world_spec import Bound, Metrics

# Where hardly anything can be saved, no part of it can be told: less than the gap of plans, relative to the cost.
SMALL_SHARE = 1e-3


def least_cost(world: SharingWorld) -> dict[str, float]:
    """Lower bound of an episode's cost, ``cost_bound_eur``: a linear program per infrastructure, with all known.

    Sites may take any part of their power from the battery: that is what the world does where a battery cannot give
    all that it is asked for.

    Args:
        world: has been reset; its first episode counts.

    Raises:
        SolverError: a program could not be solved.
    """
    bounds = [_least_cost_of(world, infrastructure) for infrastructure in range(world.constants.n_infrastructures)]
    return {"cost_bound_eur": float(np.sum(bounds))}


def compare_cost(metrics: Metrics, best: Mapping[str, float]) -> dict[str, float | None]:
    """Metrics that compare an episode's cost with the least.

    Returns:
        ``captured_saving``: what was saved over the grid alone, as a share of the largest saving; None where that is
        nothing.
    """
    cost, alone = metrics["cost_eur"], metrics["grid_only_eur"]
    assert cost is not None
    assert alone is not None
    largest = alone - best["cost_bound_eur"]
    possible = largest > SMALL_SHARE * max(abs(alone), 1.0)
    return {"captured_saving": (alone - cost) / largest if possible else None}


LEAST_COST = Bound(least_cost, compare_cost)


def _least_cost_of(world: SharingWorld, infrastructure: int) -> float:
    problem = episode_problem(world, 0, infrastructure, relaxed=True)
    result = solve_milp(sharing_program(problem).program.relaxed())
    if result.status != "optimal":
        raise SolverError(f"the least cost of infrastructure {infrastructure} was not found ({result.status})")
    return result.objective
