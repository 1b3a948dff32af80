"""Site commands: which are refused, which belong to their command set, and which are repaired."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import assert_same, commands, outage_world
from tests.envs.episodes import started
from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ActionError
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

ALL, LOW, LTE_800, LTE_1800, HIGH = 0b1111, 0b0011, 0b0001, 0b0010, 0b1100


def refused(world: BlackoutWorld, asked: SiteCommands, message: str) -> None:
    """The world refuses the commands and stays as it is, to the last bit."""
    before = world.get_state()
    with pytest.raises(ActionError, match=message):
        world.step({"bs": asked})
    assert_same(world.get_state(), before)


def of_first_site(world: BlackoutWorld, mode: int, bands: int, command_set: str) -> SiteCommands:
    """One site in some mode on some bands; the others help, with all their bands."""
    asked: SiteCommands = commands(world, [mode, HELPING, HELPING], command_set=command_set)["bs"]
    own_bands = asked.band_bits.copy()
    own_bands[0, 0] = bands
    return replace(asked, band_bits=own_bands)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("mode", np.array([[0, 4, 0]]), r"mode of bs_1 in world 0 = 4: must lie in \[0, 3\]"),
        ("mode", np.array([[0, 0, -1]]), r"mode of bs_2 in world 0 = -1: must lie in \[0, 3\]"),
        ("band_bits", np.array([[16, 0, 0]]), r"band_bits of bs_0 in world 0 = 16: must lie in \[0, 15\]"),
        ("radius_m", np.array([[400.0, -1.0, 400.0]]), "radius_m of bs_1 in world 0 = -1.0"),
        ("radius_m", np.array([[400.0, np.nan, 400.0]]), "radius_m of bs_1 in world 0 = nan"),
        ("ev_power_kw", np.array([[0.0, 0.0, -0.1]]), "ev_power_kw of bs_2 in world 0 = -0.1"),
        ("ev_power_kw", np.array([[np.nan, 0.0, 0.0]]), "ev_power_kw of bs_0 in world 0 = nan"),
        ("ev_power_kw", np.zeros(3), r"ev_power_kw: shape \(3,\) is not \(worlds, sites\) = \(1, 3\)"),
        ("dynamic_price", np.zeros((2, 3), dtype=bool), r"dynamic_price: shape \(2, 3\)"),
        ("mode", np.zeros((1, 3)), "mode: dtype float64 is not integer"),
        ("mode", np.zeros((1, 3), dtype=bool), "mode: dtype bool is not integer"),
        ("band_bits", np.full((1, 3), 15.0), "band_bits: dtype float64 is not integer"),
        ("radius_m", np.full((1, 3), 400), "radius_m: dtype int64 is not floating"),
        ("ev_power_kw", np.full((1, 3), "7"), "ev_power_kw: dtype <U1 is not floating"),
        ("dynamic_price", np.ones((1, 3), dtype=int), "dynamic_price: dtype int64 is not bool"),
        ("ev_to_battery", np.ones((1, 3)), "ev_to_battery: dtype float64 is not bool"),
        ("command_set", "all", "command_set = 'all' is unknown; use one of paper, extended, free"),
        ("command_set", None, "command_set = None is unknown"),
    ],
)
def test_commands_that_no_site_can_carry_out_change_nothing(field: str, value: Any, message: str) -> None:
    world = started(outage_world())
    asked = commands(world, [NORMAL] * 3)["bs"]
    world.step({"bs": asked})
    refused(world, replace(asked, **{field: value}), message)


@pytest.mark.parametrize("command_set", ["paper", "extended"])
@pytest.mark.parametrize("mode", [NORMAL, HELPING, ASSISTED, SLEEP])
def test_only_free_commands_choose_the_radius(command_set: str, mode: int) -> None:
    world = started(outage_world())
    asked = of_first_site(world, mode, int(world.constants.mode_bands[mode]), command_set)
    radius_m = asked.radius_m.copy()
    radius_m[0, 0] += 1.0
    refused(world, replace(asked, radius_m=radius_m), "radius_m of bs_0 in world 0.*only free commands choose")
    world.step({"bs": replace(asked, radius_m=radius_m, command_set="free")})


@pytest.mark.parametrize(
    ("mode", "bands", "allowed_in"),
    [
        (NORMAL, ALL, ("paper", "extended")),
        (NORMAL, LOW, ("extended",)),
        (NORMAL, HIGH, ("extended",)),
        (NORMAL, 0, ()),
        (HELPING, ALL, ("paper", "extended")),
        (HELPING, LTE_800, ("extended",)),
        (HELPING, HIGH, ()),
        (ASSISTED, LOW, ("paper", "extended")),
        (ASSISTED, LTE_1800, ("extended",)),
        (ASSISTED, ALL, ()),
        (ASSISTED, 0, ()),
        (SLEEP, 0, ("paper", "extended")),
        (SLEEP, LTE_800, ()),
    ],
)
def test_bands_are_those_that_the_command_set_allows(mode: int, bands: int, allowed_in: tuple[str, ...]) -> None:
    """In toy3, helpers keep 800 MHz, assisted sites the bands up to 2 GHz, and sleeping sites none."""
    for command_set in ("paper", "extended", "free"):
        world = started(outage_world())
        asked = of_first_site(world, mode, bands, command_set)
        if command_set in (*allowed_in, "free"):
            world.step({"bs": asked})
        else:
            refused(world, asked, f"band_bits of bs_0 in world 0 = {bands}: .* in the {command_set} command set")


def test_free_commands_are_not_repaired() -> None:
    world = started(outage_world())
    asked = {"modes": [SLEEP, SLEEP, SLEEP]}
    infos = world.step(commands(world, **asked)).agent_infos["bs"]
    assert world.mode.tolist() == [[SLEEP] * 3]
    assert not infos["repaired"].any()
    world.reset([0])
    infos = world.step(commands(world, **asked, command_set="paper")).agent_infos["bs"]
    assert world.mode.tolist() == [[NORMAL] * 3]
    assert infos["repaired"].all()
