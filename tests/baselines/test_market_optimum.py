"""The social optimum with foresight: against a general solver, against all there is to do, and against controllers."""

# isort: off
# OR-Tools and cvxpy's highspy bring a HiGHS each, and OR-Tools works only where its own is loaded first.
from ortools.linear_solver import pywraplp  # noqa: F401
import cvxpy
# isort: on

from typing import Any

import numpy as np
import pytest

from tests.baselines.market_episodes import draw_episode, market, play
from voltran import baselines
from voltran.baselines.market.foresight import plan_ahead
from voltran.baselines.market.foresight_problem import ForesightProblem
from voltran.baselines.market.optimum import foresight_problem, myopic_optimum, social_optimum
from voltran.envs.team import Team
from voltran.physics.battery import BatteryParameters, next_soc

KINDS: dict[str, dict[str, Any]] = {
    "linear": {},
    "quadratic pairs": {"cost_model": "quadratic"},
    "quadratic retailers": {"cost_model": "quadratic", "cost_scope": "retailer"},
    "pairs count": {"per_pair": True},
    "closed pairs": {"access": ((0, 1), (1, 2))},
    "no satisfaction": {"satisfaction_usd_per_h": 0.0},
}


def solved_by_others(problem: ForesightProblem) -> float:
    """Welfare of the convex program with its curves, one variable per period, site and retailer."""
    constants, retail, storage, hours = problem.constants, problem.constants.retail, problem.storage, problem.period_h
    periods, sites = problem.load_kw.shape
    shape = (periods, len(storage.site))
    sold = [cvxpy.Variable((periods, sites), nonneg=True) for _ in range(constants.n_retailers)]
    direct = [cvxpy.Variable((periods, sites), nonneg=True) for _ in range(constants.n_retailers)]
    charge, discharge = (cvxpy.Variable(shape, nonneg=True) for _ in range(2))
    lacking, stored = cvxpy.Variable((periods, sites), nonneg=True), cvxpy.Variable((periods + 1, shape[1]))
    place = np.zeros((len(storage.site), sites))
    place[np.arange(len(storage.site)), storage.site] = 1.0
    rows = [sum(direct) + discharge @ place + lacking == problem.load_kw, sum(sold) == sum(direct) + charge @ place]
    rows += [stored[0] == storage.start_kwh, stored[1:] <= np.tile(storage.high_kwh, (periods, 1))]
    rows += [stored[1:] >= np.tile(storage.low_kwh, (periods, 1))]
    rows += [charge <= np.tile(storage.charge_limit_kw, (periods, 1))]
    rows += [discharge <= np.tile(storage.discharge_limit_kw, (periods, 1))]
    gained = storage.charge_efficiency * charge - discharge / storage.discharge_efficiency
    rows += [stored[1:] == stored[:-1] + hours * gained]
    cost = 0.0
    for i, power in enumerate(sold):
        closed = np.flatnonzero(~constants.contracts.access[:, i])
        rows += [cvxpy.sum(power, axis=1) <= problem.available_kw[:, i], direct[i] <= power]
        rows += [power[:, closed] == 0.0] if closed.size else []
        counted = cvxpy.sum(power, axis=1) if retail.cost_scope == "retailer" else power
        cost += constants.unit_cost[i] * (cvxpy.sum_squares(counted) if constants.is_quadratic else cvxpy.sum(power))
    worth = sum(cvxpy.sum(cvxpy.log1p(part)) for part in (direct if problem.per_pair else [sum(direct)]))
    wear = problem.wear_usd_per_kwh * (cvxpy.sum(charge) + cvxpy.sum(discharge))
    lost = retail.value_of_lost_load_usd_per_kwh * cvxpy.sum(lacking)
    program = cvxpy.Problem(cvxpy.Maximize(hours * (retail.satisfaction_usd_per_h * worth - cost - wear - lost)), rows)
    return float(program.solve(solver=cvxpy.CLARABEL))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_plans_have_the_welfare_that_a_convex_solver_finds(kind: str, seed: int) -> None:
    problem = draw_episode(seed, **KINDS[kind])
    plan = plan_ahead(problem, tolerance=1e-6)
    expected = solved_by_others(problem)
    assert plan.gap <= 1e-6
    assert plan.bound_usd >= expected - 1e-6
    assert plan.welfare_usd <= expected + 1e-6
    assert plan.welfare_usd == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_plans_keep_all_limits(kind: str) -> None:
    problem = draw_episode(5, periods=8, **KINDS[kind])
    plan = plan_ahead(problem)
    sold_kw = np.zeros_like(problem.available_kw)
    np.add.at(sold_kw.T, problem.links[1], plan.power_kw.T)
    assert (sold_kw <= problem.available_kw + 1e-9).all()
    assert np.allclose(sold_kw.sum(axis=1), plan.bought_kw.sum(axis=1))
    assert np.allclose(plan.direct_kw + plan.discharge_kw + plan.unserved_kw, problem.load_kw)
    storage = problem.storage
    for index, site in enumerate(storage.site):
        high_kwh = storage.high_kwh[index]
        battery = BatteryParameters(
            high_kwh, 0.0, 1.0, storage.charge_efficiency, storage.discharge_efficiency, np.inf, np.inf
        )
        soc = storage.start_kwh[index] / high_kwh
        for charge_kw, discharge_kw in zip(plan.charge_kw[:, site], plan.discharge_kw[:, site], strict=True):
            soc = next_soc(soc, charge_kw, discharge_kw, problem.period_h, battery)
            assert storage.low_kwh[index] - 1e-9 <= soc * high_kwh <= high_kwh + 1e-9


def test_no_sequence_of_codes_is_better_than_the_plan_and_the_best_comes_near() -> None:
    """All 15^2 courses of a site with a battery, whose load a single retailer cannot serve in full."""
    codes = np.stack(np.meshgrid(*[np.arange(15)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    overrides: dict[str, Any] = {"retail__home_retailer": [0], "load__utilisation": 0.9}
    world = market(
        n_worlds=len(codes), hours=0.5, sites=[{"fixed_kw": 1.0, "battery_kwh": 0.5}], retail__retailers=[
            {"source": "constant", "capacity_kw": 0.6, "unit_cost_usd_per_mwh": 60}
        ], **overrides,
    )  # fmt: skip
    world.reset([11] * len(codes))
    plan = social_optimum(world, tolerance=1e-7)
    for period in range(2):
        world.step({"bs": codes[:, period : period + 1], "retailer": np.zeros((len(codes), 1), np.int64)})
    best = world.kpis()["welfare_usd"].max()
    autarky = world.kpis()["welfare_autarky_usd"][0]
    assert plan.gap < 1e-6
    assert best <= plan.bound_usd + 1e-9
    assert best - autarky >= 0.9 * (plan.bound_usd - autarky) > 0.0


@pytest.mark.parametrize("scenario", ["market4", "market8"])
def test_nobody_exceeds_the_bound_and_its_own_controller_comes_near(scenario: str) -> None:
    """Near: to a thousandth of what there is to win where costs are linear, to a hundredth where they are quadratic."""
    world = market(scenario, 2, hours=6.0, retail__weather__start_hour=9.0)
    plans = [social_optimum(world, index) for index in range(2)]
    bound, reached = np.array([plan.bound_usd for plan in plans]), np.array([plan.welfare_usd for plan in plans])
    teams = [("dpa", "dpa"), ("random", "random"), ("buy-all", "best-response"), ("price-threshold", "cost-plus")]
    for sites, retailers in [*teams, ("autarky", "price-cap")]:
        metrics = play(world, Team({"bs": baselines.make(sites), "retailer": baselines.make(retailers)}))
        assert (metrics["welfare_usd"] <= bound).all()
    metrics = play(world, baselines.make("social-optimum"))
    possible = reached - metrics["welfare_autarky_usd"]
    assert (metrics["welfare_usd"] <= bound).all()
    least = 0.999 if scenario == "market4" else 0.99
    assert (metrics["welfare_usd"] - metrics["welfare_autarky_usd"] >= least * possible).all()


def test_the_optimum_does_not_depend_on_how_far_the_episode_has_been_played() -> None:
    world = market(hours=3.0)
    before = social_optimum(world)
    play(world, baselines.make("dpa"))
    assert social_optimum(world).bound_usd == before.bound_usd


def test_shorter_episodes_have_their_own_optimum() -> None:
    world = market(hours=3.0)
    world.max_decisions = 4
    assert foresight_problem(world).load_kw.shape == (4, 4)
    assert len(social_optimum(world).bought_kw) == 4


def test_without_retailers_the_optimum_is_what_batteries_can_do() -> None:
    world = market("market4", hours=6.0, retail__retailers=[], retail__home_retailer=None)
    plan = social_optimum(world)
    metrics = play(world, baselines.make("social-optimum"))
    assert plan.bought_kw.sum() == 0.0
    assert metrics["welfare_usd"] == pytest.approx(plan.bound_usd)
    assert metrics["welfare_usd"] == pytest.approx(metrics["welfare_autarky_usd"])


def test_the_myopic_optimum_is_the_plan_of_a_single_period() -> None:
    """Without wear, and with a battery that starts empty, there is nothing to look ahead to."""
    world = market(hours=0.25, battery__wear_usd_per_kwh=0.0, battery__initial_soc=0.1)
    allocation = myopic_optimum(world)
    plan = social_optimum(world, tolerance=1e-7)
    assert 0.25 * allocation.objective == pytest.approx(plan.welfare_usd, abs=1e-5)
