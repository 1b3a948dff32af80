"""Small vector pictures show what the large ones did."""

import io
import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from voltran.evaluation.svg import TOLERANCE_PT, compact, simplified

PICTURE = """<svg>
 <metadata>
  when and by whom
 </metadata>
 <style type="text/css">*{stroke-linecap: butt}</style>
 <g id="axes_1">
  <path d="M 0.123456 10
L 5 10.01
L 10.987654 10
L 10.987654 20
z
" style="fill: none"/>
  <path d="M 1 2 C 1 3 2 4 3 4" style="fill: none"/>
  <text style="font: 9px 'DejaVu Sans'" x="1.23456" transform="rotate(-0 1.23456 2)">1.50 of 2.500</text>
 </g>
</svg>
"""


def test_a_picture_by_matplotlib_stays_a_picture() -> None:
    """Browsers show nothing at all of XML that is not well formed."""
    figure = Figure(figsize=(3.0, 2.0))
    axes = figure.subplots()
    axes.plot(np.linspace(0.0, 1.0, 200), np.sin(np.linspace(0.0, 9.0, 200)), label="1.50 & <2.5>")
    axes.legend()
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg")
    root = ElementTree.fromstring(compact(drawn.getvalue()))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {element.tag.rpartition("}")[2] for element in root.iter()} >= {"path", "style", "clipPath"}
    # what is drawn by its name is found by it
    named = {element.get("id") for element in root.iter()} - {None}
    used = {element.get("{http://www.w3.org/1999/xlink}href") for element in root.iter()} - {None}
    clipped = {element.get("clip-path") for element in root.iter()} - {None}
    assert used | clipped
    assert {str(name).strip("url(#)") for name in used | clipped} <= named


def test_groups_that_say_nothing_go_and_others_stay() -> None:
    svg = '<svg><g id="axes"><g clip-path="url(#long)"><g/><path d="M0 0"/></g></g><clipPath id="long"/></svg>'
    assert compact(svg) == '<svg><g clip-path="url(#i0)"><path d="M0 0"/></g><clipPath id="i0"/></svg>\n'


def test_paths_lose_what_nobody_sees_and_words_keep_their_digits() -> None:
    text = compact(PICTURE)
    assert 'd="M.1 10h10.9v10z"' in text
    assert 'd="M 1 2 C 1 3 2 4 3 4"' in text  # curves stay
    assert 'x="1.2">1.50 of 2.500</text>' in text
    assert "metadata" not in text
    assert "axes_1" not in text


@given(st.lists(st.tuples(st.integers(-999, 999), st.integers(-999, 999)), min_size=1, max_size=40))
def test_steps_lead_to_the_same_points(tenths: list[tuple[int, int]]) -> None:
    path = "M " + " L ".join(f"{x / 10} {y / 10}" for x, y in tenths)
    drawn = walked(re.search(' d="([^"]*)"', compact(f'<path d="{path}"/>'))[1])  # type: ignore[index]
    assert drawn[0] == pytest.approx(np.array(tenths[0]) / 10)
    assert drawn[-1] == pytest.approx(np.array(tenths[-1]) / 10)
    for point in np.array(tenths) / 10:
        lines = itertools.pairwise(drawn) if len(drawn) > 1 else [(drawn[0], drawn[0])]
        assert min(away(point, *line) for line in lines) <= TOLERANCE_PT + 1e-6


def walked(path: str) -> list[np.ndarray]:
    """The points of a path of steps."""
    points: list[np.ndarray] = []
    for command, numbers in re.findall("([Mlhv])([^Mlhvz]*)", path):
        values = [float(text) for text in numbers.split()]
        step = {"h": (values[0], 0.0), "v": (0.0, values[0])}.get(command, tuple(values))
        points.append(np.array(step) + (points[-1] if points else 0.0))
    return points


def test_a_style_stands_once_and_names_fonts_that_readers_have() -> None:
    text = compact(PICTURE)
    assert text.count("fill: none") == 1
    assert len(re.findall('class="s0"', text)) == 2
    assert "'DejaVu Sans', Verdana, sans-serif" in text


def test_a_compact_picture_stays_as_it_is_but_for_what_is_spelled_out_again() -> None:
    assert compact(PICTURE) == compact(PICTURE.replace("\n  <", "\n      <"))
    paths = [re.findall(' d="[^"]*"', text) for text in (compact(PICTURE), compact(compact(PICTURE)))]
    assert paths[0] == paths[1]


def test_points_on_the_way_go_and_corners_stay() -> None:
    line = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [2.0, 2.0]])
    assert simplified(line, 0.1).tolist() == [True, False, True, False, True]
    assert simplified(line[:1], 0.1).tolist() == [True]


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=2, max_size=40))
def test_no_point_is_further_from_the_line_that_is_left_than_the_tolerance(drawn: list[tuple[float, float]]) -> None:
    points = np.array(drawn)
    kept = points[simplified(points, TOLERANCE_PT)]
    assert (kept[0] == points[0]).all()
    assert (kept[-1] == points[-1]).all()
    for point in points:
        assert min(away(point, *ends) for ends in itertools.pairwise(kept)) <= TOLERANCE_PT + 1e-9


def away(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """Distance from a segment, by a fine search."""
    shares = np.linspace(0.0, 1.0, 4001)[:, None]
    found = np.linalg.norm(start + shares * (end - start) - point, axis=1).min()
    return float(max(found - np.linalg.norm(end - start) / 8000, 0.0))


@pytest.mark.parametrize("text", ["", "<svg></svg>\n"])
def test_nothing_to_do_is_fine(text: str) -> None:
    assert compact(text).strip() == text.strip()
