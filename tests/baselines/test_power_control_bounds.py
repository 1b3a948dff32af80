"""SLMDB's bounds and both objectives' derivatives against finite differences and a conic solver."""

# isort: off
# OR-Tools and cvxpy's highspy bring a HiGHS each, and OR-Tools works only where its own is loaded first.
from ortools.linear_solver import pywraplp  # noqa: F401
import cvxpy
# isort: on

import numpy as np
import pytest

from tests.baselines.uplink_problems import draw_problem
from voltran.baselines.trimsm.interior_point import LowerBound, _derivatives, interior_point, objective
from voltran.baselines.trimsm.power_control import optimise_power
from voltran.baselines.trimsm.power_program import PowerProgram, efficiency, power_program
from voltran.baselines.trimsm.slmdb import bounded_efficiency, lower_bound, maximise_successively
from voltran.envs.uplink.problem import UplinkProblem, evaluate
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.uplink import combine

# Ordinary; more UEs than pilots and some out of reach; none with a minimum rate.
RATES_MBPS = {8: 20.0, 14: 30.0, 5: 0.0}


def instance(seed: int, n_ues: int = 8) -> tuple[UplinkProblem, BoolArray, PowerProgram]:
    problem = draw_problem(seed, n_ues=n_ues, n_ubs=12, quality__rate_min_mbps=RATES_MBPS[n_ues])
    rank = np.argsort(np.argsort(-problem.gain, axis=0), axis=0)
    association = np.asarray(rank < 2)
    gains = combine(problem.statistics, association, problem.radio.noise_mw)
    return problem, association, power_program(problem, association, gains)


def inner_points(program: PowerProgram, seed: int, count: int) -> FloatArray:
    """Points between the start and random powers, inside of all rows."""
    rng = np.random.default_rng(seed)
    points: list[FloatArray] = []
    while len(points) < count:
        point = program.start + rng.random() ** 4 * (rng.random(program.start.size) - program.start)
        if (program.rows @ point > program.least).all():
            points.append(point)
    return np.array(points)


@pytest.mark.parametrize("n_ues", RATES_MBPS)
def test_the_program_has_the_efficiency_and_the_rows_of_the_problem(n_ues: int) -> None:
    problem, association, program = instance(0, n_ues)
    for x in inner_points(program, 0, 5):
        outcome = evaluate(problem, association, x * problem.radio.power_max_mw)
        assert efficiency(program, x) == pytest.approx(outcome.efficiency, rel=1e-12)
        assert objective(program, None, x) == pytest.approx(-np.log(outcome.efficiency), rel=1e-9)
        sinr = np.exp2(outcome.rate_mbps / problem.radio.prelog_mhz) - 1.0
        assert (sinr >= program.sinr_target).all()
    assert (program.rows @ program.start > program.least).all()


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_and_hessian_are_those_of_finite_differences(seed: int, bounded: bool) -> None:
    _, _, program = instance(seed)
    around, x = inner_points(program, seed, 2)
    bound = lower_bound(program, around, float(efficiency(program, around))) if bounded else None
    constants = _derivatives(program, bound, x)
    hessian = program.received.T * constants.curve_s @ program.received
    hessian += program.disturbance.T * constants.curve_t @ program.disturbance
    hessian += np.outer(constants.up, constants.up) - np.outer(constants.down, constants.down)
    for ue in range(x.size):
        step = np.zeros(x.size)
        step[ue] = 1e-5 * x[ue]
        slope = (objective(program, bound, x + step) - objective(program, bound, x - step)) / (2.0 * step[ue])
        assert slope == pytest.approx(constants.gradient[ue], rel=1e-5, abs=1e-7 / x[ue])
        ahead, behind = (_derivatives(program, bound, x + side * step).gradient for side in (1.0, -1.0))
        curve = (ahead - behind) / (2.0 * step[ue])
        np.testing.assert_allclose(curve * x * x[ue], hessian[ue] * x * x[ue], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("n_ues", RATES_MBPS)
def test_the_bounded_efficiency_is_below_the_efficiency_and_touches_it_where_it_was_built(n_ues: int) -> None:
    _, _, program = instance(1, n_ues)
    for around in inner_points(program, 1, 4):
        here = efficiency(program, around)
        assert bounded_efficiency(program, around, around) == pytest.approx(here, rel=1e-12)
        for x in inner_points(program, 2, 20):
            assert bounded_efficiency(program, x, around) <= efficiency(program, x) * (1.0 + 1e-12)


def test_the_bounded_efficiency_rises_as_the_efficiency_does_where_it_was_built() -> None:
    _, _, program = instance(2)
    (around,) = inner_points(program, 3, 1)
    for ue in range(around.size):
        step = np.zeros(around.size)
        step[ue] = 1e-5 * around[ue]
        true = efficiency(program, around + step) - efficiency(program, around - step)
        bound = bounded_efficiency(program, around + step, around) - bounded_efficiency(program, around - step, around)
        assert bound == pytest.approx(true, rel=1e-4, abs=1e-12)


def conic_optimum(program: PowerProgram, bound: LowerBound, unit: FloatArray) -> float:
    """Least value of the same convex program by Clarabel; powers are in units near the optimum, for its precision."""
    share = cvxpy.Variable(unit.size)
    scale_s, scale_t = program.received @ unit + program.noise, program.disturbance @ unit + program.noise
    received = (program.received * unit / scale_s[:, None]) @ share + program.noise / scale_s
    disturbance = (program.disturbance * unit / scale_t[:, None]) @ share + program.noise / scale_t
    logs = program.nats_mbps * cvxpy.log(received) + cvxpy.multiply(bound.weight, cvxpy.log(disturbance))
    rows = [(program.rows * unit) @ share >= program.least, share >= 0.0, cvxpy.multiply(unit, share) <= 1.0]
    constants = cvxpy.Problem(cvxpy.Minimize((bound.linear * unit) @ share - cvxpy.sum(logs)), rows)
    constants.solve(solver=cvxpy.CLARABEL)
    assert constants.status == "optimal"
    constant = (program.nats_mbps * np.log(scale_s) + bound.weight * np.log(scale_t)).sum()
    return float((constants.value - constant) / bound.scale)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_ues", RATES_MBPS)
def test_dinkelbachs_problem_is_solved_as_by_a_conic_solver(seed: int, n_ues: int) -> None:
    _, _, program = instance(seed, n_ues)
    (around,) = inner_points(program, seed, 1)
    bound = lower_bound(program, around, 1.3 * float(efficiency(program, around)))
    x, _, converged = interior_point(program, bound, program.start, 1e-9)
    assert converged
    assert (program.rows @ x > program.least).all()
    assert objective(program, bound, x) == pytest.approx(conic_optimum(program, bound, x), rel=1e-6)


@pytest.mark.parametrize("dinkelbach_steps", [None, 1])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_ues", RATES_MBPS)
def test_slmdb_never_descends(n_ues: int, seed: int, dinkelbach_steps: int | None) -> None:
    _, _, program = instance(seed, n_ues)
    x, efficiencies, converged = maximise_successively(program, 1e-4, dinkelbach_steps)
    assert converged
    assert (np.diff(efficiencies) >= -1e-8 * efficiencies[1:]).all()
    assert efficiencies[0] == efficiency(program, program.start)
    assert efficiencies[-1] == efficiency(program, x)


@pytest.mark.parametrize("seed", range(2))
def test_one_dinkelbach_step_per_outer_step_ends_at_the_same_efficiency(seed: int) -> None:
    problem, association, _ = instance(seed)
    full = optimise_power(problem, association, "slmdb", tolerance=1e-6)
    single = optimise_power(problem, association, "slmdb", tolerance=1e-6, dinkelbach_steps=1)
    assert single.efficiencies[-1] == pytest.approx(full.efficiencies[-1], rel=1e-4)
    direct = optimise_power(problem, association, "direct")
    assert direct.efficiencies[-1] == pytest.approx(full.efficiencies[-1], rel=1e-3)
