"""Plans of shared batteries: against a search through all decisions, against a second solver, and at their limits."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.baselines.sharing_problems import battery, day, small
from tests.baselines.sharing_search import cost_of, searched
from voltran.baselines.collective.cautious import cautious_decisions
from voltran.baselines.collective.evaluation import evaluate, is_feasible
from voltran.baselines.collective.plan import GAP, plan, plan_all
from voltran.baselines.collective.program import sharing_program
from voltran.baselines.solve import solve_milp

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "solar direct": {"solar_direct": True},
    "solar first": {"solar_direct": True, "solar_first": True},
    "strong sun": {"solar_direct": True, "solar_first": True, "solar_kwh": np.full(4, 3.0)},
    "outages": {"outages": True},
    "outages, solar direct": {"outages": True, "solar_direct": True},
    "no losses": {"battery": battery(8.0, 1.0, 10.0)},
    "weak battery": {"battery": battery(8.0, 0.9, 3.0)},
    "negative prices": {"price_eur_per_kwh": np.array([-0.2, 0.3, -0.05, 0.4])},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_a_plan_costs_what_the_best_of_all_decisions_costs(kind: str, seed: int) -> None:
    problem = small(seed, **KINDS[kind])
    found = plan(problem, gap=0.0)
    assert found.status == "optimal"
    assert found.cost_eur == pytest.approx(searched(problem), abs=1e-5)
    assert found.cost_eur == pytest.approx(cost_of(found, problem), abs=1e-5)


@pytest.mark.parametrize("option", ["single_source", "exclusive"])
@pytest.mark.parametrize("seed", range(2))
def test_a_plan_with_choices_of_charging_is_the_best_of_all(option: str, seed: int) -> None:
    problem = small(seed, periods=3, outages=seed > 0, **{option: True})
    found = plan(problem, gap=0.0)
    assert found.cost_eur == pytest.approx(searched(problem), abs=1e-5)


def test_a_plan_with_all_options_is_the_best_of_all() -> None:
    problem = small(5, periods=3, sites=1, outages=True, single_source=True, exclusive=True, solar_direct=True)
    assert plan(problem, gap=0.0).cost_eur == pytest.approx(searched(problem), abs=1e-5)


@pytest.mark.parametrize(
    "changes", [{}, {"solar_direct": True}, {"single_source": True, "exclusive": True}, {"outages": True}]
)
def test_another_solver_finds_the_same_cost(changes: dict[str, Any]) -> None:
    problem = small(3, periods=12, sites=3, **changes)
    highs, scip = plan(problem, gap=1e-6), plan(problem, gap=1e-6, solver="scip")
    assert highs.status == scip.status == "optimal"
    assert highs.cost_eur == pytest.approx(scip.cost_eur, rel=1e-5)


@pytest.mark.parametrize("changes", [{}, {"solar_direct": True}, {"single_source": True}, {"exclusive": True}])
def test_a_day_is_planned_within_the_gap_and_above_its_relaxation(changes: dict[str, Any]) -> None:
    problem = day(1, **changes)
    found, relaxed = plan(problem), solve_milp(sharing_program(problem).program.relaxed())
    assert found.status == "optimal"
    assert 0.0 <= found.gap <= GAP
    assert relaxed.objective <= found.bound_eur + 1e-6 <= found.cost_eur + 2e-6
    assert found.cost_eur == pytest.approx(cost_of(found, problem), abs=1e-4)
    assert found.cost_eur < problem.price_eur_per_kwh @ problem.total_kwh
    if problem.single_source:
        assert not ((found.grid_charge_kwh > 1e-9) & (found.solar_charge_kwh > 1e-9)).any()
    if problem.exclusive:
        assert not ((found.grid_charge_kwh + found.solar_charge_kwh > 1e-9) & (found.served_kwh > 1e-9)).any()


def test_options_can_only_raise_the_cost() -> None:
    free = plan(day(2, periods=48), gap=1e-5).cost_eur
    for option in ("single_source", "exclusive"):
        assert plan(day(2, periods=48, **{option: True}), gap=1e-5).cost_eur >= free * (1.0 - 1e-5)
    assert plan(day(2, periods=48, solar_direct=True), gap=1e-5).cost_eur <= free * (1.0 + 1e-5)


def test_the_grid_share_is_what_the_grid_charges_of_all_charging() -> None:
    found = plan(day(1))
    charge = found.grid_charge_kwh + found.solar_charge_kwh
    share = found.grid_share
    assert np.isnan(share[charge == 0.0]).all()
    np.testing.assert_allclose(share[charge > 0.0] * charge[charge > 0.0], found.grid_charge_kwh[charge > 0.0])


def test_the_currency_does_not_matter() -> None:
    problem = day(3)
    dearer = replace(
        problem,
        price_eur_per_kwh=100.0 * problem.price_eur_per_kwh,
        wear_eur=100.0 * problem.wear_eur,
        lost_load_eur_per_kwh=100.0 * problem.lost_load_eur_per_kwh,
    )
    one, other = plan(problem, gap=1e-5), plan(dearer, gap=1e-5)
    assert other.cost_eur == pytest.approx(100.0 * one.cost_eur, rel=2e-5)


def test_the_order_of_sites_does_not_matter() -> None:
    problem = day(4)
    turned = replace(problem, demand_kwh=problem.demand_kwh[:, ::-1])
    assert plan(turned, gap=1e-5).cost_eur == pytest.approx(plan(problem, gap=1e-5).cost_eur, rel=2e-5)


@pytest.mark.parametrize("seed", range(3))
def test_noise_in_the_last_digits_leaves_the_cost_within_the_gap(seed: int) -> None:
    problem, generator = day(seed), np.random.default_rng(seed)
    found = plan(problem)
    for _ in range(2):
        series = ("demand_kwh", "price_eur_per_kwh", "solar_kwh")
        noise: dict[str, Any] = {
            name: getattr(problem, name) * (1.0 + 1e-13 * generator.uniform(-1.0, 1.0, getattr(problem, name).shape))
            for name in series
        }
        assert plan(replace(problem, **noise)).cost_eur == pytest.approx(found.cost_eur, rel=GAP)


# --- limits ----------------------------------------------------------------------------------------------------------


def test_nothing_is_bought_in_an_outage_and_the_battery_serves_what_it_can() -> None:
    limit = np.full(96, np.inf)
    limit[40:60] = 0.0
    problem = day(1, grid_limit_kwh=limit, solar_kwh=np.zeros(96), final_kwh=0.0)
    found = plan(problem)
    account = evaluate(problem, found.decisions)
    np.testing.assert_allclose(account.purchases_kwh[40:60], 0.0, atol=1e-6)
    short = problem.total_kwh[40:60].sum() - 0.9 * 50.0 * 0.95
    assert found.unserved_kwh.sum() == pytest.approx(max(short, 0.0), abs=1e-3)
    assert (found.unserved_kwh[:40] == 0.0).all()
    assert (found.unserved_kwh[60:] == 0.0).all()


def test_the_reserve_is_there_for_outages_only_and_comes_back_as_fast_as_it_can() -> None:
    limit = np.full(96, np.inf)
    limit[40:72] = 0.0
    options: dict[str, Any] = {"grid_limit_kwh": limit, "solar_kwh": np.zeros(96)}
    kept, used = plan(day(2, **options)), plan(day(2, **options, outage_soc_min=0.0))
    assert kept.stored_kwh.min() == pytest.approx(5.0, abs=1e-4)
    assert used.stored_kwh[72] == pytest.approx(0.0, abs=1e-4)
    assert used.unserved_kwh.sum() < kept.unserved_kwh.sum()
    assert (used.stored_kwh[:41] >= 5.0 - 1e-4).all()
    assert used.stored_kwh[73] == pytest.approx(0.95 * 12.5 * 0.25, abs=1e-4)
    assert used.stored_kwh[74] >= 5.0 - 1e-4


def test_a_limit_of_the_grid_leaves_charging_what_demand_does_not_take() -> None:
    problem = day(5)
    limited = replace(problem, grid_limit_kwh=1.2 * problem.total_kwh)
    found = plan(limited)
    assert (found.grid_charge_kwh <= 0.2 * problem.total_kwh + 1e-6).all()
    assert found.cost_eur >= plan(problem).bound_eur


def test_a_battery_below_its_least_charge_is_charged_as_fast_as_it_can() -> None:
    problem = day(1, stored_kwh=0.5, solar_kwh=np.zeros(96))
    found = plan(problem)
    assert found.stored_kwh[1] == pytest.approx(0.5 + 0.95 * 12.5 * 0.25, abs=1e-5)
    assert not found.battery_sites[0].any()
    assert (found.stored_kwh[2:] >= 5.0 - 1e-4).all()


def test_a_final_energy_out_of_reach_is_met_as_far_as_it_can_be() -> None:
    found = plan(day(1, periods=4, period_h=0.25, stored_kwh=5.0, final_kwh=50.0, solar_kwh=np.zeros(4)))
    assert found.status == "optimal"
    assert found.stored_kwh[-1] == pytest.approx(5.0 + 4 * 0.95 * 12.5 * 0.25, abs=1e-5)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"single_source": True, "exclusive": True},
    {"outage_soc_min": 0.0},
    {"solar_direct": True, "solar_first": True},
    {"refill_eur_per_kwh": 0.3, "must_recharge": False, "outage_soc_min": 0.0},
]


@pytest.mark.parametrize("changes", [{}, {"outages": True}])
@pytest.mark.parametrize("start", [0.0, 4.0, 8.0])
@pytest.mark.parametrize("options", OPTIONS)
def test_the_cautious_plan_keeps_all_limits(changes: dict[str, Any], start: float, options: dict[str, Any]) -> None:
    for seed in range(20):
        problem = small(seed, periods=8, sites=3, stored_kwh=start, **changes, **options)
        assert is_feasible(problem, evaluate(problem, cautious_decisions(problem)))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("start", [0.0, 8.0])
def test_every_problem_has_a_plan_that_a_solver_finds(start: float, options: dict[str, Any]) -> None:
    for seed in range(3):
        assert plan(small(seed, periods=6, outages=True, stored_kwh=start, **options)).status == "optimal"


def test_what_is_missing_at_the_end_is_paid_where_that_is_cheaper() -> None:
    kept, paid = plan(day(1)), plan(day(1, refill_eur_per_kwh=0.01))
    assert paid.stored_kwh[-1] == pytest.approx(5.0, abs=1.0)
    assert paid.cost_eur < kept.cost_eur
    assert plan(day(1, refill_eur_per_kwh=10.0), gap=1e-5).cost_eur == pytest.approx(kept.cost_eur, rel=GAP)


def test_switching_costs_what_it_counts() -> None:
    problem = day(1, periods=12, switching_eur=0.2, before=np.array([True, False, False]))
    found = plan(problem, gap=1e-6)
    before = np.concatenate([[problem.before], found.battery_sites[:-1]])
    switches = (found.battery_sites != before).sum()
    free = plan(replace(problem, switching_eur=0.0), gap=1e-6)
    assert found.cost_eur == pytest.approx(cost_of(found, problem) + 0.2 * switches, abs=1e-4)
    assert free.cost_eur <= found.cost_eur
    assert found.cost_eur <= evaluate(problem, free.decisions).cost_eur + 1e-4


# --- many -------------------------------------------------------------------------------------------------------------


def test_processes_plan_as_one_would() -> None:
    problems = [small(seed, periods=6) for seed in range(5)]
    for alone, together in zip([plan(problem) for problem in problems], plan_all(problems, jobs=2), strict=True):
        for name in ("battery_sites", "grid_charge_kwh", "stored_kwh", "unserved_kwh"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))
        assert (alone.cost_eur, alone.status, alone.gap) == (together.cost_eur, together.status, together.gap)


def test_no_problems_have_no_plans() -> None:
    assert plan_all([], jobs=2) == []
