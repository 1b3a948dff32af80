"""Which seeds episodes get: evaluation and training never share one.

Evaluation uses seeds 0 .. 999 999, given explicitly. Whatever a face draws by itself (unseeded resets, automatic resets
of the vector face) is at least 1 000 000, so that a policy is never evaluated on an episode it may have trained on.
"""

import operator
from typing import Any

import numpy as np

from voltran.envs.errors import ScenarioError

EVALUATION_SEEDS = range(1_000_000)
TRAINING_SEEDS = range(1_000_000, 2**31)


def training_seed(base_seed: int, world: int, episode: int) -> int:
    """Seed of one training episode, the same on every machine.

    Args:
        base_seed: seed of the training run, at least 0.
        world: index of the world in the batch.
        episode: how many episodes that world has played since the run was seeded.

    Returns:
        A number of ``TRAINING_SEEDS``.
    """
    words = np.random.SeedSequence(base_seed, spawn_key=(world, episode)).generate_state(1, np.uint64)
    return TRAINING_SEEDS[int(words[0]) % len(TRAINING_SEEDS)]


def drawn_seed(generator: np.random.Generator) -> int:
    """Next seed of an environment that is reset without one, a number of ``TRAINING_SEEDS``."""
    return int(generator.integers(TRAINING_SEEDS.start, TRAINING_SEEDS.stop))


def checked_seed(seed: Any) -> int:
    """Return the seed as an int.

    Raises:
        ScenarioError: not an integer, or negative.
    """
    try:
        value = operator.index(seed)
    except TypeError:
        value = -1
    if value < 0 or isinstance(seed, bool):
        raise ScenarioError(f"seed = {seed!r}: must be an integer of at least 0 (0 is a seed like any other)")
    return value
