"""Exogenous draws of one outage episode: users, channels, demands and vehicles, from the seed alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltran.envs.draws import Stream, generator
from voltran.envs.outage.model import CLASS_NAMES, OutageModel
from voltran.physics import propagation
from voltran.physics.layout import FloatArray, in_some_cell
from voltran.physics.propagation import (
    INDOOR_DEPTH_MAX_M,
    INDOOR_SPREAD_DB,
    building_loss_db,
    line_of_sight_probability,
)
from voltran.physics.radio import covered_users
from voltran.physics.units import SECONDS_PER_HOUR

# Draws of a position that may fall outside the service area before the hotspot's centre is taken instead.
PLACEMENT_TRIES = 16
COVERAGE_TRIES = 10


@dataclass(frozen=True)
class ChannelDraws:
    """Random part of the channels; fixed for the episode, also where users move.

    Attributes:
        sight_uniform: ``[site, user]`` line of sight where below its probability.
        shadowing_normal: ``[site, user]`` standard normal.
        indoor: ``[user]``.
        depth_m, wall_db: ``[user]`` building loss.
    """

    sight_uniform: FloatArray
    shadowing_normal: FloatArray
    indoor: NDArray[np.bool_]
    depth_m: FloatArray
    wall_db: FloatArray

    def replace(self, users: NDArray[np.int64], others: "ChannelDraws") -> None:
        """Give some users the channels of ``others``, in order."""
        for name in ("sight_uniform", "shadowing_normal", "indoor", "depth_m", "wall_db"):
            getattr(self, name)[..., users] = getattr(others, name)


@dataclass(frozen=True)
class VehicleDraws:
    """Vehicles of all sites ``[site, slot]``, sorted by departure; empty slots lie at infinity."""

    arrival_s: FloatArray
    departure_s: FloatArray
    usable_kwh: FloatArray
    reservation_price: FloatArray


def draw_load_factor(model: OutageModel, seed: int) -> float:
    """Load factor of the episode: the scenario's, or one of its list."""
    factor = model.scenario.traffic.load_factor
    if not isinstance(factor, int | float):
        return float(generator(seed, Stream.SCENARIO).choice(np.asarray(factor)))
    return float(factor)


def draw_positions(model: OutageModel, seed: int) -> FloatArray:
    """Positions ``[user, 2]`` at the start: hotspots in the cells, the rest uniform over the service area."""
    users = model.scenario.users
    if users.positions_m is not None:
        return np.asarray(users.positions_m, dtype=np.float64)
    rng = generator(seed, Stream.USERS)
    n_hot = round(users.hotspot_share * users.count)
    if users.hotspots == "per_cell":
        centres = model.sites_m + _in_cell(model, rng, model.n_sites)
        chosen = np.arange(n_hot) % model.n_sites
    else:
        home = rng.integers(model.n_sites, size=users.free_hotspots)
        centres = model.sites_m[home] + _in_cell(model, rng, users.free_hotspots)
        chosen = rng.integers(users.free_hotspots, size=n_hot)
    hot = _around(model, rng, centres[chosen], users.hotspot_sigma_m)
    n_spread = users.count - n_hot
    spread = model.sites_m[rng.integers(model.n_sites, size=n_spread)] + _in_cell(model, rng, n_spread)
    return np.concatenate([hot, spread])


def draw_classes(model: OutageModel, seed: int) -> NDArray[np.int64]:
    """Service class ``[user]`` (0 emergency to 3 best effort): exact shares, randomly assigned."""
    users = model.scenario.users
    if users.classes is not None:
        return np.array([CLASS_NAMES.index(name) for name in users.classes])
    bounds = np.cumsum([service.share for service in model.scenario.traffic.classes]) * users.count
    classes = np.searchsorted(np.round(bounds[:-1]), np.arange(users.count), side="right")
    return generator(seed, Stream.USERS, 1).permutation(classes)


def draw_demand_mbps(model: OutageModel, seed: int, window: int, classes: NDArray[np.int64]) -> FloatArray:
    """Demand ``[user]`` in one demand window; the load factor scales elastic classes. Source: [MSRC] Table I."""
    normal = generator(seed, Stream.DEMAND, window).standard_normal(classes.size)
    load_factor = draw_load_factor(model, seed)
    demand = np.empty(classes.shape[0])
    for index, service in enumerate(model.scenario.traffic.classes):
        members = classes == index
        if service.constant_mbps is not None:
            demand[members] = service.constant_mbps
        else:
            demand[members] = np.exp((service.mean_log_mbps or 0.0) + service.log_sigma * normal[members])
        if service.elastic:
            demand[members] *= load_factor
    return demand


def draw_channels(model: OutageModel, seed: int, n_users: int, attempt: int = 0) -> ChannelDraws:
    """Line of sight, shadowing (partly common to all sites) and building loss of some users."""
    rng = generator(seed, Stream.CHANNEL, attempt)
    n_sites = model.n_sites
    common = model.scenario.radio.shadowing_site_common_share
    own = rng.standard_normal((n_sites, n_users))
    shared = rng.standard_normal(n_users)
    return ChannelDraws(
        sight_uniform=rng.random((n_sites, n_users)),
        shadowing_normal=np.sqrt(1.0 - common) * own + np.sqrt(common) * shared,
        indoor=rng.random(n_users) < model.scenario.users.indoor_share,
        depth_m=rng.uniform(0.0, INDOOR_DEPTH_MAX_M, (2, n_users)).min(axis=0),
        wall_db=INDOOR_SPREAD_DB * rng.standard_normal(n_users),
    )


def received_power_mw(model: OutageModel, channels: ChannelDraws, distance: FloatArray) -> FloatArray:
    """Power ``[band, site, user]`` that users at distances ``[site, user]`` receive from each site, were it sending."""
    radio = model.scenario.radio
    if radio.line_of_sight == "random":
        sight = channels.sight_uniform < line_of_sight_probability(distance)
    else:
        sight = np.full(distance.shape, radio.line_of_sight == "always")
    building_db = np.stack(
        [building_loss_db(frequency, channels.depth_m, channels.wall_db) for frequency in model.frequencies_ghz]
    )
    return propagation.received_power_mw(
        distance,
        sight,
        channels.shadowing_normal if radio.shadowing else np.zeros(distance.shape),
        np.where(channels.indoor, building_db, 0.0),
        model.transmit_dbm,
        model.frequencies_ghz,
        radio.site_height_m,
        model.scenario.users.height_m,
    )


def draw_covered_channels(model: OutageModel, seed: int, distance: FloatArray) -> tuple[ChannelDraws, FloatArray]:
    """Channels under which normal operation covers the users, where the scenario asks for that, and received powers.

    Args:
        model, seed: the scenario's constants, and the episode.
        distance: ``[site, user]`` in metres.

    Who had no service before the outage cannot lose it: a user that no site serves in normal operation draws its
    channel again, a few times at most.
    """
    channels = draw_channels(model, seed, distance.shape[1])
    received = received_power_mw(model, channels, distance)
    if not model.scenario.users.covered_at_start:
        return channels, received
    uncovered = np.arange(distance.shape[1])
    for attempt in range(1, COVERAGE_TRIES + 1):
        radius_m = model.scenario.radio.r_nom_m
        served = covered_users(received[..., uncovered], distance[:, uncovered], radius_m, model.radio)
        uncovered = uncovered[~served]
        if uncovered.size == 0:
            break
        again = draw_channels(model, seed, uncovered.size, attempt)
        channels.replace(uncovered, again)
        received[..., uncovered] = received_power_mw(model, again, distance[:, uncovered])
    return channels, received


def draw_vehicles(model: OutageModel, seed: int) -> VehicleDraws:
    """Poisson arrivals from a stationary start, exponential stays. Source: [MSRC] Section V and Table I."""
    vehicles = model.scenario.vehicles
    rng = generator(seed, Stream.VEHICLES)
    n_present, n_arriving = model.vehicle_slots
    shape = (model.n_sites, n_present + n_arriving)
    rate_per_h = vehicles.arrivals_per_day / 24.0
    present = rng.poisson(rate_per_h * vehicles.mean_stay_h, model.n_sites)
    gaps_h = rng.standard_exponential((model.n_sites, n_arriving)) / max(rate_per_h, 1e-12)
    arrival_s = np.concatenate([np.zeros((model.n_sites, n_present)), np.cumsum(gaps_h, axis=1) * SECONDS_PER_HOUR], 1)
    stay_s = rng.standard_exponential(shape) * vehicles.mean_stay_h * SECONDS_PER_HOUR
    capacity = rng.normal(vehicles.capacity_mean_kwh, vehicles.capacity_sigma_kwh, shape)
    capacity = np.clip(capacity, vehicles.capacity_min_kwh, vehicles.capacity_max_kwh)
    soc = rng.uniform(vehicles.initial_soc_low, vehicles.initial_soc_high, shape)
    price = rng.uniform(0.0, vehicles.price_max, shape)
    slot = np.arange(shape[1])
    empty = (slot < n_present) & (slot >= present[:, None]) | (arrival_s >= model.scenario.time.horizon_h * 3600.0)
    arrival_s = np.where(empty, np.inf, arrival_s)
    departure_s = arrival_s + stay_s
    order = np.argsort(departure_s, axis=1, kind="stable")

    def sort(values: FloatArray) -> FloatArray:
        return np.take_along_axis(values, order, axis=1)

    usable = np.where(empty, 0.0, np.maximum(soc - vehicles.soc_min, 0.0) * capacity)
    return VehicleDraws(
        arrival_s=sort(arrival_s),
        departure_s=sort(departure_s),
        usable_kwh=sort(usable),
        reservation_price=sort(price) if vehicles.price_acceptance else np.zeros(shape),
    )


def draw_waypoints_m(model: OutageModel, seed: int, start_m: FloatArray) -> FloatArray:
    """Random waypoints ``[waypoint, user, 2]`` from the start positions on, enough to walk until the horizon."""
    walk_m = model.scenario.users.speed_m_per_s * model.scenario.time.horizon_h * SECONDS_PER_HOUR
    # Legs of a random waypoint walk average about half the diameter of the area; a third leaves room to spare.
    leg_m = max(float(np.ptp(model.sites_m, axis=0).max()), model.scenario.layout.inter_site_distance_m) / 3.0
    rng = generator(seed, Stream.MOBILITY)
    count = start_m.shape[0]
    legs = [model.sites_m[rng.integers(model.n_sites, size=count)] for _ in range(int(np.ceil(walk_m / leg_m)) + 2)]
    return np.stack([start_m, *(centres + _in_cell(model, rng, count) for centres in legs)])


def positions_at_m(waypoints_m: FloatArray, walked_m: float) -> FloatArray:
    """Positions ``[user, 2]`` after walking some distance along the waypoints; the last one is not passed."""
    leg_m = np.linalg.norm(np.diff(waypoints_m, axis=0), axis=-1)
    reached_m = np.concatenate([np.zeros((1, leg_m.shape[1])), np.cumsum(leg_m, axis=0)])
    leg = np.minimum((reached_m[1:] <= walked_m).sum(axis=0), leg_m.shape[0] - 1)
    user = np.arange(leg_m.shape[1])
    share = np.clip((walked_m - reached_m[leg, user]) / np.maximum(leg_m[leg, user], 1e-9), 0.0, 1.0)[:, None]
    return np.asarray(waypoints_m[leg, user] * (1.0 - share) + waypoints_m[leg + 1, user] * share)


def _in_cell(model: OutageModel, rng: np.random.Generator, count: int) -> FloatArray:
    """Offsets ``[count, 2]`` uniform in a hexagonal cell: a point of one of the three rhombi that make it up."""
    angles = np.pi / 6.0 + np.arange(3) * 2.0 * np.pi / 3.0
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    corners *= model.scenario.layout.inter_site_distance_m / np.sqrt(3.0)
    rhombus = rng.integers(3, size=count)
    along = rng.random((2, count, 1))
    return np.asarray(along[0] * corners[rhombus] + along[1] * corners[(rhombus + 1) % 3])


def _around(model: OutageModel, rng: np.random.Generator, centres_m: FloatArray, sigma_m: float) -> FloatArray:
    """Positions normally scattered around centres, within the service area."""
    positions = centres_m.copy()
    outside = np.arange(centres_m.shape[0])
    for _ in range(PLACEMENT_TRIES):
        if outside.size == 0:
            break
        tries = centres_m[outside] + sigma_m * rng.standard_normal((outside.size, 2))
        inside = in_some_cell(tries, model.sites_m, model.scenario.layout.inter_site_distance_m)
        positions[outside[inside]] = tries[inside]
        outside = outside[~inside]
    return positions
