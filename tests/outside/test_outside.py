"""A package that nobody here knows: its world, controllers, reward, feature and scenario work like those that ship."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

import voltran
from tests.house import ROOT
from voltran.envs import registry
from voltran.envs.checks import check_env

PACKAGE = Path(__file__).parent / "package"
SCENARIO, OWN = "solar_relays.scenario:SHORE", "solar_relays.controllers"
CONTROLLERS = [f"{OWN}:Thrifty", f"{OWN}:PlansAhead:hours=2", "random"]
TRAINING = {
    "scenario": SCENARIO,
    "reward": "solar_relays.learning:delivered_with_reserve",
    "observe": ["default", "solar_relays.learning:hours_left"],
    "n_worlds": 4,
    "n_steps": 24,
    "batch_size": 144,
    "total_decisions": 1200,
    "evaluate_every": 0,
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the package, as somebody might have written it there."""
    shutil.copytree(PACKAGE / "solar_relays", tmp_path / "solar_relays")
    return tmp_path


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package on the path of this process, forgotten afterwards."""
    monkeypatch.syspath_prepend(str(PACKAGE))
    monkeypatch.setattr(registry, "_SPECS", dict(registry._SPECS))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "solar_relays"]:
        del sys.modules[name]


def run(place: Path, *arguments: str, path: Path | None = None) -> str:
    """What ``python -m voltran`` or ``python -c`` prints, run in a folder."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*([path] if path else []), ROOT]))}
    module = [] if arguments[0] == "-c" else ["-m", "voltran"]
    command = [sys.executable, *module, *arguments]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def evaluate(place: Path, controllers: list[str], *more: str) -> dict[str, list[float]]:
    """Data delivered per controller and seed, played by two workers."""
    out = place / "evaluation"
    who = ["--controllers", ",".join(controllers), "--seeds", "3", "--jobs", "2"]
    run(place, "evaluate", "--scenario", SCENARIO, *who, "--out", str(out), *more)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))["controllers"]
    return {label: results[label]["metrics"]["delivered_gbit"]["values"] for label in results}


def test_no_file_of_the_repository_knows_the_package() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if tracked.returncode:
        pytest.skip("not a Git checkout")
    files = [ROOT / name for name in tracked.stdout.splitlines() if not name.startswith("tests/outside/")]
    texts = {file: file.read_text(encoding="utf-8", errors="ignore") for file in files if file.is_file()}
    assert [file for file, text in texts.items() if "solar_relays" in text or "relays_v0" in text] == []


@pytest.mark.usefixtures("importable")
def test_world_and_controllers_keep_every_rule() -> None:
    report = check_env(lambda: voltran.make("solar_relays:WORLD", face="parallel"))
    assert "masks_honest" in str(report)
    for name in CONTROLLERS[:2]:
        voltran.check_controller(partial(voltran.make_controller, name), [SCENARIO])


@pytest.mark.slow
def test_it_is_trained_evaluated_resumed_and_put_into_an_experiment_by_reference(place: Path) -> None:
    (place / "small.yaml").write_text(yaml.safe_dump(TRAINING), encoding="utf-8")
    run(place, "train", "small.yaml", "--out", "run")
    first = evaluate(place, ["run/policy.safetensors", *CONTROLLERS])
    assert list(first) == ["run", *CONTROLLERS]
    assert sum(first[CONTROLLERS[1]]) > sum(first["random"])

    stored = {path: path.stat().st_mtime_ns for path in (place / "evaluation" / "episodes").glob("*.json")}
    own = place / "solar_relays" / "controllers.py"
    text = own.read_text(encoding="utf-8")
    own.write_text(text.replace("full_above: float = 0.6", "full_above: float = 0.0"), encoding="utf-8")
    again = evaluate(place, ["run/policy.safetensors", *CONTROLLERS], "--resume")
    assert again["random"] == first["random"]
    assert again["run"] == first["run"]
    assert again[CONTROLLERS[0]] != first[CONTROLLERS[0]]
    assert {path: path.stat().st_mtime_ns for path in stored} == stored

    experiment = {
        "title": "Relays", "scenarios": [SCENARIO], "seeds": 2, "controllers": CONTROLLERS, "reference": ["random"],
        "variants": {"small": {"relays": 2}, "large": {"relays": 4}},
    }  # fmt: skip
    (place / "mine.yaml").write_text(yaml.safe_dump(experiment), encoding="utf-8")
    run(place, "experiment", "mine.yaml", "--out", "table", "--jobs", "2")
    table = (place / "table" / "table.md").read_text(encoding="utf-8")
    assert "Delivered (Gbit)" in table
    assert "Survival" not in table


def test_it_is_found_by_name_once_it_is_installed(place: Path) -> None:
    """Entry points make names: of the world, with Gymnasium, too, and of its controllers."""
    installed = place / "installed"
    shutil.copytree(PACKAGE, installed, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "named.yaml").write_text("world: relays_v0\nname: named\nrelays: 3\n", encoding="utf-8")
    program = """
import gymnasium, voltran
env = voltran.make("relays_v0")
print(env.metadata["name"], env.num_agents if env.reset(seed=1) else 0)
print(gymnasium.make("solar/Relays-v0", scenario="named.yaml").observation_space.shape)
print(type(voltran.make_controller("thrifty:full_above=0.9")).__name__)
"""
    assert run(place, "-c", program, path=installed).split() == [
        "relays_v0",
        "6",
        "(9,)",
        "Thrifty",
    ]  # 3 relays, 3 fields each
    out = place / "results"
    run(place, "evaluate", "--scenario", "named.yaml", "--controllers", "thrifty,plans-ahead,random", "--seeds", "2",
        "--jobs", "2", "--out", str(out), path=installed)  # fmt: skip
    assert "plans-ahead" in json.loads((out / "results.json").read_text(encoding="utf-8"))["controllers"]
