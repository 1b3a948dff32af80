"""Charts of calculations: bars stand as long as their names fit below them, and lie otherwise."""

import re
from pathlib import Path

import pytest

from voltran.experiments.calculations.charts import HEIGHT_IN, write_chart
from voltran.experiments.calculations.findings import Chart, Series

POINTS_PER_INCH = 72


def height_in(path: Path) -> float:
    found = re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', path.read_text(encoding="utf-8"))
    assert found is not None
    return float(found[1]) / POINTS_PER_INCH


def bars(names: list[str], folder: Path) -> Path:
    values = tuple(float(index) for index in range(len(names)))
    series = Series(name="some", x=tuple(names), y=values, low=values, high=values)
    return write_chart(
        Chart(name="bars", title="Bars", x_label="", y_label="EUR", series=(series,), drawn="bars", from_zero=True),
        folder,
    )


@pytest.mark.parametrize(("count", "lies"), [(3, False), (15, True)])
def test_bars_lie_where_their_names_would_overlap(count: int, lies: bool, tmp_path: Path) -> None:
    path = bars([f"a name that is long {index}" for index in range(count)], tmp_path)
    assert (height_in(path) > HEIGHT_IN + 0.5) == lies
    assert f"a name that is long {count - 1}" in path.read_text(encoding="utf-8")
