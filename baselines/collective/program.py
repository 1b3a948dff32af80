"""The mixed-integer program of [CG] for one infrastructure, in linear form.

The paper multiplies shares lambda with flows: here the battery stores the sum of what grid and panels charge, and
lambda is reported. The binaries are the sources of sites; slots in which the grid cannot serve all sites have none.
"""

import math
from dataclasses import dataclass

import numpy as np

from voltran.baselines.collective.problem import SharingProblem
from voltran.baselines.program import Label, MixedIntegerProgram, Places, Rows, grid
from voltran.physics.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class SharingProgram:
    """The program of a problem, and where its variables stand.

    Attributes:
        program: what solvers get.
        free: ``[F]`` slots in which every site has one source.
        source: ``[F, n]`` columns of d, 1 for battery.
        grid, solar, direct: ``[T]`` columns of charging from the grid and from the panels, and of panels serving sites.
        stored: ``[T]`` columns of the energy at the end of each slot.
        served, unserved: ``[S]`` columns of what the battery serves and of what nobody serves, for the scarce slots.
        choices: ``[integer]`` columns of all binaries.
    """

    program: MixedIntegerProgram
    free: IntArray
    source: IntArray
    grid: IntArray
    solar: IntArray
    direct: IntArray
    stored: IntArray
    served: IntArray
    unserved: IntArray

    @property
    def choices(self) -> IntArray:
        """Columns of all binaries."""
        return np.flatnonzero(self.program.integral)


def sharing_program(problem: SharingProblem) -> SharingProgram:
    """Build the program: the least costs of purchases, wear and lost load.

    Source: [CG] Eq. 11, [CG] Eq. 11a, [CG] Eq. 11c, [CG] Eq. 11d, with [CG] Eq. 1, [CG] Eq. 2, [CG] Eq. 3, [CG] Eq. 4
    and the change of charge of [CG] Eq. 5, at the capacity that [CG] Eq. 6 gives at the beginning.

    Args:
        problem: one infrastructure.

    Returns:
        A program whose costs are the plan's in EUR, those of purchases without battery included.
    """
    return _Builder(problem).build()


class _Builder:
    """Builds one program. Columns of kinds that a problem does not need are left out."""

    def __init__(self, problem: SharingProblem) -> None:
        self.problem, self.rows, self.n_columns = problem, Rows(), 0
        self.labels: list[Label] = []
        periods, scarce = problem.periods, np.flatnonzero(problem.scarce)
        self.slots, self.scarce = np.arange(periods), scarce
        self.free = np.flatnonzero(~problem.scarce)
        self.demand_kwh = problem.demand_kwh[self.free]
        most_kwh = problem.charge_limit_kwh + (0.0 if problem.exclusive else problem.total_kwh)
        self.grid_most_kwh = np.minimum(problem.grid_room_kwh, problem.charge_limit_kwh)
        self.solar_most_kwh = np.minimum(problem.solar_kwh, most_kwh)
        self.constant = self._columns("purchases_alone")
        self.source = self._columns("battery_serves", slot=self.free, site=problem.n_sites)
        self.grid, self.solar = self._columns("grid_charge", slot=periods), self._columns("solar_charge", slot=periods)
        self.stored = self._columns("stored", slot=periods)
        self.served, self.unserved = self._columns("served", slot=scarce), self._columns("unserved", slot=scarce)
        self.direct = self._columns("solar_direct", slot=periods if problem.solar_direct else 0)
        wearing = periods if problem.wear_eur > 0.0 else 0
        self.rise, self.fall = self._columns("rise", slot=wearing), self._columns("fall", slot=wearing)
        self.lacking = self._columns("lacking", end=0 if problem.refill_eur_per_kwh is None else 1)
        # pairs of slots between which sources can change
        self.later = np.flatnonzero(np.diff(self.free, prepend=-1) == 1)
        if problem.before is None:
            self.later = self.later[self.free[self.later] > 0]
        self.later = self.later if problem.switching_eur > 0.0 else self.later[:0]
        self.switched = self._columns("switched", slot=self.free[self.later], site=problem.n_sites)
        self.from_grid = self._columns("from_grid", slot=periods if problem.single_source else 0)
        sunny = self.free[problem.solar_kwh[self.free] > 0.0]
        self.sunny = sunny if problem.solar_direct and problem.solar_first else sunny[:0]
        self.spare = self._columns("spare_sun", slot=self.sunny)
        self.charging = self._columns("charging", slot=periods if problem.exclusive else 0)

    def build(self) -> SharingProgram:
        """All rows, bounds and costs."""
        self._add_battery_rows()
        self._add_sun_rows()
        self._add_scarce_rows()
        self._add_choice_rows()
        self._add_switching_rows()
        lower, upper = self._bounds()
        integral = np.zeros(self.n_columns, dtype=bool)
        for columns in (self.source, self.from_grid, self.spare, self.charging):
            integral[columns] = True
        program = MixedIntegerProgram(
            self._costs(), lower, upper, integral, self.rows.matrix(self.n_columns),
            np.concatenate(self.rows.lower), np.concatenate(self.rows.upper),
            columns=tuple(self.labels), row_groups=tuple(self.rows.groups),
        )  # fmt: skip
        return SharingProgram(
            program, self.free, self.source, self.grid, self.solar, self.direct, self.stored, self.served,
            self.unserved,
        )  # fmt: skip

    def _columns(self, name: str, **axes: int | Places) -> IntArray:
        """New columns, by their places along the axes; a single one without axes."""
        shape = [each if isinstance(each, int) else len(each) for each in axes.values()]
        columns = self.n_columns + np.arange(math.prod(shape)).reshape(shape or 1)
        self.n_columns += columns.size
        self.labels.append(grid(name, **axes))
        return columns

    def _costs(self) -> FloatArray:
        """What the grid is paid without battery and panels, less what these save. Source: [CG] Eq. 7, its OPEX."""
        problem, costs = self.problem, np.zeros(self.n_columns)
        price = problem.price_eur_per_kwh
        costs[self.constant] = price @ problem.total_kwh
        costs[self.source] = -price[self.free, None] * self.demand_kwh
        costs[self.grid] = price
        costs[self.served] = -price[self.scarce]
        costs[self.unserved] = problem.lost_load_eur_per_kwh - price[self.scarce]
        if problem.solar_direct:
            costs[self.direct] = -price
        if problem.refill_eur_per_kwh is not None:
            costs[self.lacking] = problem.refill_eur_per_kwh
        costs[self.switched] = problem.switching_eur
        costs[self.rise] = costs[self.fall] = problem.wear_eur
        return costs

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        problem = self.problem
        lower, upper = np.zeros(self.n_columns), np.ones(self.n_columns)
        lower[self.constant] = 1.0
        upper[self.grid], upper[self.solar] = self.grid_most_kwh, self.solar_most_kwh
        lower[self.stored], upper[self.stored] = problem.least_kwh, problem.most_kwh
        upper[self.served] = upper[self.unserved] = problem.total_kwh[self.scarce]
        upper[self.lacking] = problem.final_kwh
        if problem.solar_direct:
            upper[self.direct] = np.minimum(problem.solar_kwh, problem.total_kwh)
        return lower, upper

    def _put_discharge(self, row: IntArray, factor: float) -> None:
        """What the battery serves, into ``row [T]``."""
        self.rows.put(row[self.free][:, None], self.source, factor * self.demand_kwh)
        self.rows.put(row[self.scarce], self.served, factor)

    def _add_battery_rows(self) -> None:
        """Stored energy, net power, and change of charge. Source: [CG] Eq. 3 and [CG] Eq. 4 with losses, [CG] Eq. 5."""
        problem, battery = self.problem, self.problem.battery
        before = np.zeros(problem.periods)
        before[0] = problem.stored_kwh
        row = self.rows.add(before, before, problem.periods, grid("energy", slot=problem.periods)) + self.slots
        self._put_stored_change(row)
        for source in (self.grid, self.solar):
            self.rows.put(row, source, -battery.charge_efficiency)
        self._put_discharge(row, 1.0 / battery.discharge_efficiency)
        limits = -problem.discharge_limit_kwh, problem.charge_limit_kwh
        row = self.rows.add(*limits, problem.periods, grid("net_charge", slot=problem.periods)) + self.slots
        for source in (self.grid, self.solar):
            self.rows.put(row, source, 1.0)
        self._put_discharge(row, -1.0)
        if problem.wear_eur > 0.0:
            row = self.rows.add(before, before, problem.periods, grid("change", slot=problem.periods)) + self.slots
            self._put_stored_change(row)
            self.rows.put(row, self.rise, -battery.capacity_kwh)
            self.rows.put(row, self.fall, battery.capacity_kwh)
        if problem.refill_eur_per_kwh is not None:
            last = self.rows.add(problem.final_kwh, np.inf, 1, grid("final"))
            self.rows.put(last, self.stored[-1], 1.0)
            self.rows.put(last, self.lacking, 1.0)

    def _put_stored_change(self, row: IntArray) -> None:
        self.rows.put(row, self.stored, 1.0)
        self.rows.put(row[1:], self.stored[:-1], -1.0)

    def _add_sun_rows(self) -> None:
        """Panels give what they have, and serve no more than the sites on the grid draw."""
        if not self.problem.solar_direct:
            return
        slots = self.problem.periods
        row = self.rows.add(-np.inf, self.problem.solar_kwh, slots, grid("sun", slot=slots)) + self.slots
        self.rows.put(row, self.solar, 1.0)
        self.rows.put(row, self.direct, 1.0)
        total_kwh, label = self.problem.total_kwh[self.free], grid("direct_sun", slot=self.free)
        row = self.rows.add(-np.inf, total_kwh, self.free.size, label) + np.arange(self.free.size)
        self.rows.put(row, self.direct[self.free], 1.0)
        self.rows.put(row[:, None], self.source, self.demand_kwh)

        if self.sunny.size:
            self._add_spare_sun_rows()

    def _add_spare_sun_rows(self) -> None:
        """Panels charge with what they have left, or not at all."""
        problem, sunny = self.problem, self.sunny
        solar_kwh, total_kwh, count = problem.solar_kwh[sunny], problem.total_kwh[sunny], sunny.size
        row = self.rows.add(-np.inf, 0.0, count, grid("charging_by_spare_sun", slot=sunny)) + np.arange(count)
        self.rows.put(row, self.solar[sunny], 1.0)
        self.rows.put(row, self.spare, -self.solar_most_kwh[sunny])
        row = self.rows.add(-np.inf, solar_kwh, count, grid("spare_sun_left", slot=sunny)) + np.arange(count)
        self.rows.put(row, self.solar[sunny], 1.0)
        self.rows.put(row, self.spare, total_kwh)
        place = np.searchsorted(self.free, sunny)
        self.rows.put(row[:, None], self.source[place], -self.demand_kwh[place])

    def _add_scarce_rows(self) -> None:
        """Where the grid cannot serve all, battery, panels and lack make up for what is missing."""
        total_kwh = self.problem.total_kwh[self.scarce]
        missing_kwh = total_kwh - self.problem.grid_limit_kwh[self.scarce]
        label = grid("scarce", slot=self.scarce)
        row = self.rows.add(missing_kwh, total_kwh, self.scarce.size, label) + np.arange(self.scarce.size)
        self.rows.put(row, self.served, 1.0)
        self.rows.put(row, self.unserved, 1.0)
        if self.problem.solar_direct:
            self.rows.put(row, self.direct[self.scarce], 1.0)

    def _add_choice_rows(self) -> None:
        """One source per slot, and charging or discharging, where a problem asks for these."""
        problem, slots = self.problem, self.problem.periods
        if problem.single_source:
            row = self.rows.add(-np.inf, 0.0, slots, grid("grid_charges", slot=slots)) + self.slots
            self.rows.put(row, self.grid, 1.0)
            self.rows.put(row, self.from_grid, -self.grid_most_kwh)
            row = self.rows.add(-np.inf, self.solar_most_kwh, slots, grid("sun_charges", slot=slots)) + self.slots
            self.rows.put(row, self.solar, 1.0)
            self.rows.put(row, self.from_grid, self.solar_most_kwh)
        if problem.exclusive:
            row = self.rows.add(-np.inf, 0.0, slots, grid("charges", slot=slots)) + self.slots
            for source in (self.grid, self.solar):
                self.rows.put(row, source, 1.0)
            self.rows.put(row, self.charging, -problem.charge_limit_kwh)
            label = grid("serves_or_charges", slot=self.free, site=problem.n_sites)
            row = self.rows.add(-np.inf, 1.0, self.source.size, label) + np.arange(self.source.size)
            self.rows.put(row, self.source.ravel(), 1.0)
            self.rows.put(row, np.repeat(self.charging[self.free], problem.n_sites), 1.0)
            total_kwh = problem.total_kwh[self.scarce]
            label = grid("scarce_serves_or_charges", slot=self.scarce)
            row = self.rows.add(-np.inf, total_kwh, self.scarce.size, label) + np.arange(self.scarce.size)
            self.rows.put(row, self.served, 1.0)
            self.rows.put(row, self.charging[self.scarce], total_kwh)

    def _add_switching_rows(self) -> None:
        """Sources that differ from those of the slot before are counted."""
        known = self.later[self.free[self.later] > 0]
        before = np.zeros(self.switched.shape)
        if known.size < self.later.size:
            assert self.problem.before is not None
            before[0] = self.problem.before
        for name, sign in (("switched_on", 1.0), ("switched_off", -1.0)):
            label = grid(name, slot=self.free[self.later], site=self.problem.n_sites)
            row = self.rows.add(-np.inf, (sign * before).ravel(), self.switched.size, label)
            place = row + np.arange(self.switched.size).reshape(self.switched.shape)
            self.rows.put(place, self.source[self.later], sign)
            self.rows.put(place[self.later.size - known.size :], self.source[known - 1], -sign)
            self.rows.put(place, self.switched, -1.0)
