"""Times of series: time stamps of local clocks and zones, hours since the start, or rows at equal distances."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from pydantic import AfterValidator

from voltran.envs.csv_files import number_of, shown
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.units import HOURS_PER_DAY, SECONDS_PER_HOUR

DAY_S = HOURS_PER_DAY * SECONDS_PER_HOUR
LONGEST_S = 100 * 366 * DAY_S
FIRST_YEAR, LAST_YEAR = 1900, 2199  # beyond which calendars and clocks of some zones end
FIXED_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)")
DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T]+(\d{1,2}:\d\d(?::\d\d)?))?")
EXAMPLES = "2018-03-28 15:56:00, 28.03.2018 15:56 or 2018-03-28T14:56Z"
ZONES = "Europe/Madrid, +01:00 or UTC"


def zone_named(name: str) -> dt.tzinfo:
    """A time zone by its name, such as Europe/Madrid, or by its offset, such as +01:00.

    Raises:
        ValueError: no such zone.
    """
    if match := FIXED_ZONE.fullmatch(name):
        minutes = 60 * int(match[2]) + int(match[3])
        if minutes < HOURS_PER_DAY * 60:
            return dt.timezone(dt.timedelta(minutes=minutes if match[1] == "+" else -minutes))
    if name.upper() in ("UTC", "Z"):
        return dt.UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"no such time zone; give one such as {ZONES} (names need the package tzdata where the system knows none)"
        ) from error


def _known(name: str) -> str:
    zone_named(name)
    return name


ZoneName = Annotated[str, AfterValidator(_known)]


@dataclass(frozen=True)
class SeriesTime:
    """What the seconds of a series count from.

    Attributes:
        kind: "stamps", seconds since 1970 on the local clock or, where there is a zone, in UTC; "hours", since the
            start of episodes; "rows", since the midnight of the first row.
        zone: of "stamps", whose midnights days begin at; None for a clock that is never changed.
    """

    kind: Literal["stamps", "hours", "rows"]
    zone: dt.tzinfo | None = None

    def shown(self, time_s: float) -> str:
        """A time as messages have it."""
        return str(self.local(time_s)) if self.kind == "stamps" else f"hour {time_s / SECONDS_PER_HOUR:g}"

    def local(self, time_s: float) -> dt.datetime:
        """A time on the local clock; the first of January 1970 is the first day of series without dates."""
        return dt.datetime.fromtimestamp(time_s, self.zone or dt.UTC).replace(tzinfo=None)

    def midnight_s(self, day: dt.date) -> float:
        """When a day begins."""
        return dt.datetime.combine(day, dt.time(), self.zone or dt.UTC).timestamp()

    def first_day(self, first_s: float) -> dt.date:
        """The first whole day of a series that begins at ``first_s``."""
        day = self.local(first_s).date()
        return day if self.midnight_s(day) >= first_s else day + dt.timedelta(days=1)


@dataclass(frozen=True)
class Places:
    """Where the times of a series stand.

    Attributes:
        source: the file, as messages call it.
        column: of the times.
        lines: ``[sample]`` of each time.
        group: whose times they are, where a file holds those of several; empty where not.
    """

    source: str
    column: str
    lines: IntArray
    group: str = ""

    def fault(self, index: int, text: str, remedy: str) -> ScenarioError:
        """What to raise for the time at ``index``."""
        return ScenarioError(f"{self.source}: line {self.lines[index]}, column {self.column} = {shown(text)}: {remedy}")

    def check_order(self, seconds: FloatArray, texts: Sequence[str], hint: str = "") -> None:
        """Raise unless times rise, and lie within a century."""
        if (wrong := np.flatnonzero(np.diff(seconds) <= 0.0)).size:
            index = int(wrong[0]) + 1
            of_group = f" of {self.group}" if self.group else ""
            raise self.fault(
                index,
                texts[index],
                f"not after line {self.lines[index - 1]}{of_group}; sort the rows by time and drop repeated ones{hint}",
            )
        if (late := np.flatnonzero(seconds > seconds[0] + LONGEST_S)).size:
            index = int(late[0])
            remedy = f"more than a hundred years after line {self.lines[0]}; mend one of them"
            raise self.fault(index, texts[index], remedy)


def parse_stamps(texts: Sequence[str], places: Places, zone: dt.tzinfo | None, key: str) -> FloatArray:
    """Seconds of rising time stamps, as :class:`SeriesTime` counts them.

    Args:
        texts: the time stamps.
        places: where they stand.
        zone: of local time; an hour that comes twice, because clocks are set back, is told apart by the order.
        key: of the scenario, under which the zone is set.

    Raises:
        ScenarioError: something that is no time, has an offset though no zone is set, or is not after the one before.
    """
    seconds = np.empty(len(texts))
    for index, text in enumerate(texts):
        moment = _moment(text)
        if moment is None:
            hint = "; hours since the start stand in a column hour" if text.replace(".", "").isdecimal() else ""
            raise places.fault(index, text, f"must be local time such as {EXAMPLES}{hint}")
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise places.fault(index, text, f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
        if moment.tzinfo is not None and zone is None:
            remedy = f"has an offset from UTC; set {key} to the zone whose days are meant, such as {ZONES}"
            raise places.fault(index, text, remedy)
        seconds[index] = _seconds(moment, zone, seconds[index - 1] if index else -np.inf)
    hint = f"where clocks were set back, set {key}, such as Europe/Madrid"
    if zone is not None:
        hint = f"clocks that do not change in summer have a {key} such as +01:00"
    places.check_order(seconds, texts, f"; {hint}")
    return seconds


def parse_hours(texts: Sequence[str], places: Places) -> FloatArray:
    """Seconds of rising hours, to the nearest whole second.

    Raises:
        ScenarioError: something that is no number, or not after the one before.
    """
    seconds = np.empty(len(texts))
    for index, text in enumerate(texts):
        try:
            seconds[index] = round(number_of(text) * SECONDS_PER_HOUR)
        except (ValueError, OverflowError):
            raise places.fault(index, text, "must be a number of hours since the start of the episode") from None
    places.check_order(seconds, texts)
    return seconds


def is_time(text: str) -> bool:
    """Whether a text is a time stamp, and no number."""
    return _moment(text) is not None and not text.isdecimal()


def _moment(text: str) -> dt.datetime | None:
    """The time that a text says, None where it says none."""
    try:
        if match := DAY_FIRST.fullmatch(text):
            day, month, year, clock = match.groups()
            date = dt.date(int(year), int(month), int(day))
            return dt.datetime.combine(date, _clock(clock or "00:00"))
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _clock(text: str) -> dt.time:
    hour, minute, second = (int(part) for part in f"{text}:00".split(":")[:3])
    return dt.time(hour, minute, second)


def _seconds(moment: dt.datetime, zone: dt.tzinfo | None, previous_s: float) -> float:
    """Seconds of a time; of two that a local clock may mean, the first that is after the previous one."""
    if moment.tzinfo is not None:
        return moment.timestamp()
    if zone is None:
        return moment.replace(tzinfo=dt.UTC).timestamp()
    first_s, second_s = (moment.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return second_s if first_s <= previous_s < second_s else first_s
