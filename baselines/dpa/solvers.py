"""The solvers behind one door."""

import difflib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from voltran.baselines.dpa.allocation import Allocation
from voltran.baselines.dpa.dual_gradient import solve_dual_gradient
from voltran.baselines.dpa.dual_messages import DualGradientSettings
from voltran.baselines.dpa.interior_point import InteriorPointSettings, solve_interior_point
from voltran.baselines.dpa.newton import NewtonSettings, solve_newton
from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.program import TOLERANCE
from voltran.baselines.solve import SolverError, solving
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section, validated


class Method(NamedTuple):
    """A solver and what can be set there."""

    run: Callable[[AllocationProblem, Any], Allocation]
    settings: type[Section]


METHODS: dict[str, Method] = {
    "interior_point": Method(solve_interior_point, InteriorPointSettings),
    "newton": Method(solve_newton, NewtonSettings),
    "dual_gradient": Method(solve_dual_gradient, DualGradientSettings),
}


def solve(problem: AllocationProblem, method: str = "interior_point", **settings: Any) -> Allocation:
    """Allocate power.

    Args:
        problem: what to solve.
        method: "interior_point", which solves everything; "newton", with messages between retailers and sites; or
            "dual_gradient", the paper's own.
        **settings: of the method, see its settings class.

    Raises:
        ScenarioError: an unknown method or setting, or a problem that the method is not for.
        SolverError: numbers have failed.
    """
    if method not in METHODS:
        close = difflib.get_close_matches(method, METHODS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ScenarioError(f"unknown method {method!r}: {hint}known methods: {', '.join(METHODS)}")
    entry = METHODS[method]
    chosen = validated(entry.settings, settings, f"method {method}")
    with solving(f"method {method}"):
        allocation = entry.run(problem, chosen)
        _require_allocation(problem, allocation)
    return allocation


def _require_allocation(problem: AllocationProblem, allocation: Allocation) -> None:
    """Make sure that there is as much power as is allocated, and that prices are numbers."""
    power_kw = allocation.power_kw
    numbers = (allocation.power_kw, allocation.unserved_kw, allocation.capacity_price, allocation.balance_price)
    allowed_kw = TOLERANCE * max(float(np.max(problem.demand_kw, initial=0.0)), 1.0)
    if (
        not all(np.isfinite(part).all() for part in numbers)
        or (power_kw < 0.0).any()
        or (power_kw.sum(axis=0) > problem.generation_kw + allowed_kw).any()
        or (power_kw.sum(axis=1) > problem.demand_kw + allowed_kw).any()
    ):
        raise SolverError("an allocation of more power than there is, or of none that is a number")
