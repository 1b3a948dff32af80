"""Power control of the uplink against closed forms, a grid, a general solver, and what it promises."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, NonlinearConstraint, minimize, minimize_scalar

from tests.baselines.uplink_problems import draw_problem
from voltran.baselines.trimsm import newton_power_control, slmdb
from voltran.baselines.trimsm.power_control import POWER_METHODS, PowerMethod, optimise_power, steps_until
from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.problem import UplinkProblem, evaluate
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.uplink import UplinkStatistics, combine, uplink_sinr

SEARCHES: tuple[PowerMethod, ...] = ("direct", "slmdb")

# Beside ordinary cases: more UEs than the ten pilots, correlated fading, no minimum rate, rates out of reach.
CASES: dict[str, dict[str, Any]] = {
    "8/20": {},
    "20/40": {"n_ues": 20, "n_ubs": 40},
    "shared pilots": {"n_ues": 14, "quality__rate_min_mbps": 8.0},
    "correlated": {"radio__correlation": "local_scattering", "quality__rate_min_mbps": 10.0},
    "no minimum": {"quality__rate_min_mbps": 0.0},
    "out of reach": {"quality__rate_min_mbps": 70.0},
    "one UE": {"n_ues": 1},
}


def strongest(problem: UplinkProblem, servers: int = 3) -> BoolArray:
    """Every UE is served by the UBSs that hear it best."""
    rank = np.argsort(np.argsort(-problem.gain, axis=0), axis=0)
    return np.asarray(rank < servers)


def case(name: str, seed: int) -> tuple[UplinkProblem, BoolArray]:
    problem = draw_problem(seed, **CASES[name])
    return problem, strongest(problem)


def sinr(problem: UplinkProblem, association: BoolArray, power_mw: FloatArray) -> FloatArray:
    return uplink_sinr(combine(problem.statistics, association, problem.radio.noise_mw), power_mw)


def general_optimum(problem: UplinkProblem, association: BoolArray, target: FloatArray, start: FloatArray) -> float:
    """Largest efficiency that SLSQP finds, with the world's own evaluation and without derivatives.

    Variables are logarithms of powers: the paper's rows are not linear in them, but all are of one size.
    """
    reference = evaluate(problem, association, start).efficiency

    def loss(log_mw: FloatArray) -> float:
        return -evaluate(problem, association, np.exp(log_mw)).efficiency / reference

    def surplus(log_mw: FloatArray) -> FloatArray:
        return np.log(sinr(problem, association, np.exp(log_mw)) / np.maximum(target, 1e-9))

    result = minimize(
        loss,
        np.log(start),
        method="SLSQP",
        bounds=Bounds(np.log(1e-9), np.log(problem.radio.power_max_mw)),
        constraints=NonlinearConstraint(surplus, 0.0, np.inf),
        options={"ftol": 1e-12, "maxiter": 500},
    )
    return float(-result.fun * reference)


@pytest.mark.parametrize("method", SEARCHES)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", CASES)
def test_searches_reach_their_targets_within_the_largest_power(name: str, seed: int, method: PowerMethod) -> None:
    problem, association = case(name, seed)
    found = optimise_power(problem, association, method)
    outcome = evaluate(problem, association, found.power_mw)
    assert found.status == "optimal"
    assert (found.power_mw > 0.0).all()
    assert (found.power_mw <= problem.radio.power_max_mw).all()
    assert (sinr(problem, association, found.power_mw) >= found.sinr_target * (1.0 - 1e-9)).all()
    assert (found.sinr_target <= problem.sinr_min).all()
    assert found.qos_violated == (outcome.violations > 0) == (name == "out of reach")
    assert found.efficiencies[-1] == pytest.approx(outcome.efficiency, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", CASES)
def test_direct_is_not_behind_slmdb(name: str, seed: int) -> None:
    problem, association = case(name, seed)
    successive = optimise_power(problem, association, "slmdb").efficiencies[-1]
    assert optimise_power(problem, association, "direct").efficiencies[-1] >= 0.999 * successive


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", [name for name in CASES if name != "20/40"])
def test_direct_finds_what_a_general_solver_finds(name: str, seed: int) -> None:
    problem, association = case(name, seed)
    found = optimise_power(problem, association, "direct")
    start = optimise_power(problem, association, "eipc").power_mw
    if name == "out of reach":  # from elsewhere the general solver does not find into so small a set
        start = found.power_mw
    best = general_optimum(problem, association, found.sinr_target, start)
    assert found.efficiencies[-1] == pytest.approx(best, rel=2e-4)


def grid_optimum(problem: UplinkProblem, association: BoolArray) -> float:
    """Largest efficiency of two UEs that all reach their minimum, on grids that close in on the best point."""
    full_mw = problem.radio.power_max_mw
    low, high = np.full(2, 1e-6 * full_mw), np.full(2, full_mw)
    best, best_mw = 0.0, high
    for _ in range(4):
        levels = np.geomspace(low, high, 50)
        for power_mw in np.stack(np.meshgrid(*levels.T), axis=-1).reshape(-1, 2):
            outcome = evaluate(problem, association, power_mw)
            if outcome.shortfall_mbps == 0.0 and outcome.efficiency > best:
                best, best_mw = outcome.efficiency, power_mw
        reach = (high / low) ** (2.0 / 49.0)
        low, high = best_mw / reach, np.minimum(best_mw * reach, full_mw)
    return best


@pytest.mark.parametrize("seed", range(3))
def test_direct_finds_the_best_point_of_a_grid(seed: int) -> None:
    problem = draw_problem(seed, n_ues=2, n_ubs=4, limits__ubs_per_ue=2)
    association = strongest(problem, 2)
    best = grid_optimum(problem, association)
    assert best > 0.0
    assert optimise_power(problem, association).efficiencies[-1] == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("rate_min_mbps", [0.0, 20.0])
def test_the_power_of_a_single_ue_is_the_optimum_of_one_variable(rate_min_mbps: float) -> None:
    problem = draw_problem(5, n_ues=1, quality__rate_min_mbps=rate_min_mbps)
    association = strongest(problem)
    best = minimize_scalar(
        lambda log_mw: -evaluate(problem, association, np.exp([log_mw])).efficiency,
        bounds=(np.log(1e-4), np.log(problem.radio.power_max_mw)),
        options={"xatol": 1e-10},
    )
    assert optimise_power(problem, association).efficiencies[-1] == pytest.approx(-best.fun, rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_rates_that_only_just_can_be_reached_are_reached(seed: int) -> None:
    problem = draw_problem(seed)
    association = strongest(problem)
    power_mw = np.linspace(0.2, 0.9, problem.n_ues) * problem.radio.power_max_mw
    problem = problem._replace(rate_min_mbps=evaluate(problem, association, power_mw).rate_mbps)
    found = optimise_power(problem, association)
    np.testing.assert_allclose(found.sinr_target, problem.sinr_min, rtol=1e-12)
    assert (found.power_mw >= power_mw * (1.0 - 1e-6)).all()  # they are the least powers that do
    assert not found.qos_violated


def test_ues_within_reach_keep_their_minimum_when_others_are_out_of_it() -> None:
    problem = draw_problem(1)
    association = strongest(problem)
    rate_min_mbps = np.full(problem.n_ues, 5.0)
    rate_min_mbps[3] = 300.0
    problem = problem._replace(rate_min_mbps=rate_min_mbps)
    found = optimise_power(problem, association)
    outcome = evaluate(problem, association, found.power_mw)
    assert found.qos_violated
    assert outcome.violations == 1
    assert found.sinr_target[3] < problem.sinr_min[3]
    assert found.power_mw[3] > 0.99 * problem.radio.power_max_mw


@pytest.mark.parametrize("rate_min_mbps", [2.0, 20.0])
def test_qopc_solves_the_linear_system_of_its_targets(rate_min_mbps: float) -> None:
    problem = draw_problem(2, quality__rate_min_mbps=rate_min_mbps)
    association = strongest(problem)
    gains = combine(problem.statistics, association, problem.radio.noise_mw)
    target = problem.sinr_min
    system = np.diag(gains.signal) - target[:, None] * gains.interference
    found = optimise_power(problem, association, "qopc")
    np.testing.assert_allclose(found.power_mw, np.linalg.solve(system, target * gains.noise), rtol=1e-5)
    assert found.power_mw.max() < problem.radio.power_max_mw
    assert (found.status, found.qos_violated, found.steps) == ("closed-form", False, 0)


def test_eipc_inverts_the_gain_to_all_ubss_that_are_awake_and_fipc_is_full_power() -> None:
    problem = draw_problem(3)
    association = strongest(problem)
    total = problem.gain[association.any(axis=1)].sum(axis=0)
    full_mw = problem.radio.power_max_mw
    found = optimise_power(problem, association, "eipc")
    np.testing.assert_allclose(found.power_mw, full_mw * total.min() / total, rtol=1e-12)
    np.testing.assert_array_equal(optimise_power(problem, association, "fipc").power_mw, np.full(8, full_mw))
    assert found.efficiencies == [evaluate(problem, association, found.power_mw).efficiency]


def without_ues(problem: UplinkProblem) -> UplinkProblem:
    signal, leakage, coherent = problem.statistics
    return problem._replace(
        ue=problem.ue[:0],
        gain=problem.gain[:, :0],
        statistics=UplinkStatistics(signal[:, :0], leakage[:, :0, :0], coherent[:, :0, :0]),
        rate_min_mbps=problem.rate_min_mbps[:0],
    )


@pytest.mark.parametrize("method", POWER_METHODS)
def test_nobody_to_serve_gives_no_powers(method: PowerMethod) -> None:
    found = optimise_power(without_ues(draw_problem(0)), np.zeros((20, 0), dtype=bool), method)
    assert found.power_mw.shape == found.sinr_target.shape == (0,)
    assert not found.qos_violated
    assert found.efficiencies.tolist() == [0.0]


@pytest.mark.parametrize("method", [*SEARCHES, "qopc"])
def test_ues_that_nobody_serves_are_silent_and_count_as_violations(method: PowerMethod) -> None:
    problem = draw_problem(4)
    association = strongest(problem)
    association[:, 2] = False
    found = optimise_power(problem, association, method)
    assert found.power_mw[2] == 0.0
    assert found.qos_violated
    assert evaluate(problem, association, found.power_mw).violations == 1
    association[:] = False
    assert (optimise_power(problem, association, method).power_mw == 0.0).all()


@pytest.mark.parametrize("name", ["8/20", "no minimum", "out of reach"])
@pytest.mark.parametrize("share", [0.0, 0.01, 1.0])
def test_neither_start_nor_gains_given_change_what_direct_finds(name: str, share: float) -> None:
    problem, association = case(name, 6)
    found = optimise_power(problem, association)
    again = optimise_power(
        problem,
        association,
        gains=combine(problem.statistics, association, problem.radio.noise_mw),
        start_mw=np.full(problem.n_ues, share * problem.radio.power_max_mw),
    )
    assert again.status == "optimal"
    assert again.efficiencies[-1] == pytest.approx(found.efficiencies[-1], rel=1e-6)


def test_slmdb_starts_where_it_is_told_to() -> None:
    problem, association = case("8/20", 0)
    optimum = optimise_power(problem, association)
    near = optimise_power(problem, association, "slmdb", start_mw=optimum.power_mw)
    far = optimise_power(problem, association, "slmdb")
    assert near.efficiencies[0] > far.efficiencies[0]
    assert near.steps < far.steps
    assert near.efficiencies[-1] == pytest.approx(optimum.efficiencies[-1], rel=1e-3)


@pytest.mark.parametrize("method", SEARCHES)
@pytest.mark.parametrize("answer", [np.nan, 1e-9])
def test_a_search_that_fails_leaves_powers_that_reach_all_targets(
    method: PowerMethod, answer: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, association = case("8/20", 0)
    for module in (newton_power_control, slmdb):
        monkeypatch.setattr(module, "interior_point", lambda program, *_: (program.start * answer, 1, False))
    found = optimise_power(problem, association, method)
    assert found.status == "stopped"
    assert not found.qos_violated
    assert evaluate(problem, association, found.power_mw).efficiency == pytest.approx(found.efficiencies[-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "best"}, "'best'.*slmdb"),
        ({"association": np.ones((3, 3), dtype=bool)}, r"association.*\(3, 3\)"),
        ({"start_mw": np.ones(3)}, "start_mw.*8 UEs"),
        ({"start_mw": np.full(8, np.nan)}, "start_mw.*8 UEs"),
        ({"tolerance": 0.0}, "tolerance = 0.0"),
        ({"dinkelbach_steps": 0}, "dinkelbach_steps = 0"),
    ],
)
def test_bad_input_names_the_field_and_the_remedy(options: dict[str, Any], message: str) -> None:
    problem, association = case("8/20", 0)
    with pytest.raises(ScenarioError, match=message):
        optimise_power(problem, **{"association": association, **options})


def test_steps_are_counted_until_the_efficiency_settles() -> None:
    efficiencies = np.array([1.0, 1.5, 1.6, 1.6008, 1.60081])
    assert [steps_until(efficiencies, tolerance) for tolerance in (0.1, 1e-3, 1e-4, 1e-6)] == [2, 3, 4, 4]
