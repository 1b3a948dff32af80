"""Stage 1 as a mixed-integer program against brute force over all plans, and against the search."""

from dataclasses import replace

import numpy as np
import pytest

from tests.baselines.msrc_instances import SMALL, all_plans, brute_force, instance_of, mid_outage
from voltran.baselines.msrc.evaluation import Evaluator
from voltran.baselines.msrc.instance import Instance
from voltran.baselines.msrc.link_rows import add_link_rows, linkable
from voltran.baselines.msrc.milp import Window, plan_program
from voltran.baselines.msrc.search import Search
from voltran.baselines.program import MixedIntegerProgram, Rows
from voltran.baselines.solve import SolverName, solve_milp
from voltran.physics.arrays import IntArray
from voltran.physics.power import HELPING, NORMAL


@pytest.mark.parametrize("name", SMALL)
def test_optimum_is_that_of_brute_force(name: str) -> None:
    """Costs agree, and the solution's plan is feasible and costs that, whichever of equally good ones it is."""
    instance = SMALL[name]()
    cost, _ = brute_force(instance)
    built = plan_program(instance)
    found = solve_milp(built.program)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(cost, abs=1e-7)
    assert found.values is not None
    plan = built.plan_of(found.values)
    assert instance.is_feasible(plan)
    assert Evaluator(instance).cost(plan) == pytest.approx(cost, abs=1e-7)


@pytest.mark.parametrize("name", ["three sites in a row", "three dead", "literal links", "levelling"])
def test_scip_agrees(name: str) -> None:
    program = plan_program(SMALL[name]()).program
    assert solve_milp(program, "scip").objective == pytest.approx(solve_milp(program).objective, abs=1e-6)


@pytest.mark.parametrize(("objective", "dead"), [("maxmin", 2), ("levelling", 0)])
def test_solvers_agree_within_their_gap_on_seven_sites(objective: str, dead: int) -> None:
    gap = 0.05
    program = plan_program(mid_outage(5, dead, objective=objective)).program
    solvers: tuple[SolverName, ...] = ("highs", "scip")
    highs, scip = (solve_milp(program, solver, gap=gap) for solver in solvers)
    assert max(highs.bound, scip.bound) <= min(highs.objective, scip.objective) * (1.0 + 1e-9)
    assert max(highs.gap, scip.gap) <= gap


@pytest.mark.parametrize("name", ["three sites in a row", "four sites", "four sites, other users", "levelling"])
def test_search_finds_the_optimum_with_enough_evaluations(name: str) -> None:
    instance = SMALL[name]()
    # Budgets shrink with the number of live sites, far below what is enough.
    settings = instance.settings.model_copy(update={"evaluations": 10_000, "look_ups": 50_000})
    instance = replace(instance, settings=settings)
    search = Search(instance, Evaluator(instance))
    search.run()
    assert search.cost == pytest.approx(solve_milp(plan_program(instance).program).objective, abs=1e-7)


@pytest.mark.parametrize(
    "instance",
    [
        mid_outage(6),
        mid_outage(7, 2),
        mid_outage(8, objective="levelling"),
        mid_outage(9, 1, command_set="extended"),
        replace(mid_outage(10), literal_links=True),
    ],
    ids=["maxmin", "two dead", "levelling", "extended", "literal"],
)
def test_a_fixed_plan_costs_what_the_evaluation_says(instance: Instance) -> None:
    generator = np.random.default_rng(0)
    built, evaluator = plan_program(instance), Evaluator(instance)
    for _ in range(15):
        plan = instance.repaired(_random_plan(instance, generator))
        fixed = solve_milp(built.fixed(plan))
        assert fixed.objective == pytest.approx(evaluator.cost(plan), abs=1e-7)
        assert fixed.values is not None
        assert built.plan_of(fixed.values).tolist() == plan.tolist()


@pytest.mark.parametrize("command_set", ["paper", "extended"])
def test_a_window_loses_and_cheapens_nothing_within_it(command_set: str) -> None:
    """With the plan's own s inside, its cost is the same; with it outside, the plan costs more or is ruled out."""
    generator = np.random.default_rng(1)
    instance = mid_outage(11, 1, command_set=command_set)
    evaluator = Evaluator(instance)
    for _ in range(8):
        plan = instance.repaired(_random_plan(instance, generator))
        found = evaluator.evaluate(plan)
        s = found.inverse_lifetime_per_h
        for low, high in ((0.0, s * 1.001), (s * 0.999, s * 1.001), (s * 0.7, s * 1.5), (s * 0.999, 1e3)):
            inside = solve_milp(plan_program(instance, Window(low, high)).fixed(plan))
            assert inside.objective == pytest.approx(found.cost, abs=1e-6)
        for low, high in ((0.0, s * 0.9), (s * 1.1, s * 2.0)):
            assert solve_milp(plan_program(instance, Window(low, high)).fixed(plan)).objective >= found.cost - 1e-6


@pytest.mark.parametrize("literal", [False, True], ids=["active", "literal"])
@pytest.mark.parametrize("k_max", [0, 1, 2, 3, 6])
def test_link_rows_admit_what_the_repair_leaves_alone(k_max: int, literal: bool) -> None:
    """On random networks with dead sites, some of whose sites may help each other one way only."""
    generator = np.random.default_rng(k_max)
    verdicts = set()
    for _ in range(5):
        may_help = generator.random((7, 7)) < 0.5
        np.fill_diagonal(may_help, False)
        network = replace(
            mid_outage(12, int(generator.integers(0, 4))), may_help=may_help, k_max=k_max, literal_links=literal
        )
        for draw in range(16):
            plan = _random_plan(network, generator)
            # Few random plans are feasible: half of them are repaired, some of those with one site changed.
            if draw % 2:
                plan = network.repaired(plan)
                plan[0] = generator.integers(0, network.sleep + 1) if draw % 4 == 1 else plan[0]
            assert _links_exist(network, plan) == network.is_feasible(plan), plan
            verdicts.add(network.is_feasible(plan))
    assert verdicts == {True, False}


@pytest.mark.parametrize("literal", [False, True])
def test_without_links_sites_stay_normal(literal: bool) -> None:
    instance = replace(mid_outage(13), k_max=0, literal_links=literal)
    built = plan_program(instance)
    found = solve_milp(built.program)
    assert found.values is not None
    assert instance.options.mode[built.plan_of(found.values)].tolist() == [NORMAL] * 7


def test_all_sites_dead() -> None:
    instance = mid_outage(0, 7)
    built = plan_program(instance)
    found = solve_milp(built.program)
    plan = np.full(7, instance.sleep)
    assert found.values is not None
    assert built.plan_of(found.values).tolist() == plan.tolist()
    assert found.objective == pytest.approx(Evaluator(instance).cost(plan))
    missing = 2.0 - instance.drop_allowance.sum()
    everything = instance.drop_cost.sum() + instance.settings.floor_penalty * missing
    assert found.objective == pytest.approx(everything)


def test_one_site() -> None:
    overrides = {
        "layout.n_sites": 1,
        "layout.positions_m": [[0, 0]],
        "users.count": 3,
        "users.positions_m": [[50, 0], [0, 90], [-200, 100]],
        "users.classes": ["voice", "essential", "best_effort"],
        "battery.initial_soc": 0.8,
    }
    instance = instance_of("toy3", overrides=overrides)
    assert [plan.tolist() for plan in all_plans(instance) if instance.is_feasible(plan)] == [[0]]
    built = plan_program(instance)
    found = solve_milp(built.program)
    assert found.values is not None
    assert built.plan_of(found.values).tolist() == [0]
    assert found.objective == pytest.approx(brute_force(instance)[0])


def _random_plan(instance: Instance, generator: np.random.Generator) -> IntArray:
    drawn = generator.integers(0, instance.sleep + 1, instance.n_sites)
    return np.where(instance.alive, drawn, instance.sleep)


def _links_exist(instance: Instance, plan: IntArray) -> bool:
    """Whether the link rows alone can be satisfied under a plan."""
    n_choices, n_links = instance.n_sites * (instance.sleep + 1), linkable(instance)[0].size
    choice = np.arange(n_choices).reshape(instance.n_sites, -1)
    rows = Rows()
    add_link_rows(rows, instance, choice, n_choices + np.arange(n_links))
    chosen = (np.arange(instance.sleep + 1) == plan[:, None]).astype(np.float64)
    program = MixedIntegerProgram(
        costs=np.zeros(n_choices + n_links),
        lower=np.zeros(n_choices + n_links),
        upper=np.ones(n_choices + n_links),
        integral=np.zeros(n_choices + n_links, dtype=bool),
        rows=rows.matrix(n_choices + n_links),
        row_lower=np.concatenate(rows.lower),
        row_upper=np.concatenate(rows.upper),
    )
    return solve_milp(program.fixed(choice.ravel(), chosen.ravel())).status == "optimal"


def test_helpers_are_helping_sites() -> None:
    """Guards the tests above: mode numbers and options of the paper's command set are the same."""
    instance = mid_outage(0)
    assert instance.options.mode.tolist() == [0, 1, 2, 3]
    assert instance.widest[HELPING] == HELPING
