"""Primal-dual interior point method for power control: the energy efficiency itself, or its lower bound.

Both objectives are made of logarithms of ``S = received @ x + noise`` and ``T = disturbance @ x + noise`` and have the
same linear rows; one of them is convex. So one method serves both, with derivatives of second order. Where the Hessian
of the efficiency is not positive definite, curvature of the convex bound is mixed in until it is.
"""

from typing import NamedTuple

import numpy as np

from voltran.baselines.trimsm.power_program import PowerProgram
from voltran.physics.arrays import FloatArray
from voltran.physics.compiled import kernel

MAX_STEPS = 200
FIRST_BARRIER = 1e-2
BARRIER_FACTOR = 0.2
BARRIER_EXPONENT = 1.5
# The barrier falls once the optimum for it is met within this multiple of it.
BARRIER_SLACK = 10.0
TO_THE_BOUNDARY = 0.995
# Armijo's share of the expected descent, and the step at which a line search gives up.
SUFFICIENT_DESCENT = 1e-4
SHORTEST_STEP = 1e-10
ROUNDING = 1e-12
SMALLEST_PIVOT = 1e-14
FIRST_MIXING, MIXING_FACTOR = 0.1, 3.2


class LowerBound(NamedTuple):
    """``sum_k R_lb,k - eta P_ub`` as ``nats_mbps ln S + weight ln T - linear x``, over a scale. Source: [FDRAN] Eq. 39.

    Attributes:
        linear: ``[K]``.
        weight: ``[K]``.
        scale: what the whole is divided by, so that one tolerance fits all objectives.
    """

    linear: FloatArray
    weight: FloatArray
    scale: float


class Derivatives(NamedTuple):
    """Of an objective that is minimised.

    The Hessian is ``received' diag(curve_s) received + disturbance' diag(curve_t) disturbance + up up' - down down'``.

    Attributes:
        gradient: ``[K]``.
        curve_s, curve_t: ``[K]``.
        convex_s, convex_t: ``[K]`` the same for the convex bound at this point.
        up, down: ``[K]``.
    """

    gradient: FloatArray
    curve_s: FloatArray
    curve_t: FloatArray
    convex_s: FloatArray
    convex_t: FloatArray
    up: FloatArray
    down: FloatArray


@kernel
def interior_point(
    program: PowerProgram, bound: LowerBound | None, start: FloatArray, tolerance: float
) -> tuple[FloatArray, int, bool]:
    """Maximise the efficiency, or a lower bound, over the powers that reach all targets.

    Args:
        program: objective and rows.
        bound: None for the efficiency, whose local maximum is found.
        start: ``[K]`` strictly inside all rows and bounds.
        tolerance: duality gap and stationarity at the end, relative to the objective.

    Returns:
        Scaled powers ``[K]``, strictly inside; Newton steps; whether the tolerance was met.
    """
    x = start.copy()
    barrier = FIRST_BARRIER
    slack = _slack(program, x)
    dual = barrier / slack
    least_barrier = 0.25 * tolerance / slack.size
    for step in range(MAX_STEPS):
        model = _derivatives(program, bound, x)
        error = np.abs((model.gradient - _transposed(program, dual)) * x).sum()
        if (slack * dual).sum() <= tolerance and error <= tolerance:
            return x, step, True
        while barrier > least_barrier and max(error, np.abs(slack * dual - barrier).max()) <= BARRIER_SLACK * barrier:
            barrier = max(min(BARRIER_FACTOR * barrier, barrier**BARRIER_EXPONENT), least_barrier)
        descent = _transposed(program, barrier / slack) - model.gradient
        change = _newton_change(program, model, dual / slack, descent)
        slack_change = _rows_times(program, change)
        dual_change = (barrier - dual * slack_change) / slack - dual
        longest = min(1.0, _room(slack, slack_change))
        reach = _line_search(program, bound, x, change, barrier, longest, (descent * change).sum())
        if not reach > SHORTEST_STEP:
            return x, step, False
        x = x + reach * change
        dual = dual + min(1.0, _room(dual, dual_change)) * dual_change
        slack = _slack(program, x)
    return x, MAX_STEPS, False


@kernel
def objective(program: PowerProgram, bound: LowerBound | None, x: FloatArray) -> float:
    """What is minimised: minus the logarithm of the efficiency, or minus the lower bound."""
    disturbance = _times(program.disturbance, x) + program.noise
    if bound is not None:
        gain = program.nats_mbps * np.log(disturbance + x) + bound.weight * np.log(disturbance)
        return float((bound.linear * x - gain).sum() / bound.scale)
    rate_mbps = program.nats_mbps * np.log1p(x / disturbance)
    power_w = program.constant_w + (program.rate_w * rate_mbps + program.transmit_w * x).sum()
    return float(np.log(power_w / rate_mbps.sum()))


@kernel
def _derivatives(program: PowerProgram, bound: LowerBound | None, x: FloatArray) -> Derivatives:
    nats, cost_w = program.nats_mbps, program.rate_w
    disturbance = _times(program.disturbance, x) + program.noise
    received = disturbance + x
    own = nats / received
    if bound is not None:
        curve_s, curve_t = own / received / bound.scale, bound.weight / disturbance**2 / bound.scale
        logs = own + _transposed_times(program.disturbance, own + bound.weight / disturbance)
        flat = np.zeros(x.size)
        return Derivatives((bound.linear - logs) / bound.scale, curve_s, curve_t, curve_s, curve_t, flat, flat)
    rate_mbps = nats * np.log1p(x / disturbance)
    total_mbps = rate_mbps.sum()
    power_w = program.constant_w + (cost_w * rate_mbps + program.transmit_w * x).sum()
    others = own * x / disturbance
    up = (own - _transposed_times(program.disturbance, others)) / total_mbps
    down = (cost_w * own - _transposed_times(program.disturbance, cost_w * others) + program.transmit_w) / power_w
    gain, loss = nats / total_mbps, nats * cost_w / power_w
    square_s, square_t = received**2, disturbance**2
    worth = gain - loss
    return Derivatives(down - up, worth / square_s, -worth / square_t, gain / square_s, loss / square_t, up, down)


@kernel
def _newton_change(program: PowerProgram, model: Derivatives, weight: FloatArray, descent: FloatArray) -> FloatArray:
    """Newton's step for the barrier problem; ``weight`` ``[3K]`` is the curvature that rows and bounds add."""
    n = descent.size
    mixing = 0.0
    while True:
        pure = 1.0 - mixing
        hessian = np.zeros((n, n))
        for ue in range(n):
            hessian[ue, ue] = weight[n + ue] + weight[2 * n + ue]
            for other in range(ue + 1):
                bend = model.up[ue] * model.up[other] - model.down[ue] * model.down[other]
                hessian[ue, other] += pure * bend
        _add_weighted(hessian, program.rows, weight[:n])
        _add_weighted(hessian, program.received, mixing * model.convex_s + pure * model.curve_s)
        _add_weighted(hessian, program.disturbance, mixing * model.convex_t + pure * model.curve_t)
        is_definite, change = _solve_definite(hessian, descent)
        if is_definite or mixing >= 1.0:
            return change
        mixing = min(1.0, max(FIRST_MIXING, MIXING_FACTOR * mixing))


@kernel
def _solve_definite(matrix: FloatArray, right: FloatArray) -> tuple[bool, FloatArray]:
    """Solve by Cholesky's factors of a lower triangle; the first value tells whether it is positive definite."""
    n = right.size
    factor, solution = np.zeros((n, n)), right.copy()
    for i in range(n):
        for j in range(i + 1):
            rest = matrix[i, j]
            for k in range(j):
                rest -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = rest / factor[j, j]
            elif rest > SMALLEST_PIVOT * abs(matrix[i, i]):
                factor[i, i] = np.sqrt(rest)
            else:
                return False, solution
    for i in range(n):
        for k in range(i):
            solution[i] -= factor[i, k] * solution[k]
        solution[i] /= factor[i, i]
    for i in range(n - 1, -1, -1):
        solution[i] /= factor[i, i]
        for k in range(i):
            solution[k] -= factor[i, k] * solution[i]
    return True, solution


@kernel
def _line_search(
    program: PowerProgram,
    bound: LowerBound | None,
    x: FloatArray,
    change: FloatArray,
    barrier: float,
    longest: float,
    expected: float,
) -> float:
    """A step after which the barrier function has descended enough; at most ``SHORTEST_STEP`` if there is none."""
    before = _barrier_function(program, bound, x, barrier)
    step = longest
    while step > SHORTEST_STEP:
        limit = before - SUFFICIENT_DESCENT * step * expected + ROUNDING * abs(before)
        if _barrier_function(program, bound, x + step * change, barrier) <= limit:
            break
        step *= 0.5
    return step


@kernel
def _barrier_function(program: PowerProgram, bound: LowerBound | None, x: FloatArray, barrier: float) -> float:
    slack = _slack(program, x)
    if slack.min() <= 0.0:
        return np.inf
    return objective(program, bound, x) - barrier * float(np.log(slack).sum())


@kernel
def _slack(program: PowerProgram, x: FloatArray) -> FloatArray:
    """``[3K]``: room in the rows, above zero and below the largest power."""
    return _stacked(_times(program.rows, x) - program.least, x, 1.0 - x)


@kernel
def _rows_times(program: PowerProgram, change: FloatArray) -> FloatArray:
    return _stacked(_times(program.rows, change), change, -change)


@kernel
def _transposed(program: PowerProgram, dual: FloatArray) -> FloatArray:
    n = program.least.size
    return _transposed_times(program.rows, dual[:n]) + dual[n : 2 * n] - dual[2 * n :]


@kernel
def _stacked(rows: FloatArray, above: FloatArray, below: FloatArray) -> FloatArray:
    n = rows.size
    stack = np.empty(3 * n)
    for item in range(n):
        stack[item], stack[n + item], stack[2 * n + item] = rows[item], above[item], below[item]
    return stack


# Plain loops: at these sizes as fast as BLAS, and much faster to compile.
@kernel
def _times(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Matrix times vector."""
    product = np.zeros(matrix.shape[0])
    for row in range(matrix.shape[0]):
        for column in range(vector.size):
            product[row] += matrix[row, column] * vector[column]
    return product


@kernel
def _transposed_times(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Transposed matrix times vector."""
    product = np.zeros(matrix.shape[1])
    for row in range(vector.size):
        for column in range(matrix.shape[1]):
            product[column] += matrix[row, column] * vector[row]
    return product


@kernel
def _add_weighted(matrix: FloatArray, rows: FloatArray, weight: FloatArray) -> None:
    """Add ``rows' diag(weight) rows`` to a matrix's lower triangle."""
    for row in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            scaled = weight[row] * rows[row, i]
            for j in range(i + 1):
                matrix[i, j] += scaled * rows[row, j]


@kernel
def _room(value: FloatArray, change: FloatArray) -> float:
    """The step that takes a positive value nearly to zero."""
    room = np.inf
    for item in range(value.size):
        if change[item] < 0.0:
            room = min(room, -TO_THE_BOUNDARY * value[item] / change[item])
    return room
