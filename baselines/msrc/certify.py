"""Proofs that no plan is much better than the one at hand.

A plan that costs less than a cutoff keeps ``s``, the inverse of the shortest lifetime, within a window that two linear
programs find. For ``s`` within a narrow window the mixed-integer program is far tighter than for any ``s``, so that the
window is cut into slices; most fall at once to their linear program, the others to a short branch and bound.
"""

import time
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from voltran.baselines.msrc.evaluation import Evaluator
from voltran.baselines.msrc.instance import Instance
from voltran.baselines.msrc.milp import PlanProgram, Window, plan_program
from voltran.baselines.program import MixedIntegerProgram
from voltran.baselines.solve import MilpResult, solve_milp
from voltran.physics.arrays import IntArray
from voltran.physics.ordering import falling, surpasses

# More slices take more linear programs, but leave less to branch and bound.
SLICES = 4
# Windows are widened by this share, far more than the solver's tolerance.
MARGIN = 1e-5
# A solution below the cutoff need not be the very best one: the proof goes on from it.
BRANCHING_GAP = 0.01


@dataclass(frozen=True)
class Certificate:
    """What is proven about a plan.

    Attributes:
        plan: ``[site]`` the best plan known.
        cost: its cost.
        gap_proven: no plan costs less than ``(1 - gap_proven) cost``; ``None`` if time ran out first.
        is_improved: whether the plan was found by the proof, in the place of the one that it was asked about.
        wall_s: time taken.
        milps, lps: mixed-integer and linear programs solved.
    """

    plan: IntArray
    cost: float
    gap_proven: float | None
    is_improved: bool
    wall_s: float
    milps: int
    lps: int


def prove(
    instance: Instance, evaluator: Evaluator, plan: IntArray, cost: float, gap: float, time_limit_s: float
) -> Certificate:
    """Prove that no plan costs less than ``(1 - gap) cost``, or find one that does, and then prove it of that one.

    Args:
        instance: the planning problem.
        evaluator: of the same instance.
        plan: ``[site]`` a feasible plan.
        cost: its cost.
        gap: what to prove, relative to the cost; above zero.
        time_limit_s: wall time after which the proof is given up.

    Raises:
        SolverError: a solver failed.
    """
    proof = _Proof(instance, time_limit_s)
    best, best_cost, proven = plan, cost, False
    try:
        while not proven:
            better = proof.plan_below(best_cost * (1.0 - gap))
            if better is None:
                proven = True
                break
            better_cost = evaluator.cost(better)
            assert better_cost is not None, "without a cutoff there is a cost"
            # A plan within the solver's tolerance of the cutoff proves nothing and would be found again and again.
            if not surpasses(best_cost, better_cost):
                break
            best, best_cost = better, better_cost
    except _TimeUpError:
        pass
    return Certificate(
        plan=best,
        cost=best_cost,
        gap_proven=gap if proven else None,
        is_improved=best_cost < cost,
        wall_s=time.perf_counter() - proof.start,
        milps=proof.milps,
        lps=proof.lps,
    )


# --- inside -----------------------------------------------------------------------------------------------------------


class _TimeUpError(Exception):
    """The proof has to be given up."""


@dataclass
class _Proof:
    """One proof, with its clock and counts."""

    instance: Instance
    time_limit_s: float
    start: float = field(default_factory=time.perf_counter)
    milps: int = 0
    lps: int = 0

    def plan_below(self, cutoff: float) -> IntArray | None:
        """A plan that costs no more than the cutoff, ``None`` if there is none.

        Raises:
            _TimeUpError: neither is known.
        """
        if cutoff <= 0.0:
            return None
        if self.instance.lifetime_cost == 0.0:
            return self._branch(plan_program(self.instance), cutoff)
        window = self._narrowed(Window(0.0, cutoff / self.instance.lifetime_cost), cutoff)
        return None if window is None else self._search_slices(window, cutoff)

    def _search_slices(self, window: Window, cutoff: float) -> IntArray | None:
        """Slices of the window one after the other, those that their linear program leaves the most room for first."""
        edges = np.linspace(window.low, window.high, SLICES + 1).tolist()
        slices = []
        for low, high in pairwise(edges):
            relaxation = self._relaxation(plan_program(self.instance, Window(low, high)).program, cutoff)
            if relaxation.values is not None:
                slices.append((relaxation.objective, Window(low, high)))
        for place in falling([objective for objective, _ in slices]):
            part = slices[place][1]
            narrowed = self._narrowed(part, cutoff)
            if narrowed is None:
                continue
            plan = self._branch(plan_program(self.instance, narrowed), cutoff)
            if plan is not None:
                return plan
        return None

    def _narrowed(self, window: Window, cutoff: float) -> Window | None:
        """The least and largest ``s`` of solutions up to the cutoff, whole or not; ``None`` if there are none."""
        # The largest s first: it is the cheaper one to find, and makes the program of the least s tighter.
        high = self._extreme_s(window, cutoff, -1.0)
        if high is None:
            return None
        window = Window(window.low, min(high * (1.0 + MARGIN), window.high))
        low = self._extreme_s(window, cutoff, 1.0)
        return None if low is None else Window(max(low * (1.0 - MARGIN), window.low), window.high)

    def _extreme_s(self, window: Window, cutoff: float, sign: float) -> float | None:
        """The least ``s``, or with a negative sign the largest."""
        built = plan_program(self.instance, window)
        costs = np.zeros_like(built.program.costs)
        costs[built.inverse_lifetime] = sign
        solution = self._solve(replace(built.program.at_most(cutoff).relaxed(), costs=costs))
        return None if solution.values is None else sign * solution.objective

    def _relaxation(self, program: MixedIntegerProgram, cutoff: float) -> MilpResult:
        return self._solve(program.at_most(cutoff).relaxed())

    def _branch(self, built: PlanProgram, cutoff: float) -> IntArray | None:
        solution = self._solve(built.program.at_most(cutoff))
        return None if solution.values is None else built.plan_of(solution.values)

    def _solve(self, program: MixedIntegerProgram) -> MilpResult:
        """The optimum, or a result without values if there is no solution."""
        left_s = self.time_limit_s - (time.perf_counter() - self.start)
        if left_s <= 0.0:
            raise _TimeUpError
        if program.integral.any():
            self.milps += 1
        else:
            self.lps += 1
        solution = solve_milp(program, time_limit_s=left_s, gap=BRANCHING_GAP)
        if solution.status == "limit" and solution.values is None:
            raise _TimeUpError
        return solution
