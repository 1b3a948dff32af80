"""Everything that changes during an outage episode, as arrays with a leading world axis."""

from typing import NamedTuple

import numpy as np

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.service import Service, empty_service
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.compiled import kernel
from voltran.physics.power import NORMAL


class PeriodTotals(NamedTuple):
    """Sums over the physics steps of the current decision period.

    Attributes:
        surviving_h: ``[B]`` time survived; negative where a loss became known, by what had been counted since it.
        service_loss_h: ``[B]`` integral of the service loss of the reward.
        ev_cost: ``[B]`` payments to vehicle owners, $.
        home_service, home_critical: ``[B, site]`` sums over steps of the home users' service.
        handovers: ``[B, site]`` handovers of home users.
    """

    surviving_h: FloatArray
    service_loss_h: FloatArray
    ev_cost: FloatArray
    home_service: FloatArray
    home_critical: FloatArray
    handovers: FloatArray


class BlackoutState(NamedTuple):
    """State of a batch of episodes; arrays are written in place, as kernels do.

    Attributes:
        step: ``[B]`` physics steps done.
        soc, alive: ``[B, site]`` battery and operation.
        needed_kw: ``[B, site]`` load that the site last failed to supply, and at least the idle load of normal mode;
            it stays down until it could draw as much.
        mode, band_bits, radius_m, ev_power_kw, dynamic_price, ev_to_battery: ``[B, site]`` commands in force.
        decided: ``[B]`` whether any command has been given yet.
        switches: ``[B, site]`` mode changes so far.
        ev_energy_kwh, ev_accepted: ``[B, site, slot]`` vehicles.
        price, offered_kw: ``[B, site]`` latest price, and power that accepting vehicles can give.
        power_history_kw: ``[B, site, slot]`` ring of the last hour's site power.
        power_sum_kw: ``[B, site]`` sum of the ring.
        lost_step: ``[B]`` the step in which survival was lost, -1 while it is not known to be.
        stale: ``[B]`` whether ``service`` must be recomputed.
        dispatched: ``[B]`` whether a dispatcher decides service, and not the world itself.
        service: who serves whom, as of the last change.
        totals: sums over the current decision period, or else the latest.
    """

    step: IntArray
    soc: FloatArray
    alive: BoolArray
    needed_kw: FloatArray
    mode: IntArray
    band_bits: IntArray
    radius_m: FloatArray
    ev_power_kw: FloatArray
    dynamic_price: BoolArray
    ev_to_battery: BoolArray
    decided: BoolArray
    switches: FloatArray
    ev_energy_kwh: FloatArray
    ev_accepted: BoolArray
    price: FloatArray
    offered_kw: FloatArray
    power_history_kw: FloatArray
    power_sum_kw: FloatArray
    lost_step: IntArray
    stale: BoolArray
    dispatched: BoolArray
    service: Service
    totals: PeriodTotals


def begin_period(totals: PeriodTotals) -> None:
    """Let sums begin anew."""
    for total in totals:
        total[...] = 0.0


def blank_totals(n_worlds: int, n_sites: int) -> PeriodTotals:
    """Totals at the start of a decision period."""
    return PeriodTotals(
        surviving_h=np.zeros(n_worlds),
        service_loss_h=np.zeros(n_worlds),
        ev_cost=np.zeros(n_worlds),
        home_service=np.zeros((n_worlds, n_sites)),
        home_critical=np.zeros((n_worlds, n_sites)),
        handovers=np.zeros((n_worlds, n_sites)),
    )


def blank_state(constants: BlackoutConstants, n_worlds: int, n_slots: int) -> BlackoutState:
    """State before the first reset."""
    shape = (n_worlds, constants.n_sites)
    history = max(round(1.0 / constants.step_h), 1)
    return BlackoutState(
        step=np.zeros(n_worlds, dtype=np.int64),
        soc=np.zeros(shape),
        alive=np.zeros(shape, dtype=bool),
        needed_kw=np.zeros(shape),
        mode=np.zeros(shape, dtype=np.int64),
        band_bits=np.zeros(shape, dtype=np.int64),
        radius_m=np.zeros(shape),
        ev_power_kw=np.zeros(shape),
        dynamic_price=np.zeros(shape, dtype=bool),
        ev_to_battery=np.zeros(shape, dtype=bool),
        decided=np.zeros(n_worlds, dtype=bool),
        switches=np.zeros(shape),
        ev_energy_kwh=np.zeros((*shape, n_slots)),
        ev_accepted=np.zeros((*shape, n_slots), dtype=bool),
        price=np.zeros(shape),
        offered_kw=np.zeros(shape),
        power_history_kw=np.zeros((*shape, history)),
        power_sum_kw=np.zeros(shape),
        lost_step=np.full(n_worlds, -1),
        stale=np.ones(n_worlds, dtype=bool),
        dispatched=np.zeros(n_worlds, dtype=bool),
        service=empty_service(n_worlds, constants.n_sites, constants.n_users, constants.n_bands),
        totals=blank_totals(n_worlds, constants.n_sites),
    )


def start_episode(state: BlackoutState, constants: BlackoutConstants, world: int) -> None:
    """Put one world at the start of an episode: batteries as configured, all sites in normal operation."""
    state.step[world] = 0
    state.soc[world] = constants.scenario.battery.initial_soc
    state.alive[world] = state.soc[world] > constants.battery.soc_min
    state.needed_kw[world] = constants.normal_idle_kw
    state.mode[world], state.band_bits[world] = NORMAL, constants.mode_bands[NORMAL]
    state.radius_m[world] = constants.mode_radius_m[NORMAL]
    state.ev_power_kw[world], state.dynamic_price[world], state.ev_to_battery[world] = 0.0, False, False
    state.decided[world], state.switches[world] = False, 0.0
    state.price[world], state.offered_kw[world] = constants.ev.base_price, 0.0
    state.power_history_kw[world], state.power_sum_kw[world] = 0.0, 0.0
    state.lost_step[world], state.stale[world], state.dispatched[world] = -1, True, False
    for indices in (state.service.server, state.service.anchor, state.service.last_server):
        indices[world] = -1


@kernel
def mean_power_kw(state: BlackoutState) -> FloatArray:
    """Mean site power ``[B, site]`` over the last hour, or since the start; the present power before the first step."""
    mean_kw = state.service.power_kw.copy()
    for world in range(mean_kw.shape[0]):
        steps = min(state.step[world], state.power_history_kw.shape[2])
        if steps > 0:
            mean_kw[world] = state.power_sum_kw[world] / steps
    return mean_kw
