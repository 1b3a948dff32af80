"""The kinds of experiments, and what can be done with all of them alike."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from voltran.envs.errors import ScenarioError
from voltran.envs.references import is_reference, resolve
from voltran.evaluation.worker_pool import WorkerPool
from voltran.experiments.assumptions.sensitivity import Sensitivity

DEFAULT_KIND = "episodes"
# Loaded when they are needed: what one kind needs, another may do without.
KINDS = {
    "episodes": "voltran.experiments.episode_kind:EPISODES",
    "allocations": "voltran.experiments.allocations.study_kind:ALLOCATIONS",
    "assumptions": "voltran.experiments.assumptions.assumption_kind:ASSUMPTIONS",
    "calculation": "voltran.experiments.calculations.calculation_kind:CALCULATIONS",
}


@dataclass(frozen=True)
class Playing:
    """How to play an experiment.

    Attributes:
        jobs: worker processes, or where else to play.
        console: where to show progress and tables.
        store: folder of finished episodes, which experiments may share.
    """

    jobs: int | WorkerPool
    console: Console
    store: Path | None = None


class IndexRow(NamedTuple):
    """What the list of results says of an experiment.

    Attributes:
        answer: to its question.
        beside: published numbers beside ours.
        episodes: how many were played.
        versions: of what has played it; several where parts were played at different times.
    """

    answer: str
    beside: str
    episodes: str
    versions: Sequence[dict[str, str | None]]


class Outcome(ABC):
    """What an experiment gave, whatever its kind.

    Attributes:
        name: the experiment's.
        experiment: what was played.
        sensitivities: how far claims move when assumptions are varied, where that was asked.
    """

    sensitivities: Sequence[Sensitivity] = ()

    def __init__(self, name: str, experiment: Any) -> None:
        self.name = name
        self.experiment = experiment

    @abstractmethod
    def text(self) -> str:
        """The content of the published file of results."""

    @abstractmethod
    def page(self, folder: Path) -> str:
        """The published page, with the pictures that lie in a folder."""

    @abstractmethod
    def pictures(self, folder: Path) -> list[str]:
        """The pictures that the page shows, as paths in the folder that was played into, without ending."""

    @abstractmethod
    def draw(self, folder: Path) -> None:
        """Draw into a folder what can be drawn from the published results alone; they have no time series.

        Raises:
            MissingExtraError: Matplotlib is not installed.
            VoltranError: a picture cannot be written.
        """

    @abstractmethod
    def index_row(self) -> IndexRow:
        """What the list of results says."""

    def readme_table(self, link: str) -> str:
        """The table that the README shows, and a link to the page.

        Raises:
            ScenarioError: this kind has none.
        """
        raise ScenarioError(f"experiment {self.name}: publish.readme: this kind has no table; leave it out")

    def changed_since(self, earlier: Path) -> list[str]:
        """Names of the parts that went differently than an earlier file of results says; none where that is missing."""
        return []


@dataclass(frozen=True)
class Kind:
    """What can be done with the experiments of one kind.

    Attributes:
        model: their fields, an :class:`~voltran.experiments.experiment.Experiment`.
        quick_form: the experiment as a little of everything in it, to show that it works.
        check: raises an error where names in it mean nothing; nothing is written before.
        play: plays the experiment into a folder and returns the report.
        played: what lies in the folder that an experiment was played into.
        published: what lies in the folder that it was published to.
    """

    model: type[Any]
    quick_form: Callable[[Any], Any]
    check: Callable[[Any], None]
    play: Callable[[str, Any, Path, Playing], Path]
    played: Callable[[str, Any, Path], Outcome]
    published: Callable[[str, Any, Path], Outcome]


def kind_named(name: str) -> Kind:
    """A kind by its name, or by ``module:attribute``.

    Raises:
        ScenarioError: there is none.
    """
    if name not in KINDS and not is_reference(name):
        raise ScenarioError(f"kind = {name!r} is unknown; known: {', '.join(KINDS)}; or write module:attribute")
    kind = resolve(KINDS.get(name, name), "kind of experiment")
    if not isinstance(kind, Kind):
        raise ScenarioError(f"kind = {name!r}: is no Kind, see voltran.experiments.kinds")
    return kind
