"""The best that anybody could do who knew the whole episode: a convex program over all periods.

Its linear program has tangents in place of curves: worth lies below its tangents and costs above theirs, so that the
program promises at least what any decisions could reach. What its plan is really worth is a bound from the other side.
Tangents are added where the plan lies until both meet.
"""

from typing import NamedTuple

import numpy as np

from voltran.baselines.market.foresight_problem import ForesightProblem
from voltran.baselines.market.foresight_program import Decisions, Pieces, solve_program, tangents
from voltran.physics.arrays import FloatArray
from voltran.physics.market import generation_cost, satisfaction

FIRST_TANGENTS = 6
MOST_ROUNDS = 12
# Well above the tolerances of linear programs.
TOLERANCE = 1e-4


class Plan(NamedTuple):
    """What to do in every period, and what that is worth.

    Attributes:
        power_kw: ``[T, link]`` sales of retailers to groups of sites, see ``ForesightProblem``.
        direct_kw: ``[T, M]`` bought for the load.
        charge_kw, discharge_kw: ``[T, M]`` of batteries.
        unserved_kw: ``[T, M]``.
        welfare_usd: of the plan.
        bound_usd: no decisions have more welfare.
        gap: what lies between these, as a share of worth, costs and lost load added up.
        rounds: linear programs solved.
    """

    power_kw: FloatArray
    direct_kw: FloatArray
    charge_kw: FloatArray
    discharge_kw: FloatArray
    unserved_kw: FloatArray
    welfare_usd: float
    bound_usd: float
    gap: float
    rounds: int

    @property
    def bought_kw(self) -> FloatArray:
        """``[T, M]`` for load and battery."""
        return self.direct_kw + self.charge_kw


def plan_ahead(problem: ForesightProblem, tolerance: float = TOLERANCE) -> Plan:
    """The plan of most welfare: worth of power less costs of generation, lost load and wear.

    Args:
        problem: the episode.
        tolerance: gap at which tangents are close enough.

    Raises:
        SolverError: the linear program fails.
    """
    worth_at, cost_at = _first_points(problem)
    rounds = 1
    while True:
        chosen = solve_program(problem, _worth(problem, worth_at), _cost(problem, cost_at))
        plan = _judged(problem, chosen, rounds)
        if plan.gap <= tolerance or rounds == MOST_ROUNDS:
            return plan
        worth_at, cost_at = _with_point(worth_at, chosen.direct_kw), _with_point(cost_at, _counted(problem, chosen))
        rounds += 1


def _judged(problem: ForesightProblem, chosen: Decisions, rounds: int) -> Plan:
    """What decisions are really worth."""
    retail, storage, shape = problem.constants.retail, problem.storage, problem.load_kw.shape
    worth = satisfaction(np.maximum(chosen.direct_kw, 0.0), retail.satisfaction_usd_per_h, retail.reference_kw).sum()
    cost = _cost_per_h(problem, chosen)
    lost = retail.value_of_lost_load_usd_per_kwh * chosen.unserved_kw.sum()
    wear = problem.wear_usd_per_kwh * (chosen.charge_kw.sum() + chosen.discharge_kw.sum())
    direct_kw, charge_kw, discharge_kw = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    np.add.at(direct_kw.T, problem.worth_site, chosen.direct_kw.T)
    charge_kw[:, storage.site], discharge_kw[:, storage.site] = chosen.charge_kw, chosen.discharge_kw
    welfare_usd = problem.period_h * float(worth - cost - lost - wear)
    at_stake_usd = problem.period_h * float(worth + cost + lost + wear)
    return Plan(
        power_kw=chosen.power_kw,
        direct_kw=direct_kw,
        charge_kw=charge_kw,
        discharge_kw=discharge_kw,
        unserved_kw=chosen.unserved_kw,
        welfare_usd=welfare_usd,
        bound_usd=max(chosen.value_usd, welfare_usd),
        gap=max(chosen.value_usd - welfare_usd, 0.0) / max(at_stake_usd, np.finfo(np.float64).tiny),
        rounds=rounds,
    )


def _cost_per_h(problem: ForesightProblem, chosen: Decisions) -> float:
    """Cost of generation, all periods added up, in USD/h."""
    quadratic = problem.constants.is_quadratic
    counted_kw = _counted(problem, chosen) if quadratic else chosen.power_kw
    retailer = problem.cost_retailer if quadratic else problem.links[1]
    return float(generation_cost(counted_kw, problem.constants.unit_cost[retailer], quadratic).sum())


def _counted(problem: ForesightProblem, chosen: Decisions) -> FloatArray:
    """``[T, unit]`` generation whose quadratic cost counts by itself; none where costs are linear."""
    if not problem.constants.is_quadratic:
        return chosen.power_kw[:, :0]
    counted_kw = np.zeros((chosen.power_kw.shape[0], problem.cost_retailer.size))
    np.add.at(counted_kw.T, problem.cost_unit, chosen.power_kw.T)
    return counted_kw


def _first_points(problem: ForesightProblem) -> tuple[FloatArray, FloatArray]:
    """``[T, unit, K]`` points of tangents from 0 to the most there can be: of worth in equal ratios, of cost evenly."""
    share, reference = np.linspace(0.0, 1.0, FIRST_TANGENTS), problem.constants.retail.reference_kw
    load_kw = problem.load_kw[:, problem.worth_site, None]
    worth_at = reference * np.expm1(np.log1p(load_kw / reference) * share)
    retailers = problem.cost_retailer[: problem.cost_retailer.size * problem.constants.is_quadratic]
    return worth_at, problem.available_kw[:, retailers, None] * share


def _with_point(points: FloatArray, added: FloatArray) -> FloatArray:
    """Points ``[T, unit, K + 1]`` with another one among them."""
    inside = np.clip(added[..., None], points[..., :1], points[..., -1:])
    return np.sort(np.concatenate([points, inside], axis=-1), axis=-1)


def _worth(problem: ForesightProblem, points: FloatArray) -> Pieces:
    retail = problem.constants.retail
    value = satisfaction(points, retail.satisfaction_usd_per_h, retail.reference_kw)
    return tangents(points, value, retail.satisfaction_usd_per_h / (retail.reference_kw + points))


def _cost(problem: ForesightProblem, points: FloatArray) -> Pieces:
    unit_cost = problem.constants.unit_cost[problem.cost_retailer[: points.shape[1]], None]
    return tangents(points, generation_cost(points, unit_cost, quadratic=True), 2.0 * unit_cost * points)
