"""A small mistake in a module, and how it stands in files."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Mutant:
    """A small mistake, by the place where it is made: what is edited elsewhere in the module leaves it the same.

    Attributes:
        module: path of the file.
        function: function or class around it, or "module".
        family: kind of the operator.
        operator: Cosmic Ray's name.
        number: which of the places in the function that the operator can change.
        line: the line of code, as it should be.
    """

    module: str
    function: str
    family: str
    operator: str
    number: int
    line: str


COLUMNS = tuple(Mutant.__dataclass_fields__)


def as_row(mutant: Mutant) -> dict[str, str]:
    """What stands in files."""
    return {name: str(value) for name, value in asdict(mutant).items()}


def from_row(row: dict[str, str]) -> Mutant:
    """A mutant as it stands in a file."""
    chosen: dict[str, Any] = {name: row[name] for name in COLUMNS}
    return Mutant(**{**chosen, "number": int(row["number"])})
