"""The reader of YAML: what it reads is what YAML's own loader reads, and no key is dropped silently."""

import ast
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house import ROOMS, modules
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import parse_overrides, read_scenario
from voltran.envs.yaml_files import parse_mapping, parse_yaml
from voltran.experiments.experiment import read_experiment
from voltran.train.run_config import read_run_config


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
        (f"a: {'9' * 5000}\n", "not valid YAML"),
        ("a: \x00\n", "not valid YAML"),
    ],
)
def test_faults_are_named(text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=f"the file: .*{message}"):
        parse_yaml(text, "the file")


def test_dates_are_text() -> None:
    assert parse_yaml("a: 2024-03-02\nb: 2024-13-45\n", "the file") == {"a": "2024-03-02", "b": "2024-13-45"}


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
    assert found == {"envs/yaml_files.py": "yaml.load", "envs/csv_files.py": "csv.reader"}
