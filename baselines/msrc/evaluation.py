"""What a plan is worth: a linear program over who serves whom, solved again and again for neighbouring plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from voltran.baselines.linear_solver import LinearSolver
from voltran.baselines.msrc.dual_bounds import LARGEST_INVERSE_H, LARGEST_OVERFLOW, Prices
from voltran.baselines.msrc.groups import CLASS_GROUPS
from voltran.baselines.msrc.instance import Instance
from voltran.physics.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Evaluation:
    """A plan's exact cost and what it is made of.

    Attributes:
        plan: ``[site]`` options.
        cost: value of the planner's objective.
        power_kw: ``[site]`` predicted power, zero for sites that are down.
        served: ``[class group]`` predicted service share, by priority weight.
        service: predicted service share of all users, by priority weight.
        inverse_lifetime_per_h: largest power per energy of live sites.
    """

    plan: IntArray
    cost: float
    power_kw: FloatArray
    served: FloatArray
    service: float
    inverse_lifetime_per_h: float


class Evaluator:
    """Costs of the plans of one instance.

    The linear program is built once. Between plans only bounds, right-hand sides and, where bands change, coefficients
    of the sites that changed are touched, and the simplex method goes on from the last basis.

    Args:
        instance: the planning problem.

    Raises:
        MissingExtraError: OR-Tools is not installed.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._solver = LinearSolver()
        self._plan = np.full(instance.n_sites, -1)
        self._table = np.full(instance.n_sites, -1)
        self._limit = np.zeros(instance.live_flows.size)
        site = instance.groups.site[instance.live_flows]
        self._flows_of = [np.flatnonzero(site == index) for index in range(instance.n_sites)]
        self._add_variables()
        self._add_rows()

    def cost(self, plan: IntArray, cutoff: float = np.inf) -> float | None:
        """The exact cost of a plan, or ``None`` if it exceeds ``cutoff``, which takes less time to find out.

        Raises:
            SolverError: the solver failed, which a linear program that is always feasible cannot explain.
        """
        self._load(plan)
        fixed = self.instance.fixed_cost(plan)
        cost = self._solver.minimise(cutoff - fixed)
        return None if cost is None else cost + fixed

    def evaluate(self, plan: IntArray) -> Evaluation:
        """The exact cost of a plan and what it is made of.

        Raises:
            SolverError: see :meth:`cost`, or the solution is none.
        """
        cost = self.cost(plan)
        assert cost is not None, "without a cutoff there is a cost"
        self._solver.require_solution(cost - self.instance.fixed_cost(plan))
        instance, options, groups = self.instance, self.instance.options, self.instance.groups
        flow, overflow = self._solver.values(self._flow), self._solver.values(self._overflow)
        drop = np.ones(groups.home.size)
        drop[instance.reachable] = self._solver.values(self._drop)
        site = groups.site[instance.live_flows]
        flow_kw = flow * groups.power_kw[instance.live_flows, options.table[plan[site]]]
        idle_kw = options.static_kw[plan] + options.overflow_kw[plan] * overflow
        power_kw = idle_kw + np.bincount(site, flow_kw, instance.n_sites)
        return Evaluation(
            plan=plan.copy(),
            cost=cost,
            power_kw=np.where(instance.alive, power_kw, 0.0),
            served=np.asarray(1.0 - np.bincount(groups.class_group, drop * instance.drop_share, CLASS_GROUPS)),
            service=1.0 - float(drop @ groups.weight),
            inverse_lifetime_per_h=float((power_kw / instance.bounded_energy_kwh)[instance.alive].max(initial=0.0)),
        )

    def prices(self) -> Prices:
        """Dual values of the plan whose cost was found last; they bound the costs of all other plans."""

        def limits(rows: Sequence[Any]) -> FloatArray:
            # Rows that are at most something have dual values of at most zero, but for rounding.
            return np.maximum(-LinearSolver.dual_values(rows), 0.0)

        return Prices(
            demand=LinearSolver.dual_values(self._demand_rows),
            floor=limits(self._floor_rows),
            load=limits(self._load_rows),
            traffic=limits(self._traffic_rows),
            first=limits(self._first_rows),
            power=limits(self._power_rows),
        )

    def _add_variables(self) -> None:
        instance, solver = self.instance, self._solver
        self._flow = [solver.variable(0.0) for _ in range(instance.live_flows.size)]
        self._drop = [solver.variable(1.0, cost) for cost in instance.drop_cost[instance.reachable].tolist()]
        self._slack = [solver.variable(1.0, instance.settings.floor_penalty) for _ in range(CLASS_GROUPS)]
        self._overflow = [solver.variable(LARGEST_OVERFLOW) for _ in range(instance.n_sites)]
        self._inverse_lifetime = solver.variable(LARGEST_INVERSE_H, instance.lifetime_cost)

    def _add_rows(self) -> None:
        """Rows, with the coefficients that no plan changes; the others follow in :meth:`_load`."""
        instance, solver, groups = self.instance, self._solver, self.instance.groups
        self._demand_rows = [solver.row(1.0, equal=True) for _ in self._drop]
        self._floor_rows = [solver.row(limit) for limit in instance.reachable_allowance.tolist()]
        sites = range(instance.n_sites)
        self._load_rows = [solver.row(instance.settings.load_limit) for _ in sites]
        self._traffic_rows = [solver.row(0.0) for _ in sites]
        self._first_rows = [solver.row(1.0) for _ in sites]
        self._power_rows = [solver.row(0.0) for _ in sites]
        for variable, row in zip(self._flow, instance.live_demand.tolist(), strict=True):
            self._demand_rows[row].SetCoefficient(variable, 1.0)
        for row, demand in enumerate(np.flatnonzero(instance.reachable).tolist()):
            self._demand_rows[row].SetCoefficient(self._drop[row], 1.0)
            floor_row = self._floor_rows[groups.class_group[demand]]
            floor_row.SetCoefficient(self._drop[row], float(instance.drop_share[demand]))
        for floor_row, variable in zip(self._floor_rows, self._slack, strict=True):
            floor_row.SetCoefficient(variable, -1.0)
        for site in np.flatnonzero(instance.alive).tolist():
            self._first_rows[site].SetCoefficient(self._overflow[site], -1.0)
            self._power_rows[site].SetCoefficient(self._inverse_lifetime, -float(instance.bounded_energy_kwh[site]))

    def _load(self, plan: IntArray) -> None:
        """Bring the linear program from the last plan to this one."""
        limit = self.instance.flow_limit(plan)[self.instance.live_flows]
        for flow in np.flatnonzero(limit != self._limit).tolist():
            self._flow[flow].SetUb(float(limit[flow]))
        self._limit = limit
        options = self.instance.options
        for site in np.flatnonzero((plan != self._plan) & self.instance.alive).tolist():
            option = plan[site]
            # Levelling has no lifetime row: an inverse lifetime that costs nothing satisfies it.
            self._power_rows[site].SetUb(-float(options.static_kw[option]))
            self._traffic_rows[site].SetUb(float(options.traffic_mbps[option]))
            # A sleeping site serves nobody, whatever the costs; they may well be those of its next mode.
            if option != self.instance.sleep and options.table[option] != self._table[site]:
                self._load_costs(site, int(option))
        self._plan = plan.copy()

    def _load_costs(self, site: int, option: int) -> None:
        instance, groups, options, solver = self.instance, self.instance.groups, self.instance.options, self._solver
        table = self._table[site] = options.table[option]
        price = float(instance.power_cost[site])
        load_row, traffic_row = self._load_rows[site], self._traffic_rows[site]
        first_row, power_row = self._first_rows[site], self._power_rows[site]
        flows = self._flows_of[site]
        tables = (groups.load, groups.traffic_mbps, groups.first_load, groups.power_kw)
        columns: list[list[float]] = [values[instance.live_flows[flows], table].tolist() for values in tables]
        for flow, load, traffic, first, power in zip(flows.tolist(), *columns, strict=True):
            variable = self._flow[flow]
            load_row.SetCoefficient(variable, load)
            traffic_row.SetCoefficient(variable, traffic)
            first_row.SetCoefficient(variable, first)
            power_row.SetCoefficient(variable, power)
            solver.set_cost(variable, price * power)
        overflow_kw = float(options.overflow_kw[option])
        solver.set_cost(self._overflow[site], price * overflow_kw)
        power_row.SetCoefficient(self._overflow[site], overflow_kw)
