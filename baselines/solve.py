"""Solvers behind one door: linear programs for OR-Tools' GLOP, mixed-integer programs for HiGHS and SCIP.

Everything is deterministic: one thread, fixed seeds. HiGHS comes with SciPy, so that it is always there. CP-SAT is left
out: it knows integers only, and a program whose continuous variables are rounded to a grid has another optimum and
another bound.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from voltran.envs.errors import MissingExtraError, VoltranError
from voltran.physics.arrays import BoolArray, FloatArray, IntArray

SolverName = Literal["highs", "scip"]
Status = Literal["optimal", "infeasible", "limit"]

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
        self._solver: Any = _ortools_solver("GLOP")
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
    def dual_values(rows: Sequence[Any]) -> FloatArray:
        """Dual values of rows in the last solution: what the least cost gains per unit of their limits."""
        return np.array([row.dual_value() for row in rows])

    @staticmethod
    def values(variables: Sequence[Any]) -> FloatArray:
        """Values of variables in the last solution."""
        return np.array([variable.solution_value() for variable in variables])


@dataclass(frozen=True)
class MixedIntegerProgram:
    """The least ``costs x`` over ``row_lower <= rows x <= row_upper`` and ``lower <= x <= upper``.

    Attributes:
        costs, lower, upper: ``[variable]``.
        integral: ``[variable]`` True where only whole numbers are allowed.
        rows: ``[row, variable]``.
        row_lower, row_upper: ``[row]``; infinite where a side is free.
    """

    costs: FloatArray
    lower: FloatArray
    upper: FloatArray
    integral: BoolArray
    rows: csr_array
    row_lower: FloatArray
    row_upper: FloatArray

    def fixed(self, columns: IntArray, values: FloatArray) -> "MixedIntegerProgram":
        """The program with some variables fixed."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[columns] = upper[columns] = values
        return replace(self, lower=lower, upper=upper)

    def relaxed(self) -> "MixedIntegerProgram":
        """The linear program without the demand for whole numbers."""
        return replace(self, integral=np.zeros_like(self.integral))

    def at_most(self, cost: float) -> "MixedIntegerProgram":
        """The program with one more row: costs up to ``cost``."""
        return replace(
            self,
            rows=vstack([self.rows, csr_array(self.costs[None, :])], format="csr"),
            row_lower=np.append(self.row_lower, -np.inf),
            row_upper=np.append(self.row_upper, cost),
        )


class Rows:
    """Rows of a program, gathered block by block.

    Attributes:
        lower, upper: limits of each block's rows.
    """

    def __init__(self) -> None:
        self.lower: list[FloatArray] = []
        self.upper: list[FloatArray] = []
        self._entries: list[tuple[IntArray, IntArray, FloatArray]] = []
        self._count = 0

    def add(self, lower: FloatArray | float, upper: FloatArray | float, count: int) -> int:
        """Add ``count`` empty rows; returns the index of the first."""
        first = self._count
        self.lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), count))
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), count))
        self._count += count
        return first

    def put(self, row: IntArray | int, column: IntArray | int, value: FloatArray | float) -> None:
        """Add coefficients; several for one place add up."""
        rows, columns, values = np.broadcast_arrays(row, column, np.asarray(value, dtype=np.float64))
        self._entries.append((rows.ravel(), columns.ravel(), values.ravel()))

    def matrix(self, n_columns: int) -> csr_array:
        """All rows, ``[row, variable]``."""
        row, column, value = (np.concatenate(parts) for parts in zip(*self._entries, strict=True))
        kept = value != 0.0
        return csr_array((value[kept], (row[kept], column[kept])), shape=(self._count, n_columns))


@dataclass(frozen=True)
class MilpResult:
    """What a solver found.

    Attributes:
        status: "optimal" up to the gap asked for; "infeasible", proven; "limit" if time or nodes ran out.
        objective: cost of the best solution, infinite if there is none.
        bound: no solution costs less; infinite if there is none at all.
        values: ``[variable]`` of the best solution.
        wall_s: time taken.
        nodes: branch-and-bound nodes.
    """

    status: Status
    objective: float
    bound: float
    values: FloatArray | None
    wall_s: float
    nodes: int

    @property
    def gap(self) -> float:
        """How far the best solution may be above the optimum, relative to the solution; infinite without one."""
        if self.values is None or not np.isfinite(self.bound):
            return np.inf
        return max(self.objective - self.bound, 0.0) / max(abs(self.objective), 1e-12)


def solve_milp(
    program: MixedIntegerProgram,
    solver: SolverName = "highs",
    *,
    gap: float = 0.0,
    time_limit_s: float | None = None,
    node_limit: int | None = None,
    hint: FloatArray | None = None,
) -> MilpResult:
    """Solve a mixed-integer program.

    Args:
        program: what to solve.
        solver: "highs" through SciPy, or "scip" through OR-Tools.
        gap: relative gap at which the solver may stop.
        time_limit_s: wall time after which it gives up; what it has found by then depends on the machine.
        node_limit: branch-and-bound nodes after which it gives up, on every machine at the same point.
        hint: ``[variable]`` a solution to start from. SciPy cannot pass it on, so that only SCIP uses it.

    Raises:
        MissingExtraError: the solver is not installed.
        SolverError: a solver of another name, a program with NaN, or a solver that failed.
    """
    if solver not in get_args(SolverName):
        raise SolverError(f"solver = {solver!r}: choose one of {', '.join(get_args(SolverName))}")
    _check(program)
    start = time.perf_counter()
    if solver == "highs":
        status, objective, bound, values, nodes = _highs(program, gap, time_limit_s, node_limit)
    else:
        status, objective, bound, values, nodes = _scip(program, gap, time_limit_s, node_limit, hint)
    return MilpResult(status, objective, bound, values, time.perf_counter() - start, nodes)


# --- inside -----------------------------------------------------------------------------------------------------------

_Solution = tuple[Status, float, float, FloatArray | None, int]
_INFEASIBLE: _Solution = ("infeasible", np.inf, np.inf, None, 0)


def _ortools_solver(name: str) -> Any:
    try:
        from ortools.linear_solver import pywraplp
    except ImportError as error:
        raise MissingExtraError(
            "this controller needs OR-Tools, which is not installed: pip install 'voltran[solvers]'"
        ) from error
    solver = pywraplp.Solver.CreateSolver(name)
    if solver is None:
        raise SolverError(f"this build of OR-Tools has no {name}; install the ortools package from PyPI")
    return solver


def _check(program: MixedIntegerProgram) -> None:
    """Solvers answer NaN with anything, also with an optimum."""
    finite = {"costs": program.costs, "coefficients of the rows": program.rows.data}
    limits = {name: getattr(program, name) for name in ("lower", "upper", "row_lower", "row_upper")}
    wrong = [name for name, values in finite.items() if not np.isfinite(values).all()]
    wrong += [name for name, values in limits.items() if np.isnan(values).any()]
    if wrong:
        raise SolverError(f"{wrong[0]} of a program: all must be numbers; check the demands and energies it is made of")


def _highs(program: MixedIntegerProgram, gap: float, time_limit_s: float | None, node_limit: int | None) -> _Solution:
    options: Any = {"mip_rel_gap": gap}
    if time_limit_s is not None:
        options["time_limit"] = max(time_limit_s, 0.0)
    if node_limit is not None:
        options["node_limit"] = node_limit
    result = milp(
        program.costs,
        integrality=program.integral.astype(np.int64),
        bounds=Bounds(program.lower, program.upper),
        constraints=LinearConstraint(program.rows, program.row_lower, program.row_upper),
        options=options,
    )
    # A missing solution alone says nothing. SciPy has 0 for an optimum, 1 for a limit, no code of its own for HiGHS's
    # limit of nodes, and 2 for infeasible programs, but also for programs that HiGHS rejects as ill-formed.
    message = str(result.message)
    if result.status == 2 and "infeasible" in message:
        return _INFEASIBLE
    stopped = result.status == 1 or "limit reached" in message
    if not stopped and (result.status != 0 or result.x is None):
        raise SolverError(f"HiGHS did not solve a program: {message}")
    objective = np.inf if result.x is None else float(result.fun)
    bound = result.mip_dual_bound
    # A linear program has no branching and reports no bound of its own.
    if bound is None:
        bound = -np.inf if stopped else objective
    status: Status = "limit" if stopped else "optimal"
    return status, objective, float(bound), result.x, int(result.mip_node_count or 0)


def _scip(
    program: MixedIntegerProgram,
    gap: float,
    time_limit_s: float | None,
    node_limit: int | None,
    hint: FloatArray | None,
) -> _Solution:
    solver = _ortools_solver("SCIP")
    from ortools.linear_solver import pywraplp

    variables = _load_program(solver, program)
    if hint is not None:
        solver.SetHint(variables, hint.tolist())
    if time_limit_s is not None:
        solver.SetTimeLimit(max(int(1e3 * time_limit_s), 1))
    if node_limit is not None:
        solver.SetSolverSpecificParametersAsString(f"limits/nodes = {node_limit}")
    parameters = pywraplp.MPSolverParameters()
    parameters.SetDoubleParam(parameters.RELATIVE_MIP_GAP, gap)
    status = solver.Solve(parameters)
    if status == solver.INFEASIBLE:
        return _INFEASIBLE
    if status == solver.NOT_SOLVED:
        return "limit", np.inf, solver.Objective().BestBound(), None, solver.nodes()
    if status not in (solver.OPTIMAL, solver.FEASIBLE):
        raise SolverError(f"SCIP did not solve a program (status {status})")
    values = LinearSolver.values(variables)
    name: Status = "optimal" if status == solver.OPTIMAL else "limit"
    return name, solver.Objective().Value(), solver.Objective().BestBound(), values, solver.nodes()


def _load_program(solver: Any, program: MixedIntegerProgram) -> list[Any]:
    """Hand a program over to OR-Tools; returns its variables."""
    columns = zip(program.lower.tolist(), program.upper.tolist(), program.integral.tolist(), strict=True)
    variables = [solver.Var(lower, upper, integral, "") for lower, upper, integral in columns]
    objective = solver.Objective()
    objective.SetMinimization()
    for column in np.flatnonzero(program.costs).tolist():
        objective.SetCoefficient(variables[column], float(program.costs[column]))
    start, column_of, value = program.rows.indptr.tolist(), program.rows.indices.tolist(), program.rows.data.tolist()
    for row, (lower, upper) in enumerate(zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)):
        constraint = solver.Constraint(lower, upper)
        for entry in range(start[row], start[row + 1]):
            constraint.SetCoefficient(variables[column_of[entry]], value[entry])
    return variables
