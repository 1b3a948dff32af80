"""Which optimisation solvers work here: each one solves a problem whose optimum is known by hand.

The solvers are found by name, so that looking for one never needs it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from scipy import optimize

# Knapsack: maximise 10 a + 13 b + 7 c subject to 3 a + 4 b + 2 c <= 6, all between 0 and 1.
VALUES = (10, 13, 7)
WEIGHTS = (3, 4, 2)
CAPACITY = 6
# Whole items: b and c fill the sack. Parts allowed: c, a and a quarter of b (best value per weight first).
BEST_WHOLE = 20.0
BEST_PARTS = 20.25

# OR-Tools' names of its backends, and whether each takes whole-number variables.
ORTOOLS_BACKENDS = {"GLOP": False, "CLP": False, "CBC": True, "SCIP": True, "SAT": True}


@dataclass(frozen=True)
class SolverTrial:
    """How a solver did: the optimum it should find, what it found, or why it could not try.

    Attributes:
        name: as shown to the user.
        expected: optimum worked out by hand.
        solve: runs the solver; returns the objective, or None where this build lacks the solver.
    """

    name: str
    expected: float
    solve: Callable[[], float | None]


def trials() -> Iterator[SolverTrial]:
    """The solvers to try: HiGHS through SciPy, then OR-Tools' backends and CP-SAT."""
    yield SolverTrial("HiGHS linear (SciPy)", BEST_PARTS, lambda: _solve_highs(whole=False))
    yield SolverTrial("HiGHS mixed-integer (SciPy)", BEST_WHOLE, lambda: _solve_highs(whole=True))
    for backend, whole in ORTOOLS_BACKENDS.items():
        expected = BEST_WHOLE if whole else BEST_PARTS
        yield SolverTrial(f"{backend} (OR-Tools)", expected, _ortools_solve(backend, whole))
    yield SolverTrial("CP-SAT (OR-Tools)", BEST_WHOLE, _solve_cp_sat)


def _solve_highs(whole: bool) -> float:
    result = optimize.milp(
        -np.asarray(VALUES, dtype=float),
        integrality=np.full(len(VALUES), int(whole)),
        bounds=optimize.Bounds(0, 1),
        constraints=optimize.LinearConstraint(np.atleast_2d(WEIGHTS), ub=CAPACITY),
    )
    if result.fun is None:
        raise RuntimeError(f"no optimal solution was found: {result.message}")
    return -float(result.fun)


def _ortools_solve(backend: str, whole: bool) -> Callable[[], float | None]:
    def solve() -> float | None:
        library = import_module("ortools.linear_solver.pywraplp")
        solver = library.Solver.CreateSolver(backend)
        if solver is None:
            return None
        solver.SuppressOutput()
        make = solver.BoolVar if whole else lambda name: solver.NumVar(0, 1, name)
        taken = [make(f"item_{index}") for index in range(len(VALUES))]
        solver.Add(sum(weight * item for weight, item in zip(WEIGHTS, taken, strict=True)) <= CAPACITY)
        solver.Maximize(sum(value * item for value, item in zip(VALUES, taken, strict=True)))
        if solver.Solve() != solver.OPTIMAL:
            raise RuntimeError("no optimal solution was found")
        return float(solver.Objective().Value())

    return solve


def _solve_cp_sat() -> float:
    library = import_module("ortools.sat.python.cp_model")
    model = library.CpModel()
    taken = [model.NewBoolVar(f"item_{index}") for index in range(len(VALUES))]
    model.Add(sum(weight * item for weight, item in zip(WEIGHTS, taken, strict=True)) <= CAPACITY)
    model.Maximize(sum(value * item for value, item in zip(VALUES, taken, strict=True)))
    solver = library.CpSolver()
    solver.parameters.num_workers = 1
    if solver.Solve(model) != library.OPTIMAL:
        raise RuntimeError("no optimal solution was found")
    return float(solver.ObjectiveValue())
