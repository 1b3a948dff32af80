"""Generation of sources over an episode: a function of the seed and the time alone."""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from voltran.envs.draws import Stream, generator
from voltran.envs.energy.clear_sky import clear_sky_share
from voltran.envs.energy.generation_files import read_generation_kw
from voltran.envs.energy.source import Panels, Source
from voltran.envs.energy.weather import Weather
from voltran.envs.yaml_files import parse_mapping
from voltran.physics.arrays import FloatArray
from voltran.physics.renewables import solar_power_share, wind_power_share

# How far ahead those who trade are told of generation.
OUTLOOK_H = (1.0, 4.0)
# Lower down the sun says little about clouds: shadows and the horizon matter more.
LOW_SUN_SHARE = 0.05


class Generation(NamedTuple):
    """Generation of one episode; power is constant within a decision period.

    Attributes:
        available_kw: ``[T, I]`` power that can be sold.
        outlook_kw: ``[T, I, ahead]`` what one would expect in :data:`OUTLOOK_H` hours: clouds and wind as they are now,
            and the sun where it will be.
    """

    available_kw: FloatArray
    outlook_kw: FloatArray


class Solar(NamedTuple):
    """Panels of one place; both are constant within a decision period.

    Attributes:
        available_kw: ``[T]`` power that can be used.
        clearness: ``[T]`` share of the clear sky's power that clouds let through.
    """

    available_kw: FloatArray
    clearness: FloatArray


def draw_generation(
    sources: Sequence[Source], weather: Weather, seed: int, periods: int, period_h: float
) -> Generation:
    """Generation of all sources over an episode of ``periods`` decision periods.

    Raises:
        ScenarioError: a generation file that cannot be used.
        MissingExtraError: pvlib is asked for and not installed.
    """
    shape = (periods, len(sources))
    available, outlook = np.zeros(shape), np.zeros((*shape, len(OUTLOOK_H)))
    hour = np.asarray((np.arange(periods) + 0.5) * period_h, np.float64)
    for index, source in enumerate(sources):
        capacity_kw, now = source.capacity_kw, np.ones(periods)
        ahead = np.ones((periods, len(OUTLOOK_H)))
        if source.source == "wind":
            now = draw_wind_share(weather, seed, index, hour)
            ahead = np.repeat(now[:, None], len(OUTLOOK_H), axis=1)
        elif source.source == "solar":
            now, ahead = draw_solar_shares(weather, seed, index, hour)
        elif source.source == "file":
            now = read_generation_kw(source, periods, period_h, weather.start_hour) / capacity_kw
            ahead = np.repeat(now[:, None], len(OUTLOOK_H), axis=1)
        available[:, index], outlook[:, index] = capacity_kw * now, capacity_kw * ahead
    return Generation(available, outlook)


def draw_wind_share(weather: Weather, seed: int, source: int, hour: FloatArray) -> FloatArray:
    """Output ``[T]`` of one source's turbines: Weibull wind speeds with a memory, through a power curve."""
    rank = _ranks(generator(seed, Stream.WIND, source), weather.wind_memory_h, hour)
    speed = weather.wind_scale_m_per_s * (-np.log1p(-rank)) ** (1.0 / weather.wind_shape)
    curve_m_per_s, curve_share = turbine_curve()
    return wind_power_share(speed, curve_m_per_s, curve_share)


def draw_solar(panels: Panels, weather: Weather, seed: int, index: int, periods: int, period_h: float) -> Solar:
    """Power of the panels over an episode, a function of the seed, the index and the time alone.

    Args:
        panels: their size, and where their series comes from.
        weather: season, clouds, and the time of day at which the episode begins.
        seed: the episode's seed.
        index: which place it is; places have clouds of their own.
        periods: decision periods of the episode.
        period_h: length of one.

    Raises:
        ScenarioError: a generation file that cannot be used.
        MissingExtraError: pvlib is asked for and not installed.
    """
    hour = np.asarray((np.arange(periods) + 0.5) * period_h, np.float64)
    clear_kw = panels.capacity_kw * _clear_share(weather, hour)
    if panels.source == "file":
        available_kw = read_generation_kw(panels, periods, period_h, weather.start_hour)
        return Solar(available_kw, _observed_clearness(available_kw, clear_kw, panels.capacity_kw, weather))
    clearness = draw_clearness(weather, seed, index, hour)
    return Solar(clear_kw * clearness, clearness)


def solar_outlook_share(
    weather: Weather, clearness_now: FloatArray, hour_now: FloatArray | float, ahead_h: FloatArray
) -> FloatArray:
    """What one would expect of panels, knowing the sky of now: the sun where it will be, clouds on their way to normal.

    Source: own; clearness is expected to return to its mean as fast as clouds forget, by exp(-ahead / cloud_memory_h).

    Args:
        weather: season, clouds, and the time of day at which the episode begins.
        clearness_now: ``[...]`` share of the clear sky's power that clouds let through now.
        hour_now: time since the start of the episode, hours, a shape that broadcasts with ``[...]``.
        ahead_h: ``[k]`` hours from now on.

    Returns:
        ``[..., k]`` shares of the panels' capacity.
    """
    mean = (weather.clearness_low + weather.clearness_high) / 2.0
    kept = np.exp(-ahead_h / weather.cloud_memory_h)
    clearness = mean + (np.asarray(clearness_now)[..., None] - mean) * kept
    return np.asarray(_clear_share(weather, np.asarray(hour_now)[..., None] + ahead_h) * clearness)


def draw_solar_shares(weather: Weather, seed: int, source: int, hour: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Output ``[T]`` of one source's panels, and its outlook ``[T, ahead]``."""
    clearness = draw_clearness(weather, seed, source, hour)
    clear, day_hour = clear_sky_share(weather), weather.start_hour + hour
    now = solar_power_share(day_hour, clear, clearness)
    ahead = [solar_power_share(day_hour + hours, clear, clearness) for hours in OUTLOOK_H]
    return now, np.stack(ahead, axis=-1)


def draw_clearness(weather: Weather, seed: int, source: int, hour: FloatArray) -> FloatArray:
    """Share ``[T]`` of the sunlight that clouds over one source let through at rising times since the start."""
    rank = _ranks(generator(seed, Stream.CLOUDS, source), weather.cloud_memory_h, hour)
    return np.asarray(weather.clearness_low + (weather.clearness_high - weather.clearness_low) * rank)


def _clear_share(weather: Weather, hour: FloatArray) -> FloatArray:
    """Output under a clear sky at times since the start of an episode."""
    return solar_power_share(weather.start_hour + hour, clear_sky_share(weather), np.array(1.0))


def _observed_clearness(
    available_kw: FloatArray, clear_kw: FloatArray, capacity_kw: float, weather: Weather
) -> FloatArray:
    """Clearness ``[T]`` that a series shows by day; at night that of the evening before, and at first the mean."""
    by_day = clear_kw > LOW_SUN_SHARE * capacity_kw
    latest = np.maximum.accumulate(np.where(by_day, np.arange(len(clear_kw)), -1))
    observed = np.minimum(available_kw / np.where(by_day, clear_kw, 1.0), 1.0)
    mean = (weather.clearness_low + weather.clearness_high) / 2.0
    return np.where(latest < 0, mean, observed[latest])


def _ranks(rng: np.random.Generator, memory_h: float, hour: FloatArray) -> FloatArray:
    """Uniform numbers ``[T]`` in (0, 1) whose correlation with themselves fades over ``memory_h``.

    Hourly normal numbers with a memory of one step, interpolated, and ranked by their distribution.
    """
    hours = int(np.ceil(hour[-1])) + 2
    keep = np.exp(-1.0 / memory_h)
    normal = rng.standard_normal(hours)
    for step in range(1, hours):
        normal[step] = keep * normal[step - 1] + np.sqrt(1.0 - keep * keep) * normal[step]
    return np.asarray(ndtr(np.interp(hour, np.arange(hours), normal)))


@cache
def turbine_curve() -> tuple[FloatArray, FloatArray]:
    """Speeds, m/s, and output, shares of the capacity, of the turbine that all wind farms here have."""
    text = (resources.files("voltran.envs.energy.tables") / "wind_turbine.yaml").read_text(encoding="utf-8")
    curve = parse_mapping(text, "table wind_turbine")
    return np.array(curve["speed_m_per_s"]), np.array(curve["share"])
