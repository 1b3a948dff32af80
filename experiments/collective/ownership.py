"""The four ways to feed a site that [CG] compares: what they cost at once, for rent, and for energy."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.scenario import Section, apply_overrides, validated
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.energy_year import HOURS_PER_YEAR, EnergyYear, month_of_energy
from voltran.physics.arrays import FloatArray
from voltran.physics.ownership import InfrastructureCosts, capital_eur, payback_years, total_cost_eur
from voltran.physics.shared_battery import next_health
from voltran.physics.units import DAYS_PER_WEEK, HOURS_PER_DAY

EXCLUSIVE_GRID, EXCLUSIVE_BATTERY = "exclusive, grid", "exclusive, battery"
SHARED_GRID, SHARED_BATTERY = "shared, grid", "shared, battery"
TIME_OF_USE, FLAT = "time of use", "flat"
KEUR = 1e-3
LONGEST_Y = 1000.0
CASES = (EXCLUSIVE_GRID, EXCLUSIVE_BATTERY, SHARED_GRID, SHARED_BATTERY)


class Costs(Section):
    """What one infrastructure costs besides its battery, whose price stands with the battery.

    Attributes:
        infrastructure_eur: of rolling it out.
        panels_eur_per_kw: of panels.
        rent_eur_per_year: of the place.
        discount_rate: share by which money is worth less a year later.
        price_growth: share by which energy costs more a year later.
    """

    infrastructure_eur: domains.Eur = 100_000.0
    panels_eur_per_kw: domains.Eur = 1000.0
    rent_eur_per_year: domains.Eur = 50_000.0
    discount_rate: Annotated[float, domains.between(0.0, 0.5)] = 0.0
    price_growth: Annotated[float, domains.between(0.0, 0.5)] = 0.0


class Ownership(Section):
    """What to compare.

    Attributes:
        energy: sites, prices, sunshine and equipment.
        costs: of infrastructures.
        years: of ownership.
        network_sites: sites of the network; a multiple of the sites at a place.
    """

    energy: EnergyYear = EnergyYear()
    costs: Costs = Costs()
    years: Annotated[int, Field(ge=1, le=50)] = 15
    network_sites: Annotated[int, Field(ge=1, le=100_000)] = 1200

    @model_validator(mode="after")
    def _places_are_whole(self) -> Self:
        if self.network_sites % self.energy.sites:
            raise ValueError(
                f"network_sites = {self.network_sites}: must be a multiple of energy.sites = {self.energy.sites}"
            )
        return self


class YearlyEnergy(NamedTuple):
    """What a year of energy costs.

    Attributes:
        grid_eur, exclusive_eur, shared_eur: ``[U]`` per site: from the grid alone, with a battery of its own, and with
            one per place.
        exclusive, shared: what happened with batteries of either kind, per battery and year; see :func:`_per_battery`.
    """

    grid_eur: FloatArray
    exclusive_eur: FloatArray
    shared_eur: FloatArray
    exclusive: dict[str, float]
    shared: dict[str, float]


class Case(NamedTuple):
    """One way to feed a site.

    Attributes:
        share: alpha.
        costs: of its infrastructure.
        energy_eur: per year, the mean of all sites.
    """

    share: float
    costs: InfrastructureCosts
    energy_eur: float

    def capital_eur(self) -> float:
        """What a site pays at once."""
        return float(capital_eur(self.costs, np.array(self.share)))

    def total_eur(self, years: FloatArray, costs: Costs) -> FloatArray:
        """What a site has paid after some years."""
        share, energy_eur = np.array(self.share), np.array(self.energy_eur)
        return total_cost_eur(self.costs, share, energy_eur, years, costs.discount_rate, costs.price_growth)


class Priced(NamedTuple):
    """The four ways to feed a site at one tariff.

    Attributes:
        ownership: with that tariff.
        energy: of a year.
        ways: name to each.
    """

    ownership: Ownership
    energy: YearlyEnergy
    ways: dict[str, Case]

    def total_keur(self, name: str, years: FloatArray) -> FloatArray:
        """What a site has paid after some years."""
        return KEUR * self.ways[name].total_eur(years, self.ownership.costs)

    def end_keur(self, name: str) -> float:
        """What a site has paid at the end."""
        return float(self.total_keur(name, np.array(float(self.ownership.years))))

    def payback_y(self, *, shared: bool) -> float:
        """Years after which a battery with panels has come back; infinite where it never does."""
        without, having = (SHARED_GRID, SHARED_BATTERY) if shared else (EXCLUSIVE_GRID, EXCLUSIVE_BATTERY)
        saving_eur = self.ways[without].energy_eur - self.ways[having].energy_eur
        return self._payback_y(self.ways[having].capital_eur() - self.ways[without].capital_eur(), saving_eur)

    def site_paybacks_y(self, *, shared: bool) -> FloatArray:
        """The same ``[U]`` for each site by itself, whose demand differs from others'."""
        having = SHARED_BATTERY if shared else EXCLUSIVE_BATTERY
        without = SHARED_GRID if shared else EXCLUSIVE_GRID
        saving_eur = self.energy.grid_eur - (self.energy.shared_eur if shared else self.energy.exclusive_eur)
        costs = self.ownership.costs
        extra_eur = self.ways[having].capital_eur() - self.ways[without].capital_eur()
        return payback_years(np.array(extra_eur), saving_eur, costs.discount_rate, costs.price_growth)

    def health_at_end(self, *, shared: bool) -> float:
        """State of health that is left of a battery."""
        battery = self.ownership.energy.battery
        swing = (self.energy.shared if shared else self.energy.exclusive)["swing"] * self.ownership.years
        return float(next_health(battery.initial_health, swing, battery.wear_per_cycle))

    def _payback_y(self, extra_eur: float, saving_eur: float) -> float:
        costs = self.ownership.costs
        return float(payback_years(np.array(extra_eur), np.array(saving_eur), costs.discount_rate, costs.price_growth))


def priced(ownership: Ownership, working: Working) -> Priced:
    """The four ways with the tariff that is set.

    Args:
        ownership: what to compare.
        working: where finished weeks are kept.
    """
    energy = yearly_energy(ownership.energy, working)
    return Priced(ownership, energy, cases(ownership, energy))


def both_tariffs(ownership: Ownership, working: Working) -> dict[str, Priced]:
    """The four ways with the tariff that is set, and with the flat price of the same name.

    Args:
        ownership: what to compare.
        working: where finished weeks are kept.
    """
    flat = changed(ownership, {"energy.tariff.kind": "flat"}, FLAT)
    return {TIME_OF_USE: priced(ownership, working), FLAT: priced(flat, working)}


def changed(ownership: Ownership, changes: Mapping[str, Any], what: str) -> Ownership:
    """The same with dotted keys set differently.

    Raises:
        ScenarioError: a key that is unknown, or a value out of range.
    """
    return validated(Ownership, apply_overrides(ownership.model_dump(), changes), what)


def finite(years: float) -> float | None:
    """A payback, or ``None`` where there is none: what rounding leaves of no saving pays back in aeons."""
    return years if years < LONGEST_Y else None


def yearly_energy(year: EnergyYear, working: Working) -> YearlyEnergy:
    """A year of energy, from a week of each month; finished weeks are kept.

    Args:
        year: what there is.
        working: where to keep them.
    """
    weeks: dict[bool, list[dict[str, Any]]] = {}
    for shared in (False, True):
        who = "shared" if shared else "exclusive"
        weeks[shared] = [
            working.part(
                f"energy of month {month} {who}",
                partial(month_of_energy, year, month, shared, working.jobs),
                {"year": year.model_dump(mode="json", exclude={"months"}), "month": month, "shared": shared},
            )
            for month in year.months
        ]
    per_year = HOURS_PER_YEAR / (DAYS_PER_WEEK * HOURS_PER_DAY)
    exclusive, shared_weeks = weeks[False], weeks[True]
    return YearlyEnergy(
        grid_eur=per_year * np.mean([week["grid_eur"] for week in exclusive], axis=0),
        exclusive_eur=per_year * np.mean([week["battery_eur"] for week in exclusive], axis=0),
        shared_eur=per_year * np.mean([week["battery_eur"] for week in shared_weeks], axis=0),
        exclusive=_per_battery(exclusive, per_year),
        shared=_per_battery(shared_weeks, per_year),
    )


def cases(ownership: Ownership, energy: YearlyEnergy) -> dict[str, Case]:
    """Name to each of the four ways.

    Args:
        ownership: what to compare.
        energy: of its year.
    """
    costs, year = ownership.costs, ownership.energy
    grid = InfrastructureCosts(costs.infrastructure_eur, 0.0, 0.0, costs.rent_eur_per_year)
    panels_eur = costs.panels_eur_per_kw * year.panels.capacity_kw
    battery = grid._replace(battery_eur=year.battery.price_eur, renewable_eur=panels_eur)
    grid_eur = float(energy.grid_eur.mean())
    return {
        EXCLUSIVE_GRID: Case(1.0, grid, grid_eur),
        EXCLUSIVE_BATTERY: Case(1.0, battery, float(energy.exclusive_eur.mean())),
        SHARED_GRID: Case(1.0 / year.sites, grid, grid_eur),
        SHARED_BATTERY: Case(1.0 / year.sites, battery, float(energy.shared_eur.mean())),
    }


def _per_battery(weeks: list[dict[str, Any]], per_year: float) -> dict[str, float]:
    """Energy and changes of the state of charge per battery and year, and how good the plans are.

    Returns:
        ``load_kwh``, ``bought_kwh``, ``solar_kwh``, ``solar_used_kwh``, ``swing``; ``worst_gap``; ``plans`` and those
        of them that are ``optimal``.
    """
    summed = ("load_kwh", "bought_kwh", "solar_kwh", "solar_used_kwh", "swing")
    found = {key: per_year * float(np.mean([week[key] / week["batteries"] for week in weeks])) for key in summed}
    found["worst_gap"] = max(week["worst_gap"] for week in weeks)
    found["plans"] = sum(week["batteries"] for week in weeks)
    found["optimal"] = sum(week["statuses"].get("optimal", 0) for week in weeks)
    return found
