"""Names of anybody's text stay inside their folder, differ, and suit every file system."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltran.envs.file_names import file_name, file_names

ODD = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "a/b",
    "a\\b",
    "C:\\x",
    "a\0b",
    "x" * 300,
    "a.",
    " a ",
    "-rf",
    ".git",
    "\ud800",
]
RESERVED = ["con", "NUL.txt", "Lpt1", "aux-", "com1.a.b"]
TEXTS = st.one_of(st.sampled_from(ODD + RESERVED), st.text(max_size=300), st.text("aA.-/:", max_size=4))


@pytest.mark.parametrize("name", ["net", "urban19-medium", "radio.r_exp_m=600", "a" * 120])
def test_a_name_stays_as_it_is(name: str) -> None:
    assert file_name(name) == name


@given(TEXTS, st.sampled_from([30, 120]))
def test_any_text_makes_a_name_that_stays_inside(text: str, longest: int) -> None:
    name = file_name(text, longest)
    assert 0 < len(name) <= longest
    assert len(name.encode()) == len(name)
    assert PurePosixPath(name).name == PureWindowsPath(name).name == name
    assert name[0] not in ".-"
    assert name[-1] not in ". "
    assert not PureWindowsPath(name).is_reserved()


@given(TEXTS, TEXTS)
def test_other_texts_have_other_names(one: str, other: str) -> None:
    assert (file_name(one) == file_name(other)) == (one == other)


@given(st.lists(TEXTS, unique=True, max_size=6), st.sampled_from([30, 120]))
def test_names_beside_each_other_differ_whatever_the_case(texts: list[str], longest: int) -> None:
    names = file_names({text: text for text in texts}, longest)
    assert list(names) == texts
    assert len({name.casefold() for name in names.values()}) == len(texts)
    assert all(len(name) <= longest for name in names.values())


def test_what_is_called_alike_is_told_apart_in_any_order() -> None:
    wanted = {"a/net.yaml": "net", "b/net.yaml": "net", "c/Net.yaml": "Net", "other": "other"}
    names = file_names(wanted)
    assert len(set(names.values())) == 4
    assert names["other"] == "other"
    assert names["a/net.yaml"].startswith("net-")
    assert names == file_names(dict(reversed(wanted.items())))
