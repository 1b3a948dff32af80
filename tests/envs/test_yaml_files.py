"""The reader of YAML: what it reads is what YAML's own loader reads, and no key is dropped silently."""

import ast
import contextlib
import json
import math
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.house import ROOMS, modules
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import parse_overrides, read_scenario
from voltran.envs.text_files import read_text
from voltran.envs.yaml_files import parse_mapping, parse_yaml
from voltran.experiments.experiment import read_experiment
from voltran.train.run_config import read_run_config

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_shipped_files_are_read_as_ever() -> None:
    paths = sorted(Path(str(resources.files("voltran.configs"))).rglob("*.yaml"))
    assert len(paths) > 40
    for path in paths:
        assert parse_mapping(path.read_text(encoding="utf-8"), path.name) == yaml.safe_load(
            path.read_text(encoding="utf-8")
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: key 'a' stands twice, first on line 1; keep one"),
        ("a: 1\n'a': 3\n", "line 2: key 'a' stands twice"),
        ("1: x\n0x1: y\n", "line 2: key '0x1' stands twice, first on line 1"),
        ("top:\n  inner: {x: 1, y: 2, x: 3}\n", "line 2: key 'x' stands twice, first on line 2"),
        ("list:\n  - a: 1\n    a: 1\n", "line 3: key 'a' stands twice, first on line 2"),
        ("a: &a {x: 1}\nb: &b {y: 1}\nc: {<<: *a, <<: *b}\n", "line 3: key '<<' stands twice"),
        ("a: [1, 2\n", "not valid YAML"),
        (f"a: {'9' * 5000}\n", "line 1: a number of 5000 digits; write a smaller one"),
        ("a: " + "[" * 3000, "line 1: nested more than 100 deep"),
        ("a: 1\nb: " + "{x: " * 2000 + "1" + "}" * 2000, "line 2: nested more than 100 deep"),
        ("a: &a {b: *a}\n", r"line 1: \*a holds itself; write it out"),
        ("a: &a [1, *a]\n", r"line 1: \*a holds itself"),
        (BOMB, "line 7: holds more than 1000000 values"),
        ("? [a, b]\n: 3\n", "line 1: a key that is a list or a mapping; write a name"),
        ("a: !!bool x\n", "line 1: the tag tag:yaml.org,2002:bool; leave it out"),
        ("a: !!python/name:os.system\n", "line 1: the tag .*python"),
        ('a: "\\ud800"\n', "line 1: the character .*; leave it out"),
        ('a: "\\0"\n', "line 1: the character .*; leave it out"),
        ("a: 1\n---\na: 2\n", "not valid YAML: expected a single document"),
        ("<<: 3\n", "not valid YAML"),
        ("a: \x00\n", "not valid YAML"),
    ],
)
def test_faults_are_named(text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=f"the file: .*{message}"):
        parse_yaml(text, "the file")


def test_dates_are_text() -> None:
    assert parse_yaml("a: 2024-03-02\nb: 2024-13-45\n", "the file") == {"a": "2024-03-02", "b": "2024-13-45"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("1e3", 1000.0), ("6e-5", 6e-5), ("1.5e+3", 1500.0), (".5", 0.5), ("1.", 1.0), ("-.inf", -math.inf)),
        *(("0", 0), ("+4", 4), ("1_000", 1000), ("0x1F", 31), ("0o17", 15), ("0b11", 3), ("0.0", 0.0)),
        *((text, text) for text in ("1:30", "010", "08.5", "--3", "1e", "2001-99-99", "=", "1.2.3", "12 kW")),
        *(("yes", True), ("off", False), ("~", None), ("'12'", "12")),
    ],
)
def test_numbers_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    found = parse_yaml(f"a: {text}\n", "the file")["a"]
    assert (found, type(found)) == (value, type(value))


def test_text_in_utf_16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes("world: uplink_v0\r\n".encode("utf-16"))
    assert read_scenario(path)["world"] == "uplink_v0"


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"cannot be read \(it has more than 1 MiB\)"):
        read_text("/dev/zero", "the file", most_mib=1)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80) | st.text(alphabet="ab:-[]{}&*!|>#'\"?,%@0.e\n \t", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("yaml") / "any.yaml"
    path.write_bytes(content)
    with contextlib.suppress(ScenarioError):
        json.dumps(read_scenario(path))


def test_what_a_mapping_takes_over_from_another_may_be_replaced() -> None:
    text = "base: &base {x: 1, y: 2}\nmore: &more {<<: *base, y: 3}\nlast: {<<: *more, x: 4}\n"
    assert parse_yaml(text, "the file") == {
        "base": {"x": 1, "y": 2},
        "more": {"x": 1, "y": 3},
        "last": {"x": 4, "y": 3},
    }


@pytest.mark.parametrize(
    "read",
    [read_scenario, read_experiment, lambda path: read_run_config(path, {})],
    ids=["scenario", "experiment", "training"],
)
def test_every_file_of_a_user_is_read_strictly(tmp_path: Path, read: Callable[[str], Any]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("description: one\nscenario: toy3\ndescription: two\n")
    with pytest.raises(ScenarioError, match=r"mine\.yaml: .*line 3: key 'description' stands twice, first on line 1"):
        read(str(path))
    path.write_bytes(b"description: \xff\n")
    with pytest.raises(ScenarioError, match=r"mine\.yaml: cannot be read .*save it as UTF-8"):
        read(str(path))
    with pytest.raises(ScenarioError, match=r"null byte"):
        read(str(path).replace("mine", "mi\0ne"))
    with pytest.raises(ScenarioError, match=r"absent\.yaml: cannot be read"):
        read(str(tmp_path / "absent.yaml"))


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xef\xbb\xbfworld: uplink_v0\n")
    assert read_scenario(path) == {"world": "uplink_v0", "name": "mine"}


def test_overrides_are_read_strictly() -> None:
    with pytest.raises(ScenarioError, match=r"override a: value '\{x: 1, x: 2\}': .*key 'x' stands twice"):
        parse_overrides(["a={x: 1, x: 2}"])


def test_nothing_else_in_the_packages_reads_yaml_or_csv() -> None:
    readers = {("yaml", "load"), ("yaml", "safe_load"), ("csv", "reader"), ("csv", "DictReader")}
    found = {
        path: f"{node.value.id}.{node.attr}"
        for room in ROOMS
        for path, source in modules(room)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in readers
    }
    assert found == {"envs/yaml_loader.py": "yaml.load", "envs/csv_files.py": "csv.reader"}
