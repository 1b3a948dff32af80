"""What a study found: the content of its ``results.json``."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from voltran.envs.errors import FileFormatError
from voltran.evaluation.files import lines_json
from voltran.experiments.summary import rounded

FORMAT: Literal["voltran-study-1"] = "voltran-study-1"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Curve(_Record):
    """Allocations over one axis.

    Attributes:
        name: regime or scheme.
        mode: of operation; 0 over a day.
        at: arrival rates, files per second, or hours.
        power_w: ``[point][site][retailer]``.
        battery_w: ``[point][site]`` what batteries give.
        utility: ``[point][site]`` USD/h.
        demand_w, generation_w: ``[point][site]`` and ``[point][retailer]``.
        gap: ``[point]`` bound on what the optimum has more, as a share of the turnover.
    """

    name: str
    mode: int
    at: list[float]
    power_w: list[list[list[float]]]
    battery_w: list[list[float]]
    utility: list[list[float]]
    demand_w: list[list[float]]
    generation_w: list[list[float]]
    gap: list[float]


class Finding(_Record):
    """One claim in one regime.

    Attributes:
        text: the claim.
        mode: of operation.
        paper: what the paper has.
        name: regime or scheme.
        measured: what we have.
        verdict: whether it holds.
    """

    text: str
    mode: int
    paper: str
    name: str
    measured: str
    verdict: str


class StudyResults(_Record):
    """All curves and findings of a study, and the versions that made them."""

    format: Literal["voltran-study-1"] = FORMAT
    versions: dict[str, str | None]
    curves: list[Curve]
    findings: list[Finding]


def study_text(results: StudyResults) -> str:
    """The content of the file: every point of a curve as a record, numbers to seven digits."""
    return lines_json(rounded(results.model_dump(mode="json"))) + "\n"


def read_study_results(path: Path) -> StudyResults:
    """Read and check a study's results.

    Raises:
        FileFormatError: the file is missing, corrupt or of another version; says what to do.
    """
    try:
        return StudyResults.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise FileFormatError(f"{path}: no results of a study; run voltran experiment again") from error
