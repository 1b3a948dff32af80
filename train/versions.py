"""What produced a result: versions of Python, the libraries and this package."""

import hashlib
import platform
import subprocess
from functools import cache
from importlib import metadata, resources

import voltran

LIBRARIES = ("numpy", "scipy", "numba", "torch")
# the folders whose code decides how an episode goes
CODE = ("physics", "envs", "baselines", "agents")


def versions() -> dict[str, str | None]:
    """Versions of Python, the libraries and this package; ``None`` if not installed.

    ``git_commit`` is the commit where known, ``code`` the beginning of :func:`code_digest`: results that share it were
    put together by the same code, whatever else was committed between them.
    """
    found: dict[str, str | None] = {"python": platform.python_version()}
    for library in LIBRARIES:
        found[library] = _version(library)
    return found | {"voltran": voltran.__version__, "git_commit": _git_commit(), "code": code_digest()[:12]}


@cache
def code_digest() -> str:
    """Digest of all code that decides how any episode goes."""
    digest = hashlib.sha256(voltran.__version__.encode())
    for folder in CODE:
        with resources.as_file(resources.files(f"voltran.{folder}")) as root:
            for path in sorted(root.rglob("*.py")):
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    # only a commit of this package counts, not one of a repository that it happens to be installed inside
    with resources.as_file(resources.files("voltran.train")) as folder:
        root = folder.resolve().parent
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
