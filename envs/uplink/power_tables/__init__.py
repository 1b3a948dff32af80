"""Power tables of base stations: data files that say where their numbers come from."""

import difflib
from functools import cache
from importlib import resources
from typing import Annotated

from pydantic import Field

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section, validated
from voltran.envs.yaml_files import is_yaml_path, parse_mapping, read_text
from voltran.physics.uplink_power import PowerComponent

Positive = Annotated[float, Field(gt=0.0)]
Exponent = Annotated[float, Field(ge=0.0, le=4.0)]


class Reference(Section):
    """What the powers of a table are for, besides one antenna and full load."""

    bandwidth_mhz: Positive = 20.0
    quantisation_bits: Positive = 24.0
    spectral_efficiency_bps_hz: Positive = 6.0
    streams: Positive = 1.0


class RadioComponent(Section):
    """One part of the radio chain."""

    name: str
    power_mw: Positive
    antenna_exponent: Exponent
    bandwidth_exponent: Exponent = 0.0
    quantisation_exponent: Exponent = 0.0


class BasebandComponent(Section):
    """One part of the baseband processing, in giga-operations per second."""

    name: str
    gops: Positive
    antenna_exponent: Exponent
    load_exponent: Exponent
    bandwidth_exponent: Exponent = 0.0
    quantisation_exponent: Exponent = 0.0
    spectral_efficiency_exponent: Exponent = 0.0
    streams_exponent: Exponent = 0.0


class PowerTable(Section):
    """One table.

    Attributes:
        source: where the numbers come from.
        fitted: whether they were fitted to the results that they are used to reproduce.
        gops_per_w: efficiency of the processors.
        reference: what the powers are for.
        radio, baseband: the parts, at the reference.
    """

    source: str
    fitted: bool
    gops_per_w: Positive
    reference: Reference = Reference()
    radio: tuple[RadioComponent, ...]
    baseband: tuple[BasebandComponent, ...]

    def radio_parts(self) -> tuple[PowerComponent, ...]:
        """The radio chain as the physics takes it."""
        return tuple(
            PowerComponent(
                part.power_mw / 1000.0,
                part.antenna_exponent,
                0.0,
                bandwidth_exponent=part.bandwidth_exponent,
                quantisation_exponent=part.quantisation_exponent,
            )
            for part in self.radio
        )

    def baseband_parts(self) -> tuple[PowerComponent, ...]:
        """The baseband processing as the physics takes it."""
        return tuple(
            PowerComponent(
                part.gops / self.gops_per_w,
                part.antenna_exponent,
                part.load_exponent,
                bandwidth_exponent=part.bandwidth_exponent,
                quantisation_exponent=part.quantisation_exponent,
                spectral_efficiency_exponent=part.spectral_efficiency_exponent,
                streams_exponent=part.streams_exponent,
            )
            for part in self.baseband
        )


def power_table_names() -> list[str]:
    """Names of the tables that ship with the package."""
    return sorted(path.name.removesuffix(".yaml") for path in _folder().iterdir() if path.name.endswith(".yaml"))


def power_table(name: str) -> PowerTable:
    """A table by its name, or one's own by the path of a YAML file.

    Raises:
        ScenarioError: no such table, or one that lacks something or holds a value out of range.
    """
    if is_yaml_path(name):
        source = f"power table {name}"
        return validated(PowerTable, parse_mapping(read_text(name, source), source), source)
    return _shipped_table(name)


@cache
def _shipped_table(name: str) -> PowerTable:
    known = power_table_names()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ScenarioError(
            f"power.table = {name!r} is unknown: {hint}known tables: {', '.join(known)}; or give the path of a "
            ".yaml file"
        )
    text, source = (_folder() / f"{name}.yaml").read_text(encoding="utf-8"), f"power table {name}"
    return validated(PowerTable, parse_mapping(text, source), source)


def _folder() -> resources.abc.Traversable:
    return resources.files("voltran.envs.uplink.power_tables")
