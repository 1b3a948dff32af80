"""Which episode a reset plays: the one that it names, the next of a list, or one that is drawn."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.envs.seeds import SEED_LIMIT, checked_seed, drawn_seed

EpisodeList = Sequence[int]

OPTION = "episode"
BATCH_SEED_LIMIT = 2**63  # batches keep the seeds of their episodes in arrays


class EpisodeOrder:
    """What resets without a seed play: a list's episodes in their order and then again, or, without one, drawn ones.

    Args:
        episodes: seeds of the episodes; None to draw them.
        first: place in the list of the first that is played.

    Raises:
        ScenarioError: an empty list, or one of something else than seeds.
    """

    def __init__(self, episodes: EpisodeList | None = None, first: int = 0) -> None:
        self._episodes = None if episodes is None else checked_episodes(episodes)
        self._place = first

    def upcoming(self, generator: np.random.Generator) -> int:
        """The episode of the next reset without a seed; the generator draws it where there is no list."""
        if self._episodes is None:
            return drawn_seed(generator)
        return self._episodes[self._place % len(self._episodes)]

    def advance(self) -> None:
        """Note that the upcoming episode has begun."""
        self._place += 1


def checked_episodes(episodes: Any, below: int = SEED_LIMIT) -> EpisodeList:
    """The list of episodes, once they are known to be seeds.

    Args:
        episodes: the list.
        below: what they must be smaller than.

    Raises:
        ScenarioError: an empty list, or one of something else than seeds.
    """
    if isinstance(episodes, str | bytes | Mapping) or not (hasattr(episodes, "__len__") and len(episodes)):
        raise ScenarioError(
            f"episodes = {episodes!r}: give the seeds of at least one episode, such as range(1000, 1050)"
        )
    is_range = isinstance(episodes, range)  # which may be too long to walk through
    seeds = [checked_seed(episode) for episode in ((episodes[0], episodes[-1]) if is_range else episodes)]
    if max(seeds) >= below:
        raise ScenarioError(f"episodes: {max(seeds)} is too large here; give seeds below {below}")
    return episodes if is_range else tuple(seeds)


# The episode that a world of a batch plays next: its index, and how many it has begun -> a seed.
UpcomingEpisodes = Callable[[int, int], int]


class ListedEpisodes:
    """A list's episodes, split evenly among the worlds of a batch: each plays on from its part in the list's order.

    Args:
        episodes: their seeds.
        n_worlds: batch size.

    Raises:
        ScenarioError: an empty list, one of something else than seeds, or seeds of 2**63 and more.
    """

    def __init__(self, episodes: EpisodeList, n_worlds: int) -> None:
        self._episodes, self._n_worlds = checked_episodes(episodes, below=BATCH_SEED_LIMIT), n_worlds

    def __call__(self, world: int, episode: int) -> int:
        """Seed of a world's next episode, after so many."""
        first = world * len(self._episodes) // self._n_worlds
        return self._episodes[(first + episode) % len(self._episodes)]


class DrawnEpisodes:
    """Episodes that each world of a batch draws from a generator of its own, as the faces of one world do.

    Args:
        n_worlds: batch size.

    Attributes:
        generators: of the worlds; fresh entropy until they are seeded.
    """

    def __init__(self, n_worlds: int) -> None:
        self.generators = [np.random.default_rng() for _ in range(n_worlds)]

    def __call__(self, world: int, episode: int) -> int:
        """Seed of a world's next episode."""
        return drawn_seed(self.generators[world])


def named_episode(seed: Any, options: Any, ignored: Collection[str] = ()) -> int | None:
    """The episode that a reset names, by its seed or else by the option ``episode``; None if it names none.

    Args:
        seed: of the reset.
        options: of the reset.
        ignored: options that are of no account.

    Raises:
        ScenarioError: a seed that is none, or an unknown option.
    """
    if options is not None and not isinstance(options, Mapping):
        raise ScenarioError(f"options = {options!r}: give a dict, such as {{{OPTION!r}: 1000}}")
    given = {name: value for name, value in (options or {}).items() if name not in ignored}
    if unknown := [name for name in given if name != OPTION]:
        raise ScenarioError(
            f"options[{unknown[0]!r}] is unknown; reset has one option, {OPTION!r}: the seed of the episode to play"
        )
    if seed is not None:
        return checked_seed(seed)
    return checked_seed(given[OPTION]) if OPTION in given else None
