"""The summary of an experiment: all that its page shows, in one file that a repository can carry.

The full results of every situation, with all episodes' values of all metrics, lie in the folder that the experiment was
played into. A summary keeps means and the intervals that are shown, the values per seed of the metrics that tables
compare and pictures draw, and, where an experiment says which metrics matter, those and the headline metrics only.
"""

import hashlib
import json
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from voltran.envs.errors import FileFormatError
from voltran.evaluation.files import lines_json
from voltran.evaluation.metrics import TIMING_KEYS
from voltran.evaluation.plots import pictures_of
from voltran.evaluation.results import ControllerResults, Difference, Results
from voltran.experiments.answer import quantities
from voltran.experiments.episode_experiment import EpisodeExperiment

FORMAT: Literal["voltran-summary-1"] = "voltran-summary-1"
DIGITS = 7  # significant ones
COMMON = ("world", "options", "seeds", "first_seed", "n", "versions")  # which a file has once where all cells agree


class Summary(BaseModel):
    """What an experiment found; the content of a published ``results.json``.

    Attributes:
        experiment: its name.
        digests: name of each situation to :func:`results_digest` of its full results.
        cells: name of each situation to what was found in it, with its own seeds and versions: they may have been
            played at different times.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal["voltran-summary-1"] = FORMAT
    experiment: str
    digests: dict[str, str]
    cells: dict[str, Results]

    @model_validator(mode="before")
    @classmethod
    def _with_common(cls, data: Any) -> Any:
        """The file has once, as ``common``, what all situations have in common."""
        if not isinstance(data, dict) or "common" not in data:
            return data
        common, cells = data["common"], data.get("cells")
        if not isinstance(common, dict) or not isinstance(cells, dict):
            raise ValueError("common and cells must be mappings")
        apart = {name: {**common, **cell} if isinstance(cell, dict) else cell for name, cell in cells.items()}
        return {key: value for key, value in data.items() if key != "common"} | {"cells": apart}


def summary_of(name: str, experiment: EpisodeExperiment, results: Mapping[str, Results]) -> Summary:
    """Sum up what was played.

    Args:
        name: the experiment's.
        experiment: what was played.
        results: name of each situation to its full results.
    """
    return Summary(
        experiment=name,
        digests={situation: results_digest(played) for situation, played in results.items()},
        cells={situation: _shortened(situation, played, experiment) for situation, played in results.items()},
    )


def results_digest(results: Results) -> str:
    """Beginning of the digest of who played what and what it gave, wall times aside.

    Whoever plays an experiment again gets the same if all episodes went the same.
    """
    controllers = {
        label: [
            controller.identity,
            {key: metric.values for key, metric in sorted(controller.metrics.items()) if key not in TIMING_KEYS},
        ]
        for label, controller in results.controllers.items()
    }
    content = [results.scenario, results.overrides, results.options, results.seeds, controllers]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def summary_text(summary: Summary) -> str:
    """The content of the file: a line per controller and metric, and once what all situations have in common."""
    data = rounded(summary.model_dump(mode="json", exclude_defaults=True))
    cells = data.pop("cells")
    first, *others = cells.values()
    common = {
        key: value for key, value in first.items() if key in COMMON and all(cell[key] == value for cell in others)
    }
    apart = {name: {key: value for key, value in cell.items() if key not in common} for name, cell in cells.items()}
    return lines_json({"format": summary.format, **data, "common": common, "cells": apart}) + "\n"


def read_summary(path: Path, experiment: EpisodeExperiment) -> Summary:
    """Read and check the summary of an experiment.

    Raises:
        FileFormatError: the file is missing, corrupt, of another version or lacks a situation; says what to do.
    """
    remedy = "play the experiment and publish it again"
    try:
        summary = Summary.model_validate_json(path.read_bytes())
    except OSError as error:
        raise FileFormatError(f"summary {path}: cannot be read ({error.strerror}); {remedy}") from error
    except ValidationError as error:
        item = error.errors()[0]
        field = ".".join(map(str, item["loc"])) or "corrupt or truncated"
        raise FileFormatError(f"summary {path}: {field}: {item['msg']}; {remedy}") from error
    missing = [situation.name for situation in experiment.situations() if situation.name not in summary.cells]
    if missing:
        raise FileFormatError(f"summary {path}: situation {missing[0]!r} is missing; {remedy}")
    return summary


def rounded(data: Any, digits: int = DIGITS) -> Any:
    """The same with all numbers rounded to significant digits, whole ones without a point."""
    if isinstance(data, float):
        short = float(f"{data:.{digits}g}")
        return int(short) if short.is_integer() else short
    if isinstance(data, dict):
        return {key: rounded(value, digits) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [rounded(value, digits) for value in data]
    return data


def _shortened(situation: str, results: Results, experiment: EpisodeExperiment) -> Results:
    """Results without what the page of the experiment does not need."""
    headline = {metric.key for metric in results.metrics() if metric.headline}
    compared = {*experiment.metrics} or headline
    per_seed = (compared - TIMING_KEYS) | _published(experiment) | _drawn(experiment, situation, results)
    answered = {quantity.metric for quantity in quantities(experiment.answer)}
    censoring = {results.metric(key).censored_by for key in compared}
    kept = compared | per_seed | headline | answered | censoring if experiment.metrics else results.metric_keys()
    controllers = {label: _reduced(controller, kept, per_seed) for label, controller in results.controllers.items()}
    paired = {
        reference: {label: _cut(row, compared) for label, row in differences.items()}
        for reference, differences in results.paired.items()
        if not experiment.sweeps
    }
    return results.model_copy(update={"controllers": controllers, "paired": paired})


def _published(experiment: EpisodeExperiment) -> set[str]:
    """The metrics that published values are compared with."""
    keys = set()
    for comparison in experiment.paper:
        keys |= {key for metrics in comparison.values.values() for key in metrics}
        keys |= {ratio.metric for ratio in comparison.ratios}
        keys |= {comparison.gain.metric} if comparison.gain else set()
    return keys


def _drawn(experiment: EpisodeExperiment, situation: str, results: Results) -> set[str]:
    """The metrics whose every episode a picture shows."""
    if experiment.is_swept:
        return set()
    shown = [picture for picture in pictures_of(results, {}) if experiment.shows(picture.name, situation)]
    return {key for picture in shown for key in picture.episodes_of}


def _reduced(controller: ControllerResults, kept: Set[str], per_seed: Set[str]) -> ControllerResults:
    """One controller with some metrics, and values per seed of fewer."""
    metrics = {
        key: metric.model_copy(update={"ci95": None} | ({} if key in per_seed else {"values": []}))
        for key, metric in controller.metrics.items()
        if key in kept
    }
    return controller.model_copy(update={"metrics": metrics, "trace": None})


def _cut(row: Mapping[str, Difference], keys: Set[str]) -> dict[str, Difference]:
    return {key: difference.model_copy(update={"ci95": None}) for key, difference in row.items() if key in keys}
