"""Stage 1 of MSRC: cooperation modes for the next decision period. Source: [MSRC] Algorithm 1."""

from dataclasses import dataclass

import numpy as np

from voltran.baselines.msrc.certify import Certificate, prove
from voltran.baselines.msrc.evaluation import Evaluation, Evaluator
from voltran.baselines.msrc.forecasts import forecast_of
from voltran.baselines.msrc.groups import Groups, user_groups
from voltran.baselines.msrc.instance import Instance
from voltran.baselines.msrc.options import site_options
from voltran.baselines.msrc.search import Search
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.program import TOLERANCE
from voltran.baselines.solve import SolverError
from voltran.envs.blackout.world import BlackoutWorld
from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.power import SLEEP

PROVEN_GAPS = {"5%": 0.05, "2%": 0.02}


@dataclass(frozen=True)
class Plan:
    """What the planner decided.

    Attributes:
        options: ``[site]`` option of each site.
        evaluation: what the planner expects of it, ``None`` after a failed solution.
        evaluations: plans weighed in the search for it.
        gap_proven: no plan costs less than ``(1 - gap_proven)`` of this one; ``None`` where that was not asked for, or
            the proof ran out of time or failed; zero where no site is alive.
    """

    options: IntArray
    evaluation: Evaluation | None
    evaluations: int
    gap_proven: float | None = None


class Planner:
    """Plans one world, decision after decision.

    Args:
        world: a world of an outage; only what a controller with global information may know is read.
        index: which world of the batch.
        settings: coefficients.

    Attributes:
        failed_solves: plans that fell back on the last feasible one because a solver failed, and proofs that failed.
    """

    def __init__(self, world: BlackoutWorld, index: int, settings: PlannerSettings) -> None:
        self.world, self.index, self.settings = world, index, settings
        self.options = site_options(world.constants, settings)
        self._forecast = forecast_of(settings)
        self.failed_solves = 0
        self._groups: Groups | None = None
        self._expected_mbps: FloatArray = np.empty(0)
        self._last: IntArray | None = None

    def instance(self) -> Instance:
        """The planning problem of this moment."""
        world, index, constants = self.world, self.index, self.world.constants
        settled = world.decision[index] > 0
        outlook = self._forecast(world, index, self.settings.horizon_h)
        return Instance(
            settings=self.settings,
            options=self.options,
            groups=self._current_groups(outlook.demand_mbps),
            alive=world.alive[index],
            energy_kwh=world.usable_kwh[index] + outlook.vehicles_kwh,
            previous_mode=world.mode[index] if settled else np.full(constants.n_sites, -1),
            may_help=constants.may_help,
            assistance_potential=constants.assistance_potential,
            k_max=constants.k_max,
            literal_links=constants.scenario.cooperation.links == "literal",
        )

    def plan(self) -> Plan:
        """Plan the next decision period.

        A solver that fails, or is caught at a wrong answer, costs the plan, not the episode: the last feasible plan,
        repaired for the sites that are alive, stands in for it, and the failure is counted.
        """
        instance = self.instance()
        if not instance.alive.any():
            return Plan(np.full(instance.n_sites, instance.sleep), None, 0, gap_proven=0.0)
        try:
            plan = self._solve(instance)
        except SolverError:
            self.failed_solves += 1
            plan = Plan(self._fallback(instance), None, 0)
        self._last = plan.options
        return plan

    def _solve(self, instance: Instance) -> Plan:
        evaluator = Evaluator(instance)
        search = Search(instance, evaluator)
        options, gap_proven = search.run(self._last), None
        cost = search.cost
        if (certificate := self._certificate(instance, evaluator, options, cost)) is not None:
            options, cost, gap_proven = certificate.plan, certificate.cost, certificate.gap_proven
        evaluation = evaluator.evaluate(options)
        if not abs(evaluation.cost - cost) <= TOLERANCE * max(abs(cost), 1.0):
            raise SolverError(f"a plan was found for its cost of {cost}, but costs {evaluation.cost}")
        return Plan(options, evaluation, search.evaluations, gap_proven)

    def _certificate(
        self, instance: Instance, evaluator: Evaluator, options: IntArray, cost: float
    ) -> Certificate | None:
        """What is proven of a plan, if that is asked for; a proof that fails says nothing against the plan."""
        if self.settings.certify == "off":
            return None
        gap = PROVEN_GAPS[self.settings.certify]
        try:
            return prove(instance, evaluator, options, cost, gap, self.settings.proof_time_s)
        except SolverError:
            self.failed_solves += 1
            return None

    def _fallback(self, instance: Instance) -> IntArray:
        last = instance.widest[np.where(instance.alive, 0, SLEEP)] if self._last is None else self._last
        return instance.repaired(np.where(instance.alive, last, instance.sleep))

    def _current_groups(self, expected_mbps: FloatArray) -> Groups:
        """User groups; users who stand still and ask for the same all the time are grouped once."""
        scenario = self.world.scenario
        changing = scenario.traffic.redraw_period_s is not None or scenario.users.speed_m_per_s > 0.0
        if self._groups is None or changing or not np.array_equal(expected_mbps, self._expected_mbps):
            self._groups = user_groups(
                self.world.constants, self.world.users, self.index, self.options, self.settings.candidate_servers,
                expected_mbps,
            )  # fmt: skip
            self._expected_mbps = expected_mbps
        return self._groups
