"""Power tables of base stations: data files that say where their numbers come from."""

import difflib
from functools import cache
from importlib import resources
from typing import Annotated

from pydantic import Field

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section, validated
from voltran.envs.yaml_files import parse_mapping
from voltran.physics.uplink_power import PowerComponent

Positive = Annotated[float, Field(gt=0.0)]
Exponent = Annotated[float, Field(ge=0.0, le=4.0)]


class RadioComponent(Section):
    """One part of the radio chain."""

    name: str
    power_mw: Positive
    antenna_exponent: Exponent


class BasebandComponent(Section):
    """One part of the baseband processing, in giga-operations per second."""

    name: str
    gops: Positive
    antenna_exponent: Exponent
    load_exponent: Exponent


class PowerTable(Section):
    """One table.

    Attributes:
        source: where the numbers come from.
        fitted: whether they were fitted to the results that they are used to reproduce.
        gops_per_w: efficiency of the processors.
        radio, baseband: the parts, at the reference.
    """

    source: str
    fitted: bool
    gops_per_w: Positive
    radio: tuple[RadioComponent, ...]
    baseband: tuple[BasebandComponent, ...]

    def radio_parts(self) -> tuple[PowerComponent, ...]:
        """The radio chain as the physics takes it."""
        return tuple(PowerComponent(part.power_mw / 1000.0, part.antenna_exponent, 0.0) for part in self.radio)

    def baseband_parts(self) -> tuple[PowerComponent, ...]:
        """The baseband processing as the physics takes it."""
        return tuple(
            PowerComponent(part.gops / self.gops_per_w, part.antenna_exponent, part.load_exponent)
            for part in self.baseband
        )


def power_table_names() -> list[str]:
    """Names of the tables that ship with the package."""
    return sorted(path.name.removesuffix(".yaml") for path in _folder().iterdir() if path.name.endswith(".yaml"))


@cache
def power_table(name: str) -> PowerTable:
    """A table by name.

    Raises:
        ScenarioError: no such table.
    """
    known = power_table_names()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ScenarioError(f"power.table = {name!r} is unknown: {hint}known tables: {', '.join(known)}")
    text, source = (_folder() / f"{name}.yaml").read_text(encoding="utf-8"), f"power table {name}"
    return validated(PowerTable, parse_mapping(text, source), source)


def _folder() -> resources.abc.Traversable:
    return resources.files("voltran.envs.uplink.power_tables")
