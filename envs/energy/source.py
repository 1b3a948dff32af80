"""Sources of generation, as scenarios set them."""

from typing import Literal

from pydantic import model_validator

from voltran.envs import domains
from voltran.envs.scenario import Section
from voltran.envs.series_files import SeriesFormat


class Source(Section):
    """What power is generated from.

    Attributes:
        source: "wind" and "solar" follow the weather, "constant" gives its capacity at all times, "file" a series.
        capacity_kw: largest generation.
        file: CSV file of the series, in kW.
        column: its column; by default the only one besides that of times.
        series: how the file holds it.
        standby_kw: what the source draws while it generates nothing: the file may be below zero by so much.
    """

    source: Literal["wind", "solar", "constant", "file"] = "wind"
    capacity_kw: domains.PositivePowerKw
    file: str | None = None
    column: str | None = None
    series: SeriesFormat = SeriesFormat()
    standby_kw: domains.PowerKw = 0.01

    @model_validator(mode="after")
    def _file_where_needed(self) -> "Source":
        if (self.source == "file") != (self.file is not None) or (self.column is not None and self.file is None):
            raise ValueError(
                f"source = {self.source!r} with file = {self.file!r} and column = {self.column!r}: a file and its "
                "column go with source 'file', and with no other"
            )
        return self


class Panels(Source):
    """Solar panels.

    Attributes:
        source: "solar" follows the weather, "file" a series.
        capacity_kw: largest generation; 0 for no panels.
    """

    source: Literal["solar", "file"] = "solar"
    capacity_kw: domains.PowerKw = 3.0
