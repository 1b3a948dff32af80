"""Energy that vehicles will give each site within a horizon: its mean, and what will come true.

Vehicles accept once the price reaches their reservation price ([MSRC] Eq. 16), and then give what they may until they
leave. Both forecasts take the price to rise as if the site went on drawing its mean power and nothing charged its
battery: the remaining time of Eq. 16 then falls by an hour every hour.
"""

from functools import lru_cache

import numpy as np
from scipy.special import gammaln, xlogy

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.equipment import Vehicles
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.draws import normal_of
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.compiled import kernel
from voltran.physics.ev import EvParameters, available_power_kw, discharge, offered_price
from voltran.physics.fleet import Fleet, accepting_vehicles
from voltran.physics.units import HOURS_PER_DAY, SECONDS_PER_HOUR

# Places at which integrals over arrival times, reservation prices, states of charge and capacities are evaluated; with
# twice as many the energy changes by less than a thousandth.
ARRIVALS, PRICES, STATES, CAPACITIES = 24, 32, 8, 24
# Points of the curve of energy over time that is interpolated.
CURVE_POINTS = 97


def expected_kwh(world: BlackoutWorld, index: int, horizon_h: float) -> FloatArray:
    """Expected energy ``[site]`` from vehicles that are parked, and from those that will come.

    With arrivals at rate lambda, stays that are exponential with mean mu, vehicles that give p, and a horizon H, a
    vehicle that accepts with w hours left gives ``h(w) = p mu (1 - exp(-min(w, e/p) / mu))`` of its energy e on
    average. One that comes at u and would accept d hours later is still there with chance ``exp(-d / mu)``, and then
    gives ``h(H - u - d)``; lambda H times the mean of that over arrivals in [0, H], reservation prices and energies is
    what vehicles to come could give. They share a charger: their number N is Poisson, it takes ``E[min(p N, L)]`` of
    what they offer, and only in the time that those who are parked leave.

    Source: [MSRC] Eq. 14, [MSRC] Eq. 15, [MSRC] Eq. 16 and Algorithm 1. Reconstructed: the paper expects a presence
    delta_e over the horizon and does not say how; these are the means of its own Poisson and exponential model.

    Args:
        world: an outage world that has been reset.
        index: which world of the batch.
        horizon_h: hours to look ahead.
    """
    constants = world.constants
    lifetime_h = _lifetime_h(world, index)
    most_kwh = constants.ev.site_limit_kw * horizon_h
    parked_kwh = np.minimum(_parked_kwh(world, index, lifetime_h, horizon_h), most_kwh)
    coming_kwh = _through_charger_kwh(_coming_kwh(constants, lifetime_h, horizon_h), horizon_h, constants.ev)
    free = 1.0 - parked_kwh / most_kwh if most_kwh > 0.0 else np.zeros_like(parked_kwh)
    return np.asarray(parked_kwh + coming_kwh * free)


def true_kwh(world: BlackoutWorld, index: int, horizon_h: float) -> FloatArray:
    """Energy ``[site]`` that the vehicles of the episode could give; arguments as in :func:`expected_kwh`.

    Steps are those of the world, and vehicles are those of its draws, which end with the episode.
    """
    constants = world.constants
    step_s = constants.scenario.time.physics_step_s
    steps = round(horizon_h * SECONDS_PER_HOUR / step_s)
    start_s = float(world.now_s[index])
    return _drained_kwh(world.fleet, index, _lifetime_h(world, index), start_s, step_s, steps, constants.ev)


def hours_until_price(reservation_price: FloatArray, lifetime_h: FloatArray, ev: EvParameters) -> FloatArray:
    """Hours until a site pays a price; 0 where it does already, infinite where it never will.

    Source: [MSRC] Eq. 16, solved for the time, with ``T_surv`` falling by an hour every hour:
    ``t = T_surv + tau ln((price / rho_base - 1) / alpha_urg)``.

    Args:
        reservation_price: $/kWh, any shape.
        lifetime_h: ``T_surv`` now, a shape that broadcasts.
        ev: constants.
    """
    excess = reservation_price / ev.base_price - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = excess / ev.urgency
        hours = np.maximum(lifetime_h + ev.urgency_time_h * np.log(share), 0.0)
    return np.where(excess <= 0.0, 0.0, np.where(share <= 1.0, hours, np.inf))


# --- inside -----------------------------------------------------------------------------------------------------------


def _lifetime_h(world: BlackoutWorld, index: int) -> FloatArray:
    """``T_surv`` of [MSRC] Eq. 16, ``[site]``."""
    return np.asarray(world.usable_kwh[index] / np.maximum(world.mean_power_kw[index], 1e-9))


def _parked_kwh(world: BlackoutWorld, index: int, lifetime_h: FloatArray, horizon_h: float) -> FloatArray:
    """Of vehicles that are parked, ``[site]``; those who have not accepted ask for more than is paid now."""
    constants, vehicles = world.constants, world.constants.scenario.vehicles
    fleet, parked = world.fleet, world.parked[index]
    site, slot = np.nonzero(parked)
    energy_kwh, accepted = fleet.energy_kwh[index, site, slot], fleet.accepted[index, site, slot]
    paid = world.vehicle_price[index, site]
    asked = paid[:, None] + np.maximum(vehicles.reservation_price_max - paid, 0.0)[:, None] * _midpoints(PRICES)
    wait_h = np.where(accepted[:, None], 0.0, hours_until_price(asked, lifetime_h[site, None], constants.ev))
    left_h = np.maximum(horizon_h - wait_h, 0.0)
    given = np.exp(-wait_h / vehicles.mean_stay_h) * _given_kwh(left_h, energy_kwh[:, None], vehicles)
    return np.asarray(np.bincount(site, given.mean(axis=1), constants.n_sites), dtype=np.float64)


def _coming_kwh(constants: BlackoutConstants, lifetime_h: FloatArray, horizon_h: float) -> FloatArray:
    """Of vehicles that will come, ``[site]``, if chargers had no limit of their own."""
    vehicles = constants.scenario.vehicles
    arrival_h = horizon_h * _midpoints(ARRIVALS)[None, :, None]
    asked = vehicles.reservation_price_max * _midpoints(PRICES) if vehicles.price_acceptance else np.zeros(1)
    lifetime_then_h = np.maximum(lifetime_h[:, None, None] - arrival_h, 0.0)
    wait_h = hours_until_price(asked[None, None, :], lifetime_then_h, constants.ev)
    left_h = np.maximum(horizon_h - arrival_h - wait_h, 0.0)
    hours, curve_kwh = _mean_given_kwh(vehicles, horizon_h)
    given = np.exp(-wait_h / vehicles.mean_stay_h) * np.interp(left_h, hours, curve_kwh)
    return np.asarray(vehicles.arrivals_per_day / HOURS_PER_DAY * horizon_h * given.mean(axis=(1, 2)))


def _through_charger_kwh(offered_kwh: FloatArray, horizon_h: float, ev: EvParameters) -> FloatArray:
    """What the limit of the charger leaves of energy that a Poisson number of vehicles offers."""
    number = offered_kwh / (ev.vehicle_limit_kw * horizon_h)
    fewer = np.arange(int(np.ceil(ev.site_limit_kw / ev.vehicle_limit_kw)))[:, None]
    chance = np.exp(xlogy(fewer, number) - number - gammaln(fewer + 1.0))
    missing_kw = (ev.site_limit_kw - ev.vehicle_limit_kw * fewer) * chance
    return np.asarray(horizon_h * np.maximum(ev.site_limit_kw - missing_kw.sum(axis=0), 0.0))


@lru_cache(maxsize=16)
def _mean_given_kwh(vehicles: Vehicles, horizon_h: float) -> tuple[FloatArray, FloatArray]:
    """Hours left when a vehicle accepts, and what it gives on average over energies and stays; both ``[point]``."""
    soc = vehicles.initial_soc_low + (vehicles.initial_soc_high - vehicles.initial_soc_low) * _midpoints(STATES)
    capacity_kwh = vehicles.capacity_mean_kwh + vehicles.capacity_sigma_kwh * normal_of(_midpoints(CAPACITIES))
    capacity_kwh = np.clip(capacity_kwh, vehicles.capacity_min_kwh, vehicles.capacity_max_kwh)
    energy_kwh = np.outer(np.maximum(soc - vehicles.soc_min, 0.0), capacity_kwh).ravel()
    hours = np.linspace(0.0, horizon_h, CURVE_POINTS)
    return hours, np.asarray(_given_kwh(hours[:, None], energy_kwh, vehicles).mean(axis=1))


def _given_kwh(left_h: FloatArray, energy_kwh: FloatArray, vehicles: Vehicles) -> FloatArray:
    """What a vehicle gives on average that accepts with some hours left."""
    stay_h, power_kw = vehicles.mean_stay_h, vehicles.vehicle_limit_kw
    return np.asarray(power_kw * stay_h * -np.expm1(-np.minimum(left_h, energy_kwh / power_kw) / stay_h))


def _midpoints(count: int) -> FloatArray:
    return np.asarray((np.arange(count) + 0.5) / count)


@kernel
def _drained_kwh(
    fleet: Fleet, world: int, lifetime_h: FloatArray, start_s: float, step_s: float, steps: int, ev: EvParameters
) -> FloatArray:
    """Energy ``[site]`` of vehicles that give all they may, at prices that rise."""
    n_sites, n_slots = fleet.energy_kwh.shape[1:]
    drained = np.zeros(n_sites)
    offers: BoolArray = np.zeros(n_slots, dtype=np.bool_)
    step_h = step_s / SECONDS_PER_HOUR
    for site in range(n_sites):
        accepted, energy_kwh = fleet.accepted[world, site].copy(), fleet.energy_kwh[world, site].copy()
        for step in range(steps):
            price = offered_price(max(lifetime_h[site] - step * step_h, 0.0), 1.0, True, ev)
            now_s = start_s + step * step_s
            if accepting_vehicles(fleet, world, site, price, True, now_s, step_s, accepted, offers, ev):
                power_kw = available_power_kw(energy_kwh, offers, step_h, ev)
                energy_kwh = discharge(energy_kwh, offers, power_kw, step_h, ev)
                drained[site] += power_kw * step_h
    return drained
