"""Physics explains itself: public functions say what goes in, what comes out, in which units, and from where."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import ROOT

Function = ast.FunctionDef

FILES = sorted((ROOT / "physics").glob("*.py"))
ITEM = re.compile(r"^ {4}(\*?\w+(?:, \*?\w+)*): (.+?)(?=^ {4}\S|\Z)", re.DOTALL | re.MULTILINE)
# The unit stands in a name's end, or in the words that explain it.
UNIT_IN_NAME = re.compile(
    r"_(kw|kwh|w|mw|mbit|mbps|gbps|m|m_per_s|s|h|db|dbm|ghz|mhz|share|eur|eur_per_kwh|eur_per_year)$"
)
UNIT_IN_WORDS = re.compile(
    r"\b((?i:shares?|ratios?|numbers?|units?|metres|seconds|hours|radians|standard deviations)"
    r"|kWh?|mW|W|MHz|GHz|Mbit(?:/s)?|bit/s/Hz|m/s|dBm?|USD|EUR)\b|\$/kWh|\b0 to 1\b"
)


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Public functions and methods of public classes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from ((f"{node.name}.{name}", part) for name, part in public(node.body))
    yield from public(tree.body)


def public(body: list[ast.stmt]) -> Iterator[tuple[str, Function]]:
    yield from ((node.name, node) for node in body if isinstance(node, Function) and not node.name.startswith("_"))


def classes(tree: ast.Module) -> Iterator[tuple[str, ast.ClassDef]]:
    """Public classes that hold fields."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(isinstance(part, ast.AnnAssign) for part in node.body):
            yield node.name, node


def sections(docstring: str) -> dict[str, str]:
    """Text by section, the part before the first one under an empty name."""
    parts = re.split(r"^(Args|Attributes|Returns|Raises):\n", docstring, flags=re.MULTILINE)
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


def items(section: str) -> dict[str, str]:
    """What a section says of each name; names may share a line."""
    return {name.lstrip("*"): text for names, text in ITEM.findall(section) for name in names.split(", ")}


def parameters(function: Function) -> dict[str, str]:
    """Names and types of parameters."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *([given.vararg] if given.vararg else [])]
    return {part.arg: ast.unparse(part.annotation) for part in every if part.annotation is not None}


def says_shape(text: str) -> bool:
    return re.search(r"``[^`]*\[|\b[Ss]hapes?\b", text) is not None


def says_unit(name: str, text: str) -> bool:
    return UNIT_IN_NAME.search(name) is not None or UNIT_IN_WORDS.search(text) is not None


def complaints(name: str, function: Function) -> list[str]:
    """What a function's docstring lacks."""
    parts = sections(ast.get_docstring(function) or "")
    explained, declared = items(parts.get("Args", "")), parameters(function)
    returns = ast.unparse(function.returns) if function.returns is not None else ""
    result = parts.get("Returns", "")
    found = [f"{name}: {missing} is not in Args" for missing in declared.keys() - explained.keys()]
    found += [f"{name}: Args has {unknown}, which is no parameter" for unknown in explained.keys() - declared.keys()]
    for parameter, kind in declared.items():
        text = explained.get(parameter, "")
        if "Array" in kind and not says_shape(text):
            found.append(f"{name}: Args do not say the shape of {parameter}")
        if kind in ("float", "FloatArray", "RealArray", "ComplexArray") and not says_unit(parameter, text):
            found.append(f"{name}: Args do not say the unit of {parameter}")
    if returns != "None" and not result:
        found.append(f"{name}: Returns is missing")
    if "Array" in returns and not says_shape(result):
        found.append(f"{name}: Returns does not say the shape")
    if returns in ("float", "FloatArray", "RealArray", "ComplexArray") and not says_unit("", result):
        found.append(f"{name}: Returns does not say the unit")
    summary = parts[""].partition("\n\n")[0]
    if not summary.rstrip().endswith("."):
        found.append(f"{name}: the first line is no sentence")
    if not re.search(r"\bSource: \S", parts[""]):
        found.append(f"{name}: says no 'Source: [PAPER] Eq. 1', nor 'Source: own'")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_functions_say_shapes_units_and_sources(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert [text for name, function in functions(tree) for text in complaints(name, function)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_fields_of_parameters_and_results_are_explained(file: Path) -> None:
    for name, node in classes(ast.parse(file.read_text(encoding="utf-8"))):
        fields = {
            part.target.id: ast.unparse(part.annotation)
            for part in node.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        }
        text = ast.get_docstring(node) or ""
        explained = items(sections(text).get("Attributes", ""))
        assert explained.keys() == fields.keys(), name
        for field, kind in fields.items():
            assert (
                "Array" not in kind
                or says_shape(explained[field])
                or "all arrays ``[" in text
                or "unless stated" in text
            )


def test_what_is_missing_is_found() -> None:
    bare = (
        '"""Works."""\ndef f(power: float, speed_m_per_s: FloatArray, *, sure: bool) -> FloatArray:\n    """Do it"""\n'
    )
    (name, function), *_ = functions(ast.parse(bare))
    found = "\n".join(complaints(name, function))
    for part in (
        "power is not",
        "sure is not",
        "unit of power",
        "shape of speed_m_per_s",
        "Returns is",
        "sentence",
        "Source",
    ):
        assert part in found
