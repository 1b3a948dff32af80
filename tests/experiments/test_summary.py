"""Summaries: small, complete for the page of their experiment, and clear about damage."""

import json
import re
from pathlib import Path

import pytest

from tests.evaluation.fixtures import play_idle_and_busy
from voltran.envs.errors import FileFormatError
from voltran.envs.scenario import validated
from voltran.evaluation.files import lines_json
from voltran.evaluation.results import Results
from voltran.experiments.answer import beside_paper, filled
from voltran.experiments.episode_experiment import EpisodeExperiment
from voltran.experiments.episode_report import chapter
from voltran.experiments.summary import Summary, read_summary, results_digest, summary_of, summary_text

ANSWER = "{survival_h: busy} and {survival_h: busy / idle}; {continuity: idle}, {survival_h: nobody}"


def experiment(scenario: str, **more: object) -> EpisodeExperiment:
    content = {"title": "A title", "scenarios": [scenario], "controllers": ["idle", "busy"], "reference": ["idle"]}
    return validated(EpisodeExperiment, content | more, "here")


@pytest.fixture
def results(scenario: str) -> Results:
    return play_idle_and_busy(scenario, range(12))


def test_the_page_needs_nothing_that_the_summary_lacks(scenario: str, results: Results, tmp_path: Path) -> None:
    for more in ({}, {"metrics": ["ev_cost", "survival_h", "decision_ms"], "pictures": []}):
        played = experiment(scenario, **more)
        (tmp_path / "results.json").write_text(summary_text(summary_of("mine", played, {scenario: results})))
        summary = read_summary(tmp_path / "results.json", played)
        pages = [chapter(played, cells, tmp_path) for cells in (summary.cells, {scenario: results})]
        first, second = ([line for line in page.splitlines() if "Ledger" not in line] for page in pages)
        assert first == second  # but for a residual that the fake world has at 1e9 in its unit


def test_values_of_single_episodes_are_kept_for_what_is_compared_or_drawn(scenario: str, results: Results) -> None:
    played = experiment(scenario, metrics=["ev_cost", "decision_ms"], pictures=["survival"])
    summary = summary_of("mine", played, {scenario: results})
    controller = summary.cells[scenario].controllers["busy"]
    kept = {key for key, metric in controller.metrics.items() if metric.values}
    assert kept == {"ev_cost", "survival_h", "censored"}
    headline = {metric.key for metric in results.metrics() if metric.headline}
    assert controller.metrics.keys() == {"ev_cost", "decision_ms", "survival_h", "censored"} | headline
    assert summary.cells[scenario].paired["idle"]["busy"].keys() == {"ev_cost"}


def test_all_metrics_are_kept_and_shown_where_none_are_named(scenario: str, results: Results, tmp_path: Path) -> None:
    played = experiment(scenario)
    summary = summary_of("mine", played, {scenario: results})
    busy = results.controllers["busy"].metrics.keys()
    assert summary.cells[scenario].controllers["busy"].metrics.keys() == busy
    assert "All metrics" in chapter(played, summary.cells, tmp_path)
    chosen = experiment(scenario, metrics=["ev_cost"])
    assert "All metrics" not in chapter(chosen, summary.cells, tmp_path)


def test_a_summary_reads_back_as_it_was_to_seven_digits(scenario: str, results: Results) -> None:
    text = summary_text(summary_of("mine", experiment(scenario), {scenario: results}))
    again = Summary.model_validate_json(text)
    assert summary_text(again) == text
    found = again.cells[scenario].controllers["busy"].metrics["survival_h"]
    assert found.values == pytest.approx(results.controllers["busy"].metrics["survival_h"].values, rel=1e-6)
    assert json.loads(text)["format"] == "voltran-summary-1"


def test_what_situations_have_in_common_stands_in_the_file_once(scenario: str, results: Results) -> None:
    played = experiment(scenario, variants={"whole": {}, "half": {}})
    other = results.model_copy(update={"versions": {"python": "9"}})
    cells = {f"{scenario}, whole": results, f"{scenario}, half": other}
    summary = summary_of("mine", played, cells)
    text = summary_text(summary)
    content = json.loads(text)
    assert content["common"].keys() == {"world", "options", "seeds", "first_seed", "n"}
    assert [cell.keys() & content["common"].keys() for cell in content["cells"].values()] == [set(), set()]
    assert [cell["versions"] for cell in content["cells"].values()] == [dict(results.versions), {"python": "9"}]
    again = Summary.model_validate_json(text)
    assert [cell.seeds for cell in again.cells.values()] == [results.seeds] * 2
    assert [cell.versions for cell in again.cells.values()] == [results.versions, {"python": "9"}]
    apart = {name: content["common"] | cell for name, cell in content["cells"].items()}
    assert Summary.model_validate({**content, "cells": apart} | {"common": {}}) == again


@pytest.mark.parametrize("damage", [{"common": []}, {"cells": []}, {"common": {"colour": 1}}])
def test_damage_to_what_is_common_is_named(
    scenario: str, results: Results, tmp_path: Path, damage: dict[str, object]
) -> None:
    played = experiment(scenario)
    content = json.loads(summary_text(summary_of("mine", played, {scenario: results})))
    (tmp_path / "results.json").write_text(json.dumps(content | damage))
    with pytest.raises(FileFormatError, match=r"results\.json: .*(mapping|colour|seeds|world).*publish it again"):
        read_summary(tmp_path / "results.json", played)


def test_a_picture_may_be_shown_of_one_situation_only(scenario: str, results: Results, tmp_path: Path) -> None:
    variants: dict[str, object] = {"whole": {}, "half": {}}
    played = experiment(scenario, variants=variants, pictures=["survival", f"batteries @ {scenario}, half"])
    for situation in played.situations():
        (tmp_path / situation.folder).mkdir()
        for name in ("survival", "batteries", "trade-off"):
            (tmp_path / situation.folder / f"{name}.svg").touch()
    page = chapter(played, {situation.name: results for situation in played.situations()}, tmp_path)
    whole, half = (situation.folder for situation in played.situations())
    assert re.findall(r"[\w-]+/[\w-]+\.svg", page) == [
        f"{whole}/survival.svg",
        f"{half}/batteries.svg",
        f"{half}/survival.svg",
    ]


def test_the_digest_tells_other_episodes_apart_and_no_wall_times(results: Results, scenario: str) -> None:
    again = play_idle_and_busy(scenario, range(12))
    assert again.wall_s != results.wall_s
    assert results_digest(again) == results_digest(results)
    shorter = play_idle_and_busy(scenario, range(12), max_decisions=5)
    assert results_digest(shorter) != results_digest(results)
    busy = results.controllers["busy"]
    metric = busy.metrics["ev_cost"]
    other = metric.model_copy(update={"values": [(metric.values[0] or 0.0) + 1e-9, *metric.values[1:]]})
    changed = busy.model_copy(update={"metrics": busy.metrics | {"ev_cost": other}})
    assert results_digest(results.model_copy(update={"controllers": results.controllers | {"busy": changed}})) != (
        results_digest(results)
    )


def test_damage_is_named_with_the_remedy(scenario: str, results: Results, tmp_path: Path) -> None:
    path, played = tmp_path / "results.json", experiment(scenario)
    with pytest.raises(FileFormatError, match=r"results\.json: cannot be read .*publish it again"):
        read_summary(path, played)
    text = summary_text(summary_of("mine", played, {scenario: results}))
    path.write_text(text[:-40])
    with pytest.raises(FileFormatError, match="corrupt or truncated"):
        read_summary(path, played)
    path.write_text(text.replace("voltran-summary-1", "voltran-summary-9"))
    with pytest.raises(FileFormatError, match=r"format: .*voltran-summary-1"):
        read_summary(path, played)
    path.write_text(text)
    with pytest.raises(FileFormatError, match="half' is missing; play the experiment"):
        read_summary(path, experiment(scenario, variants={"half": {}}))


def test_answers_are_filled_and_say_what_is_missing(scenario: str, results: Results) -> None:
    means = {
        label: [controller.metrics[key].mean or 0.0 for key in ("survival_h", "continuity")]
        for label, controller in results.controllers.items()
    }
    ratio = means["busy"][0] / means["idle"][0]
    expected = f"{means['busy'][0]:.2f} h and {ratio:#.3g}; {100 * means['idle'][1]:.1f} %, —"
    assert filled(ANSWER, {scenario: results}) == expected


def test_published_numbers_stand_beside_those_of_the_answer(scenario: str, results: Results) -> None:
    ratios = [{"metric": "survival_h", "controller": "busy", "reference": "idle", "value": 1.5}]
    paper = [{"title": "I", "values": {scenario: {"survival_h": {"busy": 0.0}}}, "ratios": ratios}]
    played = experiment(scenario, answer=ANSWER, paper=paper)
    ours = [
        text.strip() for text in filled("{survival_h: busy};{survival_h: busy / idle}", {scenario: results}).split(";")
    ]
    assert beside_paper(ANSWER, played.paper, {scenario: results}) == f"0.00 / {ours[0]}; 1.50 / {ours[1]}"
    elsewhere = experiment(scenario, paper=[{"title": "I", "ratios": ratios, "ratio_cells": ["elsewhere"]}])
    assert beside_paper(ANSWER, elsewhere.paper, {scenario: results}) == "—"


def test_json_in_lines_is_the_same_json_without_lonely_numbers() -> None:
    data = {
        "a": 1,
        "b": [0.5, None, "x"],
        "c": {"d": {"e": [1, 2]}, "f": "g\n", "h": [{"i": 1}] * 300},
        "long": list(range(2000)),
        "deep": [[[1.5, 2.5]] * 4] * 200,
    }
    text = lines_json(data)
    assert json.loads(text) == data
    assert '"a":1,"b":[0.5,null,"x"]' in text
    assert all(any(mark in line for mark in "{}[]:") for line in text.splitlines())
    assert len(text.splitlines()) > 5
    with pytest.raises(ValueError, match="JSON"):
        lines_json({"mean": float("nan")})
