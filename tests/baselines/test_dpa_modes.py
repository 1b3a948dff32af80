"""The cases of [DPA] Section V: the numbers that the text gives, and what no optimum can be."""

from typing import Any

import numpy as np
import pytest

from voltran.baselines.dpa import AllocationProblem, solve
from voltran.baselines.dpa.paper_cases import PUBLIC_LOAD, paper_demand_w, paper_problem, public_problem
from voltran.envs.errors import ScenarioError

SOME_KW = 1e-6


def draw_paper_like(seed: int, **others: Any) -> AllocationProblem:
    """Four sites as in the paper, at any demand, cost, capacity and weight; no batteries, and enough for all."""
    rng = np.random.default_rng(seed)
    macro, micro = rng.uniform(500.0, 2000.0), rng.uniform(50.0, 400.0)
    demand = np.array([macro, micro, macro, micro])
    generation = demand.sum() * rng.uniform(0.2, 1.2, 2)
    generation[1] = max(generation[1], 1.02 * demand.sum() - generation[0])
    return AllocationProblem.from_watts(
        generation,
        demand,
        np.sort(rng.uniform(20.0, 500.0, 2)),
        [0, 0, 1, 1],
        priority=rng.uniform(0.0, 0.99),
        satisfaction_weight=rng.uniform(0.05, 3.0),
        value_of_lost_load=None,
        **others,
    )


def test_demands_are_those_printed() -> None:
    assert paper_demand_w(1) == pytest.approx([1350.0, 144.6, 1350.0, 144.6])
    assert paper_demand_w(1).sum() == pytest.approx(2989.2)
    assert paper_demand_w(2) == pytest.approx([877.5, 93.99, 877.5, 93.99])
    assert paper_demand_w(3) == pytest.approx([256.5, 27.474, 256.5, 27.474])
    # with q = 1 traffic does not matter, and without traffic q decides alone
    assert paper_demand_w(1, 0.0) == pytest.approx(paper_demand_w(1))
    assert paper_demand_w(2, 0.0) == pytest.approx(0.3 * paper_demand_w(1))


@pytest.mark.parametrize("quadratic", [False, True])
@pytest.mark.parametrize("regime", ["C", "D"])
def test_batteries_rest_while_there_is_enough_and_give_what_is_missing_else(regime: Any, quadratic: bool) -> None:
    ample: tuple[int, ...] = (1, 2)
    if quadratic:  # else the last half watt costs more than it is worth
        ample = (2,) if regime == "D" else ()
    for mode in ample:
        problem = paper_problem(mode, quadratic=quadratic, regime=regime)
        assert solve(problem).power_kw.sum(axis=1) == pytest.approx(problem.demand_kw, abs=1e-6)
    problem = paper_problem(3, quadratic=quadratic, regime=regime)
    from_battery_w = 1e3 * (problem.demand_kw - solve(problem).power_kw.sum(axis=1))
    assert from_battery_w.sum() == pytest.approx(0.948, abs=1e-3)
    # the larger site values its last watt less: site 3 gives all that it may, site 2 the rest
    assert from_battery_w == pytest.approx([0.0, 0.448, 0.5, 0.0], abs=2e-3)


def test_with_costs_in_usd_per_watt_batteries_are_always_used_in_full() -> None:
    for mode in (1, 2, 3):
        problem = paper_problem(mode, regime="A")
        from_battery_w = 1e3 * (problem.demand_kw - solve(problem).power_kw.sum(axis=1))
        assert from_battery_w == pytest.approx([0.0, 0.5, 0.5, 0.0], abs=1e-3)


@pytest.mark.parametrize("quadratic", [False, True])
def test_of_two_sites_alike_but_in_size_the_smaller_is_not_alone_on_a_second_retailer(quadratic: bool) -> None:
    alone = 0
    for seed in range(60):
        power_kw = solve(draw_paper_like(seed, quadratic=quadratic)).power_kw
        if power_kw[3, 0] > 1e3 * SOME_KW:
            alone += 1
            assert power_kw[2, 0] > SOME_KW, seed
    assert alone > 10  # the premise was met


@pytest.mark.parametrize("quadratic", [False, True])
def test_of_two_sites_with_equal_demand_neither_overtakes_the_other_by_itself(quadratic: bool) -> None:
    for seed in range(40):
        power_kw = solve(draw_paper_like(seed, quadratic=quadratic)).power_kw
        own_less_other = power_kw[3, 1] - power_kw[1, 0]
        assert power_kw[1, 1] - power_kw[3, 0] == pytest.approx(own_less_other, abs=1e-6), seed


def test_with_quadratic_costs_a_retailer_that_has_power_left_serves_everybody() -> None:
    left = 0
    for seed in range(60):
        problem = draw_paper_like(seed, quadratic=True)
        found = solve(problem)
        if found.power_kw[:, 1].sum() < 0.999 * problem.generation_kw[1]:
            left += 1
            assert (found.power_kw[:, 1] > SOME_KW).all(), seed
    assert left > 10


def test_surcharges_keep_power_at_home() -> None:
    for quadratic in (False, True):
        free, dear = (solve(paper_problem(2, quadratic=quadratic, priority=o)).power_kw for o in (1.0, 0.0))
        home = np.array([[True, False], [True, False], [False, True], [False, True]])
        assert dear[home].sum() >= free[home].sum() - 1e-9


@pytest.mark.parametrize("hour", range(len(PUBLIC_LOAD)))
def test_buying_for_batteries_too_is_never_worse_than_emptying_them(hour: int) -> None:
    proposed, traditional = (solve(public_problem(hour, traditional=flag)) for flag in (False, True))
    assert proposed.status == traditional.status == "optimal"
    assert proposed.objective >= traditional.objective - 1e-7


def test_the_public_case_is_as_large_as_printed() -> None:
    peak = public_problem(21)
    assert 1e3 * peak.demand_kw.sum() == pytest.approx(5978.4)
    assert 1e3 * public_problem(0).generation_kw == pytest.approx([4320.0, 1620.0])
    assert 1e3 * public_problem(23).generation_kw == pytest.approx([1296.0, 2268.0])


def test_cases_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ScenarioError, match="mode = 4"):
        paper_problem(4)
    with pytest.raises(ScenarioError, match="arrival_rate"):
        paper_problem(1, arrival_rate=5.1)
    with pytest.raises(ScenarioError, match="hour"):
        public_problem(24)
    with pytest.raises(ScenarioError, match="home = 2"):
        AllocationProblem.from_watts([1.0], [1.0], [1.0], [2])
