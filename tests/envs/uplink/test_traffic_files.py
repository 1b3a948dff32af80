"""Measured traffic: both formats give the means that the samples have, and every fault is named with its remedy."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.envs.uplink.tools import uplink_world
from voltran.envs.errors import ScenarioError
from voltran.envs.slot_means import interval_means
from voltran.envs.uplink.scenario import Time, TrafficFiles, UplinkScenario
from voltran.envs.uplink.traffic import TrafficSource
from voltran.envs.uplink.traffic_files import read_traffic_mbps
from voltran.physics.arrays import FloatArray

START = datetime(2024, 3, 1, 22, 0)
BARCELONA_HEAD = "time,down,up,rnti_count,mcs_down,mcs_down_var,mcs_up,mcs_up_var,rb_down,rb_down_var,rb_up,rb_up_var"


def long_file(folder: Path, rows: list[str], head: str = "time,region,traffic") -> str:
    path = folder / "traffic.csv"
    path.write_text("\n".join([head, *rows, ""]))
    return str(path)


def hourly(region: str, hours: int, values: list[float]) -> list[str]:
    times = [START + timedelta(hours=hour) for hour in range(hours)]
    return [f"{time},{region},{values[index % len(values)]}" for index, time in enumerate(times)]


def read(path: str | list[str], time: dict[str, Any] | None = None, **files: Any) -> FloatArray:
    paths = [path] if isinstance(path, str) else path
    return read_traffic_mbps(TrafficFiles.model_validate({"paths": paths, **files}), Time.model_validate(time or {}))


def barcelona_file(folder: Path, name: str, days: float, missing: range = range(0), megabits: float = 1.0) -> str:
    """Two-minute windows from 15:56 on; the bits of window i are ``megabits`` x i."""
    rows = [BARCELONA_HEAD]
    for index in range(int(days * 720)):
        moment = datetime(2018, 3, 28, 15, 56) + timedelta(minutes=2 * index)
        bits, used = f"{megabits * 1e6 * index}", "0.01"
        if index in missing:
            bits, used = "0.0", ""
        rows.append(f"{moment},{bits},{bits},7,1.0,1.0,,,{used},{used},{used},{used}")
    path = folder / f"{name}.csv"
    path.write_text("\n".join([*rows, ""]))
    return str(path)


def test_hourly_samples_hold_until_the_next(tmp_path: Path) -> None:
    """Regions in the order of their names, whatever the order of rows; the episode begins at the first midnight."""
    rows = sorted(hourly("b", 50, [1.0, 2.0, 3.0]) + hourly("a", 50, [5.0]))
    traffic = read(long_file(tmp_path, rows))
    assert traffic.shape == (96, 2)
    assert (traffic[:, 0] == 5.0).all()
    hours = (np.arange(96) // 4 + 2) % 3
    assert np.array_equal(traffic[:, 1], np.array([1.0, 2.0, 3.0])[hours])
    second = read(long_file(tmp_path, rows), day=1)
    assert np.array_equal(second[:, 1], np.array([1.0, 2.0, 3.0])[(np.arange(96) // 4 + 26) % 3])


def test_samples_within_a_period_are_averaged(tmp_path: Path) -> None:
    times = [datetime(2024, 3, 2) + timedelta(minutes=5 * index) for index in range(24 * 12)]
    rows = [f"{time},x,{index % 12}" for index, time in enumerate(times)]
    traffic = read(long_file(tmp_path, rows))[:, 0]
    assert traffic[:4].tolist() == [1.0, 4.0, 7.0, 10.0]
    assert read(long_file(tmp_path, rows), {"horizon_h": 2, "decision_period_s": 3600})[:, 0].tolist() == [5.5, 5.5]
    late = read(long_file(tmp_path, rows), {"horizon_h": 1, "start_h": 6.25})[:, 0]
    assert late.tolist() == [4.0, 7.0, 10.0, 1.0]


def test_samples_longer_than_half_a_period_count_by_time(tmp_path: Path) -> None:
    """Ten minutes of 0, ten of 3, ten of 0, on periods of a quarter of an hour: 5 of 15 minutes at 3."""
    times = [datetime(2024, 3, 2) + timedelta(minutes=10 * index) for index in range(24 * 6)]
    rows = [f"{time},x,{3 * (index % 3 == 1)}" for index, time in enumerate(times)]
    traffic = read(long_file(tmp_path, rows))[:, 0]
    assert traffic.tolist() == [1.0] * 96
    assert read(long_file(tmp_path, rows), {"decision_period_s": 1200})[:3, 0].tolist() == [1.5, 0.0, 1.5]


@settings(max_examples=200, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([1.0, 2.0, 3.0, 7.0, 11.0]), min_size=1, max_size=40),
    due_s=st.sampled_from([1.0, 2.0, 5.0]),
    period_s=st.sampled_from([1.0, 3.0, 4.0, 10.0]),
    data=st.data(),
)
def test_means_conserve_what_they_average(
    gaps: list[float], due_s: float, period_s: float, data: st.DataObject
) -> None:
    """Against a sum over seconds, sample by sample; and every second of every sample is counted once in all."""
    start_s = np.cumsum(gaps)
    value = np.array([data.draw(st.sampled_from([0.0, 0.1, 1.0, 5.0, np.nan])) for _ in gaps])
    seconds = np.full(int(np.ceil(start_s[-1] + due_s)), np.nan)
    for index, (start, end) in enumerate(zip(start_s, np.append(start_s[1:], np.inf), strict=True)):
        seconds[int(start) : int(min(end, start + due_s))] = value[index]
    edges_s = np.arange(0.0, len(seconds) + period_s, period_s)
    mean = interval_means(start_s, value, due_s, edges_s)
    total, known_s = 0.0, 0
    for index, edge in enumerate(edges_s[:-1]):
        part = seconds[int(edge) : int(edge + period_s)]
        part = part[np.isfinite(part)]
        assert mean[index] == (
            pytest.approx(part.mean(), rel=1e-12, abs=1e-15) if len(part) else pytest.approx(np.nan, nan_ok=True)
        )
        total, known_s = total + np.nan_to_num(mean[index]) * len(part), known_s + len(part)
    assert known_s == np.isfinite(seconds).sum()
    assert total == pytest.approx(np.nansum(seconds), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("changes", [{}, {"peak_total_mbps": 30.0}, {"silent_below": 0.4, "peak_total_mbps": 30.0}])
@pytest.mark.parametrize(("start_h", "hours"), [(3.0, 3.0), (6.25, 1.0), (20.0, 4.0)])
def test_an_episode_of_a_file_is_a_piece_of_its_day(
    tmp_path: Path, changes: dict[str, Any], start_h: float, hours: float
) -> None:
    """Also where a gap that is bridged reaches into it, and where what is scaled peaks outside it."""
    rows = hourly("a", 60, [1.0, 8.0, 3.0, 2.0, 5.0, 0.0, 7.0]) + hourly("b", 60, [4.0, 1.0, 6.0])
    for hour in (6, 22):
        rows = [row for row in rows if f"2024-03-02 {hour:02d}:00:00,a" not in row]
    files = {"paths": [long_file(tmp_path, rows)], "fill_gaps_h": 1.0}

    def drawn(time: dict[str, float]) -> FloatArray:
        scenario = {"name": "test", "time": time, "ues": {"count": 2}}
        traffic = {"source": "files", "files": files, **changes}
        return TrafficSource(UplinkScenario.model_validate({**scenario, "traffic": traffic})).draw_mbps(0)

    day = drawn({})
    first = round(4 * start_h)
    piece = day[first : first + round(4 * hours)]
    np.testing.assert_array_equal(drawn({"start_h": start_h, "horizon_h": hours}), piece)
    if changes.get("peak_total_mbps") and not changes.get("silent_below"):
        assert day.sum(axis=1).max() == pytest.approx(30.0)


def test_what_is_scaled_needs_the_whole_day(tmp_path: Path) -> None:
    path = long_file(tmp_path, hourly("a", 30, [4.0]))
    overrides = {"traffic.source": "files", "traffic.files.paths": [path], "traffic.files.day": 1, "ues.count": 1}
    uplink_world(overrides={**overrides, "time.horizon_h": 3.0})
    with pytest.raises(ScenarioError, match=r"traffic.files.day = 1: .* ends at 2024-03-03 03:00:00"):
        uplink_world(overrides={**overrides, "time.horizon_h": 3.0, "traffic.peak_total_mbps": 8.0})


def test_columns_may_come_in_any_order_with_others_between(tmp_path: Path) -> None:
    rows = [f"7,{row.split(',')[2]},{row.split(',')[0]},a" for row in hourly("a", 30, [4.0])]
    assert (read(long_file(tmp_path, rows, "id,traffic,time,region")) == 4.0).all()


def test_days_are_those_of_the_zone(tmp_path: Path) -> None:
    """22:00 in UTC is 23:00 in Madrid: an hour before the first whole day."""
    rows = [row.replace(",", "Z,", 1) for row in hourly("a", 30, [1.0, 2.0, 3.0])]
    traffic = read(long_file(tmp_path, rows), zone="Europe/Madrid")[:, 0]
    assert traffic.tolist() == [2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0] + [
        float(1 + (hour + 1) % 3) for hour in range(2, 24) for _ in range(4)
    ]
    with pytest.raises(ValueError, match="no such time zone"):
        read(long_file(tmp_path, rows), zone="Madrid")


def test_the_barcelona_format(tmp_path: Path) -> None:
    """Mbit/s = bits / 120 / 1e6; windows from midnight on, 242 after the first; one file per region."""
    paths = [barcelona_file(tmp_path, "first", 2.0), barcelona_file(tmp_path, "second", 3.0, megabits=2.0)]
    traffic = read(paths, format="lte-barcelona")
    windows = np.arange(242, 242 + 720)
    expected = np.repeat(windows, 2).reshape(96, 15).mean(axis=1) / 120.0  # minute by minute
    np.testing.assert_allclose(traffic, np.stack([expected, 2.0 * expected], axis=1))
    assert np.array_equal(read(paths, format="lte-barcelona", quantity="down"), traffic)


def test_gaps_are_filled_up_to_the_length_allowed(tmp_path: Path) -> None:
    """Where the use of blocks is empty nothing was measured: 2 h, from 06:00 on, lie on the line around them."""
    whole = read([barcelona_file(tmp_path, "whole", 2.0)], format="lte-barcelona")
    gap = range(242 + 180, 242 + 240)
    path = barcelona_file(tmp_path, "gap", 2.0, gap)
    with pytest.raises(
        ScenarioError, match=r"gap.csv: region gap has nothing for 2 h from 2018-03-29 06:00:00 on"
    ) as error:
        read([path], format="lte-barcelona", fill_gaps_h=1.75)
    assert "(after line 423); set traffic.files.fill_gaps_h = 2 to bridge it" in str(error.value)
    filled = read([path], format="lte-barcelona", fill_gaps_h=2.0)[:, 0]
    kept = np.r_[0:24, 32:96]
    np.testing.assert_allclose(filled[kept], whole[kept, 0])
    np.testing.assert_allclose(filled[23:33], np.linspace(filled[23], filled[32], 10))


def test_missing_rows_are_gaps_too(tmp_path: Path) -> None:
    rows = hourly("a", 30, [1.0])
    path = long_file(tmp_path, rows[:10] + rows[13:])
    with pytest.raises(
        ScenarioError, match=r"region a has nothing for 3 h from 2024-03-02 08:00:00 on \(after line 11\)"
    ):
        read(path)
    assert (read(path, fill_gaps_h=3.0) == 1.0).all()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2024-03-02 01:00:00,a,nan", r"line 5, column traffic = 'nan': must be a number of at least 0"),
        ("2024-03-02 01:00:00,a,-1", r"line 5, column traffic = '-1': must be"),
        ("2024-03-02 01:00:00,a,inf", r"line 5, column traffic = 'inf'"),
        ("2024-03-02 01:00:00,a,many", r"line 5, column traffic = 'many'"),
        ("2024-03-01 23:30:00,a,1", r"line 5, column time = '2024-03-01 23:30:00': not after line 4 of region a; sort"),
        ("2024-03-02 00:00:00,a,1", r"line 5, column time = .*: not after line 4"),
        ("yesterday,a,1", r"line 5, column time = 'yesterday': must be local time such as 2018-03-28 15:56:00"),
        ("2024-03-02 01:00:00+01:00,a,1", r"line 5, column time = .*has an offset from UTC; set traffic.files.zone"),
        ("2024-03-02 01:00:00,a", r"line 5 has 2 fields, line 1 has 3"),
    ],
)
def test_faulty_rows_are_named(tmp_path: Path, row: str, message: str) -> None:
    rows = hourly("a", 30, [1.0])
    with pytest.raises(ScenarioError, match=r"traffic file .*traffic.csv: " + message):
        read(long_file(tmp_path, [*rows[:3], row, *rows[4:]]))


def test_faulty_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"absent.csv: cannot be read"):
        read(str(tmp_path / "absent.csv"))
    with pytest.raises(ScenarioError, match=r"line 1 lacks the column region, traffic; it has time, down, up"):
        read(barcelona_file(tmp_path, "first", 2.0))
    with pytest.raises(ScenarioError, match="line 1 lacks the column up, rb_up; it has time, region, traffic - rename"):
        read(long_file(tmp_path, hourly("a", 30, [1.0])), format="lte-barcelona")
    with pytest.raises(ScenarioError, match="has no rows"):
        read(long_file(tmp_path, []))
    with pytest.raises(ScenarioError, match=r"line 1 lacks the column time.*it has nothing"):
        read(long_file(tmp_path, [], head=""))
    (tmp_path / "binary.csv").write_bytes(b"time,region,traffic\n\xff\xfe\n")
    with pytest.raises(ScenarioError, match=r"binary.csv: cannot be read as text"):
        read(str(tmp_path / "binary.csv"))
    path = long_file(tmp_path, hourly("a", 30, [1.0]))
    with pytest.raises(ScenarioError, match="the long format holds all regions in one file"):
        read([path, path])


def test_days_that_the_files_do_not_hold(tmp_path: Path) -> None:
    path = long_file(tmp_path, hourly("a", 30, [1.0]))
    with pytest.raises(ScenarioError, match=r"traffic.files.day = 1: .* ends at 2024-03-03 03:00:00 \(region a\)"):
        read(path, day=1)
    assert read(path, {"horizon_h": 4}, day=1).shape == (16, 1)


def test_a_world_plays_measured_traffic(tmp_path: Path) -> None:
    path = long_file(tmp_path, hourly("a", 30, [4.0]) + hourly("b", 30, [6.0, 0.5]))
    overrides = {"traffic.source": "files", "traffic.files.paths": [path], "ues.count": 2, "traffic.silent_below": 0.2}
    world = uplink_world(overrides=overrides)
    world.reset([0])
    assert world.problem().rate_min_mbps.tolist() == [4.0, 6.0]
    for _ in range(4):
        world.step({"ubs": np.zeros((1, 20), dtype=np.int64)})
    assert world.active.tolist() == [[True, False]]
    with pytest.raises(ScenarioError, match=r"ues.count = 3: .*traffic.csv hold 2 regions"):
        uplink_world(overrides={**overrides, "ues.count": 3})


def cells_file(folder: Path, rows: int, hours: int = 26, rename: dict[int, str] | None = None) -> str:
    """Cells of a grid, hour by hour; cell ``n`` carries ``n`` Mbit/s."""
    cells = range(1, rows**2 + 1)
    names = {cell: str(cell) for cell in cells} | (rename or {})
    return long_file(folder, [row for cell in cells for row in hourly(names[cell], hours, [float(cell)])])


def test_cells_of_a_square_are_summed_where_they_lie(tmp_path: Path) -> None:
    """4 x 4 cells to 2 x 2 regions, each of four cells around the UE in its middle."""
    overrides = {
        "ues.count": 4, "ues.placement": "regions", "traffic.source": "files",
        "traffic.files": {"paths": [cells_file(tmp_path, 4)], "cells": "square"},
    }  # fmt: skip
    world = uplink_world("uplink25-regions", overrides=overrides | {"traffic.peak_total_mbps": None})
    world.reset([0])
    problem, places = world.problem(), world.deployment().ue_m
    side_m = world.scenario.layout.side_m
    centres = {n: ((n - 1) % 4 + 0.5, (n - 1) // 4 + 0.5) for n in range(1, 17)}  # east and north of the south-west
    expected = np.zeros(4)
    for number, (east, north) in centres.items():
        off = np.abs(places / side_m * 4.0 - (east, north)).max(axis=1)
        expected[np.flatnonzero(off < 1.0)] += number
    kept = expected >= 0.2 * expected.max()
    assert expected.sum() == 16 * 17 / 2
    assert problem.ue.tolist() == np.flatnonzero(kept).tolist()
    assert problem.rate_min_mbps == pytest.approx(expected[kept])


@pytest.mark.parametrize(
    ("rows", "rename", "count", "message"),
    [
        (
            3,
            {9: "north"},
            9,
            "9 regions are no square grid of cells numbered from 1 on; 'north' is missing",
        ),
        (3, {9: "0"}, 9, "no square grid .* '0'"),
        (3, {9: "8"}, 9, "region 8.*|8 regions are no square grid"),
        (4, {}, 9, "ues.count = 9: 4 x 4 cells of .*traffic.csv do not divide among as many square regions"),
        (4, {}, 8, "ues.count = 8: .*use the square of a divisor"),
    ],
)
def test_cells_that_are_no_square_and_regions_that_do_not_divide_it(
    tmp_path: Path, rows: int, rename: dict[int, str], count: int, message: str
) -> None:
    files = {"paths": [cells_file(tmp_path, rows, rename=rename)], "cells": "square"}
    overrides = {"ues.count": count, "ues.placement": "random", "traffic.source": "files", "traffic.files": files}
    with pytest.raises(ScenarioError, match=message):
        uplink_world("uplink20", overrides=overrides)


def test_cells_need_one_file_with_numbers() -> None:
    files = {"paths": ["a.csv"], "format": "lte-barcelona", "cells": "square"}
    with pytest.raises(ScenarioError, match="cells = 'square': needs numbered regions in one file"):
        uplink_world("uplink20", overrides={"traffic.source": "files", "traffic.files": files})
