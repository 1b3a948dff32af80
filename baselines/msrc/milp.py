"""Stage 1 of [MSRC] as one mixed-integer program.

It is the linear program of :mod:`voltran.baselines.msrc.evaluation` with the plan left free: one binary per site and
option, and per flow and table of costs how much is served. Every product of an option with what is served there becomes
a limit that is zero unless the option is chosen, so that nothing is approximated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from voltran.baselines.msrc.groups import CLASS_GROUPS
from voltran.baselines.msrc.instance import Instance
from voltran.baselines.msrc.link_rows import add_link_rows, linkable
from voltran.baselines.msrc.options import option_names
from voltran.baselines.program import Label, MixedIntegerProgram, Rows, grid, listed
from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.ordering import falling
from voltran.physics.power import NORMAL

# What ``Groups.class_group`` counts.
GROUP_NAMES = ("priority", "best_effort")


class Window(NamedTuple):
    """What is known of ``s``, the inverse of the shortest lifetime, in 1/h: no solution of interest lies outside."""

    low: float
    high: float


@dataclass(frozen=True)
class PlanProgram:
    """The program of an instance, and where its variables stand.

    Attributes:
        program: what solvers get.
        choice: ``[site, option]`` columns of the binaries.
        inverse_lifetime: column of ``s``.
    """

    program: MixedIntegerProgram
    choice: IntArray
    inverse_lifetime: int

    def plan_of(self, values: FloatArray) -> IntArray:
        """The plan ``[site]`` of a solution ``[variable]``."""
        return np.asarray(values[self.choice].argmax(axis=1), dtype=np.int64)

    def fixed(self, plan: IntArray) -> MixedIntegerProgram:
        """The program for one plan ``[site]``: its least cost is the plan's."""
        chosen = np.arange(self.choice.shape[1]) == plan[:, None]
        return self.program.fixed(self.choice.ravel(), chosen.ravel().astype(np.float64))


def plan_program(instance: Instance, window: Window | None = None) -> PlanProgram:
    """Build the mixed-integer program of an instance.

    Source: [MSRC] Eq. 18, [MSRC] Eq. 19, [MSRC] Eq. 20, [MSRC] Eq. 21, [MSRC] Eq. 22, [MSRC] Eq. 23, [MSRC] Eq. 24,
    [MSRC] Eq. 25, [MSRC] Eq. 26.

    Args:
        instance: the planning problem.
        window: makes the program as tight as it can be for ``s`` within it, which leaves out all solutions without; by
            default nothing is left out. Meaningful for the max-min objective only.

    Returns:
        A program whose optimum is the cheapest feasible plan, with cost as of ``Evaluator.cost``.
    """
    return _Builder(instance, window).build()


# --- inside -----------------------------------------------------------------------------------------------------------


class _Pairs(NamedTuple):
    """Flows of live sites by the table of costs under which they are served; all arrays ``[pair]``.

    ``cell`` counts sites and tables together, ``power_kw`` and the like are of the whole demand.
    """

    flow: IntArray
    site: IntArray
    table: IntArray
    cell: IntArray
    demand: IntArray
    power_kw: FloatArray
    load: FloatArray
    first_load: FloatArray
    traffic_mbps: FloatArray


def _pairs(instance: Instance) -> _Pairs:
    """Only pairs that some option of the table reaches."""
    groups, options, flows = instance.groups, instance.options, instance.live_flows
    n_tables = int(options.table.max()) + 1
    widest = np.zeros((flows.size, n_tables))
    for option in range(options.mode.size):
        table = options.table[option]
        widest[:, table] = np.maximum(widest[:, table], groups.reach[flows, option])
    row, table = np.nonzero(widest > 0.0)
    flow = flows[row]
    site = groups.site[flow]
    tables = (groups.power_kw, groups.load, groups.first_load, groups.traffic_mbps)
    return _Pairs(
        flow, site, table, site * n_tables + table, groups.demand[flow], *(values[flow, table] for values in tables)
    )


class _Builder:
    """Builds one program."""

    def __init__(self, instance: Instance, window: Window | None) -> None:
        self.instance, self.window = instance, window or Window(0.0, np.inf)
        self.is_tight = window is not None
        self.pairs = _pairs(instance)
        self.n_sites, self.n_options = instance.n_sites, instance.options.mode.size
        self.n_tables = int(instance.options.table.max()) + 1
        self.rows = Rows()
        self._place_columns()

    def build(self) -> PlanProgram:
        """All rows, bounds and costs."""
        self._add_choice_rows()
        self._add_service_rows()
        self._add_site_rows()
        self._add_power_rows()
        add_link_rows(self.rows, self.instance, self.choice, self.link)
        lower, upper = self._bounds()
        integral = np.zeros(self.n_columns, dtype=bool)
        integral[self.choice] = True
        program = MixedIntegerProgram(
            self._costs(), lower, upper, integral, self.rows.matrix(self.n_columns),
            np.concatenate(self.rows.lower), np.concatenate(self.rows.upper),
            columns=self._column_labels(), row_groups=tuple(self.rows.groups),
        )  # fmt: skip
        return PlanProgram(program, self.choice, self.inverse_lifetime)

    def _place_columns(self) -> None:
        cells = self.n_sites * self.n_tables
        n_demands, n_links = self.instance.groups.home.size, linkable(self.instance)[0].size
        sizes = [self.n_sites * self.n_options, self.pairs.flow.size, n_demands, CLASS_GROUPS, cells, n_links]
        self.inverse_lifetime = sum(sizes)
        self.n_columns = self.inverse_lifetime + 1
        parts = np.split(np.arange(self.inverse_lifetime), np.cumsum(sizes)[:-1])
        choice, self.served, self.drop, self.slack, self.overflow, self.link = parts
        self.choice = choice.reshape(self.n_sites, self.n_options)

    def _column_labels(self) -> tuple[Label, ...]:
        """What the columns stand for, in their order."""
        pairs, (helper, needy) = self.pairs, linkable(self.instance)
        return (
            grid("", site=self.n_sites, mode=option_names(self.instance.options)),
            listed("served", demand=pairs.demand, site=pairs.site, table=pairs.table),
            grid("dropped", demand=self.drop.size),
            grid("below_floor", group=GROUP_NAMES),
            grid("overflow", site=self.n_sites, table=self.n_tables),
            listed("link", helper=helper, needy=needy),
            grid("inverse_lifetime_per_h"),
        )

    def _costs(self) -> FloatArray:
        """What is minimised. Source: [MSRC] Eq. 18, normalised as in :class:`PlannerSettings`."""
        instance, options, pairs = self.instance, self.instance.options, self.pairs
        costs = np.zeros(self.n_columns)
        costs[self.choice] = instance.power_cost[:, None] * options.static_kw + instance.switch_cost
        costs[self.served] = instance.power_cost[pairs.site] * pairs.power_kw
        costs[self.drop] = instance.drop_cost
        costs[self.slack] = instance.settings.floor_penalty
        costs[self.overflow] = (instance.power_cost[:, None] * self._overflow_kw()).ravel()
        costs[self.inverse_lifetime] = instance.lifetime_cost
        return costs

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        instance = self.instance
        lower, upper = np.zeros(self.n_columns), np.ones(self.n_columns)
        upper[self.overflow] = np.inf
        lower[self.inverse_lifetime], upper[self.inverse_lifetime] = self.window
        dead = self.choice[~instance.alive]
        upper[dead] = 0.0
        lower[dead[:, -1]] = upper[dead[:, -1]] = 1.0
        if self.is_tight:
            upper[self.choice[self._room_kw() < 0.0]] = 0.0
        return lower, upper

    def _overflow_kw(self) -> FloatArray:
        """``[table]``; it follows from the bands, which the options of a table share."""
        return np.asarray(
            [self.instance.options.overflow_kw[self.instance.options.table == t].max() for t in range(self.n_tables)]
        )

    def _room_kw(self) -> FloatArray:
        """``[site, option]`` power above idle that the window allows; dead sites have no limit."""
        energy = np.where(self.instance.alive, self.instance.bounded_energy_kwh, np.inf)
        return np.asarray(self.window.high * energy[:, None] - self.instance.options.static_kw)

    def _add_choice_rows(self) -> None:
        """One option per site, and nothing served without the option that serves it. Source: [MSRC] Eq. 19."""
        instance, pairs, table = self.instance, self.pairs, self.instance.options.table
        first = self.rows.add(1.0, 1.0, self.n_sites, grid("one_mode", site=self.n_sites))
        self.rows.put(first + np.arange(self.n_sites)[:, None], self.choice, 1.0)
        reach = instance.groups.reach[pairs.flow]
        if self.is_tight:
            drawn = np.maximum(pairs.power_kw, 1e-12)[:, None]
            reach = np.minimum(reach, np.maximum(self._room_kw()[pairs.site], 0.0) / drawn)
        limit = np.where(table[None, :] == pairs.table[:, None], reach, 0.0)
        label = listed("reach", demand=pairs.demand, site=pairs.site, table=pairs.table)
        row = self.rows.add(-np.inf, 0.0, pairs.flow.size, label) + np.arange(pairs.flow.size)
        self.rows.put(row, self.served, 1.0)
        self.rows.put(row[:, None], self.choice[pairs.site], -limit)

    def _add_service_rows(self) -> None:
        """Every demand is served or dropped; at home while home is normal; floors per class group.

        One row for all sites away from home together is as exact as one per flow, and tighter.
        """
        instance, groups, pairs = self.instance, self.instance.groups, self.pairs
        demands = np.arange(groups.home.size)
        first = self.rows.add(1.0, 1.0, demands.size, grid("served_or_dropped", demand=demands.size))
        self.rows.put(first + pairs.demand, self.served, 1.0)
        self.rows.put(first + demands, self.drop, 1.0)
        at_home = self.rows.add(-np.inf, 1.0, demands.size, grid("at_home_while_normal", demand=demands.size))
        away = groups.away[pairs.flow] & instance.alive[groups.home[pairs.demand]]
        self.rows.put(at_home + pairs.demand[away], self.served[away], 1.0)
        live = demands[instance.alive[groups.home]]
        normal = np.flatnonzero(instance.options.mode == NORMAL)
        self.rows.put((at_home + live)[:, None], self.choice[groups.home[live]][:, normal], 1.0)
        floor = self.rows.add(-np.inf, instance.drop_allowance, CLASS_GROUPS, grid("floor", group=GROUP_NAMES))
        self.rows.put(floor + groups.class_group, self.drop, instance.drop_share)
        self.rows.put(floor + np.arange(CLASS_GROUPS), self.slack, -1.0)

    def _add_site_rows(self) -> None:
        """Resource blocks, traffic and the first band's blocks, per site and table, under the options of the table.

        Source: [MSRC] Eq. 8, whose shares add up to at most 1, and [MSRC] Eq. 9.
        """
        options, pairs = self.instance.options, self.pairs
        cell = np.arange(self.n_sites)[:, None] * self.n_tables + options.table
        limits = (
            ("blocks", pairs.load, np.full(self.n_options, self.instance.settings.load_limit)),
            ("traffic", pairs.traffic_mbps, options.traffic_mbps),
            ("first_band", pairs.first_load, np.ones(self.n_options)),
        )
        for name, taken, limit in limits:
            label = grid(name, site=self.n_sites, table=self.n_tables)
            first = self.rows.add(-np.inf, 0.0, self.n_sites * self.n_tables, label)
            self.rows.put(first + pairs.cell, self.served, taken)
            self.rows.put(first + cell, self.choice, -limit)
        self.rows.put(first + np.arange(self.overflow.size), self.overflow, -1.0)

    def _put_power(self, row: IntArray, table: int) -> None:
        """Power above idle of every site under a table, into ``row [site]``."""
        mine = self.pairs.table == table
        self.rows.put(row[self.pairs.site[mine]], self.served[mine], self.pairs.power_kw[mine])
        overflow = self.overflow.reshape(self.n_sites, self.n_tables)[:, table]
        self.rows.put(row, overflow, float(self._overflow_kw()[table]))

    def _add_power_rows(self) -> None:
        """``P_i <= s E_i`` for live sites; the levelling objective has no such row. Source: [MSRC] Eq. 26, inverted."""
        if self.instance.lifetime_cost == 0.0:
            return
        if not self.is_tight:
            self._add_lifetime_rows(range(self.n_tables))
            return
        options, room_kw = self.instance.options, self._room_kw()
        room_kw[~self.instance.alive] = 0.0
        for table in range(self.n_tables):
            label = grid(f"power_under_table_{table}", site=self.n_sites)
            row = self.rows.add(-np.inf, 0.0, self.n_sites, label) + np.arange(self.n_sites)
            self._put_power(row, table)
            mine = np.flatnonzero(options.table == table)
            self.rows.put(row[:, None], self.choice[:, mine], -np.maximum(room_kw[:, mine], 0.0))
        largest = self._largest_kw()
        order = falling(largest.max(axis=0)).tolist()
        energy = self.instance.bounded_energy_kwh[self.instance.alive]
        for count in range(1, self.n_tables + 1):
            exceeds = largest[self.instance.alive, order[count - 1]] > self.window.low * energy
            if exceeds.any():
                self._add_lifetime_rows(order[:count])

    def _add_lifetime_rows(self, tables: Sequence[int]) -> None:
        """``P_i <= s E_i`` where the site operates under one of the tables, ``low E_i <= s E_i`` where it does not.

        With all tables that is the plain row. With fewer it holds as well, as ``s >= low``, and keeps fractional sleep
        from hiding power. A table may be left out of all rows if no site can draw more than ``low E_i`` under it.
        """
        instance, options = self.instance, self.instance.options
        energy = np.where(instance.alive, instance.bounded_energy_kwh, 0.0)
        label = grid("_".join(["lifetime_under_tables", *map(str, sorted(tables))]), site=self.n_sites)
        limit = np.where(instance.alive, 0.0, np.inf)
        row = self.rows.add(-np.inf, limit, self.n_sites, label) + np.arange(self.n_sites)
        for table in tables:
            self._put_power(row, table)
        within = np.isin(options.table, list(tables))
        idle_kw = np.where(within, options.static_kw, (self.window.low * energy)[:, None])
        self.rows.put(row[:, None], self.choice, idle_kw)
        self.rows.put(row, self.inverse_lifetime, -energy)

    def _largest_kw(self) -> FloatArray:
        """``[site, table]`` a limit of the power that a site can draw under each table."""
        pairs, options, cells = self.pairs, self.instance.options, self.n_sites * self.n_tables
        reach = self.instance.groups.reach[pairs.flow]
        widest = np.where(options.table[None, :] == pairs.table[:, None], reach, 0.0).max(axis=1)
        limit = self.instance.settings.load_limit
        per_load = np.zeros((2, cells))
        total = np.zeros((2, cells))
        for kind, taken in enumerate((pairs.power_kw, pairs.first_load)):
            total[kind] = np.bincount(pairs.cell, taken * widest, cells)
            ratio = np.divide(taken, pairs.load, out=np.full_like(taken, np.inf), where=pairs.load > 0.0)
            np.maximum.at(per_load[kind], pairs.cell, ratio)
        flow_kw, first_load = np.minimum(total, limit * per_load)
        static = [options.static_kw[options.table == table].max() for table in range(self.n_tables)]
        overflow_kw = np.maximum(first_load - 1.0, 0.0).reshape(self.n_sites, -1) * self._overflow_kw()
        return np.asarray(flow_kw.reshape(self.n_sites, -1) + overflow_kw + static)
