"""Moments of uplink networks that calculations look into."""

from collections.abc import Mapping
from typing import Any

from voltran.envs.registry import make_world
from voltran.envs.uplink.problem import UplinkProblem
from voltran.envs.uplink.world import UplinkWorld
from voltran.envs.world_kinds import require_world


def one_world(scenario: str, overrides: Mapping[str, Any]) -> UplinkWorld:
    """One world of a scenario of the uplink.

    Raises:
        ScenarioError: no such scenario, a key that is none, or a scenario of another world.
    """
    return require_world(make_world(scenario, 1, overrides), UplinkWorld, f"this calculation, of {scenario}, plays")


def first_moment(scenario: str, overrides: Mapping[str, Any], seed: int) -> UplinkProblem:
    """What the network faces at the start of an episode.

    Raises:
        ScenarioError: as :func:`one_world`.
    """
    world = one_world(scenario, overrides)
    world.reset([seed])
    return world.problem()
