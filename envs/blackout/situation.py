"""One world at the moment at which service is decided: for whoever dispatches, or foretells what the world will do."""

from typing import NamedTuple, Protocol

import numpy as np

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.service import Population
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, Int16Array, IntArray, RealArray
from voltran.physics.association import Association, associate
from voltran.physics.power import site_power_kw
from voltran.physics.scheduler import Schedule, schedule


class SiteEnergy(NamedTuple):
    """Where sites' power can come from now; all arrays ``[site]``.

    Attributes:
        remaining_h: time to the next decision.
        usable_kwh: energy that the battery can still deliver.
        discharge_limit_kw, charge_limit_kw: of the battery in the coming physics step.
        vehicle_kw: power that vehicles offer, as far as commands draw it.
        vehicle_kwh: usable energy of the vehicles that offer it.
        price: $/kWh offered to them.
        import_kw: power that could be imported, at the load of the latest physics step.
        ev_to_battery: True where vehicles may charge the battery.
    """

    remaining_h: float
    usable_kwh: FloatArray
    discharge_limit_kw: FloatArray
    charge_limit_kw: FloatArray
    vehicle_kw: FloatArray
    vehicle_kwh: FloatArray
    price: FloatArray
    import_kw: FloatArray
    ev_to_battery: BoolArray


class Asked(Protocol):
    """What commands, or those in force, say of sites; all arrays ``[B, site]``, see :class:`SiteCommands`."""

    @property
    def mode(self) -> IntArray: ...
    @property
    def band_bits(self) -> IntArray: ...
    @property
    def radius_m(self) -> FloatArray: ...
    @property
    def ev_power_kw(self) -> FloatArray: ...
    @property
    def ev_to_battery(self) -> BoolArray: ...


class Situation(NamedTuple):
    """One world at the moment at which commands come into force. The arrays are the world's own: change nothing.

    Attributes:
        world: which one of its batch.
        constants: the scenario's constants.
        mode, band_bits, radius_m, alive: ``[site]``; sites that are down sleep.
        last_server: ``[user]`` last serving site as it counts for the hysteresis, -1 if never served.
        received_mw: ``[band, site, user]`` power received from each site were it sending.
        distance_m: ``[site, user]``.
        demand_mbps, weight: ``[user]`` demands, and priority weights of [MSRC] Eq. 27.
        energy: where power can come from.
    """

    world: int
    constants: BlackoutConstants
    mode: IntArray
    band_bits: IntArray
    radius_m: FloatArray
    alive: BoolArray
    last_server: Int16Array
    received_mw: RealArray
    distance_m: Float32Array
    demand_mbps: FloatArray
    weight: FloatArray
    energy: SiteEnergy

    @classmethod
    def of(
        cls,
        world: int,
        constants: BlackoutConstants,
        asked: "Asked",
        alive: BoolArray,
        last_server: Int16Array,
        users: Population,
        energy: SiteEnergy,
    ) -> "Situation":
        """That of one world of a batch; arrays ``[B, ...]`` of all its worlds are given."""
        return cls(
            world, constants, asked.mode[world], asked.band_bits[world], asked.radius_m[world], alive[world],
            last_server[world], users.received_mw[world], users.distance_m[world], users.demand_mbps[world],
            users.weight[world], energy,
        )  # fmt: skip

    def associate(self) -> Association:
        """Who is served by whom, as the world decides it."""
        return associate(
            self.received_mw, self.distance_m, self.mode, self.band_bits, self.radius_m, self.alive,
            self.last_server, self.demand_mbps, self.constants.radio,
        )  # fmt: skip

    def schedule(self, association: Association) -> Schedule:
        """What users get and what it costs the sites, as the world decides it."""
        return schedule(association, self.mode, self.band_bits, self.demand_mbps, self.weight, self.constants.scheduler)

    def power_kw(self, band_bits: IntArray, resource_use: FloatArray, traffic_mbps: FloatArray) -> FloatArray:
        """Power ``[site]`` with bands ``[site]`` on and loads ``[site, band]``; zero where sites are down."""
        power_kw = np.zeros(self.alive.size)
        for site in np.flatnonzero(self.alive):
            loads = (resource_use[site], traffic_mbps[site])
            power_kw[site] = site_power_kw(self.mode[site], band_bits[site], *loads, self.constants.power)
        return power_kw
