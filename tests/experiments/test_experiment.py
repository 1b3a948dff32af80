"""Experiments that play episodes: chapters put published values beside ours."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.metric import MISSING
from voltran.evaluation.markdown import MOST_COLUMNS
from voltran.evaluation.results import ControllerResults, Results, read_results
from voltran.evaluation.statistics import mean_ratio
from voltran.experiments.episode_experiment import EpisodeExperiment
from voltran.experiments.episode_report import chapter
from voltran.experiments.experiment import read_experiment
from voltran.experiments.run import run_experiment

pytestmark = pytest.mark.usefixtures("fake_voltran")


def quiet() -> Console:
    return Console(file=io.StringIO())


@pytest.fixture
def content(scenario: str) -> dict[str, Any]:
    """An experiment in the fake outage."""
    return {
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


@pytest.fixture
def experiment(content: dict[str, Any], tmp_path: Path) -> Path:
    return written(content, tmp_path / "small.yaml")


def written(content: dict[str, Any], path: Path) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def played(experiment: Path, out: Path, **options: Any) -> str:
    return run_experiment(str(experiment), out, resume=False, jobs=1, console=quiet(), **options).read_text(
        encoding="utf-8"
    )


def table(text: str, first_title: str) -> list[dict[str, str]]:
    """The first table whose first title is this one, with those it continues in: title to cell, row by row."""
    parts: list[list[dict[str, str]]] = []
    for lines in text[text.index(f"| {first_title} |") :].split("\n\n"):
        if not lines.startswith(f"| {first_title} |"):
            break
        head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines.splitlines())
        assert len(head) <= MOST_COLUMNS
        parts.append([dict(zip(head, row, strict=True)) for row in body])
    return [{title: cell for part in rows for title, cell in part.items()} for rows in zip(*parts, strict=True)]


def test_published_values_stand_beside_ours(experiment: Path, scenario: str, tmp_path: Path) -> None:
    text = played(experiment, tmp_path / "out")
    found = json.loads((tmp_path / "out" / "fake" / "results.json").read_text(encoding="utf-8"))
    assert found["seeds"] == [30, 31]
    assert list(found["controllers"]) == ["idle", "busy", "busy:code=3"]
    survival, continuity, other = table(text, "Scenario")
    mean = found["controllers"]["idle"]["metrics"]["survival_h"]["mean"]
    assert (survival["Scenario"], survival["Metric"], survival["idle, paper"]) == (scenario, "Survival (h)", "2.50")
    assert survival["idle, VoltRAN"] == f"{mean:.2f}"
    assert (survival["msrc, paper"], survival["msrc, VoltRAN"]) == ("5.00", MISSING)
    assert (continuity["Metric"], continuity["busy, paper"]) == ("Continuity, first 5 h (%)", "88.0")
    assert continuity["idle, paper"] == MISSING
    assert (other["Scenario"], other["idle, paper"], other["idle, VoltRAN"]) == ("urban61-medium", "1.00", MISSING)
    assert "Read with care." in text
    assert '"fake/batteries.svg"' in text
    assert "<summary>Paired differences from idle</summary>\n\n| Minus idle |" in text
    assert (tmp_path / "out" / "fake" / "table.md").read_text(encoding="utf-8").startswith(f"# {scenario}\n")
    assert f"<summary>All metrics: {scenario}</summary>\n\n| Metric | idle | busy |" in text


def uncensored(results: Results) -> Results:
    """The same, with episodes that all ended before the horizon."""
    controllers = {label: censored(controller, 0.0) for label, controller in results.controllers.items()}
    return results.model_copy(update={"controllers": controllers})


def censored(controller: ControllerResults, share: float) -> ControllerResults:
    flags = controller.metrics["censored"].model_copy(update={"mean": share})
    return controller.model_copy(update={"metrics": controller.metrics | {"censored": flags}})


@pytest.mark.usefixtures("no_pictures")
def test_average_gains_stand_beside_the_papers(content: dict[str, Any], scenario: str, tmp_path: Path) -> None:
    content["paper"][0] |= {
        "values": {scenario: {"survival_h": {"idle": 2.5}}},
        "gain": {"metric": "survival_h", "reference": "idle", "values": {"busy": 0.41, "msrc": 0.96}},
    }
    path = written(content | {"seeds": 12}, tmp_path / "small.yaml")
    played(path, tmp_path / "out")
    experiment, found = read_experiment(str(path)), read_results(tmp_path / "out" / "fake" / "results.json")
    busy, msrc = table(chapter(experiment, {scenario: uncensored(found)}, tmp_path), "Average gain over idle")
    values = {label: controller.metrics["survival_h"].values for label, controller in found.controllers.items()}
    ratio, interval = mean_ratio([(values["busy"], values["idle"])])
    assert ratio is not None
    assert interval is not None
    assert (busy["Paper"], busy["VoltRAN"]) == ("+41 %", f"{100 * (ratio - 1):+.0f} %")
    assert busy["95 % interval"] == f"{100 * (interval[0] - 1):+.0f} % to {100 * (interval[1] - 1):+.0f} %"
    assert list(msrc.values()) == ["msrc", "+96 %", MISSING, MISSING]
    half = censored(found.controllers["idle"], 0.5)
    some = found.model_copy(update={"controllers": found.controllers | {"idle": half}})
    busy, _ = table(chapter(experiment, {scenario: some}, tmp_path), "Average gain over idle")
    assert (busy["VoltRAN"], busy["95 % interval"]) == (MISSING, MISSING)


def test_chosen_metrics_and_pictures_make_a_short_chapter(
    content: dict[str, Any], scenario: str, tmp_path: Path
) -> None:
    chosen = {"metrics": ["ev_cost", "survival_h"], "pictures": ["survival"], "paper": []}
    text = played(written(content | chosen, tmp_path / "small.yaml"), tmp_path / "out")
    rows = table(text, "Scenario")
    assert [row["Controller"] for row in rows] == ["idle", "busy", "busy:code=3"]
    assert list(rows[0]) == ["Scenario", "Controller", "EV cost (USD)", "Survival (h)"]
    difference = re.search(r"<summary>Paired differences from idle</summary>\n\n(.*?)</details>", text, re.DOTALL)
    assert difference is not None
    rows = table(difference[1], "Scenario")
    assert [row["Minus idle"] for row in rows] == ["busy", "busy:code=3"]
    found = read_results(tmp_path / "out" / "fake" / "results.json").paired["idle"]["busy"]["ev_cost"].mean
    assert found is not None
    assert rows[0]["EV cost (USD)"] == f"{found:+.0f}"
    assert set(re.findall(r'src="([^"]+)"', text)) == {"fake/survival.svg"}


@pytest.mark.usefixtures("no_pictures")
def test_variants_are_played_apart_and_compared_with_the_first(
    content: dict[str, Any], scenario: str, tmp_path: Path
) -> None:
    variants = {"whole": {}, "half": {"max_decisions": 6}}
    more = {"variants": variants, "metrics": ["service_hours"], "paper": [], "overrides": {"max_decisions": 9}}
    text = played(written(content | more, tmp_path / "small.yaml"), tmp_path / "out")
    found = {name: read_results(tmp_path / "out" / f"fake-{name}" / "results.json") for name in variants}
    assert {name: results.overrides for name, results in found.items()} == {
        "whole": {"max_decisions": 9},
        "half": {"max_decisions": 6},
    }
    means = [found[name].controllers["busy"].metrics["service_hours"].mean or 0.0 for name in variants]
    rows = table(text[text.index("Paired differences from whole") :], "Scenario")
    assert [(row["Scenario"], row["Minus whole"]) for row in rows] == [
        (f"{scenario}, half", label) for label in ("idle", "busy", "busy:code=3")
    ]
    assert means[1] != means[0]
    assert rows[1]["Service hours (h)"] == f"{means[1] - means[0]:+.2f}"
    assert "All metrics" not in text  # those that matter are named; the folders of the variants have the others
    assert all((tmp_path / "out" / f"fake-{name}" / "table.md").exists() for name in variants)


def sweeping(content: dict[str, Any]) -> dict[str, Any]:
    """An experiment that plays episodes of three lengths; who is busy with code 3 misses the middle one."""
    more = {
        "sweeps": [{"name": "long", "title": "Decisions", "key": "max_decisions", "values": [2, 4, 7]}],
        "skip": {"busy:code=3": ["long-4"]},
        "metrics": ["service_hours"],
        "paper": [],
    }
    return content | more


def test_a_sweep_shows_a_metric_over_its_values(content: dict[str, Any], scenario: str, tmp_path: Path) -> None:
    text = played(written(sweeping(content), tmp_path / "small.yaml"), tmp_path / "out")
    rows = table(text, "Decisions")
    assert [row["Decisions"] for row in rows] == ["2", "4", "7"]
    assert list(rows[0]) == ["Decisions", "idle", "busy", "busy:code=3"]
    for row in rows:
        found = read_results(tmp_path / "out" / f"fake-long-{row['Decisions']}" / "results.json")
        assert found.overrides == {"max_decisions": int(row["Decisions"])}
        mean = found.controllers["idle"].metrics["service_hours"].mean
        assert row["idle"] == f"{mean:.2f}"
    assert [row["busy:code=3"] == MISSING for row in rows] == [False, True, False]
    assert re.findall(r'src="([^"]+)"', text) == ["sweep-service_hours.svg"]
    assert (tmp_path / "out" / "sweep-service_hours.svg").stat().st_size > 5_000
    assert "All metrics" not in text


@pytest.mark.usefixtures("no_pictures")
def test_published_ratios_stand_beside_ours(content: dict[str, Any], scenario: str, tmp_path: Path) -> None:
    players = ["idle", "busy", "busy:code=3"]
    extreme = {"metric": "service_hours", "controller": {"pick": "lowest", "of": players}, "value": 0.5}
    ratios = [
        {"metric": "service_hours", "controller": "busy", "reference": "idle", "value": 1.189, "note": "By luck."},
        extreme | {"reference": {"pick": "highest", "of": players}},
        {"metric": "service_hours", "controller": "msrc", "reference": "idle", "value": 2.0},
    ]
    content["paper"] = [{"title": "Ratios", "ratios": ratios}]
    path = written(content | {"seeds": 12}, tmp_path / "small.yaml")
    played(path, tmp_path / "out")
    found = uncensored(read_results(tmp_path / "out" / "fake" / "results.json"))
    text = chapter(read_experiment(str(path)), {scenario: found}, tmp_path)
    plain, picked, absent = table(text, "Ratio of the means")
    values = {label: controller.metrics["service_hours"].values for label, controller in found.controllers.items()}
    ratio, interval = mean_ratio([(values["busy"], values["idle"])])
    assert ratio is not None
    assert interval is not None
    assert (plain["Ratio of the means"], plain["Paper"], plain["Depends on"]) == ("busy / idle", "1.189", "By luck.")
    assert plain["VoltRAN"] == f"{ratio:.3g} [{interval[0]:.3g}, {interval[1]:.3g}]"
    means = {label: found.controllers[label].metrics["service_hours"].mean or 0.0 for label in players}
    low, high = min(players, key=lambda label: means[label]), max(players, key=lambda label: means[label])
    assert picked["VoltRAN"].startswith(f"{means[low] / means[high]:.3g} [")
    assert picked["VoltRAN"].endswith(f": {low} / {high}")
    assert absent["VoltRAN"] == MISSING


@pytest.mark.usefixtures("no_pictures")
def test_slow_controllers_may_play_the_first_seeds_only(content: dict[str, Any], tmp_path: Path) -> None:
    text = played(
        written(content | {"seeds": 4, "first_only": {"busy:code=3": 2}}, tmp_path / "small.yaml"), tmp_path / "out"
    )
    found = read_results(tmp_path / "out" / "fake" / "results.json")
    assert {label: controller.n for label, controller in found.controllers.items()} == {
        "idle": 4,
        "busy": 4,
        "busy:code=3": 2,
    }
    values = found.controllers["busy:code=3"].metrics["survival_h"].values
    assert [value is None for value in values] == [False, False, True, True]
    assert found.paired["idle"]["busy:code=3"]["survival_h"].n == 2
    assert "busy:code=3 the first 2 only" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"skip": {"msrc": ["long-4"]}}, "'msrc' is not among the controllers"),
        ({"skip": {"busy": ["long-5"]}}, "'long-5' is not a variant; known: long-2, long-4, long-7"),
        ({"metrics": []}, "sweeps need metrics"),
        ({"variants": {"whole": {}}}, "without variants"),
        ({"sweeps": [{"name": "a", "title": "A", "key": "a", "values": [2, 2]}]}, "must rise"),
        ({"families": {"All": ["idle", "msrc"]}}, "families, All: 'msrc' is not among the controllers"),
        ({"answer": "Idle {survival_h: idle @ nowhere}."}, "answer: 'nowhere' is no situation; known: "),
        ({"answer": "Idle {survival_h}."}, "braces that are no place; write {metric: controller @ situation}"),
        ({"pictures": ["survival @ nowhere"]}, "pictures: 'nowhere' is no situation; known: "),
        ({"first_only": {"msrc": 2}}, "first_only: 'msrc' is not among the controllers"),
    ],
)
def test_inconsistent_experiments_are_refused_before_anything_is_played(
    content: dict[str, Any], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = written(sweeping(content) | change, tmp_path / "small.yaml")
    with pytest.raises(ScenarioError, match=message):
        played(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variants": {"good": {}, "bad": {"max_decisions": "many"}}}, r", bad: scenario fake: max_decisions = 'many'"),
        ({"variants": {"good": {}, "bad": {"nothing": 1}}}, r", bad: scenario fake: unknown key 'nothing'"),
        ({"scenarios": ["toy3", "urban99"]}, "urban99: unknown scenario 'urban99'"),
        ({"controllers": ["idle", "nobody"]}, "unknown controller 'nobody'"),
        ({"metrics": ["survival"]}, "metrics: 'survival' is unknown in .*; known: "),
        ({"answer": "Idle {survival: idle}."}, "answer: 'survival' is unknown in"),
        ({"answer": "It is {survival_h: msrc}."}, "answer: 'msrc' is not among the controllers: idle, busy"),
        ({"scenarios": ["toy3"], "paper": [], "pictures": ["survivall"]}, "pictures: 'survivall' is unknown; known: b"),
        ({"seeds": 10**12}, "seeds = 1000000000000: Input should be less than or equal to 1000000"),
        ({"seeds": True}, "seeds = True: true is no number"),
        ({"first_seed": 10**40}, "first_seed = .*less than"),
        ({"options": {"colour": 1}}, "has no option 'colour'"),
    ],
)
def test_what_cannot_be_played_is_said_before_anything_is(
    content: dict[str, Any], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = written(content | change, tmp_path / "small.yaml")
    with pytest.raises(ScenarioError, match=message):
        played(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_pictures")
def test_experiments_share_a_store(experiment: Path, tmp_path: Path) -> None:
    played(experiment, tmp_path / "one", store=tmp_path / "store")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").iterdir()}
    assert len(before) == 3 * 2 + 3  # one file per episode, and the first seed's time series
    played(experiment, tmp_path / "two", store=tmp_path / "store")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "store").iterdir()} == before


@pytest.mark.usefixtures("no_pictures")
def test_an_experiment_continues_only_on_request(experiment: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run_experiment(str(experiment), out, resume=False, jobs=1, console=quiet()).read_text(encoding="utf-8")
    with pytest.raises(VoltranError, match="--resume"):
        run_experiment(str(experiment), out, resume=False, jobs=1, console=quiet())
    (out / "table.md").unlink()
    second = run_experiment(str(experiment), out, resume=True, jobs=1, console=quiet()).read_text(encoding="utf-8")
    assert second == first


def test_bad_experiments_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    with pytest.raises(ScenarioError, match=r"bad\.yaml: cannot be read"):
        read_experiment(str(path))
    path.write_text("title: x\nscenarios: [a]\ncontrollers: [b]\nreference: [b]\nseed: 3\n")
    with pytest.raises(ScenarioError, match=r"unknown key 'seed'.*did you mean 'seeds'"):
        read_experiment(str(path))
    path.write_text("title: x\nscenarios: [a]\ncontrollers: [b]\n")
    with pytest.raises(ScenarioError, match=r"bad\.yaml: reference is missing; write it"):
        read_experiment(str(path))
    path.write_text("- a list\n")
    with pytest.raises(ScenarioError, match="expected a mapping"):
        read_experiment(str(path))
    path.write_text("title: [\n")
    with pytest.raises(ScenarioError, match="not valid YAML"):
        read_experiment(str(path))


def test_scenario_files_of_one_name_have_folders_of_their_own() -> None:
    twins = ("a/net.yaml", "b/net.yaml", "c/Net.yaml", "net", "../../outside/..", "x" * 300)
    base = {"title": "Twins", "scenarios": twins, "controllers": ("idle",), "reference": ("idle",)}
    for more in ({}, {"variants": {"one": {}, "two": {"max_decisions": 3}}}):
        situations = EpisodeExperiment.model_validate({**base, **more}).situations()
        folders = [situation.folder for situation in situations]
        assert len({folder.casefold() for folder in folders}) == len(twins) * (2 if more else 1)
        assert all("/" not in folder and not folder.startswith(".") and len(folder) <= 250 for folder in folders)
    [alone] = EpisodeExperiment.model_validate({**base, "scenarios": ("a/net.yaml",)}).situations()
    assert alone.folder == "net"
