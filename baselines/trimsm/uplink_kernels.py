"""Compiled kernels that judge moves of a matching in the uplink; all formulas are those of the physics.

A move changes the SINR's coefficients of one or two UEs, and all transmit powers only where a UBS wakes or falls
asleep; everything else is kept.
"""

from typing import NamedTuple

import numpy as np

from voltran.baselines.trimsm.moves import Moves
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.compiled import kernel
from voltran.physics.uplink import (
    UplinkGains,
    UplinkStatistics,
    combine_for,
    uplink_rate_mbps,
    uplink_sinr,
)
from voltran.physics.uplink_control import eipc_power_mw, qopc_power_mw
from voltran.physics.uplink_power import UplinkPower, network_power_w

FIPC, EIPC, QOPC = 0, 1, 2


class Network(NamedTuple):
    """What does not change during a search.

    Attributes:
        gain: ``[M, K]`` what EIPC inverts.
        statistics: of channels and estimates.
        rate_min_mbps, rate_reached_mbps: ``[K]`` minimum rates, and the least that still counts as them.
        sinr_min: ``[K]`` SINR at the minimum rates.
        noise_mw, power_max_mw, prelog_mhz: of the radio.
        power: coefficients of the network's power.
        control: transmit power control, one of the codes above.
    """

    gain: FloatArray
    statistics: UplinkStatistics
    rate_min_mbps: FloatArray
    rate_reached_mbps: FloatArray
    sinr_min: FloatArray
    noise_mw: float
    power_max_mw: float
    prelog_mhz: float
    power: UplinkPower
    control: int


class Served(NamedTuple):
    """An association and what follows from it; judging changes the arrays and changes them back.

    Attributes:
        association: ``[M, K]``.
        clients: ``[M]`` UEs of each UBS.
        servers: ``[K]`` UBSs of each UE.
        gains: coefficients of the SINR.
        power_mw: ``[K]``.
    """

    association: BoolArray
    clients: IntArray
    servers: FloatArray
    gains: UplinkGains
    power_mw: FloatArray


@kernel
def judge(network: Network, served: Served) -> tuple[float, float]:
    """Energy efficiency, and shortfall of the UEs whose rate is not reached, of an association as it is."""
    n_ubs, n_ues = served.association.shape
    if n_ues == 0:
        return 0.0, 0.0
    rate_mbps = uplink_rate_mbps(uplink_sinr(served.gains, served.power_mw), network.prelog_mhz)
    awake = 0
    for ubs in range(n_ubs):
        awake += int(served.clients[ubs] > 0)
    power_w = network_power_w(network.power, n_ubs, awake, served.servers, rate_mbps, served.power_mw)
    shortfall_mbps = 0.0
    for ue in range(n_ues):
        if rate_mbps[ue] < network.rate_reached_mbps[ue]:
            shortfall_mbps += network.rate_min_mbps[ue] - rate_mbps[ue]
    return rate_mbps.sum() / power_w, shortfall_mbps


@kernel
def judge_moves(network: Network, served: Served, moves: Moves) -> tuple[FloatArray, FloatArray]:
    """Efficiency and shortfall ``[n]`` after each move alone."""
    count = moves.client.shape[0]
    value, shortfall = np.empty(count), np.empty(count)
    gains, power_mw = served.gains, served.power_mw
    for index in range(count):
        # what a move may change, to be put back
        rows = (gains.interference[moves.client[index, 0]].copy(), gains.interference[moves.client[index, 1]].copy())
        signal, noise, present_mw = gains.signal.copy(), gains.noise.copy(), power_mw.copy()
        carry_out(network, served, moves, index)
        value[index], shortfall[index] = judge(network, served)
        _change(served, moves, index, back=True)
        for side in range(2):
            if moves.client[index, side] >= 0:
                gains.interference[moves.client[index, side]] = rows[side]
        gains.signal[:], gains.noise[:], power_mw[:] = signal, noise, present_mw
    return value, shortfall


@kernel
def carry_out(network: Network, served: Served, moves: Moves, index: int) -> None:
    """Change the association by a move, and what follows from it."""
    wakes = _change(served, moves, index, back=False)
    for ue in moves.client[index]:
        if ue >= 0:
            combine_for(network.statistics, served.association, network.noise_mw, ue, served.gains)
    if network.control == QOPC or (network.control == EIPC and wakes):
        control_power(network, served)


@kernel
def control_power(network: Network, served: Served) -> None:
    """Set transmit powers for the association as it is."""
    if network.control == FIPC:
        served.power_mw[:] = network.power_max_mw
    elif network.control == EIPC:
        served.power_mw[:] = eipc_power_mw(network.gain, served.clients > 0, network.power_max_mw)
    else:
        served.power_mw[:] = qopc_power_mw(served.gains, network.sinr_min, network.power_max_mw)


@kernel
def _change(served: Served, moves: Moves, index: int, back: bool) -> bool:
    """Change the association and its counts by a move, or undo it; True if a UBS wakes or falls asleep."""
    before = _awake_code(served, moves, index)
    for side in range(2):
        ue = moves.client[index, side]
        if ue >= 0:
            _set_link(served, moves.leave[index, side], ue, back)
            _set_link(served, moves.join[index, side], ue, not back)
    return before != _awake_code(served, moves, index)


@kernel
def _awake_code(served: Served, moves: Moves, index: int) -> int:
    """One bit for each station of a move: whether it is awake."""
    code = 0
    for side in range(2):
        for ubs in (moves.leave[index, side], moves.join[index, side]):
            code = 2 * code + int(ubs >= 0 and served.clients[ubs] > 0)
    return code


@kernel
def _set_link(served: Served, ubs: int, ue: int, serves: bool) -> None:
    if ubs >= 0:
        served.association[ubs, ue] = serves
        change = 1 if serves else -1
        served.clients[ubs] += change
        served.servers[ue] += change
