"""Loads of sites over an episode: a function of the seed and the time alone."""

from typing import NamedTuple

import numpy as np

from voltran.envs.daily_curve import daily_shape
from voltran.envs.draws import Stream, generator
from voltran.envs.energy.generation import OUTLOOK_H
from voltran.envs.file_arrivals import draw_utilisation
from voltran.envs.market.scenario import Load, MarketScenario
from voltran.physics.arrays import FloatArray
from voltran.physics.power import utilisation_power_kw
from voltran.physics.units import SECONDS_PER_HOUR

# Parts of the stream of loads: levels, mixes, and the noise of one site each from there on.
LEVEL, MIX, NOISE = 0, 1, 2


class LoadSeries(NamedTuple):
    """Loads of one episode; power is constant within a decision period.

    Attributes:
        load_kw: ``[T, M]``.
        outlook_kw: ``[T, M, ahead]`` what the site's usual day promises in ``OUTLOOK_H`` hours; noise is not foreseen.
    """

    load_kw: FloatArray
    outlook_kw: FloatArray


def draw_load(scenario: MarketScenario, seed: int) -> LoadSeries:
    """Loads of all sites over an episode."""
    time, load, count = scenario.time, scenario.load, scenario.n_sites
    fixed_kw = per_site(scenario, "fixed_kw")
    fixed_share = per_site(scenario, "fixed_share")
    hour = scenario.retail.weather.start_hour + np.asarray((np.arange(time.decisions) + 0.5) * time.period_h)
    if load.utilisation is not None:
        constant = np.broadcast_to(np.asarray(load.utilisation, np.float64), (time.decisions, count))
        usual_kw = utilisation_power_kw(fixed_kw, constant, fixed_share)
        load_kw = utilisation_power_kw(fixed_kw, _arriving(scenario, seed, constant), fixed_share)
        return LoadSeries(load_kw, np.repeat(usual_kw[..., None], len(OUTLOOK_H), axis=-1))
    level = load.peak * np.exp(load.unevenness * generator(seed, Stream.LOAD, LEVEL).standard_normal(count))
    morning_share = generator(seed, Stream.LOAD, MIX).random(count)
    usual = level * daily_shape(hour, morning_share, load)
    expected = np.clip(usual + _noise(load, seed, time.decisions, count, time.period_h), 0.0, 1.0)
    utilisation = _arriving(scenario, seed, expected)
    ahead = [np.minimum(level * daily_shape(hour + hours, morning_share, load), 1.0) for hours in OUTLOOK_H]
    return LoadSeries(
        utilisation_power_kw(fixed_kw, utilisation, fixed_share),
        np.stack([utilisation_power_kw(fixed_kw, usual_then, fixed_share) for usual_then in ahead], axis=-1),
    )


def _arriving(scenario: MarketScenario, seed: int, mean: FloatArray) -> FloatArray:
    """Utilisation ``[T, M]`` by files that arrive one by one, or its mean."""
    load = scenario.load
    if load.arrivals == "mean":
        return mean
    slot_s = scenario.time.period_h * SECONDS_PER_HOUR
    return draw_utilisation(mean, load.file_mbit, load.capacity_mbps, slot_s, seed, NOISE)


def per_site(scenario: MarketScenario, field: str) -> FloatArray:
    """A field of the site groups, ``[M]``."""
    values = [getattr(group, field) for group in scenario.sites]
    return np.repeat(np.array(values, np.float64), [group.count for group in scenario.sites])


def _noise(load: Load, seed: int, periods: int, count: int, period_h: float) -> FloatArray:
    """Deviations ``[T, M]`` from the usual day, with a memory."""
    keep = np.exp(-period_h / load.noise_memory_h)
    sites = [generator(seed, Stream.LOAD, NOISE + site).standard_normal(periods) for site in range(count)]
    normal = np.stack(sites, axis=1)
    for period in range(1, periods):
        normal[period] = keep * normal[period - 1] + np.sqrt(1.0 - keep * keep) * normal[period]
    return np.asarray(load.noise * normal)
