"""Plans of shared batteries by brute force: all choices tried, flows by a dense linear program, costs step by step."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from voltran.baselines.collective.plan import Plan
from voltran.baselines.collective.problem import SharingProblem
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.battery import next_soc


def least_cost(problem: SharingProblem, on_battery: BoolArray, charging: BoolArray, from_grid: BoolArray) -> float:
    """Least cost with all choices made, by a dense program of flows; infinite if there is none."""
    periods, cells = problem.periods, problem.battery
    total = problem.demand_kwh.sum(axis=1)
    chosen = np.where(on_battery, problem.demand_kwh, 0.0).sum(axis=1)
    scarce = total > problem.grid_limit_kwh
    # bought for sites, bought for the battery, sun to the battery, sun to sites, served, lacking, rise, fall
    low, high = np.zeros((8, periods)), np.full((8, periods), np.inf)
    low[4], high[4] = np.where(scarce, 0.0, chosen), np.where(scarce, total, chosen)
    high[1] = np.minimum(np.maximum(problem.grid_limit_kwh - total, 0.0), cells.charge_limit_kw * problem.period_h)
    high[1] = np.where(charging & (from_grid | (not problem.single_source)), high[1], 0.0)
    high[2] = np.where(charging & ~(from_grid & problem.single_source), problem.solar_kwh, 0.0)
    if problem.solar_first:
        left = np.where(scarce, problem.solar_kwh, problem.solar_kwh - total + chosen)
        high[2] = np.minimum(high[2], np.maximum(left, 0.0))
    high[3] = problem.solar_kwh if problem.solar_direct else 0.0
    high[4] = np.where(charging & problem.exclusive, 0.0, high[4])
    high[5] = np.where(scarce, total, 0.0)
    return np.inf if (low > high).any() else _least_of_flows(problem, low, high)


def _least_of_flows(problem: SharingProblem, low: FloatArray, high: FloatArray) -> float:
    """Least cost of flows ``[8, T]`` within bounds, in the order above."""
    periods, cells = problem.periods, problem.battery
    price, total = problem.price_eur_per_kwh, problem.demand_kwh.sum(axis=1)
    wear = np.full(periods, problem.wear_eur / cells.capacity_kwh)
    cost = np.concatenate([price, price, 0.0 * price, 0.0 * price, 0.0 * price, 0.0 * price + 3.0, wear, wear])
    one, none, upto = np.eye(periods), np.zeros((periods, periods)), np.tri(periods)
    into, out = cells.charge_efficiency, 1.0 / cells.discharge_efficiency
    equal = np.block([
        [one, none, none, one, one, one, none, none],
        [none, into * one, into * one, none, -out * one, none, -one, one],
    ])  # fmt: skip
    change = [none, into * upto, into * upto, none, -out * upto, none, none, none]
    net = [none, one, one, none, -one, none, none, none]
    sun = [none, none, one, one, none, none, none, none]
    grid = [one, one, none, none, none, none, none, none]
    most = cells.soc_max * cells.capacity_kwh - problem.stored_kwh
    least = np.full(periods, cells.soc_min * cells.capacity_kwh)
    least[-1] = max(least[-1], problem.final_kwh)
    rows = [change, [-part for part in change], net, [-part for part in net], sun, grid]
    limits: list[Any] = [
        most, problem.stored_kwh - least, cells.charge_limit_kw * problem.period_h,
        cells.discharge_limit_kw * problem.period_h, problem.solar_kwh,
        np.where(np.isinf(problem.grid_limit_kwh), 1e6, problem.grid_limit_kwh),
    ]  # fmt: skip
    right = np.concatenate([np.broadcast_to(limit, periods) for limit in limits])
    bounds: Any = np.stack([low.ravel(), high.ravel()], axis=1)
    answer = linprog(cost, np.block(rows), right, equal, np.concatenate([total, np.zeros(periods)]), bounds)
    return float(answer.fun) if answer.fun is not None else np.inf


def searched(problem: SharingProblem) -> float:
    """Least cost by trying all choices."""
    periods, sites = problem.demand_kwh.shape
    yes = np.ones((1, periods), dtype=bool)

    def every(count: int) -> BoolArray:
        return np.array(list(product([False, True], repeat=count)))

    sources = every(periods * sites).reshape(-1, periods, sites)
    charging = every(periods) if problem.exclusive else yes
    lamps = every(periods) if problem.single_source else yes
    return min(least_cost(problem, *choices) for choices in product(sources, charging, lamps))


def cost_of(found: Plan, problem: SharingProblem) -> float:
    """Cost of a plan from its flows, battery step by step; asserts that all limits are kept."""
    cells, soc, change = problem.battery, problem.stored_kwh / problem.battery.capacity_kwh, 0.0
    for t in range(problem.periods):
        charge, served = found.grid_charge_kwh[t] + found.solar_charge_kwh[t], found.served_kwh[t]
        net_kw = (charge - served) / problem.period_h
        assert -cells.discharge_limit_kw - 1e-5 <= net_kw <= cells.charge_limit_kw + 1e-5
        before, soc = soc, next_soc(soc, charge / problem.period_h, served / problem.period_h, problem.period_h, cells)
        assert soc == pytest.approx(found.stored_kwh[t + 1] / cells.capacity_kwh, abs=1e-5)
        change += abs(soc - before)
    served_by_grid = np.where(found.battery_sites, 0.0, problem.demand_kwh)
    free = problem.total_kwh <= problem.grid_limit_kwh
    bought = served_by_grid.sum(axis=1) - found.solar_direct_kwh + found.grid_charge_kwh
    rest = problem.total_kwh - found.served_kwh - found.solar_direct_kwh - found.unserved_kwh.sum(axis=1)
    bought = np.where(free, bought, rest + found.grid_charge_kwh)
    assert (bought <= problem.grid_limit_kwh + 1e-5).all()
    assert (found.solar_charge_kwh + found.solar_direct_kwh <= problem.solar_kwh + 1e-5).all()
    lost = problem.lost_load_eur_per_kwh * found.unserved_kwh.sum()
    return float(problem.price_eur_per_kwh @ bought + problem.wear_eur * change + lost)
