"""Scenario of the market world: base stations with loads and batteries, and the retailers they buy from."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.decision_time import DecisionTime
from voltran.envs.retail.scenario import Retail
from voltran.envs.scenario import Scenario, Section

MOST_SITES = 500


class SiteGroup(Section):
    """Like sites.

    Attributes:
        count: number of sites.
        fixed_kw: P_fix of [DPA] Eq. 1, power at full utilisation.
        fixed_share: q of [DPA] Eq. 1, share of it that is drawn whatever the traffic.
        battery_kwh: capacity of each site's battery; 0 for none.
    """

    count: Annotated[int, Field(ge=1, le=MOST_SITES)] = 1
    fixed_kw: domains.PositivePowerKw
    fixed_share: domains.Share = 0.3
    battery_kwh: domains.EnergyKwh = 0.0


class Battery(Section):
    """What batteries have in common; power limits are per battery.

    Attributes:
        initial_soc: state of charge at the start of an episode.
        soc_min, soc_max: limits of the state of charge.
        charge_efficiency, discharge_efficiency: shares of energy that arrive.
        charge_limit_kw, discharge_limit_kw: most power into and out of a battery.
        wear_usd_per_kwh: cost of wear, per kWh charged or discharged.
    """

    initial_soc: domains.Share = 0.5
    soc_min: domains.Share = 0.1
    soc_max: domains.Share = 1.0
    charge_efficiency: domains.Efficiency = 0.95
    discharge_efficiency: domains.Efficiency = 0.95
    charge_limit_kw: domains.PowerKw = 1.0
    discharge_limit_kw: domains.PowerKw = 1.5
    wear_usd_per_kwh: domains.UsdPerKwh = 0.02

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "Battery":
        if self.soc_min >= self.soc_max:
            raise ValueError(f"soc_min = {self.soc_min} must be below soc_max = {self.soc_max}")
        if not self.soc_min <= self.initial_soc <= self.soc_max:
            raise ValueError(f"initial_soc = {self.initial_soc} must lie between soc_min = {self.soc_min} and soc_max")
        return self


class Load(Section):
    """Utilisation rho / C of sites: a day with two peaks, or constant.

    Attributes:
        utilisation: constant, one for all sites or one each; None for the day.
        peak: typical utilisation at the peak of the day.
        night_share: utilisation in the dead of night over that at the peak.
        morning_h, evening_h: the two peaks; every site has its own mix of them.
        unevenness: spread of the sites' levels, standard deviation of their logarithm.
        noise: standard deviation of utilisation around what is expected.
        noise_memory_h: time after which the correlation of the noise with itself has fallen to 1/e.
        arrivals: whether utilisation in a period is what is expected ("mean"), or that of files that arrive one by one,
            at random ("poisson"); files that a period has no room for wait for the next.
        file_mbit: delta of [DPA] Eq. 1, size of a file.
        capacity_mbps: C of [DPA] Eq. 1, of each site.
    """

    utilisation: domains.Share | tuple[domains.Share, ...] | None = None
    peak: domains.Share = 0.8
    night_share: domains.Share = 0.15
    morning_h: domains.Hour = 11.0
    evening_h: domains.Hour = 20.0
    unevenness: domains.LogSpread = 0.15
    noise: Annotated[float, domains.between(0.0, 1.0)] = 0.05
    noise_memory_h: domains.DurationH = 1.0
    arrivals: Literal["mean", "poisson"] = "mean"
    file_mbit: Annotated[float, domains.between(1e-3, 1e5)] = 4.0
    capacity_mbps: domains.PositiveRateMbps = 20.0


class Reward(Section):
    """What power is worth to a site.

    Attributes:
        utility: whether the logarithm is of all power that a site buys for its load ("site"), or of what it buys from
            each retailer, one by one ("pair", as in [DPA] Eq. 4, which pays for splitting purchases).
    """

    utility: Literal["site", "pair"] = "site"


class MarketScenario(Scenario):
    """The market world ``market_v0``; the time of day at which episodes begin is ``retail.weather.start_hour``."""

    world: Literal["market_v0"] = "market_v0"
    sites: Annotated[tuple[SiteGroup, ...], Field(min_length=1)]
    battery: Battery = Battery()
    load: Load = Load()
    time: DecisionTime = DecisionTime()
    retail: Retail = Retail()
    reward: Reward = Reward()

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return sum(group.count for group in self.sites)

    @model_validator(mode="after")
    def _sites_match(self) -> "MarketScenario":
        count = self.n_sites
        if count > MOST_SITES:
            raise ValueError(f"sites has {count} sites in all; at most {MOST_SITES} are possible")
        if isinstance(self.load.utilisation, tuple) and len(self.load.utilisation) != count:
            raise ValueError(f"load.utilisation has {len(self.load.utilisation)} entries for {count} sites")
        self.retail.check_sites(count)
        return self
