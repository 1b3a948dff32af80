"""One planning problem: user groups, batteries, and what is allowed at a moment of an outage."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from voltran.baselines.msrc.groups import CLASS_GROUPS, Groups
from voltran.baselines.msrc.options import Options
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.envs.blackout.repair import repair_modes, repair_modes_literally
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.ordering import falling
from voltran.physics.power import NORMAL, SLEEP

# Keeps the inverse lifetime of a site that is about to go down finite.
LEAST_ENERGY_KWH = 0.05
# Neighbours that a plan is changed at together with a site.
RING_SITES = 6
# The search budget is given for the paper's network.
REFERENCE_SITES = 19


@dataclass(frozen=True)
class Instance:
    """Everything that a plan is judged by. A plan is an option per site, ``[site]``; sites that are down sleep.

    Attributes:
        settings: coefficients.
        options: ways in which a site can operate.
        groups: the users.
        alive: ``[site]``.
        energy_kwh: ``[site]`` usable battery energy and what present vehicles are expected to give.
        previous_mode: ``[site]`` modes in force, -1 where a new mode is not a switch.
        may_help: ``[helper, site]``.
        assistance_potential: ``[helper, site]`` assistance potential; says who is near whom.
        k_max: most links of a site.
        literal_links: True counts every pair of a helper and a needy site within reach as a link.
    """

    settings: PlannerSettings
    options: Options
    groups: Groups
    alive: BoolArray
    energy_kwh: FloatArray
    previous_mode: IntArray
    may_help: BoolArray
    assistance_potential: FloatArray
    k_max: int
    literal_links: bool

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return self.alive.size

    @property
    def sleep(self) -> int:
        """Option index of sleep."""
        return self.options.mode.size - 1

    @cached_property
    def bounded_energy_kwh(self) -> FloatArray:
        """``[site]`` energy that lifetimes are computed from."""
        return np.maximum(self.energy_kwh, LEAST_ENERGY_KWH)

    @cached_property
    def lifetime_cost(self) -> float:
        """Cost per 1/h of ``s``, the inverse of the shortest lifetime; zero for the levelling objective."""
        return self._survival_cost if self.settings.objective == "maxmin" else 0.0

    @cached_property
    def power_cost(self) -> FloatArray:
        """``[site]`` cost per kW; zero for sites that are down."""
        energy = self.bounded_energy_kwh
        total = max(float(energy[self.alive].sum()), LEAST_ENERGY_KWH)
        factor = np.full(self.n_sites, self.settings.power_share)
        if self.settings.objective == "levelling" and self.alive.any():
            factor = (energy[self.alive].mean() / energy) ** 2
        return np.where(self.alive, self._survival_cost * factor / total, 0.0)

    @cached_property
    def drop_cost(self) -> FloatArray:
        """``[demand]`` cost of leaving the whole demand unserved."""
        settings = self.settings
        return settings.service_weight * settings.unserved_penalty * self.groups.weight

    @cached_property
    def drop_share(self) -> FloatArray:
        """``[demand]`` share of the class group's service that the demand stands for."""
        weight, group = self.groups.weight, self.groups.class_group
        total = np.bincount(group, weight, minlength=CLASS_GROUPS)
        return weight / total[group]

    @cached_property
    def drop_allowance(self) -> FloatArray:
        """``[class group]`` share that may be dropped before the floor is missed."""
        return 1.0 - np.array([self.settings.priority_floor, self.settings.best_effort_floor])

    @cached_property
    def switch_cost(self) -> FloatArray:
        """``[site, option]`` cost of leaving the mode in force."""
        counts = (self.alive & (self.previous_mode >= 0))[:, None]
        switched = counts & (self.options.mode[None, :] != self.previous_mode[:, None])
        return np.asarray(switched * self.settings.switching_weight / self.n_sites)

    @cached_property
    def live_flows(self) -> IntArray:
        """Indices of the flows whose site is in operation."""
        return np.flatnonzero(self.alive[self.groups.site])

    @cached_property
    def reachable(self) -> BoolArray:
        """``[demand]`` demands that some live site may serve."""
        reachable = np.zeros(self.groups.home.size, dtype=bool)
        reachable[self.groups.demand[self.live_flows]] = True
        return reachable

    @cached_property
    def live_demand(self) -> IntArray:
        """``[live flow]`` place of the flow's demand among the reachable ones."""
        return (np.cumsum(self.reachable) - 1)[self.groups.demand[self.live_flows]]

    @cached_property
    def reachable_allowance(self) -> FloatArray:
        """``[class group]`` what is left of :attr:`drop_allowance` after the demands that no live site reaches."""
        lost = np.bincount(self.groups.class_group, self.drop_share * ~self.reachable, CLASS_GROUPS)
        return np.asarray(self.drop_allowance - lost)

    @cached_property
    def rings(self) -> list[IntArray]:
        """Live neighbours of each site: those with the largest assistance potential, of equals the first."""
        order = falling(self.assistance_potential)[:, :RING_SITES]
        return [near[self.may_help[site, near] & self.alive[near]] for site, near in enumerate(order)]

    def budget(self, count: int) -> int:
        """A search budget for as many live sites as there are."""
        return max(round(count * (float(self.alive.sum()) / REFERENCE_SITES) ** 2), 1)

    def fixed_cost(self, plan: IntArray) -> float:
        """The part of a plan's cost that does not depend on who serves whom.

        Idle power, switching, and demands that no live site reaches.
        """
        idle = self.power_cost * self.options.static_kw[plan]
        switching = self.switch_cost[np.arange(self.n_sites), plan]
        return float(idle.sum() + switching.sum() + self._unreachable_cost)

    def flow_limit(self, plan: IntArray) -> FloatArray:
        """``[flow]`` largest share of its demand that each flow may carry under a plan.

        Sites serve what they reach; users whose home is in normal operation stay with it.
        """
        groups = self.groups
        limit = groups.reach[np.arange(groups.site.size), plan[groups.site]]
        home = groups.home[groups.demand]
        home_normal = self.alive[home] & (self.options.mode[plan[home]] == NORMAL)
        return np.where(self.alive[groups.site] & ~(groups.away & home_normal), limit, 0.0)

    def is_feasible(self, plan: IntArray) -> bool:
        """Whether the world's repair would leave the plan alone.

        Source: [MSRC] Eq. 19, [MSRC] Eq. 20, [MSRC] Eq. 21, [MSRC] Eq. 22, [MSRC] Eq. 23, [MSRC] Eq. 24, [MSRC] Eq. 25.
        """
        mode = self.options.mode[plan]
        return bool(np.array_equal(self._repaired(mode), mode))

    def repaired(self, plan: IntArray) -> IntArray:
        """The plan with its modes repaired as the world would; sites that change use all bands of their new mode."""
        mode = self.options.mode[plan]
        repaired = self._repaired(mode)
        return np.where(repaired == mode, plan, self.widest[repaired])

    @cached_property
    def widest(self) -> IntArray:
        """``[mode]`` option with all bands that the mode may use."""
        modes = self.options.mode
        return np.array([int(np.flatnonzero(modes == mode)[0]) for mode in range(SLEEP + 1)])

    def _repaired(self, mode: IntArray) -> IntArray:
        repair = repair_modes_literally if self.literal_links else repair_modes
        live = np.where(self.alive, mode, SLEEP)
        return np.asarray(repair(live, self.alive, self.energy_kwh, self.may_help, self.k_max)[0])

    @cached_property
    def _unreachable_cost(self) -> float:
        return float(self.drop_cost[~self.reachable].sum())

    @property
    def _survival_cost(self) -> float:
        return self.settings.survival_weight * self.settings.reference_h
