"""Two whole episodes of the outage world against recorded metrics: an unintended change shows here.

After an intended change, record anew with ``VOLTRAN_RECORD_GOLDEN=1 python -m pytest tests/golden``, and read the diff.
The power model's multipliers are fixed here, so that a new calibration changes nothing, and the radio is in double
precision, so that another processor does not either.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.envs.blackout.tools import outage_world, play

RECORD = Path(__file__).with_name("outage_seven_sites.json")
METRICS = (
    "survival_h", "first_depletion_h", "half_depleted_h", "continuity", "continuity_own", "served_gbit",
    "availability_critical", "availability_best_effort", "ev_utilisation", "ev_cost", "mean_power_kw",
    "handovers_per_user", "mode_switches_per_site", "unserved_kwh",
)  # fmt: skip
CONTROLLERS = ("independent", "rotating-sleep")


def episode(controller: str) -> dict[str, float]:
    """Metrics of the first episode of the seven-site network, with the sum of its team rewards."""
    fixed = {"power.static_multiplier": 1.0, "power.dynamic_multiplier": 1.0, "radio.precision": "float64"}
    world = outage_world("urban7-medium", overrides=fixed)
    transitions = play(world, controller, seed=0)
    found = {name: float(values[0]) for name, values in world.kpis().items() if name in METRICS}
    return {**found, "team_return": float(sum(transition.rewards["bs"][0, 0] for transition in transitions))}


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_episode_as_recorded(controller: str) -> None:
    found = episode(controller)
    recorded = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    if os.environ.get("VOLTRAN_RECORD_GOLDEN"):
        recorded[controller] = found
        RECORD.write_text(json.dumps(recorded, indent=2) + "\n")
    assert recorded[controller].keys() == found.keys() == {*METRICS, "team_return"}
    for name, value in found.items():
        np.testing.assert_allclose(value, recorded[controller][name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_the_recorded_episodes_are_not_trivial() -> None:
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))
    independent, rotating = (recorded[controller] for controller in CONTROLLERS)
    assert 1.0 < independent["first_depletion_h"] <= independent["survival_h"] < rotating["survival_h"] < 24.0
    assert independent["mode_switches_per_site"] == 0.0 < rotating["mode_switches_per_site"]
    assert 0.0 < independent["ev_utilisation"] < rotating["ev_utilisation"] < 1.0
