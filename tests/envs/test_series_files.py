"""The reader of time series: what files hold comes out, however they are written; faults are named with a remedy."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import validated
from voltran.envs.series_episodes import read_episode
from voltran.envs.series_files import Reading, SeriesFormat, read_samples, read_series
from voltran.physics.arrays import FloatArray

QUARTER_S = 900.0
HOUR = dt.timedelta(hours=1)


def written(folder: Path, rows: list[str], head: str | None = "time,north") -> str:
    path = folder / "series.csv"
    path.write_text("\n".join([*([] if head is None else [head]), *rows, ""]), encoding="utf-8")
    return str(path)


def hourly(start: dt.datetime, values: list[float], pattern: str = "%Y-%m-%d %H:%M:%S") -> list[str]:
    return [f"{(start + index * HOUR).strftime(pattern)},{value}" for index, value in enumerate(values)]


def episode(
    path: str, hours: float = 4.0, start_hour: float = 0.0, columns: list[str] | None = None, **changes: Any
) -> FloatArray:
    """Quarters of an hour of an episode."""
    series = validated(SeriesFormat, changes, "series")
    return read_episode(path, columns, series, Reading(), start_hour, round(4 * hours), QUARTER_S / 3600.0)[:, 0]


# --- ways to write the same series ------------------------------------------------------------------------------------

VALUES = [float(hour) for hour in range(48)]
MONDAY = dt.datetime(2024, 3, 4)
WAYS: dict[str, tuple[str | None, list[str], dict[str, Any]]] = {
    "time stamps": ("time,north", hourly(MONDAY, VALUES), {}),
    "with a T, to the minute": ("time,north", hourly(MONDAY, VALUES, "%Y-%m-%dT%H:%M"), {}),
    "day first, decimal comma": (
        "Datum;Leistung",
        [f"{MONDAY + index * HOUR:%d.%m.%Y %H:%M};{index},0" for index in range(48)],
        {"time_column": "Datum"},
    ),
    "single digits": (
        "time\tnorth",
        [f"{4 + hour // 24}.3.2024 {hour % 24}:00\t{hour},0" for hour in range(48)],
        {},
    ),
    "Z": ("time,north", hourly(MONDAY, VALUES, "%Y-%m-%dT%H:%M:%SZ"), {"zone": "UTC"}),
    "offsets": ("time,north", hourly(MONDAY - HOUR, VALUES, "%Y-%m-%d %H:%M+00:00"), {"zone": "Europe/Madrid"}),
    "a fixed zone": ("time,north", hourly(MONDAY - 2 * HOUR, VALUES, "%Y-%m-%d %H:%MZ"), {"zone": "+02:00"}),
    "hours": ("hour,north", [f"{hour},{hour}" for hour in range(48)], {}),
    "rounded hours of thirds": ("hour,north", [f"{third / 3:.4f},{third // 3}" for third in range(144)], {}),
    "one column with a head": ("electricity", [str(hour) for hour in range(48)], {"step_h": 1.0}),
    "one column without": (None, [str(hour) for hour in range(48)], {"step_h": 1}),
    "another unit": ("time,north", hourly(MONDAY, [1000.0 * value for value in VALUES]), {"scale": 0.001}),
    "comments, spaces": ("# from a tool\n# 2024\n time , north ", hourly(MONDAY, VALUES), {}),
    "a mark": ("\ufefftime,north", hourly(MONDAY, VALUES), {}),
    "columns besides": (
        "time,local_time,electricity",
        [row.replace(",", ",x,") for row in hourly(MONDAY, VALUES)],
        {"columns": ["electricity"]},
    ),
    "two columns of times": (
        "time,local_time,electricity",
        [row.replace(",", f",{row[:16]},") for row in hourly(MONDAY, VALUES)],
        {},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_series_comes_out_however_it_is_written(tmp_path: Path, way: str) -> None:
    head, rows, changes = WAYS[way]
    path = written(tmp_path, rows, head)
    np.testing.assert_allclose(episode(path, 12.0, **changes), np.repeat(np.arange(12.0), 4), atol=1e-12)
    second = episode(path, 12.0, day=1, **changes)
    np.testing.assert_allclose(second, np.repeat(np.arange(24.0, 36.0), 4), atol=1e-12)
    from_hours = way in ("hours", "rounded hours of thirds")
    late = episode(path, 2.0, 6.0, **changes)
    np.testing.assert_allclose(late, np.repeat([0.0, 1.0] if from_hours else [6.0, 7.0], 4), atol=1e-12)
    if "stamps" in way:
        np.testing.assert_array_equal(episode(path, 12.0, date="2024-03-05", **changes), second)


def test_days_begin_at_midnights_of_the_zone(tmp_path: Path) -> None:
    """A file that begins at 23:00 UTC begins with a whole day in Madrid, not in London."""
    path = written(tmp_path, hourly(MONDAY - HOUR, VALUES, "%Y-%m-%dT%H:%MZ"))
    assert episode(path, 1.0, zone="Europe/Madrid").tolist() == [0.0] * 4
    assert episode(path, 1.0, zone="Europe/London").tolist() == [1.0] * 4


# --- clocks that change -----------------------------------------------------------------------------------------------


def local_quarters(first: dt.datetime, quarters: int) -> list[str]:
    """What a clock in Madrid shows every quarter of an hour, as a logger writes it."""
    from zoneinfo import ZoneInfo

    times = [first + index * dt.timedelta(minutes=15) for index in range(quarters)]
    return [f"{time.astimezone(ZoneInfo('Europe/Madrid')):%d.%m.%Y %H:%M},{index}" for index, time in enumerate(times)]


@pytest.mark.parametrize(("month", "day"), [(10, 27), (3, 31)])
def test_the_hour_that_comes_twice_or_never_is_told_by_the_zone(tmp_path: Path, month: int, day: int) -> None:
    """Days of 25 and of 23 hours, from midnight in Madrid: quarters follow each other without gap or repetition."""
    offset = 2 if month == 10 else 1
    midnight = dt.datetime(2024, month, day, tzinfo=dt.UTC) - offset * HOUR
    path = written(tmp_path, local_quarters(midnight, 200))
    assert episode(path, 40.0, zone="Europe/Madrid").tolist() == list(range(160))
    next_day = 100 if month == 10 else 92
    assert episode(path, 2.0, zone="Europe/Madrid", day=1).tolist() == list(range(next_day, next_day + 8))
    if month == 10:
        with pytest.raises(ScenarioError, match=r"line 14, .*'27.10.2024 02:00': not after line 13; .*set series.zone"):
            episode(path)
    else:
        with pytest.raises(ScenarioError, match=r"nothing for 1 h from 2024-03-31 02:00:00 on \(after line 9\)"):
            episode(path)


def test_a_clock_that_never_changes_is_no_clock_of_madrid(tmp_path: Path) -> None:
    path = written(tmp_path, hourly(dt.datetime(2024, 3, 31), VALUES))
    with pytest.raises(
        ScenarioError, match=r"line 5, .*03:00:00': not after line 4; .* have a series.zone such as \+01"
    ):
        episode(path, zone="Europe/Madrid")
    assert episode(path, 4.0, zone="+01:00").tolist() == np.repeat(np.arange(4.0), 4).tolist()


# --- averaging and gaps -----------------------------------------------------------------------------------------------


def test_sampling_that_changes_makes_no_gaps(tmp_path: Path) -> None:
    """Hourly in the first day, every quarter of an hour in the second; a row that is missing is a gap in both."""
    quarters = [MONDAY + dt.timedelta(minutes=15 * index) for index in range(96, 192)]
    rows = hourly(MONDAY, [1.0] * 24) + [f"{time},2.0" for time in quarters]
    path = written(tmp_path, rows)
    assert episode(path, 48.0).tolist() == [1.0] * 96 + [2.0] * 96
    for missing, length_h, since in ((12, 1, "2024-03-04 12:00:00"), (60, 0.25, "2024-03-05 09:00:00")):
        path = written(tmp_path, rows[:missing] + rows[missing + 1 :])
        message = rf"nothing for {length_h} h from {since} on \(after line {missing + 1}\); set series.fill_gaps_h = "
        with pytest.raises(ScenarioError, match=message):
            episode(path, 48.0)
        assert episode(path, 48.0, fill_gaps_h=length_h).tolist() == [1.0] * 96 + [2.0] * 96


@settings(max_examples=60, deadline=None)
@given(
    hours=st.lists(st.floats(0.0, 5.0), min_size=8, max_size=12),
    minutes=st.sampled_from([60, 30, 15, 5, 3]),
    period_s=st.sampled_from([900.0, 1800.0, 3600.0]),
)
def test_any_sampling_that_divides_the_slot_gives_the_same_means(
    tmp_path_factory: pytest.TempPathFactory, hours: list[float], minutes: int, period_s: float
) -> None:
    """Of a series that changes by the hour, bit for bit."""
    folder = tmp_path_factory.mktemp("series")
    times = range(0, 60 * len(hours), minutes)
    path = written(folder, [f"{MONDAY + dt.timedelta(minutes=t)},{hours[t // 60]!r}" for t in times])
    means = read_series(path, None, period_s, SeriesFormat()).mean[:, 0]
    assert means.tolist() == np.repeat(hours, round(3600.0 / period_s)).tolist()


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.none() | st.floats(-3.0, 5.0), min_size=12, max_size=60),
    offset_min=st.integers(0, 59),
    period_s=st.sampled_from([300.0, 900.0, 7200.0]),
)
def test_averaging_conserves_what_is_known(
    tmp_path_factory: pytest.TempPathFactory, values: list[float | None], offset_min: int, period_s: float
) -> None:
    """Values of ten minutes each: their sum is that of the means, weighted by what is known of each slot."""
    folder = tmp_path_factory.mktemp("series")
    first = MONDAY + dt.timedelta(minutes=offset_min)
    times = [first + dt.timedelta(minutes=10 * index) for index in range(len(values))]
    path = written(
        folder, [f"{time},{'' if value is None else repr(value)}" for time, value in zip(times, values, strict=True)]
    )
    found = read_series(path, None, period_s, SeriesFormat())
    minute = np.full(2000, np.nan)
    for index, value in enumerate(values):
        begin = offset_min + 10 * index
        minute[begin : begin + 10] = np.nan if value is None else value
    first_minute = round((found.start - MONDAY).total_seconds() / 60)
    width = round(period_s / 60)
    slots = minute[first_minute : first_minute + width * len(found.mean)].reshape(-1, width)
    known = np.isfinite(slots).sum(axis=1)
    np.testing.assert_array_equal(np.isnan(found.mean[:, 0]), known == 0)
    np.testing.assert_allclose(np.nan_to_num(found.mean[:, 0]) * known, np.nansum(slots, axis=1), atol=1e-9)
    assert known.sum() == 10 * sum(value is not None for value in values)


def test_a_dataset_keeps_gaps_that_are_too_long(tmp_path: Path) -> None:
    """Several columns; 2-minute rows from 15:56 on; what marks that nothing was measured counts for all of them."""
    head, missing = "time,down,rb_down", {*range(30, 45), *range(90, 150)}
    rows = []
    for index in range(300):
        time = MONDAY + dt.timedelta(hours=15, minutes=56 + 2 * index)
        rows.append(f"{time},{0 if index in missing else index},{'' if index in missing else 0.5}")
    path = written(tmp_path, rows, head)
    reading = Reading(measured_by="rb_down")
    series = SeriesFormat(fill_gaps_h=0.5)
    start, mean = read_series(path, ["down", "rb_down"], QUARTER_S, series, reading)
    assert start == MONDAY + dt.timedelta(hours=15, minutes=45)
    assert mean.shape == (41, 2)
    minutes = np.full(41 * 15, np.nan)
    for index in set(range(300)) - missing:
        minutes[11 + 2 * index : 13 + 2 * index] = index
    with np.errstate(invalid="ignore"):
        known = np.isfinite(minutes.reshape(41, 15)).sum(axis=1)
        expected = np.nansum(minutes.reshape(41, 15), axis=1) / known
    np.testing.assert_allclose(mean[known > 0, 0], expected[known > 0])
    empty = np.flatnonzero(known == 0)
    assert len(empty) > 3
    short = [slot for slot in empty if slot < 12]
    assert np.isfinite(mean[short]).all()
    assert np.isnan(mean[[slot for slot in empty if slot >= 12]]).all()


def test_a_gap_at_the_ends_takes_the_nearest_value(tmp_path: Path) -> None:
    path = written(tmp_path, [f"{hour},{hour}" for hour in range(1, 5)], "hour,north")
    with pytest.raises(ScenarioError, match=r"nothing for 1 h from hour 0 on \(after line 1\)"):
        episode(path)
    filled = episode(path, 6.0, fill_gaps_h=1)
    assert filled.tolist() == [1.0] * 4 + np.repeat([1.0, 2.0, 3.0, 4.0], 4).tolist() + [4.0] * 4


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, [f"{hour},1" for hour in range(4)], "hour,north")
    first = read_samples(path, None, SeriesFormat(), Reading())[0]
    assert read_samples(path, None, SeriesFormat(), Reading())[0] is first
    with pytest.raises(ValueError, match="read-only"):
        first.value[0] = 7.0
    written(tmp_path, [f"{hour},2" for hour in range(4)], "hour,north")
    os.utime(path, ns=(1, 1))
    assert episode(path).tolist() == [2.0] * 16


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "changes", "message"),
    [
        ("2024-03-04 02:00:00,nan", {}, r"line 4, column north = 'nan': must be a number, or empty where nothing"),
        ("2024-03-04 02:00:00,1e999", {}, r"line 4, column north = '1e999': must be a number"),
        ("2024-03-04 02:00:00,3,5", {}, r"line 4 has 3 fields, line 1 has 2; .*decimal commas need columns separated"),
        ('2024-03-04 02:00:00,"3,5"', {}, r"line 4, column north = '3,5': .*; write decimal points"),
        ('2024-03-04 02:00:00,"1,234.5"', {}, r"'1,234.5': must be .*; write .* thousands without a separator"),
        ("2024-03-04 02:00:00,1 234", {}, r"'1 234': must be .*; write .* thousands without a separator"),
        ("2024-03-04 02:00:00,-1e16", {}, r"line 4, column north = '-1e16': must be a number from -1e\+15 to 1e\+15"),
        ("02/03/2024 02:00,1", {}, r"line 4, column time = '02/03/2024 02:00': must be local time such as"),
        ("31.02.2024 02:00,1", {}, r"line 4, column time = '31.02.2024 02:00': must be"),
        ("04.03.2024 24:00,1", {}, r"line 4, column time = '04.03.2024 24:00': must be"),
        (",1", {}, r"line 4, column time = '': must be"),
        ("20240304,1", {}, r"line 4, column time = '20240304': not after line 3"),
        ("7.5,1", {}, r"line 4, column time = '7.5': must be .*hours since the start stand in a column hour"),
        ("2024-03-04T02:00:00Z,1", {}, r"line 4, column time = .* has an offset from UTC; set series.zone to"),
        ("2024-03-04 01:00:00,1", {}, r"line 4, .*: not after line 3; sort the rows by time and drop repeated ones"),
        ("2024-03-04 02:00:00,1", {"columns": ["south"]}, r"line 1 lacks the column south; it has time, north"),
        ("2024-03-04 02:00:00,1", {"time_column": "t"}, r"line 1 lacks the column t; it has time, north"),
        ("2024-03-04 02:00:00,1", {"step_h": 1}, r"has the columns time, north; say which one to take"),
        (
            "2024-03-04 02:00:00,1",
            {"day": 2},
            r"series.day = 2: .* ends at 2024-03-05 23:00:00 .*choose an earlier day",
        ),
        (
            "2024-03-04 02:00:00,1",
            {"date": "2023-01-01"},
            r"date = 2023-01-01: .* begins at 2024-.* choose a later day",
        ),
        ("2024-03-04 02:00:00,1", {"date": "2024-03-03", "hours": 25}, r"nothing for 24 h from 2024-03-03 00:00:00 on"),
        ("2024-03-04 02:00:00,1", {"hours": 49}, r"the episode would last .* to 2024-03-06 01:00:00; add rows, or"),
        ("2024-03-04 02:00:00,1", {"zone": "Europe/Mardid"}, r"zone = 'Europe/Mardid': no such time zone; give one"),
        ("2024-03-04 02:00:00,1", {"zone": "+25:00"}, r"zone = '\+25:00': no such time zone"),
        ("2024-03-04 02:00:00,1", {"zone": "../etc"}, r"zone = '../etc': no such time zone"),
        ("2024-03-04 02:00:00,1", {"zone": "UTC", "step_h": 1}, r"step_h = 1 is for files without times"),
        ("2024-03-04 02:00:00,1", {"day": 1, "date": "2024-03-04"}, r"day = 1 and date = 2024-03-04 both say"),
        ("2024-03-04 02:00:00,1", {"date": "2024-13-04"}, r"date = '2024-13-04'"),
        ("2024-03-04 02:00:00,1", {"scale": 0}, r"scale = 0: must lie in"),
    ],
)
def test_faults_are_named(tmp_path: Path, row: str, changes: dict[str, Any], message: str) -> None:
    rows = hourly(MONDAY, VALUES)
    path = written(tmp_path, [*rows[:2], row, *rows[3:]])
    with pytest.raises(ScenarioError, match=message):
        episode(path, **changes)


@pytest.mark.parametrize(
    ("head", "rows", "changes", "message"),
    [
        ("hour,north", ["0,1", "1,1"], {"date": "2024-03-04"}, r"series.date = 2024-03-04: .* has no dates; choose"),
        ("hour,north", ["0,1", "soon,1"], {}, r"line 3, column hour = 'soon': must be a number of hours"),
        ("hour,north", ["0,1", "inf,1"], {}, r"line 3, column hour = 'inf': must be a number of hours"),
        ("hour,north", ["0,1", "1e9,1"], {}, r"line 3, column hour = '1e9': more than a hundred years after line 2"),
        ("time,north", ["1990-01-01,1", "2190-01-01,1"], {}, r"line 3, .* more than a hundred years after line 2"),
        ("time,north", ["0001-01-01,1"], {"zone": "Asia/Tokyo"}, r"line 2, .*: must lie in the years 1900 to 2199"),
        ("time,north", ["9999-12-31T23:00Z,1"], {"zone": "Asia/Tokyo"}, r"line 2, .*: must lie in the years 1900 to"),
        ("time,north", ["2024-01-01,1"], {"date": "9999-12-31"}, r"date = '9999-12-31': .*2199-12-31"),
        ("time,north", ["2024-01-01,1"], {"date": "0001-01-01", "zone": "Asia/Tokyo"}, r"date = .*1900-01-01"),
        ("hour,north", ["0,1_0"], {}, r"line 2, column north = '1_0': must be a number"),
        ("hour,north", ["0,\u0663"], {}, r"line 2, column north = .*: must be a number"),
        ("hour,north", ["0," + "1" * 5000], {}, r"column north = '1{60}...': must be a number"),
        ("hour|north", ["0|1"], {}, r"it has hour.north - separate columns by .*, not by '\|'"),
        ("", [], {}, r"it has nothing: it is empty"),
        ("hour,north", ["0,1", "0,1"], {}, r"line 3, column hour = '0': not after line 2"),
        ("hour,north", ["0,1", "1,1"], {"day": 1}, r"series.day = 1: .* ends at hour 1 .* from hour 24 to hour 28"),
        (
            "t,north",
            ["0,1"],
            {},
            r"line 1 lacks the column hour or time; it has t, north - name the column of times in",
        ),
        ("time,a,b", ["2024-03-04,1,2"], {}, r"has the columns a, b; say which one to take"),
        ("time", ["2024-03-04"], {}, r"has the columns of times alone; say which one to take"),
        ("hour,north", ["0,", "1,", "2,", "3,"], {}, r"has nothing for 4 h from hour 0"),
        ("hour,north", ["0,", "1,", "2,", "3,"], {"fill_gaps_h": 9}, r"has nothing for 4 h from hour 0"),
        ("hour,north", [], {}, r"has no rows"),
        (
            "0,5",
            ["0,7"],
            {"step_h": 1},
            r"line 1 has numbers, 0, 5, where names should stand; .* decimal points",
        ),
    ],
)
def test_faulty_files_are_named(
    tmp_path: Path, head: str, rows: list[str], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        episode(written(tmp_path, rows, head), **changes)


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_bytes("time,Wärme\n2024-03-04,1\n".encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"cannot be read as text .*; save it as UTF-8"):
        episode(str(path))


DAMAGE = [
    "",
    "nan",
    "1e400",
    "9" * 400,
    "0001-01-01",
    "9999-12-31 23:59",
    "9999-12-31T23:59+00:00",
    "24:00",
    "-5",
    "1,5",
]
DAMAGE += [",", ";", "\t", '"', "#", "\x00", "31.12.9999 23:59", "1.1.0001 00:00", "0001-01-01T00:00+14:00", "1e300"]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), zone=st.sampled_from([None, "UTC", "Europe/Madrid", "-11:00"]), day=st.sampled_from([0, 1]))
def test_damaged_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, zone: str | None, day: int
) -> None:
    lines = ["time,north", *hourly(dt.datetime(2024, 10, 26), VALUES)]
    for _ in range(data.draw(st.integers(1, 3))):
        place, damage = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.sampled_from(DAMAGE))
        fields = lines[place].split(",")
        fields[data.draw(st.integers(0, len(fields) - 1))] = damage
        lines[place] = ",".join(fields)
    path = written(tmp_path_factory.mktemp("series"), lines, None)
    try:
        found = episode(path, 12.0, zone=zone, day=day, fill_gaps_h=data.draw(st.sampled_from([0.0, 9999.0])))
    except ScenarioError:
        return
    assert np.isfinite(found).all()
