"""Many similar linear programs, one after the other: OR-Tools' GLOP, from the last basis on."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from voltran.baselines.program import TOLERANCE, violates
from voltran.baselines.solve import SolverError, ortools_solver, solving
from voltran.physics.arrays import FloatArray

GLOP_PARAMETERS = "use_preprocessing: false use_dual_simplex: true"


class LinearSolver:
    """OR-Tools' GLOP for many similar linear programs: no presolve, dual simplex from the last basis.

    Raises:
        MissingExtraError: OR-Tools is not installed.
        SolverError: this build of OR-Tools has no GLOP.
    """

    def __init__(self) -> None:
        self._solver: Any = ortools_solver("GLOP")
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()
        self._may_pay = False  # whether anything has a negative cost

    def variable(self, upper: float, cost: float = 0.0) -> Any:
        """A variable between zero and ``upper``."""
        variable = self._solver.NumVar(0.0, upper, "")
        self.set_cost(variable, cost)
        return variable

    def row(self, upper: float, equal: bool = False) -> Any:
        """An empty row that is at most, or equal to, ``upper``."""
        return self._solver.Constraint(upper if equal else -self._solver.infinity(), upper)

    def set_cost(self, variable: Any, cost: float) -> None:
        """Change a coefficient of the objective."""
        self._objective.SetCoefficient(variable, cost)
        self._may_pay |= cost < 0.0

    def minimise(self, cutoff: float = np.inf) -> float | None:
        """The least cost, or ``None`` if it exceeds ``cutoff``: the dual simplex method stops as soon as it knows.

        Raises:
            SolverError: the solver found no optimum for another reason, or one that cannot be.
        """
        limit = f" objective_upper_limit: {cutoff!r}" if np.isfinite(cutoff) else ""
        with solving("GLOP"):
            self._solver.SetSolverSpecificParametersAsString(GLOP_PARAMETERS + limit)
            status = self._solver.Solve()
            if limit and status == self._solver.NOT_SOLVED:
                return None
            if status != self._solver.OPTIMAL:
                raise SolverError(f"GLOP did not solve a linear program (status {status})")
            cost = float(self._objective.Value())
        if not np.isfinite(cost) or (cost < -TOLERANCE and not self._may_pay):
            raise SolverError(f"GLOP says that a linear program without negative costs has the optimum {cost}")
        return cost if cost <= cutoff else None

    def require_solution(self, cost: float) -> None:
        """Look closely at the last solution, which takes about as long as finding it.

        Args:
            cost: what :meth:`minimise` has said.

        Raises:
            SolverError: a variable or a row is beyond its limits, or they do not cost that.
        """
        with solving("GLOP"):
            variables, rows = self._solver.variables(), self._solver.constraints()
            values = self.values(variables)
            costs = np.array([self._objective.GetCoefficient(variable) for variable in variables])
            beyond = violates(values, np.abs(values), *_limits(variables))
            reached = np.array(self._solver.ComputeConstraintActivities())
            beyond |= violates(reached, np.abs(reached), *_limits(rows))
        if beyond or not abs(float(costs @ values) - cost) <= TOLERANCE * max(float(np.abs(costs) @ values), 1.0):
            raise SolverError(f"GLOP's solution of a linear program is none, or does not cost {cost}")

    @staticmethod
    def dual_values(rows: Sequence[Any]) -> FloatArray:
        """Dual values of rows in the last solution: what the least cost gains per unit of their limits."""
        with solving("GLOP"):
            return _numbers([row.dual_value() for row in rows])

    @staticmethod
    def values(variables: Sequence[Any]) -> FloatArray:
        """Values of variables in the last solution."""
        with solving("GLOP"):
            return _numbers([variable.solution_value() for variable in variables])


def _limits(parts: Sequence[Any]) -> tuple[FloatArray, FloatArray]:
    """Lower and upper limits of variables or rows of OR-Tools."""
    return np.array([part.lb() for part in parts]), np.array([part.ub() for part in parts])


def _numbers(values: list[float]) -> FloatArray:
    numbers = np.array(values)
    if not np.isfinite(numbers).all():
        raise SolverError("GLOP's solution of a linear program has values that are no numbers")
    return numbers
