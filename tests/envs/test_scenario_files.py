"""Scenario files: the CSV files that they name lie beside them, wherever one is."""

from pathlib import Path

import numpy as np
import pytest

from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.envs.scenario import read_scenario

SCENARIO = """\
world: market_v0
sites:
  - fixed_kw: 1.0
time: {horizon_h: 1}
retail:
  retailers:
    - {source: file, capacity_kw: 9, file: series/power.csv}
    - {source: file, capacity_kw: 9, file: here.csv}
"""


def test_csv_files_are_looked_for_beside_the_scenario_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, here = tmp_path / "mine", tmp_path / "here"
    for place, name, value in ((folder / "series", "power", 1), (here / "series", "power", 2), (here, "here", 3)):
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.csv").write_text(f"hour,kw\n0,{value}\n1,{value}\n")
    path = folder / "own.yaml"
    path.write_text(SCENARIO)
    monkeypatch.chdir(here)
    for reference in (path, str(path), "../mine/own.yaml"):
        world = make_world(reference)
        world.reset([0])
        market = world.market  # type: ignore[attr-defined]
        np.testing.assert_array_equal(market.available_at(np.array([0])), [[1.0, 3.0]])


def test_other_text_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    (tmp_path / "toy").write_text("")
    path.write_text("world: toy\ndescription: see absent.csv\npaths: [absent.csv, /absent.csv]\n")
    expected = {"world": "toy", "description": "see absent.csv", "paths": ["absent.csv", "/absent.csv"], "name": "own"}
    assert read_scenario(path) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("battery: {capacity_kwh: 3,5}", r"battery: the key '5' is no name; .* decimal points"),
        ("battery:", r"battery = None: write keys with values"),
        ("battery: [1]", r"battery = \[1\]: write keys with values"),
        ("bands: {a: 1}", r"bands = .*: write a list"),
        ("bands: []", r"bands = .*: must have at least 1 item"),
    ],
)
def test_values_of_another_shape_are_told_in_words_of_the_file(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"world: blackout_v0\n{text}\n")
    with pytest.raises(ScenarioError, match=message):
        make_world(path)
