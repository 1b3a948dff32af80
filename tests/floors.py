"""The default tests with the lowest versions that pyproject.toml allows, and with the newest Python that is here.

``make floors``. Each has an environment of its own, which is made again when what it holds changes. The lowest versions
are those of what VoltRAN asks for itself; what these ask for is as new as they allow. ``--quick`` installs no extras,
and sees only whether every world can be built.
"""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?>=([0-9.]+)")
NEWEST_MINOR = 20  # of Python 3, that is looked for
STAMP = "holds.txt"
WITHOUT_EXTRAS = """
import importlib, platform, numpy, voltran
for room in ("physics", "envs", "baselines", "evaluation"):
    importlib.import_module(f"voltran.{room}")
import voltran.cli.app
for spec in voltran.envs.world_specs():
    voltran.make(spec.name)
print(f"every world is built with Python {platform.python_version()}, NumPy {numpy.__version__}")
"""


def lowest() -> list[str]:
    """The lowest version of everything that pyproject.toml names with one, as constraints."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [text for texts in (project["dependencies"], *project["optional-dependencies"].values()) for text in texts]
    found = [REQUIREMENT.fullmatch(text) for text in texts]
    return sorted({f"{match[1]}=={match[2]}" for match in found if match})


def newer_pythons() -> Iterator[str]:
    """Interpreters newer than this one that run, the newest first: on the PATH, and those of pyenv."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(NEWEST_MINOR, sys.version_info.minor, -1):
        for name in (
            f"python3.{minor}",
            *map(str, sorted(root.glob(f"3.{minor}.*/bin/python3.{minor}"), reverse=True)),
        ):
            if _runs(name):
                yield name
                break


def environment(folder: Path, python: str, what: str, constraints: list[str]) -> bool:
    """Make an environment that holds VoltRAN, unless it is there; whether it could be made.

    Args:
        folder: where.
        python: its interpreter.
        what: to install, such as ``.[dev]``.
        constraints: for pip.
    """
    holds = "\n".join([python, what, (ROOT / "pyproject.toml").read_text(encoding="utf-8"), *constraints])
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == holds:
        return True
    _call(python, "-m", "venv", "--clear", str(folder))
    (folder / "constraints.txt").write_text("\n".join(constraints), encoding="utf-8")
    asked = ["--quiet", "--disable-pip-version-check", "--constraint", str(folder / "constraints.txt")]
    if subprocess.run([_python(folder), "-m", "pip", "install", *asked, "--editable", what], cwd=ROOT).returncode:
        return False
    stamp.write_text(holds, encoding="utf-8")
    return True


def run_tests(folder: Path, arguments: list[str]) -> int:
    """Run the default tests, or some, in an environment, whose kernels are kept in it; pytest's exit code."""
    variables = {"OMP_NUM_THREADS": "1", "NUMBA_CACHE_DIR": str(folder / "kernels")}
    usual = ["-q", "-p", "no:cacheprovider", "--numprocesses", "auto", "--dist", "loadfile"]
    command = [_python(folder), "-m", "pytest", *usual, *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}).returncode


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.floors", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="no extras, no tests: can every world be built?")
    parser.add_argument("--only", choices=["lowest", "newest"], help="one of the two")
    parser.add_argument("tests", nargs="*", help="files of tests; all by default")
    chosen = parser.parse_args()
    if chosen.quick:
        return _quick()
    code = 0
    if chosen.only != "newest":
        code = _lowest(chosen.tests)
    if chosen.only != "lowest" and code == 0:
        code = _newest(chosen.tests)
    return code


def _quick() -> int:
    folder = ROOT / ".venv-floors-quick"
    if not environment(folder, sys.executable, ".", lowest()):
        return 1
    _say(f"newer Pythons here: {', '.join(newer_pythons()) or 'none'}")
    variables = {"NUMBA_CACHE_DIR": str(folder / "kernels")}
    program = [_python(folder), "-c", WITHOUT_EXTRAS]
    return subprocess.run(program, cwd=ROOT, env={**os.environ, **variables}).returncode


def _lowest(tests: list[str]) -> int:
    _say(f"lowest versions, Python {sys.version.split()[0]}: {' '.join(lowest())}")
    folder = ROOT / ".venv-floors"
    return run_tests(folder, tests) if environment(folder, sys.executable, ".[dev]", lowest()) else 1


def _newest(tests: list[str]) -> int:
    folder = ROOT / ".venv-newest"
    for python in newer_pythons():
        if environment(folder, python, ".[dev]", []):
            _say(f"newest Python that resolves: {python}")
            return run_tests(folder, tests)
        _say(f"{python}: not everything can be installed; trying an older one")
    _say(
        f"no Python newer than {sys.version.split()[0]} that resolves is here, on the PATH or in pyenv: nothing tested"
    )
    return 0


def _python(folder: Path) -> str:
    return str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")


def _runs(python: str) -> bool:
    try:
        return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0
    except OSError:
        return False


def _call(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
