"""Experiments: every shipped one is valid, and reports put published values beside ours."""

import io
import json
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from voltran.envs.errors import ScenarioError, VoltranError
from voltran.train.experiment import experiment_names, read_experiment, run_experiment
from voltran.train.metrics import METRICS, MISSING

pytestmark = pytest.mark.usefixtures("fake_voltran")


def quiet() -> Console:
    return Console(file=io.StringIO())


@pytest.fixture
def experiment(scenario: str, tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    content = {
        "title": "A small experiment",
        "scenarios": [scenario],
        "controllers": ["idle", "busy", "busy:code=3"],
        "seeds": 2,
        "first_seed": 30,
        "reference": ["idle"],
        "paper": [
            {
                "title": "Table I",
                "note": "Read with care.",
                "values": {
                    scenario: {"survival_h": {"idle": 2.5, "msrc": 5.0}, "continuity": {"busy": 0.88}},
                    "urban61-medium": {"survival_h": {"idle": 1.0}},
                },
            }
        ],
    }
    path.write_text(yaml.safe_dump(content))
    return path


def test_published_values_stand_beside_ours(experiment: Path, scenario: str, tmp_path: Path) -> None:
    report = run_experiment(str(experiment), tmp_path / "out", resume=False, jobs=1, console=quiet())
    text = report.read_text()
    found = json.loads((tmp_path / "out" / "fake" / "results.json").read_text())
    assert found["seeds"] == [30, 31]
    assert list(found["controllers"]) == ["idle", "busy", "busy:code=3"]
    mean = found["controllers"]["idle"]["metrics"]["survival_h"]["mean"]
    assert f"| {scenario} | Survival (h) | idle | 2.50 | {mean:.2f} ± " in text
    assert f"| {scenario} | Survival (h) | msrc | 5.00 | {MISSING} |" in text
    assert f"| {scenario} | Continuity, first 5 h (%) | busy | 88.0 | " in text
    assert f"| urban61-medium | Survival (h) | idle | 1.00 | {MISSING} |" in text
    assert "Read with care." in text
    assert "fake/batteries-dark.png" in text
    assert "| Minus idle |" in text


@pytest.mark.usefixtures("no_pictures")
def test_an_experiment_continues_only_on_request(experiment: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run_experiment(str(experiment), out, resume=False, jobs=1, console=quiet()).read_text()
    with pytest.raises(VoltranError, match="--resume"):
        run_experiment(str(experiment), out, resume=False, jobs=1, console=quiet())
    (out / "table.md").unlink()
    second = run_experiment(str(experiment), out, resume=True, jobs=1, console=quiet()).read_text()
    assert second == first


@pytest.mark.parametrize("name", experiment_names())
def test_shipped_experiments_are_valid_and_compare_what_they_play(name: str) -> None:
    experiment = read_experiment(name)
    assert set(experiment.reference) <= set(experiment.controllers)
    known = {metric.key for metric in METRICS}
    for comparison in experiment.paper:
        assert set(comparison.values) <= set(experiment.scenarios)
        for metrics in comparison.values.values():
            assert set(metrics) <= known
            assert {label for published in metrics.values() for label in published} <= set(experiment.controllers)


def test_the_simple_controllers_are_compared_with_the_papers_columns() -> None:
    table_ii = read_experiment("outage").paper[0].values
    published = [table_ii[f"urban19-{load}"]["survival_h"] for load in ("light", "medium", "heavy")]
    assert [row["independent"] for row in published] == [3.2, 2.5, 1.8]
    assert [row["static"] for row in published] == [4.5, 3.5, 2.6]


def test_bad_experiments_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    with pytest.raises(ScenarioError, match=r"bad\.yaml: cannot be read"):
        read_experiment(str(path))
    path.write_text("title: x\nscenarios: [a]\ncontrollers: [b]\nreference: [b]\nseed: 3\n")
    with pytest.raises(ScenarioError, match=r"unknown key 'seed'.*did you mean 'seeds'"):
        read_experiment(str(path))
    path.write_text("- a list\n")
    with pytest.raises(ScenarioError, match="expected a mapping"):
        read_experiment(str(path))
    path.write_text("title: [\n")
    with pytest.raises(ScenarioError, match="not valid YAML"):
        read_experiment(str(path))
