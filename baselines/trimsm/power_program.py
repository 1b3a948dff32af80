"""Power control of the uplink as a program in scaled powers, whatever solves it.

Powers are in units of the largest, and each UE's SINR is divided through by its own signal, so that all numbers are of
one size. Symbols: ``S_k`` is all that is received for UE k, ``T_k`` the disturbance in it; a rate is
``b' (ln S_k - ln T_k)``.
"""

from typing import NamedTuple

import numpy as np

from voltran.envs.uplink.problem import UplinkProblem
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.compiled import kernel
from voltran.physics.uplink import UplinkGains
from voltran.physics.uplink_control import qopc_power_mw
from voltran.physics.uplink_power import constant_power_w

# Shares by which targets are surpassed where the search starts, so that it starts inside of all rows.
MARGINS = (3e-3, 3e-5, 3e-7)
# The share of the SINR at the start that is asked for where the target is out of reach.
ELASTIC_SHARE = 1.0 - 2e-3
# UEs without a minimum rate start as if they had this one: at no power at all nothing is defined.
START_SINR = 1e-3
# Nobody starts nearer than this to the largest power, in shares of it.
START_ROOM = 5e-4
# How far a search goes from an inner point to one that may lie on the boundary.
INSIDE_SHARE = 0.9


class PowerProgram(NamedTuple):
    """The program; ``K`` counts UEs that somebody serves, powers ``x`` are in units of the largest.

    Attributes:
        received: ``[K, K]`` gradient of each ``S_k``, in units of the UE's own signal.
        disturbance: ``[K, K]`` gradient of each ``T_k``.
        noise: ``[K]`` what ``S_k`` and ``T_k`` are without any power.
        nats_mbps: rate per natural logarithm of ``S_k / T_k``, b'.
        rate_w: ``[K]`` power of the network per Mbit/s, c_k.
        constant_w: power of the network without rates and transmit powers, P_0.
        transmit_w: power of the network per scaled power.
        sinr_target: ``[K]`` as asked for, or less where that is out of reach.
        rows, least: ``[K, K]`` and ``[K]``: targets are reached where ``rows @ x >= least``, [FDRAN] Eq. 28a.
        start: ``[K]`` powers that reach all targets and have room on all sides.
    """

    received: FloatArray
    disturbance: FloatArray
    noise: FloatArray
    nats_mbps: float
    rate_w: FloatArray
    constant_w: float
    transmit_w: float
    sinr_target: FloatArray
    rows: FloatArray
    least: FloatArray
    start: FloatArray


def power_program(
    problem: UplinkProblem, association: BoolArray, gains: UplinkGains, start_mw: FloatArray | None = None
) -> PowerProgram:
    """The program of one association; UEs that nobody serves send nothing and are left out.

    Source: [FDRAN] Eq. 25b, [FDRAN] Eq. 25c, [FDRAN] Eq. 27a, [FDRAN] Eq. 27b, with the linear rows of [FDRAN] Eq. 28a,
    [FDRAN] Eq. 28b, [FDRAN] Eq. 28c.

    Args:
        problem: the moment.
        association: ``[M, K]``.
        gains: of this association.
        start_mw: ``[K]`` where to start, or as near to it as targets allow.
    """
    power_max_mw = problem.radio.power_max_mw
    served = gains.signal > 0.0
    gains = select(gains, served)
    disturbance = gains.interference / gains.signal[:, None]
    noise = gains.noise / (gains.signal * power_max_mw)
    sinr_target, start = _reachable(gains, disturbance, noise, problem.sinr_min[served], power_max_mw)
    rows, least = _rows(disturbance, noise, sinr_target)
    if start_mw is not None:
        start = _towards(start, np.clip(start_mw[served] / power_max_mw, 0.0, 1.0), rows, least)
    n_awake = int(association.any(axis=1).sum())
    return PowerProgram(
        received=disturbance + np.eye(noise.size),
        disturbance=disturbance,
        noise=noise,
        nats_mbps=problem.radio.prelog_mhz / float(np.log(2.0)),
        rate_w=problem.power.w_per_mbps + problem.power.link_w_per_mbps * association.sum(axis=0)[served],
        constant_w=float(constant_power_w(problem.power, problem.n_ubs, n_awake, problem.n_ues)),
        transmit_w=problem.power.w_per_mw * power_max_mw,
        sinr_target=sinr_target,
        rows=rows,
        least=least,
        start=start,
    )


def select(gains: UplinkGains, ues: BoolArray) -> UplinkGains:
    """The coefficients among some of the UEs, ``[K]``; those left out send nothing."""
    return UplinkGains(gains.signal[ues], gains.interference[np.ix_(ues, ues)], gains.noise[ues])


@kernel
def efficiency(program: PowerProgram, x: FloatArray) -> float:
    """Energy efficiency at scaled powers, Mbit/J.

    Source: [FDRAN] Eq. 29, rates by [FDRAN] Eq. 31a, [FDRAN] Eq. 31b, [FDRAN] Eq. 31c.
    """
    disturbance = program.disturbance @ x + program.noise
    rate_mbps = program.nats_mbps * np.log1p(x / disturbance)
    power_w = program.constant_w + (program.rate_w * rate_mbps).sum() + program.transmit_w * x.sum()
    return float(rate_mbps.sum() / power_w)


def _reachable(
    gains: UplinkGains, disturbance: FloatArray, noise: FloatArray, sinr_min: FloatArray, power_max_mw: float
) -> tuple[FloatArray, FloatArray]:
    """Targets that can be reached, and powers that surpass them a little.

    Reconstructed: the paper says nothing of minimum rates that are out of reach; there each UE is asked for what it
    gets when all send the least powers, clipped, that would do.
    """
    wanted = np.maximum(sinr_min, START_SINR)
    for margin in MARGINS:
        start = _least_powers(disturbance, noise, (1.0 + margin) * wanted)
        if start is not None and start.max() < 1.0 - margin * START_ROOM:
            return sinr_min, start
    clipped = qopc_power_mw(gains, (1.0 + MARGINS[0]) * wanted, power_max_mw) / power_max_mw
    start = np.minimum(clipped, 1.0 - START_ROOM)
    return np.minimum(sinr_min, ELASTIC_SHARE * start / (disturbance @ start + noise)), start


def _least_powers(disturbance: FloatArray, noise: FloatArray, sinr: FloatArray) -> FloatArray | None:
    """The least powers that reach SINRs, None if no powers do: then the linear system has no positive solution."""
    try:
        power = np.linalg.solve(np.eye(noise.size) - sinr[:, None] * disturbance, sinr * noise)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(power, dtype=np.float64) if power.min() > 0.0 else None


def _rows(disturbance: FloatArray, noise: FloatArray, sinr_target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The targets as linear rows, in units of each UE's noise; a target of zero gives a row that always holds.

    Source: [FDRAN] Eq. 28a.
    """
    has_target = sinr_target > 0.0
    scale = np.where(has_target, sinr_target, 1.0) * noise
    rows = (np.eye(noise.size) - sinr_target[:, None] * disturbance) / scale[:, None]
    return np.where(has_target[:, None], rows, 0.0), np.where(has_target, 1.0, -1.0)


def _towards(inside: FloatArray, wish: FloatArray, rows: FloatArray, least: FloatArray) -> FloatArray:
    """The point most of the way from an inner point to a wish, or to where the way leaves the polytope."""
    change = wish - inside
    slack, slope = rows @ inside - least, rows @ change
    shrinking = slope < 0.0
    way = float(np.min(slack[shrinking] / -slope[shrinking], initial=1.0))
    return np.asarray(inside + INSIDE_SHARE * way * change)
