"""Scenario keys over several values, one key at a time or in every combination, and the panels that show them."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise, product
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import Field, model_validator

from voltran.envs.scenario import Section

VariantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Scalar: TypeAlias = bool | int | float | str | None

MOST_COMBINATIONS = 1000
LONGEST_FOLDER = 120
IN_FOLDERS = "A-Za-z0-9._=-"


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


class VariedKey(Section):
    """One of the scenario keys whose values are played in every combination.

    Attributes:
        key: dotted scenario key.
        title: name of the axis; the key itself by default.
        values: numbers, names, or true and false.
    """

    key: str
    title: str = ""
    values: tuple[Scalar, ...]

    @model_validator(mode="after")
    def _worth_varying(self) -> "VariedKey":
        if problem := problem_of(self.values):
            raise ValueError(f"{self.key}: {problem}")
        return self

    @property
    def heading(self) -> str:
        """Name of the axis."""
        return self.title or self.key


class Panel(NamedTuple):
    """One panel of a picture: a metric over the values of one key.

    Attributes:
        title: what holds in all of it; empty where nothing else varies.
        axis: name of its axis.
        values: along the axis.
        variants: name of the variant at each value.
    """

    title: str
    axis: str
    values: tuple[Scalar, ...]
    variants: tuple[str, ...]

    @property
    def has_numbers(self) -> bool:
        """Whether the axis is one of numbers, and not of categories."""
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)


class TableRows(NamedTuple):
    """The rows of a table over values of scenario keys.

    Attributes:
        heads: names of the keys.
        values: row by row, a value of each key as text.
        variants: row by row, name of the variant.
    """

    heads: list[str]
    values: list[list[str]]
    variants: list[str]


def problem_of(values: Sequence[Scalar]) -> str:
    """What is wrong with the values of a key; empty where nothing is."""
    if len(values) < 2:
        return f"{len(values)} value; give two or more, or set the key once for all"
    for index, value in enumerate(values):
        if any(isinstance(value, bool) == isinstance(other, bool) and value == other for other in values[:index]):
            return f"value {text_of(value)} stands twice; give each once"
    return ""


def text_of(value: Scalar) -> str:
    """A value as YAML writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def combinations(varied: Sequence[VariedKey]) -> dict[str, dict[str, Any]]:
    """Name of every combination to its overrides; the last key changes first."""
    keys = [one.key for one in varied]
    chosen = [dict(zip(keys, values, strict=True)) for values in product(*(one.values for one in varied))]
    return {combination_name(overrides): overrides for overrides in chosen}


def combination_name(overrides: Mapping[str, Scalar]) -> str:
    """What a combination of values is called."""
    return ", ".join(f"{key}={text_of(value)}" for key, value in overrides.items())


def combination_rows(varied: Sequence[VariedKey]) -> TableRows:
    """A row per combination."""
    chosen = combinations(varied)
    values = [[text_of(value) for value in overrides.values()] for overrides in chosen.values()]
    return TableRows([one.heading for one in varied], values, [*chosen])


def sweep_panels(sweeps: Sequence[Sweep]) -> list[Panel]:
    """A panel per sweep."""
    return [Panel("", sweep.title, sweep.values, tuple(sweep.variants())) for sweep in sweeps]


def combination_panels(varied: Sequence[VariedKey]) -> list[Panel]:
    """The first key is on the axis; a panel per combination of the others."""
    first, *others = varied
    return [
        Panel(
            title,
            first.heading,
            first.values,
            tuple(combination_name({first.key: value, **held}) for value in first.values),
        )
        for title, held in combinations(others).items()
    ]


def variant_folder(variant: str) -> str:
    """A variant's part of the name of a folder, which every file system takes."""
    plain = variant.replace(", ", "-")
    name = re.sub(f"[^{IN_FOLDERS}]+", "-", plain)
    if name == plain and len(name) <= LONGEST_FOLDER:
        return name
    return f"{name[:LONGEST_FOLDER]}-{hashlib.sha256(variant.encode()).hexdigest()[:8]}"


def swept_picture(metric: str) -> str:
    """Name of the picture of a metric over swept values, without ending."""
    return f"sweep-{metric}"
