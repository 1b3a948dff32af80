"""Whoever sees no colours tells controllers apart, too; pictures say what they show, with units in brackets."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.house import ROOT
from voltran.envs.panels import STROKES, stroke
from voltran.evaluation.figure_files import drawing, marked_line
from voltran.evaluation.metrics import all_metrics
from voltran.evaluation.palette import LOOKS, OTHERS, looks
from voltran.experiments.experiment import published_names, read_experiment
from voltran.experiments.publish import folder_of
from voltran.experiments.summary import read_summary

PICTURES = sorted((ROOT / "docs" / "results").rglob("*.svg"))
# A unit stands in brackets behind what it measures, not behind a comma; money is named by its code.
UNBRACKETED = re.compile(r", (k?W|[kM]?Wh|h|s|m|ms|y|%|SoC|USD|[kM]?EUR|Mbit/J|USD/kWh|EUR/kWh|[kM]?EUR/y)$|\$")
# What stands alone on an axis says nothing without knowing what it counts.
UNITS_ALONE = {"m", "h", "hours", "hour", "years", "W", "kW", "%", "iterations", "kEUR per site", "MEUR per year"}


def panels() -> list[tuple[str, ...]]:
    """The controllers of every panel of a published experiment."""
    found = set()
    for name in published_names():
        experiment, folder = read_experiment(name), folder_of(name, ROOT)
        if experiment.kind == "episodes" and folder.exists():
            for cell in read_summary(folder / "results.json", experiment).cells.values():
                found |= {tuple(labels) for labels in (experiment.families or {"": [*cell.controllers]}).values()}
    return sorted(found)


@pytest.mark.parametrize("labels", panels(), ids=lambda labels: labels[0])
def test_controllers_in_a_panel_differ_by_more_than_colour(labels: tuple[str, ...]) -> None:
    drawn = looks(labels)
    assert len({(str(look.line), str(look.marker)) for look in drawn.values()}) == len(labels)


def test_twelve_strangers_differ_in_colour_and_marker() -> None:
    assert len({look.colour for look in OTHERS}) == len({look.marker for look in OTHERS}) == len(OTHERS) == 12
    assert len({(str(look.line), look.marker) for look in OTHERS}) == 12
    drawn = looks([f"stranger-{index}" for index in range(12)])
    assert sorted(map(str, drawn.values())) == sorted(map(str, OTHERS))
    assert looks([f"stranger-{index}" for index in range(40)])  # more than there are looks: some share one


@pytest.mark.parametrize("stranger", ["a", "b", "bs=msrc+retailer=dpa", "runs/x/policy"])
def test_a_stranger_beside_known_ones_has_another_colour_and_marker(stranger: str) -> None:
    for known in LOOKS:
        drawn = looks([known, stranger])
        assert drawn[known] == LOOKS[known]
        assert drawn[stranger].colour != drawn[known].colour
        assert drawn[stranger].marker != drawn[known].marker


def test_lines_of_retailers_differ_in_stroke() -> None:
    assert len({str(stroke(index)) for index in range(len(STROKES))}) == len(STROKES) >= 5
    assert stroke(len(STROKES)) == stroke(0)


def test_markers_on_lines_that_coincide_stand_apart() -> None:
    """Lines over the same points show their markers at different ones."""
    panel = Figure(figsize=(8.0, 4.0)).subplots()
    time_h = np.linspace(0.0, 24.0, 200)
    known = [*LOOKS.values()][:4]
    lines = [panel.plot(time_h, time_h, **marked_line(look, at))[0] for at, look in enumerate(known)]
    every: list[Any] = [line.get_markevery() for line in lines]
    starts = [start for start, _ in every]
    assert len(set(starts)) == len(lines)
    assert min(np.diff(sorted(starts))) > 0.02


def test_names_with_dollars_and_markup_are_written_as_they_are() -> None:
    name = "runs/a$b^$ <i>&c"

    def paint(figure: Figure) -> None:
        figure.subplots().plot([0, 1], [0, 1], label=name)
        figure.legend()

    tree = ElementTree.fromstring(drawing(2.0, paint).decode())
    assert name in [text.text for text in tree.iter("{http://www.w3.org/2000/svg}text")]


def words(path: Path) -> list[str]:
    tree = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    return ["".join(text.itertext()).strip() for text in tree.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.relative_to(ROOT / "docs" / "results").as_posix())
def test_published_pictures_have_a_message_and_units_in_brackets(path: Path) -> None:
    written = words(path)
    assert [text for text in written if UNBRACKETED.search(text) or text in UNITS_ALONE] == []
    assert max(len(text.split()) for text in written) >= 4, "no line says what one sees"


def test_metrics_write_units_in_brackets_and_money_by_its_code() -> None:
    for metric in all_metrics():
        assert metric.heading == (f"{metric.title} ({metric.unit})" if metric.unit else metric.title)
        assert not UNBRACKETED.search(metric.title), metric.key
        assert "$" not in metric.unit, metric.key


def test_published_tables_write_units_in_brackets() -> None:
    for path in sorted((ROOT / "docs" / "results").glob("*/results.json")):
        findings = json.loads(path.read_text(encoding="utf-8")).get("findings")
        for table in findings["tables"] if isinstance(findings, dict) else ():
            assert [head for head in (*table["columns"], table["title"]) if UNBRACKETED.search(head)] == [], path
