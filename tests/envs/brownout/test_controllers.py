"""Controllers of the outage drive the sites of a brownout as they are; their sites then buy all they can."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import Actions
from tests.envs.brownout.tools import NOBODY, blackout_twin, brownout_world
from tests.envs.episodes import started
from voltran.baselines import make
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.controller import Controller
from voltran.envs.team import Team
from voltran.envs.world import World

CONTROLLERS = ["rotating-sleep", "msrc"]


class AtCost:
    """Retailers that ask for what power costs them."""

    name, information, commands, price_policy = "at-cost", "local", "paper", "base"

    def reset(self, world: World) -> None:
        """Nothing to forget."""

    def act(self, world: World) -> Actions:
        """The lowest prices of the ladder."""
        roles = {role.name: role.count for role in world.roles}
        return {"retailer": np.zeros((world.n_worlds, roles["retailer"]), np.int64)}


def team_of(name: str) -> Controller:
    retailers: Any = AtCost()
    return Team({"bs": make(name), "retailer": retailers})


def played(world: Any, controller: Controller, decisions: int) -> Any:
    controller.reset(world)
    for _ in range(decisions):
        world.step(controller.act(world))
    return world


@pytest.mark.parametrize("name", CONTROLLERS)
def test_sites_under_an_outage_controller_buy_all_they_can(name: str) -> None:
    world: BrownoutWorld = played(started(brownout_world()), team_of(name), 3)
    series, metrics = world.trace(), world.kpis()
    assert metrics["bought_kwh"][0] > 0.0
    # As long as there is more demand than generation, all of it is sold.
    scarce = series["requested_kw"] > series["available_kw"].sum(axis=1)
    assert scarce.any()
    np.testing.assert_allclose(series["bought_kw"][scarce], series["available_kw"].sum(axis=1)[scarce])
    np.testing.assert_allclose(series["bought_kw"][~scarce], series["requested_kw"][~scarce])


@pytest.mark.parametrize("name", CONTROLLERS)
def test_without_retailers_a_team_plays_as_its_sites_do_in_the_outage(name: str) -> None:
    brownout: BrownoutWorld = played(started(brownout_world(1, NOBODY)), team_of(name), 3)
    outage = blackout_twin()
    outage.reset([0])
    played(outage, make(name), 3)
    ours, theirs = brownout.kpis(), outage.kpis()
    assert {metric: values.tolist() for metric, values in ours.items() if metric in theirs} == {
        metric: values.tolist() for metric, values in theirs.items()
    }


def test_power_that_is_bought_lets_batteries_last_longer() -> None:
    bought: BrownoutWorld = played(started(brownout_world()), team_of("independent"), 6)
    without: BrownoutWorld = played(started(brownout_world(1, NOBODY)), team_of("independent"), 6)
    assert bought.usable_kwh.sum() > without.usable_kwh.sum()
    assert bought.kpis()["first_depletion_h"][0] >= without.kpis()["first_depletion_h"][0]
