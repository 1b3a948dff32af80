"""Wind, clouds and seasons, as scenarios set them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.scenario import Section


class Weather(Section):
    """Wind and clouds, drawn per episode and retailer; and the time of the year and the day.

    Attributes:
        month: 1 to 12, of the clear sky.
        start_hour: time of day at which episodes begin.
        wind_scale_m_per_s, wind_shape: of the Weibull distribution of wind speeds at hub height.
        wind_memory_h: time after which the correlation of the wind with itself has fallen to 1/e.
        clearness_low, clearness_high: range of the share of sunlight that clouds let through.
        cloud_memory_h: as ``wind_memory_h``.
        clear_sky: "table" is what ships with the package, "pvlib" is computed for a place (extra ``renewables``).
        latitude_deg, longitude_deg: of the place, for pvlib.
    """

    month: Annotated[int, Field(ge=1, le=12)] = 6
    start_hour: domains.Hour = 0.0
    wind_scale_m_per_s: Annotated[float, domains.between(0.1, 50.0)] = 9.0
    wind_shape: Annotated[float, domains.between(0.5, 20.0)] = 2.0
    wind_memory_h: domains.DurationH = 8.0
    clearness_low: domains.Share = 0.3
    clearness_high: domains.Share = 1.0
    cloud_memory_h: domains.DurationH = 3.0
    clear_sky: Literal["table", "pvlib"] = "table"
    latitude_deg: Annotated[float, Field(ge=-90.0, le=90.0)] = 51.5
    longitude_deg: Annotated[float, Field(ge=-180.0, le=180.0)] = 0.0

    @model_validator(mode="after")
    def _range_is_ordered(self) -> "Weather":
        if self.clearness_low > self.clearness_high:
            raise ValueError(f"clearness_low = {self.clearness_low} must not exceed clearness_high")
        return self
