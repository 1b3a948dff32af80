"""What a pair exchanges at given prices, in closed form."""

from typing import NamedTuple

import numpy as np

from voltran.baselines.dpa.problem import AllocationProblem
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import FloatArray


class PairTerms(NamedTuple):
    """What decides how much pairs exchange; of one retailer ``[site]``, or of all ``[site, retailer]``.

    Attributes:
        coefficient: eta_2 c (2 - o), of power or of its square.
        box_kw: the most they can exchange.
        weight, reference_kw: eta_1 and p_0.
        quadratic: whether costs are.
    """

    coefficient: FloatArray
    box_kw: FloatArray
    weight: float
    reference_kw: float
    quadratic: bool


def pair_terms(problem: AllocationProblem, method: str) -> PairTerms:
    """The terms of all pairs.

    Args:
        problem: whose.
        method: who asks, for the message.

    Raises:
        ScenarioError: the problem's utility is not a sum over pairs.
    """
    if problem.satisfaction == "site":
        raise ScenarioError(f"satisfaction = 'site': {method} needs 'pair'; solve with interior_point")
    if problem.shared_costs:
        raise ScenarioError(f"cost_scope = 'retailer': {method} needs 'pair'; solve with interior_point")
    return PairTerms(
        problem.cost_coefficient,
        problem.box_kw,
        problem.satisfaction_weight,
        problem.reference_kw,
        problem.quadratic,
    )


def respond(terms: PairTerms, price: FloatArray) -> FloatArray:
    """The power that maximises utility less price times power, in kW; any shape.

    Source: [DPA] Eq. 21 with A of [DPA] Eq. 22, [DPA] Eq. 23 and A, B, C of [DPA] Eq. 24, [DPA] Eq. 25. The paper
    leaves power unbounded: with linear costs there is no maximum where the price is as negative as the cost. Here it
    stays within what capacity and demand allow, which [DPA] Eq. 9, [DPA] Eq. 10 and [DPA] Eq. 11 imply.

    Args:
        terms: of the pairs.
        price: lambda - nu, USD/kWh.
    """
    if not terms.quadratic:
        margin = terms.coefficient + price
        wanted_kw = np.divide(terms.weight, margin, out=np.full(margin.shape, np.inf), where=margin > 0.0)
        return np.asarray(np.clip(wanted_kw - terms.reference_kw, 0.0, terms.box_kw))
    a = 2.0 * terms.coefficient
    b = a * terms.reference_kw + price
    c = price * terms.reference_kw - terms.weight
    root = np.sqrt((a * terms.reference_kw - price) ** 2 + 4.0 * a * terms.weight)
    # Of the two forms of the same solution, the one in which nothing cancels; with free power it may be infinite.
    wanted_kw = np.divide(-2.0 * c, b + root, out=np.full(b.shape, np.inf), where=b > 0.0)
    wanted_kw = np.divide(root - b, 2.0 * a, out=wanted_kw, where=(b <= 0.0) & (a > 0.0))
    return np.asarray(np.clip(wanted_kw, 0.0, terms.box_kw))


def sensitivity(terms: PairTerms, power_kw: FloatArray) -> FloatArray:
    """How much less is exchanged per price, kW per USD/kWh, where power is within its limits; any shape.

    Source: -1 / u'' with u'' of [DPA] Eq. 5, [DPA] Eq. 6.

    Args:
        terms: of the pairs.
        power_kw: what they exchange.
    """
    bend = terms.weight / (terms.reference_kw + power_kw) ** 2
    return np.asarray(1.0 / (bend + (2.0 * terms.coefficient if terms.quadratic else 0.0)))


def moving(terms: PairTerms, power_kw: FloatArray) -> FloatArray:
    """The same, but zero for pairs at a limit, which small changes of price do not move.

    Args:
        terms: of the pairs.
        power_kw: what they exchange.
    """
    inside = (power_kw > 0.0) & (power_kw < terms.box_kw)
    return np.where(inside, sensitivity(terms, power_kw), 0.0)


def marginal(terms: PairTerms, power_kw: FloatArray) -> FloatArray:
    """Price at which this power would be exchanged, USD/kWh; any shape. Source: [DPA] Eq. 20.

    Args:
        terms: of the pairs.
        power_kw: what they exchange.
    """
    gain = terms.weight / (terms.reference_kw + power_kw)
    return np.asarray(gain - terms.coefficient * (2.0 * power_kw if terms.quadratic else 1.0))
