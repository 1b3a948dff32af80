"""Who plays where nobody is named."""

import pytest

from voltran.envs.registry import make_world, spec_of_scenario
from voltran.envs.scenario import scenario_names
from voltran.evaluation.controller_spec import make_controller
from voltran.evaluation.evaluation import Evaluation, default_controllers

QUICK = ("toy3", "uplink20", "market8", "sharing-toy", "urban19-brownout-light")


@pytest.mark.parametrize(
    "scenario", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in scenario_names()]
)
def test_every_shipped_scenario_has_somebody_to_compare(scenario: str) -> None:
    Evaluation(scenario, default_controllers(scenario), [1000]).check()
    assert spec_of_scenario(scenario).picture_names


def test_who_is_compared_in_a_brownout_plays_both_roles() -> None:
    world = make_world("urban19-brownout-light")
    for written in default_controllers("urban19-brownout-light"):
        controller = make_controller(written)
        world.reset([0])
        controller.reset(world)
        assert set(controller.act(world)) == {role.name for role in world.roles}
