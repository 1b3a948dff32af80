"""Assumptions that episodes are played under, one at a time: what is set differently, and for whom."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from voltran.envs.scenario import Section
from voltran.experiments.assumptions.sensitivity import Estimate, Measure, Tried, Varied
from voltran.experiments.published_values import Extreme

Value = bool | int | float | str | None


def _listed(value: Any) -> Any:
    """One key as a list of one."""
    return (value,) if isinstance(value, str) else value


class Change(NamedTuple):
    """One value of an assumption.

    Attributes:
        name: of the value and its assumption, such as ``hold-30``: the folder of its results.
        label: the value as text.
        overrides: dotted scenario keys and their values.
        option: what is added to the controllers concerned, such as ``:unserved_penalty=10``.
    """

    name: str
    label: str
    overrides: Mapping[str, Any]
    option: str


class Assumption(Section):
    """One assumption and the values to try beside our own: of scenario keys, or of an option of controllers.

    Attributes:
        name: short.
        title: in a few words.
        why: where the paper is silent, in a sentence.
        default: our own value, which is shown and not set.
        key: dotted scenario key; several are all set to the same value.
        option: name of an option of controllers, in the place of a key.
        of: controllers whose options are set.
        values: what to try.
        choices: in the place of key and values: name of each choice to the scenario keys that it sets, or with ``of``
            to options of controllers.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Annotated[str, Field(min_length=1)]
    why: str = ""
    default: Value
    key: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    option: str = ""
    of: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    values: tuple[Value, ...] = ()
    choices: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _sets_one_thing(self) -> Self:
        if sum(map(bool, (self.key, self.option, self.choices))) != 1:
            raise ValueError(f"assumption {self.name}: give one of key, option and choices")
        if (self.option and not self.of) or (self.key and self.of):
            raise ValueError(f"assumption {self.name}: options of controllers need of; scenario keys go without")
        if bool(self.choices) == bool(self.values):
            raise ValueError(f"assumption {self.name}: a key or option needs values, and choices go without")
        names = [change.name for change in self.changes()]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"assumption {self.name}: two values are called {twice[0]!r}; drop or rename one")
        if self.shown_default in (change.label for change in self.changes()):
            raise ValueError(f"assumption {self.name}: {self.shown_default} is our own value; it is played anyway")
        return self

    @property
    def shown_default(self) -> str:
        """Our own value as text."""
        return shown(self.default)

    def changes(self) -> Iterator[Change]:
        """The values, in the order of the file."""
        for label, settings in self.choices.items():
            yield self._change(label, settings)
        for value in self.values:
            yield self._change(shown(value), dict.fromkeys([self.option] if self.option else self.key, value))

    def varied(self, found: Mapping[str, Mapping[str, Estimate]]) -> Varied:
        """What the values gave, under the words of the assumption.

        Args:
            found: name of each change to name of each measure to its number.
        """
        return Varied(
            name=self.name,
            title=self.title,
            why=self.why,
            default=self.shown_default,
            tried=tuple(Tried(label=change.label, estimates=found[change.name]) for change in self.changes()),
        )

    def _change(self, label: str, settings: Mapping[str, Any]) -> Change:
        name = f"{self.name}-{re.sub(r'[^A-Za-z0-9.]+', '-', label).strip('-').lower()}"
        if not self.of:
            return Change(name, label, settings, "")
        return Change(name, label, {}, "".join(f":{key}={_written(value)}" for key, value in settings.items()))


def _of_no_controller(assumptions: tuple[Assumption, ...]) -> tuple[Assumption, ...]:
    for assumption in assumptions:
        if assumption.of:
            raise ValueError(f"assumption {assumption.name}: of names controllers, and nobody plays; leave it out")
    return assumptions


# of calculations, which play no episodes
PlayerlessAssumptions = Annotated[tuple[Assumption, ...], Field(min_length=1), AfterValidator(_of_no_controller)]


class HeadlineClaim(Measure):
    """A claim about episodes: a ratio of two controllers' means over the same seeds, or one controller's mean.

    Attributes:
        name, title, unit, digits, holds, paper: as of every measure; a mean is in stored units (hours, shares).
        metric: of which metric.
        controller: whose mean; of several, the one with the lowest or the highest.
        reference: by whose mean it is divided, where it is a ratio.
        paper_at: scenario to the published number, where several scenarios are played.
    """

    paper_at: dict[str, float] = Field(default_factory=dict)
    metric: str
    controller: str | Extreme
    reference: str | Extreme | None = None

    def labels(self) -> set[str]:
        """All controllers that the claim is about."""
        sides = (self.controller, self.reference)
        return {label for who in sides if who for label in ((who,) if isinstance(who, str) else who.of)}

    def at(self, scenario: str) -> Self:
        """The claim with the number that is published for a scenario."""
        return self.model_copy(update={"paper": self.paper_at.get(scenario, self.paper)})


def shown(value: Value) -> str:
    """A value as tables show it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return f"{value:g}"
    return "none" if value is None else value


def _written(value: Value) -> str:
    """A value as an option of a controller is written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
