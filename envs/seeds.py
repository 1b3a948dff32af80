"""Which seeds episodes get: evaluation and training never share one.

Evaluation uses seeds 0 .. 999 999, given explicitly (others below 2**128 will do that no face draws). Whatever a face
draws by itself (unseeded resets, automatic resets of the vector face) is 1 000 000 .. 2**31 - 1, so that a policy is
never evaluated on an episode it may have trained on. Data sets begin at 2**32, apart from both.
"""

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import ScenarioError

EVALUATION_SEEDS = range(1_000_000)
TRAINING_SEEDS = range(1_000_000, 2**31)
FIRST_DATASET_SEED = 2**32  # evaluations during training begin at 2**31
SEED_LIMIT = 2**128
UNSET = -1  # of a world that has not been reset

SeedArray = NDArray[np.object_]  # of Python's integers: seeds do not fit into those of arrays


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


def unset_seeds(n_worlds: int) -> SeedArray:
    """Seeds ``[B]`` of worlds before their first reset."""
    return np.full(n_worlds, UNSET, dtype=np.object_)


def short_seed(seed: int) -> int:
    """A seed below 2**32, for libraries that take no longer ones; shorter seeds stay as they are."""
    return seed if seed < 2**32 else int(np.random.SeedSequence(seed).generate_state(1)[0])


def checked_seed(seed: Any) -> int:
    """Return the seed as an int of Python.

    Raises:
        ScenarioError: not an integer, negative, or 2**128 or larger.
    """
    try:
        value = operator.index(seed)
    except TypeError:
        value = -1
    if not 0 <= value < SEED_LIMIT or isinstance(seed, bool | np.bool_):
        raise ScenarioError(
            f"seed = {seed!r}: must be an integer of at least 0 and below 2**128 (0 is a seed like any other)"
        )
    return value
