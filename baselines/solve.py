"""Solvers behind one door: mixed-integer programs for HiGHS and SCIP, linear ones for HiGHS.

Everything is deterministic: one thread, fixed seeds. HiGHS comes with SciPy, so that it is always there. CP-SAT is left
out: it knows integers only, and a program whose continuous variables are rounded to a grid has another optimum and
another bound.

What a solver answers is not believed: whatever it raises, and a solution that is none, is a :class:`SolverError`, which
controllers know what to do about.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from voltran.baselines.program import TOLERANCE, MixedIntegerProgram
from voltran.envs.errors import MissingExtraError, VoltranError
from voltran.physics.arrays import BoolArray, FloatArray

SolverName = Literal["highs", "scip"]
Status = Literal["optimal", "infeasible", "limit"]

# How much more than asked for may lie between a bound and an optimum, relative to it and in units: HiGHS has own gaps.
PROOF_ROUNDING = 1e-4


class SolverError(VoltranError, RuntimeError):
    """A solver that failed on a problem it should have solved."""


@contextmanager
def solving(what: str) -> Iterator[None]:
    """Whatever is raised in here by a library, or by numbers that have failed, becomes a :class:`SolverError`.

    Args:
        what: solves, for the message.

    Raises:
        SolverError: something was raised that is no error of VoltRAN's; memory that is used up stays what it is.
    """
    try:
        yield
    except (VoltranError, MemoryError):
        raise
    except Exception as error:
        raise SolverError(f"{what} raised {type(error).__name__}: {error}") from error


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


class LinearOptimum(NamedTuple):
    """An optimum of a linear program.

    Attributes:
        values: ``[variable]``.
        objective: what it costs.
    """

    values: FloatArray
    objective: float


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
        SolverError: a solver of another name, a program with NaN, a solver that failed, or a solution that is none.
    """
    if solver not in get_args(SolverName):
        raise SolverError(f"solver = {solver!r}: choose one of {', '.join(get_args(SolverName))}")
    _check(program)
    start = time.perf_counter()
    with solving(solver):
        if solver == "highs":
            answer = _highs(program, gap, time_limit_s, node_limit)
        else:
            answer = _scip(program, gap, time_limit_s, node_limit, hint)
        _require_solution(program, answer, gap)
    status, objective, bound, values, nodes = answer
    return MilpResult(status, objective, bound, values, time.perf_counter() - start, nodes)


def solve_linear(program: MixedIntegerProgram, method: Literal["highs", "highs-ds"] = "highs-ds") -> LinearOptimum:
    """Solve a linear program by HiGHS, with the dual solution as the proof.

    Args:
        program: each row has an upper limit only, or both limits the same.
        method: "highs-ds" is the dual simplex method, "highs" whatever HiGHS chooses.

    Raises:
        SolverError: a solver that failed, a solution that is none, or one that its dual solution does not prove best.
    """
    _check(program)
    equal = program.row_lower == program.row_upper
    bounds: Any = np.stack([program.lower, program.upper], axis=1)  # as good as the list of pairs that its types want
    with solving("HiGHS"):
        found: Any = linprog(
            program.costs,
            A_ub=program.rows[~equal],
            b_ub=program.row_upper[~equal],
            A_eq=program.rows[equal],
            b_eq=program.row_upper[equal],
            bounds=bounds,
            method=method,
        )
        if found.status != 0 or found.x is None:
            raise SolverError(f"HiGHS did not solve a linear program: {found.message}")
        values, objective = np.asarray(found.x, dtype=np.float64), float(found.fun)
        _require_solution(program, ("optimal", objective, _dual_objective(program, found, equal), values, 0), 0.0)
    return LinearOptimum(values, objective)


def require_finite(what: str, *numbers: float) -> None:
    """Make sure that an algorithm's numbers have not failed.

    Raises:
        SolverError: one is NaN or infinite.
    """
    if not np.isfinite(numbers).all():
        raise SolverError(f"{what} is {', '.join(map(str, numbers))}: no number")


def ortools_solver(name: str) -> Any:
    """A solver of OR-Tools.

    Raises:
        MissingExtraError: OR-Tools is not installed.
        SolverError: this build of OR-Tools does not have it.
    """
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


# --- inside -----------------------------------------------------------------------------------------------------------

_Solution = tuple[Status, float, float, FloatArray | None, int]
_INFEASIBLE: _Solution = ("infeasible", np.inf, np.inf, None, 0)


def _check(program: MixedIntegerProgram) -> None:
    """Solvers answer NaN with anything, also with an optimum."""
    finite = {"costs": program.costs, "coefficients of the rows": program.rows.data}
    limits = {name: getattr(program, name) for name in ("lower", "upper", "row_lower", "row_upper")}
    wrong = [name for name, values in finite.items() if not np.isfinite(values).all()]
    wrong += [name for name, values in limits.items() if np.isnan(values).any()]
    if wrong:
        raise SolverError(f"{wrong[0]} of a program: all must be numbers; check the demands and energies it is made of")


def _require_solution(program: MixedIntegerProgram, answer: _Solution, gap: float) -> None:
    """Do not believe a solver that contradicts the program, or itself."""
    status, objective, bound, values, _ = answer
    if status == "infeasible":
        return
    fault = "a bound that is no number" if np.isnan(bound) or bound == np.inf else ""
    if values is not None:
        fault = fault or program.fault(values, objective)
        size = max(1.0, abs(objective))
        if bound > objective + TOLERANCE * size:
            fault = fault or f"a solution of cost {objective}, which nothing below {bound} could have"
        if status == "optimal" and objective - bound > (gap + PROOF_ROUNDING) * size:
            fault = fault or f"an optimum of {objective} and a bound of {bound} only"
    elif status == "optimal":
        fault = fault or "an optimum without a solution"
    if fault:
        raise SolverError(f"a solver's answer is not believed: {fault}")


def _dual_objective(program: MixedIntegerProgram, found: Any, equal: BoolArray) -> float:
    """What the dual solution proves: no solution costs less, up to the solver's tolerance."""
    proven = found.ineqlin.marginals @ program.row_upper[~equal] + found.eqlin.marginals @ program.row_upper[equal]
    for limit, marginal in ((program.lower, found.lower.marginals), (program.upper, found.upper.marginals)):
        proven += marginal @ np.where(np.isfinite(limit), limit, 0.0)
    return float(proven)


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
    solver = ortools_solver("SCIP")
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
    values = np.array([variable.solution_value() for variable in variables])
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
