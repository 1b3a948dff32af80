"""Controllers by name: what they declare, and errors that say what to do."""

from typing import Any

import pytest

from tests.envs.fake_world import make_fake_world
from voltran import baselines
from voltran.baselines.registry import CONTROLLERS
from voltran.envs.blackout.commands import declare
from voltran.envs.controller import Controller, declarations_of, information_of, name_of, world_options_of
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.registry import make_world


def test_every_name_makes_a_controller_that_knows_its_name() -> None:
    assert len(set(baselines.names())) == len(baselines.names()) >= 6
    for name in baselines.names():
        controller = baselines.make(name)
        assert isinstance(controller, Controller)
        assert name_of(controller) == name


def test_every_option_listed_is_taken_and_no_other() -> None:
    for name, entry in CONTROLLERS.items():
        if entry.settings is not None:
            defaults = entry.settings().model_dump()
            assert list(defaults) == entry.options
            assert isinstance(baselines.make(name, **defaults), Controller)
        with pytest.raises(ScenarioError, match=f"controller '{name}' has no option 'colour'"):
            baselines.make(name, colour=1)


@pytest.mark.parametrize("scenario", ["toy3", "urban19-brownout-light", "market4", "uplink20"])
def test_the_worlds_that_controllers_name_are_those_they_play(scenario: str) -> None:
    able = set()
    for name in CONTROLLERS:
        controller = baselines.make(name)
        try:
            world = make_world(scenario, **world_options_of(controller))
            world.reset([0])
            controller.reset(world)
        except VoltranError:
            continue
        able.add(name)
    assert able == set(baselines.names(world.name))


def test_uplink_controllers_are_listed() -> None:
    algorithms = {"trimsm-original", "trimsm-eipc", "trimsm-qopc", "trimsm-fipc", "trimsm-no-sleep"}
    peers = {"tsap", "recp", "llsf"}
    assert algorithms | peers | {"cellular", "small-cell", "cell-free", "uc-cell-free"} <= set(baselines.names())


@pytest.mark.parametrize(
    ("name", "information", "declarations"),
    [
        ("independent", "local", declare("free", "flat")),
        ("static", "local", declare("free", "flat")),
        ("static-v2g", "local", declare("free", "dynamic")),
        ("carrier-shutdown", "local", declare("free", "flat")),
        ("rotating-sleep", "global", declare("paper", "dynamic")),
        ("hindsight-rules", "hindsight", declare("free", "dynamic")),
        ("price-cap", "local", {}),
        ("cost-plus", "global", {}),
        ("social-optimum", "hindsight", {}),
    ],
)
def test_rules_declare_what_they_know_and_may_do(name: str, information: str, declarations: dict[str, str]) -> None:
    controller = baselines.make(name)
    assert (information_of(controller), declarations_of(controller)) == (information, declarations)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("rotating_sleep", {}, "unknown controller 'rotating_sleep': did you mean 'rotating-sleep'"),
        ("xyzzy", {}, "unknown controller 'xyzzy': known controllers: independent, static"),
        ("", {}, "known controllers"),
        ("rotating-sleep", {"keep": 2}, "has no option 'keep'; its options: replan_min, keep_helper"),
        ("independent", {"radius": 2}, "has no option 'radius'; its options: none"),
        ("rotating-sleep", {"keep_helper": "3"}, "option keep_helper = '3' must be a number"),
        ("rotating-sleep", {"keep_helper": True}, "option keep_helper = True must be a number"),
        ("rotating-sleep", {"keep_helper": 0}, "keep_helper = 0: must be positive"),
        ("rotating-sleep", {"replan_min": -15}, "replan_min = -15: must be positive"),
        ("rotating-sleep", {"replan_min": float("inf")}, "replan_min = inf must be a number"),
        ("rotating-sleep", {"replan_min": float("nan")}, "replan_min = nan must be a number"),
        ("rotating-sleep", {"keep_helper": float("inf")}, "keep_helper = inf must be a number"),
        ("rotating-sleep", {"keep_helper": float("nan")}, "keep_helper = nan must be a number"),
        ("random", {"seed": -1}, "seed = -1: must be an integer of at least 0"),
        ("random", {"seed": 1.5}, "seed = 1.5 must be a whole number"),
        ("random", {"seed": float("nan")}, "seed = nan must be a number"),
    ],
)
def test_a_controller_that_cannot_be_made(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        baselines.make(name, **options)


@pytest.mark.parametrize("name", ["independent", "rotating-sleep"])
def test_a_world_of_another_kind_is_refused(name: str) -> None:
    controller = baselines.make(name)
    world = make_fake_world(1)
    with pytest.raises(ScenarioError, match=f"controller '{name}' plays blackout_v0; this world is {world.name}"):
        controller.act(world)
