"""Which episode a reset plays: the one that it names, the next of a list, or one that is drawn."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.envs.seeds import SEED_LIMIT, checked_seed, drawn_seed

EpisodeList = Sequence[int]

OPTION = "episode"


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


def first_of_share(world: int, n_worlds: int, episodes: EpisodeList) -> int:
    """Place in a list at which one world of a batch begins: the list is split evenly, and each world plays on from
    its part."""
    return world * len(episodes) // n_worlds


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
