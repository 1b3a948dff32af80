"""What a UBS agent sees: a documented, fixed-size vector of scaled floats per UBS.

The vector has three parts: the UBS itself, the UEs that it could serve, and the network. With joint actions the UEs are
the strongest active ones, in falling order, as many as a UBS may serve: a policy moves between networks with the same
limit. With multi actions they are all UEs in the order of the choices. ``observation_fields`` is the table.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voltran.envs.uplink.actions import ActionCodec
from voltran.envs.uplink.metrics import efficiency
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.envs.uplink.simulation import Simulation
from voltran.physics.layout import FloatArray
from voltran.physics.ordering import falling
from voltran.physics.units import linear_to_db
from voltran.physics.uplink import BoolArray, IntArray

OBSERVATION_VERSION = "uplink-observation-1"

Part = Literal["ubs", "ue", "network"]
DAY_H = 24.0


@dataclass(frozen=True)
class Field:
    """One row of the observation table: the value in ``unit`` is divided by ``scale`` and clipped to [low, high]."""

    part: Part
    name: str
    unit: str
    scale: float
    low: float
    high: float
    meaning: str


FIELDS: tuple[Field, ...] = (
    Field("ubs", "awake", "flag", 1, 0, 1, "the UBS served somebody in the last period"),
    Field("ubs", "served", "UEs", 10, 0, 2, "UEs that it served"),
    Field("ubs", "load", "Mbit/s", 40, 0, 5, "its share of their rates"),
    Field("ue", "exists", "flag", 1, 0, 1, "there is such a UE and it is active; else all zero"),
    Field("ue", "gain", "dB", 50, -1, 2, "what the UBS receives from it at full power, over noise"),
    Field("ue", "behind", "dB", 20, 0, 4, "how much stronger its strongest UBS is"),
    Field("ue", "stronger", "UBSs", 10, 0, 5, "UBSs that receive it more strongly"),
    Field("ue", "rate_min", "Mbit/s", 20, 0, 5, "its minimum rate in the coming period"),
    Field("ue", "shortfall", "Mbit/s", 20, 0, 5, "what it lacked in the last period"),
    Field("ue", "servers", "UBSs", 3, 0, 5, "UBSs that served it in the last period"),
    Field("ue", "own", "flag", 1, 0, 1, "this UBS served it in the last period"),
    Field("network", "clock_sine", "", 1, -1, 1, "sine of the time of day"),
    Field("network", "clock_cosine", "", 1, -1, 1, "cosine of the time of day"),
    Field("network", "traffic", "Mbit/s", 160, 0, 5, "sum of the minimum rates in the coming period"),
    Field("network", "active", "share", 1, 0, 1, "UEs that are active in the coming period"),
    Field("network", "awake", "share", 1, 0, 1, "UBSs awake in the last period; 1 at the start"),
    Field("network", "efficiency", "Mbit/J", 0.5, 0, 5, "energy efficiency in the last period"),
    Field("network", "violations", "share", 1, 0, 1, "active UEs below their minimum rate in the last period"),
)
# The part of the UEs in the global state: what does not depend on who looks.
STATE_UE = ("rate_min", "shortfall", "servers")


class Observer:
    """Builds observations and the global state vector of a batch.

    Args:
        scenario: the scenario.
        codec: of the actions; says which UEs are seen, and in which order.
        simulation: the batch; read whenever something is asked for.
    """

    def __init__(self, scenario: UplinkScenario, codec: ActionCodec, simulation: Simulation) -> None:
        self._time, self._codec, self._simulation = scenario.time, codec, simulation
        self._seen = codec.most if codec.form == "joint" else codec.n_ues
        shape = simulation.gain.shape
        self._gain_db, self._behind_db = np.zeros(shape), np.zeros(shape)
        self._stronger = np.zeros(shape)
        self._place = np.zeros(shape, dtype=np.int64)
        own, ue, network = (tuple(field for field in FIELDS if field.part == part) for part in ("ubs", "ue", "network"))
        shared = tuple(field for field in ue if field.name in STATE_UE)
        gain = next(field for field in ue if field.name == "gain")
        n_ubs, n_ues = shape[1:]
        self.low, self.high, self._scale = _limits(own + ue * self._seen + network)
        of_state = own * n_ubs + shared * n_ues + (gain,) * (n_ubs * n_ues) + network
        self.state_low, self.state_high, self._state_scale = _limits(of_state)

    def start(self, worlds: IntArray) -> None:
        """Take notice of new channels in some worlds."""
        radio, gain = self._simulation.radio, self._simulation.gain[worlds]
        self._gain_db[worlds] = linear_to_db(gain * radio.power_max_mw / radio.noise_mw)
        self._behind_db[worlds] = self._gain_db[worlds].max(axis=1, keepdims=True) - self._gain_db[worlds]
        by_ue = falling(np.swapaxes(self._gain_db[worlds], 1, 2))
        self._stronger[worlds] = np.swapaxes(np.argsort(by_ue, axis=-1), 1, 2)
        self._place[worlds] = np.argsort(falling(self._gain_db[worlds]), axis=-1)

    def order(self, active: BoolArray) -> IntArray:
        """UEs ``[B, M, K]`` from the strongest active one on, silent ones last."""
        silent = self._place.shape[-1]
        return np.argsort(np.where(active[:, None, :], self._place, silent), axis=-1, kind="stable")

    def observations(self) -> NDArray[np.float32]:
        """Observations ``[B, M, F]``."""
        rate_min_mbps = self._simulation.rate_min_mbps()
        own, network = self._own(), self._network(rate_min_mbps)
        n_worlds, n_ubs = own.shape[:2]
        near = self._near(rate_min_mbps).reshape(n_worlds, n_ubs, -1)
        everywhere = np.broadcast_to(network[:, None, :], (n_worlds, n_ubs, network.shape[-1]))
        vector = np.concatenate([own, near, everywhere], axis=-1)
        return _clipped(vector, self._scale, self.low, self.high)

    def state(self) -> NDArray[np.float32]:
        """Global state ``[B, S]``: all UBSs, what UEs want and have, all gains, the network."""
        state, rate_min_mbps = self._simulation.state, self._simulation.rate_min_mbps()
        ues = np.stack([rate_min_mbps, state.shortfall_mbps, state.association.sum(axis=1)], axis=-1)
        rows = len(rate_min_mbps)
        parts = [part.reshape(rows, -1) for part in (self._own(), ues, self._gain_db, self._network(rate_min_mbps))]
        return _clipped(np.concatenate(parts, axis=-1), self._state_scale, self.state_low, self.state_high)

    def _own(self) -> FloatArray:
        """Part ``[B, M, field]`` about the UBS itself."""
        state = self._simulation.state
        per_server = state.rate_mbps / np.maximum(state.association.sum(axis=1), 1)
        load = np.matmul(state.association.astype(np.float64), per_server[..., None])[..., 0]
        return np.stack([state.awake, state.association.sum(axis=2), load], axis=-1)

    def _near(self, rate_min_mbps: FloatArray) -> FloatArray:
        """Part ``[B, M, seen, field]`` about UEs."""
        state = self._simulation.state
        active = rate_min_mbps > 0.0
        shape = self._gain_db.shape
        columns = np.empty((*shape, 8))
        columns[..., 0] = 1.0
        columns[..., 1], columns[..., 2], columns[..., 3] = self._gain_db, self._behind_db, self._stronger
        columns[..., 4] = rate_min_mbps[:, None, :]
        columns[..., 5] = state.shortfall_mbps[:, None, :]
        columns[..., 6] = state.association.sum(axis=1)[:, None, :]
        columns[..., 7] = state.association
        columns *= active[:, None, :, None]
        if self._codec.form == "multi":
            return columns
        order = self.order(active)[..., : self._seen]
        near = np.zeros((*shape[:2], self._seen, 8))
        near[..., : order.shape[-1], :] = np.take_along_axis(columns, order[..., None], axis=2)
        return near

    def _network(self, rate_min_mbps: FloatArray) -> FloatArray:
        """Part ``[B, field]`` about the network."""
        state, time = self._simulation.state, self._time
        clock_h = time.start_h + state.decision * time.period_h
        angle = 2.0 * np.pi * clock_h / DAY_H
        columns = [
            np.sin(angle),
            np.cos(angle),
            rate_min_mbps.sum(axis=1),
            (rate_min_mbps > 0.0).mean(axis=1),
            state.awake.mean(axis=1),
            efficiency(state.latest("sum_rate_mbps"), state.latest("network_power_w")),
            state.latest("violations") / np.maximum(state.latest("active_ues"), 1.0),
        ]
        return np.stack(columns, axis=-1)


def _limits(fields: tuple[Field, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32], FloatArray]:
    """Low and high bounds and scales of a vector made of these fields."""
    table = np.array([(field.low, field.high, field.scale) for field in fields], dtype=np.float64)
    return table[:, 0].astype(np.float32), table[:, 1].astype(np.float32), table[:, 2]


def _clipped(
    vector: FloatArray, scale: FloatArray, low: NDArray[np.float32], high: NDArray[np.float32]
) -> NDArray[np.float32]:
    return np.asarray(np.clip((vector / scale).astype(np.float32), low, high))
