"""Primal-dual interior-point method for [DPA] Eq. 12, in time that is linear in the number of sites.

Mehrotra's predictor and corrector. Sites only meet in the retailers' capacities, so that each Newton step eliminates
every site by itself and ends in a dense system with one row per retailer (two where costs are shared).
"""

from typing import NamedTuple

import numpy as np
from pydantic import Field

from voltran.baselines.dpa.allocation import Allocation, Prices, conclude, infeasible
from voltran.baselines.dpa.newton_step import Residual, Step, newton_step
from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.dpa.program import Duals, Program, cost_slope, counted, parts, present, program_of
from voltran.baselines.dpa.recovery import is_feasible
from voltran.baselines.dpa.utility import slope
from voltran.envs.scenario import Section
from voltran.physics.arrays import BoolArray, FloatArray

# How much of the way to the nearest limit a step takes.
NEARLY_ALL = 0.995
# Where less of a corrected step than this can be taken, a plain one towards this share of the products is better.
TOO_SHORT, CENTRED = 0.1, 0.5
# The method stops at this share of its tolerance, as mending costs some of it.
MARGIN = 0.01
# Few problems need half as many steps. What has not arrived by then is stuck at its limits, and begins again.
PATIENCE = 40
SPREADS = (1.0, 3.0, 30.0)


class InteriorPointSettings(Section):
    """Settings of the interior-point method.

    Attributes:
        tolerance: largest primal residual and gap of an optimum.
        max_iterations: Newton steps at most.
    """

    tolerance: float = Field(default=1e-6, gt=0.0, lt=1.0)
    max_iterations: int = Field(default=100, ge=1)


class _Iterate(NamedTuple):
    """Where the method stands.

    The slope of the logarithm is a variable of its own, whose product with what the logarithm is taken of shall be
    eta_1: as with other products, steps then lead much further than if the slope were taken at each point anew.

    Attributes:
        values, duals: of all variables, see :func:`parts`.
        rows: duals of the rows.
        gain: slope of the logarithm, in the shape of :func:`counted`.
    """

    values: FloatArray
    duals: FloatArray
    rows: Duals
    gain: FloatArray


def solve_interior_point(problem: AllocationProblem, settings: InteriorPointSettings) -> Allocation:
    """Solve a problem of any kind.

    Source: [DPA] Eq. 12; the method is ours.

    Args:
        problem: what to solve.
        settings: when to stop.
    """
    if not is_feasible(problem):
        return infeasible(problem)
    power_kw = np.zeros(problem.access.shape)
    unserved_kw = problem.least_kw.copy()
    open_ = problem.box_kw > 0.0
    sites, retailers = np.flatnonzero(open_.any(axis=1)), np.flatnonzero(open_.any(axis=0))
    capacity, balance = np.zeros(problem.generation_kw.size), np.zeros(problem.demand_kw.size)
    iterations = 0
    if sites.size:
        program = program_of(problem, sites, retailers)
        point, iterations = _minimise(program, settings)
        solution = parts(point.values, program)
        power_kw[np.ix_(sites, retailers)] = program.power_unit_kw * np.where(program.open_, solution.power, 0.0)
        unserved_kw[sites] = program.power_unit_kw * solution.short if program.elastic else 0.0
        capacity[retailers] = program.price_unit * point.rows.capacity
        balance[sites] = -program.price_unit * point.rows.balance
    prices = _prices_of_the_rest(problem, power_kw, Prices(capacity, balance), open_)
    return conclude(problem, power_kw, unserved_kw, prices, iterations, settings.tolerance)


def _minimise(program: Program, settings: InteriorPointSettings) -> tuple[_Iterate, int]:
    """The optimum of a program, and the number of Newton steps."""
    there, used = present(program), 0
    for spread in SPREADS:
        left = settings.max_iterations - used
        allowed = left if spread == SPREADS[-1] else min(PATIENCE, left)
        point, steps, done = _walk(program, _start(program, there, spread), settings.tolerance, allowed)
        used += steps
        if done or used >= settings.max_iterations:
            break
    return point, used


def _walk(program: Program, point: _Iterate, tolerance: float, steps: int) -> tuple[_Iterate, int, bool]:
    """Where Newton steps lead, how many they were, and whether that is the optimum."""
    there = present(program)
    for step in range(steps + 1):
        residual = _residual(program, point)
        if _is_done(program, point, residual, there, MARGIN * tolerance):
            return point, step, True
        if step == steps:
            break
        moved = _advance(program, point, residual, there)
        if not (np.isfinite(moved.values).all() and np.isfinite(moved.duals).all()):
            return point, step, False
        point = moved
    return point, steps, False


def _start(program: Program, there: BoolArray, spread: float) -> _Iterate:
    """All powers half of what a fair share of capacity and demand allows; duals such that all products are alike.

    Args:
        program: what is solved.
        there: which variables there are.
        spread: factor on all values; large ones begin far from all limits, and far from what rows demand.
    """
    values = np.ones(there.size)
    at = parts(values, program)
    supply = program.capacity / np.maximum(program.open_.sum(axis=0), 1)
    wanted = program.demand[:, None] / program.open_.sum(axis=1, keepdims=True)
    at.power[:] = np.where(program.open_, 0.5 * np.minimum(wanted, supply) + 0.05 * wanted, 1.0)
    if program.elastic:
        at.short[:] = 0.3 * program.demand
    at.less[:] = at.room[:] = np.where(program.band > 0.0, 0.5 * program.band, 1.0)
    taken = np.where(program.open_, at.power, 0.0).sum(axis=0)
    at.left[:] = np.maximum(program.capacity - taken, 0.3 * program.capacity)
    values[there] *= spread
    gain = program.weight / counted(program, np.where(program.open_, at.power, 0.0))
    product = float(np.mean(at.power[program.open_])) * max(1.0, float(np.mean(gain)))
    duals = np.where(there, product / values, 0.0)
    return _Iterate(values, duals, Duals(parts(duals, program).left.copy(), np.zeros(program.demand.size)), gain)


def _residual(program: Program, point: _Iterate) -> Residual:
    """What stationarity and rows lack, as the right-hand side of a Newton step."""
    at, dual = parts(point.values, program), parts(point.duals, program)
    power = np.where(program.open_, at.power, 0.0)
    argument = counted(program, power)
    gain = program.weight / argument - cost_slope(program, power)
    bend, own = point.gain / argument, np.broadcast_to(2.0 * program.square, power.shape)
    balance, capacity = point.rows.balance, point.rows.capacity
    banded = program.band > 0.0
    less = np.where(banded, at.less, 0.0)
    short = at.short if program.elastic else 0.0
    return Residual(
        curvature=own if program.pooled else own + bend,
        pooled=bend[:, 0] if program.pooled else np.zeros(power.shape[0]),
        power=np.where(program.open_, gain - balance[:, None] - capacity + dual.power, 0.0),
        short=dual.short - program.lost - balance if program.elastic else np.zeros_like(balance),
        less=np.where(banded, dual.less - dual.room - balance, 0.0),
        room=np.where(banded, program.band - at.less - at.room, 0.0),
        left=dual.left - capacity,
        demand=program.demand - power.sum(axis=1) - less - short,
        capacity=program.capacity - power.sum(axis=0) - at.left,
    )


def _is_done(program: Program, point: _Iterate, residual: Residual, there: BoolArray, tolerance: float) -> bool:
    """Whether rows hold, and the products and the slope that is left are small beside the turnover."""
    largest = float(program.demand.max())
    rows = (residual.room, residual.demand, residual.capacity)
    if max(float(np.abs(row).max()) for row in rows) > MARGIN * tolerance * largest:
        return False
    at = parts(point.values, program)
    power = np.where(program.open_, at.power, 0.0)
    turnover = program.turnover(power, at.short)
    products = float((point.values * point.duals)[there].sum())
    slopes = float((np.abs(residual.power) * np.minimum(program.demand[:, None], program.capacity)).sum())
    return products + slopes <= tolerance * turnover


def _advance(program: Program, point: _Iterate, residual: Residual, there: BoolArray) -> _Iterate:
    """One step: where products would vanish at once, and then there by way of the centre."""
    products = np.where(there, point.values * point.duals, 0.0)
    mean = products.sum() / there.sum()
    aim = newton_step(program, point.values, point.duals, residual, -products)
    aim_gain = _gain_step(program, point, aim.values)
    reach = _longest(point, aim, aim_gain, there, 1.0)
    after = ((point.values + reach * aim.values) * (point.duals + reach * aim.duals))[there].mean()
    centre = min((after / mean) ** 3, 1.0) * mean
    target = np.where(there, centre - products - aim.values * aim.duals, 0.0)
    bent = aim_gain * _argument_step(program, aim.values)
    moved, reach = _step(program, point, residual, target, there, bent)
    if reach < TOO_SHORT:
        moved, _ = _step(program, point, residual, np.where(there, CENTRED * mean - products, 0.0), there)
    return moved


def _step(
    program: Program,
    point: _Iterate,
    residual: Residual,
    target: FloatArray,
    there: BoolArray,
    bent: FloatArray | float = 0.0,
) -> tuple[_Iterate, float]:
    """Where a step towards these products leads, and which share of it can be taken.

    Args:
        program: what is solved.
        point: where from.
        residual: what is lacking there.
        target: what products are to change by.
        there: which variables there are.
        bent: what the product of the logarithm's slope and argument will miss by being linearised.
    """
    missed = bent / counted(program, np.where(program.open_, parts(point.values, program).power, 0.0))
    bowed = residual._replace(power=np.where(program.open_, residual.power - missed, 0.0))
    step = newton_step(program, point.values, point.duals, bowed, target)
    gain = _gain_step(program, point, step.values, bent)
    reach = _longest(point, step, gain, there, NEARLY_ALL)
    capacity = point.rows.capacity + reach * step.rows.capacity
    balance = point.rows.balance + reach * step.rows.balance
    values, duals = point.values + reach * step.values, point.duals + reach * step.duals
    return _Iterate(values, duals, Duals(capacity, balance), point.gain + reach * gain), reach


def _argument_step(program: Program, values: FloatArray) -> FloatArray:
    power = np.where(program.open_, parts(values, program).power, 0.0)
    return power.sum(axis=1, keepdims=True) if program.pooled else power


def _gain_step(program: Program, point: _Iterate, values: FloatArray, bent: FloatArray | float = 0.0) -> FloatArray:
    """Change of the logarithm's slope that belongs to a change of all variables."""
    power = np.where(program.open_, parts(point.values, program).power, 0.0)
    argument = counted(program, power)
    lacking = program.weight - bent - point.gain * (argument + _argument_step(program, values))
    return np.asarray(lacking / argument)


def _longest(point: _Iterate, step: Step, gain: FloatArray, there: BoolArray, share: float) -> float:
    """Share of a step that keeps everything positive."""
    # The fastest fall, relative to what there is, meets zero first.
    falls = (-step.values[there] / point.values[there], -step.duals[there] / point.duals[there], -gain / point.gain)
    fastest = max(float(fall.max()) for fall in falls)
    return min(1.0, share / fastest) if fastest > 0.0 else 1.0


def _prices_of_the_rest(problem: AllocationProblem, power_kw: FloatArray, prices: Prices, open_: BoolArray) -> Prices:
    """Prices of sites and retailers that cannot exchange anything: those at which nobody would want to."""
    gain = slope(problem, power_kw)
    capacity, balance = prices.capacity.copy(), prices.balance.copy()
    for m in np.flatnonzero(~open_.any(axis=1)):
        if problem.demand_kw[m] > 0.0:  # it would take power if anybody had any; less than its demand is enough
            balance[m] = problem.lost_load_price[m] if problem.least_kw[m] > 0.0 else 0.0
        else:
            dearest = np.min((capacity - gain[m])[problem.access[m]], initial=np.inf)
            balance[m] = min(dearest, problem.lost_load_price[m])
    for i in np.flatnonzero(~open_.any(axis=0)):
        capacity[i] = max(np.max((gain[:, i] + balance)[problem.access[:, i]], initial=0.0), 0.0)
    return Prices(capacity, np.where(np.isfinite(balance), balance, 0.0))
