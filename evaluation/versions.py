"""What produced a result: versions of Python, the libraries and this package, and the machine."""

import hashlib
import platform
from collections.abc import Iterable
from functools import cache
from importlib import import_module, metadata, resources

import voltran
from voltran.evaluation.machine import elementary_functions, instruction_level, processor, system
from voltran.evaluation.provenance import commit

# Libraries that numbers go through: name of the module to those of the distributions that bring it and work for it.
COMPUTING: dict[str, tuple[str, ...]] = {
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "numba": ("numba", "llvmlite"),
    "ortools": ("ortools",),
    "torch": ("torch",),
    "safetensors": ("safetensors",),
    "stable_baselines3": ("stable-baselines3",),
    "sb3_contrib": ("sb3-contrib",),
    "pandas": ("pandas",),
    "pvlib": ("pvlib",),
}
# Top-level modules of all libraries that this package requires: they count with their versions, or not at all.
LIBRARIES = frozenset(COMPUTING) | {
    "cloudpickle",
    "gymnasium",
    "PIL",
    "matplotlib",
    "packaging",
    "pettingzoo",
    "pydantic",
    "ray",
    "rich",
    "tensorboard",
    "typer",
    "yaml",
}
# the folders whose code decides how an episode goes
CODE = ("physics", "envs", "baselines", "agents")


def versions() -> dict[str, str | None]:
    """Versions of Python, the libraries and this package, and the machine; ``None`` if not installed or not known.

    ``git_commit`` is the commit where known, ``code`` the beginning of :func:`code_digest`: results that share it were
    put together by the same code, whatever else was committed between them. ``elementary_functions`` is a digest of
    what the machine computes for fixed arguments; see :mod:`voltran.evaluation.machine`.
    """
    return {
        **computing(COMPUTING),
        "voltran": voltran.__version__,
        "git_commit": commit(),
        "code": code_digest()[:12],
        "processor": processor(),
        "instructions": instruction_level(),
        "system": system(),
        "elementary_functions": elementary_functions(),
    }


def computing(libraries: Iterable[str]) -> dict[str, str | None]:
    """Versions of Python and of some libraries that numbers go through, by distribution.

    Args:
        libraries: top-level names of modules; those that are not in ``COMPUTING`` are left out.
    """
    known: dict[str, str | None] = {"python": platform.python_version()}
    for library, distributions in COMPUTING.items():
        if library in libraries:
            known |= {distribution: _version(distribution) for distribution in distributions}
            if library == "scipy":
                known["highs"] = _highs_version()
    return known


@cache
def code_digest(folders: tuple[str, ...] = CODE) -> str:
    """Digest of code; by default of all that decides how any episode goes.

    Args:
        folders: rooms of the package.
    """
    digest = hashlib.sha256(voltran.__version__.encode())
    for folder in folders:
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


@cache
def _highs_version() -> str | None:
    """Version of the HiGHS that SciPy ships; None where SciPy does not tell."""
    try:
        core = import_module("scipy.optimize._highspy._core")
        return ".".join(str(getattr(core, f"HIGHS_VERSION_{part}")) for part in ("MAJOR", "MINOR", "PATCH"))
    except (ImportError, AttributeError):
        return None
