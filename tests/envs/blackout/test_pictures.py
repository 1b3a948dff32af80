"""Pictures of the outage world show what the world says of itself, and drawing them changes nothing."""

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from voltran.baselines import make
from voltran.envs import blackout_v0
from voltran.envs.blackout.constants import MODE_NAMES
from voltran.envs.blackout.picture import DARK, LIGHT, as_image, as_png
from voltran.envs.blackout.scene import DOWN
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import EpisodeError, MissingExtraError, ScenarioError
from voltran.envs.registry import make_world
from voltran.physics.arrays import FloatArray
from voltran.physics.power import HELPING, SLEEP

SEED = 4
Overrides = Mapping[str, float]
NONE: Overrides = {}
HEAVY: Overrides = {"traffic.load_factor": 1.8}


def played(
    scenario: str, controller: str, decisions: int, n_worlds: int = 1, overrides: Overrides = NONE
) -> BlackoutWorld:
    """A world some decisions into its episode."""
    world = make_world(scenario, n_worlds, overrides)
    assert isinstance(world, BlackoutWorld)
    player = make(controller)
    world.reset([SEED + index for index in range(n_worlds)])
    player.reset(world)
    for _ in range(decisions):
        world.step(player.act(world))
    return world


@pytest.fixture(scope="module")
def dying() -> BlackoutWorld:
    """Independent operation at heavy load, when some sites are down and others still up."""
    world = played("urban7-medium", "independent", 10, overrides=HEAVY)
    assert 0 < world.alive.sum() < 7
    return world


def pixels(image: NDArray[np.uint8], colour: str) -> int:
    """How many pixels have exactly a colour."""
    wanted = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return int((image == wanted).all(axis=-1).sum())


def test_text_has_a_line_per_site_that_agrees_with_the_world(dying: BlackoutWorld) -> None:
    head, columns, *lines = dying.render("ansi").splitlines()
    assert columns.split()[:3] == ["site", "mode", "bands"]
    assert head.startswith("2.50 h into the outage (urban7-medium, seed 4)")
    assert f"{dying.alive.sum()} of 7 sites in operation" in head
    assert [line.split()[0] for line in lines] == [f"bs_{site}" for site in range(7)]
    expected = np.where(dying.alive[0], np.array(MODE_NAMES)[dying.mode[0]], "down")
    assert [line.split()[1] for line in lines] == expected.tolist()
    charge = [int(percent) for line in lines for percent in re.findall(r"\] +(\d+) %", line)]
    battery = dying.scenario.battery
    from_energy = battery.soc_min + dying.usable_kwh[0] / (battery.capacity_kwh * battery.discharge_efficiency)
    assert charge == np.round(100 * from_energy).astype(int).tolist()
    for line, is_alive in zip(lines, dying.alive[0], strict=True):
        assert ("800 1800 2600 3700" in line) == is_alive
        assert (int(line.split()[-1]) > 0) == is_alive


def test_survival_is_shown_lost_once_it_is() -> None:
    lost = played("urban7-medium", "independent", 16, overrides=HEAVY)
    assert "survival not lost" in played("urban7-medium", "independent", 1).render("ansi")
    assert f"survival lost at {lost.kpis()['survival_h'][0]:.2f} h" in lost.render("ansi")


@pytest.mark.parametrize("speed_m_per_s", [0.0, 1.5])
def test_users_are_drawn_where_the_world_has_them(speed_m_per_s: float) -> None:
    world = played("urban7-medium", "rotating-sleep", 5, overrides={"users.speed_m_per_s": speed_m_per_s})
    scene = world.scene()
    offset = world.constants.sites_m[:, None, :] - scene.positions_m[None, :, :]
    distance: FloatArray = np.hypot(offset[..., 0], offset[..., 1])
    np.testing.assert_allclose(distance, world._simulation.inhabitants.users.distance_m[0], rtol=1e-5, atol=1e-2)


def test_sleeping_and_down_sites_reach_and_serve_nobody(dying: BlackoutWorld) -> None:
    for world in (dying, played("urban7-medium", "rotating-sleep", 5)):
        scene = world.scene()
        silent = ~world.alive[0] | (world.mode[0] == SLEEP)
        assert silent.any()
        assert np.array_equal(scene.radius_m == 0.0, silent)
        assert np.array_equal(scene.band_bits == 0, silent)
        assert np.array_equal(scene.status == DOWN, ~world.alive[0])
        assert not np.isin(scene.server, np.flatnonzero(silent)).any()


@pytest.mark.parametrize("scenario", ["toy3", "urban7-medium", "urban19-medium"])
def test_image_has_the_same_size_for_every_network(scenario: str) -> None:
    image = played(scenario, "static", 1).render("rgb_array")
    assert image.shape == (750, 1290, 3)
    assert image.dtype == np.uint8


def test_same_state_gives_the_same_image_bit_for_bit(dying: BlackoutWorld) -> None:
    from matplotlib import rc_context

    other = make_world("urban7-medium", 1, HEAVY)
    other.set_state(dying.get_state())
    image = dying.render("rgb_array")
    with rc_context({"font.size": 30.0, "axes.grid": True, "lines.linewidth": 9.0, "savefig.dpi": 20.0}):
        assert np.array_equal(image, other.render("rgb_array"))
    assert dying.render("ansi") == other.render("ansi")
    assert as_png(dying.scene()) == as_png(dying.scene())


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_drawing_changes_neither_the_world_nor_global_state(dying: BlackoutWorld, mode: str) -> None:
    import matplotlib as mpl

    before, settings = dying.observations()["bs"], dict(mpl.rcParams)
    generator: Any = np.random.get_state()  # noqa: NPY002
    dying.render(mode)
    assert np.array_equal(before, dying.observations()["bs"])
    assert dict(mpl.rcParams) == settings
    after: Any = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(after[1], generator[1])
    assert after[2:] == generator[2:]


def test_each_world_of_a_batch_has_its_own_picture() -> None:
    batch = played("urban7-medium", "random", 2, n_worlds=2)
    assert "seed 4" in batch.render("ansi", 0)
    assert "seed 5" in batch.render("ansi", 1)
    assert not np.array_equal(batch.render("rgb_array", 0), batch.render("rgb_array", 1))


def test_cells_have_the_colour_of_their_mode() -> None:
    helping = played("urban7-medium", "static", 1)
    normal = played("urban7-medium", "independent", 1)
    assert (helping.mode == HELPING).all()
    for theme, dark in ((LIGHT, False), (DARK, True)):
        colour = theme.status[HELPING]
        # in the picture without helpers, only the legend has their colour
        in_legend = pixels(as_image(normal.scene(), dark=dark), colour)
        assert pixels(as_image(helping.scene(), dark=dark), colour) > 10 * in_legend > 0


def test_a_dark_picture_has_a_dark_ground(dying: BlackoutWorld) -> None:
    for dark, theme in ((False, LIGHT), (True, DARK)):
        image = as_image(dying.scene(), dark=dark)
        assert pixels(image, theme.background) > 0.3 * image.shape[0] * image.shape[1]


@pytest.mark.parametrize(
    ("draw", "named"),
    [
        (lambda world: world.render("svg"), "render mode = 'svg': unknown; blackout_v0 has ansi, rgb_array"),
        (lambda world: world.render("ansi", 1), "world = 1: the batch has worlds 0 to 0"),
        (lambda world: world.render("ansi", -1), "world = -1"),
        (lambda world: BlackoutWorld(world.scenario).render("ansi"), "has not been reset: call reset"),
    ],
)
def test_what_cannot_be_drawn_is_named(
    dying: BlackoutWorld, draw: Callable[[BlackoutWorld], object], named: str
) -> None:
    with pytest.raises((EpisodeError, ScenarioError), match=re.escape(named)):
        draw(dying)


def test_image_without_matplotlib_names_the_extra(dying: BlackoutWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "bs_0" in dying.render("ansi")
    with pytest.raises(MissingExtraError, match="need matplotlib, which is not installed; run: pip install matplotlib"):
        dying.render("rgb_array")
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'voltran[train]'")):
        as_image(dying.scene())


def test_faces_hand_the_pictures_on() -> None:
    text = blackout_v0.parallel_env("urban7-medium", render_mode="ansi")
    text.reset(seed=SEED)
    assert text.render().startswith("0.00 h into the outage (urban7-medium, seed 4)")
    image = blackout_v0.central_env("urban7-medium", render_mode="rgb_array")
    image.reset(seed=SEED)
    assert image.render().shape == (750, 1290, 3)
