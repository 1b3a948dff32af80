"""What sites carry and draw over days: a function of the seed, the site and the time alone.

Neighbours on the same infrastructure share the area's day, noise, crowds and weather; operators differ in hardware and
bands. [CG] has measurements of 1200 sites, which are not available; this generator stands in for them.
"""

from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field
from scipy.signal import lfilter

from voltran.envs import domains
from voltran.envs.clock import is_weekend
from voltran.envs.daily_curve import GRID_H, daily_shape
from voltran.envs.draws import Stream, exponential_of, generator, normal_of
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section
from voltran.envs.sharing.load_files import MeasuredLoad
from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.power import MassiveMimoPower, massive_mimo_power_kw
from voltran.physics.units import HOURS_PER_DAY

# Equipment, by hardware model (rows) and band (columns): low, middle, high.
IDLE_KW = np.array([0.47, 0.44, 0.41, 0.38])
DYNAMIC_KW = np.array([[0.52, 0.60, 0.68], [0.48, 0.56, 0.64], [0.44, 0.52, 0.60], [0.40, 0.48, 0.56]])
CELL_MBPS = np.array([[90.0, 320.0, 700.0], [100.0, 380.0, 850.0], [110.0, 430.0, 1000.0], [120.0, 480.0, 1200.0]])
BASE_KW = 0.50
SLEEP_SHARE, AWAKE_LOAD = 0.6, 0.15
# Shares of hardware models and bands at the first operator; the next operator's are the same, one place on.
HARDWARE_SHARES = np.array([0.55, 0.25, 0.15, 0.05])
BAND_SHARES = np.array([0.15, 0.65, 0.20])
CELL_COUNTS, CELL_SHARES = np.array([3, 6, 9]), np.array([0.50, 0.35, 0.15])
IDLE_SPREAD = 0.05  # between two pieces of the same model

# Areas: business, residential, mixed. A weekend there carries so much of a weekday.
AREA_SHARES = np.array([0.30, 0.40, 0.30])
MORNING_SHARES = np.array([0.85, 0.15, 0.50])
WEEKEND_FACTORS = np.array([0.45, 1.05, 0.85])
MORNING_JITTER, SHIFT_H = 0.10, 1.0  # of one site in its area: part of the mix, and hours that its day may come later

# Accessibility suffers where there is hardly any capacity left.
SUCCESS_RATIO, CROWDED_LOAD, LOST_WHEN_FULL, SUCCESS_NOISE = 0.995, 0.70, 0.08, 0.002
RATE_NOISE = 0.04  # Mbit/s at the same load differ with who is served

TEMPERATURE_C, DAILY_SWING_C, WARMEST_H, WEATHER_C, WEATHER_MEMORY_H = 14.0, 5.0, 15.0, 3.0, 48.0
COOLING_SHARE, COOLING_PER_C, COOLING_FROM_C = 0.05, 0.01, 12.0

# Parts of a site's stream of traffic, and of an area's.
RATE, LEVEL, MEASURED, SUCCESS, HEAVY = 0, 1, 2, 3, 4
AREA, AREA_LEVEL, CROWDS, WEATHER = 0, 1, 2, 3
HEAVY_DEGREES = 3  # of freedom of the heavy-tailed noise


class Load(Section):
    """Traffic of sites, and how well it is measured.

    Attributes:
        peak: median site's share of its capacity in use at the busiest time of a weekday.
        unevenness: standard deviation of the logarithm of that share between sites.
        night_share, morning_h, evening_h: the day's floor as a share of its peak; times of its bumps.
        operator_skew: 0 where all operators have the same mix of hardware and bands, 1 where they differ most.
        site_noise, area_noise: standard deviations of what a site, and all sites of its area, deviate from the usual
            day, as shares of it.
        noise_memory_h: time after which the correlation of such a deviation with itself has fallen to 1/e.
        crowds_per_day: crowds per area, by Poisson's law; all operators of the area meet them.
        crowd_load: mean share of capacity that a crowd uses at first.
        crowd_memory_h: time after which 1/e of a crowd is left.
        metering_noise: standard deviation of one measurement of power, as a share.
        heavy_noise: standard deviation of heavy-tailed noise on power (Student's t, 3 degrees of freedom), as a share
            of the standard deviation of the site's usual day; 0 for none.
        measured: a file of the power that sites draw, in place of what is drawn.
    """

    peak: domains.Share = 0.50
    unevenness: domains.LogSpread = 0.25
    night_share: domains.Share = 0.12
    morning_h: domains.Hour = 11.0
    evening_h: domains.Hour = 20.0
    operator_skew: domains.Share = 1.0
    site_noise: domains.Share = 0.22
    area_noise: domains.Share = 0.08
    noise_memory_h: domains.DurationH = 1.0
    crowds_per_day: Annotated[float, domains.between(0.0, 24.0)] = 0.2
    crowd_load: domains.Share = 0.15
    crowd_memory_h: domains.DurationH = 1.5
    metering_noise: domains.Share = 0.02
    heavy_noise: Annotated[float, Field(ge=0.0, le=10.0)] = 0.0
    measured: MeasuredLoad | None = None


class SiteTable(NamedTuple):
    """Who runs which site where.

    Attributes:
        operator: ``[U]`` number of each site's operator, from 0.
        infrastructure: ``[U]`` number of each site's energy infrastructure, from 0.
    """

    operator: IntArray
    infrastructure: IntArray


class SiteConfiguration(NamedTuple):
    """What a configuration database knows of the sites; it does not change with time.

    Attributes:
        hardware: ``[U]`` hardware model of the cells, 0 to 3.
        band: ``[U]`` frequency band, 0 (low) to 2 (high).
        cells: ``[U]`` number of cells.
        static_power_kw: ``[U]`` draw without traffic and cooling, by the model's data sheet.
    """

    hardware: IntArray
    band: IntArray
    cells: IntArray
    static_power_kw: FloatArray


class SiteSeries(NamedTuple):
    """What sites measure; each number is the mean of one slot.

    Attributes:
        throughput_mbps: ``[T, U]`` traffic carried, Mbit/s.
        success_ratio: ``[T, U]`` connections that succeed, a share of those tried.
        power_kw: ``[T, U]`` power drawn.
        configuration: what is known of the sites.
    """

    throughput_mbps: FloatArray
    success_ratio: FloatArray
    power_kw: FloatArray
    configuration: SiteConfiguration


class _Character(NamedTuple):
    """Lasting properties of sites, all ``[U]``."""

    level: FloatArray
    shift_h: FloatArray
    morning_share: FloatArray
    weekend_factor: FloatArray
    idle_factor: FloatArray


def draw_load(load: Load, table: SiteTable, seed: int, slots: int, period_h: float, start_hour: float) -> SiteSeries:
    """Traffic, accessibility and power of sites; day 0 is a Monday.

    The first slots are the same however many follow, and the first sites however many there are.

    Args:
        load: settings.
        table: operators and infrastructures of the sites.
        seed: of the episode.
        slots: T.
        period_h: duration of a slot.
        start_hour: when slot 0 begins, hours after a Monday's midnight.

    Returns:
        ``[T, U]`` series, and what is known of the sites.

    Raises:
        ScenarioError: no slots, or a table that says too little.
    """
    _check(table, slots)
    configuration, character = _equipment(load, table, seed)
    hour = np.asarray(start_hour + (np.arange(slots) + 0.5) * period_h)
    areas, of_site = np.unique(table.infrastructure, return_inverse=True)
    usual = _usual(load, character, hour)
    use = _use(load, usual, seed, areas, of_site, period_h)
    weather = _memory(_normal_columns(seed, Stream.AREA_TRAFFIC, areas, WEATHER, slots), WEATHER_MEMORY_H, period_h)
    cooling = _cooling_share(hour, WEATHER_C * weather)[:, of_site]
    power_kw = _power_kw(use, cooling, configuration, character)
    return SiteSeries(
        _throughput_mbps(use, configuration, seed),
        _success_ratio(use, seed),
        _measured_kw(load, power_kw, configuration, character, seed),
        configuration,
    )


def _check(table: SiteTable, slots: int) -> None:
    operator, infrastructure = table.operator, table.infrastructure
    if slots < 1:
        raise ScenarioError(f"slots = {slots}: there must be at least one")
    if operator.ndim != 1 or operator.shape != infrastructure.shape or operator.size == 0:
        raise ScenarioError(
            f"table of sites: operator has shape {operator.shape}, infrastructure {infrastructure.shape}; "
            "give each of at least one site both"
        )
    if operator.min() < 0 or infrastructure.min() < 0:
        site = int(np.flatnonzero((operator < 0) | (infrastructure < 0))[0])
        raise ScenarioError(f"table of sites: site {site} has no operator or no infrastructure; number both from 0")


def _equipment(load: Load, table: SiteTable, seed: int) -> tuple[SiteConfiguration, _Character]:
    sites = range(table.operator.size)
    drawn = np.stack([generator(seed, Stream.SITE_EQUIPMENT, site).random(7) for site in sites])
    kind = np.stack(
        [generator(seed, Stream.AREA_TRAFFIC, int(place), AREA).random(1) for place in table.infrastructure]
    )
    area = _chosen(np.broadcast_to(AREA_SHARES, (len(sites), AREA_SHARES.size)), kind[:, 0])
    hardware = _chosen(_skewed(HARDWARE_SHARES, table.operator, load.operator_skew), drawn[:, 0])
    band = _chosen(_skewed(BAND_SHARES, table.operator, load.operator_skew), drawn[:, 1])
    cells = CELL_COUNTS[_chosen(np.broadcast_to(CELL_SHARES, (len(sites), CELL_SHARES.size)), drawn[:, 2])]
    normal = normal_of(drawn[:, 3:])
    character = _Character(
        level=load.peak * np.exp(load.unevenness * normal[:, 0]),
        shift_h=SHIFT_H * normal[:, 1],
        morning_share=np.clip(MORNING_SHARES[area] + MORNING_JITTER * normal[:, 2], 0.0, 1.0),
        weekend_factor=WEEKEND_FACTORS[area],
        idle_factor=np.exp(IDLE_SPREAD * normal[:, 3]),
    )
    static_kw = cells * IDLE_KW[hardware] + BASE_KW
    return SiteConfiguration(hardware, band, cells, static_kw), character


def _skewed(shares: FloatArray, operator: IntArray, skew: float) -> FloatArray:
    """Shares ``[U, kinds]`` by operator, from those of the first one."""
    places = (np.arange(shares.size) - operator[:, None]) % shares.size
    return np.asarray(skew * shares[places] + (1.0 - skew) / shares.size)


def _chosen(shares: FloatArray, uniform: FloatArray) -> IntArray:
    """Kind ``[U]`` that uniform numbers ``[U]`` choose by shares ``[U, kinds]``."""
    chosen = (uniform[:, None] >= np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    return np.asarray(chosen, np.int64)


def _usual(load: Load, character: _Character, hour: FloatArray) -> FloatArray:
    """Load ``[T, U]`` of a day without surprises."""
    shape = daily_shape(hour[:, None] - character.shift_h, character.morning_share, load)
    factor = np.where(is_weekend(hour)[:, None], character.weekend_factor, 1.0)
    return np.asarray(character.level * factor * shape)


def _use(load: Load, usual: FloatArray, seed: int, areas: IntArray, of_site: IntArray, period_h: float) -> FloatArray:
    """Load ``[T, U]``, with all that the usual day does not tell."""
    slots, sites = usual.shape
    own = _memory(
        _normal_columns(seed, Stream.SITE_TRAFFIC, np.arange(sites), LEVEL, slots), load.noise_memory_h, period_h
    )
    shared = _memory(
        _normal_columns(seed, Stream.AREA_TRAFFIC, areas, AREA_LEVEL, slots), load.noise_memory_h, period_h
    )
    crowds = _crowds(load, seed, areas, slots, period_h)
    factor = 1.0 + load.site_noise * own + load.area_noise * shared[:, of_site]
    return np.clip(usual * factor + crowds[:, of_site], 0.0, 1.0)


def _crowds(load: Load, seed: int, areas: IntArray, slots: int, period_h: float) -> FloatArray:
    """Load ``[T, I]`` of crowds: they come at once and go by and by."""
    drawn = np.stack([generator(seed, Stream.AREA_TRAFFIC, int(a), CROWDS).random((slots, 2)) for a in areas], axis=1)
    comes = drawn[..., 0] < -np.expm1(-load.crowds_per_day * period_h / HOURS_PER_DAY)
    arrivals = np.where(comes, load.crowd_load * exponential_of(drawn[..., 1]), 0.0)
    keep = np.exp(-period_h / load.crowd_memory_h)
    return np.asarray(lfilter([1.0], [1.0, -keep], arrivals, axis=0))


def _normal_columns(seed: int, stream: Stream, indices: IntArray, part: int, slots: int) -> FloatArray:
    """Standard normal numbers ``[T, n]``, a generator for each column."""
    return normal_of(np.stack([generator(seed, stream, int(index), part).random(slots) for index in indices], axis=1))


def _memory(normal: FloatArray, memory_h: float, period_h: float) -> FloatArray:
    """Numbers with a memory: a first-order autoregression of variance 1 along the first axis."""
    keep = np.exp(-period_h / memory_h)
    scaled = np.sqrt(1.0 - keep * keep) * normal
    scaled[0] = normal[0]
    return np.asarray(lfilter([1.0], [1.0, -keep], scaled, axis=0))


def _cooling_share(hour: FloatArray, weather_c: FloatArray) -> FloatArray:
    """Power of cooling ``[T, n]`` as a share of the cells', in weather ``[T, n]``."""
    swing = DAILY_SWING_C * np.cos(2.0 * np.pi * (hour - WARMEST_H) / HOURS_PER_DAY)
    outside_c = TEMPERATURE_C + swing[:, None] + weather_c
    return np.asarray(COOLING_SHARE + COOLING_PER_C * np.maximum(outside_c - COOLING_FROM_C, 0.0))


def _power_kw(
    use: FloatArray, cooling: FloatArray, configuration: SiteConfiguration, character: _Character
) -> FloatArray:
    parameters = MassiveMimoPower(
        idle_kw=IDLE_KW[configuration.hardware] * character.idle_factor,
        dynamic_kw=DYNAMIC_KW[configuration.hardware, configuration.band],
        base_kw=np.array(BASE_KW),
        sleep_share=SLEEP_SHARE,
        awake_load=AWAKE_LOAD,
    )
    return massive_mimo_power_kw(use, configuration.cells.astype(np.float64), cooling, parameters)


def _throughput_mbps(use: FloatArray, configuration: SiteConfiguration, seed: int) -> FloatArray:
    full = configuration.cells * CELL_MBPS[configuration.hardware, configuration.band]
    return np.asarray(use * full * np.exp(RATE_NOISE * _site_normal(seed, RATE, use)))


def _success_ratio(use: FloatArray, seed: int) -> FloatArray:
    crowded = np.maximum(use - CROWDED_LOAD, 0.0) / (1.0 - CROWDED_LOAD)
    return np.clip(
        SUCCESS_RATIO - LOST_WHEN_FULL * crowded**2 + SUCCESS_NOISE * _site_normal(seed, SUCCESS, use), 0.0, 1.0
    )


def _measured_kw(
    load: Load, power_kw: FloatArray, configuration: SiteConfiguration, character: _Character, seed: int
) -> FloatArray:
    """Power with the noise of meters; never less than all cells asleep draw."""
    measured = power_kw * (1.0 + load.metering_noise * _site_normal(seed, MEASURED, power_kw))
    if load.heavy_noise > 0.0:
        usual = np.clip(_usual(load, character, GRID_H), 0.0, 1.0)
        spread_kw = _power_kw(usual, np.array(COOLING_SHARE), configuration, character).std(axis=0)
        measured = measured + load.heavy_noise * spread_kw * _heavy_normal(seed, power_kw)
    asleep = _power_kw(np.zeros_like(power_kw[:1]), np.array(0.0), configuration, character)
    return np.maximum(measured, asleep)


def _heavy_normal(seed: int, like: FloatArray) -> FloatArray:
    """Numbers ``[T, U]`` of variance 1 by Student's t."""
    slots, sites = like.shape
    drawn = [
        generator(seed, Stream.SITE_TRAFFIC, site, HEAVY).random((slots, HEAVY_DEGREES + 1)) for site in range(sites)
    ]
    normal = normal_of(np.stack(drawn, axis=1))
    squares = (normal[..., 1:] ** 2).sum(axis=-1)
    variance = HEAVY_DEGREES / (HEAVY_DEGREES - 2)
    return np.asarray(normal[..., 0] / np.sqrt(squares / HEAVY_DEGREES * variance))


def _site_normal(seed: int, part: int, like: FloatArray) -> FloatArray:
    slots, sites = like.shape
    return _normal_columns(seed, Stream.SITE_TRAFFIC, np.arange(sites), part, slots)
