"""Solvers behind one door."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import MissingExtraError, VoltranError

GLOP_PARAMETERS = "use_preprocessing: false use_dual_simplex: true"


class SolverError(VoltranError, RuntimeError):
    """A solver that failed on a problem it should have solved."""


class LinearSolver:
    """OR-Tools' GLOP for many similar linear programs: no presolve, dual simplex from the last basis.

    Raises:
        MissingExtraError: OR-Tools is not installed.
        SolverError: this build of OR-Tools has no GLOP.
    """

    def __init__(self) -> None:
        try:
            from ortools.linear_solver import pywraplp
        except ImportError as error:
            raise MissingExtraError(
                "this controller needs OR-Tools, which is not installed: pip install 'voltran[solvers]'"
            ) from error
        self._solver: Any = pywraplp.Solver.CreateSolver("GLOP")
        if self._solver is None:
            raise SolverError("this build of OR-Tools has no GLOP; install the ortools package from PyPI")
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()

    def variable(self, upper: float, cost: float = 0.0) -> Any:
        """A variable between zero and ``upper``."""
        variable = self._solver.NumVar(0.0, upper, "")
        self._objective.SetCoefficient(variable, cost)
        return variable

    def row(self, upper: float, equal: bool = False) -> Any:
        """An empty row that is at most, or equal to, ``upper``."""
        return self._solver.Constraint(upper if equal else -self._solver.infinity(), upper)

    def set_cost(self, variable: Any, cost: float) -> None:
        """Change a coefficient of the objective."""
        self._objective.SetCoefficient(variable, cost)

    def minimise(self, cutoff: float = np.inf) -> float | None:
        """The least cost, or ``None`` if it exceeds ``cutoff``: the dual simplex method stops as soon as it knows.

        Raises:
            SolverError: the solver found no optimum for another reason.
        """
        limit = f" objective_upper_limit: {cutoff!r}" if np.isfinite(cutoff) else ""
        self._solver.SetSolverSpecificParametersAsString(GLOP_PARAMETERS + limit)
        status = self._solver.Solve()
        if status == self._solver.OPTIMAL:
            cost = float(self._objective.Value())
            return cost if cost <= cutoff else None
        if limit and status == self._solver.NOT_SOLVED:
            return None
        raise SolverError(f"GLOP did not solve a linear program (status {status})")

    @staticmethod
    def values(variables: Sequence[Any]) -> NDArray[np.float64]:
        """Values of variables in the last solution."""
        return np.array([variable.solution_value() for variable in variables])
