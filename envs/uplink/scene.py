"""What there is to see of one uplink world: who was served by whom in the latest period, and what came of it so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.uplink.deployment import horizontal_offsets_m
from voltran.envs.uplink.simulation import Simulation
from voltran.physics.arrays import BoolArray, FloatArray

# What UEs lack of their minimum rate is shown from here on.
LACKING_MBPS = 1e-3


@dataclass(frozen=True)
class Scene:
    """What one world looks like: who was served by whom in the latest period.

    Attributes:
        title: architecture, scenario and seed.
        played_by: who plays; empty where nobody has said.
        clock_h: time of day at the end of that period.
        side_m: of the square.
        ubs_m, ue_m: ``[M, 2]``, ``[K, 2]`` places.
        offsets_m: ``[M, K, 2]`` from UBSs to UEs, across the edges where the square continues there.
        association: ``[M, K]``.
        awake: ``[M]``.
        active: ``[K]`` UEs that took part; before the first decision those that are about to.
        rate_mbps, shortfall_mbps: ``[K]``.
        past: time series of the episode so far, as the world's ``trace`` gives them.
    """

    title: str
    played_by: str
    clock_h: float
    side_m: float
    ubs_m: FloatArray
    ue_m: FloatArray
    offsets_m: FloatArray
    association: BoolArray
    awake: BoolArray
    active: BoolArray
    rate_mbps: FloatArray
    shortfall_mbps: FloatArray
    past: dict[str, FloatArray]

    def latest(self, name: str) -> float:
        """Latest value of a series, zero before the first decision."""
        values = self.past[name]
        return float(values[-1]) if len(values) else 0.0


def map_of(simulation: Simulation, world: int) -> dict[str, NDArray[Any]]:
    """Where everything stands, and who was served by whom in the latest period.

    Args:
        simulation: the batch.
        world: which of its worlds; it has been reset.

    Returns:
        ``ubs_m [M, 2]``, ``ue_m [K, 2]``, ``offsets_m [M, K, 2]`` as in :class:`Scene`, ``side_m [1]``,
        ``serving [M, K]``, and ``missed [K]``, UEs that missed their minimum rate.
    """
    deployment, scenario = simulation.deployment(world), simulation.scenario
    state = simulation.state
    return {
        "ubs_m": deployment.ubs_m.copy(),
        "ue_m": deployment.ue_m.copy(),
        "offsets_m": horizontal_offsets_m(scenario, deployment.ubs_m, deployment.ue_m),
        "side_m": np.array([scenario.layout.side_m]),
        "serving": state.association[world].copy(),
        "missed": state.shortfall_mbps[world] > LACKING_MBPS,
    }


def scene_of(simulation: Simulation, world: int, past: Mapping[str, FloatArray], played_by: str = "") -> Scene:
    """Collect what there is to see.

    Args:
        simulation: the batch.
        world: which of its worlds; it has been reset.
        past: time series of the episode so far, with ``time_h``.
        played_by: who plays, as pictures shall say it.
    """
    deployment, scenario = simulation.deployment(world), simulation.scenario
    state, done = simulation.state, int(simulation.state.decision[world])
    return Scene(
        title=f"{simulation.architecture.name}, {scenario.name}, seed {int(state.episodes.seed[world])}",
        played_by=played_by,
        clock_h=(scenario.time.start_h + done * scenario.time.period_h) % 24.0,
        side_m=scenario.layout.side_m,
        ubs_m=deployment.ubs_m,
        ue_m=deployment.ue_m,
        offsets_m=horizontal_offsets_m(scenario, deployment.ubs_m, deployment.ue_m),
        association=state.association[world].copy(),
        awake=state.awake[world].copy(),
        active=simulation.traffic_mbps[world, max(done - 1, 0)] > 0.0,
        rate_mbps=state.rate_mbps[world].copy(),
        shortfall_mbps=state.shortfall_mbps[world].copy(),
        past=dict(past),
    )
