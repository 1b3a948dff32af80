"""What a reset of a batch asks for: which worlds, and which episode in each."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.envs.faces.episode_order import BATCH_SEED_LIMIT
from voltran.envs.seeds import checked_seed
from voltran.physics.arrays import BoolArray

MASK_OPTION = "reset_mask"


def named_episodes(value: Any, n_worlds: int, what: str) -> dict[int, int]:
    """World -> episode, of a number, from which worlds count up, or of one number (or None) for each world.

    Raises:
        ScenarioError: something else; names ``what``.
    """
    if value is None:
        return {}
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str | bytes):
        first = checked_seed(value)
        values: list[Any] = [first + world for world in range(n_worlds)]
    else:
        values = list(value)
    if len(values) != n_worlds:
        raise ScenarioError(f"{what}: {len(values)} given for {n_worlds} worlds; give one number, or one for each")
    named = {world: checked_seed(number) for world, number in enumerate(values) if number is not None}
    if named and max(named.values()) >= BATCH_SEED_LIMIT:
        raise ScenarioError(f"{what}: {max(named.values())} is too large for a batch; stay below {BATCH_SEED_LIMIT}")
    return named


def reset_mask(options: Any, n_worlds: int) -> BoolArray:
    """Flags ``[B]`` of the worlds that a reset is about: those of the option ``reset_mask``, or all.

    Raises:
        ScenarioError: options that are no dict, or flags that are none.
    """
    if options is not None and not isinstance(options, Mapping):
        raise ScenarioError(f"options = {options!r}: give a dict")
    if not options or MASK_OPTION not in options:
        return np.ones(n_worlds, bool)
    flags = options[MASK_OPTION]
    if not isinstance(flags, np.ndarray) or flags.shape != (n_worlds,) or flags.dtype != bool or not flags.any():
        raise ScenarioError(
            f"options[{MASK_OPTION!r}] = {flags!r}: give an array of {n_worlds} flags, at least one of them True"
        )
    return flags.copy()
