"""Search for the best plan: iterated local search over mode vectors, each weighed by an exact linear program."""

from collections.abc import Iterator

import numpy as np

from voltran.baselines.msrc.dual_bounds import Screen
from voltran.baselines.msrc.evaluation import Evaluator
from voltran.baselines.msrc.instance import Instance
from voltran.physics.arrays import IntArray
from voltran.physics.ordering import rising
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

# A cost must fall by more than this to count as lower; costs of the same plan differ by far less.
TOLERANCE = 1e-9
ROUNDING = 0.1 * TOLERANCE
# Sites that start asleep or assisted, the poorest first, in the systematic starting plans.
NEEDY_SHARES = (0.1, 0.25, 0.4, 0.6)
STARTS_TO_IMPROVE = 2
# After a kick: how much worse a plan may be to go on from, and when to return to the best.
ACCEPTED, HOPELESS = 1.003, 1.02


class BudgetSpent(Exception):
    """No evaluation is left."""


class Search:
    """One search. Its order of trials comes from its own generator, its end from counts: no clock is asked.

    Args:
        instance: the planning problem.
        evaluator: of the same instance.

    Attributes:
        plan, cost: the best plan so far.
        evaluations: plans weighed, by a bound that rejects them or by their linear programs.
        linear_programs: linear programs solved.
    """

    def __init__(self, instance: Instance, evaluator: Evaluator) -> None:
        self.instance, self.evaluator = instance, evaluator
        self.evaluations = self.look_ups = self.linear_programs = 0
        self._most_evaluations = instance.budget(instance.settings.evaluations)
        self._most_look_ups = instance.budget(instance.settings.look_ups)
        self.plan: IntArray = np.full(instance.n_sites, instance.sleep)
        self.cost = np.inf
        self._generator = np.random.default_rng(instance.settings.search_seed)
        # Costs where known, and otherwise the largest cutoff that a plan is known to exceed.
        self._known: dict[bytes, float] = {}
        self._exceeds: dict[bytes, float] = {}
        self._screen = Screen(instance)
        self._live = np.flatnonzero(instance.alive)

    def run(self, last_plan: IntArray | None = None) -> IntArray:
        """The best plan within the budget, ``[site]``.

        Args:
            last_plan: a plan to start from, besides the systematic ones.
        """
        try:
            starts = self._weighed_starts(last_plan)
            for _, plan in starts[:STARTS_TO_IMPROVE]:
                self._descend(plan, pairs=False)
            self._descend(self.plan, pairs=True)
            self._iterate()
        except BudgetSpent:
            pass
        return self.plan

    def _weighed_starts(self, last_plan: IntArray | None) -> list[tuple[float, IntArray]]:
        plans = [] if last_plan is None else [last_plan]
        plans += starting_plans(self.instance)
        unique = {plan.tobytes(): plan for plan in map(self.instance.repaired, plans)}
        weighed = [(self._cost(plan, np.inf), plan) for plan in unique.values()]
        return [weighed[place] for place in rising([cost for cost, _ in weighed])]

    def _iterate(self) -> None:
        """Kick the current plan, descend, and go on from the result unless it is much worse."""
        current, current_cost = self.plan, self.cost
        while True:
            kicked = self._kicked(current)
            cost, plan = self._descend(kicked, pairs=True)
            if cost <= current_cost * ACCEPTED:
                current, current_cost = plan, cost
            if current_cost > self.cost * HOPELESS:
                current, current_cost = self.plan, self.cost

    def _kicked(self, plan: IntArray) -> IntArray:
        """The plan with random options at a random live site and one to three of its neighbours, repaired."""
        self._look_up()
        kicked = plan.copy()
        centre = self._generator.choice(self._live)
        ring = self.instance.rings[centre]
        count = min(int(self._generator.integers(1, 4)), ring.size)
        for site in [centre, *self._generator.choice(ring, count, replace=False)]:
            kicked[site] = self._generator.integers(self.instance.sleep + 1)
        return self.instance.repaired(kicked)

    def _descend(self, plan: IntArray, pairs: bool) -> tuple[float, IntArray]:
        """Take the first improvement again and again until there is none."""
        cost = self._cost(plan, np.inf)
        improved = True
        while improved:
            improved = False
            for candidate in self._neighbours(plan, pairs):
                candidate_cost = self._cost(candidate, cost - TOLERANCE)
                if candidate_cost < cost - TOLERANCE:
                    plan, cost, improved = candidate, candidate_cost, True
                    break
        return cost, plan

    def _neighbours(self, plan: IntArray, pairs: bool) -> Iterator[IntArray]:
        """Feasible plans that differ at one site, then at two neighbours of which exactly one becomes a helper."""
        for site, option in self._shuffled(self._single_moves(plan)):
            candidate = plan.copy()
            candidate[site] = option
            if self._admit(candidate):
                yield candidate
        if not pairs:
            return
        for site, option, other, other_option in self._shuffled(self._pair_moves(plan)):
            candidate = plan.copy()
            candidate[site], candidate[other] = option, other_option
            if self._admit(candidate):
                yield candidate

    def _single_moves(self, plan: IntArray) -> IntArray:
        return np.array(
            [(site, option) for site in self._live for option in range(self.instance.sleep + 1) if option != plan[site]]
        ).reshape(-1, 2)

    def _pair_moves(self, plan: IntArray) -> IntArray:
        mode = self.instance.options.mode
        every = range(self.instance.sleep + 1)
        return np.array(
            [
                (site, option, other, other_option)
                for site in self._live
                for other in self.instance.rings[site]
                for option in every
                if mode[option] == HELPING and option != plan[site]
                for other_option in every
                if mode[other_option] != HELPING and other_option != plan[other]
            ]
        ).reshape(-1, 4)

    def _shuffled(self, moves: IntArray) -> list[list[int]]:
        self._generator.shuffle(moves)
        listed: list[list[int]] = moves.tolist()
        return listed

    def _admit(self, plan: IntArray) -> bool:
        self._look_up()
        return self.instance.is_feasible(plan)

    def _look_up(self) -> None:
        self.look_ups += 1
        if self.look_ups > self._most_look_ups:
            raise BudgetSpent

    def _cost(self, plan: IntArray, cutoff: float) -> float:
        """Cost of a plan; infinite where it is only known to exceed the cutoff."""
        key = plan.tobytes()
        if key in self._known:
            return self._known[key]
        if self._exceeds.get(key, -np.inf) >= cutoff - ROUNDING:
            return np.inf
        if self.evaluations >= self._most_evaluations and np.isfinite(self.cost):
            raise BudgetSpent
        self.evaluations += 1
        rejected = self._screen.rejects(plan, cutoff)
        self.linear_programs += not rejected
        cost = None if rejected else self.evaluator.cost(plan, cutoff)
        if cost is None:
            self._exceeds[key] = cutoff
            return np.inf
        self._known[key] = cost
        self._screen.add(self.evaluator.prices())
        if cost < self.cost - TOLERANCE:
            self.plan, self.cost = plan.copy(), cost
        return cost


def starting_plans(instance: Instance) -> list[IntArray]:
    """All normal, one richest helper per neighbourhood, and the poorest asleep or assisted while all others help."""
    n_sites, widest = instance.n_sites, instance.widest
    plans = [np.full(n_sites, NORMAL)]
    poorest = rising(instance.energy_kwh)
    for needy in (SLEEP, ASSISTED):
        plans.append(_richest_help(instance, poorest[::-1], needy))
        for share in NEEDY_SHARES:
            mode = np.full(n_sites, HELPING)
            mode[poorest[: round(share * n_sites)]] = needy
            plans.append(mode)
    down = ~instance.alive
    return [np.where(down, instance.sleep, widest[mode]) for mode in plans]


def _richest_help(instance: Instance, richest: IntArray, needy: int) -> IntArray:
    """From the richest site down: a site that nobody covers yet helps its neighbours, which need help."""
    mode = np.full(instance.n_sites, -1)
    for site in richest:
        if mode[site] < 0:
            mode[site] = HELPING
            mode[[other for other in instance.rings[site] if mode[other] < 0]] = needy
    return mode
