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


def with_agents_of(snapshot: Any, other: Any, kept: int, count: int) -> Any:
    """A snapshot of one world in which all agents of a role but one are as in another snapshot.

    Arrays with a column for each agent are taken for what agents have; all else stays.
    """
    if isinstance(snapshot, Mapping):
        return {
            key: with_agents_of(value, other[key], kept, count) if key in other else value
            for key, value in snapshot.items()
        }
    if not isinstance(snapshot, np.ndarray) or snapshot.ndim < 2 or snapshot.shape[:2] != (1, count):
        return snapshot
    if np.shape(other) != snapshot.shape:
        return snapshot
    mixed = np.array(other, dtype=snapshot.dtype)
    mixed[:, kept] = snapshot[:, kept]
    return mixed


def graft_future(world: Any, other: Any, decisions: int, now: int, not_times: frozenset[int]) -> int:
    """Let a world's series go on as another's do; returns in how many arrays that made a difference.

    Args:
        world: to be changed; whatever it holds must be its own.
        other: a world of the same scenario.
        decisions: length of an episode, and so of the series.
        now: decision that is due; what belongs to it stays.
        not_times: lengths of axes that are no time, such as numbers of agents.
    """
    if decisions in not_times or now + 1 >= decisions:
        return 0
    changed, seen = 0, set()
    waiting = [(world, other)]
    while waiting:
        one, another = waiting.pop()
        if id(one) in seen or type(one) is not type(another):
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            changed += _grafted(one, another, decisions, now)
        else:
            waiting += _parts(one, another)
    return changed


def _grafted(array: Any, other: Any, decisions: int, now: int) -> bool:
    if array.shape != other.shape or array.dtype.hasobject or array.shape.count(decisions) != 1:
        return False
    later = (slice(None),) * array.shape.index(decisions) + (slice(now + 1, None),)
    if np.array_equal(array[later], other[later]):
        return False
    array.flags.writeable = True
    array[later] = other[later]
    return True


def _parts(one: Any, another: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of what two objects hold under the same names."""
    if isinstance(one, Mapping):
        yield from ((value, another[key]) for key, value in one.items() if key in another)
    elif isinstance(one, list | tuple):
        yield from zip(one, another, strict=False)
    elif hasattr(one, "__dict__") and not isinstance(one, type) and not callable(one):
        yield from ((value, vars(another)[key]) for key, value in vars(one).items() if key in vars(another))
