"""Newton's method on the retailers' prices, over water-filling at the sites.

Retailers post a price each. Every site finds by itself the balance price at which what it gets suits it, and answers
every retailer with how much it wants and how that responds to the price. Retailers then move their prices together.
"""

from typing import NamedTuple

import numpy as np
from pydantic import Field
from scipy.optimize import brentq

from voltran.baselines.dpa.allocation import Allocation, Prices, conclude, infeasible
from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.dpa.recovery import is_feasible
from voltran.baselines.dpa.response import PairTerms, moving, pair_terms, sensitivity
from voltran.baselines.dpa.utility import objective, turnover
from voltran.baselines.dpa.water_filling import fill_sites
from voltran.envs.scenario import Section
from voltran.physics.arrays import BoolArray, FloatArray

# A step must lower the dual by this share of what its slope promises, and is tried this often, each time damped more.
PROMISE, MOST_TRIES = 1e-4, 12
# Damping is a share of the slopes. It gives prices that only matter together a step, and shortens steps across kinks.
LEAST_DAMPING, EASE, STIFFEN = 1e-9, 30.0, 10.0
# Where a retailer's price moves less power than this share of what it could, its slope is taken for dead.
DEAD = 1e-9
# Prices beyond this, USD/kWh, are no prices: nothing that others could sell would be left.
HIGHEST = 1e12
# The method stops at this share of its tolerance, as mending costs some of it.
MARGIN = 0.1


class NewtonSettings(Section):
    """Settings of Newton's method on prices.

    Attributes:
        tolerance: largest primal residual and gap of an optimum.
        max_iterations: steps at most, a sweep of bisections counted as one.
    """

    tolerance: float = Field(default=1e-6, gt=0.0, lt=1.0)
    max_iterations: int = Field(default=200, ge=1)


class NewtonRun(NamedTuple):
    """What the method found.

    Attributes:
        allocation: what it found; its iterations are Newton steps and sweeps.
        newton_steps: how many steps.
        sweeps: how often one price after the other was set by bisection instead.
        messages: numbers that retailers and sites sent: prices, and demand and slope per pair.
    """

    allocation: Allocation
    newton_steps: int
    sweeps: int
    messages: int


class _Market(NamedTuple):
    """What sites answer to prices.

    Attributes:
        prices: lambda ``[retailer]`` and nu ``[site]``.
        power_kw: ``[site, retailer]``.
        excess_kw: ``[retailer]`` capacity less what is asked for, the slope of the dual.
        dual: value of the dual, USD/h.
        unserved_kw: ``[site]``.
    """

    prices: Prices
    power_kw: FloatArray
    excess_kw: FloatArray
    dual: float
    unserved_kw: FloatArray


def solve_newton(problem: AllocationProblem, settings: NewtonSettings) -> Allocation:
    """Solve a problem whose utility is a sum over pairs.

    Args:
        problem: what to solve.
        settings: when to stop.

    Raises:
        ScenarioError: a utility that is not a sum over pairs.
    """
    return run_newton(problem, settings).allocation


def run_newton(problem: AllocationProblem, settings: NewtonSettings) -> NewtonRun:
    """The same, with counts.

    Args:
        problem: what to solve.
        settings: when to stop.

    Raises:
        ScenarioError: as :func:`solve_newton`.
    """
    search = _Search(problem)
    if not is_feasible(problem):
        return NewtonRun(infeasible(problem), 0, 0, 0)
    here = search.answer(np.zeros(problem.generation_kw.size))
    steps = sweeps = 0
    while not search.is_done(here, MARGIN * settings.tolerance) and steps + sweeps < settings.max_iterations:
        there = search.newton(here)
        if there is not None:
            here, steps = there, steps + 1
        else:
            here, sweeps = search.sweep(here), sweeps + 1
    allocation = conclude(problem, here.power_kw, here.unserved_kw, here.prices, steps + sweeps, settings.tolerance)
    return NewtonRun(allocation, steps, sweeps, search.messages)


class _Search:
    """Answers of the sites, and ways to better prices; counts messages."""

    def __init__(self, problem: AllocationProblem) -> None:
        self._problem = problem
        self._terms: PairTerms = pair_terms(problem, "newton")
        most_eased = sensitivity(self._terms, self._terms.box_kw)
        self._reach = np.where(self._terms.box_kw > 0.0, most_eased, 0.0).sum(axis=0)
        self._damping = LEAST_DAMPING
        self.messages = 0

    def answer(self, capacity_price: FloatArray) -> _Market:
        """What sites want at these prices."""
        problem = self._problem
        balance, power_kw = fill_sites(problem, self._terms, capacity_price)
        self.messages += capacity_price.size + 2 * int(problem.access.sum())
        excess_kw = problem.generation_kw - power_kw.sum(axis=0)
        unserved_kw = np.zeros(balance.size)
        if problem.value_of_lost_load is not None:
            unserved_kw = np.maximum(problem.least_kw - power_kw.sum(axis=1), 0.0)
        dual = objective(problem, power_kw, unserved_kw) + float(capacity_price @ excess_kw)
        return _Market(Prices(capacity_price, balance), power_kw, excess_kw, dual, unserved_kw)

    def is_done(self, market: _Market, tolerance: float) -> bool:
        """Whether nobody is asked for more than there is, and only what is sold out has a price."""
        short_kw = float(np.max(-market.excess_kw, initial=0.0))
        worth = float(np.abs(market.prices.capacity * market.excess_kw).sum())
        all_together = turnover(self._problem, market.power_kw, market.unserved_kw)
        largest_kw = np.max(self._problem.demand_kw, initial=0.0)
        return bool(short_kw <= tolerance * largest_kw and worth <= tolerance * all_together)

    def newton(self, market: _Market) -> _Market | None:
        """Prices after a Newton step that lowers the dual; none where slopes are dead or the step does not."""
        price, excess_kw = market.prices.capacity, market.excess_kw
        free = (price > 0.0) | (excess_kw < 0.0)
        slopes = self._slopes(market)[np.ix_(free, free)]
        scale = np.diag(slopes)
        if not free.any() or (scale <= DEAD * self._reach[free]).any():
            return None
        for _ in range(MOST_TRIES):
            step = np.zeros_like(price)
            step[free] = -np.linalg.solve(slopes + self._damping * np.diag(scale), excess_kw[free])
            there = self.answer(np.maximum(price + step, 0.0))
            promised = float(excess_kw @ (there.prices.capacity - price))
            if promised < 0.0 and there.dual <= market.dual + PROMISE * promised:
                self._damping = max(self._damping / EASE, LEAST_DAMPING)
                return there
            self._damping *= STIFFEN
        self._damping = LEAST_DAMPING
        return None

    def sweep(self, market: _Market) -> _Market:
        """Set one price after the other such that its retailer is asked for no more than it has.

        Retailers are substitutes: no retailer's demand rises with its own price or falls with another's. Where sites
        only shift power between them it is the common level that lags, so that it is set as well.
        """
        price = market.prices.capacity.copy()
        for i in range(price.size):
            price = self._balanced(price, np.arange(price.size) == i)
        return self.answer(self._balanced(price, price > 0.0) if price.any() else price)

    def _balanced(self, price: FloatArray, moved: BoolArray) -> FloatArray:
        """Prices with some of them moved by one amount, so that these retailers are asked for what they have."""

        def shifted(amount: float) -> FloatArray:
            return np.where(moved, price + amount, price)

        def excess_kw(amount: float) -> float:
            return float(self.answer(shifted(amount)).excess_kw[moved].sum())

        low, high = -float(price[moved].min()), self._terms.weight / self._terms.reference_kw
        if excess_kw(low) >= 0.0:
            return shifted(low)
        while excess_kw(high) < 0.0 and high < HIGHEST:
            high *= 4.0
        return shifted(low if high >= HIGHEST else float(brentq(excess_kw, low, high, xtol=1e-15 * high, rtol=1e-14)))

    def _slopes(self, market: _Market) -> FloatArray:
        """``[retailer, retailer]`` how excess grows with prices, sites' own answers included."""
        eased = moving(self._terms, market.power_kw)
        total = eased.sum(axis=1)
        # A site at an end of its band, and not at the price of lost load, only shifts power between retailers.
        bound = (market.prices.balance != 0.0) & (market.prices.balance < self._problem.lost_load_price)
        share = np.divide(bound, total, out=np.zeros_like(total), where=total > 0.0)
        return np.asarray(np.diag(eased.sum(axis=0)) - (eased * share[:, None]).T @ eased)
