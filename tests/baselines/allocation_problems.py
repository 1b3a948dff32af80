"""Random problems of power allocation, and an independent solver for them."""

from dataclasses import replace
from typing import Any

import cvxpy
import numpy as np

from voltran.baselines.dpa import AllocationProblem
from voltran.physics.market import cost_factor


def draw_problem(seed: int, **changed: Any) -> AllocationProblem:
    """Any kind of problem: few or many sites, with and without batteries, scarce or ample, barred from retailers."""
    rng = np.random.default_rng(seed)
    sites, retailers = int(rng.integers(1, 13)), int(rng.integers(1, 6))
    demand = rng.uniform(0.05, 3.0, sites) * rng.choice([1.0, 1.0, 0.1], sites)
    with_battery = rng.random(sites) < 0.5
    generation = rng.dirichlet(np.ones(retailers)) * demand.sum() * rng.uniform(0.4, 2.0)
    if rng.random() < 0.2:
        generation[0] = 0.0
    problem = AllocationProblem(
        generation_kw=generation,
        demand_kw=demand,
        least_kw=np.where(with_battery, demand * rng.uniform(0.0, 1.0, sites), demand),
        unit_cost=rng.uniform(0.02, 0.5, retailers),
        subscriber=rng.integers(0, retailers, sites)[:, None] == np.arange(retailers),
        access=rng.random((sites, retailers)) < rng.choice([1.0, 0.6]),
        quadratic=bool(rng.random() < 0.5),
        reference_kw=float(rng.choice([1.0, 0.1, 0.01])),
        value_of_lost_load=None if rng.random() < 0.4 else float(rng.uniform(0.3, 5.0)),
        priority_weight=rng.uniform(0.5, 2.0, sites),
        satisfaction="pair" if rng.random() < 0.5 else "site",
        cost_scope="pair" if rng.random() < 0.5 else "retailer",
    )
    return replace(problem, **changed)


def independent_optimum(problem: AllocationProblem) -> float | None:
    """The largest objective by Clarabel, from the formulas of [DPA]; None if sites cannot all be served."""
    power = cvxpy.Variable(problem.access.shape, nonneg=True)
    short = cvxpy.Variable(problem.demand_kw.size, nonneg=True)
    taken, factor = cvxpy.sum(power, axis=1), cost_factor(problem.subscriber, problem.priority)
    counted = taken if problem.satisfaction == "site" else power
    worth = problem.satisfaction_weight * cvxpy.sum(cvxpy.log1p(counted / problem.reference_kw))
    unit = problem.cost_weight * problem.unit_cost
    if problem.quadratic and problem.cost_scope == "retailer":
        paid = cvxpy.sum(cvxpy.multiply(unit, cvxpy.square(cvxpy.sum(cvxpy.multiply(factor**0.5, power), axis=0))))
    else:
        paid = cvxpy.sum(cvxpy.multiply(unit * factor, cvxpy.square(power) if problem.quadratic else power))
    limits = [
        cvxpy.sum(power, axis=0) <= problem.generation_kw,
        cvxpy.multiply(power, (~problem.access).astype(np.float64)) == 0.0,
        taken + short <= problem.demand_kw,
        taken + short >= problem.least_kw,
    ]
    if problem.value_of_lost_load is None:
        lost: Any = 0.0
        limits.append(short == 0.0)
    else:
        lost = cvxpy.sum(cvxpy.multiply(problem.value_of_lost_load * problem.priority_weight, short))
    # In watts costs reach billions, at which the solver loses its way.
    scale = max(1.0, float(np.max(unit, initial=0.0) * np.max(problem.demand_kw, initial=0.0)))
    program = cvxpy.Problem(cvxpy.Maximize((worth - paid - lost) / scale), limits)
    program.solve(solver=cvxpy.CLARABEL)
    return None if program.status == "infeasible" else scale * float(program.value)
