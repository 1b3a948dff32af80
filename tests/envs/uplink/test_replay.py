"""What a replay shows of an uplink network is who served whom."""

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.watched import quantity, random_actions, strip, titles, watched
from voltran.envs.registry import make_world
from voltran.envs.uplink.commands import UplinkCommands
from voltran.envs.uplink.world import UplinkWorld

SHORT = {"time.horizon_h": 3.0}


def uplink_world() -> UplinkWorld:
    world = make_world("uplink20", 1, SHORT)
    assert isinstance(world, UplinkWorld)
    return started(world)


def test_links_powers_and_rates_shown_are_those_of_the_series() -> None:
    world, generator = uplink_world(), np.random.default_rng(2)
    stage, moments = watched(world, lambda: random_actions(world, generator))
    past = world.trace()
    powers = ("station", "load", "edge", "ue", "residual")
    drawn_w = sum(quantity(moments, "ubs", name).sum(axis=1) for name in powers)
    assert drawn_w == pytest.approx(past["network_power_w"])
    assert quantity(moments, "ubs", "rate_mbps").sum(axis=1) == pytest.approx(past["sum_rate_mbps"])
    assert quantity(moments, "ues", "shortfall_mbps").sum(axis=1) == pytest.approx(past["shortfall_mbps"])
    assert strip(moments, "active_ubs") == pytest.approx(past["awake"].sum(axis=1))
    awake = [[state == "Awake" for state in titles(stage, moment, "ubs")] for moment in moments[1:]]
    np.testing.assert_array_equal(awake, past["awake"])
    drawn = np.zeros(past["serving"].shape, dtype=bool)
    for key in ("serves", "across"):
        drawn[moments[-1].links[key].source, moments[-1].links[key].target] = True
    np.testing.assert_array_equal(drawn, past["serving"])


def test_what_crosses_the_edge_of_the_square_is_longer_on_the_map_than_in_the_world() -> None:
    world, generator = uplink_world(), np.random.default_rng(2)
    stage, moments = watched(world, lambda: random_actions(world, generator), 1)
    ues, ubs = (things.xy_m for things in stage.things)
    shortest_m = np.linalg.norm(world.trace()["offsets_m"], axis=-1)
    for key in ("serves", "across"):
        source, target = moments[-1].links[key].source, moments[-1].links[key].target
        drawn_m = np.linalg.norm(ues[target] - ubs[source], axis=-1)
        longer = drawn_m > shortest_m[source, target] + 1e-6
        assert len(source) > 0
        assert (longer == (key == "across")).all()


def test_what_came_of_offers_is_told() -> None:
    """Everybody offers to serve all, which is beyond the limits; then nobody offers, and stations are woken."""
    world = uplink_world()
    shape = (1, world.architecture.n_ubs, world.scenario.ues.count)
    for offers, words in (
        (np.ones(shape, bool), "left to others, or beyond its limit"),
        (np.zeros(shape, bool), "nobody had offered"),
    ):
        _, moments = watched(world, lambda offers=offers: {"ubs": UplinkCommands(offers)}, 1)  # type: ignore[misc]
        assert any(words in reason for reason in moments[-1].texts["ubs"]["reason"])
    assert moments[-1].texts["ubs"]["decision"] == ["nobody"] * shape[1]
