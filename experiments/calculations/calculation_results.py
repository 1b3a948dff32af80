"""The content of a calculation's ``results.json``."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from voltran.envs.errors import FileFormatError, VoltranError
from voltran.evaluation.files import lines_json
from voltran.experiments.calculations.findings import Findings
from voltran.experiments.summary import rounded

FORMAT: Literal["voltran-calculation-1"] = "voltran-calculation-1"
MOST_BYTES = 200_000


class CalculationResults(BaseModel):
    """What was computed, with which options, by what.

    Attributes:
        calculation: the function.
        options: all of them.
        source: beginning of the digest of the function's code; none where it cannot be traced.
        versions: of libraries and machine.
        findings: what it gave.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal["voltran-calculation-1"] = FORMAT
    calculation: str
    options: dict[str, Any]
    source: str | None
    versions: dict[str, str | None]
    findings: Findings


def calculation_text(results: CalculationResults) -> str:
    """The content of the file, in seven digits.

    Raises:
        VoltranError: it is larger than :data:`MOST_BYTES`.
    """
    text = lines_json(rounded(results.model_dump(mode="json"))) + "\n"
    if (size := len(text.encode())) > MOST_BYTES:
        raise VoltranError(
            f"findings of {results.calculation}: {size} bytes are more than {MOST_BYTES}; give fewer rows and points"
        )
    return text


def read_calculation_results(path: Path) -> CalculationResults:
    """Read and check what a calculation gave.

    Raises:
        FileFormatError: the file is missing, corrupt or of another version; says what to do.
    """
    try:
        return CalculationResults.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise FileFormatError(f"{path}: no results of a calculation; run voltran experiment again") from error
