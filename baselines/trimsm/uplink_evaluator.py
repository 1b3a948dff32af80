"""What associations of the uplink are worth to the matching: energy efficiency, and what UEs lack of their rates.

A rate within its tolerance of the minimum counts as reached, as the power controls that aim at minimum rates end within
theirs.
"""

import numpy as np

from voltran.baselines.trimsm.matching import Evaluator, apply_move
from voltran.baselines.trimsm.moves import Moves
from voltran.baselines.trimsm.power_control import optimise_power
from voltran.baselines.trimsm.uplink_kernels import (
    EIPC,
    FIPC,
    QOPC,
    Network,
    Served,
    carry_out,
    control_power,
    judge,
    judge_moves,
)
from voltran.baselines.trimsm.uplink_settings import GainReading, InnerControl
from voltran.envs.uplink.problem import RATE_TOLERANCE, UplinkProblem, evaluate
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.uplink import UplinkStatistics, combine

CODES: dict[InnerControl, int] = {"fipc": FIPC, "eipc": EIPC, "qopc": QOPC}


def uplink_evaluator(problem: UplinkProblem, inner: InnerControl, eipc_gain: GainReading = "fading") -> Evaluator:
    """The evaluator of a problem whose powers are controlled in some way.

    Args:
        problem: the moment.
        inner: power control.
        eipc_gain: how EIPC reads the gain of a channel.
    """
    if inner == "direct":
        return DirectEvaluator(problem)
    return ClosedFormEvaluator(problem, CODES[inner], channel_gain(problem, eipc_gain))


def channel_gain(problem: UplinkProblem, reading: GainReading) -> FloatArray:
    """What EIPC inverts, ``[M, K]``.

    Source: G_mk of [FDRAN] Eq. 44. Reconstructed: the text says "channel gain" and no more.

    Args:
        problem: the moment.
        reading: "fading" for power, "amplitude" for its square root, "estimate" for the power that pilots show.
    """
    if reading == "amplitude":
        return np.sqrt(problem.gain)
    return problem.gain if reading == "fading" else problem.statistics.signal


class ClosedFormEvaluator:
    """Weighs moves in compiled code, with powers by FiPC, EIPC or QoPC.

    Args:
        problem: the moment.
        control: code of the power control.
        gain: ``[M, K]`` what EIPC inverts.
    """

    def __init__(self, problem: UplinkProblem, control: int, gain: FloatArray) -> None:
        self._network = _network(problem, control, gain)

    def load(self, association: BoolArray) -> None:
        """Start from an association."""
        self._served = self._serve(association)
        self._current = judge(self._network, self._served)

    def current(self) -> tuple[float, float]:
        """Efficiency in Mbit/J and shortfall in Mbit/s."""
        return self._current

    def evaluate(self, moves: Moves) -> tuple[FloatArray, FloatArray]:
        """The same after each move alone."""
        return judge_moves(self._network, self._served, moves)

    def apply(self, moves: Moves, index: int) -> None:
        """Carry one move out."""
        carry_out(self._network, self._served, moves, index)
        self._current = judge(self._network, self._served)

    def evaluate_association(self, association: BoolArray) -> tuple[float, float]:
        """Efficiency and shortfall of any association."""
        return judge(self._network, self._serve(association))

    def _serve(self, association: BoolArray) -> Served:
        served = Served(
            association=np.array(association, order="C"),
            clients=association.sum(axis=1),
            servers=association.sum(axis=0).astype(np.float64),
            gains=combine(self._network.statistics, association, self._network.noise_mw),
            power_mw=np.zeros(association.shape[1]),
        )
        control_power(self._network, served)
        return served


class DirectEvaluator:
    """Weighs every association with the powers that are best for it: the original TriMSM, and slow.

    Args:
        problem: the moment.
    """

    def __init__(self, problem: UplinkProblem) -> None:
        self._problem = problem

    def load(self, association: BoolArray) -> None:
        """Start from an association."""
        self._association = association.copy()
        self._current = self.evaluate_association(association)

    def current(self) -> tuple[float, float]:
        """Efficiency in Mbit/J and shortfall in Mbit/s."""
        return self._current

    def evaluate(self, moves: Moves) -> tuple[FloatArray, FloatArray]:
        """The same after each move alone."""
        count = len(moves.client)
        outcomes = np.array([self._after(moves, index) for index in range(count)]).reshape(count, 2)
        return outcomes[:, 0], outcomes[:, 1]

    def apply(self, moves: Moves, index: int) -> None:
        """Carry one move out."""
        self._current = self._after(moves, index)
        apply_move(self._association, moves, index)

    def evaluate_association(self, association: BoolArray) -> tuple[float, float]:
        """Efficiency and shortfall of any association. Source: [FDRAN] Eq. 26a, [FDRAN] Eq. 26b."""
        if self._problem.n_ues == 0:
            return 0.0, 0.0
        power_mw = optimise_power(self._problem, association, "direct").power_mw
        outcome = evaluate(self._problem, association, power_mw)
        lacking_mbps = self._problem.rate_min_mbps - outcome.rate_mbps
        counts = lacking_mbps > RATE_TOLERANCE * self._problem.rate_min_mbps
        return outcome.efficiency, float(lacking_mbps[counts].sum())

    def _after(self, moves: Moves, index: int) -> tuple[float, float]:
        association = self._association.copy()
        apply_move(association, moves, index)
        return self.evaluate_association(association)


def _network(problem: UplinkProblem, control: int, gain: FloatArray) -> Network:
    """What the kernels need of a problem; arrays in one layout, for which they are compiled."""
    return Network(
        gain=np.ascontiguousarray(gain),
        statistics=UplinkStatistics(
            signal=np.ascontiguousarray(problem.statistics.signal),
            leakage=np.ascontiguousarray(problem.statistics.leakage),
            coherent=np.ascontiguousarray(problem.statistics.coherent),
        ),
        rate_min_mbps=problem.rate_min_mbps,
        rate_reached_mbps=problem.rate_min_mbps * (1.0 - RATE_TOLERANCE),
        sinr_min=problem.sinr_min,
        noise_mw=problem.radio.noise_mw,
        power_max_mw=problem.radio.power_max_mw,
        prelog_mhz=problem.radio.prelog_mhz,
        power=problem.power,
        control=control,
    )
