"""What there is to see of one outage world: sites, users and vehicles, now and so far."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout import draws
from voltran.envs.blackout.constants import MODE_NAMES, BlackoutConstants
from voltran.envs.blackout.simulation import Simulation
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.power import SLEEP

DOWN = len(MODE_NAMES)
STATUS_NAMES = (*MODE_NAMES, "down")


@dataclass(frozen=True)
class Scene:
    """What one world looks like now.

    Attributes:
        constants: the scenario's constants.
        title: scenario and seed.
        played_by: who plays; empty where nobody has said.
        time_h: time since the outage began.
        lost_h: when survival was lost, None while it is not known to be.
        critical, satisfaction: availability of emergency and voice users, and mean satisfaction of all, as shares.
        status: ``[site]`` mode in force, or ``DOWN``.
        band_bits: ``[site]`` bit sets of the bands that send.
        radius_m: ``[site]`` effective radius, zero where nobody is served.
        soc, power_kw: ``[site]``.
        parked, accepting: ``[site]`` vehicles, and those of them that have accepted a price.
        positions_m: ``[user, 2]``.
        server: ``[user]`` serving site, -1 for none.
        satisfied: ``[user]`` share of the demand that is served.
        is_critical: ``[user]`` emergency and voice users.
        past: time series of the episode so far, as the world's ``trace`` gives them.
    """

    constants: BlackoutConstants
    title: str
    played_by: str
    time_h: float
    lost_h: float | None
    critical: float
    satisfaction: float
    status: IntArray
    band_bits: IntArray
    radius_m: FloatArray
    soc: FloatArray
    power_kw: FloatArray
    parked: IntArray
    accepting: IntArray
    positions_m: FloatArray
    server: IntArray
    satisfied: FloatArray
    is_critical: BoolArray
    past: dict[str, FloatArray]

    @property
    def is_up(self) -> BoolArray:
        """Sites in operation, ``[site]``."""
        return np.asarray(self.status != DOWN)


def scene_of(simulation: Simulation, world: int, past: Mapping[str, NDArray[np.float64]], played_by: str = "") -> Scene:
    """Collect what there is to see.

    Args:
        simulation: the batch.
        world: which of its worlds; it has been reset.
        past: time series of the episode so far, with ``time_h``.
        played_by: who plays, as pictures shall say it.
    """
    constants, state, service = simulation.constants, simulation.state, simulation.state.service
    seed, lost_step = int(simulation.inhabitants.seed[world]), int(state.lost_step[world])
    users = simulation.inhabitants.users
    status = np.where(state.alive[world], state.mode[world], DOWN)
    sending = state.alive[world] & (state.mode[world] != SLEEP)
    present = simulation.present()[world]
    return Scene(
        constants=constants,
        title=f"{constants.scenario.name}, seed {seed}",
        played_by=played_by,
        time_h=float(state.step[world]) * constants.step_h,
        lost_h=None if lost_step < 0 else lost_step * constants.step_h,
        critical=float(service.critical[world]),
        satisfaction=float(service.satisfaction[world]),
        status=status,
        band_bits=np.where(sending, state.service.band_bits[world], 0),
        radius_m=np.where(sending, state.radius_m[world], 0.0),
        soc=state.soc[world].copy(),
        power_kw=np.where(state.alive[world], service.power_kw[world], 0.0),
        parked=present.sum(axis=-1),
        accepting=(present & state.ev_accepted[world]).sum(axis=-1),
        positions_m=_positions_m(constants, seed, int(state.step[world])),
        server=service.server[world].astype(np.int64),
        satisfied=np.minimum(service.rate_mbps[world] / users.demand_mbps[world], 1.0),
        is_critical=users.service_class[world] < 2,
        past=dict(past),
    )


def _positions_m(constants: BlackoutConstants, seed: int, step: int) -> FloatArray:
    """Where users are, drawn again from the seed; users move at the start of each decision period."""
    start_m = draws.draw_positions(constants, seed)
    speed = constants.scenario.users.speed_m_per_s
    decided_s = (step - constants.steps_per_decision) * constants.scenario.time.physics_step_s
    if speed == 0.0 or decided_s <= 0.0:
        return start_m
    return draws.draw_walk(constants, seed, start_m).positions_at_m(speed * decided_s)
