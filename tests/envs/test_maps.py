"""Maps explain themselves: every mark is in the legend, every user in the frame, and sites have names."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch, RegularPolygon

from tests.envs.figures import painted_figures, texts
from voltran.baselines import make
from voltran.envs.canvas import in_few_colours, small_png_of
from voltran.envs.maps import LETTER_EM, fitting, length_name, round_length_m
from voltran.envs.registry import make_world, world_spec
from voltran.envs.world import World

OUTAGE = ("voltran.envs.blackout.picture",)
UPLINK = ("voltran.envs.uplink.picture",)
PAINTERS = {
    "toy3": OUTAGE,
    "urban7-medium": OUTAGE,
    "urban19-brownout-medium": (*OUTAGE, "voltran.envs.brownout.picture"),
    "market4": ("voltran.envs.market.picture",),
    "uplink20": UPLINK,
    "sharing-toy": ("voltran.envs.sharing.picture",),
}
# A unit stands in brackets behind what it measures, not behind a comma; money is named by its code.
UNBRACKETED = re.compile(r", (k?W|[kM]?Wh|h|s|m|%|SoC|USD|EUR|Mbit/J|USD/kWh|EUR/kWh)$|\$")
LONG = "bs=somebody_with_a_name:that=has+retailer=many_options:and=values:of=all_kinds:" + "x" * 300


def played(scenario: str, player: str = "random", decisions: int = 2, **overrides: Any) -> World:
    world = make_world(scenario, overrides=overrides)
    world.played_by = player
    world.reset([4])
    controller = make(player)
    controller.reset(world)
    for _ in range(decisions):
        world.step(controller.act(world))
    return world


@pytest.fixture(scope="module")
def dying() -> World:
    """An outage with users served, in part and not, critical and not, and sites up and down."""
    return played("urban7-medium", "independent", 10, **{"traffic.load_factor": 1.8})


def legend_marks(figure: Figure) -> set[tuple[str, bytes]]:
    """Colour and shape of every marker in a figure's legends."""
    handles: list[Any] = [handle for legend in figure.legends for handle in legend.legend_handles]
    lines = [handle for handle in handles if isinstance(handle, Line2D)]
    return {(to_hex(line.get_markerfacecolor()), shape(line.get_marker())) for line in lines}


def shape(marker: Any) -> bytes:
    style = MarkerStyle(marker)
    return rounded(style.get_path().transformed(style.get_transform()).vertices)


def rounded(vertices: Any) -> bytes:
    return np.round(np.asarray(vertices, dtype=float), 6).tobytes()


def drawn_marks(figure: Figure) -> set[tuple[str, bytes]]:
    """Colour and shape of every marker that is drawn at least once."""
    collections: list[Any] = [each for each in figure.axes[0].collections if hasattr(each, "get_sizes")]
    drawn = [each for each in collections if len(each.get_offsets())]
    return {(to_hex(each.get_facecolor()[0]), rounded(each.get_paths()[0].vertices)) for each in drawn}


def test_the_legend_has_every_mark_of_the_outage(dying: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (figure,) = painted_figures(dying, monkeypatch, OUTAGE)
    drawn = drawn_marks(figure)
    assert len(drawn) >= 4  # users served and not served, critical and not
    assert drawn <= legend_marks(figure)
    handles = [handle for legend in figure.legends for handle in legend.legend_handles]
    known = {to_hex(each.get_color()) for each in handles if isinstance(each, Line2D)}
    known |= {to_hex(each.get_facecolor()) for each in handles if isinstance(each, Patch)}
    cells = [patch for patch in figure.axes[0].patches if isinstance(patch, RegularPolygon)]
    assert len(cells) == 7
    assert {to_hex(cell.get_facecolor()) for cell in cells} <= known
    hatched = {patch.get_hatch() for patch in cells} - {""}
    assert hatched <= {patch.get_hatch() for patch in handles if isinstance(patch, Patch)}
    words = " ".join(texts(figure))
    for mark in ("critical, not served", "state of charge", "how far a site reaches", "user to its site"):
        assert mark in words


def test_the_legend_has_every_mark_of_the_uplink(monkeypatch: pytest.MonkeyPatch) -> None:
    world = played("uplink20", "llsf", 3)
    (figure,) = painted_figures(world, monkeypatch, UPLINK)
    drawn = drawn_marks(figure)
    assert len(drawn) >= 3
    assert drawn <= legend_marks(figure)


@pytest.mark.parametrize(
    "overrides",
    [pytest.param({}, id="standing"), pytest.param({"users.speed_m_per_s": 20.0}, id="moving", marks=pytest.mark.slow)],
)
def test_the_frame_holds_every_user_whole(overrides: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    world = played("urban7-medium", "random", 4, **overrides)
    (figure,) = painted_figures(world, monkeypatch, OUTAGE)
    axes = figure.axes[0]
    users = np.concatenate([np.asarray(each.get_offsets()) for each in axes.collections if hasattr(each, "get_sizes")])
    assert len(users) == len(world.scene().positions_m)  # type: ignore[attr-defined]
    for axis, (low, high) in enumerate((axes.get_xlim(), axes.get_ylim())):
        assert low < users[:, axis].min()
        assert users[:, axis].max() < high


def test_the_frame_of_the_uplink_has_room_around_the_square(monkeypatch: pytest.MonkeyPatch) -> None:
    world = played("uplink20")
    (figure,) = painted_figures(world, monkeypatch, UPLINK)
    scene = world.scene()  # type: ignore[attr-defined]
    for low, high in (figure.axes[0].get_xlim(), figure.axes[0].get_ylim()):
        assert low < -0.02 * scene.side_m
        assert 1.02 * scene.side_m < high


@pytest.mark.parametrize(("scenario", "name"), [("urban7-medium", "bs"), ("uplink20", "ubs")])
def test_sites_are_named_and_the_bar_is_as_long_as_it_says(
    scenario: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = played(scenario)
    (figure,) = painted_figures(world, monkeypatch, PAINTERS[scenario])
    assert set(world.roles[0].agent_ids) <= set(texts(figure))
    assert all(agent.startswith(name) for agent in world.roles[0].agent_ids)
    (bar,) = [line for line in figure.axes[0].lines if line.get_gid() == "scale bar"]
    length_m = float(np.ptp(bar.get_xdata()))
    assert length_name(length_m) in texts(figure)
    low, high = figure.axes[0].get_xlim()
    assert 0.05 * (high - low) < length_m <= 0.25 * (high - low)


def with_slow(values: Iterable[Any], *slow: Any) -> list[Any]:
    """Parameters, of which some take long."""
    return [pytest.param(value, marks=pytest.mark.slow) if value in slow else value for value in values]


@pytest.mark.parametrize("scenario", with_slow(PAINTERS, "urban19-brownout-medium"))
def test_pictures_say_who_plays_and_write_units_in_brackets(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(scenario)
    world.reset([4])
    nobody = painted_figures(world, monkeypatch, PAINTERS[scenario])
    assert not [text for figure in nobody for text in texts(figure) if "played by" in text]
    world.played_by = "somebody_new"
    figures = painted_figures(world, monkeypatch, PAINTERS[scenario])
    written = [text for figure in figures for text in texts(figure)]
    assert written.count("played by somebody_new") == 1
    assert [text for text in written if UNBRACKETED.search(text)] == []


def test_a_name_with_markup_in_it_or_a_very_long_one_is_drawn_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world("toy3")
    world.reset([0])
    world.played_by = "<b>$x^$</b> & co"
    assert world.render("rgb_array").shape == (750, 1290, 3)  # no formula, which this would be a wrong one of
    for name in (world.played_by, LONG):
        world.played_by = name
        (figure,) = painted_figures(world, monkeypatch, OUTAGE)
        (shown,) = [text for text in texts(figure) if text.startswith("played by")]
        assert f"played by {name}".startswith(shown.rstrip("…"))


def test_long_lines_are_set_smaller_and_very_long_ones_cut() -> None:
    assert fitting("short", 3.0, 8.0) == {"s": "short", "fontsize": 8.0}
    for count in (50, 60, 80, 500):
        set_in = fitting("m" * count, 3.0, 8.0)
        assert len(set_in["s"]) * set_in["fontsize"] * LETTER_EM <= 72.0 * 3.0 * (1 + 1e-9)
        assert set_in["fontsize"] >= 5.0 - 1e-9
        assert (set_in["s"][-1] == "…") == (len(set_in["s"]) < count)


@pytest.mark.parametrize(
    ("limit_m", "length_m", "name"),
    [(1.0, 1.0, "1 m"), (4.9, 2.0, "2 m"), (5.0, 5.0, "5 m"), (260.0, 200.0, "200 m"), (1999.0, 1000.0, "1 km"),
     (7000.0, 5000.0, "5 km"), (0.3, 0.2, "0.2 m")],
)  # fmt: skip
def test_bars_have_round_lengths(limit_m: float, length_m: float, name: str) -> None:
    assert round_length_m(limit_m) == pytest.approx(length_m)
    assert length_name(round_length_m(limit_m)) == name


def test_few_colours_keep_rare_ones() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, :, 0] = np.arange(40) * 6  # many shades of one colour
    image[:20, :, 1] = np.arange(40)[None, :] * 5
    image[3, 4] = (209, 36, 247)  # and one pixel of another
    found = np.asarray(in_few_colours(image).convert("RGB")).astype(int)
    assert np.abs(found[3, 4] - image[3, 4]).max() < 20
    assert len(np.unique(found.reshape(-1, 3), axis=0)) <= 128
    assert small_png_of(image).startswith(b"\x89PNG")


def test_every_shipped_world_says_what_its_pictures_need() -> None:
    for name in ("blackout_v0", "brownout_v0", "market_v0", "sharing_v0", "uplink_v0"):
        assert world_spec(name).picture_needs == ("matplotlib",)
