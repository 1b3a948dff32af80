"""Programs that fall into parts which have nothing to do with each other: solved part by part, they are far easier."""

import time
from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from voltran.baselines.program import MixedIntegerProgram
from voltran.baselines.solve import MilpResult, SolverName, Status, solve_milp
from voltran.physics.arrays import IndexArray


def solve_in_parts(
    program: MixedIntegerProgram, solver: SolverName = "highs", *, gap: float = 0.0, time_limit_s: float | None = None
) -> MilpResult:
    """Solve a program whose rows tie only some variables to each other; as :func:`solve_milp`, but for the work.

    Branching on one part says nothing of another, yet a solver that sees them together has to close the gap of their
    sum.

    Args:
        program: what to solve.
        solver: as in :func:`solve_milp`.
        gap: relative gap at which each part may stop.
        time_limit_s: wall time for all parts together.

    Raises:
        MissingExtraError, SolverError: as in :func:`solve_milp`.
    """
    start, nodes, objective, bound = time.perf_counter(), 0, 0.0, 0.0
    values = np.zeros(program.costs.size)
    status: Status = "optimal"
    complete = True
    for columns, rows in _parts(program):
        left_s = None if time_limit_s is None else time_limit_s - (time.perf_counter() - start)
        part = solve_milp(_part(program, columns, rows), solver, gap=gap, time_limit_s=left_s)
        nodes, objective, bound = nodes + part.nodes, objective + part.objective, bound + part.bound
        if part.status == "infeasible":
            return MilpResult("infeasible", np.inf, np.inf, None, time.perf_counter() - start, nodes)
        if part.status == "limit":
            status = "limit"
        if part.values is None:
            complete = False
        else:
            values[columns] = part.values
    return MilpResult(status, objective, bound, values if complete else None, time.perf_counter() - start, nodes)


def _part(program: MixedIntegerProgram, columns: IndexArray, rows: IndexArray) -> MixedIntegerProgram:
    return MixedIntegerProgram(
        costs=program.costs[columns],
        lower=program.lower[columns],
        upper=program.upper[columns],
        integral=program.integral[columns],
        rows=program.rows[rows][:, columns],
        row_lower=program.row_lower[rows],
        row_upper=program.row_upper[rows],
    )


def _parts(program: MixedIntegerProgram) -> Iterator[tuple[IndexArray, IndexArray]]:
    """Columns and rows of each part, in the order of their first columns; what is tied to nothing joins the first."""
    n_rows, n_columns = program.rows.shape
    entries, n_all = program.rows.tocoo(), n_rows + n_columns
    places = (entries.row + n_columns, entries.col)
    ties = csr_array((np.ones(entries.nnz), places), shape=(n_all, n_all))
    count, label = connected_components(ties, directed=False)
    tied = np.bincount(label, minlength=count) > 1
    label = np.where(tied[label], label, label[np.argmax(tied[label])])
    for part in np.unique(label):
        members = np.flatnonzero(label == part)
        yield members[members < n_columns], members[members >= n_columns] - n_columns
