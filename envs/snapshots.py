"""Snapshots: trees of arrays that are copied, compared with the world's own, and written back.

A tree is a nested mapping whose leaves are the arrays that change, themselves and not copies: the same tree gives the
snapshot, says what one must look like, and takes it over.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.episodes import Episodes
from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.seeds import UNSET, checked_seed

Tree = Mapping[str, Any]

REMEDY = "give what get_state of a world with the same scenario and options returned"
NO_RANGES: Mapping[str, tuple[int, int]] = MappingProxyType({})


def arrays_of(source: Any) -> dict[str, Any]:
    """The tree of a dataclass, or named tuple, of arrays and of groups of arrays."""
    names = [field.name for field in fields(source)] if is_dataclass(source) else list(source._fields)
    values = {name: getattr(source, name) for name in names}
    return {name: value if isinstance(value, np.ndarray) else arrays_of(value) for name, value in values.items()}


def copied(tree: Tree) -> dict[str, Any]:
    """The tree with copies of its arrays."""
    return {name: copied(value) if isinstance(value, Mapping) else value.copy() for name, value in tree.items()}


def write(tree: Tree, snapshot: Tree) -> None:
    """Write a snapshot, known to look like the tree, into the tree's arrays."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            write(value, snapshot[name])
        else:
            value[...] = snapshot[name]


def require_keys(snapshot: Any, names: Collection[str], path: str) -> None:
    """Make sure that a part of a snapshot has exactly these keys.

    Raises:
        EpisodeError: names the path.
    """
    if not isinstance(snapshot, Mapping):
        raise EpisodeError(f"{path} is a {type(snapshot).__name__}, not a mapping; {REMEDY}")
    for name in names:
        if name not in snapshot:
            raise EpisodeError(f"{path} has no {name!r}; {REMEDY}")
    for name in snapshot:
        if name not in names:
            raise EpisodeError(f"{path} has {name!r}, which this world does not; {REMEDY}")


def require_like(
    snapshot: Any,
    tree: Tree,
    path: str,
    unlimited: Collection[str] = (),
    ranges: Mapping[str, tuple[int, int]] = NO_RANGES,
) -> None:
    """Make sure that a snapshot has a tree's keys, shapes and types, finite numbers, and codes that exist.

    Args:
        snapshot: what was handed in.
        tree: the world's.
        path: of the tree, such as ``snapshot['state']``.
        unlimited: names of arrays that may hold infinity.
        ranges: name of an array of codes -> the lowest and the highest.

    Raises:
        EpisodeError: names the path of the first difference.
    """
    require_keys(snapshot, tree, path)
    for name, value in tree.items():
        here = f"{path}[{name!r}]"
        if isinstance(value, Mapping):
            require_like(snapshot[name], value, here, unlimited, ranges)
            continue
        _require_array_like(snapshot[name], value, here, name in unlimited)
        if name in ranges:
            _require_range(snapshot[name], ranges[name], here)


def _require_range(array: NDArray[Any], ends: tuple[int, int], path: str) -> None:
    bad = (array < ends[0]) | (array > ends[1])
    if bad.any():
        place = tuple(int(index) for index in np.argwhere(bad)[0])
        raise EpisodeError(f"{path}{list(place)} = {array[place]}: must lie in [{ends[0]}, {ends[1]}]; {REMEDY}")


def require_identity(identity: Any, own: Mapping[str, Any]) -> None:
    """Make sure that a snapshot belongs to this world's scenario and options.

    Raises:
        EpisodeError: it does not.
    """
    path = "snapshot['identity']"
    require_keys(identity, own, path)
    for name, value in own.items():
        if identity[name] != value:
            both = "" if name == "scenario" else f" ({name} = {identity[name]!r}, this one has {value!r})"
            raise EpisodeError(
                f"{path}[{name!r}]: the snapshot belongs to another scenario or other options{both}; build the world "
                "from the same"
            )


def require_episodes(episodes: Any, own: Episodes, horizon: int) -> None:
    """Make sure that a snapshot's episodes are ones that this batch could be in.

    Raises:
        EpisodeError: names the path and the world.
    """
    path = "snapshot['episodes']"
    require_keys(episodes, [field.name for field in fields(own)], path)
    held = np.shape(episodes["seed"])
    if len(held) == 1 and held != own.seed.shape:
        raise EpisodeError(f"the snapshot holds {held[0]} worlds; this batch has {own.n_worlds}; build one as large")
    require_like(episodes, arrays_of(own), path)
    for world, (seed, decision, running) in enumerate(
        zip(episodes["seed"], episodes["decision"], episodes["running"], strict=True)
    ):
        here = f"[{world}] of {path}"
        _require_seed(seed, here)
        if not 0 <= decision <= horizon or (running and (decision == horizon or seed == UNSET)):
            raise EpisodeError(
                f"decision{here} = {decision} with seed {seed}, {'running' if running else 'not running'}: no episode "
                f"of {horizon} decisions comes there; {REMEDY}"
            )


def _require_seed(seed: Any, here: str) -> None:
    try:
        if not (type(seed) is int and seed == UNSET):
            checked_seed(seed)
    except ScenarioError as error:
        raise EpisodeError(f"seed{here}: {error}; {REMEDY}") from error


def _require_array_like(array: Any, own: NDArray[Any], path: str, may_be_infinite: bool) -> None:
    if not isinstance(array, np.ndarray) or array.shape != own.shape or array.dtype != own.dtype:
        shown = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise EpisodeError(f"{path} is {shown}; this world has {own.dtype} {own.shape}; {REMEDY}")
    if np.issubdtype(own.dtype, np.floating):
        bad = np.isnan(array) if may_be_infinite else ~np.isfinite(array)
        if bad.any():
            place = tuple(int(index) for index in np.argwhere(bad)[0])
            raise EpisodeError(f"{path}{list(place)} = {array[place]}: must be a finite number; {REMEDY}")
