"""Solvers of power allocation against an independent one, each other, and the conditions of an optimum."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

# OR-Tools before CVXPY: where both bring a HiGHS, the one that is loaded first must be OR-Tools'.
pytest.importorskip("ortools.linear_solver.pywraplp")
pytest.importorskip("cvxpy")

from tests.baselines.allocation_problems import draw_problem, independent_optimum
from voltran.baselines.dpa import METHODS, Allocation, AllocationProblem, solve
from voltran.baselines.dpa.dual_gradient import run_dual_gradient
from voltran.baselines.dpa.dual_messages import DualGradientSettings
from voltran.baselines.dpa.newton import NewtonSettings, run_newton
from voltran.baselines.dpa.paper_cases import paper_problem
from voltran.envs.errors import ScenarioError

PAIRS: dict[str, Any] = {"satisfaction": "pair", "cost_scope": "pair"}


def assert_within_limits(problem: AllocationProblem, found: Allocation) -> None:
    slack = 1e-9 * problem.demand_kw.max(initial=1.0)
    taken = found.power_kw.sum(axis=1)
    assert (found.power_kw >= 0.0).all()
    assert (found.power_kw[~problem.access] == 0.0).all()
    assert (found.power_kw.sum(axis=0) <= problem.generation_kw + slack).all()
    assert (taken <= problem.demand_kw + slack).all()
    assert (taken + found.unserved_kw >= problem.least_kw - slack).all()


def assert_as_good_as(best: float | None, found: Allocation, tolerance: float) -> None:
    if best is None:
        assert found.status == "infeasible"
    else:
        assert found.status == "optimal"
        assert found.objective == pytest.approx(best, rel=tolerance, abs=1e-3 * tolerance)


@pytest.mark.parametrize("seed", [*range(60), 7024])  # the last one is stuck at its limits at first
def test_interior_point_agrees_with_an_independent_solver(seed: int) -> None:
    problem = draw_problem(seed)
    found = solve(problem)
    assert_within_limits(problem, found)
    assert_as_good_as(independent_optimum(problem), found, 1e-5)


@pytest.mark.parametrize("seed", range(102, 117))
def test_newton_agrees_with_an_independent_solver(seed: int) -> None:
    problem = draw_problem(seed, **PAIRS)
    found = solve(problem, "newton")
    assert_within_limits(problem, found)
    assert_as_good_as(independent_optimum(problem), found, 1e-5)


@pytest.mark.parametrize("seed", range(205, 217))
def test_where_the_dual_gradient_converges_it_is_right_and_it_does_not_claim_more(seed: int) -> None:
    problem = draw_problem(seed, **PAIRS)
    best = solve(problem)
    found = solve(problem, "dual_gradient", momentum=True, max_iterations=1000)
    if best.status == "optimal":
        assert_within_limits(problem, found)
    if found.status == "optimal":
        assert found.objective == pytest.approx(best.objective, rel=1e-3, abs=1e-3)
    if best.status == "optimal":
        scale = abs(best.objective) + 1e-3
        assert found.objective <= best.objective + 1e-6 * scale


@pytest.mark.parametrize("mode", [1, 2, 3])
@pytest.mark.parametrize("quadratic", [False, True])
@pytest.mark.parametrize("regime", ["A", "B", "C", "D"])
def test_methods_agree_on_the_papers_cases(regime: Any, quadratic: bool, mode: int) -> None:
    problem = paper_problem(mode, quadratic=quadratic, regime=regime)
    best = independent_optimum(problem)
    for method in ("interior_point", "newton"):
        found = solve(problem, method)
        assert_within_limits(problem, found)
        assert_as_good_as(best, found, 1e-5)


@pytest.mark.parametrize("quadratic", [False, True])
@pytest.mark.parametrize("mode", [1, 2])
def test_the_papers_method_converges_in_kilowatts(mode: int, quadratic: bool) -> None:
    problem = paper_problem(mode, quadratic=quadratic)
    found = solve(problem, "dual_gradient")
    assert found.status == "optimal"
    assert found.objective == pytest.approx(solve(problem).objective, rel=1e-3)


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_the_papers_method_says_that_it_does_not_converge_in_watts(mode: int) -> None:
    found = solve(paper_problem(mode, regime="A"), "dual_gradient", max_iterations=500)
    assert found.status == "not_converged"
    assert found.primal_residual > 1e-4 or found.gap > 1e-4


@pytest.mark.parametrize("seed", range(300, 330))
def test_prices_and_powers_are_an_optimum_by_its_definition(seed: int) -> None:
    problem = draw_problem(seed, value_of_lost_load=2.0, **PAIRS)
    found = solve(problem)
    factor = np.where(problem.subscriber, 1.0, 1.6)
    loss = problem.cost_weight * problem.unit_cost * factor
    gain = problem.satisfaction_weight / (problem.reference_kw + found.power_kw)
    slope = gain - loss * (2.0 * found.power_kw if problem.quadratic else 1.0)
    reduced = slope - found.capacity_price + found.balance_price[:, None]
    scale = problem.satisfaction_weight / problem.reference_kw
    usable = problem.access & (problem.generation_kw > 0.0)
    assert (reduced[usable] <= 1e-5 * scale).all()  # nobody wants more of anything
    used = usable & (found.power_kw > 1e-4)
    assert (np.abs(reduced[used]) <= 1e-4 * scale).all()  # nor less of what they have
    left = problem.generation_kw - found.power_kw.sum(axis=0)
    assert (found.capacity_price * left <= 1e-4 * scale).all()
    assert (found.balance_price <= problem.lost_load_price + 1e-9).all()
    shed = found.unserved_kw > 1e-4
    assert found.balance_price[shed] == pytest.approx(problem.lost_load_price[shed], rel=1e-3)


def test_one_site_and_one_retailer_have_a_closed_form() -> None:
    # eta / (p0 + p) = eta2 c: the site takes this much of its own will, and no price has to push it.
    free = AllocationProblem.from_watts([5000.0], [4000.0], [800.0], [0], [4000.0])
    found = solve(free)
    assert found.power_kw[0, 0] == pytest.approx(1.0 / 0.8 - 1.0, rel=1e-6)
    assert found.capacity_price[0] == pytest.approx(0.0, abs=1e-6)
    # quadratic: eta / (p0 + p) = 2 eta2 c p
    found = solve(replace(free, quadratic=True))
    assert found.power_kw[0, 0] == pytest.approx((-1.0 + np.sqrt(1.0 + 2.0 / 0.8)) / 2.0, rel=1e-6)


def test_what_is_scarce_goes_where_its_value_is_higher() -> None:
    problem = AllocationProblem.from_watts([1000.0], [800.0, 800.0], [60.0], [0, 0])
    weighted = replace(problem, priority_weight=np.array([100.0, 1.0]))
    assert solve(problem).unserved_kw == pytest.approx([0.3, 0.3], abs=1e-6)
    assert solve(weighted).unserved_kw == pytest.approx([0.0, 0.6], abs=1e-6)
    assert solve(weighted, "newton").unserved_kw == pytest.approx([0.0, 0.6], abs=1e-6)


def test_elastic_problems_have_the_inelastic_optimum_where_there_is_one() -> None:
    for mode in (1, 2, 3):
        served, elastic = (solve(paper_problem(mode, value_of_lost_load=value)) for value in (None, 3.0))
        assert elastic.power_kw == pytest.approx(served.power_kw, abs=1e-5)
        assert elastic.unserved_kw == pytest.approx(np.zeros(4), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_nobody_there_is_a_problem_with_a_solution(method: str) -> None:
    nobody = AllocationProblem.from_watts([], [], [], [])
    no_retailers = _without_retailers()
    no_sites = AllocationProblem.from_watts([1000.0], [], [60.0], [])
    for problem in (nobody, no_retailers, no_sites):
        found = solve(problem, method)
        assert found.status == "optimal"
        assert found.power_kw.shape == problem.access.shape
        assert found.unserved_kw == pytest.approx(problem.least_kw)


def _without_retailers() -> AllocationProblem:
    none = np.zeros((2, 0), dtype=np.bool_)
    return AllocationProblem(np.zeros(0), np.array([1.0, 0.5]), np.array([1.0, 0.2]), np.zeros(0), none, none)


@pytest.mark.parametrize("method", METHODS)
def test_who_must_be_served_and_cannot_is_named_infeasible(method: str) -> None:
    scarce = AllocationProblem.from_watts(
        [300.0, 100.0], [500.0, 100.0], [60.0, 280.0], [0, 1], value_of_lost_load=None
    )
    assert solve(scarce, method).status == "infeasible"
    # enough in all, but the first site cannot reach the second retailer
    barred = replace(scarce, generation_kw=np.array([0.3, 2.0]), access=np.array([[True, False], [True, True]]))
    found = solve(barred, method)
    assert found.status == "infeasible"
    assert found.unserved_kw.sum() > 0.1


def test_sites_that_reach_nobody_with_power_are_no_obstacle() -> None:
    """Site 0 may go without, site 2 lacks all it needs; site 1 is served by the one retailer that has power."""
    problem = AllocationProblem(
        generation_kw=np.array([0.0, 2.0]),
        demand_kw=np.ones(3),
        least_kw=np.array([0.0, 1.0, 1.0]),
        unit_cost=np.array([0.05, 0.1]),
        subscriber=np.array([[True, False], [False, True], [True, False]]),
        access=np.array([[True, False], [True, True], [True, False]]),
    )
    found = solve(problem)
    assert found.status == "optimal"
    np.testing.assert_allclose(found.power_kw, [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(found.unserved_kw, [0.0, 0.0, 1.0], atol=1e-6)


def test_newton_counts_what_it_did() -> None:
    run = run_newton(paper_problem(2, quadratic=True), NewtonSettings())
    assert run.newton_steps + run.sweeps == run.allocation.iterations
    # a price per retailer, demand and slope per pair, for every time that sites were asked
    assert run.messages % (2 + 2 * 8) == 0
    assert run.messages // (2 + 2 * 8) >= run.newton_steps + 1


def test_the_dual_gradient_records_its_messages_and_prices() -> None:
    run = run_dual_gradient(paper_problem(2), DualGradientSettings(keep_prices=True))
    rounds = run.allocation.iterations
    assert len(run.messages.prices) == rounds
    assert run.messages.numbers == rounds * (8 + 2 + 4)  # an allocation per pair, lambda, nu
    first, last = run.messages.prices[0], run.messages.prices[-1]
    assert (first.capacity == 0.0).all()
    assert last.capacity == pytest.approx(run.allocation.capacity_price)


def test_the_dual_gradient_takes_the_printed_steps() -> None:
    # After one round of Eqs. 27 and 28 from zero prices: lambda = [0 - z1 (g - sum p)]+, sigma = 0 - z2 (sum p - P).
    problem = AllocationProblem.from_watts([1900.0], [1000.0, 800.0], [800.0], [0, 0], value_of_lost_load=None)
    z1, z2 = 0.1, 0.2
    settings = DualGradientSettings(z1=z1, z2=z2, scaling="none", keep_prices=True, max_iterations=2)
    second = run_dual_gradient(problem, settings).messages.prices[1]
    wanted = np.full(2, 1.0 / 0.8 - 1.0)  # of their own will: eta / (p0 + p) = eta c
    assert second.capacity == pytest.approx([0.0])  # there is enough
    assert second.balance == pytest.approx(-z2 * (wanted - problem.demand_kw))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"generation_kw": np.array([1.0, np.nan])}, "generation_kw"),
        ({"demand_kw": np.array([1.0, -1.0, 1.0, 1.0])}, "demand_kw"),
        ({"least_kw": np.array([9.0, 0.0, 0.0, 0.0])}, "least_kw of site 0"),
        ({"unit_cost": np.zeros(3)}, "unit_cost"),
        ({"access": np.ones((4, 3), dtype=np.bool_)}, "access"),
        ({"priority": 1.5}, "priority"),
        ({"reference_kw": 0.0}, "reference_kw"),
        ({"value_of_lost_load": -1.0}, "value_of_lost_load"),
        ({"satisfaction": "all"}, "satisfaction"),
    ],
)
def test_bad_problems_are_refused_by_name(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(ScenarioError, match=named):
        replace(paper_problem(1), **changed)


def test_bad_requests_are_refused_by_name() -> None:
    problem = paper_problem(1)
    with pytest.raises(ScenarioError, match="did you mean 'newton'"):
        solve(problem, "newtons")
    with pytest.raises(ScenarioError, match="max_iterations"):
        solve(problem, max_iterations=0)
    with pytest.raises(ScenarioError, match="z1 has 3 steps"):
        solve(problem, "dual_gradient", z1=(1.0, 1.0, 1.0))
    for method in ("newton", "dual_gradient"):
        with pytest.raises(ScenarioError, match="interior_point"):
            solve(replace(problem, satisfaction="site"), method)
        with pytest.raises(ScenarioError, match="interior_point"):
            solve(replace(problem, quadratic=True, cost_scope="retailer"), method)
