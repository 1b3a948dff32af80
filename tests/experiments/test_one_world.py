"""Calculations about sharing name the scenario that is of another world."""

import pytest

from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.world import SharingWorld
from voltran.experiments.calculations.one_world import one_world


def test_scenarios_of_other_worlds_are_refused() -> None:
    with pytest.raises(ScenarioError, match="this calculation, of toy3, plays sharing_v0; this world is blackout_v0"):
        one_world(SharingWorld, "toy3", {})
