"""The transition of the outage world: commands come into force, loads are supplied, sites go down and come back."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.dispatch import Dispatcher, carried_out
from voltran.envs.blackout.population import Drawn, Inhabitants, draw_inhabitants
from voltran.envs.blackout.power_imports import Imports
from voltran.envs.blackout.rewards.formulas import service_loss
from voltran.envs.blackout.service import enter, refresh
from voltran.envs.blackout.situation import Asked, SiteEnergy, Situation
from voltran.envs.blackout.state import blank_state, blank_totals, mean_power_kw, start_episode
from voltran.envs.blackout.survival import loss_rule, update_losses
from voltran.envs.blackout.trace import EV_COST, Before, Trace, network_row
from voltran.envs.controller import named_errors
from voltran.envs.errors import PhysicsError
from voltran.envs.snapshots import arrays_of
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.balance import EnergyOrders, EnergyStep, Restart, energy_step
from voltran.physics.battery import largest_charge_kw, largest_discharge_kw, usable_energy_kwh
from voltran.physics.fleet import Fleet, vehicle_offers
from voltran.physics.power import SLEEP
from voltran.physics.vehicle_charging import fleet_room_kw


class EpisodeDraws(NamedTuple):
    """Everything that an episode's seed decides: users and vehicles, and what there is to import."""

    inhabitants: Drawn
    imports: Any


class Simulation:
    """State and transition of a batch of outage episodes, without agents: commands in, physics out.

    Args:
        constants: the scenario's constants.
        n_worlds: batch size.
        cache: False recomputes service in every physics step; the results are the same, bit for bit.
        trace_sites: keep time series of each site.
        imports: what sites can import.

    Attributes:
        dispatcher: whom the latest commands let dispatch; None for the world itself, or after a snapshot.
    """

    def __init__(
        self, constants: BlackoutConstants, n_worlds: int, cache: bool, trace_sites: bool, imports: Imports
    ) -> None:
        self.constants, self.n_worlds, self.cache, self.imports = constants, n_worlds, cache, imports
        self.inhabitants = Inhabitants(constants, n_worlds)
        self.state = blank_state(constants, n_worlds, self.inhabitants.n_slots)
        self.trace = Trace(constants, n_worlds, trace_sites)
        self.flows: EnergyStep | None = None
        self.residual_kw = np.zeros((n_worlds, constants.n_sites))
        self._step_s = constants.scenario.time.physics_step_s
        self._loss_rule = loss_rule(constants.scenario.survival, self._step_s)
        battery = constants.scenario.battery
        # A site that could not last a single step would be down again at once.
        self._restart = Restart(battery.soc_min + battery.restart_margin, max(battery.restart_hold_s, self._step_s))
        self.dispatcher: Dispatcher | None = None
        # Holds as long as the service does, like everything that is computed from it.
        self._service_loss = np.zeros(n_worlds)
        self._no_room_kw = np.zeros((n_worlds, constants.n_sites))

    def draw(self, seed: int) -> EpisodeDraws:
        """Everything that an episode's seed decides; nothing changes here.

        Raises:
            ScenarioError: see :func:`draw_inhabitants`, or imports from a file that cannot be used.
        """
        return EpisodeDraws(draw_inhabitants(self.constants, seed), self.imports.draw(seed))

    def load(self, drawn: Mapping[int, EpisodeDraws]) -> None:
        """Take over what was drawn for the start of episodes."""
        for world, draws in drawn.items():
            self.inhabitants.load(world, draws.inhabitants)
            self.imports.load(world, draws.imports)

    def begin(self, worlds: Sequence[int]) -> None:
        """Put worlds at the start of their episodes, serve their users, and show vehicles the base price."""
        begun = np.zeros(self.n_worlds, dtype=bool)
        for world in worlds:
            begun[world] = True
            self.imports.begin(world)
            start_episode(self.state, self.constants, world)
            self.state.ev_energy_kwh[world] = self.inhabitants.usable_kwh[world]
            self.state.ev_accepted[world] = False
        # Other worlds of the batch may be stale too: what changed there counts from their own next step on.
        self._refresh_service(begun)
        self._update_offers()

    def differs(self, commands: SiteCommands) -> BoolArray:
        """Worlds ``[B]`` in which commands ask for another service than those in force."""
        state = self.state
        differs = state.dispatched != (commands.dispatcher is not None)
        if self.dispatcher is not None and commands.dispatcher is not None:
            differs |= self.dispatcher != commands.dispatcher
        for name in ("mode", "band_bits", "radius_m"):
            differs |= (getattr(commands, name) != getattr(state, name)).any(axis=1)
        return np.asarray(differs)

    def site_energy(self, asked: Asked, world: int) -> SiteEnergy:
        """Where the power of one world's sites can come from now, under these commands."""
        state, constants, battery = self.state, self.constants, self.constants.battery
        fleet_kwh = state.ev_energy_kwh[world] * (self.present()[world] & state.ev_accepted[world])
        done = int(state.step[world]) % constants.steps_per_decision
        return SiteEnergy(
            remaining_h=(constants.steps_per_decision - done) * constants.step_h,
            usable_kwh=usable_energy_kwh(state.soc[world], battery),
            discharge_limit_kw=largest_discharge_kw(state.soc[world], constants.step_h, battery),
            charge_limit_kw=largest_charge_kw(state.soc[world], constants.step_h, battery),
            vehicle_kw=np.minimum(state.offered_kw[world], asked.ev_power_kw[world]),
            vehicle_kwh=np.asarray(fleet_kwh.sum(axis=-1)),
            price=state.price[world],
            import_kw=self.imports.foreseen_kw(state)[world],
            ev_to_battery=asked.ev_to_battery[world],
        )

    def run_period(self, commands: SiteCommands) -> FloatArray:
        """One decision period under validated commands; returns where ``[B, site]`` the commanded mode changed."""
        self.state.totals = blank_totals(self.n_worlds, self.constants.n_sites)
        changed = self._issue(commands)
        for step in range(self.constants.steps_per_decision):
            self._advance(changed if step == 0 else np.zeros_like(changed))
        self._update_offers()
        return changed

    def terminated(self) -> BoolArray:
        """Worlds ``[B]`` whose episodes are over as soon as survival is lost, where the scenario ends them so."""
        state, survival = self.state, self.constants.scenario.survival
        lost = state.lost_step >= 0
        hours_done = state.step * self.constants.step_h
        if survival.end == "survival_lost":
            return np.asarray(lost & (hours_done >= survival.continuity_window_h - 1e-9))
        if survival.end == "late":
            lost_h = state.lost_step * self.constants.step_h
            half_dead = (~state.alive).mean(axis=1) >= 0.5
            return np.asarray(lost & (half_dead | (hours_done - lost_h >= survival.late_margin_h - 1e-9)))
        return np.zeros(self.n_worlds, dtype=bool)

    def present(self) -> BoolArray:
        """Vehicles ``[B, site, slot]`` that are parked now."""
        return self.inhabitants.present(self.time_s(), self._step_s)

    def time_s(self) -> FloatArray:
        """Time since the outage began, ``[B]``."""
        return np.asarray(self.state.step * self._step_s, dtype=np.float64)

    def arrays(self) -> dict[str, Any]:
        """All arrays that change but for the time, which follows from the decisions, and time series."""
        state = arrays_of(self.state)
        del state["step"]
        return {**state, "imports": self.imports.arrays()}

    def series(self) -> dict[str, FloatArray]:
        """Time series, one row per physics step."""
        return {**self.trace.series, **self.imports.series()}

    def resume(self, worlds: Sequence[int], decision: NDArray[np.int64]) -> None:
        """Continue where the arrays are; users and vehicles of ``worlds`` are those of the start of their episodes."""
        self.state.step[...] = decision * self.constants.steps_per_decision
        for world in worlds:
            decided_s = (int(self.state.step[world]) - self.constants.steps_per_decision) * self._step_s
            self.inhabitants.advance_to(world, max(decided_s, 0.0))
        self.dispatcher, service = None, self.state.service
        self._service_loss = service_loss(self.constants, service.weighted_loss, service.availability)
        self.flows = None

    def _issue(self, commands: SiteCommands) -> FloatArray:
        """Put commands into force; returns the sites ``[B, site]`` whose commanded mode changed."""
        state = self.state
        changed: BoolArray = state.alive & (commands.mode != state.mode) & state.decided[:, None]
        stale = self.differs(commands)
        for name in ("mode", "band_bits", "radius_m"):
            getattr(state, name)[...] = getattr(commands, name)
        self.dispatcher, state.dispatched[:] = commands.dispatcher, commands.dispatcher is not None
        # Vehicles of a site that is down may recharge its battery, so that it can come back.
        down = ~state.alive & commands.ev_to_battery
        state.ev_power_kw[...] = np.where(down, self.constants.ev.site_limit_kw, commands.ev_power_kw)
        state.dynamic_price[...] = commands.dynamic_price
        state.ev_to_battery[...] = commands.ev_to_battery
        state.switches += changed
        state.decided[:] = True
        for world in range(self.n_worlds):
            stale[world] |= self.inhabitants.advance_to(world, float(self.time_s()[world]))
        state.stale |= stale
        return changed.astype(np.float64)

    def _refresh_service(self, where: BoolArray) -> FloatArray:
        """Recompute service where something changed; returns the handovers ``[B, site]`` of home users."""
        state, constants, service = self.state, self.constants, self.state.service
        changed = where & state.stale
        service.anchor[changed] = service.last_server[changed]
        users = self.inhabitants.users
        somebody_dispatches = bool(state.dispatched.any())
        if somebody_dispatches:  # is asked once: what was said holds until something changes
            where = where & (changed | ~state.dispatched)
        refresh(
            where, state.mode, state.band_bits, state.radius_m, state.alive, users, service,
            constants.radio, constants.scheduler, constants.power,
        )  # fmt: skip
        if somebody_dispatches:
            for world in np.flatnonzero(changed & state.dispatched):
                self._dispatch(int(world))
        state.stale &= ~where
        self._service_loss = service_loss(constants, service.weighted_loss, service.availability)
        return np.where(changed[:, None], service.home_handovers, 0.0)

    def _dispatch(self, world: int) -> None:
        """Let the dispatcher decide service in one world, unless it leaves that to the world."""
        state, constants, users = self.state, self.constants, self.inhabitants.users
        assert self.dispatcher is not None
        energy = self.site_energy(state, world)
        now = Situation.of(world, constants, state, state.alive, state.service.anchor, users, energy)
        with named_errors(f"dispatcher {type(self.dispatcher).__name__}"):
            allocation = self.dispatcher.allocate(now)
        if allocation is None:
            return
        told = carried_out(now, allocation)
        state.service.ev_limit_kw[world] = told.ev_limit_kw
        enter(world, told.server, told.plan, now.mode, told.band_bits, now.alive, users, state.service, constants.power)

    def _advance(self, mode_changes: FloatArray) -> None:
        """One physics step."""
        state, constants = self.state, self.constants
        handovers = np.zeros(state.soc.shape)
        if not self.cache or state.stale.any():
            where = state.stale.copy() if self.cache else np.ones(self.n_worlds, dtype=bool)
            handovers = self._refresh_service(where)
        fleet = self.inhabitants.fleet(state.ev_energy_kwh, state.ev_accepted)
        limits = self.imports.limits_kw(state, self._vehicle_room_kw(fleet))
        vehicle_kw = np.minimum(state.ev_power_kw, state.service.ev_limit_kw)
        orders = EnergyOrders(vehicle_kw, state.dynamic_price, state.ev_to_battery, *limits)
        flows = energy_step(
            state.soc, state.alive, state.needed_kw, state.service.power_kw, mean_power_kw(state),
            fleet, orders, self.time_s(), self._step_s, self._restart, constants.battery, constants.ev,
        )  # fmt: skip
        self._check_finite(flows)
        self.imports.settle(state, flows)
        self._record(flows, mode_changes, handovers)
        self._apply(flows)

    def _vehicle_room_kw(self, fleet: Fleet) -> FloatArray:
        """Power ``[B, site]`` that vehicles can take in during the coming step; zero where they are never charged."""
        if not self.constants.ev.charging:
            return self._no_room_kw
        return fleet_room_kw(fleet, self.time_s(), self._step_s, self.constants.ev)

    def _apply(self, flows: EnergyStep) -> None:
        state = self.state
        slot = state.step % state.power_history_kw.shape[-1]
        worlds = np.arange(self.n_worlds)
        state.power_sum_kw += flows.load_kw - state.power_history_kw[worlds, :, slot]
        state.power_history_kw[worlds, :, slot] = flows.load_kw
        turned = flows.alive != state.alive
        if turned.any():
            state.stale |= turned.any(axis=1)
            self._turn(turned, flows)
        state.soc[...], state.alive[...] = flows.soc, flows.alive
        state.ev_energy_kwh[...], state.ev_accepted[...] = flows.energy_kwh, flows.accepted
        state.price[...], state.offered_kw[...] = flows.price, flows.offered_kw
        state.step += 1
        self.flows = flows

    def _turn(self, turned: BoolArray, flows: EnergyStep) -> None:
        """Sites that go down forget their mode; those that come back sleep, with all vehicles, until told otherwise."""
        state, constants = self.state, self.constants
        state.mode[turned] = SLEEP
        failed, back = turned & state.alive, turned & flows.alive
        state.needed_kw[failed] = np.maximum(flows.load_kw[failed], constants.normal_idle_kw)
        state.ev_power_kw[back] = constants.ev.site_limit_kw

    def _record(self, flows: EnergyStep, mode_changes: FloatArray, handovers: FloatArray) -> None:
        """Write the trace, and add to the totals of the decision period."""
        state, constants, service, totals = self.state, self.constants, self.state.service, self.state.totals
        before = Before(state.soc, state.alive, state.ev_energy_kwh)
        network, self.residual_kw = network_row(
            flows, before, service, handovers, mode_changes, constants.step_h, constants.battery.capacity_kwh
        )
        sites = {"soc": state.soc, "power_kw": flows.load_kw, "alive": state.alive, "mode": state.mode}
        self.trace.record(state.step, network, **(sites if self.trace.per_site else {}))
        totals.surviving_h += constants.step_h * self._survived_steps()
        totals.service_loss_h += constants.step_h * self._service_loss
        totals.ev_cost += network[:, EV_COST]
        totals.home_service += service.home_service
        totals.home_critical += service.home_critical
        totals.handovers += handovers

    def _survived_steps(self) -> FloatArray:
        """Steps ``[B]`` survived by this one: one, none once lost; those since the loss are taken back as it shows."""
        state = self.state
        before = state.lost_step.copy()
        update_losses(self.trace.critical, state.step, state.lost_step, self._loss_rule)
        since_loss = np.where(before >= 0, 0, state.step - state.lost_step)
        return np.where(state.lost_step >= 0, -since_loss, 1).astype(np.float64)

    def _update_offers(self) -> None:
        """Power that vehicles parked now would give; the base price is on offer before the first decision."""
        state, constants = self.state, self.constants
        fleet = self.inhabitants.fleet(state.ev_energy_kwh, state.ev_accepted)
        accepted, offered_kw = vehicle_offers(
            fleet, state.price, state.dynamic_price, self.time_s(), self._step_s, constants.ev
        )
        state.ev_accepted[...], state.offered_kw[...] = accepted, offered_kw

    def _check_finite(self, flows: EnergyStep) -> None:
        finite = np.isfinite(flows.soc + flows.load_kw)
        if not finite.all():
            bad = ~finite
            world, site = (int(index) for index in np.argwhere(bad)[0])
            quantity = "soc" if not np.isfinite(flows.soc[world, site]) else "load_kw"
            step = int(self.state.step[world])
            raise PhysicsError(f"{quantity} of bs_{site} in world {world} is not finite at physics step {step}")
