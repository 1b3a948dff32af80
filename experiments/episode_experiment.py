"""Experiments that play episodes: who plays what, in which situations, and what is shown of it."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, model_validator

from voltran.envs.scenario import Section
from voltran.experiments.answer import quantities
from voltran.experiments.experiment import Names
from voltran.experiments.playing_experiment import PlayingExperiment
from voltran.experiments.published_values import Comparison

ONLY_IN = " @ "  # between the names of a picture and of the only situation that it is shown of
VariantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class Sweep(Section):
    """One scenario key over several values: every value is a variant, and pictures show metrics over the values.

    Attributes:
        name: short; variants are called by it and their value, such as ``ues-8``.
        title: name of the axis.
        key: dotted scenario key.
        values: from low to high.
    """

    name: VariantName
    title: str
    key: str
    values: Annotated[tuple[int | float, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _in_order(self) -> "Sweep":
        if any(low >= high for low, high in pairwise(self.values)):
            raise ValueError(f"sweep {self.name}: values {list(self.values)} must rise")
        return self

    def variants(self) -> dict[str, dict[str, Any]]:
        """Name of every variant to its overrides, in the order of the values."""
        return {f"{self.name}-{value:g}": {self.key: value} for value in self.values}


class Situation(NamedTuple):
    """One situation of an experiment.

    Attributes:
        name: as tables and published values name it: the scenario, with the variant where there are several.
        scenario: scenario name or file.
        variant: name of the variant; empty where the experiment has none.
        overrides: dotted scenario keys and their values.
        folder: of its results, in the experiment's.
        controllers: who plays there, as on the command line.
    """

    name: str
    scenario: str
    variant: str
    overrides: dict[str, Any]
    folder: str
    controllers: tuple[str, ...]


class EpisodeExperiment(PlayingExperiment):
    """What an experiment plays and how its chapter shows it.

    Attributes:
        kind, title, question, description, publish: as of every experiment.
        scenarios, scenario_files, controllers, seeds, first_only, first_seed, overrides, options: as of every
            experiment that plays.
        answer: what was found, in a sentence with places for numbers, see :mod:`voltran.experiments.answer`.
        variants: name to overrides; every scenario is played in each of them, and they are compared with the first.
        sweeps: in place of variants: scenario keys over several values, one key at a time.
        skip: controller to the variants that it cannot play.
        families: title to controllers that share a panel of a picture; all controllers share one by default.
        reference: controllers that the others are compared with, in pairs.
        paper: published values.
        metrics: metrics of one short table for all situations, or of a sweep's pictures; without them every situation
            has the full tables.
        pictures: which pictures to show, by name, or of one situation only, as ``name @ situation``; all if not given.
    """

    answer: str = ""
    variants: dict[VariantName, dict[str, Any]] = Field(default_factory=dict)
    sweeps: tuple[Sweep, ...] = ()
    skip: dict[str, Names] = Field(default_factory=dict)
    families: dict[str, Names] = Field(default_factory=dict)
    reference: Names
    paper: tuple[Comparison, ...] = ()
    metrics: tuple[str, ...] = ()
    pictures: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "EpisodeExperiment":
        if self.sweeps and (self.variants or not self.metrics or len(self.scenarios) > 1):
            raise ValueError("sweeps need metrics to show and a single scenario, and go without variants")
        known = [name for sweep in self.sweeps for name in sweep.variants()] or [*self.variants]
        if len(set(known)) < len(known):
            raise ValueError(f"sweeps: two variants share a name among {', '.join(known)}; rename a sweep")
        for controller, variants in self.skip.items():
            if controller not in self.controllers:
                raise ValueError(f"skip: {controller!r} is not among the controllers {', '.join(self.controllers)}")
            if unknown := [variant for variant in variants if variant not in known]:
                raise ValueError(f"skip of {controller}: {unknown[0]!r} is not a variant; known: {', '.join(known)}")
        names = {situation.name for situation in self.situations()}
        for picture in self.pictures or ():
            _, at, situation = picture.partition(ONLY_IN)
            if at and situation not in names:
                raise ValueError(f"pictures: {situation!r} is no situation; known: {', '.join(sorted(names))}")
        for quantity in quantities(self.answer):
            if quantity.situation is not None and quantity.situation not in names:
                raise ValueError(f"answer: {quantity.situation!r} is no situation; known: {', '.join(sorted(names))}")
        return self

    def situations(self) -> list[Situation]:
        """Every scenario in every variant, in the order of the file."""
        swept = {name: overrides for sweep in self.sweeps for name, overrides in sweep.variants().items()}
        return [
            self._situation(scenario, variant, overrides)
            for scenario in self.scenarios
            for variant, overrides in (swept or self.variants or {"": {}}).items()
        ]

    def shows(self, picture: str, situation: str) -> bool:
        """Whether its page has a picture of a situation."""
        return self.pictures is None or not {picture, f"{picture}{ONLY_IN}{situation}"}.isdisjoint(self.pictures)

    def swept_situations(self, sweep: Sweep) -> list[Situation]:
        """The situations of one sweep, in the order of its values."""
        return [
            self._situation(self.scenarios[0], variant, overrides) for variant, overrides in sweep.variants().items()
        ]

    def _situation(self, scenario: str, variant: str, overrides: dict[str, Any]) -> Situation:
        return Situation(
            name=f"{scenario}, {variant}" if variant else scenario,
            scenario=self.source_of(scenario),
            variant=variant,
            overrides=self.overrides | overrides,
            folder=f"{Path(scenario).stem}-{variant}" if variant else Path(scenario).stem,
            controllers=tuple(name for name in self.controllers if variant not in self.skip.get(name, ())),
        )
