"""Exogenous draws of one outage episode: users, demands, vehicles and walks, from the seed alone.

What belongs to a user, a site or a vehicle depends on its number, not on how many there are, on the horizon or on the
arrival rate: fewer users are the first ones of more, and fewer vehicles are among more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.constants import CLASS_NAMES, BlackoutConstants
from voltran.envs.draws import Stream, exponential_of, generator, normal_of
from voltran.physics.arrays import FloatArray
from voltran.physics.layout import in_some_cell
from voltran.physics.units import HOURS_PER_DAY, SECONDS_PER_HOUR

# Draws of a position that may fall outside the service area before the hotspot's centre is taken instead.
PLACEMENT_TRIES = 16
# Parts of the stream of users.
PLACES, CLASSES, HOT, CENTRES, TURNS, SCATTER = range(6)
VEHICLES_PER_BLOCK = 16
VEHICLE_MARKS = 6
DAY_S = HOURS_PER_DAY * SECONDS_PER_HOUR


@dataclass(frozen=True)
class VehicleDraws:
    """Vehicles of all sites ``[site, slot]``, sorted by departure; empty slots lie at infinity."""

    arrival_s: FloatArray
    departure_s: FloatArray
    usable_kwh: FloatArray
    capacity_kwh: FloatArray
    reservation_price: FloatArray


@dataclass(frozen=True)
class Walk:
    """Random waypoints of all users.

    Attributes:
        waypoints_m: ``[waypoint, user, 2]`` from the start positions on.
        reached_m: ``[waypoint, user]`` distance walked up to each.
    """

    waypoints_m: FloatArray
    reached_m: FloatArray

    def positions_at_m(self, walked_m: float) -> FloatArray:
        """Positions ``[user, 2]`` after walking some distance; the last waypoint is not passed."""
        leg = np.minimum((self.reached_m[1:] <= walked_m).sum(axis=0), self.reached_m.shape[0] - 2)
        user = np.arange(leg.size)
        before_m, leg_m = self.reached_m[leg, user], self.reached_m[leg + 1, user] - self.reached_m[leg, user]
        share = np.clip((walked_m - before_m) / np.maximum(leg_m, 1e-9), 0.0, 1.0)[:, None]
        return np.asarray(self.waypoints_m[leg, user] * (1.0 - share) + self.waypoints_m[leg + 1, user] * share)


def draw_load_factor(constants: BlackoutConstants, seed: int) -> float:
    """Load factor of the episode: the scenario's, or one of its list."""
    factor = constants.scenario.traffic.load_factor
    if not isinstance(factor, int | float):
        return float(generator(seed, Stream.SCENARIO).choice(np.asarray(factor)))
    return float(factor)


def draw_positions(constants: BlackoutConstants, seed: int) -> FloatArray:
    """Positions ``[user, 2]`` at the start: hotspots in the cells, the rest uniform over the service area."""
    users, n_sites = constants.scenario.users, constants.n_sites
    if users.positions_m is not None:
        return np.asarray(users.positions_m, dtype=np.float64)
    place = generator(seed, Stream.USERS, PLACES).random((users.count, 5))
    positions = constants.sites_m[_index(place[:, 0], n_sites)] + _in_cell(constants, place[:, 1:4])
    hot = np.flatnonzero(draw_hotspot_users(constants, seed))
    if users.hotspots == "per_cell":
        centre_cell, chosen = np.arange(n_sites), _cells_in_turn(constants, seed, hot.size)
        offset = generator(seed, Stream.USERS, CENTRES).random((n_sites, 3))
    else:
        drawn = generator(seed, Stream.USERS, CENTRES).random((users.free_hotspots, 4))
        centre_cell, offset = _index(drawn[:, 3], n_sites), drawn[:, :3]
        chosen = _index(place[hot, 4], users.free_hotspots)
    centres = constants.sites_m[centre_cell] + _in_cell(constants, offset)
    positions[hot] = _around(constants, seed, hot, centres[chosen])
    return positions


def draw_hotspot_users(constants: BlackoutConstants, seed: int) -> NDArray[np.bool_]:
    """Users ``[user]`` who are in hotspots: an exact share, randomly assigned."""
    users = constants.scenario.users
    return evenly_assigned(users.hotspot_share, generator(seed, Stream.USERS, HOT).random(users.count))


def draw_classes(constants: BlackoutConstants, seed: int) -> NDArray[np.int64]:
    """Service class ``[user]`` (0 emergency to 3 best effort): exact shares, randomly assigned."""
    users = constants.scenario.users
    if users.classes is not None:
        return np.array([CLASS_NAMES.index(name) for name in users.classes])
    share = [service.share for service in constants.scenario.traffic.classes]
    uniform = generator(seed, Stream.USERS, CLASSES).random((users.count, 3))
    first_two = evenly_assigned(share[0] + share[1], uniform[:, 0])
    classes = np.empty(users.count, dtype=np.int64)
    for column, (members, first, second) in enumerate(((first_two, 0, 1), (~first_two, 2, 3)), start=1):
        of_both = max(share[first] + share[second], 1e-12)
        chosen = evenly_assigned(share[first] / of_both, uniform[: int(members.sum()), column])
        classes[members] = np.where(chosen, first, second)
    return classes


def evenly_assigned(share: float, uniform: FloatArray) -> NDArray[np.bool_]:
    """Who belongs to a group that has a share of all: one of each ``1 / share`` in a row, at a random place.

    Args:
        share: of the group, in [0, 1].
        uniform: ``[user]`` uniform numbers.

    Returns:
        ``[user]``; among the first ``n`` there are ``n * share``, rounded up or down, whatever ``n``.
    """
    if share > 0.5:
        return ~evenly_assigned(1.0 - share, uniform)
    member = np.zeros(uniform.size, dtype=np.bool_)
    if share > 0.0:
        number = np.arange(int(np.ceil(uniform.size * share)))
        place = np.floor((number + uniform[: number.size]) / share).astype(np.int64)
        # The stretches of two members can meet in one place; the next one is then free, as they are two or longer.
        place[1:] = np.maximum(place[1:], place[:-1] + 1)
        member[place[place < uniform.size]] = True
    return member


def draw_demand_mbps(constants: BlackoutConstants, seed: int, window: int, classes: NDArray[np.int64]) -> FloatArray:
    """Demand ``[user]`` in one demand window; the load factor scales elastic classes. Source: [MSRC] Table I."""
    normal = generator(seed, Stream.DEMAND, window).standard_normal(classes.size)
    load_factor = draw_load_factor(constants, seed)
    demand = np.empty(classes.shape[0])
    for index, service in enumerate(constants.scenario.traffic.classes):
        members = classes == index
        if service.constant_mbps is not None:
            demand[members] = service.constant_mbps
        else:
            demand[members] = np.exp((service.mean_log_mbps or 0.0) + service.log_sigma * normal[members])
        if service.elastic:
            demand[members] *= load_factor
    return demand


def expected_demand_mbps(constants: BlackoutConstants, seed: int, classes: NDArray[np.int64]) -> FloatArray:
    """Mean of :func:`draw_demand_mbps` over demand windows, ``[user]``: of a log-normal, ``exp(mu + sigma^2 / 2)``."""
    services, load_factor = constants.scenario.traffic.classes, draw_load_factor(constants, seed)
    mean = np.array([
        (load_factor if service.elastic else 1.0)
        * (
            service.constant_mbps
            if service.constant_mbps is not None
            else np.exp((service.mean_log_mbps or 0.0) + service.log_sigma**2 / 2.0)
        )
        for service in services
    ])  # fmt: skip
    return np.asarray(mean[classes])


def draw_vehicles(constants: BlackoutConstants, seed: int) -> VehicleDraws:
    """Poisson arrivals from a stationary start, exponential stays. Source: [MSRC] Section V and Table I."""
    vehicles, horizon_h = constants.scenario.vehicles, constants.scenario.time.horizon_h
    rate_per_h = vehicles.arrivals_per_day / HOURS_PER_DAY
    parts = [_draw_crowd(constants, seed, 0, rate_per_h * vehicles.mean_stay_h)]
    parts += [
        _draw_crowd(constants, seed, 1 + day, rate_per_h * HOURS_PER_DAY)
        for day in range(int(np.ceil(horizon_h / HOURS_PER_DAY)))
    ]
    arrival_s = [np.zeros(parts[0].shape[:2])]
    arrival_s += [(day + part[..., 1]) * DAY_S for day, part in enumerate(parts[1:])]
    marks, arrival = np.concatenate(parts, axis=1), np.concatenate(arrival_s, axis=1)
    empty = np.isnan(marks[..., 0]) | (arrival >= horizon_h * SECONDS_PER_HOUR)
    arrival = np.where(empty, np.inf, arrival)
    departure = arrival + exponential_of(marks[..., 2]) * vehicles.mean_stay_h * SECONDS_PER_HOUR
    capacity = vehicles.capacity_mean_kwh + vehicles.capacity_sigma_kwh * normal_of(marks[..., 3])
    capacity = np.clip(capacity, vehicles.capacity_min_kwh, vehicles.capacity_max_kwh)
    soc = vehicles.initial_soc_low + (vehicles.initial_soc_high - vehicles.initial_soc_low) * marks[..., 4]
    price = vehicles.reservation_price_max * marks[..., 5] if vehicles.price_acceptance else np.zeros(empty.shape)
    order = np.argsort(departure, axis=1, kind="stable")[:, : sum(constants.vehicle_slots)]

    def slots(values: FloatArray, otherwise: float) -> FloatArray:
        laid_out = np.full((constants.n_sites, sum(constants.vehicle_slots)), otherwise)
        laid_out[:, : order.shape[1]] = np.take_along_axis(np.where(empty, otherwise, values), order, axis=1)
        return laid_out

    return VehicleDraws(
        arrival_s=slots(arrival, np.inf),
        departure_s=slots(departure, np.inf),
        usable_kwh=slots(np.maximum(soc - vehicles.soc_min, 0.0) * capacity, 0.0),
        capacity_kwh=slots(capacity, 0.0),
        reservation_price=slots(price, 0.0),
    )


def draw_walk(constants: BlackoutConstants, seed: int, start_m: FloatArray) -> Walk:
    """Random waypoints from start positions ``[user, 2]`` on, enough to walk until the horizon."""
    walk_m = constants.scenario.users.speed_m_per_s * constants.scenario.time.horizon_h * SECONDS_PER_HOUR
    places_m, reached_m = [start_m], [np.zeros(start_m.shape[0])]
    while len(places_m) == 1 or reached_m[-1].min() < walk_m:
        uniform = generator(seed, Stream.MOBILITY, len(places_m) - 1).random((start_m.shape[0], 4))
        place_m = constants.sites_m[_index(uniform[:, 3], constants.n_sites)] + _in_cell(constants, uniform[:, :3])
        reached_m.append(reached_m[-1] + np.linalg.norm(place_m - places_m[-1], axis=1))
        places_m.append(place_m)
    return Walk(np.stack(places_m), np.stack(reached_m))


def _draw_crowd(constants: BlackoutConstants, seed: int, window: int, expected: float) -> FloatArray:
    """Marks ``[site, vehicle, mark]`` of the vehicles of one window, NaN for those who do not come.

    Each site has an endless queue of vehicles. A vehicle comes if the expected number passes its level, and levels are
    the points of a Poisson process of rate 1: so many come, and the more are expected, the more of the queue comes.
    """
    blocks: list[FloatArray] = []
    reached = np.zeros((constants.n_sites, 1))
    while not blocks or reached.min() < expected:
        shape = (constants.n_sites, VEHICLES_PER_BLOCK, VEHICLE_MARKS)
        marks = generator(seed, Stream.VEHICLES, window, len(blocks)).random(shape)
        level = reached + np.cumsum(exponential_of(marks[..., 0]), axis=1)
        marks[level >= expected] = np.nan
        blocks.append(marks)
        reached = level[:, -1:]
    return np.concatenate(blocks, axis=1)


def _index(uniform: FloatArray, count: int) -> NDArray[np.int64]:
    """Uniform whole numbers below ``count`` from uniform numbers in [0, 1)."""
    return np.asarray((uniform * count).astype(np.int64))


def _cells_in_turn(constants: BlackoutConstants, seed: int, count: int) -> NDArray[np.int64]:
    """Cells ``[count]``, all of them in each round, in a random order of its own."""
    rounds = -(-count // constants.n_sites)
    order = generator(seed, Stream.USERS, TURNS).random((rounds, constants.n_sites)).argsort(axis=1)
    return np.asarray(order.ravel()[:count])


def _in_cell(constants: BlackoutConstants, uniform: FloatArray) -> FloatArray:
    """Offsets ``[count, 2]`` uniform in a hexagonal cell: a point of one of the three rhombi that make it up."""
    angles = np.pi / 6.0 + np.arange(3) * 2.0 * np.pi / 3.0
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    corners *= constants.inter_site_distance_m / np.sqrt(3.0)
    rhombus = _index(uniform[:, 0], 3)
    return np.asarray(uniform[:, 1:2] * corners[rhombus] + uniform[:, 2:3] * corners[(rhombus + 1) % 3])


def _around(constants: BlackoutConstants, seed: int, users: NDArray[np.int64], centres_m: FloatArray) -> FloatArray:
    """Positions of some users, normally scattered around centres, within the service area."""
    positions = centres_m.copy()
    outside = np.arange(users.size)
    for attempt in range(PLACEMENT_TRIES):
        if outside.size == 0:
            break
        scatter = generator(seed, Stream.USERS, SCATTER, attempt).standard_normal((int(users[outside[-1]]) + 1, 2))
        tries = centres_m[outside] + constants.scenario.users.hotspot_sigma_m * scatter[users[outside]]
        inside = in_some_cell(tries, constants.sites_m, constants.inter_site_distance_m)
        positions[outside[inside]] = tries[inside]
        outside = outside[~inside]
    return positions
