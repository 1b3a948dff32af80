"""Which small mistakes can be made in a module, and how each is recognised again: Cosmic Ray's, one operator at a time.

Every place is mistaken in the usual ways, once each: a sum becomes a difference, a bound loses or gains its equality, a
comparison is turned round, a number is one more or one less. Left out is what dies at once or changes nothing:
replacements that the types of the operands refuse (a shift of a float), what is no expression (``**`` of a mapping that
is unpacked), annotations, and decorators (kernels run uncompiled here, so that removing theirs is no mistake).
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from tests.mutation.mutant import Mutant

PROVIDER = "core"
BINARY = "ReplaceBinaryOperator_"
COMPARISON = "ReplaceComparisonOperator_"
UNARY = "ReplaceUnaryOperator_Delete_"
FAMILIES: dict[str, tuple[str, ...]] = {
    "arithmetic": tuple(
        BINARY + pair
        for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul", "Pow_Mul")
    ),
    "sets of bits": tuple(BINARY + pair for pair in ("BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitAnd")),
    "comparison": tuple(
        COMPARISON + pair
        for pair in (
            "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt",
            "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is",
        )
    ),
    "sign": (UNARY + "USub", UNARY + "Invert", UNARY + "Not"),
    "number": ("NumberReplacer",),
    "logic": ("AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    "loop": ("ZeroIterationForLoop", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
}  # fmt: skip


def all_mutants(module: str, source: str) -> dict[Mutant, int]:
    """Every mutant of a module, and the number by which Cosmic Ray makes it."""
    tree, lines = get_ast(source), source.splitlines()
    nodes = list(ast_nodes(tree))
    found: dict[Mutant, int] = {}
    for family, operators in FAMILIES.items():
        for name in operators:
            counts: Counter[str] = Counter()
            for occurrence, (node, row) in enumerate(_places(nodes, name)):
                function = _function_of(node)
                number = counts[function]
                counts[function] += 1
                if not _is_annotation(node) and not _unpacks(node):
                    found[Mutant(module, function, family, name, number, lines[row - 1].strip())] = occurrence
    return found


def mutated(mutant: Mutant, source: str) -> str:
    """The module with the mistake in it.

    Raises:
        LookupError: the place is no more, or its line reads otherwise.
    """
    occurrence = all_mutants(mutant.module, source).get(mutant)
    if occurrence is None:
        raise LookupError(f"{mutant.module}, {mutant.function}: no such place any more: {mutant.line}")
    code: str | None = mutate_code(source, _operator(mutant.operator), occurrence)
    if code is None or code == source:
        raise LookupError(f"{mutant.module}, {mutant.function}: {mutant.operator} changes nothing in {mutant.line}")
    return code


def change(before: str, after: str) -> str:
    """The first line that differs, as it is after the mistake."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return next((new.strip() for old, new in pairs if old != new), "")


def module_mutants(root: Path, module: str) -> list[Mutant]:
    """Every mutant of a module of a tree."""
    return list(all_mutants(module, (root / module).read_text(encoding="utf-8")))


def _operator(name: str) -> Any:
    return get_operator(f"{PROVIDER}/{name}")()


def _places(nodes: list[Any], operator: str) -> Iterator[tuple[Any, int]]:
    """Nodes that an operator can change, as often as it can, and the line of each; in Cosmic Ray's order."""
    changes = _operator(operator)
    for node in nodes:
        for start, _ in changes.mutation_positions(node):
            yield node, start[0]


def _function_of(node: Any) -> str:
    names: list[str] = []
    while node.parent is not None:
        node = node.parent
        if node.type in ("funcdef", "classdef"):
            names.insert(0, node.name.value)
    return ".".join(names) or "module"


def _unpacks(node: Any) -> bool:
    """Whether it is the ``**`` in front of a mapping in a literal."""
    before = node.get_previous_sibling()
    return node.type == "operator" and node.value == "**" and (before is None or before.type == "operator")


def _is_annotation(node: Any) -> bool:
    """Whether it stands in the annotation of a variable, of a parameter or of what is returned."""
    while node.parent is not None:
        parent = node.parent
        if parent.type == "annassign" and parent.children[1] is node:
            return True
        if parent.type in ("param", "funcdef", "tfpdef") and getattr(parent, "annotation", None) is node:
            return True
        node = parent
    return False
