"""Transmit powers for one association: by TriMSM's optimal power control, or one of its simple stand-ins."""

from typing import Literal, NamedTuple, get_args

import numpy as np

from voltran.baselines.trimsm.newton_power_control import maximise_directly
from voltran.baselines.trimsm.power_program import power_program, select
from voltran.baselines.trimsm.slmdb import maximise_successively
from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.problem import UplinkProblem, evaluate
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.uplink import UplinkGains, combine
from voltran.physics.uplink_control import eipc_power_mw, qopc_power_mw

PowerMethod = Literal["direct", "slmdb", "eipc", "qopc", "fipc"]
PowerStatus = Literal["optimal", "stopped", "closed-form"]
POWER_METHODS: tuple[PowerMethod, ...] = get_args(PowerMethod)


class PowerControl(NamedTuple):
    """Transmit powers, and how they came about.

    Attributes:
        power_mw: ``[K]``; zero for UEs that nobody serves, unless by EIPC or FiPC.
        status: "optimal" for a local maximum within the tolerance, "stopped" for a search that ended before at powers
            that reach all targets, "closed-form" where nothing is searched for.
        sinr_target: ``[K]`` SINRs asked for: those of the minimum rates, or less where those are out of reach.
        qos_violated: whether any UE misses its minimum rate.
        steps: outer steps of SLMDB, Newton steps of the direct method.
        efficiencies: energy efficiency in Mbit/J at the start and after each outer step of SLMDB; of the other methods
            only that of these powers. The last is always that of these powers.
    """

    power_mw: FloatArray
    status: PowerStatus
    sinr_target: FloatArray
    qos_violated: bool
    steps: int
    efficiencies: FloatArray


def optimise_power(
    problem: UplinkProblem,
    association: BoolArray,
    method: PowerMethod = "direct",
    *,
    gains: UplinkGains | None = None,
    start_mw: FloatArray | None = None,
    tolerance: float = 1e-4,
    dinkelbach_steps: int | None = None,
) -> PowerControl:
    """Transmit powers for one association. Source: [FDRAN] Eq. 27a, [FDRAN] Eq. 27b.

    Minimum rates that are out of reach are replaced by what the least powers, clipped, achieve.

    Args:
        problem: the moment.
        association: ``[M, K]``.
        method: "direct" climbs the energy efficiency itself; "slmdb" is the paper's algorithm; "eipc" and "qopc" are
            those of :mod:`voltran.physics.uplink_control`; "fipc" lets everybody send at full power.
        gains: of this association, where they are known already.
        start_mw: ``[K]`` where direct and slmdb start, or as near to it as targets allow; None for powers that just
            surpass the targets.
        tolerance: slmdb ends when the efficiency changes by less than this share in an outer step.
        dinkelbach_steps: of slmdb per outer step, None until Dinkelbach's method has converged.

    Raises:
        ScenarioError: an unknown method, arrays of another size, powers that are no numbers, or a tolerance or number
            of steps that is not positive.
    """
    _check(problem, association, method, start_mw, tolerance, dinkelbach_steps)
    if gains is None:
        gains = combine(problem.statistics, association, problem.radio.noise_mw)
    served = gains.signal > 0.0
    power_max_mw = problem.radio.power_max_mw
    power_mw = np.zeros(problem.n_ues)
    if method == "eipc":
        awake = np.asarray(association.any(axis=1))
        return _closed_form(problem, association, eipc_power_mw(problem.gain, awake, power_max_mw))
    if method == "fipc":
        return _closed_form(problem, association, np.full(problem.n_ues, power_max_mw))
    if method == "qopc" or not served.any():
        power_mw[served] = qopc_power_mw(select(gains, served), problem.sinr_min[served], power_max_mw)
        return _closed_form(problem, association, power_mw)
    program = power_program(problem, association, gains, start_mw)
    if method == "direct":
        scaled, steps, converged = maximise_directly(program)
        history = None
    else:
        scaled, history, converged = maximise_successively(program, tolerance, dinkelbach_steps)
        steps = history.size - 1
    power_mw[served] = scaled * power_max_mw
    sinr_target = np.zeros(problem.n_ues)
    sinr_target[served] = program.sinr_target
    return _result(problem, association, power_mw, "optimal" if converged else "stopped", sinr_target, steps, history)


def steps_until(efficiencies: FloatArray, tolerance: float) -> int:
    """Outer steps until the energy efficiency changes by less than this share in one; all, if it never does."""
    settled = np.abs(np.diff(efficiencies)) <= tolerance * efficiencies[1:]
    return int(settled.argmax()) + 1 if settled.any() else settled.size


def _closed_form(problem: UplinkProblem, association: BoolArray, power_mw: FloatArray) -> PowerControl:
    return _result(problem, association, power_mw, "closed-form", problem.sinr_min, 0, None)


def _result(
    problem: UplinkProblem,
    association: BoolArray,
    power_mw: FloatArray,
    status: PowerStatus,
    sinr_target: FloatArray,
    steps: int,
    efficiencies: FloatArray | None,
) -> PowerControl:
    outcome = evaluate(problem, association, power_mw)
    if efficiencies is None:
        efficiencies = np.array([outcome.efficiency])
    return PowerControl(power_mw, status, sinr_target, outcome.violations > 0, steps, efficiencies)


def _check(
    problem: UplinkProblem,
    association: BoolArray,
    method: str,
    start_mw: FloatArray | None,
    tolerance: float,
    dinkelbach_steps: int | None,
) -> None:
    if method not in POWER_METHODS:
        raise ScenarioError(f"method = {method!r} is unknown; use one of {', '.join(POWER_METHODS)}")
    if association.shape != problem.gain.shape:
        raise ScenarioError(f"association has shape {association.shape}; give one value per UBS and UE")
    if start_mw is not None and (start_mw.shape != (problem.n_ues,) or not np.isfinite(start_mw).all()):
        raise ScenarioError(f"start_mw = {start_mw}: give a power for each of {problem.n_ues} UEs")
    if not tolerance > 0.0:
        raise ScenarioError(f"tolerance = {tolerance}: must be positive")
    if dinkelbach_steps is not None and dinkelbach_steps < 1:
        raise ScenarioError(f"dinkelbach_steps = {dinkelbach_steps}: take at least one")
