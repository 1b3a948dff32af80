"""The grammar of controllers: what is written is what is read, and what cannot be read is said."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltran.envs.errors import ScenarioError
from voltran.evaluation.controller_grammar import (
    Option,
    Reference,
    entry_text,
    parse_entries,
    parse_entry,
    split_entries,
)

# letters that mean something to the grammar stand for more than their share
TEXT = st.text(st.sampled_from("abz09_-./ :,+=@#'\"é") | st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
HEADS = st.one_of(
    WORDS,
    TEXT.filter(lambda text: text.strip() and text not in ("zoo", "sb3", "torch")),
    st.builds("{}.{}:{}".format, WORDS, WORDS, WORDS),
    st.builds("runs/{}/policy.safetensors".format, TEXT),
    st.builds("zoo:{}".format, WORDS),
    st.builds("sb3:{}".format, TEXT.filter(str.strip)),
    st.builds("torch:{}:{}".format, WORDS, WORDS),
)
OPTIONS = st.one_of(
    st.builds(Option, WORDS, st.integers().map(str) | WORDS), st.builds(Option, WORDS, TEXT, st.just(True))
)
REFERENCES = st.builds(Reference, HEADS, st.lists(OPTIONS, max_size=3, unique_by=lambda option: option.key).map(tuple))
ENTRIES = st.one_of(
    REFERENCES.map(lambda reference: {"": reference}), st.dictionaries(WORDS, REFERENCES, min_size=1, max_size=3)
)


@given(st.lists(ENTRIES, min_size=1, max_size=4))
def test_what_is_written_is_read_again(entries: list[dict[str, Reference]]) -> None:
    texts = [entry_text(entry) for entry in entries]
    assert parse_entries(",".join(texts)) == entries
    assert parse_entries(texts) == entries
    assert split_entries(" , ".join(texts)) == texts


@given(st.lists(ENTRIES, min_size=1, max_size=3))
def test_a_file_names_what_a_list_names(
    tmp_path_factory: pytest.TempPathFactory, entries: list[dict[str, Reference]]
) -> None:
    file = tmp_path_factory.mktemp("names") / "names, all.txt"
    lines = [f"  {entry_text(entry)}  # a remark" for entry in entries]
    file.write_text("\n".join(["# who plays", "", *lines]), encoding="utf-8")
    assert parse_entries(f'@"{file}"') == entries


def test_a_file_of_names_may_be_what_windows_programs_save(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    for encoding in ("utf-8-sig", "utf-16"):
        file.write_bytes("msrc\r\nstatic\r\n".encode(encoding))
        assert [entry_text(entry) for entry in parse_entries(f"@{file}")] == ["msrc", "static"]


@given(TEXT.filter(str.strip), st.sampled_from("\"'"))
def test_what_stands_in_quotes_is_one_name(text: str, quote: str) -> None:
    if quote in text:
        return
    entry = parse_entry(f"{quote}{text}{quote}:seed=3")
    assert entry == {"": Reference(text, (Option("seed", "3"),))}


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("msrc", "name", "msrc"),
        ("rotating-sleep:replan_min=60", "name", "rotating-sleep"),
        ("zoo:blackout", "zoo", "blackout"),
        ("runs/x/policy.safetensors", "path", "runs/x/policy.safetensors"),
        ("best.safetensors:seed=1", "path", "best.safetensors"),
        ("my_package.rules:Mine", "own", "my_package.rules:Mine"),
        ("rules:Mine:gain=2", "own", "rules:Mine"),
        ("sb3:runs/lr=3/x.zip", "sb3", "runs/lr=3/x.zip"),
        ("torch:nets:Small:role=bs", "torch", "nets:Small"),
        ("'a:b/c=1,d+e=2.safetensors'", "path", "a:b/c=1,d+e=2.safetensors"),
        ("sb3:'C:/x y.zip'", "sb3", "C:/x y.zip"),
        ("runs/bob's/policy.safetensors", "path", "runs/bob's/policy.safetensors"),
        ("runs/2026-01-02T15:00:00/policy.safetensors", "path", "runs/2026-01-02T15:00:00/policy.safetensors"),
        ("runs/15:00/policy.safetensors:seed=1", "path", "runs/15:00/policy.safetensors"),
        ("C:\\runs\\p.safetensors", "path", "C:\\runs\\p.safetensors"),
        ("C:/my runs/p.safetensors:deterministic=off", "path", "C:/my runs/p.safetensors"),
        ("'C:\\runs, old\\a=1.safetensors'", "path", "C:\\runs, old\\a=1.safetensors"),
        ("sb3:C:\\models\\x.zip:role=bs", "sb3", "C:\\models\\x.zip"),
        ("mine:policy=runs/p.safetensors", "name", "mine"),
        ("my.rules:Mine:policy=runs/p.safetensors", "own", "my.rules:Mine"),
    ],
)
def test_a_reference_is_of_one_kind(text: str, kind: str, target: str) -> None:
    reference = parse_entry(text)[""]
    assert (reference.kind, reference.target) == (kind, target)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x:a=3:b=0.5:c=2%:d=true", {"a": 3, "b": 0.5, "c": "2%", "d": True}),
        ("x:a=off:b=ON", {"a": "off", "b": "ON"}),
        ("p/q.safetensors:deterministic=off", {"deterministic": False}),
        ("m:Mine:flag=on:word='on':number='3'", {"flag": True, "word": "on", "number": "3"}),
        ("""x:a="1, 2: 'three'+b=4":c=\"\"""", {"a": "1, 2: 'three'+b=4", "c": ""}),
        ("x: a = 3 ", {"a": 3}),
    ],
)
def test_options_are_read_as_yaml_and_quoted_ones_are_text(text: str, values: dict[str, Any]) -> None:
    assert parse_entry(text)[""].values == values


def test_members_of_a_team_may_be_anything() -> None:
    text = "bs='a+b=c/p.safetensors':seed=1e+0+retailer=my.rules:Mine:gain=2+operator=zoo:x"
    entry = parse_entry(text)
    assert {role: (found.kind, found.target) for role, found in entry.items()} == {
        "bs": ("path", "a+b=c/p.safetensors"),
        "retailer": ("own", "my.rules:Mine"),
        "operator": ("zoo", "x"),
    }
    assert parse_entry(entry_text(entry)) == entry


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "controllers '': none named"),
        (" , ,", "none named; write for example independent,static"),
        ("'msrc", "a quote ' is not closed"),
        ('bs="msrc+retailer=dpa', 'a quote " is not closed'),
        ("'msrc'x", "'x' follows a closing quote; quote the whole name or value"),
        ("rotating-sleep:fast", "controller 'rotating-sleep': option 'fast' is not of the form key=value"),
        ("msrc:=3", "option '=3' is not of the form key=value"),
        ("msrc:a=1:a=2", "controller 'msrc': option 'a' is given twice"),
        ("msrc:a=[1", r"override a: value '\[1': not valid YAML"),
        (":a=1", "controller ':a=1': names nobody"),
        ("''", "names nobody"),
        ("zoo", "controller 'zoo': names nobody"),
        ("bs=", "team 'bs=': 'bs=' is not ROLE=CONTROLLER"),
        ("msrc+retailer=dpa", "'msrc' is not ROLE=CONTROLLER; write for example"),
        ("bs=msrc+bs=dpa", r"team 'bs=msrc\+bs=dpa': role bs has two controllers"),
        ("@gone.txt", "controllers @gone.txt: cannot be read"),
        ("msrc,dpa", "controller 'msrc,dpa': names 2 controllers; name one"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        parse_entry(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# nobody\n\n", "none named; write one a line"),
        ("msrc\nmsrc,dpa\n", "line 2: holds a comma"),
        ("@other.txt\n", "line 1: names another file"),
        ("msrc\n\nbs=a+bs=b # x\n", "line 3: team 'bs=a"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "names.txt"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ScenarioError, match=message) as caught:
        parse_entries(f"@{file}")
    assert f"@{file}" in str(caught.value)
