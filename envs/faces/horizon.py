"""The horizon that a face's ``max_cycles`` sets on its world."""

import operator
from typing import Any

from voltran.envs.errors import ScenarioError
from voltran.envs.world import World


def set_horizon(world: World, max_cycles: Any) -> None:
    """Truncate the world's episodes after ``max_cycles`` decisions.

    Raises:
        ScenarioError: not an integer, or below 1.
    """
    try:
        value = operator.index(max_cycles)
    except TypeError:
        value = 0
    if value < 1 or isinstance(max_cycles, bool):
        raise ScenarioError(f"max_cycles = {max_cycles!r}: must be an integer of at least 1")
    world.max_decisions = value
