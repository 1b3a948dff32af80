"""Pictures: what they say is what the world says, and the same state gives the same picture."""

import re

import matplotlib as mpl
import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.uplink.tools import SMALL, random_codes, uplink_world
from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.uplink.picture import as_image
from voltran.envs.uplink.world import UplinkWorld


def stepped(steps: int = 3) -> UplinkWorld:
    world, generator = started(uplink_world("uplink20", overrides=SMALL)), np.random.default_rng(0)
    for _ in range(steps):
        world.step(random_codes(world, generator))
    return world


def test_the_table_says_who_serves_whom() -> None:
    world = stepped()
    head, _, *rows = world.render("ansi").splitlines()
    assert head.startswith("00:45 (fd-ran, uplink20, seed 0) | ")
    assert f"{world.trace()['energy_efficiency'][-1]:.3f} Mbit/J" in head
    assert f"{world.awake.sum()} of 5 UBSs awake" in head
    for ubs, row in enumerate(rows):
        served = [int(number) for number in re.findall(r"\d+", row.split("Mbit/s")[1])]
        assert served == np.flatnonzero(world.association[0, ubs]).tolist()
        assert ("awake" in row) == bool(world.awake[0, ubs])


def test_a_picture_follows_from_the_state_alone() -> None:
    first = stepped().render("rgb_array")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        again = stepped().render("rgb_array")
    assert (first.shape, first.dtype) == ((750, 1290, 3), np.uint8)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, stepped(4).render("rgb_array"))
    assert as_image(stepped().scene(), dark=True).mean() < 80 < 200 < first.mean()


def test_time_series_come_with_the_map_of_the_latest_period() -> None:
    world = stepped()
    scene, shown = world.scene(), world.trace()
    for name in ("ubs_m", "ue_m", "offsets_m"):
        assert np.array_equal(shown[name], getattr(scene, name))
    assert np.array_equal(shown["serving"], scene.association)
    assert np.array_equal(shown["missed"], scene.shortfall_mbps > 1e-3)
    assert shown["missed"].sum() == shown["violations"][-1]
    there = shown["ubs_m"][:, None] + shown["offsets_m"] - shown["ue_m"]
    assert np.allclose(there, shown["side_m"] * np.round(there / shown["side_m"]))


@pytest.mark.parametrize("architecture", ["cellular", "cell-free"])
def test_the_start_of_an_episode_can_be_drawn(architecture: str) -> None:
    world = started(uplink_world("uplink20", architecture=architecture))
    assert world.render("rgb_array").shape == (750, 1290, 3)
    assert "0.000 Mbit/J" in world.render("ansi")


def test_what_cannot_be_drawn() -> None:
    world = uplink_world()
    with pytest.raises(EpisodeError, match="world 0 has not been reset"):
        world.render("ansi")
    started(world)
    with pytest.raises(ScenarioError, match="render mode = 'svg': unknown; uplink_v0 has ansi, rgb_array"):
        world.render("svg")
    with pytest.raises(EpisodeError, match="world = 3: the batch has worlds 0 to 0"):
        world.render("ansi", 3)
