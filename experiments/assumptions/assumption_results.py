"""The file of what an experiment on assumptions found: every claim's number under every value."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from voltran.envs.errors import FileFormatError
from voltran.evaluation.files import lines_json
from voltran.experiments.assumptions.assumption_experiment import AssumptionExperiment
from voltran.experiments.assumptions.sensitivity import Estimate, Sensitivity
from voltran.experiments.summary import rounded

FORMAT: Literal["voltran-assumptions-1"] = "voltran-assumptions-1"
DIGITS = 4  # significant ones


class AssumptionResults(BaseModel):
    """The content of ``results.json``.

    Attributes:
        experiment: its name.
        seeds: of the episodes.
        versions: of what made the numbers from episodes; these may be older, if nothing that decides them has changed.
        digests: name of the folder of every value to the beginning of the digest of its episodes.
        estimates: name of the folder of every value to name of each claim to its number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal["voltran-assumptions-1"] = FORMAT
    experiment: str
    seeds: list[int]
    versions: dict[str, str | None]
    digests: dict[str, str]
    estimates: dict[str, dict[str, Estimate]]


def results_text(results: AssumptionResults) -> str:
    """The content of the file, in four digits."""
    return lines_json(rounded(results.model_dump(mode="json"), DIGITS)) + "\n"


def read_assumption_results(path: Path, experiment: AssumptionExperiment) -> AssumptionResults:
    """Read and check what an experiment found.

    Raises:
        FileFormatError: the file is missing, corrupt, of another version or lacks a value or claim; says what to do.
    """
    remedy = "run voltran experiment again; with --resume it plays only what is missing"
    try:
        results = AssumptionResults.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise FileFormatError(f"{path}: no results of an experiment on assumptions; {remedy}") from error
    for played in experiment.played():
        known = results.estimates.get(played.folder, {})
        for claim in experiment.claims:
            if claim.name not in known:
                raise FileFormatError(f"{path}: claim {claim.name} at {played.folder} is missing; {remedy}")
    return results


def sensitivities(experiment: AssumptionExperiment, results: AssumptionResults) -> list[Sensitivity]:
    """What was found in each scenario, with the words of the experiment."""
    several = len(experiment.scenarios) > 1
    return [
        Sensitivity(
            name=f"assumptions-{stem}" if several else "assumptions",
            title=scenario if several else "",
            measures=tuple(claim.at(scenario) for claim in experiment.claims),
            base=results.estimates[stem],
            varied=tuple(assumption.varied(_found_in(stem, results)) for assumption in experiment.assumptions),
            drawn=True,
        )
        for scenario, stem in experiment.stems.items()
    ]


def _found_in(stem: str, results: AssumptionResults) -> dict[str, dict[str, Estimate]]:
    """Name of every change to what was found under it in a scenario."""
    start = f"{stem}-"
    return {name.removeprefix(start): found for name, found in results.estimates.items() if name.startswith(start)}
