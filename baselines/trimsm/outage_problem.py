"""One world of an outage as TriMSM sees it: clusters, batteries, and what sites may do."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from voltran.baselines.trimsm.moves import Limits
from voltran.baselines.trimsm.outage_clusters import Clusters, cluster_tables, user_clusters
from voltran.baselines.trimsm.outage_settings import TrimsmSettings
from voltran.baselines.trimsm.outage_sites import SiteRules
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.repair import repair_modes, repair_modes_literally
from voltran.envs.blackout.world import BlackoutWorld
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, IntArray, RealArray
from voltran.physics.power import HELPING, SLEEP

# Keeps the price of power finite at a site that is about to go down.
LEAST_ENERGY_KWH = 0.05


@dataclass(frozen=True)
class OutageProblem:
    """One world at a moment of an outage.

    Attributes:
        constants: the scenario's constants.
        settings: coefficients.
        clusters: the clients.
        received_mw: ``[band, site, user]``.
        distance_m: ``[site, user]``.
        demand_mbps: ``[user]``.
        alive: ``[site]``.
        battery_kwh: ``[site]`` usable energy of batteries.
        energy_kwh: ``[site]`` the same and that of vehicles, positive.
    """

    constants: BlackoutConstants
    settings: TrimsmSettings
    clusters: Clusters
    received_mw: RealArray
    distance_m: Float32Array
    demand_mbps: FloatArray
    alive: BoolArray
    battery_kwh: FloatArray
    energy_kwh: FloatArray

    @cached_property
    def literal(self) -> bool:
        """Whether the literal reading is asked for."""
        return self.settings.reading == "literal"

    @cached_property
    def rules(self) -> SiteRules:
        """How sites choose their bands."""
        constants = self.constants
        allowed = constants.mode_bands.astype(np.int64)
        needed = np.zeros_like(allowed)
        needed[HELPING] = 1 << constants.lowest_band
        return SiteRules(
            mode_bands=allowed,
            needed_bands=needed if self.settings.command_set == "extended" else allowed,
            carry_all=self.literal,
            shed_price=self.settings.mu,
            exponent=self.settings.q,
            scheduler=constants.scheduler,
            power=constants.power,
        )

    @cached_property
    def limits(self) -> Limits:
        """One live site per cluster at most, among those that its users hear; any number of clusters per site."""
        allowed = (self.clusters.flow >= 0).T & self.alive[:, None]
        return Limits((0, 1), (0, self.clusters.home.size), np.asarray(allowed))

    @cached_property
    def flow_kind(self) -> IntArray:
        """``[flow]`` kind of service of the flow's cluster."""
        return self.clusters.best_effort[np.nonzero(self.clusters.flow >= 0)[0]]

    @cached_property
    def guaranteed(self) -> float:
        """Share of weighted demand that has service level agreements."""
        return float(self.clusters.share[self.clusters.best_effort == 0].sum())

    def table(self, awake: BoolArray) -> FloatArray:
        """Tables of flows while some sites are awake; see :func:`cluster_tables`."""
        constants = self.constants
        return cluster_tables(
            self.received_mw,
            self.distance_m,
            self.demand_mbps,
            awake,
            self.clusters,
            constants.mode_radius_m,
            constants.radio,
        )

    def partnered(self, awake: BoolArray) -> BoolArray:
        """``[site]`` sites that the world would let help if all that are awake asked for it."""
        if self.literal:
            return awake
        constants = self.constants
        wanted_mode = np.where(awake & self.alive, HELPING, SLEEP)
        repair = repair_modes_literally if constants.scenario.cooperation.links == "literal" else repair_modes
        return np.asarray(
            repair(wanted_mode, self.alive, self.battery_kwh, constants.may_help, constants.k_max)[0] == HELPING
        )


def outage_problem(
    world: BlackoutWorld, index: int, settings: TrimsmSettings, clusters: Clusters | None = None
) -> OutageProblem:
    """The problem of this moment in one world of a batch.

    Args:
        world: a world that has been reset.
        index: which one of the batch.
        settings: coefficients.
        clusters: of that world, where they are known already.
    """
    users, constants = world.users, world.constants
    if clusters is None:
        clusters = user_clusters(constants, users, index, settings.candidate_servers)
    battery_kwh = world.usable_kwh[index]
    return OutageProblem(
        constants=constants,
        settings=settings,
        clusters=clusters,
        received_mw=users.received_mw[index],
        distance_m=users.distance_m[index],
        demand_mbps=users.demand_mbps[index],
        alive=world.alive[index],
        battery_kwh=battery_kwh,
        energy_kwh=np.maximum(battery_kwh + world.vehicle_energy_kwh[index], LEAST_ENERGY_KWH),
    )
