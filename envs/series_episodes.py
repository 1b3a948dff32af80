"""Parts of series that episodes play: from a time of day of a chosen day on, in means over decision periods."""

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.envs.series_files import Reading, Samples, SeriesFormat, read_samples
from voltran.envs.series_time import DAY_S
from voltran.envs.slot_means import bridged, gaps, sampling_steps_s
from voltran.physics.arrays import FloatArray
from voltran.physics.units import SECONDS_PER_HOUR


def read_episode(
    path: str,
    columns: Sequence[str] | None,
    series: SeriesFormat,
    reading: Reading,
    start_hour: float,
    periods: int,
    period_h: float,
    before_h: float = 0.0,
) -> FloatArray:
    """Means ``[T, column]`` over the decision periods of an episode.

    Args:
        path, columns, series, reading: as in :func:`voltran.envs.series_files.read_samples`.
        start_hour: time of day at which the episode begins.
        periods, period_h: how many decision periods to read, and the length of one.
        before_h: how long before the episode the first of them begins.

    Raises:
        ScenarioError: a file that cannot be read, does not hold the episode, or has too long a gap in it.
    """
    found = read_samples(path, columns, series, reading)
    period_s = period_h * SECONDS_PER_HOUR
    begin_s = start_s(found[0], series, start_hour, reading.keys) - before_h * SECONDS_PER_HOUR
    means = [episode_means(samples, begin_s, periods, period_s, series, reading.keys) for samples in found]
    return np.stack(means, axis=1)


def start_s(samples: Samples, series: SeriesFormat, start_hour: float, keys: str) -> float:
    """When an episode begins, in the time of the series: at a time of day of the chosen day.

    Args:
        samples: the series.
        series: which day it is.
        start_hour: time of day; hours in a file count from there already.
        keys: as in :class:`Reading`.

    Raises:
        ScenarioError: a date, where the file has none.
    """
    time = samples.time
    if time.kind == "stamps":
        day = series.date or time.first_day(samples.time_s[0]) + dt.timedelta(days=series.day)
        return time.midnight_s(day) + SECONDS_PER_HOUR * start_hour
    if series.date is not None:
        raise ScenarioError(
            f"{keys}.date = {series.date}: {samples.source} has no dates; choose {keys}.day, counted from 0"
        )
    return DAY_S * series.day + (SECONDS_PER_HOUR * start_hour if time.kind == "rows" else 0.0)


def episode_means(
    samples: Samples, begin_s: float, periods: int, period_s: float, series: SeriesFormat, keys: str
) -> FloatArray:
    """Means ``[T]`` over the decision periods of an episode; gaps that may be bridged are.

    Args:
        samples: the series.
        begin_s: when the episode begins.
        periods, period_s: how many periods it has, and the length of one.
        series: how long gaps may be.
        keys: as in :class:`Reading`.

    Raises:
        ScenarioError: a series that ends too early or begins too late, or has a longer gap within the episode.
    """
    end_s, fill_s = begin_s + periods * period_s, series.fill_gaps_h * SECONDS_PER_HOUR
    first_s, last_s = samples.time_s[0], samples.time_s[-1] + sampling_steps_s(samples.time_s, period_s)[-1]
    if last_s + fill_s < end_s or first_s >= end_s:
        raise ScenarioError(_not_there(samples, begin_s, end_s, series, keys))
    # Periods of the whole file, so that a gap is bridged alike wherever an episode begins.
    before = max(math.ceil((begin_s - first_s) / period_s), 0)
    after = max(math.ceil((last_s - end_s) / period_s), 0)
    edges_s = begin_s + period_s * np.arange(-before, periods + after + 1)
    mean = samples.means(edges_s, period_s)
    for begin, end in gaps(mean):
        reaches_in = end > before and begin < before + periods
        if reaches_in and ((end - begin) * period_s > fill_s or end - begin == len(mean)):
            raise ScenarioError(_gap(samples, float(edges_s[begin]), (end - begin) * period_s, keys))
    return bridged(mean, fill_s / period_s)[before : before + periods]


def _not_there(samples: Samples, begin_s: float, end_s: float, series: SeriesFormat, keys: str) -> str:
    """What to say where an episode is not in the file."""
    chosen = f"{keys}.day = {series.day}" if series.date is None else f"{keys}.date = {series.date}"
    shown, late = samples.time.shown, samples.time_s[0] >= end_s
    turn = f"begins at {shown(samples.time_s[0])}" if late else f"ends at {shown(samples.time_s[-1])}"
    earlier = "" if series.day == 0 and series.date is None else "choose an earlier day, "
    return (
        f"{chosen}: {samples.source} has {len(samples.line)} rows and {turn} ({samples.name}), the episode would last "
        f"from {shown(begin_s)} to {shown(end_s)}; {'choose a later day, ' if late else earlier}add rows, or shorten "
        "time.horizon_h"
    )


def _gap(samples: Samples, since_s: float, length_s: float, keys: str) -> str:
    """What to say of a gap."""
    before = samples.line[samples.time_s < since_s]
    length_h = length_s / SECONDS_PER_HOUR
    other = "another" if len(before) else "a later"
    return (
        f"{samples.source}: {samples.name} has nothing for {length_h:g} h from {samples.time.shown(since_s)} on (after "
        f"line {before[-1] if len(before) else 1}); set {keys}.fill_gaps_h = {length_h:g} to bridge it, or choose "
        f"{other} {keys}.day"
    )
