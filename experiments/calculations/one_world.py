"""Worlds that calculations look into."""

from collections.abc import Mapping
from typing import Any

from voltran.envs.registry import make_world
from voltran.envs.world_kinds import WorldT, require_world


def one_world(kind: type[WorldT], scenario: str, overrides: Mapping[str, Any]) -> WorldT:
    """One world of a scenario.

    Args:
        kind: class of the worlds that will do.
        scenario: name or file.
        overrides: dotted scenario keys and their values.

    Raises:
        ScenarioError: no such scenario, a key that is none, or a scenario of another world.
    """
    return require_world(make_world(scenario, 1, overrides), kind, f"this calculation, of {scenario}, plays")
