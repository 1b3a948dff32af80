"""Seeds of the episodes of an evaluation."""

from collections.abc import Sequence

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import SHORT
from voltran.envs.seeds import SEED_LIMIT, TRAINING_SEEDS

FIRST_SEED = 1000
MOST_SEEDS = 1_000_000


def seeds_from(first: int, count: int) -> range:
    """So many seeds that follow each other.

    Raises:
        ScenarioError: none, or more than one evaluation may play.
    """
    if isinstance(count, bool) or not 1 <= count <= MOST_SEEDS:
        raise ScenarioError(f"seeds = {count}: give a number of episodes from 1 to {MOST_SEEDS}")
    return range(first, first + count)


def first_seed(seeds: Sequence[int]) -> int | None:
    """The first of some seeds; None where there is none, which :class:`Evaluation` refuses."""
    return next(iter(seeds), None)


def require_seeds(seeds: Sequence[int]) -> None:
    """Make sure that episodes can be played on these seeds, each once.

    Raises:
        ScenarioError: none, one twice, one that is none, or one that is kept for training.
    """
    if not seeds or len(set(seeds)) < len(seeds) or not 0 <= min(seeds) <= max(seeds) < SEED_LIMIT:
        raise ScenarioError(
            f"seeds = {SHORT.repr(list(seeds))}: give at least one, each once, none negative and all below 2**128"
        )
    if training := [seed for seed in seeds if seed in TRAINING_SEEDS]:
        raise ScenarioError(
            f"seed = {training[0]}: {TRAINING_SEEDS.start} to {TRAINING_SEEDS.stop - 1} are kept for training; "
            f"choose seeds below {TRAINING_SEEDS.start}, or from {TRAINING_SEEDS.stop} on"
        )
