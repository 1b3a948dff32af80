"""What a site takes from whom at given prices: the balance price at which it gets what it needs, and no more."""

import numpy as np

from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.dpa.response import PairTerms, marginal, moving, respond
from voltran.physics.arrays import FloatArray

MOST_ROUNDS = 200
# Demand is met to this share of it.
MET = 1e-14


def fill_sites(
    problem: AllocationProblem, terms: PairTerms, capacity_price: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Balance prices nu ``[site]``, and power ``[site, retailer]`` in kW.

    A site whose take lies within its band pays no more than the retailers' prices; one at an end of it has the price
    that holds it there. What a site takes grows with its balance price, so that there is only one.

    Args:
        problem: whose sites.
        terms: of its pairs.
        capacity_price: ``[retailer]`` lambda, USD/kWh.
    """
    most_price = problem.lost_load_price
    free_kw = respond(terms, np.broadcast_to(capacity_price, terms.box_kw.shape)).sum(axis=1)
    wanted_kw = np.clip(free_kw, problem.least_kw, problem.demand_kw)
    nobody, everybody = _range(terms, capacity_price)
    low = np.where(wanted_kw < free_kw, np.minimum(nobody, 0.0), 0.0)
    high = np.where(wanted_kw > free_kw, np.minimum(np.maximum(everybody, 0.0), most_price), 0.0)
    # A site that cannot have enough has the value of lost load for its price.
    short = (wanted_kw > free_kw) & (_taken(terms, capacity_price, high) <= (1.0 - MET) * wanted_kw)
    high = np.where(short & np.isfinite(most_price), most_price, high)
    low = np.where(short, high, low)
    price = 0.5 * (low + high)
    for round_ in range(MOST_ROUNDS):
        power_kw = respond(terms, capacity_price - price[:, None])
        above_kw = power_kw.sum(axis=1) - wanted_kw
        if ((np.abs(above_kw) <= MET * problem.demand_kw) | (high - low <= MET * np.abs(high - low + price))).all():
            break
        low, high = np.where(above_kw < 0.0, price, low), np.where(above_kw > 0.0, price, high)
        slope = moving(terms, power_kw).sum(axis=1)
        step = price - np.divide(above_kw, slope, out=np.full_like(slope, np.inf), where=slope > 0.0)
        # Now and then by halves, so that no kink can hold it up.
        inside = (step > low) & (step < high) & (round_ % 4 < 3)
        price = np.where(low == high, price, np.where(inside, step, 0.5 * (low + high)))
    return price, respond(terms, capacity_price - price[:, None])


def _range(terms: PairTerms, capacity_price: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``[site]`` the balance prices up to which nobody sells to a site, and from which everybody sells all they can."""
    open_ = terms.box_kw > 0.0
    first = np.where(open_, capacity_price - marginal(terms, np.zeros_like(terms.box_kw)), np.inf)
    last = np.where(open_, capacity_price - marginal(terms, terms.box_kw), -np.inf)
    lowest, highest = first.min(axis=1, initial=np.inf), last.max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(lowest), lowest, 0.0), np.where(np.isfinite(highest), highest, 0.0)


def _taken(terms: PairTerms, capacity_price: FloatArray, price: FloatArray) -> FloatArray:
    return np.asarray(respond(terms, capacity_price - price[:, None]).sum(axis=1))
