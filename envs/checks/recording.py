"""Plays whole episodes, keeps deep copies of everything returned, and tells where two recordings differ."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from voltran.envs.checks.action_sampling import carried_mask, choose
from voltran.envs.checks.report import ConformanceError

RETURNED = ("observations", "rewards", "terminations", "truncations", "infos")
PARTS = {False: ("observations", "infos"), True: RETURNED}
"""What reset and step return."""


@dataclass(frozen=True)
class Moment:
    """What one reset (step 0) or step returned, as deep copies, and the actions that led to it."""

    actions: dict[str, Any]
    observations: Any
    infos: Any
    agents: list[str]
    rewards: Any = field(default_factory=dict)
    terminations: Any = field(default_factory=dict)
    truncations: Any = field(default_factory=dict)

    @property
    def told_it_is_over(self) -> set[str]:
        """Agents that were told that their episode is over."""
        return {agent for agent, over in self.terminations.items() if over or self.truncations.get(agent)}

    @property
    def is_last(self) -> bool:
        """Whether every agent that was told anything was told that its episode is over."""
        flags = [self.terminations.get(agent) or self.truncations.get(agent) for agent in self.terminations]
        return bool(flags) and all(flags)


@dataclass(frozen=True)
class Episode:
    """One seed, played; ``moments[0]`` is the reset."""

    seed: int | None
    moments: list[Moment]

    @property
    def steps(self) -> Iterator[tuple[int, Moment]]:
        """Numbered moments after the reset."""
        return enumerate(self.moments[1:], start=1)


OnReturn = Callable[[tuple[Any, ...]], None]


def play(
    env: Any,
    seed: int | None,
    *,
    action_seed: int | None = None,
    legal: bool = True,
    max_steps: int = 10_000,
    on_return: OnReturn | None = None,
) -> Episode:
    """Play an episode; actions follow from the action seed, the step and the masks alone.

    Args:
        env: a PettingZoo ParallelEnv.
        seed: passed to reset.
        action_seed: seed of the actions, ``seed`` itself by default (0 if that is None).
        legal: choose within the masks; otherwise anything in the spaces.
        max_steps: stop there if the episode has not ended.
        on_return: called with what reset or step returned, after it has been copied.

    Raises:
        ConformanceError: reset or step raised an error although every action was in its space.
    """
    moments: list[Moment] = []
    actions_from = (seed or 0) if action_seed is None else action_seed
    while not moments or (_goes_on(moments) and len(moments) <= max_steps):
        actions = chosen_actions(env, moments[-1], actions_from, len(moments), legal=legal) if moments else {}
        try:
            returned = env.step(copy.deepcopy(actions)) if moments else env.reset(seed=seed)
        except Exception as error:
            expected = f"no error for actions inside their spaces; got {type(error).__name__}: {error}"
            raise ConformanceError("plays_without_error", expected, step=len(moments)) from error
        _require_parts(returned, len(moments))
        moments.append(recorded(actions, tuple(returned), list(env.agents)))
        if on_return is not None:
            on_return(tuple(returned))
    return Episode(seed, moments)


def _require_parts(returned: Any, step: int) -> None:
    """A tuple of dicts by agent, as many as PettingZoo says."""
    parts = PARTS[bool(step)]
    if not isinstance(returned, tuple | list) or len(returned) != len(parts):
        length = f" of length {len(returned)}" if hasattr(returned, "__len__") else ""
        got = f"a {type(returned).__name__}{length}"
        expected = f"{'step' if step else 'reset'} returns ({', '.join(parts)}); got {got}"
        raise ConformanceError("plays_without_error", expected, step=step)
    for name, part in zip(parts, returned, strict=True):
        if not isinstance(part, Mapping):
            expected = f"{name} are a dict with an entry for each agent; got {type(part).__name__}"
            raise ConformanceError("plays_without_error", expected, step=step)


def _goes_on(moments: list[Moment]) -> bool:
    """It is not over, and nobody has left untold (a finding, after which no sensible actions are left to send)."""
    last = moments[-1]
    gone = set(moments[-2].agents) - set(last.agents) if len(moments) > 1 else set()
    return bool(last.agents) and not last.is_last and gone <= last.told_it_is_over


def chosen_actions(env: Any, moment: Moment, action_seed: int, step: int, *, legal: bool = True) -> dict[str, Any]:
    """The suite's actions after a moment."""
    generator = np.random.default_rng([action_seed, step, int(legal)])
    actions = {}
    for agent in moment.agents:
        mask = carried_mask(moment.observations.get(agent), moment.infos.get(agent)) if legal else None
        actions[agent] = choose(env.action_space(agent), mask, generator)
    return actions


def world_of(env: Any) -> Any:
    """The world that an environment shows; None if it has none, whatever else it may call so."""
    world = getattr(env.unwrapped, "world", None)
    return world if all(hasattr(world, name) for name in ("get_state", "set_state", "ledger", "roles")) else None


def recorded(actions: Mapping[str, Any], returned: tuple[Any, ...], agents: list[str]) -> Moment:
    """Deep copies of what a reset or a step returned."""
    copied = copy.deepcopy(returned)
    if len(copied) == 2:
        return Moment(dict(actions), copied[0], copied[1], agents)
    observations, rewards, terminations, truncations, infos = copied
    return Moment(dict(actions), observations, infos, agents, dict(rewards), dict(terminations), dict(truncations))


def difference(left: Any, right: Any, path: str = "") -> str | None:
    """Where two nested structures differ, bit for bit (NaN equals NaN); None if they do not."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        if list(left) != list(right):
            return f"{path}: keys {list(left)} against {list(right)}"
        return _first(difference(left[key], right[key], f"{path}[{key!r}]") for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            return f"{path}: length {len(left)} against {len(right)}"
        return _first(difference(*pair, f"{path}[{index}]") for index, pair in enumerate(zip(left, right, strict=True)))
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return _array_difference(np.asarray(left), np.asarray(right), path)
    same = left == right or (left != left and right != right)
    return None if same else f"{path}: {left!r} against {right!r}"


def episode_difference(left: Episode, right: Episode) -> tuple[int, str] | None:
    """Step and place of the first difference between two episodes; None if there is none."""
    for step, (one, other) in enumerate(zip(left.moments, right.moments, strict=False)):
        for name in ("actions", *RETURNED, "agents"):
            mismatch = difference(getattr(one, name), getattr(other, name), name)
            if mismatch:
                return step, mismatch
    if len(left.moments) != len(right.moments):
        shorter = min(len(left.moments), len(right.moments))
        return shorter, f"episode length {len(left.moments) - 1} against {len(right.moments) - 1}"
    return None


@dataclass
class Subject:
    """The environment under test: its factory, recordings that several rules look at, and notes of theirs."""

    env_fn: Callable[[], Any]
    seed: int
    episodes: int
    max_steps: int
    notes: dict[str, Any] = field(default_factory=dict)

    def play(self, env: Any, seed: int | None, **options: Any) -> Episode:
        """Play with the suite's limit of steps."""
        return play(env, seed, max_steps=self.max_steps, **options)

    @property
    def seeds(self) -> Sequence[int]:
        """Seeds of the recorded episodes."""
        return range(self.seed, self.seed + self.episodes)

    @cached_property
    def reference(self) -> Any:
        """An instance on which nothing but spaces and attributes is looked up after the recordings."""
        return self.env_fn()

    @cached_property
    def is_ours(self) -> bool:
        """Whether it shows a world of ours: then more is known, and more demanded."""
        return world_of(self.reference) is not None

    @cached_property
    def legal(self) -> list[Episode]:
        """Episodes with legal actions, one per seed."""
        return [self.play(self.reference, seed) for seed in self.seeds]

    @cached_property
    def recordings(self) -> list[Episode]:
        """Legal episodes, and the same seeds again with actions that ignore the masks."""
        return self.legal + [self.play(self.reference, seed, legal=False) for seed in self.seeds]


def _first(differences: Iterator[str | None]) -> str | None:
    return next((item for item in differences if item), None)


def _array_difference(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any], path: str) -> str | None:
    if left.shape != right.shape or left.dtype != right.dtype:
        return f"{path}: {left.dtype}{list(left.shape)} against {right.dtype}{list(right.shape)}"
    equal = (left == right) | ((left != left) & (right != right))
    if bool(np.all(equal)):
        return None
    place = tuple(int(index) for index in np.argwhere(~np.asarray(equal))[0])
    return f"{path}{list(place) if place else ''}: {left[place]!r} against {right[place]!r}"
