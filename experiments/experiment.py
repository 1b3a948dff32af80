"""Experiments: configurations that reproduce tables and figures of papers, or whatever one wants to know.

There are several kinds of them, see :mod:`voltran.experiments.kinds`. One reader reads them all.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from voltran.envs.errors import ScenarioError
from voltran.envs.nearest import did_you_mean
from voltran.envs.scenario import Section, validated
from voltran.envs.yaml_files import is_yaml_path, parse_mapping, read_text, shipped_names, shipped_text
from voltran.experiments.kinds import DEFAULT_KIND, kind_named

FOLDER = "experiments"  # of configs/

Names = Annotated[tuple[str, ...], Field(min_length=1)]


class ReadmeTable(Section):
    """What the README shows of an experiment.

    Attributes:
        situation: the situation whose table is shown.
        metrics: its columns.
    """

    situation: str
    metrics: Names


class Publication(Section):
    """Where an experiment stands in the documentation.

    Attributes:
        order: its place in the list of results.
        readme: what the README shows of it, where it does.
    """

    order: PositiveInt
    readme: ReadmeTable | None = None


class Experiment(Section):
    """What every experiment has, whatever its kind.

    Attributes:
        kind: name of its kind, or ``module:attribute`` of one's own.
        title: heading of the report.
        question: what it is about, in a sentence.
        description: a few sentences on what is shown.
        publish: its place in the documentation; without it there is none.
    """

    kind: str = DEFAULT_KIND
    title: str
    question: str = ""
    description: str = ""
    publish: Publication | None = None


def experiment_names() -> list[str]:
    """Names of the experiments that ship with the package: published ones in their order, then the others."""
    return sorted(shipped_names(FOLDER), key=_place)


def published_names() -> list[str]:
    """Names of the shipped experiments that are published, in their order."""
    return [name for name in experiment_names() if read_experiment(name).publish is not None]


def read_experiment(name: str) -> Any:
    """Read a shipped experiment by name, or any by the path of its YAML file.

    Returns:
        An :class:`Experiment` of the model that its kind has.

    Raises:
        ScenarioError: no such experiment or kind, or a field that is unknown or out of range.
    """
    source = f"experiment {name}"
    data = parse_mapping(_text(name), source)
    model = kind_named(str(data.get("kind", DEFAULT_KIND))).model
    folder = Path(name).parent if is_yaml_path(name) else None
    return validated(model, {**data, **_found_beside(data, folder)}, source)


def _place(name: str) -> float:
    publication = parse_mapping(_text(name), f"experiment {name}").get("publish") or {}
    return float(publication.get("order", "inf"))


def _found_beside(data: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    """Where scenarios lie that are named by paths from the experiment's file on."""
    scenarios = data.get("scenarios")
    if folder is None or not isinstance(scenarios, list):
        return {}
    paths = {name: folder / name for name in scenarios if isinstance(name, str) and is_yaml_path(name)}
    beside = {name: str(path) for name, path in paths.items() if not Path(name).exists() and path.exists()}
    return {"scenario_files": beside} if beside else {}


def _text(name: str) -> str:
    if is_yaml_path(name):
        return read_text(name, f"experiment file {name}")
    if name not in (known := shipped_names(FOLDER)):
        raise ScenarioError(
            f"unknown experiment {name!r}; {did_you_mean(name, known)}known: {', '.join(known)}; or give the path of a "
            ".yaml file"
        )
    return shipped_text(FOLDER, name)
