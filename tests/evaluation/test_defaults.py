"""Who plays where nobody is named."""

import pytest

from voltran.envs.registry import spec_of_scenario
from voltran.envs.scenario import scenario_names
from voltran.evaluation.evaluation import Evaluation, default_controllers

QUICK = ("toy3", "uplink20", "market8", "sharing-toy", "urban19-brownout-light")


@pytest.mark.parametrize(
    "scenario", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in scenario_names()]
)
def test_every_shipped_scenario_has_somebody_to_compare(scenario: str) -> None:
    Evaluation(scenario, default_controllers(scenario), [1000]).check()
    assert spec_of_scenario(scenario).picture_names
