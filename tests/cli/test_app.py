"""The command line: what it runs, and one clear message for what users can act on."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import voltran
from voltran.cli import demo, doctor
from voltran.cli.app import app
from voltran.envs.errors import VoltranError
from voltran.evaluation import evaluation

pytestmark = pytest.mark.usefixtures("fake_voltran")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def evaluate_fake(scenario: str, out: Path, *more: str) -> Result:
    basic = ["--scenario", scenario, "--controllers", "idle,busy", "--seeds", "2", "--jobs", "1", "--out", str(out)]
    return run("evaluate", *basic, *more)


def test_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"voltran {voltran.__version__}\n")


def test_evaluate_writes_results_tables_and_pictures(scenario: str, tmp_path: Path) -> None:
    more = ["--first-seed", "40", "--set", "max_decisions=3", "--reference", "busy"]
    result = evaluate_fake(scenario, tmp_path / "out", *more)
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert (found["seeds"], found["overrides"]) == ([40, 41], {"max_decisions": 3})
    assert list(found["paired"]) == ["busy"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"results.json", "table.md", "table.csv", "batteries.svg", "survival.svg", "episodes"}
    assert "Survival h" in result.stdout


@pytest.mark.usefixtures("no_pictures")
def test_evaluate_resumes_only_on_request(scenario: str, tmp_path: Path) -> None:
    assert evaluate_fake(scenario, tmp_path / "out").exit_code == 0
    again = evaluate_fake(scenario, tmp_path / "out")
    assert again.exit_code == 2
    assert "--resume" in again.stderr
    assert evaluate_fake(scenario, tmp_path / "out", "--resume").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--scenario", "urban99"], "unknown scenario 'urban99'"),
        (["evaluate", "--controllers", "idle,nobody"], "unknown controller 'nobody'"),
        (["evaluate", "--controllers", "gone/policy.safetensors"], "cannot be read"),
        (["evaluate", "--set", "load"], "not of the form key=value"),
        (["evaluate", "--first-seed", "999999", "--seeds", "2"], "kept for training"),
        (["experiment", "figure_nine"], "unknown experiment 'figure_nine'; known: brownout, "),
        (["experiment", "dpa_fig4", "--quick", "--publish", "."], "--publish with --quick"),
        (["train", "no-such-configuration"], "no-such-configuration"),
        (
            ["evaluate", "--seeds", "1000000000000"],
            "seeds = 1000000000000: give a number of episodes",
        ),
        (["evaluate", "--set", "max_decisions=[1"], "override max_decisions: value '[1': not valid YAML"),
        (["evaluate", "--scenario", "no\0thing.yaml"], "cannot be read"),
        (["evaluate", "--controllers", "zoo:blackout:zzz=1"], "controller 'zoo:blackout': unknown key 'zzz'"),
        (["calibrate", "--out", "."], "name a file in a folder of yours"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_two(
    arguments: list[str], message: str, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "evaluate":
        defaults = {"--scenario": scenario, "--controllers": "idle", "--jobs": "1"}
        arguments = arguments + [
            part for key, value in defaults.items() if key not in arguments for part in (key, value)
        ]
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("arguments", [["evaluate", "--seeds", "0"], ["evaluate", "--unknown"], ["nonsense"]])
def test_wrong_usage_is_exit_code_two(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_an_interrupt_says_how_to_continue(scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, out: Path, **__: Any) -> None:
        (out / "episodes").mkdir()
        (out / "episodes" / "finished.json").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation.Evaluation, "run", interrupt)
    result = evaluate_fake(scenario, tmp_path / "out")
    assert result.exit_code == 130
    assert "--resume" in result.stderr


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(demo, "run_demo", broken)
    result = run("demo")
    assert isinstance(result.exception, RuntimeError)


@pytest.mark.parametrize(("healthy", "code"), [(True, 0), (False, 1)])
def test_doctor_fails_when_something_required_does(monkeypatch: pytest.MonkeyPatch, healthy: bool, code: int) -> None:
    monkeypatch.setattr(doctor, "print_report", lambda console: healthy)
    assert run("doctor").exit_code == code


def test_demo_passes_on_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Path] = []

    def run_demo(out: Path, **_: Any) -> None:
        asked.append(out)
        raise VoltranError("no [brackets] lost")

    monkeypatch.setattr(demo, "run_demo", run_demo)
    result = run("demo", "--out", str(tmp_path))
    assert asked == [tmp_path]
    assert result.stderr.strip() == "Error: no [brackets] lost"


def test_help_needs_no_heavy_library() -> None:
    script = (
        "import sys\n"
        "from voltran.cli.app import app\n"
        "heavy = {'torch', 'matplotlib', 'numpy', 'scipy', 'numba', 'pandas'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
