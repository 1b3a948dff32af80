"""Where the package's modules lie and what they import, read from their sources without running them."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("physics", "envs", "baselines", "agents", "evaluation", "datasets", "train", "experiments", "configs")


@dataclass(frozen=True)
class Import:
    """One imported module, by its full dotted name, and whether the import waits inside a function."""

    target: str
    lazy: bool
    line: int

    @property
    def top(self) -> str:
        """Name of the top-level package."""
        return self.target.partition(".")[0]


def project() -> dict[str, Any]:
    """Content of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def modules(room: str) -> Iterator[tuple[str, str]]:
    """Path (relative, ``envs/world.py``) and source of every module of a top-level folder."""
    for path in sorted((ROOT / room).rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def imports(path: str, source: str) -> list[Import]:
    """All imports of a module, relative ones resolved against the module's place in ``voltran``."""
    found: list[Import] = []
    _collect(ast.parse(source, path), _package(path), False, found)
    return found


def _package(path: str) -> list[str]:
    return ["voltran", *path.split("/")[:-1]]


def _collect(node: ast.AST, package: list[str], lazy: bool, found: list[Import]) -> None:
    if isinstance(node, ast.Import):
        found.extend(Import(alias.name, lazy, node.lineno) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        prefix = ".".join([*base, *([node.module] if node.module else [])])
        # "from voltran import envs" imports a room by its name, so the names count for the package itself.
        names = [f"voltran.{alias.name}" for alias in node.names] if prefix == "voltran" else [prefix]
        found.extend(Import(name, lazy, node.lineno) for name in names)
    inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        _collect(child, package, inside, found)
