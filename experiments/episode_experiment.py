"""Experiments that play episodes: who plays what, in which situations, and what is shown of it."""

from math import prod
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from voltran.envs.file_names import file_names
from voltran.experiments.answer import quantities
from voltran.experiments.experiment import Names
from voltran.experiments.playing_experiment import PlayingExperiment
from voltran.experiments.published_values import Comparison
from voltran.experiments.sweep import (
    MOST_COMBINATIONS,
    Panel,
    Sweep,
    VariantName,
    VariedKey,
    combination_panels,
    combinations,
    sweep_panels,
    variant_folder,
)

LONGEST_FOLDER = 250
ONLY_IN = " @ "  # between the names of a picture and of the only situation that it is shown of


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
        vary: in place of either: scenario keys over several values, in every combination.
        skip: controller to the variants that it cannot play.
        families: title to controllers that share a panel of a picture; all controllers share one by default.
        reference: controllers that the others are compared with, in pairs.
        paper: published values.
        metrics: those that matter: of one short table for all situations, or of the pictures of what is swept or
            varied; without them every situation has the full tables.
        pictures: which pictures to show, by name, or of one situation only, as ``name @ situation``; all if not given.
    """

    answer: str = ""
    variants: dict[VariantName, dict[str, Any]] = Field(default_factory=dict)
    sweeps: tuple[Sweep, ...] = ()
    vary: tuple[VariedKey, ...] = ()
    skip: dict[str, Names] = Field(default_factory=dict)
    families: dict[str, Names] = Field(default_factory=dict)
    reference: Names
    paper: tuple[Comparison, ...] = ()
    metrics: tuple[str, ...] = ()
    pictures: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "EpisodeExperiment":
        if self.is_swept and (self.variants or not self.metrics or len(self.scenarios) > 1):
            what = "sweeps" if self.sweeps else "vary"
            raise ValueError(f"{what} need metrics to show and a single scenario, and go without variants")
        self._check_varied()
        known = [variant for panel in self.panels() for variant in panel.variants] or [*self.variants]
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

    @property
    def is_swept(self) -> bool:
        """Whether pictures show metrics over the values of scenario keys."""
        return bool(self.sweeps or self.vary)

    def situations(self) -> list[Situation]:
        """Every scenario in every variant, in the order of the file."""
        stems = self.stems
        situations = [
            self._situation(scenario, stems[scenario], variant, overrides)
            for scenario in self.scenarios
            for variant, overrides in (self._all_variants() or {"": {}}).items()
        ]
        folders = file_names({situation.name: situation.folder for situation in situations}, LONGEST_FOLDER)
        return [situation._replace(folder=folders[situation.name]) for situation in situations]

    def panels(self) -> list[Panel]:
        """What the pictures of a swept experiment show beside each other; empty for others."""
        return combination_panels(self.vary) if self.vary else sweep_panels(self.sweeps)

    def situation_named(self, variant: str) -> str:
        """Name of the first scenario's situation in a variant."""
        return f"{self.scenarios[0]}, {variant}"

    def shows(self, picture: str, situation: str) -> bool:
        """Whether its page has a picture of a situation."""
        return self.pictures is None or not {picture, f"{picture}{ONLY_IN}{situation}"}.isdisjoint(self.pictures)

    def _all_variants(self) -> dict[str, dict[str, Any]]:
        """Name of every variant to its overrides."""
        if self.vary:
            return combinations(self.vary)
        return {name: overrides for sweep in self.sweeps for name, overrides in sweep.variants().items()} or {
            **self.variants
        }

    def _check_varied(self) -> None:
        keys = [varied.key for varied in self.vary]
        if self.vary and self.sweeps:
            raise ValueError("vary goes without sweeps; leave one of them out")
        if repeated := next((key for key in keys if keys.count(key) > 1), None):
            raise ValueError(f"vary: {repeated} stands twice; give all its values at once")
        if fixed := next((key for key in keys if key in self.overrides), None):
            raise ValueError(f"vary: {fixed} is set to {self.overrides[fixed]!r} as well; take it out of one")
        counts = [len(varied.values) for varied in self.vary]
        if prod(counts) > MOST_COMBINATIONS:
            players = len(self.controllers)
            raise ValueError(
                f"vary: {' x '.join(map(str, counts))} values are {prod(counts)} combinations, with {players} "
                f"controllers and {self.seeds} seeds {prod(counts) * players * self.seeds} episodes; at most "
                f"{MOST_COMBINATIONS} combinations stand in one report: play parts of them, which may share their store"
            )

    def _situation(self, scenario: str, stem: str, variant: str, overrides: dict[str, Any]) -> Situation:
        return Situation(
            name=f"{scenario}, {variant}" if variant else scenario,
            scenario=self.source_of(scenario),
            variant=variant,
            overrides=self.overrides | overrides,
            folder=f"{stem}-{variant_folder(variant)}" if variant else stem,
            controllers=tuple(name for name in self.controllers if variant not in self.skip.get(name, ())),
        )
