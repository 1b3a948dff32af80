"""What the fields of the uplink world are computed from: each quantity once an observation, if a field asks for it."""

from functools import cached_property
from typing import Any

import numpy as np

from voltran.envs.clock import Clock
from voltran.envs.observations import View
from voltran.envs.uplink.actions import ActionCodec
from voltran.envs.uplink.channels import Channels
from voltran.envs.uplink.metrics import efficiency
from voltran.envs.uplink.simulation import Simulation
from voltran.envs.uplink.state import UplinkState
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.units import HOURS_PER_DAY


class UplinkView(View, Clock):
    """One moment of a batch of uplinks.

    UEs are shown to a UBS as its actions want them: with joint actions the strongest active ones, in falling order, as
    many as it may serve; with multi actions all of them, as they are numbered. Such quantities are ``[B, M, ues]``.

    Args:
        world: the world.
        simulation: of the batch.
        channels: of its episodes.
        codec: of the actions.

    Attributes:
        state: what changes.
        channels: as given.
    """

    def __init__(self, world: Any, simulation: Simulation, channels: Channels, codec: ActionCodec) -> None:
        super().__init__(world)
        self.state: UplinkState = simulation.state
        self.channels = channels
        self._simulation, self._codec = simulation, codec

    @cached_property
    def rate_min_mbps(self) -> FloatArray:
        """Minimum rates of UEs in the coming period, ``[B, K]``."""
        return self._simulation.rate_min_mbps()

    @cached_property
    def active(self) -> BoolArray:
        """UEs that take part in the coming period, ``[B, K]``."""
        return np.asarray(self.rate_min_mbps > 0.0)

    @cached_property
    def servers(self) -> IntArray:
        """UBSs that served each UE in the last period, ``[B, K]``."""
        return np.asarray(self.state.association.sum(axis=1))

    def of_ues(self, values: FloatArray) -> FloatArray:
        """A quantity ``[B, K]`` of the UEs that each UBS is shown, ``[B, M, ues]``; zero where there is none."""
        return self._filled(np.take(values, self._ue_places))

    def of_links(self, values: FloatArray) -> FloatArray:
        """A quantity ``[B, M, K]`` of UBSs and the UEs that they are shown; zero where there is none."""
        return self._filled(np.take(values, self._link_places))

    # --- the UBS itself -----------------------------------------------------------------------------------------------

    @property
    def served(self) -> IntArray:
        """UEs that each UBS served in the last period, ``[B, M]``."""
        return np.asarray(self.state.association.sum(axis=2))

    @property
    def load_mbps(self) -> FloatArray:
        """Its share of their rates, ``[B, M]``."""
        per_server = self.state.rate_mbps / np.maximum(self.servers, 1)
        return np.asarray(np.matmul(self.state.association.astype(np.float64), per_server[..., None])[..., 0])

    # --- the UEs that it is shown -------------------------------------------------------------------------------------

    @property
    def ue_exists(self) -> FloatArray:
        """1 where there is such a UE and it is active, else 0."""
        return self._filled(np.ones(self._shown.shape))

    @property
    def ue_gain_db(self) -> FloatArray:
        """What the UBS receives from it at full power, over noise."""
        return self.of_links(self.channels.gain_db)

    @property
    def ue_behind_db(self) -> FloatArray:
        """How much stronger its strongest UBS is."""
        return self.of_links(self.channels.behind_db)

    @property
    def ue_stronger(self) -> FloatArray:
        """UBSs that receive it more strongly."""
        return self.of_links(self.channels.stronger)

    @property
    def ue_rate_min_mbps(self) -> FloatArray:
        """Its minimum rate in the coming period."""
        return self.of_ues(self.rate_min_mbps)

    @property
    def ue_shortfall_mbps(self) -> FloatArray:
        """What it lacked in the last period."""
        return self.of_ues(self.state.shortfall_mbps)

    @property
    def ue_servers(self) -> FloatArray:
        """UBSs that served it in the last period."""
        return self.of_ues(np.asarray(self.servers, np.float64))

    @property
    def ue_own(self) -> FloatArray:
        """1 where this UBS served it in the last period, else 0."""
        return self.of_links(self.state.association.astype(np.float64))

    # --- the network --------------------------------------------------------------------------------------------------

    @property
    def traffic_mbps(self) -> FloatArray:
        """Sum of the minimum rates in the coming period, ``[B]``."""
        return np.asarray(self.rate_min_mbps.sum(axis=1))

    @property
    def share_active(self) -> FloatArray:
        """Share of the UEs that are active in the coming period, ``[B]``."""
        return np.asarray(self.active.mean(axis=1))

    @property
    def share_awake(self) -> FloatArray:
        """Share of the UBSs that were awake in the last period, ``[B]``; 1 at the start."""
        return np.asarray(self.state.awake.mean(axis=1))

    @property
    def efficiency_mbit_per_j(self) -> FloatArray:
        """Energy efficiency in the last period, ``[B]``."""
        return efficiency(self.state.latest("sum_rate_mbps"), self.state.latest("network_power_w"))

    @property
    def violations(self) -> FloatArray:
        """Share of the active UEs that were below their minimum rate in the last period, ``[B]``."""
        return np.asarray(self.state.latest("violations") / np.maximum(self.state.latest("active_ues"), 1.0))

    @cached_property
    def clock_angle(self) -> FloatArray:
        """Time of day at the start of the coming period, ``[B]``."""
        time = self.world.scenario.time
        return np.asarray(2.0 * np.pi * (time.start_h + self.world.decision * time.period_h) / HOURS_PER_DAY)

    @cached_property
    def _shown(self) -> IntArray:
        """UEs ``[B, M, up to ues]`` that each UBS is shown."""
        if self._codec.form == "multi":
            return np.broadcast_to(np.arange(self._codec.n_ues), self.channels.gain_db.shape)
        return self.channels.order(self.active)[..., : self._codec.most]

    @cached_property
    def _ue_places(self) -> IntArray:
        """Where their values are in a flattened ``[B, K]``."""
        return np.asarray(np.arange(len(self.active))[:, None, None] * self._codec.n_ues + self._shown)

    @cached_property
    def _link_places(self) -> IntArray:
        """Where their values are in a flattened ``[B, M, K]``."""
        links = np.arange(self.channels.gain_db[..., 0].size).reshape(*self.channels.gain_db.shape[:2], 1)
        return np.asarray(links * self._codec.n_ues + self._shown)

    @cached_property
    def _shown_active(self) -> BoolArray:
        return np.asarray(np.take(self.active, self._ue_places))

    def _filled(self, values: FloatArray) -> FloatArray:
        """Zero where a UE is silent, and up to the number of UEs that a UBS is shown in any network."""
        filled = np.zeros((*values.shape[:2], shown_ues(self._codec)))
        np.multiply(values, self._shown_active, out=filled[..., : values.shape[-1]])
        return filled


def shown_ues(codec: ActionCodec) -> int:
    """Number of UEs that a UBS is shown."""
    return codec.most if codec.form == "joint" else codec.n_ues
