"""Whatever a solver does, an episode plays to its end, and results say what happened."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.baselines.solver_faults import FAULTS, LibraryError, broken
from voltran import baselines
from voltran.baselines.collective.bound import least_cost
from voltran.baselines.collective.gains import game, least_core
from voltran.baselines.market.bound import best_welfare
from voltran.baselines.solve import SolverError, solving
from voltran.envs.controller import world_options_of
from voltran.envs.market.world import MarketWorld
from voltran.envs.registry import make_world
from voltran.envs.sharing.world import SharingWorld
from voltran.envs.world import World

OUTAGE = {"time.horizon_h": 1.0}
MARKET = {"time.horizon_h": 2.0}
UPLINK: dict[str, Any] = {"layout.n_ubs": 3, "ues.count": 2, "time.horizon_h": 1.0}
UPLINK |= {"traffic.source": "constant", "traffic.session_h": None}
OWN_FAULTS = ("raises", "NaN")
QUICK_FAULTS = ("raises", "limit", "cost of -1e9", "beyond limits")


class Case(NamedTuple):
    """A controller that solves, and a short episode for it."""

    scenario: str
    overrides: dict[str, Any]
    controller: str
    options: dict[str, Any]
    counter: str = "failed_solves"


def outage(controller: str, **options: Any) -> Case:
    return Case("toy3", OUTAGE, controller, {"evaluations": 10, **options})


def dispatched(dispatch: str) -> Case:
    """Users move, so that every step is dispatched anew."""
    case = outage("msrc", dispatch=dispatch)
    return case._replace(overrides={**OUTAGE, "users.speed_m_per_s": 1.0}, counter="dispatch_fallbacks")


CASES = {
    "msrc": outage("msrc"),
    "levelling": outage("msrc-levelling"),
    "extended": outage("msrc-extended"),
    "perfect forecast": outage("msrc", forecast="perfect"),
    "no forecast": outage("msrc", forecast="none"),
    "certified": outage("msrc", certify="5%"),
    "exact dispatch": dispatched("exact"),
    "exact carriers": dispatched("exact-carriers"),
    "rolling plans": Case("sharing-toy", {}, "rolling-milp", {}),
    "rolling plans by SCIP": Case("sharing-toy", {}, "rolling-milp", {"solver": "scip"}),
}
OWN = {
    "trimsm in the outage": Case("toy3", OUTAGE, "trimsm", {}),
    "trimsm": Case("uplink20", UPLINK, "trimsm-eipc", {}),
    "slmdb": Case("uplink20", UPLINK, "recp", {"final": "slmdb"}),
    "exhaustive": Case("uplink20", UPLINK, "exhaustive", {}),
    "user-centric": Case("uplink20", UPLINK, "uc-cell-free", {}),
    "dpa": Case("market4", MARKET, "dpa", {}),
    "dpa newton": Case("market4", MARKET, "dpa", {"method": "newton"}),
    "dpa dual gradient": Case("market4", MARKET, "dpa", {"method": "dual_gradient", "max_iterations": 50}),
}
AT_ONCE = {
    "social optimum": Case("market4", MARKET, "social-optimum", {}),
    "foresight": Case("sharing-toy", {}, "foresight-milp", {}),
}
ALL = CASES | OWN | AT_ONCE
COMBINED = [
    pytest.param(case, fault, when, marks=[] if fault in QUICK_FAULTS and when == 1 else pytest.mark.slow)
    for cases, faults in ((CASES, tuple(FAULTS)), (OWN, OWN_FAULTS))
    for case in cases
    for fault in faults
    for when in (1, 3)
]


def started(case: Case) -> tuple[World, Any]:
    controller: Any = baselines.make(case.controller, **case.options)
    world = make_world(case.scenario, 1, case.overrides, **world_options_of(controller))
    world.reset([3])
    return world, controller


def played(case: Case, fault: str, when: int) -> dict[str, float]:
    """What a controller counted in an episode in which solvers fail at one decision."""
    world, controller = started(case)
    with broken(fault) if when == 0 else solving("nothing"):
        controller.reset(world)
    decision, over = 0, False
    while not over:
        decision += 1
        with broken(fault) if decision == max(when, 1) else solving("nothing"):
            transition = world.step(controller.act(world))
        over = bool((transition.terminated | transition.truncated)[0])
        assert all(np.isfinite(rewards).all() for rewards in transition.rewards.values())
    assert decision > 3
    counted = dict(controller.counters())
    if fault == "limit":  # planners of shared batteries count what ran out of time by itself
        counted["failed_solves"] += counted.get("plans_at_limit", 0.0)
    return counted


@pytest.mark.parametrize("case", ALL)
def test_nothing_is_counted_where_solvers_work(case: str) -> None:
    world, controller = started(ALL[case])
    controller.reset(world)
    over = False
    while not over:
        transition = world.step(controller.act(world))
        over = bool((transition.terminated | transition.truncated)[0])
    assert controller.counters()[ALL[case].counter] == 0.0


@pytest.mark.parametrize(("case", "fault", "when"), COMBINED)
def test_a_solver_that_fails_costs_no_episode_and_is_counted(case: str, fault: str, when: int) -> None:
    counted = played(ALL[case], fault, when)
    assert counted[ALL[case].counter] >= 1.0, counted


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("case", AT_ONCE)
def test_an_episode_whose_plan_fails_at_its_beginning_is_played_without(case: str, fault: str) -> None:
    assert played(AT_ONCE[case], fault, when=0)[AT_ONCE[case].counter] >= 1.0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bound_is_proven_or_none(fault: str) -> None:
    market, sharing = make_world("market4", 1, MARKET), make_world("sharing-toy", 1)
    assert isinstance(market, MarketWorld)
    assert isinstance(sharing, SharingWorld)
    market.reset([3])
    sharing.reset([3])
    with broken(fault):
        with pytest.raises(SolverError):
            best_welfare(market)
        with pytest.raises(SolverError):
            least_cost(sharing)
        with pytest.raises(SolverError):
            least_core(game([0.0, 0.0, 0.0, 1.0]))


def test_what_a_library_raises_is_named() -> None:
    with pytest.raises(SolverError, match="HiGHS raised LibraryError: out of order"), solving("HiGHS"):
        raise LibraryError("out of order")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_what_concerns_the_whole_process_passes(error: type[BaseException]) -> None:
    with pytest.raises(error), solving("HiGHS"):
        raise error
