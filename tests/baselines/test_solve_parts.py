"""Programs that fall into parts have the same optimum in parts as whole."""

import numpy as np
import pytest
from scipy.sparse import block_diag, csr_array, vstack

from voltran.baselines.program import MixedIntegerProgram
from voltran.baselines.solve import solve_milp
from voltran.baselines.solve_parts import solve_in_parts


def knapsacks(seed: int, parts: int = 4) -> MixedIntegerProgram:
    """Knapsacks of six things, half of them divisible, with columns and rows in no order, and some tied to nothing."""
    generator = np.random.default_rng(seed)
    n = 6 * parts + 2
    weights = [csr_array(generator.uniform(1.0, 5.0, (2, 6))) for _ in range(parts)]
    rows = vstack([block_diag([*weights, csr_array((0, 2))]), csr_array((1, n))], format="csr")
    columns, order = generator.permutation(n), generator.permutation(2 * parts + 1)
    return MixedIntegerProgram(
        costs=-generator.uniform(1.0, 9.0, n),
        lower=np.zeros(n),
        upper=np.ones(n),
        integral=generator.random(n) < 0.5,
        rows=csr_array(rows[order][:, columns]),
        row_lower=np.full(2 * parts + 1, -np.inf),
        row_upper=np.where(order == 2 * parts, 0.0, 8.0),
    )


@pytest.mark.parametrize("seed", range(5))
def test_parts_have_the_optimum_of_the_whole(seed: int) -> None:
    program = knapsacks(seed)
    whole, parts = solve_milp(program), solve_in_parts(program)
    assert parts.status == whole.status == "optimal"
    assert parts.objective == pytest.approx(whole.objective)
    assert parts.bound == pytest.approx(parts.objective)
    assert parts.gap == pytest.approx(0.0, abs=1e-9)
    assert parts.values is not None
    assert program.costs @ parts.values == pytest.approx(parts.objective)
    assert np.all(program.rows @ parts.values <= program.row_upper + 1e-6)


def test_one_part_without_a_solution_leaves_none() -> None:
    program = knapsacks(0)
    row = int(np.flatnonzero(program.row_upper == 8.0)[0])
    program.row_upper[row] = -1.0
    assert solve_in_parts(program).status == solve_milp(program).status == "infeasible"
    assert solve_in_parts(program).values is None


def test_a_row_that_ties_nothing_still_counts() -> None:
    program = knapsacks(0)
    program.row_upper[program.row_upper == 0.0] = -1.0
    assert solve_in_parts(program).status == "infeasible"


def test_without_time_there_is_no_solution() -> None:
    result = solve_in_parts(knapsacks(0), time_limit_s=0.0)
    assert (result.status, result.values, result.gap) == ("limit", None, np.inf)
