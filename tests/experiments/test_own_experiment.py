"""An experiment that lies outside the repository: it runs, resumes and reports like those within."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from voltran.envs.errors import ScenarioError
from voltran.experiments.experiment import read_experiment
from voltran.experiments.kinds import KINDS, kind_named
from voltran.experiments.run import run_experiment

OWN_KIND = """
from voltran.baselines.rules import RotatingSleep
from voltran.experiments.experiment import Experiment
from voltran.experiments.kinds import IndexRow, Kind, Outcome


class Mine(RotatingSleep):
    pass


class Counting(Experiment):
    up_to: int = 3


class Count(Outcome):
    def text(self):
        return "{}"

    def page(self, folder):
        return "# Count"

    def pictures(self, folder):
        return []

    def index_row(self):
        return IndexRow("counted", "-", "none", [])


def play(name, experiment, out, playing):
    (out / "table.md").write_text(f"up to {experiment.up_to}", encoding="utf-8")
    return out / "table.md"


COUNTING = Kind(
    model=Counting,
    quick_form=lambda experiment: experiment.model_copy(update={"up_to": 1}),
    check=lambda experiment: None,
    play=play,
    played=Count,
    published=Count,
)
"""


def run(path: Path, out: Path, **more: Any) -> str:
    options: dict[str, Any] = {"resume": False, "jobs": 1, "console": Console(file=io.StringIO())} | more
    return run_experiment(str(path), out, **options).read_text(encoding="utf-8")


@pytest.fixture
def own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module of one's own that Python finds."""
    (tmp_path / "own_kind.py").write_text(OWN_KIND, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("own_kind", None)


@pytest.mark.usefixtures("fake_voltran", "no_pictures")
@pytest.mark.parametrize("elsewhere", [True, False])
def test_scenarios_are_found_from_the_current_folder_and_beside_the_file(
    scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    folder = Path(scenario).parent
    monkeypatch.chdir(tmp_path_of(tmp_path, "elsewhere") if elsewhere else folder)
    content = {
        "title": "Mine",
        "question": "Who survives?",
        "answer": "Busy {survival_h: busy @ fake.yaml}.",
        "scenarios": ["fake.yaml"],
        "controllers": ["idle", "busy"],
        "seeds": 2,
        "reference": ["idle"],
    }
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    report = run(path, tmp_path / "out")
    assert report.startswith("# Mine\n\n**Who survives?** Busy ")
    assert "## fake.yaml\n" in report
    assert (tmp_path / "out" / "fake" / "results.json").exists()
    (tmp_path / "out" / "table.md").unlink()
    assert run(path, tmp_path / "out", resume=True) == report


def tmp_path_of(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


@pytest.mark.usefixtures("own_modules", "no_pictures")
def test_controllers_of_ones_own_play_beside_shipped_ones_and_are_resumed(tmp_path: Path) -> None:
    content = {
        "title": "Mine",
        "scenarios": ["toy3"],
        "controllers": ["static", "own_kind:Mine"],
        "seeds": 2,
        "reference": ["static"],
        "overrides": {"time.horizon_h": 0.5},
    }
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    report = run(path, tmp_path / "out", jobs=2)
    assert "| own_kind:Mine |" in report
    stored = {file: file.stat().st_mtime_ns for file in (tmp_path / "out" / "toy3" / "episodes").iterdir()}
    assert run(path, tmp_path / "out", resume=True) == report
    assert {file: file.stat().st_mtime_ns for file in stored} == stored


@pytest.mark.usefixtures("own_modules")
def test_a_kind_of_ones_own_is_read_and_played(tmp_path: Path) -> None:
    path = tmp_path / "count.yaml"
    path.write_text("kind: own_kind:COUNTING\ntitle: Count\nup_to: 5\n", encoding="utf-8")
    assert run(path, tmp_path / "out") == "up to 5"
    assert run(path, tmp_path / "quick", quick=True) == "up to 1"
    path.write_text("kind: own_kind:COUNTING\ntitle: Count\nup_too: 5\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"unknown key 'up_too' \(did you mean 'up_to'"):
        read_experiment(str(path))


@pytest.mark.usefixtures("own_modules")
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "episode",
            r"kind = 'episode' is unknown; known: episodes, allocations, assumptions, calculation; or write module:attribute",  # noqa: E501
        ),
        ("own_kind:Counting", r"kind = 'own_kind:Counting': is no Kind"),
        ("own_kind:NONE", r"own_kind has no 'NONE'"),
    ],
)
def test_a_kind_that_does_not_exist_is_refused(kind: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        kind_named(kind)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_can_be_loaded(name: str) -> None:
    assert kind_named(name).model.model_fields.keys() >= {"kind", "title", "question", "publish"}
