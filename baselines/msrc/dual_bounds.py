"""Lower bounds of plans' costs, by which many of them are rejected without solving their linear programs.

The dual values of one plan's linear program are feasible for that of any other, as plans differ in limits and costs
only. By weak duality they bound its cost from below, in microseconds instead of milliseconds.
"""

from typing import NamedTuple

import numpy as np

from voltran.baselines.msrc.instance import Instance
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.compiled import kernel

# No plan that matters needs a higher inverse lifetime or first-band load; bounds stay finite with them.
LARGEST_INVERSE_H = 1e3
LARGEST_OVERFLOW = 100.0
# Prices of the latest plans: older ones are of plans that are further away.
KEPT_PRICES = 15
# Rounding of dual values must not reject a plan that costs as much as the cutoff.
ROUNDING = 1e-9


class Prices(NamedTuple):
    """Dual values of a linear program, as prices; all but those of demands are at least zero.

    Attributes:
        demand: ``[reachable demand]`` of serving or dropping it.
        floor: ``[class group]`` of dropping more than the floor allows.
        load, traffic, first, power: ``[site]`` of resource blocks, traffic, blocks of the first band, and power.
    """

    demand: FloatArray
    floor: FloatArray
    load: FloatArray
    traffic: FloatArray
    first: FloatArray
    power: FloatArray


class _Terms(NamedTuple):
    """What the bound is made of besides prices and plan; flows are those of live sites, demands the reachable ones."""

    demand: IntArray
    site: IntArray
    class_group: IntArray
    drop_cost: FloatArray
    drop_share: FloatArray
    drop_allowance: FloatArray
    load: FloatArray
    traffic_mbps: FloatArray
    first_load: FloatArray
    power_kw: FloatArray
    alive: BoolArray
    energy_kwh: FloatArray
    power_cost: FloatArray
    table: IntArray
    static_kw: FloatArray
    overflow_kw: FloatArray
    site_traffic_mbps: FloatArray
    lifetime_cost: float
    floor_penalty: float
    load_limit: float


class Screen:
    """Rejects plans of one instance by the prices of plans whose linear programs have been solved.

    Args:
        instance: the planning problem.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._prices: list[Prices] = []
        groups, options, flows, reached = instance.groups, instance.options, instance.live_flows, instance.reachable
        self._terms = _Terms(
            demand=instance.live_demand,
            site=groups.site[flows],
            class_group=groups.class_group[reached],
            drop_cost=instance.drop_cost[reached],
            drop_share=instance.drop_share[reached],
            drop_allowance=instance.reachable_allowance,
            load=groups.load[flows],
            traffic_mbps=groups.traffic_mbps[flows],
            first_load=groups.first_load[flows],
            power_kw=groups.power_kw[flows],
            alive=instance.alive,
            energy_kwh=instance.bounded_energy_kwh,
            power_cost=instance.power_cost,
            table=options.table,
            static_kw=options.static_kw,
            overflow_kw=options.overflow_kw,
            site_traffic_mbps=options.traffic_mbps,
            lifetime_cost=instance.lifetime_cost,
            floor_penalty=instance.settings.floor_penalty,
            load_limit=instance.settings.load_limit,
        )

    def add(self, prices: Prices) -> None:
        """Use these prices from now on, in the place of the oldest ones."""
        self._prices = [prices, *self._prices[: KEPT_PRICES - 1]]

    def rejects(self, plan: IntArray, cutoff: float) -> bool:
        """Whether some prices prove that a plan ``[site]`` costs more than the cutoff."""
        return self.bound(plan, cutoff) > cutoff + ROUNDING

    def bound(self, plan: IntArray, enough: float = np.inf) -> float:
        """The largest known lower bound of a plan's cost, or the first that exceeds ``enough``."""
        instance = self.instance
        limit = instance.flow_limit(plan)[instance.live_flows]
        fixed, best = instance.fixed_cost(plan), -np.inf
        for prices in self._prices:
            best = max(best, fixed + _dual_value(prices, self._terms, plan, limit))
            if best > enough + ROUNDING:
                break
        return best


@kernel
def _dual_value(prices: Prices, terms: _Terms, plan: IntArray, limit: FloatArray) -> float:
    """The Lagrangian at given prices: every variable takes the end of its range that its reduced cost prefers.

    Args:
        prices: any prices.
        terms: the instance.
        plan: ``[site]``.
        limit: ``[flow]`` largest shares under the plan.
    """
    value = prices.demand.sum()
    for group in range(terms.drop_allowance.shape[0]):
        value -= prices.floor[group] * terms.drop_allowance[group]
        value += min(0.0, terms.floor_penalty - prices.floor[group])
    for demand in range(terms.drop_cost.shape[0]):
        floor = prices.floor[terms.class_group[demand]] * terms.drop_share[demand]
        value += min(0.0, terms.drop_cost[demand] + floor - prices.demand[demand])
    inverse_lifetime = terms.lifetime_cost
    first = np.zeros(plan.shape[0])
    per_kw = np.zeros(plan.shape[0])
    for site in range(plan.shape[0]):
        if not terms.alive[site]:
            continue
        option = plan[site]
        per_kw[site] = terms.power_cost[site] + prices.power[site]
        # Any price will do: the largest at which nobody would pay for overflow gives the best bound.
        first[site] = min(prices.first[site], per_kw[site] * terms.overflow_kw[option])
        value += prices.power[site] * terms.static_kw[option] - first[site]
        value -= prices.load[site] * terms.load_limit + prices.traffic[site] * terms.site_traffic_mbps[option]
        inverse_lifetime -= prices.power[site] * terms.energy_kwh[site]
    value += min(0.0, inverse_lifetime) * LARGEST_INVERSE_H
    for flow in range(limit.shape[0]):
        if limit[flow] <= 0.0:
            continue
        site = terms.site[flow]
        table = terms.table[plan[site]]
        reduced = (
            per_kw[site] * terms.power_kw[flow, table]
            + prices.load[site] * terms.load[flow, table]
            + first[site] * terms.first_load[flow, table]
            + prices.traffic[site] * terms.traffic_mbps[flow, table]
            - prices.demand[terms.demand[flow]]
        )
        value += min(0.0, reduced) * limit[flow]
    return float(value)
