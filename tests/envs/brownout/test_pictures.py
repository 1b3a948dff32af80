"""Pictures of the brownout world: the outage's, with retailers and the main grid beside it."""

import re
import sys
from collections.abc import Callable

import numpy as np
import pytest

from tests.envs.brownout.tools import NOBODY, ROLLING, brownout_world, play_randomly
from tests.envs.episodes import started
from voltran.envs import brownout_v0
from voltran.envs.blackout.picture import as_image as outage_image
from voltran.envs.blackout.text import as_text as outage_text
from voltran.envs.brownout.picture import MAIN, RETAILER_COLOURS, as_image
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.errors import EpisodeError, MissingExtraError, ScenarioError

SIZE = (1050, 1290, 3)


@pytest.fixture(scope="module")
def traded() -> BrownoutWorld:
    """A rolling blackout after some trade."""
    world = started(brownout_world(1, ROLLING), 3)
    play_randomly(world, np.random.default_rng(0), 5)
    return world


def has_colour(image: np.ndarray, colour: str) -> bool:
    """Whether something opaque has a colour."""
    wanted = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return bool((image == wanted).all(axis=-1).any())


def test_text_has_the_outages_table_and_a_line_per_retailer(traded: BrownoutWorld) -> None:
    sites, market = traded.render("ansi").split("\n\n")
    assert sites == outage_text(traded.scene().outage)
    grid, columns, *lines = market.splitlines()
    assert columns.split()[:4] == ["retailer", "source", "generation", "price"]
    assert [line.split()[:2] for line in lines] == [
        ["retailer_0", "wind"],
        ["retailer_1", "solar"],
        ["retailer_2", "wind"],
    ]
    numbers = np.array([[float(number) for number in re.findall(r"-?\d+\.\d+", line)] for line in lines])
    sales, metrics = traded.market.sales, traded.kpis()
    profits = [metrics[f"retailer_profit_usd_{index}"][0] for index in range(3)]
    expected = np.stack(
        [
            traded.market.available_kw[0, 5],
            traded.market.price[0],
            traded.market.coming_price[0],
            sales.sold_kwh[0].sum(axis=1) / 0.25,
            profits,
        ]
    )
    np.testing.assert_allclose(numbers.T, expected, atol=5.1e-3)
    # 1.25 h on, it is the second turn of 0.75 h: feeder 1 with sites 1 and 4.
    assert grid.startswith("main grid: supplies 2 of 7 sites, at most 15 kW each at 0.300 USD/kWh | latest import ")
    steps = slice(-traded.constants.steps_per_decision, None)
    assert float(grid.split()[-2]) == pytest.approx(traded.trace()["main_kw"][steps].mean(), abs=5.1e-3)


def test_text_tells_of_a_grid_that_is_down_and_of_nobody_who_sells() -> None:
    text = started(brownout_world(1, NOBODY)).render("ansi")
    assert text.endswith("main grid: down | latest import 0.00 kW\nno retailers")


def test_the_image_is_the_outages_with_a_strip_below(traded: BrownoutWorld) -> None:
    image = traded.render("rgb_array")
    assert image.shape == SIZE
    above = outage_image(traded.scene().outage)
    assert np.array_equal(image[: len(above)], above)
    strip = image[len(above) :]
    assert all(has_colour(strip, colour) for colour in RETAILER_COLOURS[:3])
    assert not has_colour(strip, RETAILER_COLOURS[3])
    assert MAIN not in RETAILER_COLOURS


def test_images_have_the_same_size_before_the_first_step_and_without_retailers() -> None:
    empty = started(brownout_world(2, NOBODY))
    assert empty.render("rgb_array", 1).shape == SIZE
    play_randomly(empty, np.random.default_rng(0), 1)
    assert as_image(empty.scene(), dark=True).shape == SIZE


def test_same_state_gives_the_same_image_bit_for_bit(traded: BrownoutWorld) -> None:
    other = brownout_world(1, ROLLING)
    other.set_state(traded.get_state())
    assert np.array_equal(traded.render("rgb_array"), other.render("rgb_array"))
    assert traded.render("ansi") == other.render("ansi")


def test_drawing_changes_nothing(traded: BrownoutWorld) -> None:
    before = traded.observations()
    traded.render("rgb_array")
    after = traded.observations()
    assert all(np.array_equal(after[role], before[role]) for role in before)


@pytest.mark.parametrize(
    ("draw", "named"),
    [
        (lambda world: world.render("svg"), "render mode = 'svg': unknown; brownout_v0 has ansi, rgb_array"),
        (lambda world: world.render("ansi", 1), "world = 1: the batch has worlds 0 to 0"),
        (lambda world: BrownoutWorld(world.scenario).render("ansi"), "has not been reset: call reset"),
    ],
)
def test_what_cannot_be_drawn_is_named(
    traded: BrownoutWorld, draw: Callable[[BrownoutWorld], object], named: str
) -> None:
    with pytest.raises((EpisodeError, ScenarioError), match=re.escape(named)):
        draw(traded)


def test_text_needs_no_matplotlib(traded: BrownoutWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "retailer_2" in traded.render("ansi")
    with pytest.raises(MissingExtraError, match="need matplotlib, which is not installed"):
        traded.render("rgb_array")


def test_faces_hand_the_pictures_on() -> None:
    env = brownout_v0.parallel_env(render_mode="ansi")
    env.reset(seed=0)
    assert "retailer_0" in env.render()
