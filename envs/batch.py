"""What worlds have in common as batches of episodes: how they are built, reset and asked, whatever they simulate."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import ActionError, EpisodeError, PhysicsError
from voltran.envs.seeds import SeedArray, checked_seed
from voltran.envs.world import BoolArray, FloatArray, Role

WorldT = TypeVar("WorldT")


def worlds_to_reset(seeds: Sequence[int], worlds: BoolArray | None, n_worlds: int) -> dict[int, int]:
    """World to seed of those that a reset starts anew.

    Args:
        seeds: one per world.
        worlds: ``[B]`` which ones; None for all.
        n_worlds: batch size ``B``.

    Raises:
        EpisodeError: seeds or flags of the wrong number or type.
    """
    if len(seeds) != n_worlds:
        raise EpisodeError(f"reset got {len(seeds)} seeds for {n_worlds} worlds")
    mask = np.ones(n_worlds, dtype=bool) if worlds is None else np.array(worlds)
    if mask.shape != (n_worlds,) or mask.dtype != np.bool_:
        raise EpisodeError(f"reset: worlds = {worlds!r}: must be {n_worlds} flags, one per world")
    return {world: checked_seed(seeds[world]) for world in np.flatnonzero(mask).tolist()}


def require_running(running: BoolArray, seed: SeedArray) -> None:
    """Make sure that all worlds can make a step.

    Args:
        running: ``[B]`` reset, and not over.
        seed: ``[B]``, negative before the first reset.

    Raises:
        EpisodeError: one cannot.
    """
    if not running.all():
        world = int(np.flatnonzero(~running)[0])
        reason = "has not been reset" if seed[world] < 0 else "has ended its episode"
        raise EpisodeError(f"world {world} {reason}: call reset(seeds, worlds) before step")


def actions_of(role: str, actions: Mapping[str, Any], name: str) -> Any:
    """The actions of a world's only role.

    Raises:
        ActionError: there are others, or none.
    """
    if set(actions) != {role}:
        raise ActionError(f"actions are for roles {sorted(actions)}; {name} has exactly the role {role}")
    return actions[role]


def require_roles(roles: Sequence[Role], actions: Mapping[str, Any]) -> None:
    """Make sure that there are actions for exactly the roles of a world.

    Raises:
        ActionError: there are others, or some are missing.
    """
    names = sorted(role.name for role in roles)
    if sorted(actions) != names:
        raise ActionError(
            f"actions are for roles {sorted(actions)}; this world has {names}; give one entry for each (a controller "
            "that plays one role plays in a team, such as bs=buy-all+retailer=dpa)"
        )


def checked_actions(
    role: str, actions: object, shape: tuple[int, ...], sizes: Sequence[int] | None
) -> NDArray[np.int64] | FloatArray:
    """The actions of a role as an array, once they are known to lie in its space.

    Args:
        role: its name.
        actions: what was handed in.
        shape: ``[B, n]``, or ``[B, n, k]`` where an action has several dimensions.
        sizes: number of codes per dimension; None where actions are continuous, in [-1, 1].

    Raises:
        ActionError: names agent, world and value.
    """
    try:
        values = np.asarray(actions)
    except ValueError as error:
        raise ActionError(f"actions of role {role} are ragged: give one action per agent, all of one form") from error
    kind, noun = (np.floating, "floats") if sizes is None else (np.integer, "integers")
    if values.shape != shape or not np.issubdtype(values.dtype, kind):
        raise ActionError(
            f"actions of role {role} have shape {values.shape} and dtype {values.dtype}; expected {shape} {noun}"
        )
    low, high = (-1.0, 1.0) if sizes is None else (0, np.asarray(sizes) - 1)
    bad = ~((values >= low) & (values <= high))
    if bad.any():
        index = tuple(int(part) for part in np.argwhere(bad)[0])
        limit = np.broadcast_to(high, values.shape)[index]
        raise ActionError(
            f"action of {role}_{index[1]} in world {index[0]} = {values[index]}: must lie in [{low:g}, {limit:g}]"
        )
    return values.astype(np.float64) if sizes is None else values.astype(np.int64)


def metrics_of_worlds(
    metrics_of: Callable[[int], Mapping[str, float]],
    worlds: BoolArray | None,
    seeds: SeedArray,
    may_be_undefined: Collection[str] = (),
) -> dict[str, FloatArray]:
    """Metric -> ``[B]``, NaN outside the mask ``worlds``.

    Args:
        metrics_of: the metrics of one world.
        worlds: ``[B]`` which ones; None for all.
        seeds: ``[B]`` of the episodes.
        may_be_undefined: metrics that are NaN by definition in some episodes.

    Raises:
        PhysicsError: any other metric that is not finite.
    """
    n_worlds = len(seeds)
    chosen = range(n_worlds) if worlds is None else np.flatnonzero(worlds).tolist()
    results = {world: metrics_of(world) for world in chosen}
    for world, metrics in results.items():
        _require_finite(metrics, world, seeds[world], may_be_undefined)
    names = next(iter(results.values()), {})
    blank = dict.fromkeys(names, np.nan)
    return {name: np.array([results.get(world, blank)[name] for world in range(n_worlds)]) for name in names}


def check_snapshot(found: Any, expected: str, seeds: SeedArray, n_worlds: int) -> None:
    """Make sure that a snapshot belongs to a world.

    Args:
        found, expected: what the snapshot and the world say of their scenarios.
        seeds: the snapshot's.
        n_worlds: batch size ``B``.

    Raises:
        EpisodeError: it belongs to another scenario or batch size.
    """
    if found != expected:
        raise EpisodeError("the snapshot belongs to another scenario or other options; build the world from the same")
    if seeds.shape != (n_worlds,):
        raise EpisodeError(f"the snapshot holds {seeds.shape[0]} worlds; this batch has {n_worlds}")


def _require_finite(metrics: Mapping[str, float], world: int, seed: int, may_be_undefined: Collection[str]) -> None:
    for name, value in metrics.items():
        if math.isfinite(value) or (math.isnan(value) and name in may_be_undefined):
            continue
        raise PhysicsError(
            f"{name} of world {world} (seed {seed}) is {value}: the scenario leads beyond what can be computed; bring "
            "its numbers nearer to those of a shipped one"
        )
