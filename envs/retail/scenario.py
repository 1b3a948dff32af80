"""What a scenario says about retailers: who they are, who may buy from them, on what terms, and the weather."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.scenario import Section

RetailerIndex = Annotated[int, Field(ge=0)]


class Retailer(Section):
    """One retailer.

    Attributes:
        source: "wind" and "solar" follow the weather, "constant" gives its capacity at all times, "file" a series.
        capacity_kw: largest generation.
        unit_cost_usd_per_mwh: c of [DPA] Eq. 2; where costs are quadratic, per kW.
        file: CSV file of the series; see ``generation_files``.
        column: its column.
    """

    source: Literal["wind", "solar", "constant", "file"] = "wind"
    capacity_kw: domains.PositivePowerKw
    unit_cost_usd_per_mwh: domains.UsdPerMwh = 60.0
    file: str | None = None
    column: str | None = None

    @model_validator(mode="after")
    def _file_where_needed(self) -> "Retailer":
        if (self.source == "file") != (self.file is not None and self.column is not None):
            raise ValueError(
                f"source = {self.source!r} with file = {self.file!r} and column = {self.column!r}: a file and its "
                "column go with source 'file', and with no other"
            )
        return self


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


class Retail(Section):
    """Retailers and the terms on which they sell.

    Attributes:
        retailers: any number, none included.
        home_retailer: index of every site's home retailer, one entry per site; by default sites take turns.
        access: per retailer the sites that can buy from it; by default all can.
        priority: o of non-subscribers, alpha of [DPA] Eq. 3.
        cost_model: [DPA] Eq. 2.
        cost_scope: whether quadratic costs count every sale by itself (the paper's), or the retailer's total.
        price_cap_usd_per_kwh: no retailer may ask for more (of a subscriber; others pay their factor on top).
        value_of_lost_load_usd_per_kwh: what power that is not served costs a site.
        satisfaction_usd_per_h: eta_1 of [DPA] Eq. 4.
        reference_kw: power that its logarithm counts in.
        timing: "posted" prices hold from the next decision on and are seen before anybody buys; "simultaneous" ones
            hold at once.
        spill_penalty_usd_per_kwh: what a retailer is charged for generation that nobody takes.
        weather: wind, clouds, season.
    """

    retailers: tuple[Retailer, ...] = ()
    home_retailer: tuple[RetailerIndex, ...] | None = None
    access: tuple[tuple[int, ...], ...] | None = None
    priority: domains.LossShare = 0.4
    cost_model: Literal["linear", "quadratic"] = "linear"
    cost_scope: Literal["pair", "retailer"] = "pair"
    price_cap_usd_per_kwh: domains.PositiveUsdPerKwh = 1.0
    value_of_lost_load_usd_per_kwh: domains.UsdPerKwh = 3.0
    satisfaction_usd_per_h: domains.UsdPerH = 1.7045
    reference_kw: domains.PositivePowerKw = 1.0
    timing: Literal["posted", "simultaneous"] = "posted"
    spill_penalty_usd_per_kwh: domains.UsdPerKwh = 0.0
    weather: Weather = Weather()

    @model_validator(mode="after")
    def _retailers_exist(self) -> "Retail":
        count = len(self.retailers)
        for index, retailer in enumerate(self.retailers):
            if retailer.unit_cost_usd_per_mwh / 1000.0 >= self.price_cap_usd_per_kwh:
                raise ValueError(
                    f"retailers.{index}.unit_cost_usd_per_mwh = {retailer.unit_cost_usd_per_mwh:g} is not below the "
                    f"price_cap_usd_per_kwh = {self.price_cap_usd_per_kwh:g}; raise the cap"
                )
        if wrong := [home for home in self.home_retailer or () if home >= count]:
            raise ValueError(f"home_retailer names retailer {wrong[0]}, but there are {count}, counted from 0")
        if self.access is not None and len(self.access) != count:
            raise ValueError(f"access has {len(self.access)} entries; give one list of sites per retailer, {count}")
        return self

    def check_sites(self, n_sites: int) -> None:
        """Raise unless everything that is said per site is said of the sites there are.

        Raises:
            ValueError: names the field and the number.
        """
        if self.retailers and self.home_retailer is not None and len(self.home_retailer) != n_sites:
            raise ValueError(f"retail.home_retailer has {len(self.home_retailer)} entries for {n_sites} sites")
        for index, sites in enumerate(self.access or ()):
            if wrong := [site for site in sites if not 0 <= site < n_sites]:
                raise ValueError(f"retail.access.{index} names site {wrong[0]}, but there are {n_sites}, from 0")
