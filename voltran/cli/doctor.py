"""What is installed here, what works, and what to do about what does not (``voltran doctor``).

Packages are looked up by name in VoltRAN's own requirements, so this module needs none of the extras.
"""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rich.console import Console
from rich.text import Text

from voltran.cli.browser import REMEDY, browser_path
from voltran.cli.compiling import kernels_kept
from voltran.cli.output import clipped, command, hand_over, say
from voltran.cli.solver_checks import SolverTrial, trials

Status = Literal["ok", "missing", "broken"]
COLOURS: dict[Status, str] = {"ok": "green", "missing": "yellow", "broken": "red"}

OLDEST_PYTHON = (3, 11)
BYTES_PER_GB = 1e9
SOLVER_TOLERANCE = 1e-6
SHORTEST = 12  # columns of the window for a detail


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        group: heading it is shown under: "system", "required", the name of an extra, "solvers", "browser", "plug-ins".
        name: what was looked at.
        status: "ok", "missing" (not installed) or "broken" (installed, but it does not work).
        detail: version, size, or the reason.
        remedy: what to do; empty when the status is "ok".
        required: whether VoltRAN can be used without it.
    """

    group: str
    name: str
    status: Status
    detail: str
    remedy: str = ""
    required: bool = False


def report(runs: Path = Path("runs")) -> list[Check]:
    """Look at Python, the machine, every required and optional package, and every solver.

    Args:
        runs: folder that results will be written to; it is not created.
    """
    checks = [python_check(), cores_check(), folder_check(runs), compiler_check(), kernels_check(), *package_checks()]
    if find_spec("torch") is not None:
        checks.append(torch_check())
    checks += [solver_check(trial) for trial in trials()]
    checks.append(browser_check())
    checks += plug_in_checks()
    groups = list(dict.fromkeys(check.group for check in checks))
    return sorted(checks, key=lambda check: groups.index(check.group))


def print_report(console: Console) -> bool:
    """Print the report as a table, and what to do next.

    Returns:
        True if everything that is required works.
    """
    checks = report()
    for name, detail in _print_table(checks, console):
        say(console, f"{name}: {detail}")
    ready = all(check.status == "ok" for check in checks if check.required)
    for remedy in dict.fromkeys(check.remedy for check in checks if check.remedy):
        names = ", ".join(check.name for check in checks if check.remedy == remedy)
        hand_over(console, f"{names}: {remedy}")
    if ready:
        say(console, f"Everything required works. Try: {command('scenarios')}, or {command('demo')}")
    else:
        say(console, "Something required does not work yet: see above.", style="red")
    return ready


def python_check() -> Check:
    """Whether the interpreter is new enough."""
    version = platform.python_version()
    oldest = ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info < OLDEST_PYTHON:
        return Check(
            "system", "Python", "broken", f"{version}, needs {oldest}", f"install Python {oldest} or newer", True
        )
    return Check("system", "Python", "ok", f"{version} on {platform.system()} {platform.machine()}", required=True)


def cores_check() -> Check:
    """How many cores this process may use, and how many threads libraries will start on them."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    return Check("system", "cores", "ok", f"{usable} usable, OMP_NUM_THREADS {threads}; 1 is best")


def folder_check(runs: Path) -> Check:
    """Whether results can be written below ``runs``, and how much room there is."""
    name = f"folder {runs}"
    remedy = "make the folder writable, or choose another one with --out"
    existing = next(folder for folder in (runs.absolute(), *runs.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            free_gb = shutil.disk_usage(existing).free / BYTES_PER_GB
    except OSError as error:
        return Check("system", name, "broken", f"{existing}: {error.strerror}", remedy, True)
    return Check("system", name, "ok", f"writable, {free_gb:.1f} GB free", required=True)


def package_checks() -> list[Check]:
    """One check per distribution that VoltRAN's metadata names, grouped by the extra that brings it."""
    try:
        requirements = [Requirement(text) for text in metadata.requires("voltran") or []]
    except metadata.PackageNotFoundError:
        remedy = "install it: pip install --editable . (in the checkout)"
        return [Check("required", "voltran", "missing", "runs from its sources without being installed", remedy, True)]
    modules = _modules_of_distributions()
    return [
        package_check(requirement, group, modules)
        for requirement in requirements
        for group in _groups(requirement)
        if requirement.name != "voltran"
    ]


def package_check(requirement: Requirement, group: str, modules: dict[str, list[str]]) -> Check:
    """Whether a distribution is installed in a version that fits, and can be imported.

    Args:
        requirement: name and range of versions.
        group: "required" or the name of an extra.
        modules: distribution -> top-level modules it installs.
    """
    needed = group == "required"
    install = f"pip install '{requirement.name}{requirement.specifier}'"
    remedy = install if needed else f"pip install 'voltran[{group}]'"
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Check(group, requirement.name, "missing", "not installed", remedy, needed)
    if not requirement.specifier.contains(version, prereleases=True):
        return Check(group, requirement.name, "broken", f"{version}, needs {requirement.specifier}", install, needed)
    # Tools of developers are run, not imported, and stubs cannot be.
    for module in [] if group == "dev" else modules.get(canonicalize_name(requirement.name), []):
        reason = _import_failure(module)
        if reason:
            again = f"pip install --force-reinstall '{requirement.name}{requirement.specifier}'"
            return Check(group, requirement.name, "broken", f"{version}: {reason}", again, needed)
    return Check(group, requirement.name, "ok", version, required=needed)


def compiler_check() -> Check:
    """Whether numba compiles and the compiled code is right."""
    try:
        compiled = import_module("numba").njit(_sum_of_squares)
        correct = compiled(np.arange(4.0)) == _sum_of_squares(np.arange(4.0))
        reason = "" if correct else "compiled code gives a wrong result"
    except Exception as error:  # whatever goes wrong in there is the finding
        reason = _one_line(error)
    if reason:
        return Check("system", "numba compiles", "broken", reason, "pip install --force-reinstall numba", True)
    return Check("system", "numba compiles", "ok", "a kernel gave the right sum", required=True)


def kernels_check() -> Check:
    """Whether the kernels that worlds play with are compiled already."""
    kept = kernels_kept()
    detail = f"{kept} kept from earlier runs" if kept else "none yet; the first run compiles them"
    return Check("system", "compiled kernels", "ok", detail)


def torch_check() -> Check:
    """Which build of torch this is, and where it would compute."""
    reason = _import_failure("torch")
    if reason:
        return Check("train", "torch build", "broken", reason, "pip install --force-reinstall torch")
    torch = import_module("torch")
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU in use"
    return Check("train", "torch build", "ok", f"{build}, {device}, threads: {torch.get_num_threads()}")


def solver_check(trial: SolverTrial) -> Check:
    """Whether a solver finds the optimum that is known by hand."""
    remedy = "pip install --force-reinstall ortools scipy"
    try:
        best = trial.solve()
    except ModuleNotFoundError as error:
        return Check("solvers", trial.name, "missing", str(error), "pip install 'voltran[solvers]'")
    except Exception as error:  # whatever goes wrong in there is the finding
        return Check("solvers", trial.name, "broken", _one_line(error), remedy)
    if best is None:
        return Check("solvers", trial.name, "missing", "not part of this build of OR-Tools")
    if abs(best - trial.expected) > SOLVER_TOLERANCE:
        return Check("solvers", trial.name, "broken", f"found {best:g}, the optimum is {trial.expected:g}", remedy)
    return Check("solvers", trial.name, "ok", f"found the optimum {trial.expected:g}")


def browser_check() -> Check:
    """Whether there is a browser to test the replay page with."""
    path = browser_path()
    if path is None:
        return Check("browser", "Chromium or Chrome", "missing", "not found: pages cannot be tested here", REMEDY)
    return Check("browser", "Chromium or Chrome", "ok", f"found at {path}: pages can be tested")


def plug_in_checks() -> list[Check]:
    """One check per world or controller that an installed package offers, and that cannot be used."""
    remedy = "update or remove the package that offers it"
    broken: dict[str, str] = {}
    for room in ("envs", "baselines"):
        broken |= import_module(f"voltran.{room}.registry").broken_entry_points()
    return [Check("plug-ins", name, "broken", " ".join(why.split()), remedy) for name, why in broken.items()]


def _sum_of_squares(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    total = 0.0
    for value in values:
        total += value * value
    return total


def _groups(requirement: Requirement) -> Iterator[str]:
    """ "required", or the extra whose marker the requirement carries; nothing if it is not for this machine."""
    extras = metadata.metadata("voltran").get_all("Provides-Extra") or []
    marker = requirement.marker
    if marker is None or marker.evaluate({"extra": ""}):
        yield "required"
        return
    yield from (extra for extra in extras if marker.evaluate({"extra": extra}))


def _modules_of_distributions() -> dict[str, list[str]]:
    installed: dict[str, list[str]] = {}
    for module, names in metadata.packages_distributions().items():
        for name in names:
            if module.isidentifier() and not module.startswith("_"):
                installed.setdefault(canonicalize_name(name), []).append(module)
    # Some bring modules for special uses beside the one that carries their name (matplotlib: pylab).
    return {
        name: [module for module in modules if canonicalize_name(module) == name] or modules
        for name, modules in installed.items()
    }


def _import_failure(module: str) -> str:
    try:
        import_module(module)
    except Exception as error:  # whatever goes wrong in there is the finding
        return f"import {module}: {_one_line(error)}"
    return ""


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _print_table(checks: list[Check], console: Console) -> list[tuple[str, str]]:
    """A line per check below its group's name; what has no room in it comes back."""
    console.print(Text("VoltRAN doctor", style="bold"))
    names, statuses = (
        max(len(text) for text in column) for column in zip(*((c.name, c.status) for c in checks), strict=True)
    )
    longer = []
    for group, members in groupby(checks, key=lambda check: check.group):
        console.print(Text(group, style="bold"))
        for check in members:
            room = max(console.width - names - statuses - 6, SHORTEST)
            detail = clipped(check.detail, room)
            longer += [(check.name, check.detail)] if detail != check.detail else []
            status = (f"{check.status:<{statuses}}", COLOURS[check.status])
            console.print(Text.assemble(f"  {check.name:<{names}}  ", status, f"  {detail}"), soft_wrap=True)
    return longer
