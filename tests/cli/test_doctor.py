"""The doctor tells working, missing and broken apart, and says what to do."""

import io
import platform
import shutil
import types
from collections.abc import Callable
from importlib import import_module, metadata
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from rich.console import Console

from voltran.cli import doctor, solver_checks
from voltran.cli.doctor import Check
from voltran.cli.solver_checks import CAPACITY, VALUES, WEIGHTS, SolverTrial


def test_known_optimum_is_right_by_trying_everything() -> None:
    def best(shares: list[float]) -> float:
        sacks = product(shares, repeat=len(VALUES))
        return max(
            sum(value * part for value, part in zip(VALUES, sack, strict=True))
            for sack in sacks
            if sum(weight * part for weight, part in zip(WEIGHTS, sack, strict=True)) <= CAPACITY
        )

    assert best([0, 1]) == solver_checks.BEST_WHOLE
    # The best divisible sack takes a quarter of one item, so quarters are fine enough.
    assert best([0, 0.25, 0.5, 0.75, 1]) == solver_checks.BEST_PARTS


@pytest.mark.parametrize("trial", list(solver_checks.trials()), ids=lambda trial: trial.name)
def test_installed_solver_finds_the_optimum(trial: SolverTrial) -> None:
    check = doctor.solver_check(trial)
    if check.status == "missing":
        pytest.skip(check.detail)
    assert check.status == "ok", check.detail


def absent() -> float:
    raise ModuleNotFoundError("No module named 'ortools'")


def crashing() -> float:
    raise RuntimeError("licence\n expired")


@pytest.mark.parametrize(
    ("solve", "status", "detail", "remedy"),
    [
        (lambda: 20.0, "ok", "optimum 20", ""),
        (lambda: 19.0, "broken", "found 19, the optimum is 20", "pip install"),
        (lambda: None, "missing", "not part of this build", ""),
        (absent, "missing", "ortools", "voltran[solvers]"),
        (crashing, "broken", "RuntimeError: licence expired", "pip install"),
    ],
)
def test_solver_states_are_told_apart(solve: Callable[[], float | None], status: str, detail: str, remedy: str) -> None:
    check = doctor.solver_check(SolverTrial("any", 20.0, solve))
    assert check.status == status
    assert detail in check.detail
    assert (remedy in check.remedy) if remedy else not check.remedy


def test_installed_package_is_ok_with_its_version() -> None:
    check = doctor.package_check(Requirement("numpy>=1"), "required", {"numpy": ["numpy"]})
    assert check == Check("required", "numpy", "ok", metadata.version("numpy"), required=True)


def test_absent_package_names_the_extra_that_brings_it() -> None:
    check = doctor.package_check(Requirement("no-such-package>=1"), "train", {})
    assert (check.status, check.remedy, check.required) == ("missing", "pip install 'voltran[train]'", False)


def test_version_outside_the_range_is_broken() -> None:
    check = doctor.package_check(Requirement("numpy>=999"), "required", {"numpy": ["numpy"]})
    assert check.status == "broken"
    assert check.detail == f"{metadata.version('numpy')}, needs >=999"
    assert check.remedy == "pip install 'numpy>=999'"


def test_package_that_cannot_be_imported_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cracked_module.py").write_text("raise OSError('libgomp.so.1: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    check = doctor.package_check(Requirement("numpy>=1"), "required", {"numpy": ["cracked_module"]})
    assert check.status == "broken"
    assert "cracked_module: OSError: libgomp.so.1: cannot open" in check.detail


def test_requirements_are_grouped_by_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = ["numpy>=1", 'pytest>=1; extra == "dev"', 'voltran[dev]; extra == "all"', 'nowhere; os_name == "none"']
    monkeypatch.setattr(metadata, "requires", lambda name: declared)
    monkeypatch.setattr(metadata, "metadata", lambda name: types.SimpleNamespace(get_all=lambda key: ["dev", "all"]))
    assert [(check.group, check.name, check.status) for check in doctor.package_checks()] == [
        ("required", "numpy", "ok"),
        ("dev", "pytest", "ok"),
    ]


def test_sources_without_an_installation_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    (check,) = doctor.package_checks()
    assert (check.name, check.status) == ("voltran", "missing")
    assert "pip install --editable ." in check.remedy


def test_old_python_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 0))
    check = doctor.python_check()
    assert (check.status, check.required) == ("broken", True)
    assert check.detail == f"{platform.python_version()}, needs 99.0"


def test_runs_folder_is_probed_without_being_made(tmp_path: Path) -> None:
    check = doctor.folder_check(tmp_path / "deep" / "runs")
    assert check.status == "ok"
    assert list(tmp_path.iterdir()) == []


def test_runs_folder_that_is_a_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    check = doctor.folder_check(tmp_path / "runs" / "demo")
    assert (check.status, check.required) == ("broken", True)
    assert "--out" in check.remedy


def test_wrong_compiled_code_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.compiler_check().status == "ok"
    monkeypatch.setattr(import_module("numba"), "njit", lambda function: lambda values: -1.0)
    check = doctor.compiler_check()
    assert (check.status, check.detail) == ("broken", "compiled code gives a wrong result")


def test_a_browser_is_found_and_a_missing_one_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", {"google-chrome": "/opt/chrome"}.get)
    found = doctor.browser_check()
    assert (found.status, found.detail) == ("ok", "found at /opt/chrome: pages can be tested")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    missing = doctor.browser_check()
    assert (missing.status, missing.required) == ("missing", False)
    assert "apt-get install chromium" in missing.remedy


def test_report_covers_every_group() -> None:
    groups = [check.group for check in doctor.report()]
    assert {"system", "required", "solvers"} <= set(groups)
    assert len(list(dict.fromkeys(groups))) == sum(a != b for a, b in zip(groups, [*groups[1:], None], strict=True))


@pytest.mark.parametrize(("required", "ready"), [(True, False), (False, True)])
def test_printed_report_shows_findings_and_remedies(
    required: bool, ready: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [
        Check("required", "numpy", "ok", "2.0", required=True),
        Check("train", "torch", "missing", "not installed", "pip install 'voltran[train]'", required),
        Check("train", "tensorboard", "missing", "not installed", "pip install 'voltran[train]'"),
    ]
    monkeypatch.setattr(doctor, "report", lambda: checks)
    console = Console(file=io.StringIO(), width=120)
    assert doctor.print_report(console) is ready
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert all(check.name in text and check.detail in text for check in checks)
    assert text.count("torch, tensorboard: pip install 'voltran[train]'") == 1
    assert ("does not work yet" in text) is not ready


def test_what_other_packages_offer_and_cannot_be_used_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.plug_in_checks() == []
    reason = "entry point lost of voltran.controllers 'gone:Mine': module gone cannot be imported"
    monkeypatch.setattr("voltran.baselines.registry.broken_entry_points", lambda: {"lost": reason})
    (check,) = doctor.plug_in_checks()
    assert (check.group, check.name, check.status, check.detail) == ("plug-ins", "lost", "broken", reason)
    assert not check.required
