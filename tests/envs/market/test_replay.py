"""What a replay shows of a market is what was traded."""

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.market.tools import NO_RETAILERS, asked, market_world, random_actions, tiny
from tests.envs.watched import quantity, strip, titles, watched


def test_flows_and_money_shown_add_up_to_the_metrics() -> None:
    world, generator = started(market_world(overrides={"time.horizon_h": 6.0}), 2), np.random.default_rng(3)
    _, moments = watched(world, lambda: random_actions(world, generator))
    kpis, period_h = {key: value[0] for key, value in world.kpis().items()}, world.constants.period_h
    assert strip(moments, "welfare_usd").sum() == pytest.approx(kpis["welfare_usd"])
    assert strip(moments, "bought_kw").sum() * period_h == pytest.approx(kpis["bought_kwh"])
    assert quantity(moments, "sites", "unserved_kw").sum() * period_h == pytest.approx(kpis["unserved_kwh"])
    assert quantity(moments, "sites", "paid_usd").sum() == pytest.approx(kpis["paid_usd"])
    assert quantity(moments, "retailers", "profit_usd").sum() == pytest.approx(kpis["retailer_profit_usd"])
    sold = [moment.links["sold"] for moment in moments]
    assert sum(links.size.sum() for links in sold) * period_h == pytest.approx(kpis["bought_kwh"])
    soc = np.stack([moment.quantities["sites"]["soc"] for moment in moments[1:]])
    has_battery = world.constants.has_battery
    np.testing.assert_array_equal(soc[:, has_battery], world.trace()["soc"][:, has_battery])
    assert np.isnan(soc[:, ~has_battery]).all()


def test_a_period_worked_out_by_hand() -> None:
    """Loads are 0.3 and 0.6 kW. The first site charges 0.5 kW more, of all that the cheap retailer has left."""
    world = tiny()
    stage, moments = watched(world, lambda: asked(world, [2.0, 0.1], battery=[-0.5, 0.0]), 1)
    last = moments[-1]
    assert titles(stage, moments[0], "sites") == ["Before the first period"] * 2
    assert titles(stage, last, "sites") == ["Load bought", "Load not served in full"]
    assert last.quantities["sites"]["requested_kw"] == pytest.approx([0.8, 0.1])
    assert last.quantities["sites"]["unserved_kw"] == pytest.approx([0.0, 0.5])
    assert last.texts["sites"]["decision"] == [
        "buys at most 2.00 kW at any price; the battery takes at most 0.50 kW",
        "buys at most 0.10 kW at any price; has no battery",
    ]
    assert last.texts["sites"]["reason"] == [
        "Load and battery can use 0.80 kW, so no more was asked of retailers.",
        "As asked.",
    ]
    assert last.time_h == 0.25


def test_without_retailers_nothing_is_sold() -> None:
    world = started(market_world(overrides=NO_RETAILERS))
    stage, moments = watched(world, lambda: asked(world, 1.0), 2)
    assert ([things.key for things in stage.things], list(stage.links)) == (["sites"], [])
    assert set(titles(stage, moments[-1], "sites")) == {"Load not served in full"}
