"""Load, generation and weather of one's own, from files, in the place of the reconstructed day."""

from functools import partial
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from voltran.baselines.dpa.paper_cases import PUBLIC_LOAD, public_generation_w
from voltran.envs import domains
from voltran.envs.energy.generation import turbine_curve
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section
from voltran.envs.series_episodes import read_episode
from voltran.envs.series_files import Reading, SeriesFormat
from voltran.physics.arrays import FloatArray
from voltran.physics.renewables import wind_power_share
from voltran.physics.units import WATTS_PER_KILOWATT

# Sunlight at which panels are rated, W per square metre.
RATED_IRRADIANCE = 1000.0
MOST_SLOTS = 400


class LoadFile(Section):
    """A file of the load of sites.

    Attributes:
        file: CSV file, from the current folder on.
        column: by default the only one besides that of times.
        series: how the file holds it; ``scale`` makes shares of other units.
        of_peak: whether the load is taken as a share of its own highest slot, so that its unit does not matter.
    """

    file: str
    column: str | None = None
    series: SeriesFormat = SeriesFormat()
    of_peak: bool = False


class SupplyFile(Section):
    """A file of what a retailer generates, or of the weather that decides it.

    Attributes:
        file: CSV file, from the current folder on.
        column: by default the only one besides that of times.
        series: how the file holds it.
        quantity: "power_kw" as it is; "wind_m_per_s" through the power curve of a turbine; "irradiance_w_per_m2" in
            proportion, all of the capacity at 1000.
        capacity_kw: of the turbines or panels, where the file has weather.
    """

    file: str
    column: str | None = None
    series: SeriesFormat = SeriesFormat()
    quantity: Literal["power_kw", "wind_m_per_s", "irradiance_w_per_m2"] = "power_kw"
    capacity_kw: domains.PositivePowerKw | None = None

    @model_validator(mode="after")
    def _capacity_with_weather(self) -> Self:
        if (self.quantity == "power_kw") != (self.capacity_kw is None):
            raise ValueError(
                f"quantity = {self.quantity!r} with capacity_kw = {self.capacity_kw}: a capacity goes with weather, "
                "and only there; give it, or drop it"
            )
        return self


class OwnDay(Section):
    """Where load and generation come from.

    Attributes:
        load: of all sites; the reconstructed one by default.
        wind, solar: of the two retailers; the reconstructed ones by default.
        start_hour: time of day at which the first slot begins.
        slots: how many there are.
        slot_h: length of one.
        value_of_lost_load: USD/kWh of what a site lacks; None has every site served, as in the paper, and is an error
            where there is too little power.
    """

    load: LoadFile | None = None
    wind: SupplyFile | None = None
    solar: SupplyFile | None = None
    start_hour: domains.Hour = 0.0
    slots: Annotated[int, Field(ge=1, le=MOST_SLOTS)] = len(PUBLIC_LOAD)
    slot_h: domains.DurationH = 1.0
    value_of_lost_load: Annotated[float, domains.between(1e-3, 1e6)] | None = None

    @model_validator(mode="after")
    def _as_long_as_what_is_reconstructed(self) -> Self:
        missing = [name for name in ("load", "wind", "solar") if getattr(self, name) is None]
        usual = self.slot_h == 1.0 and self.slots <= len(PUBLIC_LOAD) and self.start_hour == 0.0
        if missing and not usual:
            raise ValueError(
                f"{missing[0]}: the reconstructed day has {len(PUBLIC_LOAD)} hours from midnight on; name a file, or "
                f"leave start_hour = 0 and slot_h = 1, and slots at most {len(PUBLIC_LOAD)}"
            )
        return self


class Day(NamedTuple):
    """What a day brings.

    Attributes:
        at_h: ``[T]`` hours of the first day at which slots begin.
        load: ``[T]`` utilisation of all sites.
        generation_w: ``[T, retailer]`` wind and PV.
    """

    at_h: list[float]
    load: FloatArray
    generation_w: FloatArray


def read_day(own: OwnDay) -> Day:
    """Load and generation of every slot.

    Args:
        own: which files there are.

    Raises:
        ScenarioError: a file that cannot be read, lacks a column, does not hold all slots or has too long a gap in
            them, or has loads above 1, powers below 0 or no load at all.
    """
    at_h = [own.start_hour + slot * own.slot_h for slot in range(own.slots)]
    usual_w = np.stack([public_generation_w(slot % len(PUBLIC_LOAD)) for slot in range(own.slots)])
    columns = [
        usual_w[:, i] if file is None else _supply_w(own, file, f"day.{name}")
        for i, (name, file) in enumerate((("wind", own.wind), ("solar", own.solar)))
    ]
    load = np.array(PUBLIC_LOAD[: own.slots]) if own.load is None else _load(own, own.load)
    return Day(at_h, load, np.stack(columns, axis=1))


def _load(own: OwnDay, file: LoadFile) -> FloatArray:
    load = _means(own, file, Reading("load file", "day.load.series", low=0.0))
    highest = float(load.max())
    if file.of_peak and highest <= 0.0:
        raise ScenarioError(f"day.load.of_peak: load file {file.file} has no load in these slots; choose another day")
    if not file.of_peak and highest > 1.0:
        slot = int(load.argmax())
        raise ScenarioError(
            f"day.load: load file {file.file} has {highest:g} in slot {slot}: must be a share of the sites' capacity, "
            "at most 1; set day.load.of_peak = true, or day.load.series.scale"
        )
    return load / highest if file.of_peak else load


def _supply_w(own: OwnDay, file: SupplyFile, keys: str) -> FloatArray:
    kind = "generation file" if file.quantity == "power_kw" else "weather file"
    found = _means(own, file, Reading(kind, f"{keys}.series", low=0.0, remedy=f"; it is read as {file.quantity}"))
    if file.quantity == "power_kw":
        return WATTS_PER_KILOWATT * found
    share = np.minimum(found / RATED_IRRADIANCE, 1.0)
    if file.quantity == "wind_m_per_s":
        share = wind_power_share(found, *turbine_curve())
    return np.asarray(WATTS_PER_KILOWATT * float(file.capacity_kw or 0.0) * share)


def _means(own: OwnDay, file: LoadFile | SupplyFile, reading: Reading) -> FloatArray:
    columns = None if file.column is None else [file.column]
    read = partial(read_episode, file.file, columns, file.series, reading)
    return read(own.start_hour, own.slots, own.slot_h)[:, 0]
