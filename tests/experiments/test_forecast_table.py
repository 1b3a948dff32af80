"""[CG] Table II in a tiny form: every row is computed once, and claims follow from the rows."""

from pathlib import Path

import pytest

from voltran.envs.scenario import validated
from voltran.experiments.calculations.findings import Findings
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.forecasting import PAPER, TableOptions, _rows, forecast_table

TINY = {
    "windows": [2, 4],
    "schedules": [{"rounds": 1, "epochs": 1}, {"rounds": 2, "epochs": 1}],
    "long_rounds": 3,
    "other_epochs": 1,
    "fine_tuning_epochs": 1,
    "clients_per_round": 2,
    "heavy_noise": [0.0, 0.7],
    "noisy_rows": "all",
    "data": {"sites": 4, "days": 3, "training_days": 2, "period_h": 1.0},
}


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def findings(folder: Path, said: list[str]) -> Findings:
    return forecast_table(validated(TableOptions, TINY, "test"), Working(folder, 1, said.append, folder / "parts"))


def test_each_noise_has_a_table_with_all_ways(findings: Findings) -> None:
    for table in findings.tables:
        ways = [row[0] for row in table.rows]
        assert len(ways) == len(set(ways)) == 13
        for row in table.rows:
            least, mean, most = row[2:5]
            assert 0.0 < least <= mean <= most  # type: ignore[operator]


def test_the_answers_values_are_the_tables(findings: Findings) -> None:
    quiet, heavy = findings.tables
    assert findings.values["persistence_mse"] == quiet.rows[0][3]
    assert findings.values["persistence_heavy_mae"] == heavy.rows[0][6]
    assert findings.values["federated_mse"] == next(row[3] for row in quiet.rows if row[0] == "federated [2, 1, 1]")


def test_claims_say_what_the_rows_show(findings: Findings) -> None:
    [_, longer, accurate] = findings.claims[:3]
    rows = {row[0]: row[3] for row in findings.tables[0].rows}
    worse = all(rows[f"federated [{window}, 2, 1]"] > rows[f"federated [{window}, 1, 1]"] for window in (2, 4))  # type: ignore[operator]
    assert longer.verdict == ("holds" if worse else "fails")
    assert accurate.verdict == "cannot be judged"


def test_finished_rows_are_not_computed_again(findings: Findings, folder: Path) -> None:
    said: list[str] = []
    options = validated(TableOptions, {**TINY, "heavy_noise": [0.0]}, "test")
    again = forecast_table(options, Working(folder, 1, said.append, folder / "parts"))
    assert again.tables == findings.tables[:1]
    assert said == []


def test_the_printed_rows_stand_beside_ours(folder: Path) -> None:
    given = {**TINY, "windows": [16], "schedules": [{"rounds": 10, "epochs": 3}], "heavy_noise": [0.0]}
    given |= {"data": {"sites": 2, "days": 3, "training_days": 2, "period_h": 1.0}}
    [table] = forecast_table(validated(TableOptions, given, "test"), Working(folder, 1, print)).tables
    printed = next(row for row in table.rows if row[1] == "[CG] Table II")
    assert printed[2:] == PAPER[16, 10, 3]


def test_tables_with_noise_are_short_unless_asked_for() -> None:
    options = validated(TableOptions, {key: value for key, value in TINY.items() if key != "noisy_rows"}, "test")
    names = [row.name for row in _rows(options, 0.7)]
    assert names[:2] == ["persistence", "a day ago"]
    assert len(names) == 4
    assert set(names) < {row.name for row in _rows(options, 0.0)}
