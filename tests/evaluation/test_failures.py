"""What failed on the way is said wherever results are read, and nothing is said where nothing failed."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.baselines.solver_faults import broken
from voltran.evaluation import bounds
from voltran.evaluation.evaluation import evaluate
from voltran.evaluation.report import write_report
from voltran.evaluation.results import Results
from voltran.evaluation.tables import headline_metrics, markdown_table

SHORT = {"time.horizon_h": 1.0}


def said(results: Results, folder: Path) -> str:
    console = Console(file=StringIO(), width=200)
    write_report(results, folder, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_plans_that_fell_back_have_a_column_and_a_warning(tmp_path: Path) -> None:
    with broken("cost of -1e9"):
        results = evaluate("toy3", ["independent", "msrc", "msrc-fast:dispatch=exact"], seeds=2, overrides=SHORT)
    table = markdown_table(results)
    assert "Plans that fell back" in table
    assert "Dispatches that fell back on the scheduler" in table
    count = round(2 * (results.mean("msrc", "failed_solves") or 0.0))
    assert 0 < count <= results.controllers["msrc"].decisions
    assert f"; msrc: {count} plans fell back; " in table
    warning = next(line for line in said(results, tmp_path).splitlines() if line.startswith("Warning: solvers failed"))
    assert f"msrc: {count} plans fell back" in warning
    assert "independent" not in warning


def test_nothing_is_said_where_nothing_failed(tmp_path: Path) -> None:
    results = evaluate("toy3", ["independent", "msrc-fast:dispatch=exact"], seeds=1, overrides=SHORT)
    assert results.mean("msrc-fast:dispatch=exact", "failed_solves") == 0.0
    assert all(metric.headline for metric in headline_metrics(results))
    assert "fell back" not in markdown_table(results)
    assert "Warning" not in said(results, tmp_path)


def test_an_episode_whose_bound_is_not_found_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bounds, "_BEST", {})
    team, few = "bs=buy-all+retailer=price-cap", {"time.horizon_h": 2.0}
    with broken("less than whole"):
        results = evaluate("market4", [team], seeds=2, overrides=few)
    metrics = results.controllers[team].metrics
    assert not {"welfare_optimum_usd", "efficiency", "welfare_gap_usd"} & metrics.keys()
    assert metrics["failed_bounds"].values == [1.0, 1.0]
    assert "2 bounds not found" in said(results, tmp_path)
    again = evaluate("market4", [team], seeds=2, overrides=few)
    assert again.mean(team, "failed_bounds") == 0.0
    assert again.mean(team, "efficiency") is not None


def test_planners_that_certify_say_how_much_is_proven() -> None:
    proven, hasty, plain = "msrc:certify=5%", "msrc:certify=5%:proof_time_s=0.000000001", "msrc"
    results = evaluate("toy3", [proven, hasty, plain], seeds=1, overrides=SHORT)
    assert results.mean(proven, "plans_proven") == 1.0
    assert results.mean(proven, "plan_gap_mean") == pytest.approx(0.05)
    assert (results.mean(hasty, "plans_proven"), results.mean(hasty, "plan_gap_mean")) == (0.0, 1.0)
    assert not {"plans_proven", "plan_gap_mean"} & results.controllers[plain].metrics.keys()
    for key, summary in results.controllers[plain].metrics.items():
        if key not in ("decision_ms", "decision_p95_ms"):
            assert results.mean(hasty, key) == summary.mean, key
