"""Experiments that vary assumptions: who plays under which, what comes of it, and what is refused."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rich.console import Console

from docs.tools import top_assumptions
from tests.evaluation.fake_outage import FAKE
from tests.evaluation.fixtures import play_idle_and_busy
from tests.house import ROOT
from voltran.envs import registry
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.scenario import validated
from voltran.evaluation.results import Results
from voltran.evaluation.statistics import FEWEST, mean_ratio
from voltran.experiments import publish as publishing
from voltran.experiments.assumptions.assumption_experiment import AssumptionExperiment, Played
from voltran.experiments.assumptions.assumption_results import AssumptionResults, results_text
from voltran.experiments.assumptions.estimates import as_claimed, estimate
from voltran.experiments.assumptions.sensitivity import Estimate
from voltran.experiments.experiment import experiment_names, read_experiment
from voltran.experiments.kinds import kind_named
from voltran.experiments.publish import folder_of, publish
from voltran.experiments.run import run_experiment

SHIPPED = [name for name in experiment_names() if read_experiment(name).kind == "assumptions"]
LONGER = {"name": "length", "title": "Decisions", "default": 12, "key": "max_decisions", "values": [6]}
PENALTY = {"name": "penalty", "title": "Penalty", "default": 40, "option": "p", "of": "busy", "values": [1, 2]}
LEAD = {
    "name": "lead",
    "title": "Lead",
    "metric": "ev_cost",
    "controller": "busy",
    "reference": "idle",
    "holds": "> 1",
}


def content(**more: Any) -> dict[str, Any]:
    return {
        "kind": "assumptions",
        "title": "Mine",
        "question": "What hangs on what?",
        "scenarios": ["fake.yaml"],
        "controllers": ["idle", "busy"],
        "seeds": 12,
        "assumptions": [LONGER],
        "claims": [LEAD],
    } | more


def experiment(**more: Any) -> AssumptionExperiment:
    return validated(AssumptionExperiment, content(**more), "here")


def test_one_thing_is_changed_at_a_time_and_only_those_play_whom_it_concerns() -> None:
    both = {"name": "both", "title": "Both", "default": "a", "choices": {"b c": {"x.y": 1, "x.z": None}}}
    mine = experiment(assumptions=[LONGER, PENALTY, both], overrides={"x.y": 0}, skip={"idle": ["length"]})
    found = {played.folder: (dict(played.overrides), dict(played.controllers)) for played in mine.played()}
    everybody = {"idle": "idle", "busy": "busy"}
    assert found == {
        "fake": ({"x.y": 0}, everybody),
        "fake-length-6": ({"x.y": 0, "max_decisions": 6}, {"busy": "busy"}),
        "fake-penalty-1": ({"x.y": 0}, {"busy:p=1": "busy"}),
        "fake-penalty-2": ({"x.y": 0}, {"busy:p=2": "busy"}),
        "fake-both-b-c": ({"x.y": 1, "x.z": None}, everybody),
    }


def test_several_keys_take_one_value_and_options_several_at_once() -> None:
    keys = {"name": "k", "title": "K", "default": 1, "key": ["a.b", "a.c"], "values": [True]}
    options = {"name": "o", "title": "O", "default": 1, "of": ["busy"], "choices": {"x": {"p": "none", "q": True}}}
    base, first, second = experiment(assumptions=[keys, options]).played()
    assert (base.change, dict(first.overrides)) == (None, {"a.b": True, "a.c": True})
    assert list(second.controllers) == ["busy:p=none:q=true"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"assumptions": []}, "assumptions"),
        ({"assumptions": [LONGER | {"option": "p"}]}, "length: give one of key, option and choices"),
        ({"assumptions": [LONGER | {"of": "busy"}]}, "length: options of controllers need of"),
        ({"assumptions": [{**PENALTY, "of": ()}]}, "penalty: options of controllers need of"),
        ({"assumptions": [LONGER | {"values": []}]}, "length: a key or option needs values"),
        ({"assumptions": [LONGER | {"values": [3, 3.0]}]}, "length: two values are called 'length-3'"),
        ({"assumptions": [LONGER | {"values": [12]}]}, "length: 12 is our own value"),
        ({"assumptions": [LONGER, LONGER]}, "'length' stands twice"),
        ({"assumptions": [PENALTY | {"of": "nobody"}]}, "assumption penalty: of: 'nobody' is not among"),
        ({"assumptions": [LONGER | {"name": "A b"}]}, "name"),
        ({"claims": [LEAD | {"reference": "nobody"}]}, "claim lead: 'nobody' is not among the controllers idle, busy"),
        ({"claims": [LEAD | {"holds": "about 1"}]}, "holds"),
        ({"claims": [LEAD, LEAD]}, "claims: 'lead' stands twice"),
        ({"skip": {"busy": ["height"]}}, "skip of busy: 'height' is no assumption; known: length"),
        ({"first_only": {"nobody": 1}}, "first_only: 'nobody' is not among"),
        ({"variants": {}}, "unknown key 'variants'"),
    ],
)
def test_what_contradicts_itself_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(message)):
        experiment(**more)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    path = tmp_path_factory.mktemp("fake") / "fake.yaml"
    path.write_text("world: tests.evaluation.fake_outage:FAKE\nname: fake\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._SPECS, FAKE.name, FAKE)
        yield play_idle_and_busy(str(path), range(12))


def with_values(results: Results, label: str, key: str, values: list[float | None]) -> Results:
    controller = results.controllers[label]
    metric = controller.metrics[key].model_copy(
        update={"values": values, "mean": float(np.mean([value for value in values if value is not None]))}
    )
    changed = controller.model_copy(update={"metrics": controller.metrics | {key: metric}})
    return results.model_copy(update={"controllers": results.controllers | {label: changed}})


def test_a_claim_is_the_ratio_of_means_with_the_interval_of_ratios_and_its_change(results: Results) -> None:
    claim = experiment().claims[0]
    cost = {label: results.controllers[label].metrics["ev_cost"].values for label in ("idle", "busy")}
    found = estimate(claim, results)
    assert (found.value, found.interval95) == mean_ratio([(cost["busy"], cost["idle"])])
    assert (found.change95, found.at_least) == (None, False)
    assert estimate(claim, results, results).change95 == (0.0, 0.0)
    twice = with_values(results, "busy", "ev_cost", [2.0 * (value or 0.0) for value in cost["busy"]])
    doubled = estimate(claim, twice, results)
    assert found.value is not None
    assert doubled.value == pytest.approx(2.0 * found.value)
    assert doubled.change95 is not None
    assert doubled.change95[0] <= found.value <= doubled.change95[1]  # the ratio has grown by itself


def test_a_claim_without_a_reference_is_a_mean(results: Results) -> None:
    claim = experiment(claims=[LEAD | {"reference": None}]).claims[0]
    assert estimate(claim, results).value == pytest.approx(results.mean("busy", "ev_cost"))


def test_the_best_of_several_is_found_anew_for_every_value(results: Results) -> None:
    best = {"pick": "highest", "of": ["idle", "busy"]}
    claim = experiment(claims=[LEAD | {"controller": best, "reference": None}]).claims[0]
    means = [results.mean(label, "ev_cost") or 0.0 for label in ("idle", "busy")]
    assert estimate(claim, results).value == pytest.approx(max(means))


def test_a_number_that_episodes_were_too_short_for_is_a_lower_bound_or_none(results: Results) -> None:
    lead = LEAD | {"metric": "survival_h"}
    ratio, inverse = experiment(claims=[lead, lead | {"name": "b", "controller": "idle", "reference": "busy"}]).claims
    whole = with_values(results, "idle", "censored", [0.0] * 12)
    censored = with_values(with_values(whole, "busy", "censored", [1.0] * 12), "busy", "survival_h", [24.0] * 12)
    found = estimate(ratio, censored)
    assert found.at_least
    assert found.value == pytest.approx(24.0 / (results.mean("idle", "survival_h") or 0.0))
    assert estimate(inverse, censored) == (None, None, None, False)


def test_whom_an_option_does_not_concern_is_as_under_our_own_assumptions(results: Results) -> None:
    base, played, _ = experiment(assumptions=[PENALTY]).played()
    assert as_claimed(results, base, None) == results
    alone = results.model_copy(update={"controllers": {"busy:p=1": results.controllers["busy"]}})
    assert as_claimed(alone, played, results).controllers == results.controllers


def run(path: Path, out: Path, **more: Any) -> str:
    options: dict[str, Any] = {"resume": False, "jobs": 1, "console": Console(file=io.StringIO())} | more
    return run_experiment(str(path), out, **options).read_text(encoding="utf-8")


@pytest.fixture
def mine(scenario: str, fake_voltran: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment beside the scenario of a fake outage."""
    path = Path(scenario).parent / "mine.yaml"
    path.write_text(yaml.safe_dump(content(publish={"order": 1})), encoding="utf-8")
    monkeypatch.setattr(publishing, "published_names", lambda: [str(path)])
    return path


def test_an_experiment_plays_resumes_and_is_published_with_the_page_that_gathers(mine: Path, tmp_path: Path) -> None:
    out, root = tmp_path / "out", tmp_path / "checkout"
    report = run(mine, out)
    assert report.startswith("# Mine\n\n**What hangs on what?**\n\n- **Lead** (> 1): ")
    assert '<img alt="assumptions" src="assumptions.svg"' in report
    assert {path.name for path in out.iterdir()} >= {"fake", "fake-length-6", "results.json", "assumptions.svg"}
    stored = {file: file.stat().st_mtime_ns for file in (out / "fake" / "episodes").iterdir()}
    assert len(stored) >= 2 * 12
    assert run(mine, out, resume=True) == report
    assert {file: file.stat().st_mtime_ns for file in stored} == stored

    (root / "docs").mkdir(parents=True)
    (root / "README.md").write_text(f"{publishing.BEGIN}\n{publishing.END}\n", encoding="utf-8")
    page = root / "docs" / "assumptions.md"
    page.write_text("# Before\n{}\n{}\nAfter\n".format(*publishing.ASSUMPTIONS), encoding="utf-8")
    publish(str(mine), out, root)
    folder = folder_of(str(mine), root)
    assert (folder / "README.md").read_text(encoding="utf-8") == report
    assert (folder / "assumptions.svg").exists()
    gathered = page.read_text(encoding="utf-8")
    assert gathered.startswith("# Before\n")
    assert gathered.endswith("\nAfter\n")
    assert "| [mine](results/mine/README.md) | Lead | > 1 | — |" in gathered
    assert '<img alt="assumptions" src="results/mine/assumptions.svg"' in gathered
    assert "Lead: " in (root / "docs" / "results.md").read_text(encoding="utf-8")
    page.write_text("no markers", encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"assumptions\.md: the markers"):
        publish(str(mine), out, root)


def test_results_that_lack_a_value_say_so(mine: Path, tmp_path: Path) -> None:
    run(mine, tmp_path / "out")
    changed = content(assumptions=[LONGER | {"values": [6, 3]}], publish={"order": 1})
    mine.write_text(yaml.safe_dump(changed), encoding="utf-8")
    kind, again = kind_named("assumptions"), read_experiment(str(mine))
    with pytest.raises(FileFormatError, match="claim lead at fake-length-3 is missing; run voltran experiment again"):
        kind.played(str(mine), again, tmp_path / "out")
    (tmp_path / "out" / "results.json").write_text("{", encoding="utf-8")
    with pytest.raises(FileFormatError, match="no results of an experiment on assumptions"):
        kind.played(str(mine), again, tmp_path / "out")


def test_what_is_unknown_is_named_before_anything_is_played(mine: Path, tmp_path: Path) -> None:
    mine.write_text(yaml.safe_dump(content(assumptions=[LONGER | {"key": "max_decision"}])), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"assumptions: length-6: .*unknown key 'max_decision'"):
        run(mine, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_quick_form_is_a_valid_part() -> None:
    assumptions = [LONGER | {"name": f"n{at}", "title": f"N {at}", "values": [1, 2]} for at in range(9)]
    whole = experiment(
        scenarios=["toy3", "urban7-medium"],
        controllers=["static", "random"],
        claims=[LEAD | {"controller": "random", "reference": "static"}],
        assumptions=assumptions,
        skip={"static": ["n0", "n8"], "random": ["n8"]},
        first_only={"random": 3},
    )
    quick = kind_named("assumptions").quick_form(whole)
    assert AssumptionExperiment.model_validate(quick.model_dump()) == quick
    assert (quick.scenarios, quick.seeds, quick.first_only) == (("toy3",), 2, {"random": 1})
    assert quick.skip == {"static": ("n0",)}
    assert quick.overrides == {"time.horizon_h": 0.5}
    assert [played.folder for played in quick.played()] == ["toy3", "toy3-n0-1", "toy3-n1-1", "toy3-n2-1"]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_value_of_shipped_experiments_means_something(name: str) -> None:
    shipped = read_experiment(name)
    kind_named(shipped.kind).check(shipped)
    assert shipped.seeds >= FEWEST
    assert all(assumption.why for assumption in shipped.assumptions)


def test_the_example_of_the_page_means_something() -> None:
    text = (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8")
    example = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    mine = validated(AssumptionExperiment, example | {"scenarios": ["toy3"]}, "the page")
    kind_named(mine.kind).check(mine)


def test_the_assumptions_that_move_most_are_played_at_all_loads_by_the_full_planner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = read_experiment(top_assumptions.SOURCE)
    moved = {"penalty": 1.9, "r-exp": 1.8, "search-seed": 1.7, "hold": 1.6, "links": 1.5, "arrivals": 1.4, "walk": 1.3}
    values = {played.folder: moved.get(name, 1.0) for name, played in named(source)}
    estimated = {
        folder: {claim.name: Estimate(value, (0.0, 1.0), (0.1, 0.2)) for claim in source.claims}
        for folder, value in values.items()
    }
    made = AssumptionResults(experiment=top_assumptions.SOURCE, seeds=[0], versions={}, digests={}, estimates=estimated)
    (tmp_path / "results.json").write_text(results_text(made), encoding="utf-8")
    monkeypatch.setattr(top_assumptions, "RESULTS", tmp_path / "results.json")
    (tmp_path / "top.yaml").write_text(top_assumptions.top_assumptions(), encoding="utf-8")
    top = read_experiment(str(tmp_path / "top.yaml"))
    assert [one.name for one in top.assumptions] == ["penalty", "r-exp", "hold", "links", "arrivals"]
    assert top.assumptions[0].of == ("msrc",)
    assert {label for claim in top.claims for label in claim.labels()} == {"independent", "static", "msrc"}
    assert top.claims[0].at("urban19-heavy").paper == 2.06
    kind_named(top.kind).check(top)


def named(source: AssumptionExperiment) -> list[tuple[str, Played]]:
    """Name of the assumption and what is played, our own first."""
    names = ["", *(assumption.name for assumption, _ in source.changes())]
    return list(zip(names, source.played(), strict=True))


@pytest.mark.skipif(not top_assumptions.RESULTS.exists(), reason="msrc_gaps is not published")
def test_the_experiment_on_what_moves_most_follows_from_what_is_published() -> None:
    written = yaml.safe_load(top_assumptions.FILE.read_text(encoding="utf-8"))
    remedy = "run: python -m docs.tools.top_assumptions"
    assert written == yaml.safe_load(top_assumptions.top_assumptions()), remedy
