"""The sample of mutants, its tests and its exceptions are what `make mutation` can work with."""

import ast
from collections import Counter

import pytest

from tests.house import ROOT
from tests.mutation import records
from tests.mutation.mutant import Mutant

SAMPLE = records.read_mutants(ROOT / records.SAMPLE)
REASONS = records.reasons(ROOT)
TESTS = records.tests_of(ROOT)


def test_the_sample_has_400_mutants_of_modules_that_have_tests() -> None:
    assert len(set(SAMPLE)) == len(SAMPLE) == 400
    assert {mutant.module for mutant in SAMPLE} <= set(TESTS)


def test_all_physics_is_mutated() -> None:
    """Apart from what has no formula in it."""
    physics = {path.relative_to(ROOT).as_posix() for path in (ROOT / "physics").glob("*.py")}
    without = {"physics/__init__.py", "physics/arrays.py", "physics/compiled.py"}
    assert physics - without == {module for module in TESTS if module.startswith("physics/")}


@pytest.mark.parametrize("module", TESTS)
def test_files_of_tests_are_there(module: str) -> None:
    files = [name.partition("::")[0] for name in TESTS[module] if name.startswith("tests/")]
    assert files
    assert all((ROOT / name).is_file() for name in [module, *files])


def test_lines_are_still_as_they_were_when_drawn() -> None:
    """Otherwise draw again: ``.venv-mutation/bin/python -m tests.mutation --out runs/mutation --draw SEED``."""
    lines = {module: lines_of_functions((ROOT / module).read_text(encoding="utf-8")) for module in TESTS}
    chosen = [*SAMPLE, *REASONS]
    assert [mutant for mutant in chosen if (mutant.function, mutant.line) not in lines[mutant.module]] == []


def lines_of_functions(source: str) -> set[tuple[str, str]]:
    """Every line of a module, with the function or class that it is in, dotted where that is in another."""
    text, found = source.splitlines(), {("module", line.strip()) for line in source.splitlines()}

    def collect(node: ast.AST, around: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            inside = around
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = (*around, child.name)
                found.update((".".join(inside), line.strip()) for line in text[child.lineno - 1 : child.end_lineno])
            collect(child, inside)

    collect(ast.parse(source), ())
    return found


def test_every_exception_has_a_reason() -> None:
    assert all(reason.strip() for reason in REASONS.values())


def test_a_sample_gives_modules_and_kinds_their_share() -> None:
    mutants = [
        Mutant(f"{module}.py", "f", family, "o", number, "x")
        for module, count in (("a", 60), ("b", 40))
        for family in ("number", "sign")
        for number in range(count)
    ]
    drawn = records.draw(mutants, 20, seed=3)
    assert Counter(one.module for one in drawn) == {"a.py": 12, "b.py": 8}
    assert Counter(one.family for one in drawn) == {"number": 10, "sign": 10}
    assert drawn == records.draw(mutants[::-1], 20, seed=3) != records.draw(mutants, 20, seed=4)
