"""What a replay shows of a brownout: imports, retailers and who buys from whom."""

import numpy as np
import pytest

from tests.envs.brownout.tools import NOBODY, ROLLING, brownout_world, random_actions
from tests.envs.episodes import started
from tests.envs.watched import quantity, strip, watched
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.replay.stage import Moment, Stage

ONE_STEP = {"time.physics_step_s": 900.0, **ROLLING}
Lively = tuple[BrownoutWorld, Stage, list[Moment]]


@pytest.fixture(scope="module")
def lively() -> Lively:
    """Random decisions, while the main grid comes and goes; a decision period is one physics step."""
    world, generator = started(brownout_world(overrides=ONE_STEP), 3), np.random.default_rng(5)
    return world, *watched(world, lambda: random_actions(world, generator))


def test_imports_shown_add_up_to_the_series(lively: Lively) -> None:
    world, _, moments = lively
    past = world.trace()
    assert quantity(moments, "sites", "main_kw").sum(axis=1) == pytest.approx(past["main_kw"])
    assert quantity(moments, "sites", "retail_kw").sum(axis=1) == pytest.approx(past["bought_kw"])
    assert quantity(moments, "retailers", "sold_kw") == pytest.approx(past["sold_kw"])
    assert quantity(moments, "retailers", "price") == pytest.approx(past["price"])
    assert quantity(moments, "sites", "paid_usd").sum() == pytest.approx(
        past["paid_usd"].sum() + past["main_paid_usd"].sum()
    )
    assert strip(moments, "main_kw") == pytest.approx(past["main_kw"])
    assert (past["main_kw"] > 0.0).any()


def test_links_say_who_bought_how_much_of_whom(lively: Lively) -> None:
    world, _, moments = lively
    for moment in moments[1:]:
        sold = moment.links["sold"]
        of_sites = np.bincount(sold.target, sold.size, world.constants.n_sites)
        of_retailers = np.bincount(sold.source, sold.size, 3)
        assert of_sites == pytest.approx(moment.quantities["sites"]["retail_kw"])
        assert of_retailers == pytest.approx(moment.quantities["retailers"]["sold_kw"])


def test_purchases_and_prices_are_told_in_words(lively: Lively) -> None:
    texts = lively[2][-1].texts
    assert set(texts["sites"]["purchase"]) <= {
        "asks for nothing",
        *(f"asks for {share} % of what load and battery can take, at any price" for share in (25, 50, 75, 100)),
    }
    assert all("USD/kWh from the coming period on" in said for said in texts["retailers"]["decision"])
    assert set(texts["retailers"]["source"]) == {"wind", "solar"}


def test_without_retailers_there_is_the_outage_with_its_grid() -> None:
    world = started(brownout_world(overrides={**ONE_STEP, **NOBODY}))
    generator = np.random.default_rng(1)
    stage, moments = watched(world, lambda: random_actions(world, generator), 2)
    assert [things.key for things in stage.things] == ["users", "sites"]
    assert [links.key for links in stage.links] == ["help", "taken_over"]
    assert "main_kw" in moments[-1].strips
