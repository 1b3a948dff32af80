"""The solvers behind one door."""

import difflib
from collections.abc import Callable
from typing import Any, NamedTuple

from voltran.baselines.dpa.allocation import Allocation
from voltran.baselines.dpa.dual_gradient import solve_dual_gradient
from voltran.baselines.dpa.dual_messages import DualGradientSettings
from voltran.baselines.dpa.interior_point import InteriorPointSettings, solve_interior_point
from voltran.baselines.dpa.newton import NewtonSettings, solve_newton
from voltran.baselines.dpa.problem import AllocationProblem
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
    """
    if method not in METHODS:
        close = difflib.get_close_matches(method, METHODS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ScenarioError(f"unknown method {method!r}: {hint}known methods: {', '.join(METHODS)}")
    entry = METHODS[method]
    return entry.run(problem, validated(entry.settings, settings, f"method {method}"))
