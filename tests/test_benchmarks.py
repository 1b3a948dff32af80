"""The benchmarks' report is made of what was measured; nothing here looks at how long anything takes."""

import time
from pathlib import Path

import pytest
import typer

from benchmarks import against, comparison, measure
from benchmarks.controllers import SCENARIO
from benchmarks.kernels import kernels
from benchmarks.machine import machine
from benchmarks.measure import Aim, Section, Stopwatch, Timing, number, timed
from benchmarks.physics_steps import batch_sizes
from benchmarks.report import report
from benchmarks.uplink import matching
from tests.house import ROOT
from voltran.baselines import make
from voltran.baselines.registry import CONTROLLERS, names
from voltran.envs.errors import VoltranError
from voltran.envs.registry import make_world


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.01234, "0.0123"),
        (1.0, "1.00"),
        (12.34, "12.3"),
        (380.4, "380"),
        (1234.0, "1 230"),
        (20_951_234.0, "21 000 000"),
    ],
)
def test_numbers_have_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


def test_the_median_is_taken_without_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = iter([100.0, 1.0, 9.0, 2.0])
    now = [0.0]

    class Clock:
        perf_counter = process_time = staticmethod(lambda: now[0])

    monkeypatch.setattr(measure, "time", Clock)
    found = timed(lambda: now.__setitem__(0, now[0] + next(lengths)), 3)
    assert found == Timing(2.0, 2.0, 3)
    assert found.per(4) == Timing(0.5, 0.5, 3)
    assert found.rates(10) == (5.0, 5.0)


def test_a_stopwatch_adds_up_what_it_is_put_around() -> None:
    watch = Stopwatch()
    add = watch.around(lambda first, second=0: first + second)
    before = time.perf_counter()
    assert add(1, second=2) == 3
    assert add(1) == 1
    assert watch.calls == 2
    assert 0.0 <= watch.wall_s <= time.perf_counter() - before


def test_the_report_shows_every_table_and_which_aims_are_reached() -> None:
    aims = [Aim("steps", 10.0, 15.0, "µs", at_most=True), Aim("rate", 10.0, 15.0, "1/s", at_most=False)]
    section = Section("Speed", "How fast.", ["case", "value"], [["one", "1.00"]], aims)
    text = report([section], machine(), quick=True)
    assert "| steps | 10.0 µs | ≤ 15.0 µs | reached |" in text
    assert "| rate | 10.0 1/s | ≥ 15.0 1/s | not reached |" in text
    assert "## Speed\n\nHow fast.\n\n| case | value |\n| --- | ---: |\n| one | 1.00 |\n" in text
    assert "quick run" in text
    assert "quick run" not in report([section], machine(), quick=False)
    assert "| CPU |" in text


def test_simulators_that_are_missing_or_broken_say_why(tmp_path: Path) -> None:
    (row,) = comparison._rows("VMAS", [str(tmp_path / "python"), "script.py"])
    assert "not installed" in row[0]
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ImportError: no such thing' >&2\nexit 1\n")
    broken.chmod(0o755)
    (row,) = comparison._rows("VMAS", [str(broken), "script.py"])
    assert row[0] == "VMAS: not measured (ImportError: no such thing)"


def test_topics_that_read_the_physics_still_run() -> None:
    assert [row[0] for row in kernels(quick=True).rows] == [
        "association and link rates, one world",
        "scheduling, one world",
        "energy step, 32 worlds",
    ]
    assert [row[:2] for row in batch_sizes(quick=True).rows] == [
        [plan, worlds] for plan in ("independent", "rotating-sleep") for worlds in ("1", "32")
    ]


def test_the_topic_of_the_uplink_still_runs() -> None:
    section = matching(quick=True)
    assert [row[0] for row in section.rows] == ["8/20"]
    assert all(len(row) == len(section.head) for row in section.rows)
    assert len(section.aims) == 3


def test_the_controllers_that_are_timed_are_those_that_play_the_outage() -> None:
    world = make_world(SCENARIO)
    world.reset([0])
    able = set()
    for name in CONTROLLERS:
        controller = make(name)
        try:
            controller.reset(world)
        except VoltranError:
            continue
        able.add(name)
    assert able == set(names("blackout_v0"))


def test_a_comparison_of_versions_goes_by_the_median_of_the_ratios() -> None:
    case = against.Case("case", "A case", 1.05)
    pairs = [(1.0e-6, 1.0e-6), (1.04e-6, 1.0e-6), (9.0e-6, 3.0e-6)]
    assert against.verdict(case, pairs) == (
        ["A case", "1.04", "1.00", "1.040", "1.020 to 2.020", "1.000", "1.05", "met"],
        True,
    )
    assert not against.verdict(case, [(ours * 1.02, theirs) for ours, theirs in pairs]).is_met


@pytest.mark.slow
def test_a_version_is_compared_with_itself(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """That it runs; what it finds is nothing to assert."""
    monkeypatch.setattr(against, "CASES", against.CASES[1:2])
    with pytest.raises(typer.Exit):
        against.main(ROOT, rounds=2)
    assert "fresh physics step, 1 world" in capsys.readouterr().out


def test_only_a_checkout_can_be_compared_with(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="not a checkout of VoltRAN"):
        against.main(tmp_path, rounds=2)
