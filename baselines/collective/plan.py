"""Plans of infrastructures: solved, checked, and never missing.

What a solver answers is not believed: its decisions are cleaned, and their flows and costs computed anew. A solver that
fails, or runs out of time without a plan, leaves the cautious plan, which exceeds no limit.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from voltran.baselines.collective.cautious import cautious_decisions, shares_of_demand
from voltran.baselines.collective.evaluation import TOLERANCE, Account, Decisions, evaluate, is_feasible
from voltran.baselines.collective.problem import SharingProblem
from voltran.baselines.collective.program import SharingProgram, sharing_program
from voltran.baselines.solve import MilpResult, SolverError, SolverName, solve_milp
from voltran.envs.errors import ScenarioError
from voltran.envs.worker_process import worker_pool, worker_processes
from voltran.physics.arrays import BoolArray, FloatArray

PlanStatus = Literal["optimal", "limit", "failed"]

GAP = 1e-3
TIME_LIMIT_S = 10.0
# What solvers call equal, in EUR and relative to the cost.
SAME_COST = 1e-6
# Problems that a worker gets at once.
CHUNK = 8


@dataclass(frozen=True, eq=False)
class Plan:
    """What one infrastructure does in T slots, and what that costs.

    Attributes:
        battery_sites: ``[T, n]`` d, True where the battery serves a site. In slots in which the grid cannot serve all,
            sites are served in fractions: True there for as many sites as ``served_kwh`` suffices for.
        grid_charge_kwh, solar_charge_kwh: ``[T]`` E^GB and E^RB, at the battery's terminals.
        solar_direct_kwh: ``[T]`` from the panels to sites on the grid.
        served_kwh: ``[T]`` what the battery gives to the sites.
        unserved_kwh: ``[T, n]`` demand that nobody serves, by shares of demand.
        stored_kwh: ``[T + 1]`` energy in the cells, the beginning first.
        cost_eur: purchases, wear, lost load and what refilling costs.
        bound_eur: no plan costs less.
        status: "optimal" up to the gap asked for; "limit" if time ran out; "failed" if the solver did.
        gap: how far the cost may be above the least one, relative to the cost; infinite where nothing is proven.
        wall_s: time taken.
    """

    battery_sites: BoolArray
    grid_charge_kwh: FloatArray
    solar_charge_kwh: FloatArray
    solar_direct_kwh: FloatArray
    served_kwh: FloatArray
    unserved_kwh: FloatArray
    stored_kwh: FloatArray
    cost_eur: float
    bound_eur: float
    status: PlanStatus
    gap: float
    wall_s: float

    @property
    def decisions(self) -> Decisions:
        """What the plan decides, as :func:`voltran.baselines.collective.evaluation.evaluate` takes it."""
        return Decisions(*(getattr(self, name) for name in Decisions._fields))

    @property
    def grid_share(self) -> FloatArray:
        """``[T]`` lambda of [CG] Eq. 4: the grid's share of what charges the battery; NaN where nothing does."""
        charge_kwh = self.grid_charge_kwh + self.solar_charge_kwh
        none = np.full(charge_kwh.shape, np.nan)
        return np.asarray(np.divide(self.grid_charge_kwh, charge_kwh, out=none, where=charge_kwh > 0.0))


def plan(
    problem: SharingProblem, *, gap: float = GAP, time_limit_s: float = TIME_LIMIT_S, solver: SolverName = "highs"
) -> Plan:
    """The cheapest plan of an infrastructure.

    Source: [CG] Eq. 11.

    Args:
        problem: one infrastructure.
        gap: relative gap of the cost at which the solver may stop.
        time_limit_s: wall time after which it gives up.
        solver: "highs" or "scip".

    Returns:
        A plan that exceeds no limit, whatever the solver did; ``status`` says what that was.

    Raises:
        ScenarioError: a gap or time limit that is negative or no number, or a solver of another name.
        MissingExtraError: the solver is not installed.
    """
    _check_options(gap, time_limit_s, solver)
    start = time.perf_counter()
    program = sharing_program(problem)
    found, result = _solved(problem, program, gap, time_limit_s, solver)
    cautious = cautious_decisions(problem)
    options = [decisions for decisions in (*found, cautious) if is_feasible(problem, evaluate(problem, decisions))]
    decisions = min(options or [cautious], key=lambda each: evaluate(problem, each).cost_eur)
    account = evaluate(problem, decisions)
    bound_eur = _believed(result.bound if result else -np.inf, account)
    reached = _gap(account.cost_eur, bound_eur)
    status: PlanStatus = "failed" if result is None else "optimal" if reached <= gap + SAME_COST else "limit"
    return Plan(
        *decisions,
        stored_kwh=account.stored_kwh,
        cost_eur=account.cost_eur,
        bound_eur=bound_eur,
        status=status,
        gap=reached,
        wall_s=time.perf_counter() - start,
    )


def plan_all(
    problems: Sequence[SharingProblem],
    jobs: int = 1,
    *,
    gap: float = GAP,
    time_limit_s: float = TIME_LIMIT_S,
    solver: SolverName = "highs",
    pool: Executor | None = None,
) -> list[Plan]:
    """Plans of several infrastructures, each by itself.

    Args:
        problems: one per infrastructure.
        jobs: processes.
        gap, time_limit_s, solver: as in :func:`plan`.
        pool: processes of :func:`plan_pool` to work in, where more is to come; by default they are started for this.

    Returns:
        One plan per problem, in their order; whatever ``jobs`` is, they are the same as long as no time runs out.

    Raises:
        ScenarioError: no job, or as in :func:`plan`.
    """
    _check_jobs(jobs)
    _check_options(gap, time_limit_s, solver)
    work = partial(plan, gap=gap, time_limit_s=time_limit_s, solver=solver)
    if jobs == 1 or len(problems) <= 1:
        return [work(problem) for problem in problems]
    if pool is not None:
        return _planned(pool, work, problems, jobs)
    with worker_processes(jobs) as own:
        return _planned(own, work, problems, jobs)


def plan_pool(jobs: int) -> Executor:
    """Processes that plan.

    Args:
        jobs: how many.

    Raises:
        ScenarioError: no job.
    """
    _check_jobs(jobs)
    return worker_pool(jobs)


# --- inside -----------------------------------------------------------------------------------------------------------


def _check_options(gap: float, time_limit_s: float, solver: str) -> None:
    for name, value in (("gap", gap), ("time_limit_s", time_limit_s)):
        if not value >= 0.0:
            raise ScenarioError(f"{name} = {value!r}: must be a number of at least 0; the usual one is 1e-3, and 10 s")
    if solver not in get_args(SolverName):
        raise ScenarioError(f"solver = {solver!r}: choose one of {', '.join(get_args(SolverName))}")


def _check_jobs(jobs: int) -> None:
    if jobs < 1:
        raise ScenarioError(f"jobs = {jobs!r}: must be at least 1 process")


def _planned(pool: Executor, work: Any, problems: Sequence[SharingProblem], jobs: int) -> list[Plan]:
    """All plans; what a process left undone that was killed is done here."""
    chunk = min(CHUNK, -(-len(problems) // jobs))
    plans: list[Plan] = []
    try:
        for finished in pool.map(work, problems, chunksize=chunk):
            plans.append(finished)
    except BrokenProcessPool:
        plans += [work(problem) for problem in problems[len(plans) :]]
    return plans


def _solved(
    problem: SharingProblem, program: SharingProgram, gap: float, time_limit_s: float, solver: SolverName
) -> tuple[list[Decisions], MilpResult | None]:
    """Decisions that a solver found, and what it said; nothing after a failure."""
    try:
        result = solve_milp(program.program, solver, gap=gap, time_limit_s=time_limit_s)
        if result.status == "infeasible":
            return [], None
        if result.values is None:
            return [], result
        found = [_cleaned(problem, program, result.values)]
        if not is_feasible(problem, evaluate(problem, found[0])):
            # binaries that are whole up to a tolerance only have others flows once they are whole
            choices = np.rint(result.values[program.choices])
            exact = solve_milp(program.program.fixed(program.choices, choices), solver, time_limit_s=time_limit_s)
            found += [] if exact.values is None else [_cleaned(problem, program, exact.values)]
    except SolverError:
        return [], None
    return found, result


def _cleaned(problem: SharingProblem, program: SharingProgram, values: FloatArray) -> Decisions:
    """Decisions of a solution, whole where they must be and within their bounds."""
    values = np.clip(values, program.program.lower, program.program.upper)
    battery_sites, served_kwh, lacking_kwh = np.zeros(problem.demand_kwh.shape, bool), *np.zeros((2, problem.periods))
    battery_sites[program.free] = values[program.source] > 0.5
    served_kwh[:] = np.where(battery_sites, problem.demand_kwh, 0.0).sum(axis=1)
    served_kwh[problem.scarce], lacking_kwh[problem.scarce] = values[program.served], values[program.unserved]
    battery_sites[problem.scarce] = _served_whole(problem, served_kwh)[problem.scarce]
    direct = values[program.direct] if problem.solar_direct else np.zeros(problem.periods)
    return Decisions(
        battery_sites=battery_sites,
        grid_charge_kwh=values[program.grid],
        solar_charge_kwh=values[program.solar],
        solar_direct_kwh=direct,
        served_kwh=served_kwh,
        unserved_kwh=lacking_kwh[:, None] * shares_of_demand(problem),
    )


def _served_whole(problem: SharingProblem, served_kwh: FloatArray) -> BoolArray:
    """``[T, n]`` sites for which the battery's energy suffices, one after the other."""
    slack_kwh = TOLERANCE * problem.battery.capacity_kwh
    return np.asarray(np.cumsum(problem.demand_kwh, axis=1) <= served_kwh[:, None] + slack_kwh)


def _believed(bound_eur: float, account: Account) -> float:
    """A solver's bound; none at all where a plan costs clearly less than it says."""
    if bound_eur > account.cost_eur + SAME_COST * max(abs(account.cost_eur), 1.0):
        return -np.inf
    return min(bound_eur, account.cost_eur)


def _gap(cost_eur: float, bound_eur: float) -> float:
    """Relative to the cost."""
    if not np.isfinite(bound_eur):
        return np.inf
    difference_eur = cost_eur - bound_eur
    return 0.0 if difference_eur <= SAME_COST else difference_eur / max(abs(cost_eur), SAME_COST)
