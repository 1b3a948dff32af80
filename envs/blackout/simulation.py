"""The transition of the outage world: commands come into force, loads are supplied, sites go down and come back."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.dispatch import Dispatcher, carried_out
from voltran.envs.blackout.period import (
    Imported,
    Vehicles,
    advance,
    not_finite,
    serve,
    step_constants,
    supplied,
    take_over,
)
from voltran.envs.blackout.population import Drawn, Inhabitants, draw_inhabitants
from voltran.envs.blackout.power_imports import Imports
from voltran.envs.blackout.rewards.formulas import service_loss
from voltran.envs.blackout.service import enter
from voltran.envs.blackout.situation import Asked, SiteEnergy, Situation
from voltran.envs.blackout.state import begin_period, blank_state, start_episode
from voltran.envs.blackout.trace import Trace
from voltran.envs.controller import named_errors
from voltran.envs.errors import PhysicsError
from voltran.envs.snapshots import arrays_of
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.balance import EnergyStep
from voltran.physics.battery import largest_charge_kw, largest_discharge_kw, usable_energy_kwh
from voltran.physics.fleet import Fleet, vehicle_offers
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
        self._step_constants = step_constants(constants)
        drawn = self.inhabitants
        self._vehicles = Vehicles(drawn.arrival_s, drawn.departure_s, drawn.reservation_price, drawn.capacity_kwh)
        self.dispatcher: Dispatcher | None = None
        # Holds as long as the service does, like everything that is computed from it.
        self._loss = np.zeros(n_worlds)
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
        begin_period(self.state.totals)
        changed = self._issue(commands)
        steps = self.constants.steps_per_decision
        if self.cache and self.imports.hold and not self.state.dispatched.any():
            self._advance(steps, changed)
        else:
            for step in range(steps):
                self._advance_once(changed if step == 0 else np.zeros_like(changed))
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
        self.dispatcher = None
        self._note_loss()
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
        state.switches[...] += changed
        state.decided[:] = True
        for world in range(self.n_worlds):
            stale[world] |= self.inhabitants.advance_to(world, float(self.time_s()[world]))
        state.stale[...] |= stale
        return changed.astype(np.float64)

    def _refresh_service(self, where: BoolArray) -> FloatArray:
        """Recompute service in some worlds ``[B]``; returns the handovers ``[B, site]`` of home users."""
        state, service = self.state, self.state.service
        asked = where & state.stale & state.dispatched  # once: what was said holds until something changes
        where = where & (state.stale | ~state.dispatched)
        handovers = serve(where, state, self.inhabitants.users, self._loss, self._step_constants)
        if asked.any():
            for world in np.flatnonzero(asked):
                self._dispatch(int(world))
            handovers[asked] = service.home_handovers[asked]
            self._note_loss()
        return handovers

    def _note_loss(self) -> None:
        service = self.state.service
        self._loss[...] = service_loss(service.weighted_loss, service.availability, self.constants.class_floor)

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

    def _advance(self, n_steps: int, mode_changes: FloatArray) -> None:
        """Physics steps under the same commands, import and service, but for sites that go down or come back."""
        imported = Imported(*self.imports.limits_kw(self.state, self._no_room_kw))
        flows, residual_kw = advance(
            n_steps, self.state, self.inhabitants.users, self._vehicles, imported, mode_changes, self._loss,
            self.trace.arrays, self._step_constants,
        )  # fmt: skip
        self._require_finite(flows)
        self.flows, self.residual_kw = flows, residual_kw

    def _advance_once(self, mode_changes: FloatArray) -> None:
        """One physics step of worlds in which others have a say in it."""
        state, handovers = self.state, np.zeros(mode_changes.shape)
        if not self.cache or state.stale.any():
            where = state.stale.copy() if self.cache else np.ones(self.n_worlds, dtype=bool)
            handovers = self._refresh_service(where)
        imported = Imported(*self.imports.limits_kw(state, self._vehicle_room_kw()))
        flows = supplied(state, self._vehicles, imported, self._step_constants)
        self._require_finite(flows)
        self.imports.settle(state, flows)
        residual_kw = take_over(
            state, flows, mode_changes, handovers, self._loss, self.trace.arrays, self._step_constants
        )
        self.flows, self.residual_kw = flows, residual_kw

    def _vehicle_room_kw(self) -> FloatArray:
        """Power ``[B, site]`` that vehicles can take in during the coming step; zero where they are never charged."""
        if not self.constants.ev.charging:
            return self._no_room_kw
        return fleet_room_kw(self._fleet(), self.time_s(), self._step_s, self.constants.ev)

    def _fleet(self) -> Fleet:
        return self.inhabitants.fleet(self.state.ev_energy_kwh, self.state.ev_accepted)

    def _update_offers(self) -> None:
        """Power that vehicles parked now would give; the base price is on offer before the first decision."""
        state, constants = self.state, self.constants
        accepted, offered_kw = vehicle_offers(
            self._fleet(), state.price, state.dynamic_price, self.time_s(), self._step_s, constants.ev
        )
        state.ev_accepted[...], state.offered_kw[...] = accepted, offered_kw

    def _require_finite(self, flows: EnergyStep) -> None:
        world, site = not_finite(flows)
        if world >= 0:
            quantity = "soc" if not np.isfinite(flows.soc[world, site]) else "load_kw"
            step = int(self.state.step[world])
            raise PhysicsError(f"{quantity} of bs_{site} in world {world} is not finite at physics step {step}")
