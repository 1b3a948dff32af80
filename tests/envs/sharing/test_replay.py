"""What a replay shows of shared batteries is what flowed and was paid."""

import numpy as np
import pytest

from tests.envs.sharing.tools import random_actions, sharing_world, small
from tests.envs.watched import quantity, strip, titles, watched
from voltran.envs.sharing.commands import SharingCommands
from voltran.envs.sharing.state import AGENT_SERIES


def test_flows_and_money_shown_add_up_to_the_metrics() -> None:
    world, generator = small(), np.random.default_rng(1)
    _, moments = watched(world, lambda: random_actions(world, generator))
    kpis, period_h = {key: value[0] for key, value in world.kpis().items()}, world.constants.period_h
    assert strip(moments, "cost_eur").sum() == pytest.approx(kpis["cost_eur"])
    assert sum(quantity(moments, "operators", name).sum() for name in AGENT_SERIES) == pytest.approx(kpis["cost_eur"])
    given = sum(moment.links["given"].size.sum() for moment in moments) * period_h
    assert given == pytest.approx(kpis["battery_kwh"])
    bought = quantity(moments, "operators", "grid_kw").sum() + quantity(moments, "places", "grid_charge_kw").sum()
    assert bought * period_h == pytest.approx(kpis["bought_kwh"])
    np.testing.assert_array_equal(quantity(moments, "places", "soc"), world.trace()["soc"])
    parts = sum(quantity(moments, "operators", name) for name in ("grid_kw", "battery_kw", "direct_kw", "unserved_kw"))
    assert quantity(moments, "operators", "demand_kw") == pytest.approx(parts)


def test_six_hours_worked_out_by_hand() -> None:
    """Both operators ask the battery, which gives 3 kW of the 6; in the fifth hour the grid is out."""
    world = sharing_world("sharing-toy")
    commands = SharingCommands(np.array([[True, True]]), np.array([[0.0, 0.0]]))
    stage, moments = watched(world, lambda: {"operator": commands})
    assert titles(stage, moments[0], "operators") == ["Before the first slot"] * 2
    states = [titles(stage, moment, "places")[0] for moment in moments]
    assert states == ["Grid supplies"] * 5 + ["Grid outage", "Grid supplies"]
    assert titles(stage, moments[5], "operators") == ["Not served in full"] * 2
    assert moments[1].texts["operators"]["decision"] == ["1 of 1 sites on the battery; votes not to charge"] * 2
    assert "came from the grid in its place" in moments[1].texts["operators"]["reason"][0]
    assert "The grid is out" in moments[5].texts["operators"]["reason"][1]
    first = moments[1].links["given"]
    assert (first.source.tolist(), first.target.tolist(), first.size.sum()) == ([0, 0], [0, 1], pytest.approx(3.0))


def test_operators_stand_around_their_infrastructure() -> None:
    world = small()
    stage, _ = watched(world, dict, 0)
    places, operators = (things.xy_m for things in stage.things)
    nearest = np.linalg.norm(operators[:, None] - places, axis=-1).argmin(axis=1)
    np.testing.assert_array_equal(nearest, world.constants.agent_infrastructure)
