"""TriMSM in the uplink: who is served by whom, and which UBSs sleep. Source: [FDRAN] Alg. 2."""

import numpy as np

from voltran.baselines.trimsm.block_moves import station_blocks
from voltran.baselines.trimsm.matching import Report, improve
from voltran.baselines.trimsm.moves import Limits
from voltran.baselines.trimsm.peers import all_awake, recp
from voltran.baselines.trimsm.uplink_evaluator import uplink_evaluator
from voltran.baselines.trimsm.uplink_settings import TriMsmSettings
from voltran.envs.uplink.problem import UplinkProblem
from voltran.physics.units import linear_to_db


def match(problem: UplinkProblem, settings: TriMsmSettings, *, sleep: bool = True) -> Report:
    """Match UEs with UBSs, starting from RECP.

    Args:
        problem: the moment; the limits hold in the result.
        settings: how to search.
        sleep: False keeps at least one UE at every UBS, as far as there are UEs enough.
    """
    start = recp(problem, settings.start_share)
    if not sleep:
        start = all_awake(problem, start)
    limits = Limits(
        stations_per_client=(1, problem.ubs_per_ue),
        clients_per_station=(0 if sleep else 1, problem.ues_per_ubs),
        allowed=np.ones(problem.gain.shape, dtype=bool),
    )
    evaluator = uplink_evaluator(problem, settings.inner, settings.eipc_gain)
    return improve(start, evaluator, limits, settings.matching, station_blocks(linear_to_db(problem.gain), limits))
