"""Radii per band, [MSRC] Eq. 5: what a site reaches follows from its mode and the bands that are on."""

from typing import Any, Literal

import numpy as np
import pytest

from tests.envs.blackout.tools import commands, outage_world, play
from tests.envs.episodes import started
from voltran.baselines.msrc.options import site_options
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.envs.errors import ActionError, ScenarioError
from voltran.physics.coverage import effective_radii_m
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

PER_BAND = {"radio.radii": "per_band"}
EXPLICIT = {**PER_BAND, "radio.band_radius_m": [800.0, 600.0, 400.0, 500.0]}


@pytest.mark.parametrize("seed", range(3))
def test_the_table_is_the_printed_formula(seed: int) -> None:
    radius_m = np.random.default_rng(seed).uniform(100.0, 2000.0, 4)
    table = effective_radii_m(radius_m)
    for bands in range(1, 16):
        on = [band for band in range(4) if bands >> band & 1]
        assert table[NORMAL, bands] == max(radius_m[band] for band in on)
        assert table[HELPING, bands] == max(radius_m)
        assert table[ASSISTED, bands] == min(radius_m[band] for band in on)
    assert not table[SLEEP].any()
    assert not table[:, 0].any()


def test_by_default_bands_have_their_planning_radii() -> None:
    constants = outage_world("urban19-medium", 1, PER_BAND).constants
    planned_m = [constants.band_radius_m(band) for band in range(4)]
    np.testing.assert_allclose(constants.radius_m, effective_radii_m(np.array(planned_m)))
    # The whole network is within reach of every band: helping has nothing to add.
    assert constants.mode_radius_m[NORMAL] == constants.mode_radius_m[HELPING] > 2000.0
    assert constants.mode_radius_m[ASSISTED] == planned_m[1] > 1000.0


def test_per_mode_is_the_default_whatever_the_bands() -> None:
    constants = outage_world("urban19-medium").constants
    assert np.array_equal(constants.radius_m, np.repeat([[400.0], [800.0], [200.0], [0.0]], 16, axis=1))
    assert constants.r_nom_m == 400.0


def test_users_are_served_within_the_radius_of_the_bands_that_are_on() -> None:
    world = started(outage_world("urban7-medium", 1, EXPLICIT))
    distance_m = world.users.distance_m[0]
    # All bands, the two high ones, the highest but one, and the same while assisted or helping.
    for mode, bands, reach_m in (
        (NORMAL, 0b1111, 800.0), (NORMAL, 0b1100, 500.0), (NORMAL, 0b0100, 400.0), (NORMAL, 0b0010, 600.0),
        (ASSISTED, 0b0011, 600.0), (ASSISTED, 0b0001, 800.0), (HELPING, 0b1001, 800.0),
    ):  # fmt: skip
        world.step(commands(world, [mode] * 7, band_bits=np.full((1, 7), bands)))
        state = world.get_state()["state"]
        assert np.all(state["radius_m"] == reach_m)
        server = state["service"]["server"][0]
        served_m = distance_m[server[server >= 0], np.flatnonzero(server >= 0)]
        assert served_m.max() <= reach_m
        if reach_m < 500.0:
            assert (server < 0).any()


def test_repaired_sites_reach_as_far_as_their_new_mode() -> None:
    world = started(outage_world("urban7-medium", 1, EXPLICIT))
    alone = commands(world, [ASSISTED] * 7, command_set="paper")["bs"]  # nobody helps: all become normal
    in_force = world.effective_commands(alone)
    assert np.all(in_force.mode == NORMAL)
    assert np.all(in_force.radius_m == 800.0)
    extended = commands(world, [NORMAL] * 7, command_set="extended", band_bits=np.full((1, 7), 0b0100))["bs"]
    assert np.all(world.effective_commands(extended).radius_m == 400.0)
    wrong = commands(world, [NORMAL] * 7, command_set="extended")["bs"].radius_m
    with pytest.raises(ActionError, match=r"radius_m of bs_0 in world 0.*only free commands choose"):
        world.step({"bs": type(extended)(**{**vars(extended), "radius_m": wrong})})


@pytest.mark.parametrize("command_set", ["paper", "extended"])
def test_plans_use_the_same_radii(command_set: Literal["paper", "extended"]) -> None:
    constants = outage_world("urban7-medium", 1, EXPLICIT).constants
    options = site_options(constants, PlannerSettings(command_set=command_set))
    assert np.array_equal(options.radius_m, constants.radius_m[options.mode, options.band_bits])
    assert {600.0, 800.0, 0.0} <= set(options.radius_m.tolist())


@pytest.mark.parametrize("controller", ["msrc-fast", "rotating-sleep"])
def test_controllers_play(controller: str) -> None:
    world = outage_world("urban7-medium", 1, {**EXPLICIT, "users.count": 100, "time.horizon_h": 2})
    play(world, controller)
    assert world.trace()["residual_kw"].max() < 1e-9


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"radio.band_radius_m": [800.0] * 4}, "radii = 'per_mode' and band_radius_m contradict each other"),
        ({**PER_BAND, "radio.r_nom_m": 400.0}, "radii = 'per_band' and r_nom_m contradict each other"),
        ({**PER_BAND, "radio.r_exp_m": 800.0}, "radii = 'per_band' and r_exp_m contradict each other"),
        ({**EXPLICIT, "radio.band_radius_m": [800.0, 600.0]}, "band_radius_m has 2 entries but there are 4 bands"),
        ({**EXPLICIT, "radio.band_radius_m": [800.0, 0.0, 1.0, 1.0]}, r"must lie in \[1, 100000\]"),
        ({**EXPLICIT, "radio.band_radius_m": [400.0, 600.0, 400.0, 400.0]}, "LTE 800, the lowest band.*farthest"),
        ({**EXPLICIT, "radio.band_radius_m": [280.0] * 4}, "beyond radio.band_radius_m = 280 of its farthest band"),
        ({"radio.radii": "per_site"}, "radii = 'per_site'"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        outage_world("urban7-medium", 1, overrides)
