"""The physics steps of a decision period, one after the other, with nothing but compiled code between them."""

from typing import NamedTuple

import numpy as np

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.rewards.formulas import service_loss
from voltran.envs.blackout.service import Population, refresh
from voltran.envs.blackout.state import BlackoutState, mean_power_kw
from voltran.envs.blackout.survival import LossRule, loss_rule, update_losses
from voltran.envs.blackout.trace import CRITICAL, EV_COST, Before, TraceArrays, network_row, record
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.balance import EnergyOrders, EnergyStep, Restart, energy_step
from voltran.physics.battery import BatteryParameters
from voltran.physics.compiled import kernel
from voltran.physics.ev import EvParameters
from voltran.physics.fleet import Fleet
from voltran.physics.power import SLEEP, PowerParameters
from voltran.physics.radio import RadioParameters
from voltran.physics.scheduler import SchedulerParameters


class StepConstants(NamedTuple):
    """What physics steps need of a scenario.

    Attributes:
        radio, scheduler, power, battery, ev, restart, loss_rule: parameters of the physics.
        class_floor: ``[class]`` availability that the reward's service loss asks for.
        normal_idle_kw: of a site.
        step_s, step_h: length of a step, in seconds and in hours.
    """

    radio: RadioParameters
    scheduler: SchedulerParameters
    power: PowerParameters
    battery: BatteryParameters
    ev: EvParameters
    restart: Restart
    loss_rule: LossRule
    class_floor: FloatArray
    normal_idle_kw: float
    step_s: float
    step_h: float


def step_constants(constants: BlackoutConstants) -> StepConstants:
    """Those of a scenario."""
    scenario, step_s = constants.scenario, float(constants.scenario.time.physics_step_s)
    battery = scenario.battery
    # A site that could not last a single step would be down again at once.
    restart = Restart(battery.soc_min + battery.restart_margin, max(battery.restart_hold_s, step_s))
    return StepConstants(
        constants.radio, constants.scheduler, constants.power, constants.battery, constants.ev, restart,
        loss_rule(scenario.survival, step_s), constants.class_floor, constants.normal_idle_kw, step_s, constants.step_h,
    )  # fmt: skip


class Vehicles(NamedTuple):
    """Vehicles as drawn, ``[B, site, slot]``; see :class:`voltran.physics.fleet.Fleet`."""

    arrival_s: FloatArray
    departure_s: FloatArray
    reservation_price: FloatArray
    capacity_kwh: FloatArray


class Imported(NamedTuple):
    """What sites may import in each coming step, ``[B, site]``: at most, and whether it may charge batteries."""

    limit_kw: FloatArray
    charges: BoolArray


@kernel
def serve(
    where: BoolArray, state: BlackoutState, users: Population, loss: FloatArray, constants: StepConstants
) -> FloatArray:
    """Recompute service in worlds ``where [B]``, and its loss ``[B]``.

    Returns:
        Handovers ``[B, site]`` of home users, where something has changed.
    """
    service = state.service
    handovers = np.zeros(state.soc.shape)
    changed = where & state.stale
    for world in np.flatnonzero(changed):
        service.anchor[world] = service.last_server[world]
    refresh(
        where, state.mode, state.band_bits, state.radius_m, state.alive, users, service,
        constants.radio, constants.scheduler, constants.power,
    )  # fmt: skip
    for world in np.flatnonzero(changed):
        handovers[world] = service.home_handovers[world]
        state.stale[world] = False
    loss[:] = service_loss(service.weighted_loss, service.availability, constants.class_floor)
    return handovers


@kernel
def advance(
    n_steps: int,
    state: BlackoutState,
    users: Population,
    vehicles: Vehicles,
    imported: Imported,
    mode_changes: FloatArray,
    loss: FloatArray,
    trace: TraceArrays,
    constants: StepConstants,
) -> tuple[EnergyStep, FloatArray]:
    """Make physics steps in all worlds, up to one whose numbers are not finite.

    Args:
        n_steps: how many, at least one.
        state: changed in place.
        users, vehicles: of the episodes.
        imported: in each step.
        mode_changes: ``[B, site]`` at the start of the first step.
        loss: ``[B]`` service loss now, changed in place.
        trace: written to.
        constants: of the scenario.

    Returns:
        Flows of the latest step, and residuals ``[B, site]`` of its ledger.
    """
    changes, residual_kw = mode_changes, np.zeros(mode_changes.shape)
    for step in range(n_steps):
        handovers = np.zeros(changes.shape)
        if step > 0:
            changes = np.zeros(changes.shape)
        if state.stale.any():
            handovers = serve(state.stale.copy(), state, users, loss, constants)
        flows = supplied(state, vehicles, imported, constants)
        if not_finite(flows)[0] >= 0:
            break
        residual_kw = take_over(state, flows, changes, handovers, loss, trace, constants)
    return flows, residual_kw


@kernel
def supplied(state: BlackoutState, vehicles: Vehicles, imported: Imported, constants: StepConstants) -> EnergyStep:
    """Flows of the coming step; nothing changes here."""
    fleet = Fleet(
        vehicles.arrival_s, vehicles.departure_s, vehicles.reservation_price, state.ev_energy_kwh,
        vehicles.capacity_kwh, state.ev_accepted,
    )  # fmt: skip
    time_s = np.asarray(state.step * constants.step_s, np.float64)
    vehicle_kw = np.minimum(state.ev_power_kw, state.service.ev_limit_kw)
    orders = EnergyOrders(vehicle_kw, state.dynamic_price, state.ev_to_battery, imported.limit_kw, imported.charges)
    return energy_step(
        state.soc, state.alive, state.needed_kw, state.service.power_kw, mean_power_kw(state),
        fleet, orders, time_s, constants.step_s, constants.restart,
        constants.battery, constants.ev,
    )  # fmt: skip


@kernel
def not_finite(flows: EnergyStep) -> tuple[int, int]:
    """World and site of the first state of charge or load that is not finite, -1 and -1 where all are."""
    for world in range(flows.soc.shape[0]):
        for site in range(flows.soc.shape[1]):
            if not np.isfinite(flows.soc[world, site] + flows.load_kw[world, site]):
                return world, site
    return -1, -1


@kernel
def take_over(
    state: BlackoutState,
    flows: EnergyStep,
    mode_changes: FloatArray,
    handovers: FloatArray,
    loss: FloatArray,
    trace: TraceArrays,
    constants: StepConstants,
) -> FloatArray:
    """Write down a step, and put the state at its end; ``mode_changes`` and ``handovers [B, site]`` are the step's.

    Returns:
        Residuals ``[B, site]`` of the ledger.
    """
    network, residual_kw = network_row(
        flows, Before(state.soc, state.alive, state.ev_energy_kwh), state.service, handovers, mode_changes,
        constants.step_h, constants.battery.capacity_kwh,
    )  # fmt: skip
    record(trace, state.step, network, state.soc, flows.load_kw, state.alive, state.mode)
    _add_up(state, network, handovers, loss, trace, constants)
    _apply(state, flows, constants)
    return residual_kw


@kernel
def _add_up(
    state: BlackoutState,
    network: FloatArray,
    handovers: FloatArray,
    loss: FloatArray,
    trace: TraceArrays,
    constants: StepConstants,
) -> None:
    """Add a step to the totals of the decision period.

    It survives: one step, none once lost; steps since a loss are taken back as it becomes known.
    """
    totals, service = state.totals, state.service
    known = state.lost_step.copy()
    update_losses(trace.network[:, :, CRITICAL], state.step, state.lost_step, constants.loss_rule)
    for world in range(network.shape[0]):
        survived = 1.0
        if state.lost_step[world] >= 0:
            survived = 0.0 if known[world] >= 0 else float(state.lost_step[world] - state.step[world])
        totals.surviving_h[world] += constants.step_h * survived
        totals.service_loss_h[world] += constants.step_h * loss[world]
        totals.ev_cost[world] += network[world, EV_COST]
        totals.home_service[world] += service.home_service[world]
        totals.home_critical[world] += service.home_critical[world]
        totals.handovers[world] += handovers[world]


@kernel
def _apply(state: BlackoutState, flows: EnergyStep, constants: StepConstants) -> None:
    """Take over what a step has led to."""
    history = state.power_history_kw.shape[2]
    for world in range(state.soc.shape[0]):
        slot = state.step[world] % history
        for site in range(state.soc.shape[1]):
            load_kw = flows.load_kw[world, site]
            state.power_sum_kw[world, site] += load_kw - state.power_history_kw[world, site, slot]
            state.power_history_kw[world, site, slot] = load_kw
            if flows.alive[world, site] != state.alive[world, site]:
                _turn(state, world, site, load_kw, constants)
        state.step[world] += 1
    state.soc[...], state.alive[...] = flows.soc, flows.alive
    state.ev_energy_kwh[...], state.ev_accepted[...] = flows.energy_kwh, flows.accepted
    state.price[...], state.offered_kw[...] = flows.price, flows.offered_kw


@kernel
def _turn(state: BlackoutState, world: int, site: int, load_kw: float, constants: StepConstants) -> None:
    """A site that goes down forgets its mode; one that comes back sleeps, with all vehicles, until told otherwise."""
    state.stale[world] = True
    state.mode[world, site] = SLEEP
    if state.alive[world, site]:
        state.needed_kw[world, site] = max(load_kw, constants.normal_idle_kw)
    else:
        state.ev_power_kw[world, site] = constants.ev.site_limit_kw
