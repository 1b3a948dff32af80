"""Constants of the outage world as its specification prints them, and random instances made with a seed."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, Int16Array, IntArray
from voltran.physics.association import Association, associate
from voltran.physics.balance import EnergyOrders, Restart
from voltran.physics.battery import BatteryParameters
from voltran.physics.ev import EvParameters
from voltran.physics.fleet import Fleet
from voltran.physics.layout import distances_m, hexagonal_sites
from voltran.physics.power import PowerParameters
from voltran.physics.propagation import line_of_sight_probability, path_loss_db, shadowing_deviation_db
from voltran.physics.radio import RadioParameters, noise_mw
from voltran.physics.scheduler import Schedule, SchedulerParameters, schedule

FREQUENCY_GHZ = np.array([0.8, 1.8, 2.6, 3.7])
SECTOR_BANDWIDTH_MHZ = np.array([10.0, 20.0, 20.0, 100.0])
TRANSMIT_AND_GAIN_DBM = np.array([61.0, 61.0, 61.0, 73.0])
NOISE_FIGURE_DB = 7.0
THRESHOLD_DB = -6.0
SITE_HEIGHT_M = 25.0
USER_HEIGHT_M = 1.5
ALL_BANDS = 0b1111
LOW_BANDS = 0b0011

RADIO = RadioParameters(
    bandwidth_mhz=3.0 * SECTOR_BANDWIDTH_MHZ,
    noise_mw=noise_mw(SECTOR_BANDWIDTH_MHZ, NOISE_FIGURE_DB),
    sinr_min=10.0 ** (THRESHOLD_DB / 10.0),
    shannon_share=0.6,
    efficiency_max=4.4,
    helping_loss=0.05,
    hysteresis=0.3,
    passes=3,
    interference_per_site=False,
)
SCHEDULER = SchedulerParameters(
    band_order=np.array([3, 2, 1, 0]), capacity_mbps=np.array([50.0, 100.0, 120.0, 500.0]), helping_loss=0.05
)
POWER = PowerParameters(
    static_w=np.array([124.0, 142.0, 142.0, 380.0]),
    dynamic_w=np.array([300.0, 340.0, 340.0, 900.0]),
    w_per_mbps=np.array([0.30, 0.30, 0.30, 0.20]),
    standby_w=np.array([12.0, 14.0, 14.0, 38.0]),
    sleep_w=100.0,
    sectors=3,
)
BATTERY = BatteryParameters(
    capacity_kwh=20.0,
    soc_min=0.2,
    soc_max=1.0,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
    charge_limit_kw=5.0,
    discharge_limit_kw=10.0,
)
EV = EvParameters(
    site_limit_kw=7.0,
    vehicle_limit_kw=7.0,
    base_price=0.5,
    urgency=2.0,
    urgency_time_h=1.5,
    soc_min=0.33,
    price_soc_weight=0.0,
    price_mean_soc=0.65,
    charging=False,
    charging_soc=0.9,
)
BY_SOC = EV._replace(price_soc_weight=2.0)
CHARGING = EV._replace(charging=True, charging_soc=0.4)
RESTART_SOC = 0.25
RESTART = Restart(RESTART_SOC, hold_s=300.0)
STEP_S = 60.0


@dataclass(frozen=True)
class Network:
    """Everything the radio kernels ask for, for one world; shapes as in their documentation."""

    received_mw: NDArray[Any]
    distance_m: Float32Array
    mode: IntArray
    bands: IntArray
    radius_m: FloatArray
    alive: BoolArray
    last_server: Int16Array
    demand_mbps: FloatArray
    weight: FloatArray
    radio: RadioParameters
    scheduler: SchedulerParameters
    power: PowerParameters

    def associate(self) -> Association:
        """What the kernel makes of it."""
        cells = (
            self.received_mw,
            self.distance_m,
            self.mode,
            self.bands,
            self.radius_m,
            self.alive,
        )
        return associate(*cells, self.last_server, self.demand_mbps, self.radio)

    def schedule(self, association: Association) -> Schedule:
        """What the kernel makes of it and of an association."""
        return schedule(association, self.mode, self.bands, self.demand_mbps, self.weight, self.scheduler)

    def with_sites(self, order: IntArray) -> "Network":
        """The same network with its sites in another order."""
        place = np.append(np.argsort(order), -1)
        per_site = {name: getattr(self, name)[order] for name in ("distance_m", "mode", "bands", "radius_m", "alive")}
        last_server = place[self.last_server].astype(np.int16)
        received_mw = np.ascontiguousarray(self.received_mw[:, order])
        return replace(self, received_mw=received_mw, last_server=last_server, **per_site)

    def with_users(self, order: IntArray) -> "Network":
        """The same network with its users in another order."""
        per_user = {name: getattr(self, name)[order] for name in ("last_server", "demand_mbps", "weight")}
        received_mw = np.ascontiguousarray(self.received_mw[:, :, order])
        distance_m = np.ascontiguousarray(self.distance_m[:, order])
        return replace(self, received_mw=received_mw, distance_m=distance_m, **per_user)


def network(seed: int, n_sites: int = 19, n_users: int = 1000, n_bands: int = 4) -> Network:
    """A random hexagonal network in the middle of an outage: all modes, some sites dead, some users never served."""
    rng = np.random.default_rng(seed)
    site_m = hexagonal_sites(n_sites, 500.0)
    user_m = site_m[rng.integers(n_sites, size=n_users)] + rng.normal(0.0, 180.0, (n_users, 2))
    mode = rng.choice(4, n_sites, p=[0.5, 0.2, 0.2, 0.1])
    classes = rng.choice(4, n_users, p=[0.02, 0.15, 0.50, 0.33])
    mean_log, spread = np.array([0.0, 0.0, 0.0, 1.5]), np.array([0.0, 0.0, 0.5, 0.7])
    drawn = np.exp(rng.normal(mean_log[classes], spread[classes]))
    distance = distances_m(site_m, user_m)
    return Network(
        received_mw=received_powers_mw(rng, distance, n_bands),
        distance_m=distance.astype(np.float32),
        mode=mode,
        bands=np.where(mode == 2, LOW_BANDS, rng.choice([ALL_BANDS, 0b0111, 0b1001], n_sites)) % (1 << n_bands),
        radius_m=np.array([400.0, 800.0, 200.0, 0.0])[mode],
        alive=rng.random(n_sites) < 0.9,
        last_server=rng.integers(-1, n_sites, n_users).astype(np.int16),
        demand_mbps=np.where(classes < 2, 0.064, drawn),
        weight=np.array([1000.0, 100.0, 10.0, 1.0])[classes],
        radio=RADIO._replace(bandwidth_mhz=RADIO.bandwidth_mhz[:n_bands], noise_mw=RADIO.noise_mw[:n_bands]),
        scheduler=SCHEDULER._replace(
            band_order=np.arange(n_bands)[::-1].copy(), capacity_mbps=SCHEDULER.capacity_mbps[:n_bands]
        ),
        power=POWER._replace(
            static_w=POWER.static_w[:n_bands],
            dynamic_w=POWER.dynamic_w[:n_bands],
            w_per_mbps=POWER.w_per_mbps[:n_bands],
            standby_w=POWER.standby_w[:n_bands],
        ),
    )


def received_powers_mw(rng: np.random.Generator, distance_m: FloatArray, n_bands: int) -> FloatArray:
    """Powers ``[band, site, user]`` with shadowing and a loss into buildings for most users."""
    sight = rng.random(distance_m.shape) < line_of_sight_probability(distance_m)
    shadow_db = rng.normal(size=distance_m.shape) * shadowing_deviation_db(sight)
    indoor_db = np.where(rng.random(distance_m.shape[1]) < 0.7, 12.0, 0.0)
    levels_dbm = [
        TRANSMIT_AND_GAIN_DBM[band]
        - path_loss_db(distance_m, FREQUENCY_GHZ[band], sight, SITE_HEIGHT_M, USER_HEIGHT_M)
        - shadow_db
        - indoor_db
        for band in range(n_bands)
    ]
    return np.asarray(10.0 ** (np.stack(levels_dbm) / 10.0))


@dataclass(frozen=True)
class Depot:
    """Everything the energy step asks for; ``[B, site]``, vehicles ``[B, site, slot]``, time ``[B]``."""

    soc: FloatArray
    alive: BoolArray
    needed_kw: FloatArray
    load_kw: FloatArray
    mean_power_kw: FloatArray
    fleet: Fleet
    orders: EnergyOrders
    time_s: FloatArray
    ev: EvParameters = EV

    def row(self, world: int) -> "Depot":
        """The depot of one world alone, still with a leading axis."""
        one = slice(world, world + 1)
        return replace(self._select(one), time_s=self.time_s[one])

    def with_sites(self, order: IntArray) -> "Depot":
        """The same depot with its sites in another order."""
        return self._select((slice(None), order))

    def _select(self, index: Any) -> "Depot":
        def pick(field: NDArray[Any]) -> NDArray[Any]:
            # Kernels are compiled per memory layout: keep to one.
            return np.ascontiguousarray(field[index])

        return Depot(
            soc=pick(self.soc),
            alive=pick(self.alive),
            needed_kw=pick(self.needed_kw),
            load_kw=pick(self.load_kw),
            mean_power_kw=pick(self.mean_power_kw),
            fleet=self.fleet._replace(**{name: pick(field) for name, field in self.fleet._asdict().items()}),
            orders=self.orders._replace(**{name: pick(field) for name, field in self.orders._asdict().items()}),
            time_s=self.time_s,
            ev=self.ev,
        )

    @property
    def arguments(self) -> tuple[Any, ...]:
        """In the order of the kernel's parameters."""
        state = (self.soc, self.alive, self.needed_kw, self.load_kw, self.mean_power_kw)
        return (*state, self.fleet, self.orders, self.time_s, STEP_S, RESTART, BATTERY, self.ev)


def depot(
    seed: int, n_worlds: int = 32, n_sites: int = 19, n_slots: int = 3, grid: bool = False, ev: EvParameters = EV
) -> Depot:
    """Random sites in an outage, many with a nearly empty or full battery, with vehicles coming and going."""
    rng = np.random.default_rng(seed)
    shape, slots = (n_worlds, n_sites), (n_worlds, n_sites, n_slots)
    time_s = 60.0 * rng.integers(0, 200, n_worlds)
    arrival_s = time_s[:, None, None] + rng.choice([-3600.0, -60.0, 0.0, 30.0, np.inf], slots)
    departure_s = np.sort(arrival_s + rng.choice([60.0, 90.0, 1800.0, 7200.0], slots), axis=-1)
    near_the_limits = rng.choice([BATTERY.soc_min, BATTERY.soc_min + 1e-3, 0.25, 0.5, 0.999, BATTERY.soc_max], shape)
    fleet = Fleet(
        arrival_s=arrival_s,
        departure_s=departure_s,
        reservation_price=rng.uniform(0.0, 1.5, slots),
        energy_kwh=rng.choice([0.0, 0.01, 0.1, 19.2], slots),
        # Every second one is full, or nearly, with 19.2 kWh.
        capacity_kwh=np.where(np.indices(slots).sum(axis=0) % 2, 60.0, 28.7),
        accepted=rng.random(slots) < 0.3,
    )
    orders = EnergyOrders(
        ev_power_kw=rng.choice([0.0, 7.0 / 3.0, 14.0 / 3.0, 7.0], shape),
        dynamic_price=rng.random(shape) < 0.5,
        ev_to_battery=rng.random(shape) < 0.7,
        grid_limit_kw=rng.uniform(0.0, 4.0, shape) * grid,
        grid_to_battery=np.indices(shape).sum(axis=0) % 2 == 0,
    )
    return Depot(
        soc=np.where(rng.random(shape) < 0.7, near_the_limits, rng.uniform(0.2, 1.0, shape)),
        alive=rng.random(shape) < 0.8,
        load_kw=rng.choice([0.1, 2.4, 4.0, 8.0, 14.0], shape) * rng.uniform(0.9, 1.1, shape),
        mean_power_kw=rng.uniform(0.1, 8.0, shape),
        needed_kw=rng.choice([2.0, 4.0, 7.5, 12.0], shape) * rng.uniform(0.9, 1.1, shape),
        fleet=fleet,
        orders=orders,
        time_s=np.asarray(time_s),
        ev=ev,
    )
