"""Worlds that calculations about sharing look into."""

from collections.abc import Mapping
from typing import Any

from voltran.envs.registry import make_world
from voltran.envs.sharing.world import SharingWorld
from voltran.envs.world_kinds import require_world


def one_world(scenario: str, overrides: Mapping[str, Any]) -> SharingWorld:
    """One world of a scenario of sharing.

    Raises:
        ScenarioError: no such scenario, a key that is none, or a scenario of another world.
    """
    return require_world(make_world(scenario, 1, overrides), SharingWorld, f"this calculation, of {scenario}, plays")
