"""Scenario of the sharing world: operators whose sites share batteries and panels, prices, outages and forecasts."""

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.decision_time import DecisionTime
from voltran.envs.energy.grid import GridSupply
from voltran.envs.energy.source import Panels
from voltran.envs.energy.tariff import Tariff
from voltran.envs.energy.weather import Weather
from voltran.envs.scenario import Scenario, Section
from voltran.envs.sharing.load import Load
from voltran.physics.units import HOURS_PER_DAY

MOST_INFRASTRUCTURES, MOST_OPERATORS, MOST_SITES_EACH = 1000, 8, 3
# Shares that are given may miss 1 by what people round them to.
SHARE_TOLERANCE = 1e-3


class Site(Section):
    """A site of its own.

    Attributes:
        infrastructure: number of the infrastructure that feeds it, from 0.
        operator: number of the operator that owns it, from 0.
        share: alpha, its share in the infrastructure; shares of an infrastructure sum to 1, or none is given.
        power_kw: constant load; drawn like those of other sites by default.
    """

    infrastructure: Annotated[int, Field(ge=0, lt=MOST_INFRASTRUCTURES)]
    operator: Annotated[int, Field(ge=0, lt=MOST_OPERATORS)]
    share: Annotated[float, domains.between(1e-3, 1.0)] | None = None
    power_kw: domains.PositivePowerKw | None = None


class Network(Section):
    """Who shares what.

    Attributes:
        infrastructures: number of infrastructures; each has a battery and a field of panels.
        operators: number of operators, who all have sites at every infrastructure.
        sites_per_operator: of each operator at each infrastructure.
        shares: alpha where sites name none: "equal", or "energy", in proportion to the mean demand on days before.
        sites: sites one by one, in place of the three numbers.
    """

    infrastructures: Annotated[int, Field(ge=1, le=MOST_INFRASTRUCTURES)] = 12
    operators: Annotated[int, Field(ge=1, le=MOST_OPERATORS)] = 3
    sites_per_operator: Annotated[int, Field(ge=1, le=MOST_SITES_EACH)] = 1
    shares: Literal["equal", "energy"] = "equal"
    sites: tuple[Site, ...] = ()

    @property
    def every_site(self) -> tuple[Site, ...]:
        """All sites, by infrastructure and then by operator."""
        if self.sites:
            return tuple(sorted(self.sites, key=lambda site: (site.infrastructure, site.operator)))
        return tuple(
            Site(infrastructure=infrastructure, operator=operator)
            for infrastructure in range(self.infrastructures)
            for operator in range(self.operators)
            for _ in range(self.sites_per_operator)
        )

    @model_validator(mode="after")
    def _sites_fit(self) -> "Network":
        if self.sites:
            self._check_infrastructures()
            self._check_shares()
        return self

    def _check_infrastructures(self) -> None:
        numbers = {site.infrastructure for site in self.sites}
        if self.model_fields_set & {"infrastructures", "operators", "sites_per_operator"}:
            raise ValueError("sites: give the sites one by one, or their numbers, and not both")
        missing = sorted(set(range(max(numbers) + 1)) - numbers)
        if missing:
            raise ValueError(f"sites: infrastructure {missing[0]} has no site; number infrastructures from 0 on")
        counts = Counter((site.infrastructure, site.operator) for site in self.sites)
        for (infrastructure, operator), count in counts.items():
            if count > MOST_SITES_EACH:
                raise ValueError(
                    f"sites: operator {operator} has {count} sites at infrastructure {infrastructure}; at most "
                    f"{MOST_SITES_EACH} are possible"
                )

    def _check_shares(self) -> None:
        for infrastructure in {site.infrastructure for site in self.sites}:
            shares = [site.share for site in self.sites if site.infrastructure == infrastructure]
            given = [share for share in shares if share is not None]
            if not given:
                continue
            if len(given) < len(shares):
                raise ValueError(
                    f"sites: some sites of infrastructure {infrastructure} have a share, others none; give all of them "
                    "one, or none"
                )
            if abs(sum(given) - 1.0) > SHARE_TOLERANCE:
                raise ValueError(
                    f"sites: shares of infrastructure {infrastructure} sum to {sum(given):g}; they must sum to 1"
                )


class SharedBattery(Section):
    """The battery of every infrastructure.

    Attributes:
        capacity_kwh: Omega_init, at full health.
        initial_soc: state of charge at the start of an episode.
        soc_min, soc_max: limits of the state of charge.
        outage_soc_min: state of charge down to which it serves while the grid cannot carry all sites.
        charge_efficiency, discharge_efficiency: shares of energy that arrive.
        charge_limit_kw, discharge_limit_kw: most net power into and out of it.
        initial_health, health_min: state of health at the start; below the second it is not used any more.
        wear_per_cycle: kappa, what a full change of the state of charge costs of the health.
        price_eur: of a new battery; wear costs the part of it that it uses up.
    """

    capacity_kwh: domains.PositiveEnergyKwh = 50.0
    initial_soc: domains.Share = 0.5
    soc_min: domains.Share = 0.1
    soc_max: domains.Share = 1.0
    outage_soc_min: domains.Share = 0.0
    charge_efficiency: domains.Efficiency = 0.95
    discharge_efficiency: domains.Efficiency = 0.95
    charge_limit_kw: domains.PowerKw = 12.5
    discharge_limit_kw: domains.PowerKw = 12.5
    initial_health: domains.Share = 1.0
    health_min: domains.LossShare = 0.8
    wear_per_cycle: domains.LossShare = 8.85e-6
    price_eur: domains.Eur = 10_000.0

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "SharedBattery":
        if self.soc_min >= self.soc_max:
            raise ValueError(f"soc_min = {self.soc_min} must be below soc_max = {self.soc_max}")
        if not self.soc_min <= self.initial_soc <= self.soc_max:
            raise ValueError(f"initial_soc = {self.initial_soc} must lie between soc_min = {self.soc_min} and soc_max")
        if self.outage_soc_min > self.soc_min:
            raise ValueError(f"outage_soc_min = {self.outage_soc_min} must not exceed soc_min = {self.soc_min}")
        if self.initial_health < self.health_min:
            raise ValueError(f"initial_health = {self.initial_health} must not be below health_min = {self.health_min}")
        return self


class Solar(Panels):
    """The panels of every infrastructure.

    Attributes:
        source: "solar" follows the weather, "file" a series.
        capacity_kw: largest generation; 0 for no panels.
        direct: whether they feed sites that are on the grid; otherwise all they give goes through the battery, as in
            [CG], or is lost.
    """

    direct: bool = True


class Forecast(Section):
    """What is known of the hours to come. Prices are known a day ahead.

    Attributes:
        kind: of demand and solar power: "persistence" continues yesterday from where it is now, "federated" has a
            learned forecaster for the coming slot, "noisy" is the truth with errors, "oracle" the truth.
        file: a forecaster that ``voltran forecast train`` made, for "federated".
        error: relative error of "noisy" forecasts a day ahead; nearer ones are better by the root of the time.
        memory_h: time in which a deviation from yesterday fades to 1/e.
        outages_announced: whether outages are known before they begin; otherwise the grid is expected to stay as it is
            for ``memory_h`` and to be there from then on.
        ahead: slots ahead of which agents observe forecasts, 0 being the coming one.
        history_days: days before the episode of which measurements are there.
    """

    kind: Literal["oracle", "persistence", "federated", "noisy"] = "persistence"
    file: str = "zoo:sharing-forecaster"
    error: domains.Share = 0.2
    memory_h: domains.DurationH = 1.0
    outages_announced: bool = False
    ahead: Annotated[tuple[Annotated[int, Field(ge=0, lt=96)], ...], Field(min_length=1, max_length=96)] = (
        0, 1, 2, 4, 8, 16, 32, 64,
    )  # fmt: skip
    history_days: Annotated[int, Field(ge=2, le=28)] = 5


class SharedGrid(GridSupply):
    """The grid connection of every infrastructure.

    Attributes:
        feeders: infrastructures are dealt out to so many feeders in turn.
        main_limit_kw: most that an infrastructure can buy for its sites and its battery.
    """

    main_limit_kw: domains.PositivePowerKw = 60.0


class Reward(Section):
    """What things cost besides energy.

    Attributes:
        lost_load_eur_per_kwh: value of lost load.
    """

    lost_load_eur_per_kwh: domains.EurPerKwh = 3.0


class SharingScenario(Scenario):
    """The sharing world ``sharing_v0``; episodes begin on a Monday, at ``weather.start_hour``."""

    world: Literal["sharing_v0"] = "sharing_v0"
    network: Network = Network()
    load: Load = Load()
    battery: SharedBattery = SharedBattery()
    solar: Solar = Solar()
    tariff: Tariff = Tariff()
    weather: Weather = Weather()
    grid: SharedGrid = SharedGrid()
    forecast: Forecast = Forecast()
    reward: Reward = Reward()
    time: DecisionTime = DecisionTime(horizon_h=168.0)

    @property
    def slots_per_day(self) -> int:
        """Slots of a day."""
        return round(HOURS_PER_DAY / self.time.period_h)

    @model_validator(mode="after")
    def _forecaster_has_traffic(self) -> "SharingScenario":
        if self.forecast.kind == "federated" and self.load.measured is not None:
            raise ValueError(
                f"forecast.kind = 'federated' needs the traffic of sites, and load.measured.file = "
                f"{self.load.measured.file!r} has only power; choose another kind"
            )
        return self

    @model_validator(mode="after")
    def _days_are_whole(self) -> "SharingScenario":
        if abs(self.slots_per_day * self.time.period_h - HOURS_PER_DAY) > 1e-6 or self.slots_per_day < 1:
            raise ValueError(
                f"time.decision_period_s = {self.time.decision_period_s}: a day must be a whole number of slots"
            )
        if max(self.forecast.ahead) >= self.slots_per_day:
            raise ValueError(
                f"forecast.ahead = {list(self.forecast.ahead)}: all must be below a day, {self.slots_per_day} slots"
            )
        return self
