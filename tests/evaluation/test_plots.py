"""Pictures: readable on any page, the same bytes for the same data, one look for a controller everywhere."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.evaluation.fake_uplink import uplink_results
from tests.evaluation.fixtures import play_idle_and_busy
from voltran.envs.errors import FileFormatError, MissingExtraError
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.episodes import Trace
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.figure_files import end_axes, reach
from voltran.evaluation.palette import FAINT, LOOKS, OTHERS, TEXT, Look, looks
from voltran.evaluation.pictures.market import RETAILERS, traded
from voltran.evaluation.pictures.outage import surviving_share
from voltran.evaluation.pictures.uplink import cumulative
from voltran.evaluation.plots import read_traces, write_plots
from voltran.evaluation.results import Results
from voltran.evaluation.statistics import summarise

OUTAGE_NAMES = ("batteries", "survival", "availability", "trade-off")


@pytest.fixture
def results(scenario: str, tmp_path: Path) -> Results:
    return play_idle_and_busy(scenario, range(3), tmp_path / "out")


def test_every_picture_is_written_once_without_a_background(results: Results, tmp_path: Path) -> None:
    written = write_plots(results, tmp_path / "out")
    assert [path.name for path in written] == [f"{name}.svg" for name in OUTAGE_NAMES]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert_drawn(path, list(results.controllers), looks(list(results.controllers)))
        assert 'width="619.2pt"' in text
        assert fills(text) <= {
            "none",
            TEXT,
            FAINT,
            *(look.colour for look in looks(list(results.controllers)).values()),
        }
        assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
        assert "<metadata>" not in text


def assert_drawn(path: Path, labels: list[str], look: dict[str, Look]) -> None:
    """Every controller's colour is in the picture."""
    text = path.read_text(encoding="utf-8")
    assert [label for label in labels if look[label].colour not in text] == [], path.name


def fills(svg: str) -> set[str]:
    """Colours that anything is filled with."""
    return set(re.findall(r"\bfill: ([^;}]+)", svg))


def test_the_same_data_make_the_same_bytes(results: Results, tmp_path: Path) -> None:
    first, again = ({path.name: path.read_bytes() for path in write_plots(results, tmp_path / "out")} for _ in range(2))
    assert first == again


def test_the_uplink_has_distributions_and_a_day(tmp_path: Path) -> None:
    labels = ["trimsm-eipc", "uc-cell-free:idle_sleep=0.5", "recp"]
    results = uplink_results(labels, tmp_path)
    written = write_plots(results, tmp_path, {"Architectures": labels[:2], "Algorithms": labels[::2]})
    names = ("cdf-energy_efficiency", "cdf-swaps", "day")
    assert [path.name for path in written] == [f"{name}.svg" for name in names]
    for path in written:
        assert_drawn(path, labels, looks(labels))


def test_worlds_with_retailers_have_a_trading_day_and_efficiencies(tmp_path: Path) -> None:
    teams = "bs=buy-all+retailer=cost-plus,bs=autarky+retailer=price-cap,bs=buy-all+retailer=best-response"
    overrides = {"time.horizon_h": 3}
    results = Evaluation("market8", parse_controllers(teams), range(2), overrides).run(out=tmp_path)
    shown = ["bs=buy-all+retailer=cost-plus", "bs=buy-all+retailer=best-response"]
    written = write_plots(results, tmp_path, {"day": shown})
    assert [path.name for path in written] == ["trading.svg", "efficiency.svg"]
    for path, drawn in zip(written, (shown, list(results.controllers)), strict=True):
        assert_drawn(path, drawn, looks(list(results.controllers)))


def test_an_episode_of_one_slot_has_a_picture(tmp_path: Path) -> None:
    overrides = {"network.infrastructures": 1, "time.horizon_h": 0.25}
    results = Evaluation("sharing12", ["grid-only"], [0], overrides).run(out=tmp_path)
    assert "course.svg" in [path.name for path in write_plots(results, tmp_path)]


def test_a_trading_day_shows_few_controllers_and_none_without_retailers() -> None:
    time_h = np.arange(4.0)
    trace = {"time_h": time_h, **{name: np.ones((4, 2)) for name in ("price", "available_kw", "sold_kw", "soc")}}
    alone = trace | {"price": np.ones((4, 0))}
    traces: dict[str, Trace] = {
        "a": trace,
        "b": alone,
        "c": trace,
        "d": trace,
        "e": trace,
        "f": trace,
        "g": {"time_h": time_h},
    }
    assert list(traded(traces, {})) == ["a", "c", "d"]  # of the first four
    assert list(traded(traces, {"x": ["f", "g"], "y": ["c", "unknown"]})) == ["f", "c"]


def test_the_distribution_steps_up_at_each_value() -> None:
    value, share = cumulative([3.0, None, 1.0, 2.0, 2.0])
    assert value.tolist() == [1.0, 1.0, 2.0, 2.0, 3.0]
    assert share.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_pictures_without_data_are_left_out(results: Results, tmp_path: Path) -> None:
    few = {
        label: controller.model_copy(
            update={"trace": None, "metrics": {"survival_h": controller.metrics["survival_h"]}}
        )
        for label, controller in results.controllers.items()
    }
    written = write_plots(results.model_copy(update={"controllers": few}), tmp_path / "few")
    assert [path.name for path in written] == ["survival.svg"]


def test_the_survival_curve_falls_at_each_loss_and_stays_up_for_censored_episodes() -> None:
    times, alive = surviving_share([3.0, 1.0, None, 2.0], [0.0, 0.0, None, 0.0])
    assert times.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert alive == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0])
    times, alive = surviving_share([24.0, 1.0, 24.0, 2.0], [1.0, 0.0, 1.0, 0.0])
    assert times.tolist() == [0.0, 1.0, 2.0, 24.0]
    assert alive.tolist() == [1.0, 0.75, 0.5, 0.5]


def test_a_controller_looks_the_same_in_every_company() -> None:
    assert looks(["static", "independent"])["static"] == looks(["policy", "static"])["static"] == LOOKS["static"]
    assert looks(["mine"])["mine"] == looks(["static", "mine"])["mine"]
    both = looks(["trimsm-eipc:order=first", "trimsm-eipc:final=slmdb"])
    assert both["trimsm-eipc:order=first"] == LOOKS["trimsm-eipc"] != both["trimsm-eipc:final=slmdb"]
    assert looks(["trimsm-eipc:order=first", "trimsm-eipc"])["trimsm-eipc:order=first"] in OTHERS
    strangers = [f"rotating-sleep:keep_helper={number}" for number in range(len(OTHERS))]
    assert len(set(looks(strangers).values())) == len(OTHERS)
    assert list(looks(strangers)) == strangers
    assert len(looks([f"{number}" for number in range(20)])) == 20


def test_colours_stand_out_from_white_and_from_dark_pages() -> None:
    drawn = {look.colour for look in (*LOOKS.values(), *OTHERS)} | {*RETAILERS}
    for page in ("#ffffff", "#0d1117"):
        assert {colour for colour in drawn if contrast(colour, page) < 3.0} == set()
        assert contrast(TEXT, page) >= 4.0


def test_no_stranger_has_the_colour_of_somebody_in_the_picture() -> None:
    labels = ["msrc", "static", *(f"mine:option={number}" for number in range(6))]
    colours = [look.colour for look in looks(labels).values()]
    assert len(set(colours)) == len(colours)


def test_axes_end_where_the_metric_does_and_intervals_lean(results: Results, tmp_path: Path) -> None:
    figure = Figure()
    panel = figure.subplots()
    panel.plot([0.0, 120.0], [50.0, 60.0])
    end_axes(panel, "x", (0.0, 100.0))
    end_axes(panel, "y", (-np.inf, np.inf))
    assert panel.get_xlim() == (0.0, 100.0)
    assert panel.get_ylim() == pytest.approx((49.5, 60.5))
    summary = summarise([*[0.0] * 15, 1.0], (0.0, 1.0))
    low, high = summary.bootstrap95 or (0.0, 0.0)
    sides = np.array(reach(summary, 100.0)).ravel()
    assert sides == pytest.approx([6.25 - 100 * low, 100 * high - 6.25])
    assert high - 0.0625 > 0.0625 - low
    assert reach(summarise([1.0]), 1.0) is None


def contrast(first: str, second: str) -> float:
    """Contrast ratio of the Web Content Accessibility Guidelines; 3 is the minimum for graphics."""

    def luminance(colour: str) -> float:
        parts = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


def test_a_corrupt_time_series_is_named(results: Results, tmp_path: Path) -> None:
    trace = results.controllers["idle"].trace
    assert trace is not None
    path = tmp_path / "out" / trace
    assert set(read_traces(results, tmp_path / "out")) == {"idle", "busy"}
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(FileFormatError, match=r"\.npz: corrupt .*delete it"):
        read_traces(results, tmp_path / "out")
    path.unlink()
    assert set(read_traces(results, tmp_path / "out")) == {"busy"}


def test_a_missing_matplotlib_names_the_extra(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"voltran\[train\]"):
        write_plots(results, tmp_path / "out")
