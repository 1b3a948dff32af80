"""Moments of uplink networks that calculations look into."""

from collections.abc import Mapping
from typing import Any

from voltran.envs.uplink.problem import UplinkProblem
from voltran.envs.uplink.world import UplinkWorld
from voltran.experiments.calculations.one_world import one_world


def first_moment(scenario: str, overrides: Mapping[str, Any], seed: int) -> UplinkProblem:
    """What the network faces at the start of an episode.

    Raises:
        ScenarioError: as :func:`voltran.experiments.calculations.one_world.one_world`.
    """
    world = one_world(UplinkWorld, scenario, overrides)
    world.reset([seed])
    return world.problem()
