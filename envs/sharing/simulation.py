"""The course of a batch of sharing episodes: sources are chosen, batteries charge, and what it costs is shared."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from voltran.envs.episodes import Episodes
from voltran.envs.sharing.actions import weighted_vote
from voltran.envs.sharing.commands import SharingCommands
from voltran.envs.sharing.constants import SharingConstants
from voltran.envs.sharing.draws import EpisodeDraws, draw_episode
from voltran.envs.sharing.forecast import SharingForecast
from voltran.envs.sharing.state import blank_state
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.battery import BatteryParameters
from voltran.physics.compiled import kernel
from voltran.physics.shared_battery import SharedSupply, faded_capacity_kwh, next_health, shared_flows


class Slot(NamedTuple):
    """What a slot brought; ``[B, U]`` of sites, ``[B, I]`` of infrastructures. Names as in ``SharedFlows``."""

    grid_kw: FloatArray
    battery_kw: FloatArray
    direct_kw: FloatArray
    unserved_kw: FloatArray
    fallback_kw: FloatArray
    solar_charge_kw: FloatArray
    grid_charge_kw: FloatArray
    curtailed_kw: FloatArray
    loss_kw: FloatArray
    residual_kw: FloatArray
    soc: FloatArray
    health: FloatArray


class Simulation:
    """Worlds of one scenario.

    Args:
        constants: constants.
        episodes: which episodes the batch plays.

    Attributes:
        constants: as given.
        state: what changes.
        forecast: what is known of the hours to come.
        share, agent_share: ``[B, U]`` and ``[B, N]`` alpha of sites, and of all sites of an agent.
    """

    def __init__(self, constants: SharingConstants, episodes: Episodes) -> None:
        self.constants, self.n_worlds = constants, episodes.n_worlds
        self.state = blank_state(constants, episodes)
        self.forecast = SharingForecast(constants, episodes.decision)
        self.share = np.zeros((self.n_worlds, constants.n_sites))
        self.agent_share = np.zeros((self.n_worlds, constants.n_agents))
        self.grid_only_eur = np.zeros((self.n_worlds, constants.decisions))

    def draw(self, seed: int) -> EpisodeDraws:
        """Everything that an episode's seed decides; nothing changes here.

        Raises:
            ScenarioError: a file of a series, or of a forecaster, that cannot be used.
        """
        return draw_episode(self.constants, seed)

    def load(self, drawn: Mapping[int, EpisodeDraws]) -> None:
        """Take over what was drawn."""
        for world, draws in drawn.items():
            self.forecast.load(world, draws)
            self.share[world], self.agent_share[world] = draws.share, self.constants.by_agent(draws.share)
            self.grid_only_eur[world] = self._grid_only_eur(world)

    def begin(self, worlds: Sequence[int]) -> None:
        """Put worlds at the start of their episodes."""
        for world in worlds:
            self.state.begin(self.constants, world)

    def can_charge(self) -> BoolArray:
        """Agents ``[B, N]`` whose infrastructure's grid can be bought from in the coming slot."""
        return np.asarray(self.forecast.grid_limit_now_kw()[:, self.constants.agent_infrastructure] > 0.0)

    def run_period(self, commands: SharingCommands) -> None:
        """One slot under validated commands."""
        state, constants, scenario = self.state, self.constants, self.constants.scenario
        self._fade_at_midnight()
        demand_kw, solar_kw = self.forecast.demand_now_kw(), self.forecast.solar_now_kw()
        usable_kwh = np.where(self.usable(), state.capacity_kwh, 0.0)
        slot = play_slot(
            state.soc, state.health, usable_kwh, demand_kw, commands.battery_sites, self.share,
            constants.first_site, solar_kw, self.forecast.grid_limit_now_kw(),
            weighted_vote(constants, commands.charge_share, self.agent_share), scenario.solar.direct,
            scenario.battery.outage_soc_min, scenario.battery.wear_per_cycle, constants.period_h,
            constants.battery(0.0),
        )  # fmt: skip
        self._record(demand_kw, solar_kw, commands.battery_sites, slot)
        state.soc_before[...] = state.soc
        state.soc[...], state.health[...] = slot.soc, slot.health

    def arrays(self) -> dict[str, Any]:
        """All arrays that change; time series apart."""
        state = self.state
        names = ("soc", "soc_before", "health", "capacity_kwh")
        return {name: getattr(state, name) for name in names}

    def settle(self, ended: BoolArray) -> None:
        """At the end of episodes, let agents pay for what is missing in batteries.

        Args:
            ended: ``[B]`` worlds whose episodes have just ended.
        """
        if not ended.any():
            return
        of_agents = self._refill_eur()[:, self.constants.agent_infrastructure] * self.agent_share
        latest = np.arange(self.n_worlds), self.state.decision - 1
        self.state.series["refill_eur"][latest] = np.where(ended[:, None], of_agents, 0.0)

    def usable(self) -> BoolArray:
        """Batteries ``[B, I]`` that can be used. Source: [CG] Eq. 11b."""
        state = self.state
        return np.asarray((state.health >= self.constants.scenario.battery.health_min) & (state.capacity_kwh > 0.0))

    def _refill_eur(self) -> FloatArray:
        """What it costs ``[B, I]`` to fill batteries up to where they began, at the mean price of the day to come."""
        battery = self.constants.scenario.battery
        missing_kwh = np.maximum(battery.initial_soc - self.state.soc, 0.0) * self.state.capacity_kwh
        return np.asarray(missing_kwh / battery.charge_efficiency * self.refill_price()[:, None])

    def refill_price(self) -> FloatArray:
        """Mean price ``[B]`` of the day after the episode so far, EUR/kWh; not below zero."""
        return np.asarray(np.maximum(self.forecast.day_price(), 0.0))

    def _fade_at_midnight(self) -> None:
        """Capacities follow health from day to day; within a day they stay. What no longer fits is lost."""
        begins = self.state.decision % self.constants.day == 0
        if not begins.any():
            return
        battery = self.constants.scenario.battery
        initial_kwh = np.full_like(self.state.health, battery.capacity_kwh)
        faded_kwh = faded_capacity_kwh(initial_kwh, self.state.health)
        capacity_kwh = np.where(begins[:, None], faded_kwh, self.state.capacity_kwh)
        stored_kwh = self.state.soc * self.state.capacity_kwh
        soc = np.divide(stored_kwh, capacity_kwh, out=self.state.soc.copy(), where=capacity_kwh > 0.0)
        self.state.soc[...] = np.where(begins[:, None], np.minimum(soc, battery.soc_max), self.state.soc)
        self.state.capacity_kwh[...] = capacity_kwh

    def _record(self, demand_kw: FloatArray, solar_kw: FloatArray, on_battery: BoolArray, slot: Slot) -> None:
        """Write the slot's row of all series."""
        constants, period_h = self.constants, self.constants.period_h
        price = self.forecast.price(1)
        of_agent, alpha = constants.agent_infrastructure, self.agent_share
        worn = np.abs(slot.soc - self.state.soc)
        self.state.record(
            **slot._asdict(),
            demand_kw=demand_kw,
            requested_kw=np.where(on_battery, demand_kw, 0.0),
            solar_kw=solar_kw,
            refill_eur=np.zeros_like(alpha),
            price_eur_per_kwh=price[:, 0],
            energy_cost_eur=price * constants.by_agent(slot.grid_kw) * period_h,
            charge_cost_eur=price * alpha * slot.grid_charge_kw[:, of_agent] * period_h,
            wear_eur=constants.wear_eur * alpha * worn[:, of_agent],
            lost_load_eur=constants.by_agent(slot.unserved_kw) * (self._lost_load * period_h),
        )

    @property
    def _lost_load(self) -> float:
        return self.constants.scenario.reward.lost_load_eur_per_kwh

    def _grid_only_eur(self, world: int) -> FloatArray:
        """Cost ``[T]`` of each slot without batteries and panels."""
        demand_kw, _, price, limit_kw = (part[world] for part in self.forecast.truth())
        count = self.constants.decisions
        load_kw = self.constants.by_infrastructure(demand_kw[:count])
        bought_kw = np.minimum(load_kw, limit_kw[:count])
        eur_per_h = price[:count, None] * bought_kw + self._lost_load * (load_kw - bought_kw)
        return np.asarray(eur_per_h.sum(axis=1) * self.constants.period_h)


@kernel
def play_slot(
    soc: FloatArray,
    health: FloatArray,
    capacity_kwh: FloatArray,
    demand_kw: FloatArray,
    on_battery: BoolArray,
    share: FloatArray,
    first_site: IntArray,
    solar_kw: FloatArray,
    grid_limit_kw: FloatArray,
    charge_share: FloatArray,
    solar_direct: bool,
    outage_soc_min: float,
    wear_per_cycle: float,
    period_h: float,
    battery: BatteryParameters,
) -> Slot:
    """A slot of all infrastructures ``[B, I]`` and their sites ``[B, U]``.

    Args:
        soc, health, capacity_kwh: ``[B, I]``; a battery of no capacity is not used.
        demand_kw, on_battery, share: ``[B, U]``.
        first_site: ``[I + 1]``.
        solar_kw, grid_limit_kw, charge_share: ``[B, I]``, see :class:`voltran.physics.shared_battery.SharedSupply`.
        solar_direct, outage_soc_min: likewise.
        wear_per_cycle: kappa.
        period_h: length of the slot.
        battery: what batteries have in common.
    """
    sites, places = demand_kw.shape, soc.shape
    after = Slot(
        np.zeros(sites), np.zeros(sites), np.zeros(sites), np.zeros(sites), np.zeros(sites), np.zeros(places),
        np.zeros(places), np.zeros(places), np.zeros(places), np.zeros(places), soc.copy(), health.copy(),
    )  # fmt: skip
    for w in range(places[0]):
        for i in range(places[1]):
            begin, end = first_site[i], first_site[i + 1]
            here = BatteryParameters(
                capacity_kwh[w, i], battery.soc_min, battery.soc_max, battery.charge_efficiency,
                battery.discharge_efficiency, battery.charge_limit_kw, battery.discharge_limit_kw,
            )  # fmt: skip
            supply = SharedSupply(solar_kw[w, i], grid_limit_kw[w, i], charge_share[w, i], solar_direct, outage_soc_min)
            flows = shared_flows(
                soc[w, i],
                demand_kw[w, begin:end],
                on_battery[w, begin:end],
                share[w, begin:end],
                supply,
                period_h,
                here,
            )
            after.grid_kw[w, begin:end] = flows.grid_kw
            after.battery_kw[w, begin:end] = flows.battery_kw
            after.direct_kw[w, begin:end] = flows.direct_kw
            after.unserved_kw[w, begin:end] = flows.unserved_kw
            after.fallback_kw[w, begin:end] = flows.fallback_kw
            after.solar_charge_kw[w, i] = flows.solar_charge_kw
            after.grid_charge_kw[w, i] = flows.grid_charge_kw
            after.curtailed_kw[w, i] = flows.curtailed_kw
            after.loss_kw[w, i] = flows.loss_kw
            after.soc[w, i] = flows.soc
            after.health[w, i] = next_health(health[w, i], flows.soc - soc[w, i], wear_per_cycle)
            stored_kw = (flows.soc - soc[w, i]) * capacity_kwh[w, i] / period_h
            charged_kw = flows.solar_charge_kw + flows.grid_charge_kw
            after.residual_kw[w, i] = charged_kw - flows.battery_kw.sum() - flows.loss_kw - stored_kw
    return after
