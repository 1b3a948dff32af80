"""What a solver found, and how far from the optimum that is: one judge for all solvers."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.dpa.recovery import recover, shed_on_purpose
from voltran.baselines.dpa.utility import objective, slope, turnover
from voltran.physics.arrays import FloatArray

Status = Literal["optimal", "not_converged", "infeasible"]


@dataclass(frozen=True, eq=False)
class Allocation:
    """An allocation that keeps all limits, and the prices that belong to it.

    Attributes:
        power_kw: ``[site, retailer]``.
        unserved_kw: ``[site]`` what sites lack of their least power.
        capacity_price: ``[retailer]`` lambda, what one more kWh of capacity is worth, USD/kWh.
        balance_price: ``[site]`` nu of [DPA] Eq. 20, sigma or mu_2 - mu_1: what a site's demand adds to the utility of
            serving it, USD/kWh.
        status: "optimal" if primal residual and gap are within the tolerance; "infeasible" if sites must be served and
            no allocation serves them all.
        iterations: of the method.
        objective: sum of utilities less the value of lost load at ``power_kw``, USD/h.
        primal_residual: largest violation of [DPA] Eq. 9, [DPA] Eq. 10 and [DPA] Eq. 11 where the method stopped,
            before it was mended, as a share of the largest demand.
        complementarity: prices times what is left of the limits that they belong to, where the method stopped, as a
            share of the turnover (worth, cost and lost load added up).
        gap: bound on what the optimum has more than ``objective``, as a share of the turnover.
    """

    power_kw: FloatArray
    unserved_kw: FloatArray
    capacity_price: FloatArray
    balance_price: FloatArray
    status: Status
    iterations: int
    objective: float
    primal_residual: float
    complementarity: float
    gap: float


class Prices(NamedTuple):
    """Dual variables.

    Attributes:
        capacity: ``[retailer]`` lambda, not negative, USD/kWh.
        balance: ``[site]`` nu, at most the price of lost load, USD/kWh.
    """

    capacity: FloatArray
    balance: FloatArray


class Residuals(NamedTuple):
    """How far a point is from being optimal; shares, see :class:`Allocation`."""

    primal: float
    complementarity: float
    gap: float


def conclude(
    problem: AllocationProblem,
    power_kw: FloatArray,
    unserved_kw: FloatArray | None,
    prices: Prices,
    iterations: int,
    tolerance: float,
) -> Allocation:
    """Judge where a method stopped, and mend what violates limits there.

    Args:
        problem: what was solved.
        power_kw: ``[site, retailer]`` where it stopped.
        unserved_kw: ``[site]`` what sites lack there on purpose; None for all that those lack whose price is as high as
            it may get.
        prices: its dual variables.
        iterations: how many it took.
        tolerance: largest primal residual and gap of an optimum.
    """
    prices = Prices(np.maximum(prices.capacity, 0.0), np.minimum(prices.balance, problem.lost_load_price))
    if unserved_kw is None:
        unserved_kw = shed_on_purpose(problem, power_kw, prices.balance)
    stopped = residuals(problem, power_kw, unserved_kw, prices)
    mended_kw, missing_kw = recover(problem, power_kw, prices.balance)
    mended = residuals(problem, mended_kw, missing_kw, prices)
    good = max(stopped.primal, mended.primal, mended.gap) <= tolerance
    return Allocation(
        power_kw=mended_kw,
        unserved_kw=missing_kw,
        capacity_price=prices.capacity,
        balance_price=prices.balance,
        status="optimal" if good else "not_converged",
        iterations=iterations,
        objective=objective(problem, mended_kw, missing_kw),
        primal_residual=stopped.primal,
        complementarity=stopped.complementarity,
        gap=mended.gap,
    )


def residuals(problem: AllocationProblem, power_kw: FloatArray, unserved_kw: FloatArray, prices: Prices) -> Residuals:
    """How far a point is from feasible and, if it is feasible, at most from optimal.

    Utility is concave, so that no allocation is better than the best one for its slope here. Of that linear problem the
    prices are a dual point, whose value is what prices times slacks add up to.

    Source: violations of [DPA] Eq. 9, [DPA] Eq. 10, [DPA] Eq. 13, [DPA] Eq. 14; the gap is that between [DPA] Eq. 12
    and its dual [DPA] Eq. 17, with the Lagrangian [DPA] Eq. 15 and its maximum [DPA] Eq. 16 taken of the linear
    problem.

    Args:
        problem: what is solved.
        power_kw: ``[site, retailer]`` not negative.
        unserved_kw: ``[site]`` not negative; where sites must be served, counted as a violation.
        prices: of capacities and balances.
    """
    left_kw = problem.generation_kw - power_kw.sum(axis=0)
    counted_kw = power_kw.sum(axis=1) + (0.0 if problem.value_of_lost_load is None else unserved_kw)
    above_least_kw, below_most_kw = counted_kw - problem.least_kw, problem.demand_kw - counted_kw
    largest_kw = max(float(np.max(problem.demand_kw, initial=0.0)), 1e-300)
    violated_kw = (float(np.max(-slack, initial=0.0)) for slack in (left_kw, above_least_kw, below_most_kw))
    slack_value = (
        np.abs(prices.capacity * left_kw).sum()
        + np.abs(np.maximum(prices.balance, 0.0) * above_least_kw).sum()
        + np.abs(np.maximum(-prices.balance, 0.0) * below_most_kw).sum()
    )
    if problem.value_of_lost_load is not None:
        slack_value += ((problem.lost_load_price - prices.balance) * unserved_kw).sum()
    reduced = slope(problem, power_kw) - prices.capacity + prices.balance[:, None]
    improvable = np.where(reduced > 0.0, reduced * np.maximum(problem.box_kw - power_kw, 0.0), -reduced * power_kw)
    all_together = max(turnover(problem, power_kw, unserved_kw), 1e-300)
    return Residuals(
        primal=max(violated_kw) / largest_kw,
        complementarity=float(slack_value) / all_together,
        gap=float(slack_value + np.where(problem.access, improvable, 0.0).sum()) / all_together,
    )


def filled(problem: AllocationProblem) -> Allocation:
    """As much as a simple filling serves, and what is missing, at no price: where a solver has failed.

    Args:
        problem: whose least powers are filled.
    """
    return replace(infeasible(problem), status="not_converged")


def infeasible(problem: AllocationProblem) -> Allocation:
    """What is returned where sites must be served and cannot: as much as a simple filling serves, and what is missing.

    Args:
        problem: what has no solution.
    """
    power_kw, lacking_kw = recover(problem, np.zeros(problem.access.shape), np.zeros(problem.demand_kw.size))
    return Allocation(
        power_kw=power_kw,
        unserved_kw=lacking_kw,
        capacity_price=np.zeros(problem.generation_kw.size),
        balance_price=np.zeros(problem.demand_kw.size),
        status="infeasible",
        iterations=0,
        objective=objective(problem, power_kw, lacking_kw),
        primal_residual=float(np.max(lacking_kw, initial=0.0) / max(np.max(problem.demand_kw, initial=0.0), 1e-300)),
        complementarity=0.0,
        gap=float("inf"),
    )
