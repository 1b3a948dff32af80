"""What a year of energy costs sites, with and without batteries: weeks of every month, planned as well as they can be.

Nothing here but what decides these costs, so that nothing else outdates what has been computed.
"""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from voltran.baselines.collective.plan import plan_all
from voltran.baselines.collective.problem import SharingProblem
from voltran.envs.energy.generation import draw_solar
from voltran.envs.energy.source import Panels
from voltran.envs.energy.tariff import Tariff, draw_prices
from voltran.envs.energy.weather import Weather
from voltran.envs.scenario import Section
from voltran.envs.sharing.load import Load, SiteTable, draw_load
from voltran.envs.sharing.scenario import SharedBattery
from voltran.physics.arrays import FloatArray
from voltran.physics.battery import BatteryParameters
from voltran.physics.ownership import energy_cost_eur
from voltran.physics.shared_battery import wear_cost_eur
from voltran.physics.units import DAYS_PER_WEEK, HOURS_PER_DAY

HOURS_PER_YEAR = 365.0 * HOURS_PER_DAY

Month = Annotated[int, Field(ge=1, le=12)]


class EnergyYear(Section):
    """Sites, prices, sunshine and equipment of a year; a week stands for its month.

    Attributes:
        infrastructures: places, each with so many sites.
        sites: at a place, one per operator. Without sharing each has a battery and panels of its own.
        months: that are planned; the year is their mean.
        seed: of load, prices and clouds.
        period_h: length of a slot.
        load, tariff, battery, panels, weather: as in scenarios; ``weather.month`` is set month by month.
        solar_direct: whether panels feed sites on the grid; in [CG] all they give goes through the battery.
        gap: relative gap of plans.
        time_limit_s: of a plan.
    """

    infrastructures: Annotated[int, Field(ge=1, le=1000)] = 12
    sites: Annotated[int, Field(ge=1, le=8)] = 3
    months: Annotated[tuple[Month, ...], Field(min_length=1)] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    seed: Annotated[int, Field(ge=0)] = 0
    period_h: Annotated[float, Field(ge=0.25, le=1.0)] = 0.25
    load: Load = Load()
    tariff: Tariff = Tariff()
    battery: SharedBattery = SharedBattery()
    panels: Panels = Panels()
    solar_direct: bool = False
    weather: Weather = Weather()
    gap: Annotated[float, Field(gt=0.0, le=0.1)] = 1e-3
    time_limit_s: Annotated[float, Field(gt=0.0, le=600.0)] = 30.0

    @property
    def slots(self) -> int:
        """Slots of a week."""
        return round(DAYS_PER_WEEK * HOURS_PER_DAY / self.period_h)


def month_of_energy(year: EnergyYear, month: int, shared: bool, jobs: int) -> dict[str, Any]:
    """A week of a month, with a battery and panels per site or per place, and without any.

    Weeks are planned as one, with foresight, from the initial state of charge to at least the same. What wears the
    battery counts in the plan; what is returned is energy alone.

    Args:
        year: what there is.
        month: which one, 1 to 12.
        shared: one battery and one field of panels per place, paid in equal shares; or per site.
        jobs: processes.

    Returns:
        ``grid_eur`` and ``battery_eur``, ``[site]`` what the energy of the week costs each site without and with
        batteries; ``load_kwh``, ``bought_kwh`` and ``solar_kwh`` of all sites together, the last as the panels could
        give it, and ``solar_used_kwh``; ``swing``, the sum of all changes of the states of charge, ``batteries``;
        ``worst_gap`` and ``statuses`` of the plans.
    """
    together = year.sites if shared else 1
    demand_kwh, price = _demand_kwh(year, month), _prices(year, month)
    solar_kwh = [_solar_kwh(year, month, place) for place in range(year.infrastructures)]
    groups = [slice(first, first + together) for first in range(0, demand_kwh.shape[1], together)]
    places = [group.start // year.sites for group in groups]
    problems = [
        _problem(year, demand_kwh[:, group], price, solar_kwh[place])
        for group, place in zip(groups, places, strict=True)
    ]
    plans = plan_all(problems, jobs, gap=year.gap, time_limit_s=year.time_limit_s)
    alpha, costs_eur, bought_kwh, used_kwh, swing = np.full(together, 1.0 / together), [], 0.0, 0.0, 0.0
    for problem, plan in zip(problems, plans, strict=True):
        from_grid_kwh = _from_grid_kwh(problem, plan.battery_sites, plan.solar_direct_kwh)
        costs_eur.append(energy_cost_eur(price, from_grid_kwh, plan.grid_charge_kwh, alpha))
        bought_kwh += float(from_grid_kwh.sum() + plan.grid_charge_kwh.sum())
        used_kwh += float(plan.solar_charge_kwh.sum() + plan.solar_direct_kwh.sum())
        swing += float(np.abs(np.diff(plan.stored_kwh)).sum()) / year.battery.capacity_kwh
    statuses = [plan.status for plan in plans]
    return {
        "grid_eur": (price @ demand_kwh).tolist(),
        "battery_eur": np.concatenate(costs_eur).tolist(),
        "load_kwh": float(demand_kwh.sum()),
        "bought_kwh": bought_kwh,
        "solar_kwh": float(sum(solar_kwh[place].sum() for place in places)),
        "solar_used_kwh": used_kwh,
        "swing": swing,
        "batteries": len(problems),
        "worst_gap": max(plan.gap for plan in plans),
        "statuses": {status: statuses.count(status) for status in dict.fromkeys(statuses)},
    }


def _from_grid_kwh(problem: SharingProblem, on_battery: Any, direct_kwh: FloatArray) -> FloatArray:
    """``[T, n]`` what sites on the grid buy; what panels give them directly is parted by their demand."""
    load_kwh = np.where(on_battery, 0.0, problem.demand_kwh)
    total_kwh = load_kwh.sum(axis=1)
    left = 1.0 - np.divide(direct_kwh, total_kwh, out=np.zeros_like(total_kwh), where=total_kwh > 0.0)
    return np.asarray(load_kwh * left[:, None])


def _problem(year: EnergyYear, demand_kwh: FloatArray, price: FloatArray, solar_kwh: FloatArray) -> SharingProblem:
    battery = year.battery
    initial_kwh = battery.initial_soc * battery.capacity_kwh
    return SharingProblem(
        demand_kwh=demand_kwh,
        price_eur_per_kwh=price,
        solar_kwh=solar_kwh,
        grid_limit_kwh=np.full(len(price), np.inf),
        stored_kwh=initial_kwh,
        battery=BatteryParameters(**{name: getattr(battery, name) for name in BatteryParameters._fields}),
        period_h=year.period_h,
        final_kwh=initial_kwh,
        wear_eur=wear_cost_eur(battery.price_eur, battery.wear_per_cycle, battery.health_min),
        solar_direct=year.solar_direct,
    )


def _week(year: EnergyYear, month: int) -> slice:
    """The slots of a month's week in what is drawn for all twelve, one after the other."""
    return slice((month - 1) * year.slots, month * year.slots)


def _demand_kwh(year: EnergyYear, month: int) -> FloatArray:
    """``[T, U]`` of all sites, by place."""
    places = np.repeat(np.arange(year.infrastructures), year.sites)
    table = SiteTable(np.tile(np.arange(year.sites), year.infrastructures), places)
    week = _week(year, month)
    series = draw_load(year.load, table, year.seed, week.stop, year.period_h, year.weather.start_hour)
    return np.asarray(series.power_kw[week] * year.period_h)


def _prices(year: EnergyYear, month: int) -> FloatArray:
    week = _week(year, month)
    return draw_prices(year.tariff, year.seed, week.stop, year.period_h, year.weather.start_hour)[week]


def _solar_kwh(year: EnergyYear, month: int, place: int) -> FloatArray:
    """``[T]`` what one field of panels can give."""
    week, weather = _week(year, month), year.weather.model_copy(update={"month": month})
    drawn = draw_solar(year.panels, weather, year.seed, place, week.stop, year.period_h)
    return np.asarray(drawn.available_kw[week] * year.period_h)
