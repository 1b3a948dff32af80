"""Which function computes which equation of the papers, read from the ``Source:`` lines of docstrings.

A source ends with its sentence. Every equation stands there in full, ``[MSRC] Eq. 12``: a plain search finds it.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from docs.tools.equation_users import used_by
from docs.tools.rows import table

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("physics", "envs", "baselines", "agents")
PAPERS: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "equations.yaml").read_text("utf-8"))

SOURCE = re.compile(r"Source: (.*?)(?=\.\s+(?:[A-Z`]|\Z)|\n\s*\n|\Z)", re.DOTALL)
EQUATION = re.compile(r"\[(\w+)\]\s+Eq\.\s+(\d+[a-z]?)(?![\d.]\d)")


class Use(NamedTuple):
    """A place whose docstring names an equation as its source.

    Attributes:
        paper, number: the equation.
        file: relative to the repository.
        name: of the function or class; empty for a whole file.
    """

    paper: str
    number: str
    file: str
    name: str


def docstrings() -> Iterator[tuple[str, str, str]]:
    """File, qualified name and docstring of everything that has one."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for name, node in _documented("", tree):
                yield path.relative_to(ROOT).as_posix(), name, ast.get_docstring(node) or ""


def sources(docstring: str) -> str:
    """What a docstring says after ``Source:``, up to the end of the sentence."""
    return " ".join(found.strip() for found in SOURCE.findall(docstring))


@cache
def uses() -> list[Use]:
    """All places that name a source, file by file."""
    return [
        Use(paper, number, file, name)
        for file, name, text in docstrings()
        for paper, number in dict.fromkeys(EQUATION.findall(sources(text)))
    ]


def equations(paper: str) -> str:
    """One row per equation of a paper, in its order."""
    places: dict[str, list[str]] = {}
    for use in uses():
        if use.paper == paper:
            shown = f"`{use.name}`" if use.name else f"`{Path(use.file).name}`"
            places.setdefault(use.number, []).append(f"[{shown}](../{use.file})")
    users: dict[str, list[str]] = {}
    for use in uses():
        if use.paper == paper:
            users.setdefault(use.number, []).extend(used_by(use.file, use.name.split(".")[0]))
    unused, differs = PAPERS[paper]["unused"], PAPERS[paper]["differs"]
    rows = [
        [
            f"({number})",
            title,
            f"not used: {unused[number]}" if number in unused else differs[number],
            ", ".join(places.get(number, [])),
            ", ".join(sorted(set(users.get(number, [])))),
        ]
        for number, title in PAPERS[paper]["equations"].items()
    ]
    return table(["equation", "what", "how the code differs", "where", "used by"], rows)


def equations_msrc() -> str:
    """Equations of [MSRC]."""
    return equations("MSRC")


def equations_dpa() -> str:
    """Equations of [DPA]."""
    return equations("DPA")


def equations_fdran() -> str:
    """Equations of [FDRAN]."""
    return equations("FDRAN")


def equations_cg() -> str:
    """Equations of [CG]."""
    return equations("CG")


TABLES = {made.__name__: made for made in (equations_msrc, equations_dpa, equations_fdran, equations_cg)}


def _documented(prefix: str, tree: ast.Module | ast.ClassDef | ast.FunctionDef) -> Iterator[tuple[str, Any]]:
    """A node and all classes, functions and methods in it."""
    yield prefix, tree
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield from _documented(f"{prefix}.{node.name}".lstrip("."), node)
