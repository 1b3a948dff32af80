"""Which worlds and controllers use a function, followed from the imports of its name on."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("physics", "envs", "baselines", "agents")
# Folders that are a world, or a family of controllers, to what pages call them.
FAMILIES = {
    "envs/blackout": "outage",
    "envs/brownout": "brownout",
    "envs/market": "market",
    "envs/sharing": "sharing",
    "envs/uplink": "uplink",
    "baselines/msrc": "`msrc`",
    "baselines/trimsm": "`trimsm`",
    "baselines/dpa": "`dpa`",
    "baselines/collective": "`plan`",
    "agents/forecasting": "forecasters",
}


class Import(NamedTuple):
    """A name that a file imports from another; both relative to the repository."""

    importer: str
    source: str
    name: str


def used_by(file: str, name: str) -> set[str]:
    """Worlds and controllers in whose folder something stands, or into whose folder it is imported.

    What lies between, in the physics or in what worlds share, is followed function by function.

    Args:
        file: relative to the repository.
        name: of a function or class; empty for a whole file.
    """
    found = {_family(file)}
    ahead = [(file, user) for user in _users_within(file, name)] if name else [(file, "")]
    seen = set(ahead)
    while ahead:
        at, wanted = ahead.pop()
        for each in imports():
            if each.source != at or (wanted and each.name != wanted):
                continue
            found.add(_family(each.importer))
            if not _family(each.importer):
                users = {(each.importer, user) for user in _users_within(each.importer, each.name)}
                ahead += sorted(users - seen)
                seen |= users
    return found - {""}


@cache
def _users_within(file: str, name: str) -> frozenset[str]:
    """The name, and all of the file's own functions and classes in which it is used, directly or through others."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    words = {
        node.name: {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        for node in tree.body
        if isinstance(node, kinds)
    }
    # a method is its class's
    using = {name.partition(".")[0]}
    while more := {user for user, used in words.items() if used & using} - using:
        using |= more
    return frozenset(using)


@cache
def imports() -> list[Import]:
    """All names that files of the rooms import from each other."""
    return [found for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) for found in _imports_of(path)]


def _imports_of(path: Path) -> Iterator[Import]:
    importer = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("voltran."):
            source = node.module.removeprefix("voltran.").replace(".", "/")
            for alias in node.names:
                yield Import(importer, f"{source}.py", alias.name)


def _family(file: str) -> str:
    return FAMILIES.get("/".join(file.split("/")[:2]), "")
