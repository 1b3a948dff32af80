"""What a sharing scenario means in arrays; nothing here changes within or between episodes."""

import numpy as np

from voltran.envs.sharing.scenario import SharingScenario
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.battery import BatteryParameters
from voltran.physics.shared_battery import wear_cost_eur


class SharingConstants:
    """Constants of one scenario.

    Args:
        scenario: the scenario.

    Attributes:
        scenario: as given.
        n_sites, n_infrastructures, n_agents: sizes ``U``, ``I``, ``N``; sites are sorted by
            infrastructure and operator.
        decisions, period_h, day: slots of an episode, length of one in hours, slots of a day.
        history: slots before the episode of which measurements are there.
        site_infrastructure, site_operator, site_agent: ``[U]``.
        first_site: ``[I + 1]`` sites of infrastructure i are those from ``first_site[i]`` to before the next.
        agent_infrastructure, agent_operator: ``[N]``.
        agent_sites: ``[N, K]`` sites of every agent, -1 where it has fewer than K.
        agent_has: ``[N, K]`` whether it has that site.
        wear_eur: cost of a full change of the state of charge.
        given_share: ``[U]`` alpha as the scenario gives it, or equal; None where it follows demand.
        constant_kw: ``[U]`` constant loads, NaN where they are drawn.
    """

    def __init__(self, scenario: SharingScenario) -> None:
        self.scenario = scenario
        sites = scenario.network.every_site
        self.n_sites = len(sites)
        self.site_infrastructure: IntArray = np.array([site.infrastructure for site in sites])
        self.site_operator: IntArray = np.array([site.operator for site in sites])
        self.n_infrastructures = int(self.site_infrastructure[-1]) + 1
        self.first_site: IntArray = np.searchsorted(self.site_infrastructure, np.arange(self.n_infrastructures + 1))
        self.constant_kw: FloatArray = np.array([site.power_kw or np.nan for site in sites])
        self.decisions, self.period_h = scenario.time.decisions, scenario.time.period_h
        self.day = scenario.slots_per_day
        self.history = scenario.forecast.history_days * self.day
        self._introduce_agents()
        battery = scenario.battery
        self.wear_eur = wear_cost_eur(battery.price_eur, battery.wear_per_cycle, battery.health_min)
        self.given_share = self._given_share()

    def battery(self, capacity_kwh: float) -> BatteryParameters:
        """The battery of an infrastructure, as it is now.

        Args:
            capacity_kwh: Omega, what is left of its capacity.
        """
        battery = self.scenario.battery
        return BatteryParameters(
            capacity_kwh, battery.soc_min, battery.soc_max, battery.charge_efficiency, battery.discharge_efficiency,
            battery.charge_limit_kw, battery.discharge_limit_kw,
        )  # fmt: skip

    def share_by_energy(self, mean_kw: FloatArray) -> FloatArray:
        """Shares ``[..., U]`` in proportion to mean demands ``[..., U]``."""
        total_kw = np.add.reduceat(mean_kw, self.first_site[:-1], axis=-1)
        return np.asarray(mean_kw / total_kw[..., self.site_infrastructure])

    def by_infrastructure(self, of_sites: FloatArray) -> FloatArray:
        """Sums ``[..., I]`` of something of sites ``[..., U]``."""
        return np.asarray(np.add.reduceat(of_sites, self.first_site[:-1], axis=-1))

    def by_agent(self, of_sites: FloatArray) -> FloatArray:
        """Sums ``[..., N]`` of something of sites ``[..., U]``."""
        return np.asarray(np.add.reduceat(of_sites, self._first_of_agent, axis=-1))

    def sum_of_agents(self, of_agents: FloatArray) -> FloatArray:
        """Sums ``[..., I]`` of something of agents ``[..., N]``."""
        return np.asarray(np.add.reduceat(of_agents, self._first_agent, axis=-1))

    def _introduce_agents(self) -> None:
        """Sites of one operator at one infrastructure follow each other, and make an agent."""
        pairs = np.stack([self.site_infrastructure, self.site_operator], axis=1)
        begins = np.concatenate([[True], (pairs[1:] != pairs[:-1]).any(axis=1)])
        self._first_of_agent: IntArray = np.flatnonzero(begins)
        self.site_agent: IntArray = np.cumsum(begins) - 1
        self.n_agents = len(self._first_of_agent)
        self.agent_infrastructure: IntArray = self.site_infrastructure[self._first_of_agent]
        self._first_agent: IntArray = np.searchsorted(self.agent_infrastructure, np.arange(self.n_infrastructures))
        self.agent_operator: IntArray = self.site_operator[self._first_of_agent]
        counts = np.bincount(self.site_agent)
        places = np.arange(counts.max())
        self.agent_has: BoolArray = places < counts[:, None]
        self.agent_sites: IntArray = np.where(self.agent_has, self._first_of_agent[:, None] + places, -1)

    def _given_share(self) -> FloatArray | None:
        """Alphas; those of an infrastructure whose sites name some are exactly as named, up to rounding."""
        given: FloatArray = np.array([site.share or np.nan for site in self.scenario.network.every_site])
        if self.scenario.network.shares == "energy" and np.isnan(given).any():
            return None
        equal = 1.0 / np.diff(self.first_site)[self.site_infrastructure]
        named = np.where(np.isnan(given), equal, given)
        return self.share_by_energy(named)
