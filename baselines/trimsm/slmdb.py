"""SLMDB: successive lower-bound maximisation with Dinkelbach's method. Source: [FDRAN] Algorithm 1.

Rates are differences of concave functions. Around the last powers ``q`` the subtracted part is replaced by its tangent,
which bounds all rates from below in the numerator and from above in the network's power; the quotient of these bounds
is maximised by Dinkelbach's method, whose problems are convex.
"""

import numpy as np

from voltran.baselines.trimsm.interior_point import LowerBound, interior_point
from voltran.baselines.trimsm.power_program import INSIDE_SHARE, PowerProgram, efficiency
from voltran.physics.arrays import FloatArray

DINKELBACH_TOLERANCE = 1e-6
INNER_TOLERANCE = 1e-9
MAX_OUTER_STEPS = 1000
MAX_DINKELBACH_STEPS = 50


def maximise_successively(
    program: PowerProgram, tolerance: float, dinkelbach_steps: int | None = None
) -> tuple[FloatArray, FloatArray, bool]:
    """Maximise the energy efficiency by SLMDB.

    Source: [FDRAN] Eq. 38, Algorithm 1.

    Args:
        program: the problem; the search begins at its start.
        tolerance: outer steps end when the efficiency changes by less than this share.
        dinkelbach_steps: steps of Dinkelbach's method per outer step, None until it has converged. One is enough to
            ascend, and ends at the same efficiency.

    Returns:
        Scaled powers ``[K]``; the efficiency at the start and after each outer step; whether the tolerance was met.
    """
    x = program.start
    efficiencies = [float(efficiency(program, x))]
    for _ in range(MAX_OUTER_STEPS):
        candidate = _maximise_bound(program, x, efficiencies[-1], dinkelbach_steps or MAX_DINKELBACH_STEPS)
        value = float(efficiency(program, candidate))
        if not value >= (1.0 - tolerance) * efficiencies[-1]:  # the bound forbids it: numbers have failed
            break
        x = candidate
        efficiencies.append(value)
        if abs(value - efficiencies[-2]) <= tolerance * value:
            return x, np.array(efficiencies), True
    return x, np.array(efficiencies), False


def bounded_efficiency(program: PowerProgram, x: FloatArray, around: FloatArray) -> float:
    """Lower bound of the efficiency at ``x``, equal to it at ``around``.

    Source: [FDRAN] Eq. 32, [FDRAN] Eq. 33, [FDRAN] Eq. 34, with the tangents of [FDRAN] Eq. 35, [FDRAN] Eq. 36, as in
    [FDRAN] Eq. 37.
    """
    received_then, disturbance_then = _received(program, around), _disturbance(program, around)
    received, disturbance = _received(program, x), _disturbance(program, x)
    tangent_s = np.log(received_then) + received / received_then - 1.0
    tangent_t = np.log(disturbance_then) + disturbance / disturbance_then - 1.0
    least_mbps = program.nats_mbps * (np.log(received) - tangent_t)
    most_mbps = program.nats_mbps * (tangent_s - np.log(disturbance))
    most_w = program.constant_w + program.rate_w @ most_mbps + program.transmit_w * x.sum()
    return float(least_mbps.sum() / most_w)


def lower_bound(program: PowerProgram, around: FloatArray, price: float) -> LowerBound:
    """Dinkelbach's problem at a price in Mbit/J. Source: [FDRAN] Eq. 39."""
    received, disturbance = _received(program, around), _disturbance(program, around)
    weight = program.nats_mbps * price * program.rate_w
    linear = (program.nats_mbps / disturbance) @ program.disturbance + (weight / received) @ program.received
    scale = program.nats_mbps * float(np.log(received / disturbance).sum())
    return LowerBound(linear + price * program.transmit_w, weight, scale)


def _maximise_bound(program: PowerProgram, around: FloatArray, price: float, max_steps: int) -> FloatArray:
    """The powers of the largest lower bound, by Dinkelbach's method.

    Source: [FDRAN] Eq. 30, [FDRAN] Eq. 39, [FDRAN] Eq. 40: where the price stands still, the best difference is zero.
    """
    x = around
    for _ in range(max_steps):
        inside = program.start + INSIDE_SHARE * (x - program.start)
        x = interior_point(program, lower_bound(program, around, price), inside, INNER_TOLERANCE)[0]
        last_price, price = price, bounded_efficiency(program, x, around)
        if abs(price - last_price) <= DINKELBACH_TOLERANCE * price:
            break
    return x


def _received(program: PowerProgram, x: FloatArray) -> FloatArray:
    return program.received @ x + program.noise


def _disturbance(program: PowerProgram, x: FloatArray) -> FloatArray:
    return program.disturbance @ x + program.noise
