"""The utility of an allocation and its slope."""

import numpy as np

from voltran.baselines.dpa.problem import AllocationProblem
from voltran.physics.arrays import FloatArray
from voltran.physics.market import generation_cost, satisfaction


def worth(problem: AllocationProblem, power_kw: FloatArray) -> FloatArray:
    """``[site]`` or ``[site, retailer]`` what power is worth, USD/h, per site or pair as the problem has it.

    Source: first term of [DPA] Eq. 4.

    Args:
        problem: what is solved.
        power_kw: ``[site, retailer]``.
    """
    counted = power_kw.sum(axis=1) if problem.satisfaction == "site" else power_kw
    return satisfaction(counted, problem.satisfaction_weight, problem.reference_kw)


def cost(problem: AllocationProblem, power_kw: FloatArray) -> FloatArray:
    """``[retailer]`` or ``[site, retailer]`` what power costs, USD/h, surcharges included.

    Source: second term of [DPA] Eq. 4.

    Args:
        problem: what is solved.
        power_kw: ``[site, retailer]``.
    """
    if not problem.shared_costs:
        return generation_cost(power_kw, problem.cost_coefficient, problem.quadratic)
    weighted_kw = (power_kw * shared_weight(problem)).sum(axis=0)
    return generation_cost(weighted_kw, problem.cost_weight * problem.unit_cost, quadratic=True)


def shared_weight(problem: AllocationProblem) -> FloatArray:
    """``[site, retailer]`` weight of power in a retailer's total, where costs are shared: the root of the cost factor.

    Args:
        problem: what is solved.
    """
    unweighted = problem.cost_weight * problem.unit_cost
    factor = np.divide(problem.cost_coefficient, unweighted, out=np.ones(problem.access.shape), where=unweighted > 0.0)
    return np.asarray(np.sqrt(factor))


def site_utility(problem: AllocationProblem, power_kw: FloatArray) -> FloatArray:
    """``[site]`` worth less cost, USD/h, as in [DPA] Fig. 4; shared costs are split by weighted power.

    Args:
        problem: what is solved.
        power_kw: ``[site, retailer]``.
    """
    gained = worth(problem, power_kw)
    paid = cost(problem, power_kw)
    if problem.shared_costs:
        weighted_kw = power_kw * shared_weight(problem)
        total_kw = weighted_kw.sum(axis=0)
        paid = paid * np.divide(weighted_kw, total_kw, out=np.zeros_like(weighted_kw), where=total_kw > 0.0)
    return np.asarray((gained if gained.ndim == 1 else gained.sum(axis=1)) - paid.sum(axis=1))


def slope(problem: AllocationProblem, power_kw: FloatArray) -> FloatArray:
    """``[site, retailer]`` derivative of the sum of all utilities, USD/kWh.

    Source: u' of [DPA] Eq. 20.

    Args:
        problem: what is solved.
        power_kw: ``[site, retailer]``.
    """
    counted = power_kw.sum(axis=1, keepdims=True) if problem.satisfaction == "site" else power_kw
    gain = problem.satisfaction_weight / (problem.reference_kw + counted)
    if problem.shared_costs:
        weight = shared_weight(problem)
        total_kw = (power_kw * weight).sum(axis=0)
        return np.asarray(gain - 2.0 * problem.cost_weight * problem.unit_cost * total_kw * weight)
    loss = problem.cost_coefficient
    return np.asarray(gain - (2.0 * loss * power_kw if problem.quadratic else loss))


def objective(problem: AllocationProblem, power_kw: FloatArray, unserved_kw: FloatArray) -> float:
    """The sum of all utilities less the value of lost load, USD/h.

    Source: [DPA] Eq. 7, [DPA] Eq. 8, [DPA] Eq. 12; the lost load is ours.

    Args:
        problem: what is solved.
        power_kw: ``[site, retailer]``.
        unserved_kw: ``[site]`` what sites lack of their least power.
    """
    return float(worth(problem, power_kw).sum() - cost(problem, power_kw).sum() - lost(problem, unserved_kw))


def turnover(problem: AllocationProblem, power_kw: FloatArray, unserved_kw: FloatArray) -> float:
    """Worth, cost and lost load added up, USD/h: what errors of the objective, which may be zero, are measured by.

    Args:
        problem: what is solved.
        power_kw: ``[site, retailer]``.
        unserved_kw: ``[site]``.
    """
    return float(worth(problem, power_kw).sum() + cost(problem, power_kw).sum() + lost(problem, unserved_kw))


def lost(problem: AllocationProblem, unserved_kw: FloatArray) -> float:
    """Value of lost load, USD/h; nothing where sites must be served.

    Args:
        problem: what is solved.
        unserved_kw: ``[site]``.
    """
    return 0.0 if problem.value_of_lost_load is None else float((problem.lost_load_price * unserved_kw).sum())
