"""MSRC's Stage 1: solvers on the same planning problems, proofs of optimality, and growth with the network."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Aim, Section, Stopwatch, number, timed
from benchmarks.physics_steps import SIZES
from voltran.baselines import make
from voltran.baselines.msrc.certify import prove
from voltran.baselines.msrc.controller import Msrc
from voltran.baselines.msrc.evaluation import Evaluator
from voltran.baselines.msrc.instance import Instance
from voltran.baselines.msrc.milp import plan_program
from voltran.baselines.msrc.planner import Planner
from voltran.baselines.msrc.search import Search
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.solve import SolverName, solve_milp
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.registry import make_world

IntArray = NDArray[np.int64]
LOADS = ("light", "medium", "heavy")
SEEDS = range(500, 505)
EPOCHS = (0, 3, 6, 9)
SOLVER_EPOCHS = (0, 5, 10)
# Proofs are given up after this long.
PATIENCE_S = 15.0


class Case(NamedTuple):
    """A planning problem as it was met, and the plan in force before it."""

    instance: Instance
    last_plan: IntArray | None


class Found(NamedTuple):
    """A method's plan (its cost infinite if there is none), the gap that it proves (infinite if none), and CPU time."""

    cost: float
    gap: float
    cpu_s: float


def planning(quick: bool) -> Section:
    """Search, proofs and plain mixed-integer programming on the same problems."""
    section = Section(
        "Planning: solvers",
        f"Problems of MSRC's Stage 1 that `msrc-fast` met (19 sites, seed {SEEDS[0]}, decisions "
        f"{', '.join(map(str, SOLVER_EPOCHS))} at light, medium and heavy load; all batteries are equal at first). "
        "*Over best* is how much more than the best known plan a method's plan costs; *gap* is what the method itself "
        "proves, and *solved* the share of problems with a gap of at most 5 %. HiGHS and SCIP solve the same program, "
        "without a start, until a gap of 2 % or the limit of wall time. Proofs start from the plan of the search with "
        "300 evaluations, whose time counts.",
        ["method", "solved", "over best, median", "worst", "gap, median", "CPU, s, median", "worst"],
    )
    loads, epochs = (LOADS[1:2], SOLVER_EPOCHS[:1]) if quick else (LOADS, SOLVER_EPOCHS)
    cases = [case for load in loads for case in met(f"urban19-{load}", SEEDS[0], epochs)]
    methods: dict[str, Callable[[Case], Found]] = {f"search, {n} evaluations": _searching(n) for n in (100, 300)}
    methods |= {f"search and proof of {gap:.0%}": _proving(gap) for gap in (0.05, 0.02)}
    solvers: tuple[tuple[SolverName, str], ...] = (("highs", "HiGHS"), ("scip", "SCIP"))
    for solver, title in solvers:
        methods |= {f"{title}, {limit_s:.0f} s": _solving(solver, limit_s) for limit_s in (1.0, 5.0)[: 2 - quick]}
    found = {name: [method(case) for case in cases] for name, method in methods.items()}
    best = np.min([[result.cost for result in results] for results in found.values()], axis=0)
    for name, results in found.items():
        section.rows.append([name, *_summary(results, best)])
    return section


def proofs(quick: bool) -> Section:
    """End-to-end time of a plan whose gap is proven."""
    section = Section(
        "Planning: proofs",
        "From a problem to a plan with a proven gap: a search with the budget of `msrc` (300 evaluations) or "
        f"`msrc-fast` (100), then the proof, given up after {PATIENCE_S:.0f} s of wall time. Problems that `msrc-fast` "
        f"met (19 sites; decisions {', '.join(map(str, EPOCHS))} of {len(SEEDS)} seeds; active links with K_max = 3, "
        "unless said otherwise). "
        "*Improved* is the share of plans in whose place the proof found a better one.",
        ["load", "evaluations", "gap", "CPU, s, median", "p90", "worst", "of it search, median", "proven", "improved"],
    )
    loads, seeds, epochs = (LOADS[1:2], SEEDS[:1], EPOCHS[:1]) if quick else (LOADS, SEEDS, EPOCHS)
    for load in loads:
        cases = [case for seed in seeds for case in met(f"urban19-{load}", seed, epochs)]
        for evaluations, gap in ((300, 0.05), (300, 0.02), (100, 0.02)):
            found, times = _proven(cases, evaluations, gap)
            section.rows.append([load, str(evaluations), f"{gap:.0%}", *found])
            if gap == 0.02 and load != "heavy":
                name = f"plan proven within 2 %, search of {evaluations}, {load} load, median"
                section.aims.append(Aim(name, median(times), 0.8, "s", True))
    unlimited = {"cooperation.links": "unlimited"}
    cases = [case for seed in seeds for case in met("urban19-medium", seed, epochs, unlimited)]
    section.rows.append(["medium, unlimited links", "300", "2%", *_proven(cases, 300, 0.02)[0]])
    return section


def planning_sizes(quick: bool) -> Section:
    """Growth of planning with the network."""
    section = Section(
        "Planning: sizes",
        "The problem before the first decision: time to set it up, user groups included; time of a search with the "
        "budget of `msrc`, 300 evaluations at 19 live sites and as the square of their number; size and building time "
        "of the mixed-integer program.",
        ["scenario", "set-up, ms", "evaluations", "search, s", "per evaluation, ms", "columns", "rows", "build, ms"],
    )
    for scenario in SIZES[: 2 if quick else len(SIZES)]:
        world = _started(scenario, SEEDS[0])
        set_up = timed(partial(_problem, world), 2)
        instance = _problem(world)
        search, watch = _searched(Case(instance, None), 300)
        build = timed(partial(plan_program, instance), 2)
        rows, columns = plan_program(instance).program.rows.shape
        searching = [number(watch.cpu_s), number(1e3 * watch.cpu_s / search.evaluations)]
        size = [str(columns), str(rows), number(1e3 * build.cpu_s)]
        section.rows.append([scenario, number(1e3 * set_up.cpu_s), str(search.evaluations), *searching, *size])
    return section


def met(scenario: str, seed: int, epochs: Sequence[int], overrides: dict[str, str] | None = None) -> list[Case]:
    """The planning problems of some decisions of an episode under `msrc-fast`; of fewer if it ends before."""
    world, controller = _started(scenario, seed, overrides), make("msrc-fast")
    assert isinstance(controller, Msrc)
    controller.reset(world)
    cases = []
    for epoch in range(max(epochs) + 1):
        if epoch in epochs:
            last = controller.plans[0].options if controller.plans else None
            cases.append(Case(_problem(world), last))
        transition = world.step(controller.act(world))
        if transition.terminated[0] or transition.truncated[0]:
            break
    return cases


def _started(scenario: str, seed: int, overrides: dict[str, str] | None = None) -> BlackoutWorld:
    world = make_world(scenario, overrides=overrides)
    assert isinstance(world, BlackoutWorld)
    world.reset([seed])
    return world


def _problem(world: BlackoutWorld) -> Instance:
    return Planner(world, 0, PlannerSettings()).instance()


def _searched(case: Case, evaluations: int) -> tuple[Search, Stopwatch]:
    settings = case.instance.settings.model_copy(update={"evaluations": evaluations})
    instance, watch = replace(case.instance, settings=settings), Stopwatch()
    with watch:
        search = Search(instance, Evaluator(instance))
        search.run(case.last_plan)
    return search, watch


def _searching(evaluations: int) -> Callable[[Case], Found]:
    def method(case: Case) -> Found:
        search, watch = _searched(case, evaluations)
        return Found(search.cost, np.inf, watch.cpu_s)

    return method


def _proving(gap: float) -> Callable[[Case], Found]:
    return lambda case: _proof(case, *_searched(case, 300), gap)


def _proof(case: Case, search: Search, watch: Stopwatch, gap: float) -> Found:
    """Prove a search's plan; the time adds up to that of the search."""
    with watch:
        certificate = prove(case.instance, search.evaluator, search.plan, search.cost, gap, PATIENCE_S)
    proven = np.inf if certificate.gap_proven is None else certificate.gap_proven
    return Found(certificate.cost, proven, watch.cpu_s)


def _solving(solver: SolverName, limit_s: float) -> Callable[[Case], Found]:
    def method(case: Case) -> Found:
        watch = Stopwatch()
        with watch:
            built = plan_program(case.instance)
            found = solve_milp(built.program, solver, gap=0.02, time_limit_s=limit_s)
        if found.values is None:
            return Found(np.inf, np.inf, watch.cpu_s)
        # Flows of an incumbent need not be the best for its plan.
        cost = Evaluator(case.instance).cost(built.plan_of(found.values))
        assert cost is not None
        return Found(cost, found.gap, watch.cpu_s)

    return method


def _proven(cases: list[Case], evaluations: int, gap: float) -> tuple[list[str], list[float]]:
    """Row of the table, and CPU times."""
    times, search_times, proven, improved = [], [], [], []
    for case in cases:
        search, watch = _searched(case, evaluations)
        search_times.append(watch.cpu_s)
        found = _proof(case, search, watch, gap)
        times.append(found.cpu_s)
        proven.append(np.isfinite(found.gap))
        improved.append(found.cost < search.cost)
    figures = [median(times), float(np.quantile(times, 0.9)), max(times), median(search_times)]
    return [*map(number, figures), f"{np.mean(proven):.0%}", f"{np.mean(improved):.0%}"], times


def _summary(results: list[Found], best: NDArray[np.float64]) -> list[str]:
    over = [result.cost / least - 1.0 for result, least in zip(results, best, strict=True)]
    gaps, times = [result.gap for result in results], [result.cpu_s for result in results]
    solved = f"{np.mean(np.array(gaps) <= 0.05 + 1e-9):.0%}"
    shares = [_share(median(over)), _share(max(over)), _share(median(gaps))]
    return [solved, *shares, number(median(times)), number(max(times))]


def _share(value: float) -> str:
    return f"{100.0 * value:.1f} %" if np.isfinite(value) else "none"
