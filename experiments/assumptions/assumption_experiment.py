"""An experiment that varies assumptions: who plays, under which assumptions, and which claims are looked at."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, Self

from pydantic import Field, PositiveInt, model_validator

from voltran.experiments.assumptions.assumption import Assumption, Change, HeadlineClaim
from voltran.experiments.experiment import Names
from voltran.experiments.playing_experiment import PlayingExperiment


class Played(NamedTuple):
    """One scenario under one value of one assumption, or under none.

    Attributes:
        scenario: as the experiment names it.
        stem: what its folders' names begin with.
        source: its name or file.
        change: the value; ``None`` under our own assumptions.
        overrides: dotted scenario keys and their values.
        controllers: who plays, as on the command line, to whom they are in the claims. A controller that an option
            does not concern does not play again.
    """

    scenario: str
    stem: str
    source: str
    change: Change | None
    overrides: Mapping[str, Any]
    controllers: Mapping[str, str]

    @property
    def folder(self) -> str:
        """Of its results, in the experiment's."""
        return f"{self.stem}-{self.change.name}" if self.change else self.stem


class AssumptionExperiment(PlayingExperiment):
    """What an experiment plays, under which assumptions, and what it looks at.

    Attributes:
        kind, title, question, description, publish: as of every experiment.
        scenarios, scenario_files, controllers, seeds, first_only, first_seed, overrides, options: as of every
            experiment that plays; all assumptions are varied in each scenario, on the same seeds.
        skip: controller to the assumptions under which it cannot play.
        assumptions: what is varied, one at a time.
        claims: what is looked at.
    """

    seeds: PositiveInt = 12
    skip: dict[str, Names] = Field(default_factory=dict)
    assumptions: Annotated[tuple[Assumption, ...], Field(min_length=1)]
    claims: Annotated[tuple[HeadlineClaim, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        named = [("claims", claim.name) for claim in self.claims]
        named += [("assumptions", assumption.name) for assumption in self.assumptions]
        named += [(f"assumption {one.name}", one.title) for one in self.assumptions]
        if twice := [item for item in named if named.count(item) > 1]:
            raise ValueError(f"{twice[0][0]}: {twice[0][1]!r} stands twice; give each a name of its own")
        asked = [(f"claim {claim.name}", label) for claim in self.claims for label in sorted(claim.labels())]
        asked += [(f"assumption {one.name}: of", label) for one in self.assumptions for label in one.of]
        asked += [(field, label) for field in ("skip", "first_only") for label in getattr(self, field)]
        for field, label in asked:
            if label not in self.controllers:
                raise ValueError(f"{field}: {label!r} is not among the controllers {', '.join(self.controllers)}")
        for claim in self.claims:
            if unknown := [scenario for scenario in claim.paper_at if scenario not in self.scenarios]:
                raise ValueError(f"claim {claim.name}: paper_at: {unknown[0]!r} is not among the scenarios")
        known = [assumption.name for assumption in self.assumptions]
        for label, names in self.skip.items():
            if unknown := [name for name in names if name not in known]:
                raise ValueError(f"skip of {label}: {unknown[0]!r} is no assumption; known: {', '.join(known)}")
        return self

    def played(self) -> list[Played]:
        """Every scenario under our own assumptions, and under every value of each."""
        return [
            self._played(scenario, assumption, change)
            for scenario in self.scenarios
            for assumption, change in [(None, None), *self.changes()]
        ]

    def changes(self) -> list[tuple[Assumption, Change]]:
        """Every value of every assumption."""
        return [(assumption, change) for assumption in self.assumptions for change in assumption.changes()]

    def _played(self, scenario: str, assumption: Assumption | None, change: Change | None) -> Played:
        labels = [label for label in self.controllers if assumption is None or self._plays(label, assumption)]
        option, overrides = (change.option, change.overrides) if change else ("", {})
        return Played(
            scenario=scenario,
            stem=self.stems[scenario],
            source=self.source_of(scenario),
            change=change,
            overrides={**self.overrides, **overrides},
            controllers={f"{label}{option}": label for label in labels},
        )

    def _plays(self, label: str, assumption: Assumption) -> bool:
        """Whether a controller plays under the values of an assumption."""
        return (not assumption.of or label in assumption.of) and assumption.name not in self.skip.get(label, ())
