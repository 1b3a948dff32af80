"""Watches what a controller takes from a world, and changes what it may not depend on."""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass
from typing import Any

import numpy as np

from voltran.envs.world import World

RETURNING = ("observations", "action_masks", "state", "kpis", "ledger", "trace", "get_state")


@dataclass
class Watch:
    """What a world, or a copy of it, was asked.

    Attributes:
        returned: what it gave, and nobody has spoiled yet.
        steps: how often it was stepped.
    """

    returned: list[Any] = field(default_factory=list)
    steps: int = 0

    def spoil(self) -> None:
        """Overwrite everything that was returned."""
        for value in self.returned:
            overwrite(value)
        self.returned.clear()


@contextmanager
def watched(world: World) -> Iterator[Watch]:
    """Watch a world while a block runs; copies that are made of it meanwhile are watched, too."""
    kind, watch = type(world), Watch()

    def watching(name: str) -> Any:
        method = getattr(kind, name)

        def call(self: Any, *args: Any, **options: Any) -> Any:
            value = method(self, *args, **options)
            watch.returned.append(value)
            return value

        return call

    def step(self: Any, *args: Any, **options: Any) -> Any:
        watch.steps += 1
        return kind.step(self, *args, **options)

    methods = {name: watching(name) for name in RETURNING if hasattr(kind, name)}
    world.__class__ = type(kind.__name__, (kind,), {**methods, "step": step, "__module__": kind.__module__})
    try:
        yield watch
    finally:
        world.__class__ = kind


def overwrite(value: Any) -> None:
    """Fill all arrays within a value with ones."""
    if isinstance(value, np.ndarray):
        if value.flags.writeable and not value.dtype.hasobject:
            value.fill(1)
    elif isinstance(value, list | tuple):
        for item in value:
            overwrite(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            overwrite(item)
        if isinstance(value, MutableMapping):
            value.clear()
    elif is_dataclass(value):
        overwrite(list(vars(value).values()) if hasattr(value, "__dict__") else [])


def graft_agents(world: Any, other: Any, kept: int, count: int) -> int:
    """Let all agents of a role but one be as they are in another world; returns in how many arrays that mattered.

    Arrays with one axis as long as there are agents are taken for what agents have; all else stays.

    Args:
        world: to be changed; whatever it holds must be its own.
        other: a world of the same scenario.
        kept: number of the agent that stays as it is.
        count: number of agents of the role.
    """
    strangers = np.flatnonzero(np.arange(count) != kept)
    return sum(_grafted(one, another, count, strangers) for one, another in _pairs(world, other))


def graft_future(world: Any, other: Any, decisions: int, now: int) -> int:
    """Let a world's series go on as another's do; returns in how many arrays that mattered.

    Args:
        world: to be changed; whatever it holds must be its own.
        other: a world of the same scenario.
        decisions: length of an episode, and so of the series.
        now: decision that is due; what belongs to it stays.
    """
    later = np.arange(now + 1, decisions)
    return sum(_grafted(one, another, decisions, later) for one, another in _pairs(world, other))


def _grafted(array: Any, other: Any, length: int, places: Any) -> bool:
    """Replace places along the one axis of that length; whether that changed anything."""
    if array.shape != other.shape or array.dtype.hasobject or array.shape.count(length) != 1:
        return False
    part = (slice(None),) * array.shape.index(length) + (places,)
    if np.array_equal(array[part], other[part]):
        return False
    array.flags.writeable = True
    array[part] = other[part]
    return True


def _pairs(one: Any, another: Any) -> Iterator[tuple[Any, Any]]:
    """All arrays that an object holds, each with the array that another object holds in the same place."""
    visited: set[int] = set()
    waiting = [(one, another)]
    while waiting:
        left, right = waiting.pop()
        if id(left) in visited or type(left) is not type(right):
            continue
        visited.add(id(left))
        if isinstance(left, np.ndarray):
            yield left, right
        else:
            waiting += _parts(left, right)


def _parts(one: Any, another: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of what two objects hold under the same names."""
    if isinstance(one, Mapping):
        yield from ((value, another[key]) for key, value in one.items() if key in another)
    elif isinstance(one, list | tuple):
        yield from zip(one, another, strict=False)
    elif hasattr(one, "__dict__") and not isinstance(one, type) and not callable(one):
        yield from ((value, vars(another)[key]) for key, value in vars(one).items() if key in vars(another))
