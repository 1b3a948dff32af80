"""What one infrastructure has to decide: its sites' demand, prices, sunshine and the state of its battery."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.battery import BatteryParameters
from voltran.physics.ordering import SAME


@dataclass(frozen=True, eq=False)
class SharingProblem:
    """One infrastructure over T slots: its sites, their grid connection, panels and one battery.

    Source: [CG] Eq. 11, for one infrastructure: nothing in it couples two of them.

    A battery that is below its least state of charge, at the beginning or after an outage, is charged as fast as it can
    be until it is there, and a final energy out of reach is met as far as it can be, so that every problem has a plan.

    Attributes:
        demand_kwh: ``[T, n]`` D of the sites.
        price_eur_per_kwh: ``[T]`` p^G; may be negative.
        solar_kwh: ``[T]`` what the panels give.
        grid_limit_kwh: ``[T]`` what the grid gives at most, infinite where nothing limits it; 0 in an outage.
        stored_kwh: energy in the cells at the beginning.
        battery: its constants; the limits of power bound the net flow, charging less discharging.
        period_h: length of a slot.
        final_kwh: least energy in the cells at the end.
        refill_eur_per_kwh: what each kWh costs that the cells lack of it; None where they must not lack any.
        wear_eur: what a change of the state of charge by 1 costs.
        lost_load_eur_per_kwh: what demand costs that nobody serves.
        solar_direct: whether the panels serve sites on the grid, too, and not the battery alone.
        solar_first: whether panels charge only with what sites on the grid leave of their power, as worlds do it.
        single_source: whether a slot charges from the grid or from the panels, never from both.
        exclusive: whether a battery never charges and serves sites in the same slot.
        outage_soc_min: least state of charge in slots in which the grid cannot serve all; None for the battery's own.
        switching_eur: what each change of a site's source costs, from one slot to the next where it has one in both.
        before: ``[n]`` sites that the battery serves before the first slot; None where that is not known.
        must_recharge: False lets a battery below its least state of charge stay there, which no plan does, but worlds.

    Raises:
        ScenarioError: shapes that do not agree, numbers that are not finite or out of range.
    """

    demand_kwh: FloatArray
    price_eur_per_kwh: FloatArray
    solar_kwh: FloatArray
    grid_limit_kwh: FloatArray
    stored_kwh: float
    battery: BatteryParameters
    period_h: float
    final_kwh: float = 0.0
    wear_eur: float = 0.0
    lost_load_eur_per_kwh: float = 3.0
    solar_direct: bool = False
    solar_first: bool = False
    single_source: bool = False
    exclusive: bool = False
    outage_soc_min: float | None = None
    refill_eur_per_kwh: float | None = None
    switching_eur: float = 0.0
    before: BoolArray | None = None
    must_recharge: bool = True

    def __post_init__(self) -> None:
        periods = np.shape(self.price_eur_per_kwh)[:1]
        sites = np.shape(self.demand_kwh)[1:2]
        if not periods or not sites or 0 in periods + sites:
            raise ScenarioError(
                f"demand_kwh of shape {np.shape(self.demand_kwh)} and price_eur_per_kwh of shape "
                f"{np.shape(self.price_eur_per_kwh)}: give [slots, sites] and [slots], one of each at least"
            )
        for name, shape, least in (
            ("demand_kwh", periods + sites, 0.0),
            ("price_eur_per_kwh", periods, None),
            ("solar_kwh", periods, 0.0),
            ("grid_limit_kwh", periods, 0.0),
        ):
            value = _checked(name, getattr(self, name), shape, least, finite=name != "grid_limit_kwh")
            object.__setattr__(self, name, value)
        _check_battery(self.battery)
        for name in ("stored_kwh", "final_kwh", "wear_eur", "lost_load_eur_per_kwh", "switching_eur", "period_h"):
            object.__setattr__(self, name, float(_checked(name, getattr(self, name), (), 0.0, finite=True)))
        if self.refill_eur_per_kwh is not None:
            refill = _checked("refill_eur_per_kwh", self.refill_eur_per_kwh, (), 0.0, finite=True)
            object.__setattr__(self, "refill_eur_per_kwh", float(refill))
        if self.before is not None and np.shape(self.before) != sites:
            raise ScenarioError(f"before: shape {np.shape(self.before)}, expected {sites}: one value per site")
        if self.period_h == 0.0:
            raise ScenarioError("period_h = 0: the length of a slot must be positive; a quarter of an hour is 0.25")
        self._check_energies()

    def _check_energies(self) -> None:
        full_kwh = self.battery.soc_max * self.battery.capacity_kwh
        for name in ("stored_kwh", "final_kwh"):
            value = getattr(self, name)
            if value > full_kwh * (1.0 + SAME):
                raise ScenarioError(
                    f"{name} = {value:g} exceeds what the battery may hold, {full_kwh:g} kWh; lower it, or raise the "
                    "battery's capacity_kwh or soc_max"
                )
            object.__setattr__(self, name, min(value, full_kwh))
        outage = self.outage_soc_min
        if outage is not None and not 0.0 <= outage <= self.battery.soc_min:
            raise ScenarioError(
                f"outage_soc_min = {outage!r}: must lie between 0 and the battery's soc_min = {self.battery.soc_min:g}"
            )

    @property
    def periods(self) -> int:
        """T."""
        return int(self.demand_kwh.shape[0])

    @property
    def n_sites(self) -> int:
        """n."""
        return int(self.demand_kwh.shape[1])

    @cached_property
    def total_kwh(self) -> FloatArray:
        """``[T]`` demand of all sites."""
        return np.asarray(self.demand_kwh.sum(axis=1))

    @cached_property
    def scarce(self) -> BoolArray:
        """``[T]`` slots in which the grid cannot serve all sites. There, sites are served in any fractions."""
        return np.asarray(self.total_kwh > self.grid_limit_kwh * (1.0 + SAME))

    @cached_property
    def grid_room_kwh(self) -> FloatArray:
        """``[T]`` what the grid can give to the battery: what its limit leaves beyond the demand of all sites."""
        return np.asarray(np.maximum(self.grid_limit_kwh - self.total_kwh, 0.0))

    @property
    def charge_limit_kwh(self) -> float:
        """Most that a slot's charging may exceed its discharging, at the terminals."""
        return self.battery.charge_limit_kw * self.period_h

    @property
    def discharge_limit_kwh(self) -> float:
        """Most that a slot's discharging may exceed its charging, at the terminals."""
        return self.battery.discharge_limit_kw * self.period_h

    @cached_property
    def idle_solar_kwh(self) -> FloatArray:
        """``[T]`` what panels have for the battery while it serves nobody."""
        first = self.solar_direct and self.solar_first
        taken_kwh = np.where(self.scarce, 0.0, self.total_kwh) if first else 0.0
        return np.asarray(np.maximum(self.solar_kwh - taken_kwh, 0.0))

    @cached_property
    def fastest_kwh(self) -> FloatArray:
        """``[T]`` most that a slot can charge, at the terminals, while the battery serves nobody."""
        parts = np.stack([self.idle_solar_kwh, self.grid_room_kwh])
        available = parts.max(axis=0) if self.single_source else parts.sum(axis=0)
        return np.asarray(np.minimum(available, self.charge_limit_kwh))

    @cached_property
    def most_kwh(self) -> FloatArray:
        """``[T]`` most energy that can be in the cells at the end of each slot."""
        full_kwh = self.battery.soc_max * self.battery.capacity_kwh
        most, stored = np.empty(self.periods), self.stored_kwh
        for t, charge_kwh in enumerate(self.fastest_kwh):
            most[t] = stored = min(full_kwh, stored + self.battery.charge_efficiency * charge_kwh)
        return most

    @cached_property
    def least_kwh(self) -> FloatArray:
        """``[T]`` least energy in the cells at the end of each slot from which all later limits can be met."""
        floor, efficiency = self._floor_kwh(), self.battery.charge_efficiency
        if self.refill_eur_per_kwh is None:
            floor[-1] = max(floor[-1], self.final_kwh)
        least = np.minimum(floor, self.most_kwh)
        for t in range(self.periods - 1, 0, -1):
            least[t - 1] = max(least[t - 1], least[t] - efficiency * self.fastest_kwh[t])
        return least

    def _floor_kwh(self) -> FloatArray:
        """``[T]`` least energy by the least state of charge; after an outage it rises as fast as it can be charged.

        Source: [CG] Eq. 11a.
        """
        least_kwh = self.battery.soc_min * self.battery.capacity_kwh
        outage_soc = self.battery.soc_min if self.outage_soc_min is None else self.outage_soc_min
        outage_kwh = min(outage_soc * self.battery.capacity_kwh, least_kwh)
        if not self.must_recharge:
            begun = np.logical_or.accumulate(self.scarce)
            return np.where(begun, outage_kwh, min(least_kwh, self.stored_kwh))
        floor, reached = np.empty(self.periods), least_kwh
        for t, charge_kwh in enumerate(self.fastest_kwh):
            rising = min(least_kwh, reached + self.battery.charge_efficiency * charge_kwh)
            floor[t] = reached = outage_kwh if self.scarce[t] else rising
        return floor


def _checked(name: str, value: ArrayLike, shape: tuple[int, ...], least: float | None, finite: bool) -> FloatArray:
    """Numbers of the right shape, none of them NaN or below the least.

    Raises:
        ScenarioError: they are not.
    """
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"{name} = {value!r}: must be numbers") from error
    if array.shape != shape:
        raise ScenarioError(
            f"{name}: shape {array.shape}, expected {shape}: one value per slot, as in price_eur_per_kwh, and per site "
            "where it is of sites"
        )
    wrong = ~np.isfinite(array) if finite else np.isnan(array)
    if least is not None:
        wrong |= array < least
    if wrong.any():
        where = tuple(int(index[0]) for index in np.nonzero(np.atleast_1d(wrong)))
        at = f"[{', '.join(map(str, where))}]" if shape else ""
        bad = float(np.atleast_1d(array)[where])
        kind = "finite numbers" if finite else "numbers, infinite ones allowed"
        low = "" if least is None else f" of at least {least:g}"
        raise ScenarioError(f"{name}{at} = {bad:g}: must be {kind}{low}; mend the series or the forecast")
    return array


def _check_battery(battery: BatteryParameters) -> None:
    """Make sure that a battery's constants are in range.

    Raises:
        ScenarioError: they are not.
    """
    for name, value in battery._asdict().items():
        if not np.isfinite(value) or value < 0.0:
            raise ScenarioError(f"battery.{name} = {value!r}: must be a finite number of at least 0")
    for name in ("charge_efficiency", "discharge_efficiency"):
        if not 0.0 < getattr(battery, name) <= 1.0:
            raise ScenarioError(f"battery.{name} = {getattr(battery, name):g}: must be above 0 and at most 1")
    if battery.capacity_kwh == 0.0:
        raise ScenarioError("battery.capacity_kwh = 0: must be positive; a site without battery has no plan to make")
    if not battery.soc_min <= battery.soc_max <= 1.0:
        raise ScenarioError(
            f"battery.soc_min = {battery.soc_min:g} and soc_max = {battery.soc_max:g}: must rise, up to 1 at most"
        )
