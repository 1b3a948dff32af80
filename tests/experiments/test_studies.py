"""Studies of power allocation: verdicts follow the solutions, and published ones can be solved again."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tests.house import ROOT
from voltran.baselines.dpa import solve
from voltran.baselines.dpa.paper_cases import paper_problem, public_problem
from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.envs.scenario import validated
from voltran.experiments.allocations.paper_claims import FAILS, HOLDS, IMPOSSIBLE, findings
from voltran.experiments.allocations.study import Claim
from voltran.experiments.allocations.study_results import Curve, StudyResults, read_study_results
from voltran.experiments.experiment import experiment_names, read_experiment
from voltran.experiments.publish import check_publishable
from voltran.experiments.run import run_experiment

RESULTS = ROOT / "docs" / "results"
STUDIES = [name for name in experiment_names() if read_experiment(name).kind == "allocations"]
PUBLISHED = [name for name in STUDIES if (RESULTS / name / "results.json").exists()]


def quiet() -> Console:
    return Console(file=io.StringIO())


def curve(**changed: Any) -> Curve:
    """Eleven rates from 0 to 1; everybody gets 10 W from each retailer, unless told otherwise."""
    power = np.full((11, 4, 2), 10.0)
    for (site, retailer), watts in changed.pop("power", {}).items():
        power[:, site - 1, retailer - 1] = watts
    demand = np.tile(changed.pop("demand", [200.0, 20.0, 200.0, 20.0]), (11, 1))
    return Curve(
        name="D",
        mode=1,
        at=[0.1 * point for point in range(11)],
        power_w=power.tolist(),
        battery_w=[[0.0, 0.448, 0.5, 0.0]] * 11,
        utility=[[1.0, 2.0, 3.0, 4.0]] * 11,
        demand_w=demand.tolist(),
        generation_w=[[50.0, changed.pop("second", 100.0)]] * 11,
        gap=[0.0] * 11,
    )


def verdict(claim: dict[str, Any], where: Curve) -> str:
    (found,) = findings([Claim(text="a claim", **claim)], [where])
    return found.verdict


STARTS_AT_04 = np.where(np.arange(11) >= 4, 5.0, 0.0)


@pytest.mark.parametrize(
    ("after", "expected"), [(0.4, HOLDS), (0.32, HOLDS), (0.5, HOLDS), (0.2, FAILS), (0.7, FAILS), (0.0, FAILS)]
)
def test_an_onset_is_the_papers_within_a_tenth_of_the_axis(after: float, expected: str) -> None:
    where = curve(power={(1, 2): STARTS_AT_04})
    assert verdict({"check": "feeds", "pair": (1, 2), "after": after}, where) == expected


def test_an_onset_lasts_to_the_end_of_the_axis() -> None:
    stops = np.where(np.arange(11) == 10, 0.0, 5.0)
    where = curve(power={(1, 2): stops})
    assert verdict({"check": "feeds", "pair": (1, 2), "after": 0.0}, where) == FAILS


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"check": "never", "pair": (3, 1)}, FAILS),
        ({"check": "exceeds", "pair": (1, 1), "other": (2, 1), "after": 0.0}, FAILS),
        ({"check": "battery", "site": 2, "watts": 0.45}, HOLDS),
        ({"check": "battery", "site": 2, "watts": 0.6}, FAILS),
        ({"check": "total", "site": 4, "watts": 20.0}, HOLDS),
        ({"check": "better", "site": 4, "second": 1}, HOLDS),
        ({"check": "better", "site": 1, "second": 4}, FAILS),
    ],
)
def test_claims_are_weighed_on_the_curve(claim: dict[str, Any], expected: str) -> None:
    assert verdict(claim, curve()) == expected


def test_a_claim_is_named_impossible_only_where_its_premise_is_met() -> None:
    alone = {"check": "alone", "pair": (4, 1), "other": (3, 1), "reason": "twin sites"}
    assert verdict(alone, curve()) == f"{IMPOSSIBLE} (twin sites)"
    assert verdict(alone, curve(demand=[200.0, 20.0, 10.0, 20.0])) == FAILS
    assert verdict(alone, curve(power={(3, 1): 0.0})) == HOLDS
    later = {"check": "feeds", "pair": (2, 2), "after": 0.5, "reason": "first watt"}
    assert verdict(later, curve()) == f"{IMPOSSIBLE} (first watt)"
    assert verdict(later, curve(second=40.0)) == FAILS  # retailer 2 is sold out


def test_which_begins_earlier_is_measured() -> None:
    claim = {"check": "earlier", "pair": (2, 2), "other": (4, 1), "then": (4, 2), "than": (2, 1)}
    early, late = (np.where(np.arange(11) >= first, 15.0, 5.0) for first in (2, 6))
    assert verdict(claim, curve(power={(2, 2): early, (4, 2): late})) == HOLDS
    assert verdict(claim, curve(power={(2, 2): late, (4, 2): early})) == FAILS


@pytest.mark.parametrize("name", STUDIES)
def test_shipped_studies_are_valid(name: str) -> None:
    study = read_experiment(name)
    assert study.title
    assert study.claims


def test_bad_studies_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"known: brownout, cg_fig3"):
        read_experiment("dpa_fig9")
    with pytest.raises(ScenarioError, match="feeds needs after"):
        validated(Claim, {"text": "x", "check": "feeds", "pair": [1, 1]}, "here")
    with pytest.raises(ScenarioError, match="mode = 4"):
        validated(Claim, {"text": "x", "check": "never", "pair": [1, 1], "mode": 4}, "here")


def test_a_study_runs_like_an_experiment(tmp_path: Path) -> None:
    check_publishable("dpa_fig5_6", ROOT)
    report = run_experiment("dpa_fig5_6", tmp_path / "out", resume=False, jobs=1, console=quiet())
    assert HOLDS in report.read_text(encoding="utf-8")
    found = read_study_results(tmp_path / "out" / "results.json")
    assert [curve.name for curve in found.curves] == ["proposed", "traditional"]
    problem = public_problem(21)
    hour = found.curves[0]
    assert hour.demand_w[21] == pytest.approx((1e3 * problem.demand_kw).tolist(), abs=1e-3)
    with pytest.raises(VoltranError, match="not empty"):
        run_experiment("dpa_fig5_6", tmp_path / "out", resume=False, jobs=1, console=quiet())
    (tmp_path / "out" / "results.json").write_text("{")
    with pytest.raises(FileFormatError, match="run voltran experiment again"):
        read_study_results(tmp_path / "out" / "results.json")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_verdicts_are_what_the_published_curves_say(name: str) -> None:
    results = read_study_results(RESULTS / name / "results.json")
    assert results.findings == findings(read_experiment(name).claims, results.curves)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_points_are_solved_again(name: str) -> None:
    study, results = read_experiment(name), read_study_results(RESULTS / name / "results.json")
    for recorded in results.curves:
        for point in (0, len(recorded.at) // 2, -1):
            at = recorded.at[point]
            if study.over == "day":
                problem = public_problem(int(at), traditional=recorded.name == "traditional")
            else:
                regime: Any = recorded.name
                problem = paper_problem(recorded.mode, quadratic=study.quadratic, arrival_rate=at, regime=regime)
            found = solve(problem)
            assert (1e3 * found.power_kw.sum(axis=1)).tolist() == pytest.approx(
                np.sum(recorded.power_w[point], axis=1).tolist(), abs=0.02
            )
            assert (1e3 * found.power_kw).tolist()[0] == pytest.approx(recorded.power_w[point][0], abs=0.5)


def test_results_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="format"):
        StudyResults.model_validate({"format": "another", "versions": {}, "curves": [], "findings": []})
