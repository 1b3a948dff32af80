"""The problem as the interior-point method sees it: scaled, and without pairs that cannot exchange power."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.dpa.utility import shared_weight
from voltran.physics.arrays import BoolArray, FloatArray, IndexArray


@dataclass(frozen=True, eq=False)
class Program:
    """Powers are counted in ``power_unit_kw`` and prices in ``price_unit``; arrays ``[site, retailer]`` unless told.

    Attributes:
        power_unit_kw, price_unit: kW, and USD/kWh.
        open_: pairs that can exchange power.
        weight, reference: eta_1 and p_0.
        linear, square: factors of power and of its square in the cost of a pair.
        joint: ``[retailer]`` factor of the square of each retailer's total, weighted by ``share``; zero where costs are
            not shared.
        share: weight in that total.
        pooled: whether worth is of a site's total.
        lost: ``[site]`` price of lost load; zero where sites must be served.
        elastic: whether sites may go short.
        capacity: ``[retailer]``.
        demand, band: ``[site]`` most power, and how much less is enough.
    """

    power_unit_kw: float
    price_unit: float
    open_: BoolArray
    weight: float
    reference: float
    linear: FloatArray
    square: FloatArray
    joint: FloatArray
    share: FloatArray
    pooled: bool
    lost: FloatArray
    elastic: bool
    capacity: FloatArray
    demand: FloatArray
    band: FloatArray

    def turnover(self, power: FloatArray, short: FloatArray) -> float:
        """Worth, cost and lost load added up."""
        worth = self.weight * np.log1p((power.sum(axis=1) if self.pooled else power) / self.reference).sum()
        costs = ((self.linear + self.square * power) * power).sum()
        costs += (self.joint * (self.share * power).sum(axis=0) ** 2).sum()
        return float(worth + costs + (self.lost * short).sum())


class Parts(NamedTuple):
    """All variables, or their duals. Absent ones, such as closed pairs, stay at one and take no part.

    Attributes:
        power: ``[site, retailer]``.
        short: ``[site]`` what is lacking; absent where sites must be served.
        less, room: ``[site]`` how far below its demand a site with battery stays, and could still go.
        left: ``[retailer]`` unused capacity.
    """

    power: FloatArray
    short: FloatArray
    less: FloatArray
    room: FloatArray
    left: FloatArray


class Duals(NamedTuple):
    """Duals of capacities ``[retailer]`` and of balances ``[site]``, the second with the sign of a cost."""

    capacity: FloatArray
    balance: FloatArray


def parts(flat: FloatArray, program: Program) -> Parts:
    """Views into an array of all variables."""
    sites, retailers = program.open_.shape
    pairs = sites * retailers
    power, rest = flat[:pairs].reshape(sites, retailers), flat[pairs:]
    return Parts(power, rest[:sites], rest[sites : 2 * sites], rest[2 * sites : 3 * sites], rest[3 * sites :])


def present(program: Program) -> BoolArray:
    """Which variables there are, in the order of :func:`parts`."""
    sites, retailers = program.open_.shape
    banded = program.band > 0.0
    short = np.full(sites, program.elastic)
    return np.concatenate([program.open_.ravel(), short, banded, banded, np.ones(retailers, dtype=np.bool_)])


def program_of(problem: AllocationProblem, sites: IndexArray, retailers: IndexArray) -> Program:
    """Scale the problem of some sites and retailers so that powers and slopes are about one."""
    rows = np.ix_(sites, retailers)
    demand_kw = problem.demand_kw[sites]
    unit_kw = float(demand_kw.max())
    coefficient = problem.cost_coefficient[rows]
    marginal = coefficient * (2.0 * unit_kw if problem.quadratic else 1.0)
    price_unit = max(float(marginal.max()), problem.satisfaction_weight / (problem.reference_kw + unit_kw))
    elastic = problem.value_of_lost_load is not None
    square = coefficient * unit_kw / price_unit if problem.quadratic else np.zeros_like(coefficient)
    joint = problem.cost_weight * problem.unit_cost[retailers] * unit_kw / price_unit
    return Program(
        power_unit_kw=unit_kw,
        price_unit=price_unit,
        open_=problem.box_kw[rows] > 0.0,
        weight=problem.satisfaction_weight / (unit_kw * price_unit),
        reference=problem.reference_kw / unit_kw,
        linear=np.zeros_like(coefficient) if problem.quadratic else coefficient / price_unit,
        square=np.zeros_like(coefficient) if problem.shared_costs else square,
        joint=joint if problem.shared_costs else np.zeros_like(joint),
        share=shared_weight(problem)[rows],
        pooled=problem.satisfaction == "site",
        lost=problem.lost_load_price[sites] / price_unit if elastic else np.zeros(sites.size),
        elastic=elastic,
        capacity=problem.generation_kw[retailers] / unit_kw,
        demand=demand_kw / unit_kw,
        band=(problem.demand_kw - problem.least_kw)[sites] / unit_kw,
    )


def counted(program: Program, power: FloatArray) -> FloatArray:
    """What the logarithm is taken of, ``[site, retailer]`` or, where worth is pooled, ``[site, 1]``."""
    return program.reference + (power.sum(axis=1, keepdims=True) if program.pooled else power)


def cost_slope(program: Program, power: FloatArray) -> FloatArray:
    """``[site, retailer]`` what one more unit of power costs."""
    total = (program.share * power).sum(axis=0)
    return np.asarray(program.linear + 2.0 * program.square * power + 2.0 * program.joint * total * program.share)
