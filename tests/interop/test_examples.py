"""The programs for learning libraries: short, documented, pinned, and they train without an illegal action."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from examples.libraries import options
from tests.house import ROOT
from voltran.envs.errors import MissingExtraError
from voltran.envs.libraries import LIBRARIES, require_library

HERE = ("sb3", "single-file")  # those in the usual environment
OWN = [library for library in LIBRARIES if library not in HERE]
INTEROP = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8")
LINES = {"single-file": 200}
USUAL_LINES = 60


def program(library: str) -> Path:
    """The library's example; there is exactly one."""
    (found,) = (ROOT / "examples" / "libraries").glob(f"{library.replace('-', '_')}_*.py")
    return found


def pins(library: str) -> dict[str, str]:
    """Package -> version in the library's environment."""
    path = ROOT / ("constraints.txt" if library in HERE else f"examples/constraints/{library}.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def row(library: str) -> list[str]:
    """The library's row of the documentation's table."""
    (line,) = (line for line in INTEROP.splitlines() if line.startswith("|") and f"`make interop-{library}`" in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


def lacking(library: str) -> str:
    """What keeps the library from being used here; empty if nothing does."""
    try:
        require_library(library)
    except MissingExtraError as error:
        return str(error)
    return ""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_every_example_and_every_list_of_pins_is_of_a_library() -> None:
    written = {path for path in (ROOT / "examples" / "libraries").glob("*.py") if path.name != "__init__.py"}
    assert written == {program(library) for library in LIBRARIES}
    assert {path.stem for path in (ROOT / "examples" / "constraints").iterdir()} == {*OWN, "ray"}


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_documented_command_runs_the_example(library: str) -> None:
    command = ["make", "--dry-run", "--no-print-directory", f"interop-{library}", "ARGUMENTS=--seeds 50"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].split()[1:] == [
        "-m",
        f"examples.libraries.{program(library).stem}",
        "--seeds",
        "50",
    ]
    assert f'options("{library}", ' in program(library).read_text(encoding="utf-8")


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_documented_versions_are_those_that_are_pinned(library: str) -> None:
    pinned = {name.lower().replace("_", "-"): version for name, version in pins(library).items()}
    documented = re.findall(r"(\S+) (\d[\w.]*)", row(library)[1])
    assert documented
    assert {name: pinned[name] for name, _ in documented} == dict(documented)


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_is_pinned_is_what_the_library_needs(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = {name.lower().replace("_", "-"): version for name, version in pins(library).items()}
    monkeypatch.setattr("voltran.envs.libraries.version", pinned.__getitem__)
    require_library(library)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_example_is_short(library: str) -> None:
    lines = program(library).read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip() and not line.strip().startswith("#")]) < LINES.get(
        library, USUAL_LINES
    )


@pytest.mark.parametrize(
    "library",
    [
        pytest.param(library, marks=pytest.mark.slow if library in HERE else pytest.mark.interop)
        for library in LIBRARIES
    ],
)
def test_the_example_trains_and_evaluates_without_an_illegal_action(library: str) -> None:
    if lack := lacking(library):
        pytest.skip(lack)
    done = run(f"examples.libraries.{program(library).stem}", "--quick")
    assert done.returncode == 0, done.stderr[-4000:]
    text = " ".join(done.stdout.split())
    assert re.search(rf"Survival h .* {library} [\d.]+ .* static [\d.]+ ", text)
    assert re.search(rf"illegal actions: {library} 0 of 48\. Illegal actions in training: 0 of [1-9]\d+\.", text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--decisions", "0"], "argument --decisions: '0' is no whole number of at least 1"),
        (["--seeds", "few"], "argument --seeds: 'few' is no whole number of at least 1"),
        (["--scenario", "toy4"], "python -m examples.libraries.single_file_ppo: unknown scenario 'toy4'"),
    ],
)
def test_what_an_example_cannot_do_is_said_in_a_line(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["single_file_ppo.py", *arguments])
    with pytest.raises(SystemExit) as left:
        options("single-file", decisions=1)
    assert left.value.code not in (None, 0)
    assert message in f"{left.value.code}{capsys.readouterr().err}"


def test_an_example_without_its_library_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    lack = lacking("agilerl")
    if not lack:
        pytest.skip("AgileRL is installed here")
    monkeypatch.setattr(sys, "argv", [str(program("agilerl"))])
    with pytest.raises(SystemExit) as left:
        runpy.run_module("examples.libraries.agilerl_ippo")
    assert left.value.code == f"python -m examples.libraries.agilerl_ippo: {lack}"


@pytest.mark.parametrize(
    ("scenario", "reference"),
    [
        ("toy3", "static"),
        ("urban19-brownout-medium", "bs=static+retailer=dpa"),
        ("market4", "bs=price-threshold+retailer=dpa"),
        ("sharing-toy", "operator=grid-only"),
        ("uplink20", "random"),
    ],
)
def test_every_world_has_somebody_to_play_beside(
    scenario: str, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["single_file_ppo.py", "--scenario", scenario])
    chosen = options("single-file", decisions=7)
    assert (chosen.decisions, chosen.seeds) == (7, 5)
    assert chosen.reference == reference.removeprefix("operator=")
