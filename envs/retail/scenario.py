"""What a scenario says about retailers: who they are, who may buy from them, on what terms, and the weather."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.energy.source import Source
from voltran.envs.energy.weather import Weather
from voltran.envs.scenario import Section

RetailerIndex = Annotated[int, Field(ge=0)]


class Retailer(Source):
    """One retailer: what it generates from, and at what cost.

    Attributes:
        unit_cost_usd_per_mwh: c of [DPA] Eq. 2; where costs are quadratic, per kW.
    """

    unit_cost_usd_per_mwh: domains.UsdPerMwh = 60.0


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
