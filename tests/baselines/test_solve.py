"""Solvers against brute force, and what they say when there is nothing to find, or no time to find it."""

import sys
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from voltran.baselines.linear_solver import LinearSolver
from voltran.baselines.program import MixedIntegerProgram
from voltran.baselines.solve import SolverError, SolverName, solve_milp
from voltran.envs.errors import MissingExtraError

SOLVERS: tuple[SolverName, ...] = ("highs", "scip")


def covering_program(seed: int, n_items: int = 9, n_rows: int = 5) -> MixedIntegerProgram:
    """Choose items of random cost, and shortages at a price, so that random needs are met."""
    generator = np.random.default_rng(seed)
    gain = generator.uniform(0.0, 3.0, (n_rows, n_items)) * (generator.random((n_rows, n_items)) < 0.6)
    return MixedIntegerProgram(
        costs=np.concatenate([generator.uniform(0.5, 2.0, n_items), np.full(n_rows, 1.5)]),
        lower=np.zeros(n_items + n_rows),
        upper=np.concatenate([np.ones(n_items), np.full(n_rows, np.inf)]),
        integral=np.arange(n_items + n_rows) < n_items,
        rows=csr_array(np.hstack([gain, np.eye(n_rows)])),
        row_lower=generator.uniform(1.0, 4.0, n_rows),
        row_upper=np.full(n_rows, np.inf),
    )


def market_split(n_items: int = 20) -> MixedIntegerProgram:
    """Halve several random lists at once: notoriously far more nodes than one."""
    generator = np.random.default_rng(1)
    amounts = generator.integers(0, 100, (4, n_items)).astype(np.float64)
    half = amounts.sum(axis=1) // 2
    return MixedIntegerProgram(
        costs=np.concatenate([np.zeros(n_items), np.ones(8)]),
        lower=np.zeros(n_items + 8),
        upper=np.concatenate([np.ones(n_items), np.full(8, 1e4)]),
        integral=np.arange(n_items + 8) < n_items,
        rows=csr_array(np.hstack([amounts, np.eye(4), -np.eye(4)])),
        row_lower=half,
        row_upper=half,
    )


def covering_optimum(program: MixedIntegerProgram) -> float:
    """By brute force over the items; shortages follow from them."""
    n_items = int(program.integral.sum())
    gain = program.rows.toarray()[:, :n_items]
    costs = []
    for chosen in product((0.0, 1.0), repeat=n_items):
        shortage = np.maximum(program.row_lower - gain @ np.array(chosen), 0.0)
        costs.append(program.costs[:n_items] @ chosen + program.costs[n_items:] @ shortage)
    return float(min(costs))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("seed", range(5))
def test_optimum_is_that_of_brute_force(solver: SolverName, seed: int) -> None:
    program = covering_program(seed)
    found = solve_milp(program, solver)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(covering_optimum(program), abs=1e-6)
    assert found.bound == pytest.approx(found.objective, abs=1e-6)
    assert found.gap <= 1e-6
    assert found.values is not None
    assert program.costs @ found.values == pytest.approx(found.objective)
    assert (program.rows @ found.values >= program.row_lower - 1e-6).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_variables_can_be_fixed_relaxed_and_limited_in_cost(solver: SolverName) -> None:
    program = covering_program(3)
    best = solve_milp(program, solver)
    assert best.values is not None
    opposite = 1.0 - best.values[:1].round()
    assert solve_milp(program.fixed(np.array([0]), opposite), solver).objective >= best.objective - 1e-9
    relaxed = solve_milp(program.relaxed(), solver)
    assert relaxed.bound == pytest.approx(relaxed.objective)
    assert relaxed.objective < best.objective
    assert solve_milp(program.at_most(best.objective * 1.001), solver).objective == pytest.approx(best.objective)
    assert solve_milp(program.at_most(best.objective * 0.999), solver).status == "infeasible"


@pytest.mark.parametrize("solver", SOLVERS)
def test_infeasible_programs_are_said_to_be(solver: SolverName) -> None:
    program = covering_program(0)
    found = solve_milp(program.fixed(np.arange(14), np.zeros(14)), solver)
    assert (found.status, found.values, found.objective, found.bound) == ("infeasible", None, np.inf, np.inf)
    assert found.gap == np.inf


@pytest.mark.parametrize("solver", SOLVERS)
def test_node_limit_ends_the_search_at_the_same_point_every_time(solver: SolverName) -> None:
    found = [solve_milp(market_split(), solver, node_limit=3) for _ in range(2)]
    assert found[0].status == "limit"
    assert found[0].nodes <= 4
    assert found[0].bound <= found[0].objective
    assert found[0].objective == found[1].objective
    assert found[0].gap > 0.0


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_time_is_a_limit_and_no_proof(solver: SolverName) -> None:
    assert solve_milp(market_split(60), solver, time_limit_s=0.0).status == "limit"


def test_hint_is_where_scip_starts() -> None:
    program = market_split()
    good = solve_milp(program, node_limit=200)
    assert good.values is not None
    found = solve_milp(program, "scip", node_limit=1, hint=good.values)
    assert found.objective <= good.objective + 1e-6


@pytest.mark.parametrize("solver", SOLVERS)
def test_unbounded_program_is_an_error(solver: SolverName) -> None:
    program = covering_program(0)
    program.costs[-1] = -1.0
    with pytest.raises(SolverError, match="did not solve"):
        solve_milp(program, solver)


@pytest.mark.parametrize("field", ["costs", "lower", "upper", "row_lower", "row_upper"])
def test_nan_is_named(field: str) -> None:
    program = covering_program(0)
    getattr(program, field)[1] = np.nan
    with pytest.raises(SolverError, match=f"^{field} of a program"):
        solve_milp(program)


def test_unknown_solver_is_named() -> None:
    with pytest.raises(SolverError, match="'gurobi': choose one of highs, scip"):
        solve_milp(covering_program(0), "gurobi")  # type: ignore[arg-type]


def test_without_ortools_highs_solves_and_the_others_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ortools.linear_solver", None)
    assert solve_milp(covering_program(0)).status == "optimal"
    with pytest.raises(MissingExtraError, match=r"voltran\[solvers\]"):
        solve_milp(covering_program(0), "scip")
    with pytest.raises(MissingExtraError, match=r"voltran\[solvers\]"):
        LinearSolver()


def test_linear_solver_follows_changes() -> None:
    """A small diet problem, solved anew after its need, a price and a limit change."""
    solver = LinearSolver()
    food = [solver.variable(4.0, cost) for cost in (2.0, 3.0)]
    row = solver.row(-6.0)
    for variable, gain in zip(food, (1.0, 2.0), strict=True):
        row.SetCoefficient(variable, -gain)

    def expected(costs: list[float], need: float, upper: float) -> float:
        found = linprog(costs, A_ub=[[-1.0, -2.0]], b_ub=[-need], bounds=[(0.0, 4.0), (0.0, upper)])
        assert found.fun is not None
        return float(found.fun)

    assert solver.minimise() == pytest.approx(expected([2.0, 3.0], 6.0, 4.0))
    row.SetUb(-9.0)
    assert solver.minimise() == pytest.approx(expected([2.0, 3.0], 9.0, 4.0))
    solver.set_cost(food[0], 1.0)
    food[1].SetUb(3.0)
    best = expected([1.0, 3.0], 9.0, 3.0)
    assert solver.minimise() == pytest.approx(best)
    assert LinearSolver.values(food) == pytest.approx([4.0, 2.5])
    assert solver.minimise(cutoff=best - 0.1) is None
    assert solver.minimise(cutoff=best + 0.1) == pytest.approx(best)
    row.SetUb(-20.0)
    with pytest.raises(SolverError, match="GLOP"):
        solver.minimise()
