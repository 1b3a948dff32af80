"""The code behind an episode, followed along its imports, so that nothing else outdates what has been played."""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import voltran

PACKAGE = "voltran"
DATA = "*.yaml"  # tables that modules read lie beside them


@cache
def source_digest(modules: frozenset[str]) -> str:
    """Digest of modules and of all that they import from this package, directly or not, with the data beside them.

    Args:
        modules: full names; those outside the package are left out, as are names that are no modules.
    """
    digest = hashlib.sha256(voltran.__version__.encode())
    for name, path in sorted(closure(modules).items()):
        digest.update(name.encode())
        digest.update(path.read_bytes())
        for data in sorted(path.parent.glob(DATA)):
            digest.update(data.name.encode())
            digest.update(data.read_bytes())
    return digest.hexdigest()


def closure(modules: frozenset[str]) -> dict[str, Path]:
    """Name and file of every module of the package that these need."""
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or (path := _source(name)) is None:
            continue
        found[name] = path
        waiting += _imports(path)
    return found


@cache
def _source(name: str) -> Path | None:
    if not name.startswith(f"{PACKAGE}."):
        return None
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:  # an imported function or class, asked for as if it were a module
        return None
    return Path(spec.origin) if spec is not None and spec.origin is not None else None


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
