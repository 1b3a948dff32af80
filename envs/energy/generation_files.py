"""Measured or planned generation from CSV files; faults are named by file, line and remedy."""

import numpy as np

from voltran.envs.energy.source import Source
from voltran.envs.errors import ScenarioError
from voltran.envs.series_episodes import episode_means, start_s
from voltran.envs.series_files import Reading, Samples, read_samples
from voltran.physics.arrays import FloatArray
from voltran.physics.units import SECONDS_PER_HOUR

KEYS = "series"


def read_generation_kw(source: Source, periods: int, period_h: float, start_hour: float) -> FloatArray:
    """Generation ``[periods]`` of one source, averaged over decision periods by time.

    Args:
        source: names the file and its column; generation above its ``capacity_kw`` is an error, and so is less than
            its ``standby_kw`` below zero.
        periods: decision periods of an episode.
        period_h: length of one.
        start_hour: time of day at which the episode begins.

    Raises:
        ScenarioError: a file that cannot be read, lacks a column, does not hold the episode or has too long a gap in
            it, or holds values that are no numbers, negative or above the capacity.
    """
    reading = Reading(
        "generation file",
        KEYS,
        low=0.0 - source.standby_kw,
        remedy=f"; the unit is kW, and standby_kw = {source.standby_kw:g} says how far below 0 it may be",
    )
    columns = None if source.column is None else [source.column]
    (samples,) = read_samples(str(source.file), columns, source.series, reading)
    begin_s, period_s = start_s(samples, source.series, start_hour, KEYS), period_h * SECONDS_PER_HOUR
    _check_capacity(samples, begin_s, begin_s + periods * period_s, source.capacity_kw)
    return np.maximum(episode_means(samples, begin_s, periods, period_s, source.series, KEYS), 0.0)


def _check_capacity(samples: Samples, begin_s: float, end_s: float, capacity_kw: float) -> None:
    """Raise where an episode has more generation than there can be."""
    in_episode = (samples.time_s >= begin_s) & (samples.time_s < end_s)
    wrong = np.flatnonzero(in_episode & (samples.value > capacity_kw))
    if wrong.size:
        line, power_kw = samples.line[wrong[0]], samples.value[wrong[0]]
        raise ScenarioError(
            f"{samples.source}: line {line}, {samples.name} = {power_kw:g} kW is above capacity_kw = {capacity_kw:g}; "
            "raise the capacity, or mend the file or series.scale (the unit is kW)"
        )
