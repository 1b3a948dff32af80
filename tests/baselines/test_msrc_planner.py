"""The mode planner: what it predicts, how it weighs plans, and what it does when something is missing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import outage_world, until_over
from tests.envs.episodes import started
from voltran import baselines
from voltran.baselines.linear_solver import LinearSolver
from voltran.baselines.msrc.controller import Msrc
from voltran.baselines.msrc.dispatch import world_dispatch
from voltran.baselines.msrc.dual_bounds import Screen
from voltran.baselines.msrc.evaluation import Evaluator
from voltran.baselines.msrc.instance import Instance
from voltran.baselines.msrc.planner import Planner
from voltran.baselines.msrc.search import Search
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.solve import SolverError
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import MissingExtraError, ScenarioError
from voltran.physics.power import HELPING, NORMAL, SLEEP


def planner(world: BlackoutWorld, **settings: Any) -> Planner:
    return Planner(world, 0, PlannerSettings(**settings))


def instance(scenario: str = "urban7-medium", seed: int = 0, **settings: Any) -> Instance:
    """A planning problem with batteries that differ."""
    problem = planner(started(outage_world(scenario), seed), **settings).instance()
    energy_kwh = np.random.default_rng(seed).uniform(1.0, 14.0, problem.n_sites)
    return replace(problem, energy_kwh=energy_kwh)


def random_plans(problem: Instance, count: int) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    generator = np.random.default_rng(0)
    plans = generator.integers(0, problem.sleep + 1, (count, problem.n_sites))
    return [problem.repaired(np.where(problem.alive, plan, problem.sleep)) for plan in plans]


def test_the_power_of_a_lone_user_is_predicted_exactly() -> None:
    """Without the loss of helping sites, one user on an empty network costs what the world says, watt for watt."""
    overrides = {
        "users.count": 1,
        "users.positions_m": [[90.0, 40.0]],
        "users.classes": ["best_effort"],
        "radio.helping_loss": 0.0,
    }
    world = started(outage_world("urban7-medium", overrides=overrides))
    plan = np.zeros(7, dtype=np.int64)
    expected = Evaluator(planner(world, best_effort_floor=1.0, floor_penalty=1e3).instance()).evaluate(plan)
    assert expected.served[1] == pytest.approx(1.0)
    np.testing.assert_allclose(expected.power_kw, world.power_kw[0], rtol=1e-6)


@pytest.mark.parametrize("load", ["light", "medium", "heavy"])
def test_normal_operation_is_predicted_where_no_band_is_full(load: str) -> None:
    """Users then stay on their first band, and only the loss of helping sites, 5 % of the air, is not theirs."""
    world = started(outage_world(f"urban19-{load}"))
    plan = np.zeros(19, dtype=np.int64)
    expected = Evaluator(planner(world, best_effort_floor=1.0, floor_penalty=1e3).instance()).evaluate(plan)
    roomy = world._simulation.state.service.resource_use[0].max(axis=1) < 0.999
    assert roomy.sum() >= 5
    np.testing.assert_allclose(expected.power_kw[roomy], world.power_kw[0][roomy], rtol=0.05)


@pytest.mark.parametrize("settings", [{}, {"objective": "levelling"}, {"command_set": "extended"}])
def test_costs_do_not_depend_on_what_was_weighed_before(settings: dict[str, Any]) -> None:
    problem = instance(**settings)
    alive = problem.alive.copy()
    alive[2] = False
    for case in (problem, replace(problem, alive=alive)):
        used = Evaluator(case)
        for plan in random_plans(case, 8):
            assert used.cost(plan) == pytest.approx(Evaluator(case).cost(plan), rel=1e-8)


def test_a_cutoff_rejects_exactly_the_plans_that_cost_more() -> None:
    problem = instance()
    exact, limited = Evaluator(problem), Evaluator(problem)
    plans = random_plans(problem, 12)
    costs = [exact.cost(plan) for plan in plans]
    assert all(cost is not None for cost in costs)
    cutoff = float(np.median([cost for cost in costs if cost is not None])) + 1e-6
    for plan, cost in zip(plans, costs, strict=True):
        found = limited.cost(plan, cutoff)
        assert (found is None) == (cost is not None and cost > cutoff)
        assert found is None or found == pytest.approx(cost, rel=1e-8)


@pytest.mark.parametrize("settings", [{}, {"objective": "levelling"}, {"command_set": "extended"}])
def test_dual_values_bound_the_cost_of_every_plan(settings: dict[str, Any]) -> None:
    """Weak duality for all plans, strong duality for the one that the prices belong to; with a site down."""
    problem = instance(**settings)
    alive = problem.alive.copy()
    alive[4] = False
    for case in (problem, replace(problem, alive=alive)):
        evaluator = Evaluator(case)
        plans = random_plans(case, 8)
        costs = [evaluator.evaluate(plan).cost for plan in plans]
        for plan, cost in zip(plans, costs, strict=True):
            evaluator.cost(plan)
            screen = Screen(case)
            screen.add(evaluator.prices())
            assert screen.bound(plan) == pytest.approx(cost, rel=1e-6)
            bounds = np.array([screen.bound(other) for other in plans])
            assert (bounds <= np.array(costs) + 1e-7).all()


def test_screening_saves_work_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = instance("urban19-medium", evaluations=80)
    screened = Search(problem, Evaluator(problem))
    screened.run()
    monkeypatch.setattr(Screen, "rejects", lambda self, plan, cutoff: False)
    plain = Search(problem, Evaluator(problem))
    plain.run()
    assert np.array_equal(screened.plan, plain.plan)
    assert screened.evaluations == plain.evaluations == plain.linear_programs
    assert screened.linear_programs < 0.9 * plain.linear_programs


def test_the_cost_is_what_the_settings_say() -> None:
    """Lifetime, power, service, floors and switching, added up from the evaluation of a plan that starves its users."""
    problem = replace(instance(), previous_mode=np.full(7, NORMAL))
    plan = problem.repaired(np.array([1, 3, 3, 1, 2, 3, 1]))
    found = Evaluator(problem).evaluate(plan)
    settings, energy_kwh = problem.settings, problem.bounded_energy_kwh
    lifetime = settings.survival_weight * found.inverse_lifetime_per_h
    power = settings.survival_weight * settings.power_share * found.power_kw.sum() / energy_kwh.sum()
    service = settings.service_weight * settings.unserved_penalty * (1.0 - found.service)
    short = np.maximum(np.array([settings.priority_floor, settings.best_effort_floor]) - found.served, 0.0)
    switching = settings.switching_weight * float((problem.options.mode[plan] != NORMAL).mean())
    assert found.inverse_lifetime_per_h == pytest.approx((found.power_kw / energy_kwh).max())
    total = lifetime + power + service + settings.floor_penalty * short.sum() + switching
    assert found.cost == pytest.approx(total, rel=1e-6)


def test_levelling_weighs_poor_sites_by_the_square_of_their_need() -> None:
    problem = instance(objective="levelling")
    energy_kwh = problem.bounded_energy_kwh
    ratio = problem.power_cost / problem.power_cost[0]
    np.testing.assert_allclose(ratio, (energy_kwh[0] / energy_kwh) ** 2)
    assert problem.lifetime_cost == 0.0


@pytest.mark.parametrize("settings", [{}, {"objective": "levelling"}, {"command_set": "extended"}])
def test_searches_repeat_and_keep_to_their_budget(settings: dict[str, Any]) -> None:
    problem = instance("urban19-medium", evaluations=60, **settings)
    searches = [Search(problem, Evaluator(problem)) for _ in range(2)]
    plans = [search.run() for search in searches]
    assert np.array_equal(plans[0], plans[1])
    assert searches[0].evaluations == searches[1].evaluations <= 60
    assert problem.is_feasible(plans[0])
    assert searches[0].cost == pytest.approx(Evaluator(problem).cost(plans[0]), rel=1e-8)


def test_more_evaluations_never_make_a_worse_plan() -> None:
    costs = []
    for evaluations in (20, 60, 180):
        problem = instance("urban19-medium", seed=3, evaluations=evaluations)
        search = Search(problem, Evaluator(problem))
        search.run()
        costs.append(search.cost)
    assert costs[0] >= costs[1] >= costs[2]


def test_the_budget_goes_with_the_square_of_live_sites() -> None:
    problem = instance("urban19-medium")
    half = replace(problem, alive=np.arange(19) < 10)
    assert problem.budget(300) == 300
    assert half.budget(300) == round(300 * (10 / 19) ** 2)
    assert replace(problem, alive=np.zeros(19, dtype=bool)).budget(300) == 1


@pytest.mark.parametrize("links", ["active", "literal", "unlimited"])
@pytest.mark.parametrize("name", ["msrc-fast", "msrc-levelling", "msrc-extended"])
def test_the_world_leaves_plans_alone(name: str, links: str) -> None:
    """Plans meet the joint constraints, so that repair changes nothing, with sites down and without."""
    overrides = {"cooperation.links": links, "battery.capacity_kwh": 6.0, "time.horizon_h": 4}
    world = started(outage_world("urban7-medium", overrides=overrides), seed=4)
    controller = baselines.make(name, evaluations=80)
    controller.reset(world)
    transitions = until_over(world, lambda: controller.act(world))
    assert any(not transition.agent_infos["bs"]["alive"].all() for transition in transitions)
    for transition in transitions:
        assert not transition.agent_infos["bs"]["repaired"][transition.agent_infos["bs"]["alive"]].any()


@pytest.mark.parametrize("load", ["light", "medium", "heavy"])
def test_a_plan_does_in_the_world_what_the_shared_physics_says(load: str) -> None:
    """Rates, coverage and the energy of a decision period, replayed: nothing about them is written twice."""
    world = started(outage_world(f"urban19-{load}", overrides={"vehicles.arrivals_per_day": 0}), seed=7)
    controller = Msrc(evaluations=40)
    controller.reset(world)
    for _ in range(2):
        planned = controller.act(world)
        expected = world_dispatch(world, planned["bs"])
        before_kwh = world.usable_kwh[0]
        world.step(planned)
        assert world.alive.all()
        service = world._simulation.state.service
        np.testing.assert_allclose(service.rate_mbps[0], expected.rate_mbps, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(world.power_kw[0], expected.power_kw, rtol=1e-9)
        used_kwh = before_kwh - world.usable_kwh[0]
        np.testing.assert_allclose(used_kwh, expected.power_kw * world.constants.decision_h, rtol=1e-9)


def test_a_batch_is_planned_world_by_world() -> None:
    batch = started(outage_world("urban7-medium", 2), seed=11)
    together = Msrc(evaluations=40)
    together.reset(batch)
    commands = together.act(batch)["bs"]
    for index in range(2):
        alone = Msrc(evaluations=40)
        world = started(outage_world("urban7-medium"), seed=11 + index)
        alone.reset(world)
        assert np.array_equal(alone.act(world)["bs"].mode[0], commands.mode[index])


def test_vehicles_count_for_as_long_as_they_are_expected_to_give() -> None:
    world = started(outage_world("urban7-medium", overrides={"vehicles.arrivals_per_day": 24}), seed=1)
    usable_kwh, vehicles_kwh = world.usable_kwh[0], world.vehicle_energy_kwh[0]
    assert vehicles_kwh.max() > 14.0
    expected_kwh = planner(world, forecast="none", vehicle_horizon_h=2.0).instance().energy_kwh
    np.testing.assert_allclose(expected_kwh, usable_kwh + np.minimum(vehicles_kwh, 14.0))


@pytest.mark.parametrize("overrides", [{"cooperation.k_max": 0}, {"layout.n_sites": 1, "users.count": 40}])
def test_nobody_helps_where_nobody_may(overrides: dict[str, Any]) -> None:
    world = started(outage_world("urban7-medium", overrides=overrides))
    controller = Msrc(evaluations=30)
    controller.reset(world)
    assert (controller.act(world)["bs"].mode == NORMAL).all()


def test_a_network_that_is_down_needs_no_plan() -> None:
    overrides = {"battery.initial_soc": 0.21, "vehicles.arrivals_per_day": 0, "time.horizon_h": 1}
    world = started(outage_world("urban7-medium", overrides=overrides))
    controller = Msrc(evaluations=20)
    controller.reset(world)
    until_over(world, lambda: controller.act(world))
    assert not world.alive.any()
    assert (controller.act(world)["bs"].mode == SLEEP).all()
    assert controller.counters()["failed_solves"] == 0.0


def test_a_solver_that_fails_costs_the_plan_and_not_the_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last plan stands in, and the failure is counted; before the first plan, normal operation does."""
    world = started(outage_world("urban7-medium"), seed=3)
    controller = Msrc(evaluations=40)
    controller.reset(world)

    def fail(self: LinearSolver, cutoff: float = np.inf) -> float | None:
        raise SolverError("out of memory")

    with monkeypatch.context() as broken:
        broken.setattr(LinearSolver, "minimise", fail)
        assert (controller.act(world)["bs"].mode == NORMAL).all()
    planned = controller.act(world)["bs"]
    world.step({"bs": planned})
    assert (planned.mode == HELPING).any()
    monkeypatch.setattr(LinearSolver, "minimise", fail)
    assert np.array_equal(controller.act(world)["bs"].mode, planned.mode)
    assert controller.counters()["failed_solves"] == 2.0


def test_a_missing_solver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    world = started(outage_world("urban7-medium"))
    controller = baselines.make("msrc")
    controller.reset(world)
    monkeypatch.setitem(sys.modules, "ortools.linear_solver", None)
    with pytest.raises(MissingExtraError, match=r"OR-Tools, which is not installed: pip install 'voltran\[solvers\]'"):
        controller.act(world)


def test_a_demand_that_is_no_number_is_named() -> None:
    world = started(outage_world("urban7-medium"))
    world.users.demand_mbps[0, 17] = np.nan
    controller = baselines.make("msrc-fast")
    controller.reset(world)
    with pytest.raises(ScenarioError, match="demand of user 17 = nan Mbit/s: must be a positive number"):
        controller.act(world)


def test_users_who_move_are_grouped_anew() -> None:
    world = started(outage_world("urban7-medium", overrides={"users.speed_m_per_s": 20.0}))
    controller = Msrc(evaluations=10)
    controller.reset(world)
    first = controller._planners[0].instance().groups
    for _ in range(2):
        world.step(controller.act(world))
    assert controller._planners[0].instance().groups.home.tolist() != first.home.tolist()
