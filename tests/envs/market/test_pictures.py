"""Pictures: what they say is what the world says, and the same state gives the same picture."""

import matplotlib as mpl
import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.market.tools import NO_RETAILERS, SHORT, asked, market_world, random_actions
from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.market.picture import as_image
from voltran.envs.market.world import MarketWorld


def stepped(steps: int = 3) -> MarketWorld:
    world, generator = started(market_world("market8", overrides=SHORT)), np.random.default_rng(0)
    for _ in range(steps):
        world.step(random_actions(world, generator))
    return world


def test_the_table_says_who_sold_and_bought_what() -> None:
    world = stepped()
    lines = world.render("ansi").splitlines()
    assert lines[0].startswith("11:45 (market8, seed 0) | ")
    assert f"welfare {world.kpis()['welfare_usd'][0]:.2f} USD" in lines[0]
    trace, ledger = world.trace(), world.ledger()
    for index in range(2):
        assert lines[2 + index].split()[:2] == [f"retailer_{index}", ("wind", "solar")[index]]
        shown = [float(entry) for entry in lines[2 + index].split()[2:]]
        found = [trace[name][-1, index] for name in ("price", "available_kw", "sold_kw")]
        assert shown == pytest.approx(found, abs=6e-4)
    for site in range(8):
        shown = lines[5 + site].split()
        found = [ledger[name][0, site] for name in ("load_kw", "bought_kw", "battery_kw", "unserved_kw")]
        assert [float(entry) for entry in shown[1:5]] == pytest.approx(found, abs=6e-4)
        assert shown[5] == (f"{world.soc[0, site]:.0%}" if world.has_battery[site] else "-")


def test_a_picture_follows_from_the_state_alone() -> None:
    first = stepped().render("rgb_array")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        again = stepped().render("rgb_array")
    assert (first.shape, first.dtype) == ((750, 1290, 3), np.uint8)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, stepped(4).render("rgb_array"))
    assert as_image(stepped().scene(), dark=True).mean() < 80 < 200 < first.mean()


def test_the_start_and_a_world_without_retailers_can_be_drawn() -> None:
    assert started(market_world()).render("rgb_array").shape == (750, 1290, 3)
    world = started(market_world(overrides={**SHORT, **NO_RETAILERS}))
    world.step(asked(world, 0.1))
    assert "no retailers" in world.render("ansi")
    assert world.render("rgb_array").shape == (750, 1290, 3)


def test_what_cannot_be_drawn() -> None:
    world = market_world()
    with pytest.raises(EpisodeError, match="world 0 has not been reset"):
        world.render("ansi")
    started(world)
    with pytest.raises(ScenarioError, match="render mode = 'svg': unknown; market_v0 has ansi, rgb_array"):
        world.render("svg")
    with pytest.raises(EpisodeError, match="world = 3: the batch has worlds 0 to 0"):
        world.render("ansi", 3)
