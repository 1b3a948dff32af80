"""Experiments: configurations that reproduce tables and figures of the papers."""

from importlib import resources
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import yaml
from pydantic import Field, NonNegativeInt, PositiveInt

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section, validated

Names = Annotated[tuple[str, ...], Field(min_length=1)]
VariantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class Gain(Section):
    """Published average gains: the mean over the scenarios of a metric's ratio to a reference's, less one.

    Attributes:
        metric: which metric.
        reference: the controller that the others gain over.
        values: controller to the published gain, 0.41 for +41 %.
    """

    metric: str = "survival_h"
    reference: str
    values: dict[str, float]


class Comparison(Section):
    """Published values of one table.

    Attributes:
        title: which table of which paper.
        note: what a reader should know before comparing.
        values: cell to metric to controller to the published value, in stored units (shares, hours).
        gain: published average over the cells.
    """

    title: str
    note: str = ""
    values: dict[str, dict[str, dict[str, float]]]
    gain: Gain | None = None


class Cell(NamedTuple):
    """One situation of an experiment.

    Attributes:
        name: as tables and published values name it: the scenario, with the variant where there are several.
        scenario: scenario name or file.
        variant: name of the variant; empty where the experiment has none.
        overrides: dotted scenario keys and their values.
        folder: of its results, in the experiment's.
    """

    name: str
    scenario: str
    variant: str
    overrides: dict[str, Any]
    folder: str


class Experiment(Section):
    """What an experiment plays and how its chapter shows it.

    Attributes:
        title: heading of the report.
        description: a few sentences on what is shown.
        scenarios: where to play.
        variants: name to overrides; every scenario is played in each of them, and they are compared with the first.
        controllers: who plays, as on the command line.
        seeds: episodes per controller and cell.
        first_seed: the seeds follow each other from here.
        reference: controllers that the others are compared with, in pairs.
        overrides: dotted scenario keys and their values, for all variants.
        options: options of the world's builder.
        paper: published values.
        metrics: metrics of one short table for all cells; without them every cell has the full tables.
        pictures: which pictures to show, by name; all if not given.
    """

    title: str
    description: str = ""
    scenarios: Names
    variants: dict[VariantName, dict[str, Any]] = Field(default_factory=dict)
    controllers: Names
    seeds: PositiveInt = 50
    first_seed: NonNegativeInt = 1000
    reference: Names
    overrides: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    paper: tuple[Comparison, ...] = ()
    metrics: tuple[str, ...] = ()
    pictures: tuple[str, ...] | None = None

    def cells(self) -> list[Cell]:
        """Every scenario in every variant, in the order of the file."""
        return [
            Cell(
                f"{scenario}, {variant}" if variant else scenario,
                scenario,
                variant,
                self.overrides | overrides,
                f"{Path(scenario).stem}-{variant}" if variant else Path(scenario).stem,
            )
            for scenario in self.scenarios
            for variant, overrides in (self.variants or {"": {}}).items()
        ]


def experiment_names() -> list[str]:
    """Names of the experiments that ship with the package."""
    folder = resources.files("voltran.configs") / "experiments"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def read_experiment(name: str) -> Experiment:
    """Read a shipped experiment by name, or any by the path of its YAML file.

    Raises:
        ScenarioError: no such experiment, or a field that is unknown or out of range.
    """
    source = f"experiment {name}"
    try:
        data = yaml.safe_load(_text(name))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{source}: not valid YAML: {error}") from error
    if not isinstance(data, dict):
        raise ScenarioError(f"{source}: expected a mapping of fields, found {type(data).__name__}")
    return validated(Experiment, data, source)


def _text(name: str) -> str:
    if not name.endswith((".yaml", ".yml")):
        if name not in experiment_names():
            known = ", ".join(experiment_names())
            raise ScenarioError(f"unknown experiment {name!r}; known: {known}; or give the path of a .yaml file")
        return (resources.files("voltran.configs") / "experiments" / f"{name}.yaml").read_text()
    try:
        return Path(name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"experiment file {name}: cannot be read ({error})") from error
