"""Quantities that agents observe: each has its unit, range and meaning."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, get_args

from voltran.envs.errors import ScenarioError
from voltran.envs.world import Sight


@dataclass(frozen=True)
class Field:
    """A quantity that agents observe.

    Attributes:
        name: unique among the fields of a role that tell of the same agents.
        unit: of the quantity, such as "kWh".
        low, high: range of the observation's entries: of the quantity divided by ``scale``.
        compute: function of the view, or the dotted name of what the view has, such as ``"world.soc"``. It gives the
            quantity in its unit as ``[B, n]`` or ``[B, n, size]``, with ``times`` as ``[B, n, times]`` or
            ``[B, n, times, size]``; ``[B]`` is the same for all agents.
        meaning: a line for tables.
        size: entries, or the name of a dimension of the world, such as "bands".
        scale: what the quantity is divided by.
        sees: of whom it tells.
        times: how often it stands in the vector, such as once for each neighbour; or the name of a dimension.
        clip: whether values beyond the range are moved to its ends; otherwise they are errors.

    Raises:
        ScenarioError: a name, range, scale, ``sees`` or ``compute`` that is none.
    """

    name: str
    unit: str
    low: float
    high: float
    compute: Callable[[Any], Any] | str
    meaning: str = ""
    size: int | str = 1
    scale: float = 1.0
    sees: Sight = "own"
    times: int | str = 1
    clip: bool = False

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not name.strip():
            raise ScenarioError(f"field {self.name!r}: a name is a text, such as reserve")
        if self.sees not in get_args(Sight):
            raise ScenarioError(
                f"field {self.name!r}: sees = {self.sees!r}: must be one of {', '.join(get_args(Sight))}"
            )
        if not (isinstance(self.compute, str) or callable(self.compute)):
            raise ScenarioError(
                f"field {self.name!r}: compute = {self.compute!r}: give a function of the view, or a dotted name "
                "such as world.soc"
            )
        for limit in ("low", "high", "scale"):
            if not isinstance(getattr(self, limit), Real):
                raise ScenarioError(f"field {self.name!r}: {limit} = {getattr(self, limit)!r}: must be a number")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ScenarioError(f"field {self.name!r}: [{self.low}, {self.high}] is no finite range; low is below high")
        if not (math.isfinite(self.scale) and self.scale > 0.0):
            raise ScenarioError(f"field {self.name!r}: scale = {self.scale}: must be a positive number")

    @property
    def qualified_name(self) -> str:
        """The name with the agents that it tells of, such as ``neighbours.alive``."""
        return f"{self.sees}.{self.name}"

    def in_numbers(self, dimensions: Mapping[str, int]) -> "Field":
        """The field with numbers in place of names of dimensions.

        Raises:
            ScenarioError: an unknown dimension, or a number below 1.
        """
        return replace(self, size=self._number("size", dimensions), times=self._number("times", dimensions))

    def _number(self, name: str, dimensions: Mapping[str, int]) -> int:
        value = getattr(self, name)
        number = dimensions.get(value) if isinstance(value, str) else value
        if not isinstance(number, int) or number < 1:
            names = "".join(f", {dimension}" for dimension in dimensions)
            raise ScenarioError(f"field {self.name!r}: {name} = {value!r}: give one of 1, 2, ...{names}")
        return number
