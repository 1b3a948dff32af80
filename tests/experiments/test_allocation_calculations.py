"""Calculations about allocations: methods, files that arrive one by one, and what gaps are worth."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voltran.baselines.dpa import solve
from voltran.baselines.dpa.paper_cases import day_problem, paper_problem, public_generation_w, public_problem
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import validated
from voltran.experiments.allocations.arrival_spread import ArrivalSpread, arrival_spread
from voltran.experiments.allocations.gaps import Gaps, gaps
from voltran.experiments.allocations.method_times import PRINTED, MethodTimes, method_times
from voltran.experiments.allocations.readings import FreeForSubscribers, Reading, figures
from voltran.experiments.calculations.findings import Findings
from voltran.experiments.calculations.working import Working


@pytest.fixture
def working(tmp_path: Path) -> Working:
    return Working(folder=tmp_path, jobs=1, say=lambda line: None)


def rows(findings: Findings, table: int = 0) -> list[dict[str, Any]]:
    found = findings.tables[table]
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_iterations_are_those_of_the_methods(working: Working) -> None:
    options = MethodTimes(regimes=("D",), hours=(3,), most_rounds=300, fixed_steps=(0.1, 0.3, 1e6), repeats=1)
    found = method_times(options, working)
    for row in rows(found):
        problem = paper_problem(int(row["Mode"]), quadratic=row["Costs"] == "quadratic")
        for name, method in (("Newton", "newton"), ("interior point", "interior_point")):
            expected = solve(problem, method, tolerance=options.tolerance)
            assert expected.status == "optimal"
            assert str(row[name]).split(" ")[0] == str(expected.iterations)
    # The best step is found, and a step that is much too long does not hide it.
    by_case = {(row["Costs"], row["Mode"]): row for row in rows(found)}
    best = solve(paper_problem(1, quadratic=True), "dual_gradient", scaling="none", z1=0.3, z2=0.3, z3=0.3, z4=0.3)
    assert best.status == "optimal"
    assert int(str(by_case["quadratic", "1"][PRINTED]).split(" ")[0]) <= best.iterations
    assert str(by_case["linear", "3"][PRINTED]).startswith(">300")
    assert found.values["solved_interior"] == found.values["cases"] == 8.0


def test_satisfaction_spreads_less_in_longer_slots(working: Working) -> None:
    options = ArrivalSpread(draws=30, of_highest=(0.5,), slots_s=(10.0, 1000.0), seed=3)
    found = arrival_spread(options, working)
    for series in found.charts[0].series:
        short, long = (value or 0.0 for value in series.y)
        # The spread of the work falls with the root of the length: ten times less.
        assert short / long == pytest.approx(10.0, rel=0.35)
    shortest, longest = (found.values[f"spread_{end}_percent"] for end in ("shortest", "longest"))
    assert shortest is not None
    assert longest is not None
    assert longest < shortest
    assert arrival_spread(options, working) == found


def test_utilisation_of_each_site_takes_the_place_of_the_rate() -> None:
    same = paper_problem(2, utilisation=np.full(4, 0.5))
    assert same.demand_kw.tolist() == paper_problem(2, arrival_rate=2.5).demand_kw.tolist()
    one = paper_problem(2, utilisation=np.array([0.0, 0.5, 0.5, 0.5]))
    assert one.demand_kw[0] == pytest.approx(0.3 * 1.35)
    assert one.demand_kw[1:].tolist() == same.demand_kw[1:].tolist()


def test_our_own_reading_is_that_of_all_other_experiments() -> None:
    found = figures(Reading(), points=2)
    expected = solve(paper_problem(2, quadratic=True))
    assert np.allclose(found.quadratic[1].power_w[-1], 1e3 * expected.power_kw, atol=1e-3)
    for hour in (0, 12, 23):
        problem = public_problem(hour)
        assert np.allclose(found.day[0].demand_w[hour], 1e3 * problem.demand_kw, atol=1e-3)
        assert np.allclose(found.day[0].power_w[hour], 1e3 * solve(problem).power_kw, atol=1e-2)


def test_readings_change_what_they_name() -> None:
    other = figures(Reading(load="flat", generation="mean", low_share=0.25, battery_w=5.0, swapped=True), points=2)
    usual = figures(Reading(), points=2)
    assert np.ptp(np.sum(other.day[0].demand_w, axis=1)) < 1e-6 < np.ptp(np.sum(usual.day[0].demand_w, axis=1))
    middle_w = 0.5 * (public_generation_w(0) + public_generation_w(23))
    assert np.allclose(other.day[0].generation_w, middle_w)
    assert max(max(row) for row in other.linear[2].battery_w) > 0.6 > max(map(max, usual.linear[2].battery_w))
    # Who is at home elsewhere pays the surcharge where others did not.
    mirrored = [row[4:] + row[:4] for row in other.day[0].power_w]
    assert np.allclose(
        mirrored, figures(Reading(load="flat", generation="mean", low_share=0.25), 2).day[0].power_w, atol=0.5
    )


def test_subscribers_pay_nothing_where_the_proof_is_read_literally() -> None:
    problem = day_problem(0.9, public_generation_w(5))
    names = ("generation_kw", "demand_kw", "least_kw", "unit_cost", "subscriber", "access")
    free = FreeForSubscribers(**{name: getattr(problem, name) for name in names}, quadratic=True)
    assert not free.cost_coefficient[free.subscriber].any()
    others = ~free.subscriber
    assert free.cost_coefficient[others] == pytest.approx(0.6 / 1.6 * problem.cost_coefficient[others])


def test_gaps_are_varied_one_at_a_time_and_mistakes_are_named(working: Working) -> None:
    gap = {"name": "box", "title": "A gap", "why": "None.", "default": "ours"}
    options = validated(
        Gaps, {"points": 2, "gaps": [{**gap, "choices": {"ours again": {}, "W": {"regime": "C"}}}]}, "x"
    )
    (found,) = gaps(options, working).sensitivities
    same, watts = found.varied[0].tried
    assert dict(same.estimates) == dict(found.base)
    assert watts.estimates["worst"] != found.base["worst"]
    for changes, message in (
        ({"regim": "C"}, "gap box, a: unknown key 'regim'"),
        ({"load_factor": 2.0}, "load_factor = 2.0"),
    ):
        wrong = validated(Gaps, {"gaps": [{**gap, "choices": {"a": changes}}]}, "x")
        with pytest.raises(ScenarioError, match=message):
            gaps(wrong, working)
