"""The generated parts of the documentation about mutants: what came of the sample, and those that change nothing."""

import json
from collections.abc import Callable

from tests.house import ROOT
from tests.mutation import records, report


def mutation() -> str:
    """What came of the sample, by module."""
    return report.table(json.loads((ROOT / records.MEASURED).read_text(encoding="utf-8")))


def equivalent_mutants() -> str:
    """Mutants that nobody can notice; a list, as code may have bars that tables would take for theirs."""
    items = [
        f"- `{mutant.module}`, `{mutant.function}`, {_kind(mutant.operator)} in `{mutant.line}`: {reason}"
        for mutant, reason in records.reasons(ROOT).items()
    ]
    return "\n".join(items) + "\n"


def _kind(operator: str) -> str:
    """The operator's name, without what all have in common."""
    return operator.removeprefix("Replace").replace("Operator_", " ").replace("_", " ")


TABLES: dict[str, Callable[[], str]] = {"mutation": mutation, "equivalent_mutants": equivalent_mutants}
