"""The demonstration: trains, compares, writes its report, and continues where it stopped."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.evaluation.fake_outage import FakeController, make_fake_baseline
from voltran import baselines
from voltran.agents import policy
from voltran.cli import demo
from voltran.envs.errors import VoltranError
from voltran.evaluation.results import read_results
from voltran.train import ppo


@pytest.fixture
def trainings(fake_voltran: None, scenario: str, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A training that only writes a file; returns whether each call was asked to continue."""
    calls: list[bool] = []

    def train(config: str, overrides: Mapping[str, Any], out: Path, resume: bool) -> Path:
        calls.append(resume)
        assert set(overrides) <= {"total_decisions"}  # a quick training is continued by a whole one
        out.mkdir(parents=True, exist_ok=True)
        (out / ppo.CHECKPOINT_FILE).write_bytes(b"checkpoint")
        (out / "policy.safetensors").write_bytes(b"weights")
        return out / "policy.safetensors"

    codes = {name: place % 4 for place, name in enumerate(demo.opponents())}
    monkeypatch.setattr(ppo, "train", train)
    monkeypatch.setattr(policy, "load_policy", lambda path: FakeController("policy", 2))
    monkeypatch.setattr(baselines, "make", lambda name: make_fake_baseline("idle", code=codes[name]), raising=False)
    monkeypatch.setattr(demo, "demo_scenario", lambda: scenario)
    monkeypatch.setattr(demo, "EPISODES", 10)
    return calls


def run(out: Path) -> str:
    console = Console(file=io.StringIO(), width=100)
    demo.run_demo(out, jobs=1, console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_everything_is_made_and_said_in_plain_words(trainings: list[bool], tmp_path: Path) -> None:
    said = run(tmp_path / "demo")
    results = read_results(tmp_path / "demo" / "results.json")
    assert list(results.controllers) == ["policy", *demo.RULES, "msrc-fast"]
    assert results.n == demo.EPISODES
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert names >= {"policy.safetensors", "table.md", "batteries.svg", "availability.svg", "trade-off.svg"}
    assert "Survival" in said
    assert "Try next:" in said
    difference = results.paired["static"]["policy"]["survival_h"]
    assert f"that of static ({difference.mean:+.2f} h, 95 % interval [" in said.replace("\n", " ")


@pytest.mark.usefixtures("no_pictures")
def test_without_its_solver_the_optimiser_stays_out(
    trainings: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    said = run(tmp_path / "demo")
    assert list(read_results(tmp_path / "demo" / "results.json").controllers) == ["policy", *demo.RULES]
    assert "msrc-fast stays out: it needs OR-Tools, pip install 'voltran[solvers]'" in said


@pytest.mark.usefixtures("no_pictures")
def test_the_quick_form_plays_few_outages_and_a_whole_one_goes_on(trainings: list[bool], tmp_path: Path) -> None:
    demo.run_demo(tmp_path / "demo", jobs=1, console=Console(file=io.StringIO()), quick=True)
    assert read_results(tmp_path / "demo" / "results.json").n == demo.QUICK_EPISODES < demo.EPISODES
    run(tmp_path / "demo")
    assert trainings == [False, True]
    assert read_results(tmp_path / "demo" / "results.json").n == demo.EPISODES


@pytest.mark.usefixtures("no_pictures")
def test_it_continues_where_it_stopped(trainings: list[bool], tmp_path: Path) -> None:
    run(tmp_path / "demo")
    before = read_results(tmp_path / "demo" / "results.json")
    run(tmp_path / "demo")
    assert trainings == [False, True]
    after = read_results(tmp_path / "demo" / "results.json")
    assert after.controllers == before.controllers  # with their wall times: nothing was played again


@pytest.mark.usefixtures("no_pictures")
def test_a_training_stopped_before_its_first_checkpoint_starts_again(trainings: list[bool], tmp_path: Path) -> None:
    leftovers = tmp_path / "demo" / "training" / "tensorboard"
    leftovers.mkdir(parents=True)
    (leftovers / "events").write_text("half")
    (leftovers.parent / "config.yaml").write_text("half")
    run(tmp_path / "demo")
    assert trainings == [False]
    assert not leftovers.exists()


def test_a_folder_with_something_else_is_left_alone(trainings: list[bool], tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(VoltranError, match=r"something else than a demonstration.*--out"):
        run(tmp_path)
    assert not trainings
