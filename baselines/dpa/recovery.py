"""From an allocation that nearly keeps the limits of generation and demand to one that does."""

import numpy as np
from scipy.sparse import block_array, csr_array, eye_array, kron

from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.program import MixedIntegerProgram
from voltran.baselines.solve import solve_milp
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.ordering import rising

# What is lacking of the largest demand and still counts as served.
SERVED = 1e-10
# A site goes short on purpose where its price is this close to the value of lost load.
AT_THE_CEILING = 1e-4


def recover(
    problem: AllocationProblem, power_kw: FloatArray, balance_price: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The allocation within all limits, ``[site, retailer]``, and what sites lack of their least power, ``[site]``.

    Source: own; the limits are [DPA] Eq. 9, [DPA] Eq. 10, [DPA] Eq. 11.

    Retailers cut what exceeds their capacity, sites what exceeds their demand, all by the same share; who then lacks
    power, and would not rather go without, takes what retailers have left, cheapest first. Where sites must be served
    and that does not do, a linear program finds the nearest allocation that does.

    Args:
        problem: whose limits.
        power_kw: ``[site, retailer]``.
        balance_price: ``[site]`` nu; a site at the price of lost load would rather go without.
    """
    mended_kw = np.clip(power_kw, 0.0, problem.box_kw)
    mended_kw *= _share(problem.generation_kw, mended_kw.sum(axis=0))
    mended_kw *= _share(problem.demand_kw, mended_kw.sum(axis=1))[:, None]
    _fill(problem, mended_kw, ~_prefers_shortage(problem, balance_price))
    lacking_kw = _lacking(problem, mended_kw)
    if problem.value_of_lost_load is None and (lacking_kw > SERVED * np.max(problem.demand_kw, initial=0.0)).any():
        nearest_kw = _nearest(problem, mended_kw)
        if nearest_kw is not None:
            return nearest_kw, _lacking(problem, nearest_kw)
    return mended_kw, lacking_kw


def shed_on_purpose(problem: AllocationProblem, power_kw: FloatArray, balance_price: FloatArray) -> FloatArray:
    """``[site]`` what sites lack of their least power where it is so dear that they would rather go without.

    Args:
        problem: whose value of lost load.
        power_kw: ``[site, retailer]``.
        balance_price: ``[site]`` nu.
    """
    return np.where(_prefers_shortage(problem, balance_price), _lacking(problem, power_kw), 0.0)


def _prefers_shortage(problem: AllocationProblem, balance_price: FloatArray) -> BoolArray:
    return np.asarray(balance_price >= (1.0 - AT_THE_CEILING) * problem.lost_load_price)


def is_feasible(problem: AllocationProblem) -> bool:
    """Whether some allocation gives every site its least power; elastic problems need not, and always are.

    Args:
        problem: what is to be solved.
    """
    if problem.value_of_lost_load is not None:
        return True
    needed_kw = float(problem.least_kw.sum())
    if problem.access.all():
        return needed_kw <= float(problem.generation_kw.sum()) * (1.0 + SERVED)
    served_kw, _ = recover(problem, np.zeros(problem.access.shape), np.zeros(problem.demand_kw.size))
    return float(_lacking(problem, served_kw).sum()) <= SERVED * needed_kw


def _fill(problem: AllocationProblem, power_kw: FloatArray, wanting: BoolArray) -> None:
    """Give sites that lack power what retailers have left, in place."""
    for i in rising(problem.unit_cost):
        wanted_kw = np.where(wanting & problem.access[:, i], _lacking(problem, power_kw), 0.0)
        left_kw = max(float(problem.generation_kw[i] - power_kw[:, i].sum()), 0.0)
        power_kw[:, i] += wanted_kw * _share(np.array(left_kw), wanted_kw.sum())


def _lacking(problem: AllocationProblem, power_kw: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(problem.least_kw - power_kw.sum(axis=1), 0.0))


def _share(limit: FloatArray, wanted: FloatArray) -> FloatArray:
    """How much of what is wanted stays within limits."""
    return np.asarray(np.divide(limit, wanted, out=np.ones_like(limit), where=wanted > limit))


def _nearest(problem: AllocationProblem, power_kw: FloatArray) -> FloatArray | None:
    """The allocation within all limits that moves the least power in all; None if there is none."""
    sites, retailers = problem.access.shape
    pairs = sites * retailers
    by_retailer = kron(np.ones((1, sites)), eye_array(retailers))
    by_site = kron(eye_array(sites), np.ones((1, retailers)))
    rows = csr_array(block_array([[by_retailer, -by_retailer], [by_site, -by_site], [-by_site, by_site]]))
    taken_kw, given_kw = power_kw.sum(axis=1), power_kw.sum(axis=0)
    limits = [problem.generation_kw - given_kw, problem.demand_kw - taken_kw, taken_kw - problem.least_kw]
    most_kw = np.concatenate([np.where(problem.access, np.inf, 0.0).ravel(), power_kw.ravel()])
    program = MixedIntegerProgram(
        costs=np.ones(2 * pairs),
        lower=np.zeros(2 * pairs),
        upper=most_kw,
        integral=np.zeros(2 * pairs, dtype=bool),
        rows=rows,
        row_lower=np.full(rows.shape[0], -np.inf),
        row_upper=np.concatenate(limits),
    )
    values = solve_milp(program).values
    if values is None:
        return None
    change_kw = (values[:pairs] - values[pairs:]).reshape(sites, retailers)
    return np.asarray(np.maximum(power_kw + change_kw, 0.0))
