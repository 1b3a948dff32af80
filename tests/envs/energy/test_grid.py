"""Outages on a list, against a count of quarters of an hour; what they cannot say is refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.envs.brownout.tools import toy_actions, toy_world
from voltran.envs.energy.grid import Grid, GridSupply, MainGrid
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import validated


def supply(*outages: dict[str, Any], feeders: int = 1) -> GridSupply:
    return GridSupply.model_validate({"outages": outages, "feeders": feeders})


def test_without_outages_the_grid_is_on() -> None:
    grid = MainGrid(supply(), n_sites=3)
    assert grid.is_on(np.linspace(0.0, 100.0, 50)).all()
    assert (grid.limit_kw(np.array(5.0)) == 15.0).all()
    assert Grid().schedule == "blackout"


def test_an_outage_lasts_from_its_start_to_just_before_its_end() -> None:
    grid = MainGrid(supply({"start_h": 2.0, "length_h": 1.0}), n_sites=2)
    steps = np.arange(0.0, 4.0, 1.0 / 60.0)  # sums of minutes, whose last bits are off
    on = grid.is_on(np.cumsum(np.full(len(steps), 1.0 / 60.0)) - 1.0 / 60.0)
    expected = (np.arange(len(steps)) < 120) | (np.arange(len(steps)) >= 180)
    assert np.array_equal(on, np.repeat(expected[:, None], 2, axis=1))
    np.testing.assert_allclose(grid.share_on(np.array([1.5]), 1.0, 0.25)[0], [0.5, 0.5])


OUTAGES = st.lists(
    st.fixed_dictionaries(
        {
            "start_h": st.integers(0, 20).map(lambda quarter: quarter / 4.0),
            "length_h": st.integers(1, 12).map(lambda quarter: quarter / 4.0),
            "feeders": st.none() | st.lists(st.integers(0, 2), max_size=3),
        }
    ),
    max_size=4,
)


@settings(max_examples=100, deadline=None)
@given(outages=OUTAGES)
def test_outages_add_up_however_they_overlap(outages: list[dict[str, Any]]) -> None:
    grid = MainGrid(supply(*outages, feeders=3), n_sites=7)
    expected = np.ones((40, 7), dtype=bool)
    for outage in outages:
        first = round(4 * outage["start_h"])
        feeders = range(3) if outage["feeders"] is None else outage["feeders"]
        for site in range(7):
            if site % 3 in feeders:
                expected[first : first + round(4 * outage["length_h"]), site] = False
    assert np.array_equal(grid.is_on(np.arange(40) / 4.0), expected)


def test_a_brownout_plays_listed_outages() -> None:
    """Each site of toy3 has a feeder of its own."""
    outages = [{"start_h": 0.25, "length_h": 0.5}, {"start_h": 0.0, "length_h": 0.25, "feeders": [1]}]
    world = toy_world([], {"grid.schedule": "listed", "grid.feeders": 3, "grid.outages": outages})
    on = [[True, False, True], [False] * 3, [False] * 3, [True] * 3]
    for supplied in on:
        world.step(toy_actions(world))
        assert (world.ledger()["main_kw"][0] > 0.0).tolist() == supplied


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": "rolling", "outages": [{"start_h": 0, "length_h": 1}]}, "outages are of schedule 'listed', not"),
        ({"outages": [{"start_h": 0, "length_h": 1, "feeders": [1]}]}, r"outages.0.feeders names feeder 1, but feed"),
        ({"outages": [{"start_h": -1, "length_h": 1}]}, r"outages.0.start_h = -1: must lie in"),
        ({"outages": [{"start_h": 0, "length_h": 0}]}, r"outages.0.length_h = 0: must lie in"),
        ({"outages": [{"start_h": 0}]}, r"outages.0.length_h"),
        ({"outages": [{"start_h": 0, "length_h": 1, "feeders": [-1]}]}, r"outages.0.feeders.0 = -1"),
        ({"feeders_on": 2}, "feeders_on = 2 must not exceed feeders = 1"),
        ({"schedule": "sometimes"}, "schedule = 'sometimes'"),
        ({"main_price_usd_per_kwh": 0.3}, "unknown key 'main_price_usd_per_kwh'"),
    ],
)
def test_bad_settings_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        validated(GridSupply, changes, "grid")
