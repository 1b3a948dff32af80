"""The results file: what an evaluation found, with everything needed to check or repeat it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from voltran.envs.errors import FileFormatError
from voltran.envs.metric import Metric
from voltran.evaluation.files import write_lines_json
from voltran.evaluation.metrics import in_order, metric_of

FORMAT: Literal["voltran-results-1"] = "voltran-results-1"

Interval = tuple[float, float]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class MetricSummary(_Record):
    """One metric of one controller; ``None`` where an episode has no value or there are too few for an interval.

    Attributes:
        mean: arithmetic mean over the episodes that have a value.
        iqm: interquartile mean.
        ci95: 95 % t interval of the mean.
        bootstrap95: 95 % BCa bootstrap interval of the mean: the one that tables and pictures show.
        values: one value per seed, in the order of the seeds; empty where a summary of several evaluations leaves
            them out.
    """

    mean: float | None
    iqm: float | None
    ci95: Interval | None = None
    bootstrap95: Interval | None = None
    values: list[float | None] = []


class Difference(_Record):
    """Paired difference of one metric: controller minus reference, over the seeds where both have a value.

    Attributes:
        mean: mean difference.
        ci95: its 95 % t interval.
        bootstrap95: its 95 % BCa bootstrap interval.
        ratio: ratio of the means, for metrics that may be censored, and only when at most 5 % of either side's episodes
            are.
        n: number of pairs.
    """

    mean: float | None
    ci95: Interval | None = None
    bootstrap95: Interval | None = None
    ratio: float | None = None
    n: int


class ControllerResults(_Record):
    """What one controller did.

    Attributes:
        information: what it knows.
        declarations: what else it says of itself, key -> words.
        identity: its name and options, or the digest of its policy file.
        n: number of episodes.
        decisions: decisions taken in all episodes.
        wall_s: wall time of all episodes together.
        trace: file with the time series of the first seed's episode, relative to the results file.
        recording: file with what was recorded of the episode of ``replay_seed``, relative to the results file.
        metrics: metric name to its summary.
    """

    information: str
    declarations: dict[str, str]
    identity: dict[str, Any]
    n: int
    decisions: int
    wall_s: float
    trace: str | None = None
    recording: str | None = None
    metrics: dict[str, MetricSummary]

    def censored_share(self, metric: Metric) -> float | None:
        """Share of episodes that were too short to see the true value of a metric; None where that is not known."""
        flags = self.metrics.get(metric.censored_by)
        return flags.mean if flags else None


class Results(_Record):
    """What an evaluation found; the content of ``results.json``.

    Attributes:
        world: as the scenario names it: its name, or ``module:attribute`` of its declaration.
        scenario: scenario name or file.
        overrides: scenario keys that were set differently.
        options: options of the world.
        seeds: episode seeds, the same for every controller.
        replay_seed: of the episodes that were recorded, to be watched; None where none were.
        versions: of Python, the libraries and this package; the commit where known.
        controllers: label to results, in the order asked for.
        paired: reference label to controller label to metric to difference.
    """

    format: Literal["voltran-results-1"] = FORMAT
    world: str
    scenario: str
    overrides: dict[str, Any]
    options: dict[str, Any]
    seeds: list[int]
    first_seed: int
    n: int
    replay_seed: int | None = None
    versions: dict[str, str | None]
    wall_s: float
    controllers: dict[str, ControllerResults]
    paired: dict[str, dict[str, dict[str, Difference]]]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.n != len(self.seeds):
            raise ValueError(f"n = {self.n}, but there are {len(self.seeds)} seeds")
        for label, controller in self.controllers.items():
            for key, metric in controller.metrics.items():
                if len(metric.values) not in (0, self.n):
                    raise ValueError(f"{label}.{key} has {len(metric.values)} values for {self.n} seeds")
        return self

    def mean(self, label: str, key: str) -> float | None:
        """Mean of one controller's metric; None where it did not play or has none."""
        controller = self.controllers.get(label)
        summary = controller.metrics.get(key) if controller else None
        return summary.mean if summary else None

    def metric(self, key: str) -> Metric:
        """How a metric is shown."""
        return metric_of(key, self.world)

    def metrics(self) -> list[Metric]:
        """All metrics that any controller has, in the order of tables."""
        return in_order(self.metric_keys(), self.world)

    def metric_keys(self) -> set[str]:
        """Names of all metrics that any controller has."""
        return {key for controller in self.controllers.values() for key in controller.metrics}


def write_results(path: Path, results: Results) -> None:
    """Write a results file atomically.

    Raises:
        VoltranError: it cannot be written; an earlier file stays as it was.
    """
    write_lines_json(path, results.model_dump(mode="json"))


def read_results(path: str | Path) -> Results:
    """Read and check a results file.

    Raises:
        FileFormatError: the file is missing, truncated, corrupt or of another version; says what to do.
    """
    remedy = "run voltran evaluate again with --resume and the same --out to rebuild it from the stored episodes"
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise FileFormatError(f"results file {path}: cannot be read ({error.strerror}); check the path") from error
    try:
        return Results.model_validate_json(content)
    except ValidationError as error:
        raise FileFormatError(f"results file {path}: {_problem(error.errors()[0])}; {remedy}") from error


def _problem(item: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in item["loc"])
    if item["type"] == "json_invalid":
        return f"corrupt or truncated ({item['msg']})"
    if field == "format":
        return f"format = {item['input']!r}, this version reads {FORMAT!r}"
    message = item["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message
