"""TriMSM as a controller of the outage: what it commands, and what its options mean."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import LIVELY, outage_world, over, play
from tests.envs.episodes import started
from voltran import baselines
from voltran.baselines.trimsm.outage_controller import TrimsmOutage
from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ScenarioError
from voltran.physics.power import HELPING, SLEEP


def asked(world: BlackoutWorld, **settings: Any) -> tuple[TrimsmOutage, SiteCommands]:
    """The controller and its first commands."""
    controller = TrimsmOutage(**settings)
    controller.reset(world)
    return controller, controller.act(world)["bs"]


@pytest.mark.parametrize("reading", ["adapted", "literal"])
@pytest.mark.parametrize("command_set", ["extended", "paper"])
@pytest.mark.parametrize("links", ["active", "literal", "unlimited"])
def test_the_world_puts_commands_into_force_as_they_are(reading: str, command_set: str, links: str) -> None:
    world = started(outage_world("urban7-medium", 2, {"cooperation.links": links}))
    controller, commands = asked(world, reading=reading, command_set=command_set)
    in_force = world.effective_commands(commands)
    for field in ("mode", "band_bits", "radius_m", "ev_power_kw"):
        np.testing.assert_array_equal(getattr(in_force, field), getattr(commands, field))
    assert commands.command_set == command_set
    assert controller.declarations == {"commands": command_set, "price": "dynamic"}
    assert commands.dynamic_price.all()
    assert commands.ev_to_battery.all()


def test_it_saves_power_by_sleep_and_by_bands() -> None:
    """What bands are on in the paper's command set is decided by the mode, which leaves sleep to save power by."""
    world = started(outage_world("urban19-light"))
    _, paper = asked(world, command_set="paper")
    assert (paper.mode == SLEEP).any()
    assert (paper.mode == HELPING).any()
    assert (paper.band_bits == world.constants.mode_bands[paper.mode]).all()
    _, extended = asked(world)
    awake = extended.mode != SLEEP
    assert (extended.band_bits[awake] < world.constants.all_bands).all()


def test_it_plays_toy3_to_the_end() -> None:
    world = outage_world("toy3", overrides={"survival.end": "horizon"})
    transitions = play(world, "trimsm")
    assert over(transitions[-1])
    assert len(transitions) == world.max_decisions


def test_changing_users_and_deaths_are_followed() -> None:
    """Small batteries and no vehicles: sites go down, and the rest is matched without them."""
    world = outage_world("urban7-medium", 2, {**LIVELY, "battery.capacity_kwh": 4.0, "vehicles.arrivals_per_day": 0})
    transitions = play(world, "trimsm")
    assert over(transitions[-1])
    assert not world.alive.all(axis=1).any()


def test_a_batch_gets_what_each_world_alone_would_get() -> None:
    batch = started(outage_world("urban7-medium", 2), 3)
    alone = [started(outage_world("urban7-medium"), seed) for seed in (3, 4)]
    controllers = [TrimsmOutage() for _ in range(3)]
    for controller, world in zip(controllers, [batch, *alone], strict=True):
        controller.reset(world)
    for _ in range(3):
        together = controllers[0].act(batch)
        singly = [controller.act(world) for controller, world in zip(controllers[1:], alone, strict=True)]
        for field in ("mode", "band_bits"):
            rows = [getattr(commands["bs"], field)[0] for commands in singly]
            np.testing.assert_array_equal(getattr(together["bs"], field), rows)
        batch.step(together)
        for world, commands in zip(alone, singly, strict=True):
            world.step(commands)


def test_sites_that_are_down_serve_nobody() -> None:
    overrides = {"battery.initial_soc": [0.8, 0.2, 0.8, 0.8, 0.2, 0.8, 0.8]}
    world = started(outage_world("urban7-medium", overrides=overrides))
    down = np.array([1, 4])
    assert not world.alive[0, down].any()
    controller, commands = asked(world)
    assert (commands.mode[0, down] == SLEEP).all()
    assert not controller.matchings[0][down].any()


def test_counters_tell_how_much_was_weighed_and_how_wrong_it_was() -> None:
    world = started(outage_world("urban7-medium"))
    controller, commands = asked(world)
    assert set(controller.counters()) == {"failed_solves", "swaps", "plan_evaluations"}
    world.step({"bs": commands})
    controller.act(world)
    counters = controller.counters()
    assert counters["plan_evaluations"] > counters["swaps"] >= 0.0
    assert 0.0 <= counters["plan_error_power"] < 0.5


@pytest.mark.parametrize(
    ("options", "match"),
    [({"mu": -1.0}, "mu"), ({"q": 0.0}, "q"), ({"block_moves": "yes"}, "block_moves"), ({"speed": 1}, "speed")],
)
def test_impossible_options_are_refused(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ScenarioError, match=match):
        baselines.make("trimsm", **options)
