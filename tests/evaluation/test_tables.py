"""Tables show every metric, with its unit and interval, and say whom they compare."""

import csv
import io
import re

import pytest

from tests.evaluation.fake_outage import KPI_KEYS, PlanningController, idle_and_busy, spec
from tests.evaluation.fixtures import play_idle_and_busy
from voltran.envs.blackout.metric_table import METRICS as OUTAGE_METRICS
from voltran.envs.metric import MISSING, Metric
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.markdown import MOST_COLUMNS, grid
from voltran.evaluation.metrics import DECISION_TIMES, all_metrics, metric_of, metrics_of
from voltran.evaluation.results import Results
from voltran.evaluation.tables import (
    csv_table,
    markdown_all_metrics,
    markdown_paired,
    markdown_report,
    markdown_table,
)

CLASSES = ("emergency", "voice", "essential", "best_effort", "critical")
KPIS_OF_BLACKOUT = {
    *(
        "survival_h",
        "survival_hold_h",
        "survival_15_h",
        "censored",
        "uncovered_share",
        "uncovered_share_at_start",
        "first_depletion_h",
        "half_depleted_h",
    ),
    *("continuity", "continuity_own", "served_gbit", "service_hours", "unserved_gbit", "unserved_kwh"),
    *("ev_utilisation", "ev_utilisation_nameplate", "ev_cost", "mean_power_kw", "ledger_residual_kw"),
    *("handovers_per_user_h", "handovers_per_user", "mode_switches_per_site_h", "mode_switches_per_site"),
    *(f"availability_{name}{end}" for name in CLASSES for end in ("", "_at_2h5", "_latched_at_2h5")),
}

ESTIMATE = r"-?[\d.]+( ± [\d.]+| \[-?[\d.]+, -?[\d.]+\])"

SHOWN = [metric for metric in metrics_of("blackout_v0") if metric in OUTAGE_METRICS or metric.key in DECISION_TIMES]


@pytest.fixture
def results(scenario: str) -> Results:
    return play_idle_and_busy(scenario, range(12))


def outage_metric(key: str) -> Metric:
    return metric_of(key, "blackout_v0")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def rows(markdown: str) -> list[list[str]]:
    return [cells(line) for line in markdown.splitlines() if line.startswith("|") and not line.startswith("| ---")]


def test_every_metric_of_the_outage_world_is_known() -> None:
    assert set(KPI_KEYS) == KPIS_OF_BLACKOUT
    assert len({metric.heading for metric in all_metrics()}) == len(all_metrics())


def test_every_metric_is_rendered_for_every_controller(results: Results) -> None:
    head, *body = rows(markdown_all_metrics(results))
    assert head == ["Metric", "idle", "busy"]
    assert [row[0] for row in body] == [metric.heading for metric in SHOWN]
    assert all(re.fullmatch(ESTIMATE, cell) for row in body for cell in row[1:] if row[0] != "EV utilisation (%)")
    assert all(re.fullmatch(r"[\d.]+", cell) for row in body for cell in row[1:] if row[0] == "EV utilisation (%)")


def test_headline_table_has_what_controllers_declare_and_their_estimates(results: Results) -> None:
    first, second = markdown_table(results).split("\n\n")[:2]
    (head, idle, busy), (more, _, _) = rows(first), rows(second)
    assert (more[0], len(head)) == ("Controller", 8)
    assert head[4:] + more[1:] == [metric.heading for metric in SHOWN if metric.headline]
    assert head[:5] == ["Controller", "Information", "Commands", "Price", "Survival (h)"]
    assert busy[:4] == ["busy", "local", "free", "flat"]
    survival = results.controllers["busy"].metrics["survival_h"]
    assert busy[4] == outage_metric("survival_h").estimate(survival.mean, survival.bootstrap95)
    assert re.fullmatch(ESTIMATE, busy[4])
    shares = dict(zip(head, idle, strict=True))["Continuity, first 5 h (%)"]
    assert float(shares.split(" ")[0]) == pytest.approx(
        100 * (results.controllers["idle"].metrics["continuity"].mean or 0.0), abs=0.05
    )
    assert "12 episodes per controller (seeds 0 to 11, the same for all)" in markdown_table(results)
    assert "censored at the horizon: idle 67 %, busy 67 %" in markdown_table(results)


def test_counters_stand_among_all_metrics_and_are_missing_for_who_does_not_count(scenario: str) -> None:
    plans = spec("plans", PlanningController, 0, keys=("failed_solves", "plan_error_power"))
    results = Evaluation(scenario, [*idle_and_busy(), plans], [0, 1], {"max_decisions": 5}).run()
    shown = {row[0]: row[1:] for row in rows(markdown_all_metrics(results))}
    assert shown["Plans that fell back"] == [MISSING, MISSING, "5.00"]
    assert shown["Planned site power, mean absolute error (%)"] == [MISSING] * 3
    assert "Evaluations per plan" not in markdown_table(results)


def test_paired_table_marks_what_differs_and_withholds_censored_ratios(results: Results) -> None:
    shown: dict[str, str] = {}
    for part in markdown_paired(results, "idle").split("\n\n")[:2]:
        head, busy = rows(part)
        assert len(head) <= 8
        shown |= dict(zip(head, busy, strict=True))
    assert shown["Minus idle"] == "busy"
    for metric in all_metrics():
        if metric.headline and metric.key in results.paired["idle"]["busy"]:
            low, high = results.paired["idle"]["busy"][metric.key].bootstrap95 or (0.0, 0.0)
            assert shown[metric.heading].startswith("**") == (low > 0.0 or high < 0.0), metric.key
    assert shown["Survival ratio"] == MISSING
    uncensored = results.paired["idle"]["busy"] | {
        "survival_h": results.paired["idle"]["busy"]["survival_h"].model_copy(update={"ratio": 1.234})
    }
    changed = results.model_copy(update={"paired": {"idle": {"busy": uncensored}}})
    assert rows(markdown_paired(changed, "idle"))[-1][-1] == "1.23"


def test_one_episode_shows_means_without_intervals(scenario: str) -> None:
    single = play_idle_and_busy(scenario, [2])
    assert "±" not in markdown_report(single)
    assert "1 episode per controller (seed 2, the same for all)" in markdown_report(single)


def test_csv_has_every_number_in_stored_units(results: Results) -> None:
    lines = list(csv.DictReader(io.StringIO(csv_table(results))))
    assert len(lines) == 2 * len(SHOWN)
    for line in lines:
        summary = results.controllers[line["controller"]].metrics[line["metric"]]
        assert float(line["mean"]) == summary.mean
        if line["metric"] == "ev_utilisation":  # every other episode has one, which is too few for intervals
            assert (summary.ci95, line["ci95_low"], line["bootstrap95_high"]) == (None, "", "")
            continue
        assert summary.bootstrap95 is not None
        assert (float(line["ci95_low"]), float(line["ci95_high"])) == summary.ci95
        assert (float(line["bootstrap95_low"]), float(line["bootstrap95_high"])) == summary.bootstrap95


def test_report_joins_all_tables_and_says_what_made_it(results: Results) -> None:
    report = markdown_report(results, "Two controllers")
    assert report.startswith("# Two controllers\n")
    for part in (markdown_table(results), markdown_paired(results, "idle"), markdown_all_metrics(results)):
        assert part.strip() in report
    assert f"numpy {results.versions['numpy']}" in report


def test_numbers_are_formatted_in_shown_units() -> None:
    assert outage_metric("continuity").number(0.8768) == "87.7"
    assert outage_metric("survival_h").estimate(2.0, (1.5, 2.5)) == "2.00 ± 0.50"
    assert outage_metric("survival_h").estimate(2.0, (1.52, 2.5)) == "2.00 ± 0.50"
    assert outage_metric("survival_h").estimate(5.45, (5.02, 5.91)) == "5.45 ± 0.46"
    assert outage_metric("survival_h").estimate(2.0, (1.5, 3.0)) == "2.00 [1.50, 3.00]"
    assert outage_metric("survival_h").estimate(0.1, (-0.5, 0.2), signed=True) == "+0.10 [-0.50, +0.20]"
    assert outage_metric("censored").estimate(0.333, (0.1, 1.0)) == "33.3 [10.0, 100.0]"
    assert outage_metric("survival_h").number(-0.25, signed=True) == "-0.25"
    assert outage_metric("survival_h").number(0.25, signed=True) == "+0.25"
    assert outage_metric("survival_h").number(-0.001) == "0.00"
    assert outage_metric("survival_h").number(None) == MISSING
    assert outage_metric("welfare_eur").heading == "welfare eur"


@pytest.mark.parametrize(
    ("keys", "columns", "step"), [(1, 3, 1), (1, 20, 1), (2, 10, 2), (3, 17, 2), (8, 8, 1), (1, 1, 1)]
)
def test_wide_tables_are_split_and_lose_nothing(keys: int, columns: int, step: int) -> None:
    head = [f"title {column}" for column in range(columns)]
    body = [[f"cell {row}.{column}" for column in range(columns)] for row in range(2)]
    parts = [rows(part) for part in grid(head, body, keys=keys, step=step).split("\n\n")]
    assert all(len(line) <= MOST_COLUMNS for part in parts for line in part)
    assert all(part[0][:keys] == head[:keys] for part in parts)
    assert all((len(part[0]) - keys) % step == 0 for part in parts)
    for index, line in enumerate([head, *body]):
        assert line[:keys] + [cell for part in parts for cell in part[index][keys:]] == line


def test_every_metric_ends_where_its_values_can(results: Results) -> None:
    for metric in all_metrics():
        low, high = metric.bounds
        assert low < high, metric.key
        assert (metric.unit != "%") or high == 1.0 or metric.key.startswith("plan_error"), metric.key
