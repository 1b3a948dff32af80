"""Users and vehicles of a batch of episodes: exogenous draws laid out as arrays with a leading world axis."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout import channels, draws
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.home_users import blank_home_view, update_home_view
from voltran.envs.blackout.service import Population, home_sites
from voltran.envs.errors import ScenarioError
from voltran.envs.seeds import unset_seeds
from voltran.physics.arrays import FloatArray
from voltran.physics.ev import is_present
from voltran.physics.fleet import Fleet
from voltran.physics.layout import distances_m
from voltran.physics.power import HELPING, NORMAL
from voltran.physics.radio import covered_users

# Users that normal operation cannot reach although they drew their channels again; more are an error.
UNCOVERED_SHARE_MAX = 0.05


class Drawn(NamedTuple):
    """Everything drawn for the start of an episode.

    Attributes:
        seed: the episode's.
        classes: ``[user]``.
        start_m: ``[user, 2]``.
        distance_m: ``[site, user]``.
        channels: of all users.
        received_mw: ``[band, site, user]``.
        vehicles: of all sites.
    """

    seed: int
    classes: NDArray[np.int64]
    start_m: FloatArray
    distance_m: FloatArray
    channels: channels.ChannelDraws
    received_mw: FloatArray
    vehicles: draws.VehicleDraws


def draw_inhabitants(constants: BlackoutConstants, seed: int) -> Drawn:
    """Users and vehicles of one episode.

    Raises:
        ScenarioError: the scenario asks for covered users, and many are beyond the reach of every site.
    """
    start_m = draws.draw_positions(constants, seed)
    distance = distances_m(constants.sites_m, start_m)
    drawn, received_mw, uncovered = channels.draw_covered_channels(constants, seed, distance)
    share = uncovered.size / constants.n_users
    if constants.scenario.users.covered_at_start and share > UNCOVERED_SHARE_MAX:
        raise ScenarioError(
            f"seed {seed}: in normal operation no site reaches {share:.1%} of the users (at most "
            f"{UNCOVERED_SHARE_MAX:.0%} may be left out); lower layout.inter_site_distance_m, raise radio.r_nom_m = "
            f"{constants.r_nom_m:g}, move users.positions_m, or set users.covered_at_start = false to play all the same"
        )
    classes = draws.draw_classes(constants, seed)
    return Drawn(seed, classes, start_m, distance, drawn, received_mw, draws.draw_vehicles(constants, seed))


class Inhabitants:
    """Draws of all worlds; each world's depend on its seed (and the time) alone.

    Attributes:
        users: what users bring to radio and scheduling.
        home_view: what they mean to each site.
        seed: ``[B]`` of the episodes.
        arrival_s, departure_s, usable_kwh, capacity_kwh, reservation_price: ``[B, site, slot]`` vehicles as drawn.
    """

    def __init__(self, constants: BlackoutConstants, n_worlds: int) -> None:
        self.constants = constants
        n_sites, n_users, n_bands = constants.n_sites, constants.n_users, constants.n_bands
        precision = np.dtype(constants.scenario.radio.precision)

        def indices(*shape: int) -> NDArray[np.int16]:
            return np.zeros((n_worlds, *shape), dtype=np.int16)

        self.users = Population(
            received_mw=np.zeros((n_worlds, n_bands, n_sites, n_users), dtype=precision),
            distance_m=np.zeros((n_worlds, n_sites, n_users), dtype=np.float32),
            service_class=indices(n_users),
            demand_mbps=np.ones((n_worlds, n_users)),
            minimum_mbps=np.zeros((n_worlds, n_users)),
            weight=np.ones((n_worlds, n_users)),
            home=indices(n_users),
            second=indices(n_users),
            servable=np.ones((n_worlds, n_users), dtype=np.bool_),
        )
        self.home_view = blank_home_view(constants, n_worlds)
        self.n_slots = sum(constants.vehicle_slots)
        shape = (n_worlds, n_sites, self.n_slots)
        self.arrival_s, self.departure_s = np.full(shape, np.inf), np.full(shape, np.inf)
        self.usable_kwh, self.capacity_kwh = np.zeros(shape), np.zeros(shape)
        self.reservation_price = np.zeros(shape)
        self.seed = unset_seeds(n_worlds)
        self._demand_window = np.full(n_worlds, -1)
        self._channels: list[channels.ChannelDraws | None] = [None] * n_worlds
        self._start_m = np.zeros((n_worlds, n_users, 2))
        self._walk: list[draws.Walk | None] = [None] * n_worlds
        self._place_s = np.zeros(n_worlds)

    def load(self, world: int, drawn: Drawn) -> None:
        """Put one world at the start of an episode that has been drawn."""
        users, vehicles = self.users, drawn.vehicles
        users.service_class[world] = drawn.classes
        users.weight[world] = self.constants.class_weight[drawn.classes]
        self.seed[world] = drawn.seed
        self._start_m[world], self._channels[world] = drawn.start_m, drawn.channels
        self._demand_window[world] = -1
        self._walk[world] = None
        self._place(world, drawn.distance_m, drawn.received_mw, 0.0)
        self._draw_demand(world, 0)
        update_home_view(self.home_view, self.constants, users, world)
        self.arrival_s[world], self.departure_s[world] = vehicles.arrival_s, vehicles.departure_s
        self.usable_kwh[world], self.capacity_kwh[world] = vehicles.usable_kwh, vehicles.capacity_kwh
        self.reservation_price[world] = vehicles.reservation_price

    def advance_to(self, world: int, time_s: float) -> bool:
        """Move users and redraw demands for a decision period that starts at ``time_s``; True if anything changed."""
        scenario = self.constants.scenario
        changed = False
        if scenario.traffic.redraw_period_s is not None:
            window = int(time_s // scenario.traffic.redraw_period_s)
            if window != self._demand_window[world]:
                self._draw_demand(world, window)
                changed = True
        if scenario.users.speed_m_per_s > 0.0 and time_s != self._place_s[world]:
            self._move(world, time_s)
            changed = True
        if changed:
            update_home_view(self.home_view, self.constants, self.users, world)
        return changed

    def fleet(self, energy_kwh: FloatArray, accepted: NDArray[np.bool_]) -> Fleet:
        """The vehicles with their present energy and acceptance, as the physics takes them."""
        return Fleet(self.arrival_s, self.departure_s, self.reservation_price, energy_kwh, self.capacity_kwh, accepted)

    def present(self, time_s: FloatArray, step_s: float) -> NDArray[np.bool_]:
        """Vehicles ``[B, site, slot]`` parked during the step that starts at ``time_s [B]``."""
        present: NDArray[np.bool_] = is_present(self.arrival_s, self.departure_s, time_s[:, None, None], step_s)
        return present

    def _move(self, world: int, time_s: float) -> None:
        constants, seed = self.constants, self.seed[world]
        start, walk = self._channels[world], self._walk[world]
        assert start is not None, "channels are drawn before users move"
        if walk is None:
            walk = self._walk[world] = draws.draw_walk(constants, seed, self._start_m[world])
        walked_m = constants.scenario.users.speed_m_per_s * time_s
        distance = distances_m(constants.sites_m, walk.positions_at_m(walked_m))
        here = channels.walked_channels(constants, seed, start, walked_m)
        self._place(world, distance, channels.received_power_mw(constants, here, distance), time_s)

    def _place(self, world: int, distance: FloatArray, received_mw: FloatArray, time_s: float) -> None:
        constants, users = self.constants, self.users
        users.received_mw[world] = received_mw
        users.distance_m[world] = distance
        expanded_m = float(constants.mode_radius_m[HELPING])
        users.home[world], users.second[world] = home_sites(
            users.received_mw[world], users.distance_m[world], expanded_m, constants.radio
        )
        nominal_m = float(constants.mode_radius_m[NORMAL])
        users.servable[world] = covered_users(
            users.received_mw[world], users.distance_m[world], nominal_m, constants.radio
        )
        self._place_s[world] = time_s

    def _draw_demand(self, world: int, window: int) -> None:
        constants, users = self.constants, self.users
        classes = users.service_class[world].astype(np.int64)
        demand = draws.draw_demand_mbps(constants, self.seed[world], window, classes)
        users.demand_mbps[world] = demand
        services = constants.scenario.traffic.classes
        share = np.array([service.minimum_share for service in services])[classes]
        fixed = np.array([np.nan if service.minimum_mbps is None else service.minimum_mbps for service in services])
        users.minimum_mbps[world] = share * np.where(np.isnan(fixed[classes]), demand, fixed[classes])
        self._demand_window[world] = window
