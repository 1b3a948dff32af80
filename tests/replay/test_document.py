"""What a recording's file holds is what was recorded, and what is no such file is refused with the remedy."""

import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from tests.replay.recorded import recording
from voltran.envs.errors import FileFormatError
from voltran.envs.replay.stage import Moment, Quantity, Stage, State, Things
from voltran.evaluation.replay.document import Kpi, Recording, recording_bytes, recording_of, together
from voltran.evaluation.replay.numbers import PLACES
from voltran.evaluation.replay.packing import FORMAT

ANY_NUMBER = st.floats(allow_infinity=True, allow_nan=True)
ANY_TEXT = st.text(max_size=20)


def of_one_kind(moments: list[Moment], n: int, digits: int = 2, names: list[str] | None = None) -> Recording:
    things = Things(
        "things",
        "Things",
        np.zeros((n, 2)),
        [State("On", "good", "dot")],
        names or (),
        quantities=[Quantity("value", "Value", "kW", digits)],
        texts={"said": "Said"},
    )
    stage = Stage([things], [], [Quantity("value", "Value", "kW", digits)])
    return Recording("me", "local", "world", "scenario", 1, "0.1.0", stage, moments)


def moment(values: Any, texts: list[str] | None = None, strip: float = 0.0) -> Moment:
    n = len(values)
    said = {"things": {"said": texts}} if texts else {}
    states = {"things": np.zeros(n, int)}
    return Moment(0.0, states, {"things": {"value": np.asarray(values, float)}}, said, {}, {"value": strip})


def read_again(written: Recording) -> Recording:
    return recording_of(recording_bytes(written))


def assert_same_moment(read: Moment, written: Moment, stage: Stage) -> None:
    assert read.time_h == written.time_h
    assert read.strips.keys() == written.strips.keys()
    for strip in stage.strips:
        assert read.strips[strip.key] == pytest.approx(written.strips[strip.key], abs=0.51 * 10**-strip.digits)
    for things in stage.things:
        assert np.array_equal(read.states[things.key], written.states[things.key])
        for quantity in things.quantities:
            here, there = (of.quantities[things.key][quantity.key] for of in (read, written))
            assert np.allclose(here, there, rtol=0, atol=0.51 * 10**-quantity.digits, equal_nan=True)
        for key in things.texts:
            assert read.texts[things.key][key] == written.texts.get(things.key, {}).get(key, [""] * len(things.names))
    for links in stage.links:
        joined, before = read.links[links.key], written.links[links.key]
        assert np.array_equal(joined.source, before.source)
        assert np.array_equal(joined.target, before.target)
        assert np.allclose(joined.size, before.size, rtol=2e-4)
    for key, xy_m in written.xy_m.items():
        assert np.allclose(read.xy_m[key], xy_m, rtol=0, atol=np.ptp(xy_m, axis=0).max() / PLACES * 4)


def test_a_recording_is_read_as_it_was_written_but_for_rounding() -> None:
    written = recording(decisions=6)
    read = read_again(written)
    assert (read.label, read.information, read.world, read.scenario, read.seed, read.version) == (
        ("independent", "local", "made_up_v0", "made-up", 5, "0.1.0")
    )
    assert list(read.kpis) == list(written.kpis)
    assert read.stage.strips == list(written.stage.strips)
    assert read.stage.links == list(written.stage.links)
    assert np.allclose(read.stage.outline_m[3], written.stage.outline_m[3], atol=1e-3)
    for here, there in zip(read.stage.things, written.stage.things, strict=True):
        assert (here.key, here.title, here.gauge, here.texts) == (there.key, there.title, there.gauge, there.texts)
        assert list(here.names) == list(there.names)
        assert list(here.states) == list(there.states)
        assert list(here.quantities) == list(there.quantities)
        assert np.allclose(here.xy_m, there.xy_m, atol=0.1)
    for now, then in zip(read.moments, written.moments, strict=True):
        assert_same_moment(now, then, written.stage)


def test_what_was_read_is_written_as_the_same_bytes() -> None:
    content = recording_bytes(recording(decisions=6, moving=False))
    assert recording_bytes(recording_of(content)) == content


@settings(max_examples=60)
@given(st.data(), st.integers(0, 5), st.integers(1, 4), st.integers(0, 6))
def test_numbers_and_texts_survive(data: st.DataObject, n: int, times: int, digits: int) -> None:
    values = data.draw(arrays_of.arrays(float, (times, n), elements=ANY_NUMBER))
    strips = data.draw(st.lists(ANY_NUMBER, min_size=times, max_size=times))
    texts = data.draw(st.lists(st.lists(ANY_TEXT, min_size=n, max_size=n), min_size=times, max_size=times))
    names = data.draw(st.lists(ANY_TEXT, min_size=n, max_size=n))
    moments = [moment(values[time], texts[time], strips[time]) for time in range(times)]
    read = read_again(of_one_kind(moments, n, digits, names))
    assert list(read.stage.things[0].names) == names
    for time in range(times):
        shown = read.moments[time].quantities["things"]["value"]
        assert np.allclose(shown, values[time], rtol=1e-12, atol=0.501 * 10.0**-digits, equal_nan=True)
        assert np.allclose(
            read.moments[time].strips["value"], strips[time], rtol=1e-12, atol=0.501 * 10.0**-digits, equal_nan=True
        )
        assert list(read.moments[time].texts["things"]["said"]) == texts[time]


def test_who_has_not_moved_stays_where_it_was() -> None:
    first = np.array([[0.0, 1.0], [7.0, -2.0]])
    things = Things("things", "Things", first, [State("On", "good", "dot")])
    states = {"things": np.zeros(2, int)}
    moved = [Moment(0.0, states, {}, {}, {}, {}), Moment(1.0, states, {}, {}, {}, {}, {"things": first[::-1]})]
    read = read_again(Recording("me", "", "w", "s", 1, "0", Stage([things], [], [], measured=False), moved))
    assert np.allclose(read.moments[0].xy_m["things"], first, atol=1e-3)
    assert np.allclose(read.moments[1].xy_m["things"], first[::-1], atol=1e-3)
    assert not read.stage.measured


def test_undefined_kpis_are_none() -> None:
    written = recording(decisions=1, kpis=[Kpi("a", "A", "", float("nan")), Kpi("b", "B", "", float("inf"))])
    assert [kpi.value for kpi in read_again(written).kpis] == [None, None]


WHOLE = recording_bytes(recording(decisions=2, users=20))
OTHER_VERSION = WHOLE.replace(FORMAT.encode(), b"voltran-replay-0", 1)
FIRST_LINE = f"{FORMAT}\n".encode()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"{}", "not a recording"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a recording"),
        (OTHER_VERSION, "format = 'voltran-replay-0', this version reads 'voltran-replay-1'"),
        (FIRST_LINE, "cut or damaged"),
        (WHOLE[: len(WHOLE) // 2], "its end is missing"),
        (WHOLE[:-1], "its end is missing"),
        (WHOLE + b"more", "something follows its end"),
        (FIRST_LINE + b"no deflated body", "cut or damaged"),
        (FIRST_LINE + zlib.compress(b""), "cut or damaged"),
        (FIRST_LINE + zlib.compress(b"\x04\0\0\0null"), "cut or damaged"),
        (FIRST_LINE + zlib.compress(b"\x2b\0\0\0" + b'{"arrays":[],"recordings":[{"label":"me"}]} '), "cut or damaged"),
    ],
)
def test_a_file_that_is_no_whole_recording_is_refused_with_the_remedy(content: bytes, problem: str) -> None:
    with pytest.raises(FileFormatError, match=problem) as caught:
        recording_of(content, "seed-1.replay")
    assert str(caught.value).startswith("seed-1.replay: ")
    assert "--resume" in str(caught.value)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_damaged_byte_is_noticed(place: int, change: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[place] ^= change
    with pytest.raises(FileFormatError):
        recording_of(bytes(damaged))


def test_what_recordings_share_stands_once() -> None:
    both = together([recording("one"), recording("two", policy=1)])
    assert len(both) < 0.8 * (len(recording_bytes(recording("one"))) + len(recording_bytes(recording("two", policy=1))))
