"""The paper's own method: prices climb and fall until supply meets demand. Source: [DPA] Algorithm 1."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from voltran.baselines.dpa.allocation import Allocation, Prices, conclude, infeasible, residuals
from voltran.baselines.dpa.dual_messages import (
    DualGradientSettings,
    MovingPrice,
    Retailer,
    Sites,
    Steps,
)
from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.dpa.recovery import is_feasible, shed_on_purpose
from voltran.baselines.dpa.response import pair_terms, sensitivity
from voltran.physics.arrays import FloatArray


@dataclass
class MessageLog:
    """What was sent.

    Attributes:
        numbers: how many numbers in all: allocations, prices and coordination parameters.
        prices: capacity prices and nu of every round, if they are kept.
    """

    numbers: int = 0
    prices: list[Prices] = field(default_factory=list)


class DualGradientRun(NamedTuple):
    """What the method found, and what was sent for it."""

    allocation: Allocation
    messages: MessageLog


def solve_dual_gradient(problem: AllocationProblem, settings: DualGradientSettings) -> Allocation:
    """Solve a problem whose utility is a sum over pairs; not every problem converges.

    Args:
        problem: what to solve.
        settings: steps, and when to stop.

    Raises:
        ScenarioError: steps of another number than retailers or sites; a utility that is not a sum over pairs.
    """
    return run_dual_gradient(problem, settings).allocation


def run_dual_gradient(problem: AllocationProblem, settings: DualGradientSettings) -> DualGradientRun:
    """The same, with a record of the messages.

    Source: [DPA] Algorithm 1: the dual [DPA] Eq. 17, whose function [DPA] Eq. 18 falls apart into one problem per
    retailer, and whose master problem is [DPA] Eq. 26.

    Args:
        problem: what to solve.
        settings: steps, and when to stop.

    Raises:
        ScenarioError: as :func:`solve_dual_gradient`.
    """
    terms = pair_terms(problem, "dual_gradient")
    sites, steps, log = Sites(problem), Steps(problem, terms, settings), MessageLog()
    if not is_feasible(problem):
        return DualGradientRun(infeasible(problem), log)
    retailers = [Retailer(terms, i, float(capacity)) for i, capacity in enumerate(problem.generation_kw)]
    moving = [*(retailer.price for retailer in retailers), *sites.parameters]
    power_kw = np.zeros(problem.access.shape)
    momentum = _Momentum()
    for iteration in range(1, settings.max_iterations + 1):
        balance = sites.balance_price()
        for i, retailer in enumerate(retailers):
            power_kw[:, i] = retailer.allocate(balance)
        prices = Prices(np.array([retailer.price.tried[0] for retailer in retailers]), balance)
        log.numbers += int(problem.access.sum()) + len(retailers) + balance.size
        if settings.keep_prices:
            log.prices.append(prices)
        if iteration == settings.max_iterations or _is_near(problem, power_kw, prices, settings.tolerance):
            allocation = conclude(problem, power_kw, None, prices, iteration, settings.tolerance)
            if allocation.status == "optimal":
                break
        eased = sensitivity(terms, power_kw) if settings.scaling == "local" else steps.most_eased
        for i, retailer in enumerate(retailers):
            retailer.update_price(power_kw[:, i], steps.of_retailer(i, eased[:, i]))
        sites.coordinate(power_kw.sum(axis=1), steps, eased)
        momentum.apply(moving, settings.momentum)
    return DualGradientRun(allocation, log)


class _Momentum:
    """Nesterov's sequence. It starts anew when prices turn back, which takes one number from everybody to know."""

    def __init__(self) -> None:
        self._age = 1.0

    def apply(self, moving: list[MovingPrice], wanted: bool) -> None:
        if not wanted or sum(price.turned_back for price in moving) > 0.0:
            self._age = 1.0
        older = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * self._age**2))
        share = (self._age - 1.0) / older if wanted else 0.0
        self._age = older
        for price in moving:
            price.look_ahead(share)


def _is_near(problem: AllocationProblem, power_kw: FloatArray, prices: Prices, tolerance: float) -> bool:
    """Whether it is worth mending what violates limits, and judging the result."""
    above_kw = (power_kw.sum(axis=0) - problem.generation_kw).max(initial=0.0)
    if above_kw > tolerance * problem.demand_kw.max(initial=0.0):
        return False
    residual = residuals(problem, power_kw, shed_on_purpose(problem, power_kw, prices.balance), prices)
    return max(residual.primal, residual.gap) <= tolerance
