"""The best association of a small network, by weighing all of them. Source: [FDRAN] Section VI-D, exhaustive search."""

import math
import time
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from voltran.baselines.solve import require_finite
from voltran.baselines.trimsm.matching import Evaluator
from voltran.baselines.trimsm.peers import recp
from voltran.baselines.trimsm.uplink_evaluator import uplink_evaluator
from voltran.baselines.trimsm.uplink_settings import InnerControl
from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.problem import UplinkProblem
from voltran.physics.arrays import BoolArray, IntArray
from voltran.physics.units import SECONDS_PER_HOUR

# How fast associations are weighed is measured on so many of them, or for so long.
TIMED_CANDIDATES, TIMED_S = 50, 0.3
HOURS_PER_YEAR = 8766.0


class Optimum(NamedTuple):
    """The best of all associations.

    Attributes:
        association: ``[M, K]``.
        weighed: associations within all limits.
        value, shortfall: energy efficiency in Mbit/J, and what UEs lack of their minimum rates in Mbit/s, under the
            power control inside.
    """

    association: BoolArray
    weighed: int
    value: float
    shortfall: float


def best_association(problem: UplinkProblem, inner: InnerControl, most_candidates: int) -> Optimum:
    """Weigh all associations within [FDRAN] Eq. 25d and [FDRAN] Eq. 25e in which every UE is served.

    Where some give all UEs their minimum rates, the best is the most efficient of these; otherwise the most efficient
    of those that lack least.

    Args:
        problem: the moment, with at least one UE.
        inner: power control under which associations are weighed.
        most_candidates: associations that are weighed at most.

    Raises:
        ScenarioError: there are more; says how many, and how long they would take here.
        SolverError: the power control fails for one of them.
    """
    evaluator = uplink_evaluator(problem, inner)
    count = count_associations(problem.n_ubs, problem.n_ues, problem.ubs_per_ue)
    if count > most_candidates:
        raise ScenarioError(_too_many(problem, evaluator, count, most_candidates))
    best: Optimum | None = None
    weighed = 0
    for association in associations(problem):
        value, shortfall = evaluator.evaluate_association(association)
        require_finite("the value of an association", value, shortfall)
        weighed += 1
        if best is None or (shortfall, -value) < (best.shortfall, -best.value):
            best = Optimum(association, weighed, value, shortfall)
    assert best is not None, "a world has room for its UEs"
    return best._replace(weighed=weighed)


def count_associations(n_ubs: int, n_ues: int, ubs_per_ue: int) -> int:
    """Associations with 1 to ``ubs_per_ue`` UBSs per UE, exactly; [FDRAN] Eq. 25e may forbid some of them.

    Args:
        n_ubs: ``M``.
        n_ues: ``K``.
        ubs_per_ue: ``M_max``.
    """
    sets = sum(math.comb(n_ubs, size) for size in range(1, ubs_per_ue + 1))
    return int(sets**n_ues)


def associations(problem: UplinkProblem) -> Iterator[BoolArray]:
    """All associations ``[M, K]`` within the limits, in a fixed order."""
    sizes = range(1, problem.ubs_per_ue + 1)
    choices = [np.array(chosen) for size in sizes for chosen in combinations(range(problem.n_ubs), size)]
    association = np.zeros(problem.gain.shape, dtype=bool)
    yield from _completed(association, np.zeros(problem.n_ubs, dtype=np.int64), 0, choices, problem.ues_per_ubs)


def _completed(
    association: BoolArray, clients: IntArray, ue: int, choices: list[IntArray], ues_per_ubs: int
) -> Iterator[BoolArray]:
    """All ways to serve the UEs from one on, where UBSs have so many already."""
    if ue == association.shape[1]:
        yield association.copy()
        return
    for chosen in choices:
        if (clients[chosen] < ues_per_ubs).all():
            association[chosen, ue] = True
            clients[chosen] += 1
            yield from _completed(association, clients, ue + 1, choices, ues_per_ubs)
            association[chosen, ue] = False
            clients[chosen] -= 1


def _too_many(problem: UplinkProblem, evaluator: Evaluator, count: int, most_candidates: int) -> str:
    seconds = _seconds_each(problem, evaluator)
    return (
        f"exhaustive search: {problem.n_ubs} UBSs and {problem.n_ues} UEs with up to {problem.ubs_per_ue} UBSs each "
        f"have {_rounded(count)} associations, {duration(count, seconds)} here; most_candidates = {most_candidates} "
        "allows fewer. Lower layout.n_ubs, ues.count or limits.ubs_per_ue, or raise most_candidates"
    )


def duration(count: int, seconds_each: float) -> str:
    """About how long so many of something take, in words."""
    # whole numbers may be larger than any float
    years = count * max(1, round(1e9 * seconds_each)) // round(1e9 * SECONDS_PER_HOUR * HOURS_PER_YEAR)
    if years >= 1:
        return f"about {_rounded(years)} years"
    seconds = count * seconds_each
    if seconds >= SECONDS_PER_HOUR:
        return f"about {seconds / SECONDS_PER_HOUR:.0f} h"
    return f"about {seconds:.0f} s"


def _rounded(count: int) -> str:
    """A whole number, with two digits where it is long: it may have too many for a float, or for a text."""
    if count < 10**9:
        return f"{count:,}"
    exponent = math.floor(math.log10(count))
    return f"{count // 10 ** (exponent - 1) / 10:.1f}e{exponent}"


def _seconds_each(problem: UplinkProblem, evaluator: Evaluator) -> float:
    """How long it takes to weigh one, measured; the first may load or compile functions."""
    association = recp(problem)
    evaluator.evaluate_association(association)
    start, done = time.perf_counter(), 0
    while done < TIMED_CANDIDATES and time.perf_counter() - start < TIMED_S:
        evaluator.evaluate_association(association)
        done += 1
    return (time.perf_counter() - start) / max(done, 1)
