"""Every make target, training configuration and command runs, in its quick form; a new one does so, too.

So does every experiment, in ``tests/train/test_quick.py``.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from tests.house import ROOT
from voltran.agents.forecasting.settings import forecasting_names
from voltran.agents.zoo import policy_path
from voltran.cli.app import app
from voltran.experiments.experiment import experiment_names
from voltran.train.run_config import training_names

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
# What continuous integration runs whole, and what the tests below run in its quick form.
WHOLE = re.findall(r"^make (\w+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
TARGETS = [name for name in re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split() if name not in WHOLE]  # type: ignore[index]
WRITE_NOTHING = ("help", "noise", "soak", "floors")
# Every experiment has a test of its own, so that the target plays only one.
ONE_EXPERIMENT = "dpa_fig5_6"
SMALL_FORECAST = ("--set", "rounds=1", "--set", "clients_per_round=2", "--set", "data.sites=4")
# Command to arguments with which it is done in seconds; "checkout" is a copy of the documentation.
COMMANDS: dict[str, tuple[str, ...]] = {
    "train": ("demo", "--set", "total_decisions=1"),
    "evaluate": ("--scenario", "toy3", "--seeds", "2", "--jobs", "1"),
    "experiment": (ONE_EXPERIMENT, "--quick", "--jobs", "1"),
    "sweep": ("toy3", "--vary", "battery.capacity_kwh=10,20", "--controllers", "static", "--quick", "--jobs", "1"),
    "publish": ("checkout",),
    "dataset": ("toy3", "--controllers", "rotating-sleep", "--episodes", "2", "--jobs", "1"),
    "forecast": ("train", "sharing", *SMALL_FORECAST),
    "calibrate": ("--quick",),
    "plan": ("toy3",),
    "replay": ("played",),
    "record": ("toy3", "--video", "toy.gif", "--every", "8"),
    "scenarios": ("toy3",),
    "controllers": ("msrc",),
    "experiments": (ONE_EXPERIMENT,),
    "policies": ("blackout",),
    "doctor": (),
    "seal": ("blackout.safetensors",),
    "demo": ("--quick", "--jobs", "1"),
}


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def make(*arguments: str) -> str:
    """Run make with the interpreter of these tests, whose environment it leaves as it is."""
    kept = [f"VENV={sys.prefix}", "--old-file", f"{sys.prefix}/.installed", "OMP_NUM_THREADS=1"]
    # Not as a part of the make that may have started the tests.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--no-print-directory", *kept, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_every_command_has_arguments_to_run_it_with() -> None:
    assert set(COMMANDS) == set(get_command(app).commands)  # type: ignore[attr-defined]


def test_make_plays_every_experiment_that_the_command_line_lists() -> None:
    assert "for name in ${EXPERIMENTS:-$(" in make("--dry-run", "results")
    assert "experiment --list)}" in make("--dry-run", "results")
    assert run("experiment", "--list").split() == experiment_names()


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "help"])
def test_every_target_that_is_not_run_whole_has_a_quick_form(target: str) -> None:
    """It leaves everything alone but ``runs/quick``."""
    quick = make("--dry-run", target, "QUICK=1")
    assert quick != make("--dry-run", target)
    assert "--quick" in quick
    assert "runs/quick" in quick or target in WRITE_NOTHING
    assert "--publish" not in quick


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_target_runs(target: str, tmp_path: Path) -> None:
    said = make(target, "QUICK=1", f"RUNS={tmp_path}", f"EXPERIMENTS={ONE_EXPERIMENT}")
    assert said
    assert target in WRITE_NOTHING or any(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", training_names())
def test_training_configuration_runs(name: str, tmp_path: Path) -> None:
    run("train", name, "--set", "total_decisions=1", "--out", str(tmp_path))
    assert list(tmp_path.rglob("policy.safetensors"))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in forecasting_names() if name != "lte"])  # needs measurements
def test_forecasting_configuration_runs(name: str, tmp_path: Path) -> None:
    run("forecast", "train", name, *SMALL_FORECAST, "--out", str(tmp_path / "out"))
    assert (tmp_path / "out" / "forecaster.safetensors").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if command == "publish":
        shutil.copytree(ROOT / "docs", tmp_path / "checkout" / "docs")
        shutil.copyfile(ROOT / "README.md", tmp_path / "checkout" / "README.md")
    if command == "replay":
        run("evaluate", *COMMANDS["evaluate"], "--out", "played")
    if command == "seal":
        shutil.copy(policy_path("blackout"), tmp_path)
    assert run(command, *COMMANDS[command])
