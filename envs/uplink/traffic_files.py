"""Measured traffic from CSV files, averaged over decision periods by time; faults are named by file, line and remedy.

Formats:

- ``long``: columns ``time,region,traffic``; one file, traffic in Mbit/s, any number of regions in any order.
- ``lte-barcelona``: columns ``time``, ``up`` and ``rb_up`` (or ``down`` and ``rb_down``) beside others; one file per
  region, bits per two minutes. Where the use of resource blocks is empty nothing was measured, though ``up`` says 0.
  The format of the measurements at three LTE sites in Barcelona that were published for the ITU challenge "Federated
  Traffic Prediction for 5G and Beyond" (repository vperifan/Federated-Time-Series-Forecasting).

Times are ISO 8601 without a time zone and rise within each region. Empty fields count as missing, as gaps do.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from voltran.envs.csv_files import read_columns
from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.scenario import Time, TrafficFiles
from voltran.physics.arrays import FloatArray
from voltran.physics.units import SECONDS_PER_HOUR

BARCELONA_WINDOW_S = 120.0
BITS_PER_MEGABIT = 1e6
DAY = timedelta(days=1)


@dataclass
class Series:
    """Samples of one region; ``value_mbps`` is NaN where a field is empty, ``line`` says where each one stands."""

    name: str
    path: str
    time: list[datetime] = field(default_factory=list)
    value_mbps: list[float] = field(default_factory=list)
    line: list[int] = field(default_factory=list)


def read_traffic_mbps(files: TrafficFiles, time: Time) -> FloatArray:
    """Traffic ``[T, region]`` over an episode that begins on a whole day of the files, at ``time.start_h``.

    Args:
        files: what to read.
        time: decision periods.

    Raises:
        ScenarioError: a file that cannot be read, lacks columns, or holds values that are no numbers, negative, out of
            order or too far apart; a day that the files do not hold.
    """
    if files.format == "long":
        regions = _read_long(_single(files))
        latest = max(series.time[0] for series in regions)
        return np.stack([_averaged(series, _start(latest, files, time), files, time) for series in regions], axis=1)
    regions = [_read_barcelona(path, files.quantity) for path in files.paths]
    averaged = [_averaged(series, _start(series.time[0], files, time), files, time) for series in regions]
    return np.stack(averaged, axis=1)


def _single(files: TrafficFiles) -> str:
    if len(files.paths) != 1:
        raise ScenarioError(f"traffic.files.paths = {list(files.paths)}: the long format holds all regions in one file")
    return files.paths[0]


def _read_long(path: str) -> list[Series]:
    regions: dict[str, Series] = {}
    for line, (time, region, traffic) in _rows(path, ("time", "region", "traffic")):
        series = regions.setdefault(region, Series(region, path))
        _append(series, line, time, _number(path, line, "traffic", traffic))
    return [regions[name] for name in sorted(regions)]


def _read_barcelona(path: str, quantity: str) -> Series:
    series = Series(Path(path).stem, path)
    for line, (time, bits, used) in _rows(path, ("time", quantity, f"rb_{quantity}")):
        value = _number(path, line, quantity, bits) if used else math.nan
        _append(series, line, time, value / BARCELONA_WINDOW_S / BITS_PER_MEGABIT)
    return series


def _rows(path: str, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Line number and the wanted columns of each row."""
    return read_columns(path, columns, "traffic file", "rename the columns, or choose the other traffic.files.format")


def _number(path: str, line: int, column: str, text: str) -> float:
    """A value, NaN for an empty field."""
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0.0):
        raise ScenarioError(
            f"traffic file {path}: line {line}, column {column} = {text!r}: must be a number of at least 0, or empty "
            "where nothing was measured"
        )
    return value


def _append(series: Series, line: int, time: str, value_mbps: float) -> None:
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise ScenarioError(
            f"traffic file {series.path}: line {line}, column time = {time!r}: must be local time such as "
            "2018-03-28 15:56:00"
        )
    if series.time and moment <= series.time[-1]:
        raise ScenarioError(
            f"traffic file {series.path}: line {line}, column time = {time!r}: not after line {series.line[-1]} of "
            f"region {series.name}; sort the rows by time and drop repeated ones"
        )
    series.time.append(moment)
    series.value_mbps.append(value_mbps)
    series.line.append(line)


def _start(first: datetime, files: TrafficFiles, time: Time) -> datetime:
    """Start of the episode: on the chosen of the whole days after the first sample."""
    midnight = datetime(first.year, first.month, first.day)
    return midnight + DAY * (files.day + (first > midnight)) + timedelta(hours=time.start_h)


def _averaged(series: Series, start: datetime, files: TrafficFiles, time: Time) -> FloatArray:
    """Means ``[T]`` over decision periods; a sample holds until the next, at most until the next is due."""
    elapsed_s = np.array([(moment - start).total_seconds() for moment in series.time])
    period_s, end_s = time.decision_period_s, time.decisions * time.decision_period_s
    due_s = float(np.median(np.diff(elapsed_s))) if len(elapsed_s) > 1 else period_s
    if elapsed_s[-1] + due_s + files.fill_gaps_h * SECONDS_PER_HOUR < end_s:
        raise ScenarioError(
            f"traffic.files.day = {files.day}: {series.path} ends at {series.time[-1]} (region {series.name}), the "
            f"episode would end at {start + timedelta(seconds=end_s)}; choose an earlier day or a shorter "
            "time.horizon_h"
        )
    # Periods of the whole file, so that a gap is bridged alike wherever an episode begins.
    before = max(math.ceil(-elapsed_s[0] / period_s), 0)
    after = max(math.ceil((elapsed_s[-1] + due_s - end_s) / period_s), 0)
    edges_s = period_s * np.arange(-before, time.decisions + after + 1)
    mean = interval_means(elapsed_s, np.array(series.value_mbps), due_s, edges_s)
    missing = np.isnan(mean)
    _check_gaps(series, missing, before, start, files, time)
    if missing.any():
        periods = np.arange(len(mean))
        mean[missing] = np.interp(periods[missing], periods[~missing], mean[~missing])
    return mean[before : before + time.decisions]


def interval_means(start_s: FloatArray, value: FloatArray, due_s: float, edges_s: FloatArray) -> FloatArray:
    """Means ``[T]`` over the known parts of intervals, weighted by time; what is known of all is conserved.

    Args:
        start_s: ``[sample]`` rising times from which samples hold, each until the next, at most for ``due_s``.
        value: ``[sample]``, NaN where nothing was measured.
        due_s: time after which the next sample is due.
        edges_s: ``[T + 1]`` rising edges of the intervals.

    Returns:
        NaN for intervals of which nothing is known.
    """
    end_s = np.minimum(np.append(start_s[1:], np.inf), start_s + due_s)
    cuts_s = np.unique(np.concatenate([start_s, end_s, edges_s]))
    cuts_s = cuts_s[(cuts_s >= edges_s[0]) & (cuts_s <= edges_s[-1])]
    begin_s, length_s = cuts_s[:-1], np.diff(cuts_s)
    sample = np.searchsorted(start_s, begin_s, side="right") - 1
    known = (sample >= 0) & (begin_s < end_s[sample]) & np.isfinite(value[sample])
    interval = np.searchsorted(edges_s, begin_s, side="right") - 1
    n_intervals = len(edges_s) - 1
    known_s = np.bincount(interval[known], length_s[known], n_intervals)
    total = np.bincount(interval[known], (value[sample] * length_s)[known], n_intervals)
    return np.asarray(np.divide(total, known_s, out=np.full(n_intervals, np.nan), where=known_s > 0.0))


def _check_gaps(
    series: Series,
    missing: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    first: int,
    start: datetime,
    files: TrafficFiles,
    time: Time,
) -> None:
    """Refuse gaps longer than may be filled that reach into the episode, which begins at period ``first``."""
    edges = np.diff(np.concatenate([[0], missing.astype(np.int8), [0]]))
    for begin, end in zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True):
        if end <= first or begin >= first + time.decisions:
            continue
        length_h = (end - begin) * time.period_h
        if length_h <= files.fill_gaps_h and not missing.all():
            continue
        since = start + timedelta(seconds=(begin - first) * time.decision_period_s)
        before = [line for moment, line in zip(series.time, series.line, strict=True) if moment < since]
        raise ScenarioError(
            f"traffic file {series.path}: region {series.name} has nothing for {length_h:g} h from {since} on (after "
            f"line {before[-1] if before else 1}); set traffic.files.fill_gaps_h = {length_h:g} to bridge it, or "
            "choose another traffic.files.day"
        )
