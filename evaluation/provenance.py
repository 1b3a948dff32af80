"""Where results come from: the commit of the running code, and whether the code is what was committed."""

import subprocess
from importlib import resources
from pathlib import Path

from voltran.envs.errors import VoltranError

# what decides results: folders of the package, configurations, and what is installed with them
ROOMS = ("physics", "envs", "baselines", "agents", "evaluation", "train", "experiments", "datasets", "configs")
DECIDING = (*ROOMS, "voltran", "pyproject.toml", "constraints.txt")
DECIDING_SUFFIXES = (".py", ".yaml", ".yml", ".csv", ".npz", ".safetensors", ".toml", ".txt", ".so", ".pyd")
DIRTY = "-dirty"  # behind a commit from which the code that ran differed
TIMEOUT_S = 30
SHOWN = 5
REMEDY = "commit or undo that, then run again; docs/, tests/, README.md and runs/ may differ"


def commit() -> str | None:
    """The commit of the code that runs, with ``-dirty`` behind it where what decides results differs from it.

    Returns:
        None where the code lies in no checkout of its own, or Git cannot be asked.
    """
    root = checkout()
    if not (root / ".git").exists():  # a repository that it happens to be installed inside does not count
        return None
    head = _git(root, "rev-parse", "HEAD")
    changes = _changes(root)
    if head is None or changes is None:
        return None
    return f"{head.strip()}{DIRTY}" if changes else head.strip()


def checkout() -> Path:
    """The folder above the code that runs."""
    return _home("evaluation")


def check_committed(root: Path) -> None:
    """Make sure that the code that runs is that of a checkout, and that all that decides results is committed there.

    Args:
        root: the checkout that results are published into.

    Raises:
        VoltranError: it is no checkout, the code that runs lies elsewhere, Git cannot be asked, or files differ from
            the commit; the message names them.
    """
    into = f"publishing into {root}"
    for room in ROOMS:
        if (home := _home(room)) != root.resolve():
            raise VoltranError(
                f"{into}: the code of voltran.{room} that runs lies in {home}, so that the commit would not be that of "
                "the results; run it from this checkout (pip install --editable .)"
            )
    if not (root / ".git").exists():
        raise VoltranError(
            f"{into}: is no Git checkout, so that the results could not name their commit; publish from a clone of the "
            "repository"
        )
    changes = _changes(root)
    if changes is None or _git(root, "rev-parse", "HEAD") is None:
        raise VoltranError(f"{into}: Git does not tell what is committed; install it, or make a first commit")
    if changes:
        more = f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
        raise VoltranError(
            f"{into}: {', '.join(changes[:SHOWN])}{more} differ from the commit, so that nobody could play the results "
            f"again; {REMEDY}"
        )


def _home(room: str) -> Path:
    with resources.as_file(resources.files(f"voltran.{room}")) as folder:
        return folder.resolve().parent


def _changes(root: Path) -> list[str] | None:
    """Files that decide results and are not as committed, those that Git is told to ignore among them."""
    options = ("--porcelain", "--no-renames", "--untracked-files=all", "--ignored=traditional", "-z")
    answer = _git(root, "status", *options, "--", *DECIDING)
    if answer is None:
        return None
    lines = [line for line in answer.split("\0") if line]
    return sorted({line[3:] for line in lines if not line.startswith("!!") or line.endswith(DECIDING_SUFFIXES)})


def _git(root: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return answer.stdout if answer.returncode == 0 else None
