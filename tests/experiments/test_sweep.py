"""Sweeps: every combination is played as an evaluation would play it, and what cannot be played is refused before."""

import csv
import io
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from voltran.cli.app import app
from voltran.envs.errors import ScenarioError
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.results import read_results
from voltran.experiments.experiment import read_experiment
from voltran.experiments.quick import quick_form
from voltran.experiments.sweep import VariedKey, combination_panels, combinations, variant_folder
from voltran.experiments.sweep_plots import write_sweep_plots
from voltran.experiments.sweep_request import sweep_experiment

pytestmark = pytest.mark.usefixtures("fake_voltran")

LENGTHS = "max_decisions=2,5"
NAMES = "description=plain,long words"


def sweep(scenario: str, out: Path, *more: str) -> Result:
    basic = ["--controllers", "idle,busy", "--seeds", "2", "--first-seed", "40", "--jobs", "1", "--out", str(out)]
    return CliRunner().invoke(app, ["sweep", scenario, *basic, "--metrics", "service_hours", *more])


def asked(scenario: str, *vary: str, **changed: Any) -> Any:
    given: dict[str, Any] = {"seeds": 2, "first_seed": 40, "references": (), "metrics": ["ev_cost"], "overrides": {}}
    return sweep_experiment(scenario, vary, "idle,busy", **given | changed)


@pytest.mark.usefixtures("no_pictures")
def test_every_combination_is_played_as_an_evaluation_plays_it(scenario: str, tmp_path: Path) -> None:
    result = sweep(scenario, tmp_path / "out", "--vary", LENGTHS, "--vary", NAMES)
    assert result.exit_code == 0, result.output
    assert "4 combinations, 16 episodes" in result.stdout
    lines = list(csv.DictReader(io.StringIO((tmp_path / "out" / "table.csv").read_text(encoding="utf-8"))))
    for decisions, words in product((2, 5), ("plain", "long words")):
        overrides = {"max_decisions": decisions, "description": words}
        alone = Evaluation(scenario, ["idle", "busy"], range(40, 42), overrides).run()
        folder = tmp_path / "out" / f"fake-{variant_folder(f'max_decisions={decisions}, description={words}')}"
        together = read_results(folder / "results.json")
        assert together.overrides == overrides
        for label, controller in alone.controllers.items():
            values = {
                key: metric.values for key, metric in controller.metrics.items() if not key.startswith("decision")
            }
            found = together.controllers[label].metrics
            assert values == {key: found[key].values for key in values}
            row = next(
                line
                for line in lines
                if (line["max_decisions"], line["description"]) == (str(decisions), words)
                and (line["controller"], line["metric"]) == (label, "service_hours")
            )
            assert float(row["mean"]) == controller.metrics["service_hours"].mean
        assert together.paired["idle"]["busy"]["service_hours"].n == 2


@pytest.mark.usefixtures("no_pictures")
def test_the_file_beside_the_results_is_the_experiment(scenario: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert sweep(scenario, out, "--vary", LENGTHS, "--set", "description=mine").exit_code == 0
    again = CliRunner().invoke(
        app, ["experiment", str(out / "experiment.yaml"), "--out", str(tmp_path / "again"), "--jobs", "1"]
    )
    assert again.exit_code == 0, again.output
    one, two = (
        [line for line in (folder / "table.md").read_text().splitlines() if "Decision time" not in line]
        for folder in (out, tmp_path / "again")
    )
    assert one == two
    assert "| max_decisions | idle | busy |" in one
    assert "<details><summary>Paired differences from idle</summary>" in one


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.slow
def test_a_sweep_continues_and_plays_only_what_is_new(scenario: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert sweep(scenario, out, "--vary", LENGTHS).exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in (out / "episodes").iterdir()}
    refused = sweep(scenario, out, "--vary", "max_decisions=2,5,7")
    assert (refused.exit_code, "--resume" in refused.stderr) == (2, True)
    assert sweep(scenario, out, "--vary", "max_decisions=2,5,7", "--resume").exit_code == 0
    after = {path: path.stat().st_mtime_ns for path in (out / "episodes").iterdir()}
    assert before.items() <= after.items()
    assert len(after) == len(before) * 3 // 2
    stored = tmp_path / "store"
    assert sweep(scenario, tmp_path / "other", "--vary", LENGTHS, "--store", str(stored)).exit_code == 0
    assert not (tmp_path / "other" / "episodes").exists()
    assert len(list(stored.iterdir())) == len(before)


@pytest.mark.slow
def test_pictures_have_the_first_key_on_their_axis_and_a_panel_per_combination_of_the_rest(
    scenario: str, tmp_path: Path
) -> None:
    result = sweep(scenario, tmp_path / "out", "--vary", LENGTHS, "--vary", NAMES)
    assert result.exit_code == 0, result.output
    picture = (tmp_path / "out" / "sweep-service_hours.svg").read_text(encoding="utf-8")
    assert picture.count(">max_decisions</text>") == 2
    assert [f">description={words}</text>" in picture for words in ("plain", "long words")] == [True, True]
    config = asked(scenario, NAMES, LENGTHS, metrics=["service_hours"])  # the same episodes the other way round
    results = {
        situation.name: read_results(
            tmp_path
            / "out"
            / f"fake-{variant_folder(', '.join(reversed(situation.variant.split(', '))))}"
            / "results.json"
        )
        for situation in config.situations()
    }
    (path,) = write_sweep_plots(config, results, tmp_path)
    picture = path.read_text(encoding="utf-8")
    assert picture.count(">description</text>") == picture.count(">plain</text>") == 2
    assert ">max_decisions=5</text>" in picture


def test_panels_hold_every_combination_once() -> None:
    keys = [
        VariedKey(key=key, values=values)
        for key, values in (("a.b", (1, 2.5)), ("c", (True, False)), ("d", (None, "x")))
    ]
    panels = combination_panels(keys)
    assert [panel.title for panel in panels] == ["c=true, d=null", "c=true, d=x", "c=false, d=null", "c=false, d=x"]
    assert sorted(name for panel in panels for name in panel.variants) == sorted(combinations(keys))
    assert [list(overrides.values()) for overrides in combinations(keys).values()] == [
        list(values) for values in product((1, 2.5), (True, False), (None, "x"))
    ]
    assert all(panel.has_numbers for panel in panels)
    assert not any(panel.has_numbers for panel in combination_panels(keys[1:]))


def test_folders_of_combinations_differ_and_have_names_that_file_systems_take() -> None:
    values = ["a/b", "a:b", "a b", "x" * 300, "x" * 301, "plain", "0.5"]
    folders = [variant_folder(f"key={value}") for value in values]
    assert len(set(folders)) == len(folders)
    assert all(re.fullmatch(r"[A-Za-z0-9._=-]{1,140}", folder) for folder in folders)
    assert folders[-1] == "key=0.5"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2.5", (1, 2.5)),
        ("1e-3,1E2", (1e-3, 100.0)),
        ("true,off", (True, False)),
        ("'a, b',c", ("a, b", "c")),
        ("null,3", (None, 3)),
        ("2026-01-01,2026-07-01", ("2026-01-01", "2026-07-01")),
    ],
)
def test_values_are_what_yaml_says(scenario: str, text: str, values: tuple[Any, ...]) -> None:
    (varied,) = asked(scenario, f"description={text}").vary
    assert varied.values == values
    assert [type(value) for value in varied.values] == [type(value) for value in values]


def test_what_is_asked_for_can_be_written_and_read(scenario: str, tmp_path: Path) -> None:
    config = asked(scenario, LENGTHS, "description=on,1e-3,plain,'no, thanks'")
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_unset=True)))
    assert read_experiment(str(path)) == config
    short = quick_form(asked(scenario, "max_decisions=2,5,7", NAMES))
    assert [len(varied.values) for varied in short.vary] == [2, 2]
    assert len(short.situations()) == 4


MANY = "--vary max_decisions=" + ",".join(map(str, range(1, 41)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "nothing to vary; write KEY=V1,V2"),
        ("--vary max_decisions", "--vary 'max_decisions' is not of the form KEY=V1,V2"),
        ("--vary =1,2", "is not of the form KEY=V1,V2"),
        ("--vary max_decisions=", "is not of the form KEY=V1,V2"),
        ("--vary max_decisions=3", "--vary max_decisions: 1 value; give two or more"),
        ("--vary max_decisions=3,4,3", "--vary max_decisions: value 3 stands twice"),
        ("--vary max_decisions=3,3.0", "--vary max_decisions: value 3.0 stands twice"),
        ("--vary max_decisions=[3],4", "--vary max_decisions: [3] is no single value"),
        ("--vary max_decisions=3,4]", "--vary max_decisions: values '3,4]': not valid YAML"),
        (
            "--vary max_decisions=3,4 --vary max_decisions=5,6",
            "max_decisions stands twice; give all its values at once",
        ),
        ("--vary max_decisions=3,4 --set max_decisions=5", "max_decisions is set to 5 as well; take it out of one"),
        ("--vary max_decision=3,4", "max_decision=3: scenario fake: unknown key 'max_decision' (did you mean"),
        ("--vary max_decisions=3,many", "max_decisions=many: scenario fake: max_decisions = 'many': the text"),
        ("--vary max_decisions=3,4 --metrics survival", "metrics: 'survival' is unknown in"),
        ("--vary max_decisions=3,4 --controllers idle,nobody", "unknown controller 'nobody'"),
        ("--vary max_decisions=3,4 --reference busier", "reference 'busier' is not among the controllers: idle, busy"),
        ("--vary max_decisions=3,4 --first-seed 999999", "kept for training"),
        (
            f"{MANY} --vary description=" + ",".join(f"w{index}" for index in range(40)),
            "40 x 40 values are 1600 combinations, with 2 controllers and 2 seeds 6400 episodes; at most 1000",
        ),
    ],
)
def test_bad_requests_are_refused_before_anything_is_played(
    arguments: str, message: str, scenario: str, tmp_path: Path
) -> None:
    result = sweep(scenario, tmp_path / "out", *arguments.split())
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_value_out_of_its_range_is_named_with_the_range(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app,
        [
            "sweep",
            "toy3",
            "--vary",
            "battery.capacity_kwh=5,-1",
            "--controllers",
            "idle",
            "--out",
            str(tmp_path / "out"),
        ],
    )
    assert "battery.capacity_kwh=-1: scenario toy3: battery.capacity_kwh = -1: " in result.stderr
    assert "must lie in [0.001, 1e+06]" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metrics": []}, "vary need metrics to show"),
        ({"vary": [{"key": "a", "values": [1]}]}, "a: 1 value; give two or more"),
        ({"sweeps": [{"name": "a", "title": "A", "key": "a", "values": [1, 2]}]}, "vary goes without sweeps"),
        ({"skip": {"busy": ["max_decisions=3"]}}, "'max_decisions=3' is not a variant; known: max_decisions=2, "),
    ],
)
def test_inconsistent_files_are_refused(scenario: str, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    content = asked(scenario, LENGTHS).model_dump(mode="json", exclude_unset=True)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content | change))
    with pytest.raises(ScenarioError, match=re.escape(message)):
        read_experiment(str(path))
