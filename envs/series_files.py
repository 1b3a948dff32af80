"""The one reader of time series from CSV files; faults are named by file, line and remedy.

Times are time stamps, hours since the start of an episode, or rows at equal distances. A value holds from its time
until the next, and empty fields count as missing, as rows that are not there do.
"""

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.csv_files import number_of, odd_separator, read_columns, read_head, shown, shown_head
from voltran.envs.errors import ScenarioError
from voltran.envs.files import file_version
from voltran.envs.plain_values import LARGEST
from voltran.envs.scenario import Section
from voltran.envs.series_time import (
    FIRST_YEAR,
    LAST_YEAR,
    Places,
    SeriesTime,
    ZoneName,
    is_time,
    parse_hours,
    parse_stamps,
    zone_named,
)
from voltran.envs.slot_means import bridged, interval_means, sampling_steps_s
from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.units import SECONDS_PER_HOUR

HOUR_COLUMN, TIME_COLUMN = "hour", "time"
KEPT_FILES = 32
OTHER_NUMBER = re.compile(r"[+-]?\d+([., '\u00a0\u2009\u202f]\d+)+([eE][+-]?\d+)?")


class SeriesFormat(Section):
    """How a CSV file holds a series, and which part of it an episode plays.

    Attributes:
        time_column: column of time stamps, or `hour`, whose hours count from the start of the episode; by default
            `hour` or else `time`.
        step_h: of a file without times, hours from row to row; the first row begins at a midnight.
        zone: time zone in which days begin, such as Europe/Madrid, +01:00 or UTC; by default clocks never change.
        day: which of the whole days, from midnight to midnight, counted from 0.
        date: the same by its date.
        scale: what values are multiplied by.
        fill_gaps_h: gaps up to this length are bridged by straight lines; longer ones are errors.
    """

    time_column: str | None = None
    step_h: domains.DurationH | None = None
    zone: ZoneName | None = None
    day: Annotated[int, Field(ge=0, le=100_000)] = 0
    date: Annotated[dt.date, Field(ge=dt.date(FIRST_YEAR, 1, 1), le=dt.date(LAST_YEAR, 12, 31))] | None = None
    scale: Annotated[float, domains.between(1e-12, 1e12)] = 1.0
    fill_gaps_h: domains.MarginH = 0.0

    @model_validator(mode="after")
    def _one_way_to_tell_time(self) -> "SeriesFormat":
        if self.step_h is not None and (self.time_column is not None or self.zone is not None):
            raise ValueError(f"step_h = {self.step_h:g} is for files without times: drop it, or time_column and zone")
        if self.date is not None and self.day != 0:
            raise ValueError(f"day = {self.day} and date = {self.date} both say which day: drop one")
        return self


MISSING_COLUMN = "name another column, or rename one"


class Reading(NamedTuple):
    """How to read values, and how to speak of it.

    Attributes:
        kind: what to call the file in messages, such as ``traffic file``.
        keys: section of the scenario that has the settings, as messages name it.
        low: least value, after scaling.
        remedy: what to do about lower ones.
        missing_column: what to do where a column is missing.
        measured_by: column that is empty where nothing was measured, whatever the others say.
    """

    kind: str = "series file"
    keys: str = "series"
    low: float = -math.inf
    remedy: str = ""
    missing_column: str = MISSING_COLUMN
    measured_by: str | None = None


@dataclass(frozen=True)
class Samples:
    """Samples of one series.

    Attributes:
        source: the file, as messages call it.
        name: of the series, such as ``column north``.
        time: what ``time_s`` counts from.
        time_s: ``[sample]`` rising.
        value: ``[sample]``, NaN where nothing was measured.
        line: ``[sample]`` where each one stands.
    """

    source: str
    name: str
    time: SeriesTime
    time_s: FloatArray
    value: FloatArray
    line: IntArray

    def __post_init__(self) -> None:
        for values in (self.time_s, self.value, self.line):
            values.flags.writeable = False  # those who read the same file share them

    def means(self, edges_s: FloatArray, lone_s: float) -> FloatArray:
        """Means ``[T]`` over slots; NaN for those of which nothing is known.

        Args:
            edges_s: ``[T + 1]`` rising edges of the slots, in the series' own time.
            lone_s: how long the only sample holds, where there is but one.
        """
        return interval_means(self.time_s, self.value, sampling_steps_s(self.time_s, lone_s), edges_s)


def value_columns(path: str, series: SeriesFormat, kind: str) -> list[str]:
    """Names of all columns of a file besides that of times, and others that tell the time, too.

    Raises:
        ScenarioError: a file that cannot be read, or lacks a column of times.
    """
    head = read_head(path, kind)
    time_column, own_head = _time_column(head, series, f"{kind} {path}")
    names = [name for name in own_head or head if name != time_column]
    if time_column is None or len(names) < 2:
        return names
    _, first = next(read_columns(path, names, kind, "", own_head))
    return [name for name, text in zip(names, first, strict=True) if not is_time(text)]


def read_samples(
    path: str, columns: Sequence[str] | None, series: SeriesFormat, reading: Reading, group_by: str | None = None
) -> list[Samples]:
    """All samples of a file; a file that did not change is read once.

    Args:
        path: of the file.
        columns: those that are wanted; None for the only one besides that of times.
        series: how the file holds them.
        reading: how to read values.
        group_by: column that says whose value each row has; there is then one series for each, in the order of names.

    Returns:
        One per column, in their order.

    Raises:
        ScenarioError: a file that cannot be read, lacks columns, or has values or times that are none.
    """
    chosen = None if columns is None else tuple(columns)
    return list(_read_samples(path, file_version(path), chosen, series, reading, group_by))


@lru_cache(maxsize=KEPT_FILES)
def _read_samples(
    path: str,
    version: tuple[int, ...],
    chosen: tuple[str, ...] | None,
    series: SeriesFormat,
    reading: Reading,
    group_by: str | None,
) -> tuple[Samples, ...]:
    source, head = f"{reading.kind} {path}", read_head(path, reading.kind)
    time_column, own_head = _time_column(head, series, source, reading.missing_column)
    columns = chosen if chosen is not None else (_only(value_columns(path, series, reading.kind), source),)
    wanted = [name for name in (time_column, group_by, *columns, reading.measured_by) if name is not None]
    rows = list(read_columns(path, wanted, reading.kind, reading.missing_column, own_head))
    table = {name: [fields[place] for _, fields in rows] for place, name in enumerate(wanted)}
    lines = np.array([line for line, _ in rows])
    groups = np.array(table[group_by] if group_by else [""] * len(rows))
    found = []
    for group in sorted(set(groups)):
        members = np.flatnonzero(groups == group)
        name = f"{group_by} {group}" if group_by else ""
        part = {column: [texts[row] for row in members] for column, texts in table.items()}
        places = Places(source, str(time_column), lines[members], name)
        time, time_s = _times(part, time_column, series, places, reading)
        for column in columns:
            value = _values(part, column, places.lines, series, source, reading)
            found.append(Samples(source, name or f"column {column}", time, time_s, value, places.lines))
    return tuple(found)


class SeriesMeans(NamedTuple):
    """Means of a whole file.

    Attributes:
        start: local time at which the first slot begins.
        mean: ``[T, column]``, NaN where nothing was measured and the gap is too long to be bridged.
    """

    start: dt.datetime
    mean: FloatArray


def read_series(
    path: str, columns: Sequence[str] | None, period_s: float, series: SeriesFormat, reading: Reading | None = None
) -> SeriesMeans:
    """Means of a whole file over slots that are counted from the midnight before it begins.

    Args:
        path, columns, series: as in :func:`read_samples`; which day an episode plays does not matter here.
        period_s: length of the slots.
        reading: how to read values.

    Raises:
        ScenarioError: as :func:`read_samples`.
    """
    samples = read_samples(path, columns, series, reading or Reading())
    time, time_s = samples[0].time, samples[0].time_s
    midnight_s = time.midnight_s(time.local(time_s[0]).date())
    first = math.floor((time_s[0] - midnight_s) / period_s)
    last = math.ceil((time_s[-1] + sampling_steps_s(time_s, period_s)[-1] - midnight_s) / period_s)
    edges_s = midnight_s + period_s * np.arange(first, last + 1)
    longest = series.fill_gaps_h * SECONDS_PER_HOUR / period_s
    mean = np.stack([bridged(one.means(edges_s, period_s), longest) for one in samples], axis=1)
    return SeriesMeans(time.local(edges_s[0]), mean)


def _time_column(
    head: Sequence[str], series: SeriesFormat, source: str, missing_column: str = MISSING_COLUMN
) -> tuple[str | None, list[str] | None]:
    """The column of times, and names of columns for a file that has no head."""
    if series.step_h is not None:
        if len(head) > 1 and all(map(_is_number, head)):
            raise ScenarioError(
                f"{source}: line 1 has numbers, {', '.join(head)}, where names should stand; name the columns there, "
                "and write decimal points"
            )
        return None, ["value"] if len(head) == 1 and _is_number(head[0]) else None
    possible = (HOUR_COLUMN, TIME_COLUMN) if series.time_column is None else (series.time_column,)
    for name in possible:
        if name in head:
            return name, None
    if series.time_column is None:
        missing_column = (
            "name the column of times in series.time_column, or set series.step_h for rows at equal distances"
        )
    remedy = odd_separator(head) or missing_column
    raise ScenarioError(
        f"{source}: line 1 lacks the column {' or '.join(possible)}; it has {shown_head(head)} - {remedy}"
    )


def _only(columns: Sequence[str], source: str) -> str:
    if len(columns) != 1:
        raise ScenarioError(
            f"{source}: has the columns {', '.join(columns) or 'of times alone'}; say which one to take"
        )
    return columns[0]


def _times(
    table: dict[str, list[str]], column: str | None, series: SeriesFormat, places: Places, reading: Reading
) -> tuple[SeriesTime, FloatArray]:
    if column is None:
        row = np.arange(len(places.lines), dtype=np.float64)
        return SeriesTime("rows"), np.asarray(SECONDS_PER_HOUR * float(series.step_h or 0.0) * row)
    if column == HOUR_COLUMN:
        return SeriesTime("hours"), parse_hours(table[column], places)
    zone = None if series.zone is None else zone_named(series.zone)
    return SeriesTime("stamps", zone), parse_stamps(table[column], places, zone, f"{reading.keys}.zone")


def _values(
    table: dict[str, list[str]], column: str, lines: IntArray, series: SeriesFormat, source: str, reading: Reading
) -> FloatArray:
    """Scaled values ``[sample]``, NaN for empty fields."""
    values = np.full(len(lines), np.nan)
    measured = table[reading.measured_by] if reading.measured_by else table[column]
    for index, text in enumerate(table[column]):
        if not text or not measured[index]:
            continue
        values[index] = series.scale * number_of(text)
        if not max(reading.low, -LARGEST) <= values[index] <= LARGEST:
            low = max(reading.low, -LARGEST)
            bounds = f" from {low:g} to {LARGEST:g}" if abs(values[index]) > LARGEST else ""
            bounds = bounds or (f" of at least {low:g}" if low > -LARGEST else "")
            raise ScenarioError(
                f"{source}: line {lines[index]}, column {column} = {shown(text)}: must be a number{bounds}, or empty "
                f"where nothing was measured{_written_otherwise(text) or reading.remedy}"
            )
    return values


def _written_otherwise(text: str) -> str:
    """What to do about a number as other countries write it."""
    is_other = OTHER_NUMBER.fullmatch(text) and not _is_number(text)
    return "; write decimal points, and thousands without a separator" if is_other else ""


def _is_number(text: str) -> bool:
    return math.isfinite(number_of(text))
