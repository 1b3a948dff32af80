"""Plans of shared batteries when solvers fail, and problems and options that are refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.baselines.sharing_problems import battery, day, small
from tests.baselines.sharing_search import cost_of
from voltran.baselines.collective import plan as planning
from voltran.baselines.collective.evaluation import evaluate, is_feasible
from voltran.baselines.collective.plan import plan, plan_all
from voltran.baselines.collective.program import sharing_program
from voltran.baselines.solve import MilpResult, SolverError, solve_milp
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import FloatArray

# --- solvers that fail ------------------------------------------------------------------------------------------------


def answers(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let the solver's answers be changed on their way."""
    real = solve_milp

    def changed(*args: Any, **options: Any) -> MilpResult:
        result: MilpResult = change(real(*args, **options))
        return result

    monkeypatch.setattr(planning, "solve_milp", changed)


def test_a_solver_that_raises_leaves_the_cautious_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> MilpResult:
        raise SolverError("broken")

    monkeypatch.setattr(planning, "solve_milp", broken)
    problem = day(1, stored_kwh=5.0)
    found = plan(problem)
    assert (found.status, found.gap, found.bound_eur) == ("failed", np.inf, -np.inf)
    assert not found.battery_sites.any()
    assert found.cost_eur == pytest.approx(cost_of(found, problem), abs=1e-6)


def test_a_program_called_infeasible_leaves_the_cautious_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, lambda result: replace(result, status="infeasible", values=None, bound=np.inf))
    assert plan(day(1)).status == "failed"


def test_no_time_gives_a_plan_that_keeps_all_limits() -> None:
    problem = day(1)
    found = plan(problem, time_limit_s=0.0)
    assert found.status == "limit"
    assert is_feasible(problem, evaluate(problem, found.decisions))
    assert found.cost_eur - found.bound_eur == pytest.approx(found.gap * found.cost_eur) or found.gap == np.inf


def test_a_solution_that_breaks_limits_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, lambda result: replace(result, values=np.zeros_like(result.values)))
    problem = day(1, stored_kwh=5.0)
    found = plan(problem)
    assert is_feasible(problem, evaluate(problem, found.decisions))
    assert found.status == "limit"


def test_a_bound_above_a_plan_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, lambda result: replace(result, bound=2.0 * result.objective))
    found = plan(day(1))
    assert (found.status, found.bound_eur) == ("limit", -np.inf)


def test_binaries_that_are_nearly_whole_are_made_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = day(1)
    source = sharing_program(problem).source

    def blurred(result: MilpResult) -> MilpResult:
        values: FloatArray = result.values.copy()  # type: ignore[union-attr]
        values[source] = np.where(values[source] > 0.5, 0.99, 0.01)
        return replace(result, values=values)

    answers(monkeypatch, blurred)
    found = plan(problem)
    assert found.status == "optimal"
    assert found.cost_eur == pytest.approx(cost_of(found, problem), abs=1e-4)


# --- bad input --------------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "NaN in demand": ({"demand_kwh": np.full((4, 2), np.nan)}, r"demand_kwh\[0, 0\] = nan"),
    "negative demand": ({"demand_kwh": np.full((4, 2), -1.0)}, "at least 0"),
    "demand of other slots": ({"demand_kwh": np.ones((3, 2))}, r"demand_kwh: shape \(3, 2\), expected \(4, 2\)"),
    "no sites": ({"demand_kwh": np.ones((4, 0))}, "one of each at least"),
    "no slots": ({"price_eur_per_kwh": np.ones(0)}, "one of each at least"),
    "infinite price": ({"price_eur_per_kwh": np.array([1.0, np.inf, 1.0, 1.0])}, r"price_eur_per_kwh\[1\] = inf"),
    "words": ({"price_eur_per_kwh": ["a", "b", "c", "d"]}, "must be numbers"),
    "negative sun": ({"solar_kwh": np.full(4, -1.0)}, "solar_kwh"),
    "short sun": ({"solar_kwh": np.ones(5)}, "solar_kwh: shape"),
    "NaN limit": ({"grid_limit_kwh": np.full(4, np.nan)}, "grid_limit_kwh"),
    "NaN in the battery": ({"stored_kwh": np.nan}, "stored_kwh = nan"),
    "more than full": ({"stored_kwh": 9.0}, "exceeds what the battery may hold, 8 kWh"),
    "final beyond full": ({"final_kwh": 9.0}, "final_kwh"),
    "negative wear": ({"wear_eur": -1.0}, "wear_eur"),
    "no length": ({"period_h": 0.0}, "period_h"),
    "efficiency": ({"battery": battery(8.0)._replace(charge_efficiency=0.0)}, "charge_efficiency"),
    "no capacity": ({"battery": battery(0.0), "stored_kwh": 0.0, "final_kwh": 0.0}, "capacity_kwh"),
    "limits crossed": ({"battery": battery(8.0)._replace(soc_max=0.05)}, "must rise"),
    "NaN efficiency": ({"battery": battery(8.0)._replace(discharge_efficiency=np.nan)}, "discharge_efficiency"),
    "refill": ({"refill_eur_per_kwh": -1.0}, "refill_eur_per_kwh"),
    "before of others": ({"before": np.zeros(3, bool)}, "before"),
    "reserve above the least": ({"outage_soc_min": 0.5}, "outage_soc_min"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_problems_are_refused(name: str) -> None:
    changes, message = WRONG[name]
    with pytest.raises(ScenarioError, match=message):
        small(0, **changes)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"gap": -1.0}, "gap"), ({"time_limit_s": np.nan}, "time_limit_s"), ({"solver": "simplex"}, "highs, scip")],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        plan(small(0), **options)
    with pytest.raises(ScenarioError, match=message):
        plan_all([], **options)


def test_at_least_one_process_is_needed() -> None:
    with pytest.raises(ScenarioError, match="jobs = 0"):
        plan_all([small(0)], jobs=0)
