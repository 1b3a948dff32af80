"""What the modules of environments, such as ``blackout_v0``, share: a world's maker, and its face for training."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltran.envs.catalog import make_world
from voltran.envs.errors import MissingExtraError
from voltran.envs.world import World

if TYPE_CHECKING:
    from voltran.envs.faces.vector import VectorFace

WorldMaker = Callable[[int], World]
OtherRoles = Callable[[World], Mapping[str, Any]]


def world_maker(scenario: str | Path, overrides: Mapping[str, Any] | None, **options: Any) -> WorldMaker:
    """What builds batches of worlds of one scenario, given their size; it can be pickled."""
    return partial(make_world, scenario, overrides=overrides, **options)


def vector_face(
    make: WorldMaker, n_worlds: int, role: str, seed: int, others: OtherRoles | None = None
) -> "VectorFace":
    """The Stable-Baselines3 ``VecEnv`` of one role; ``others`` plays the other roles, where there are any.

    Raises:
        MissingExtraError: Stable-Baselines3 is not installed.
    """
    try:
        from voltran.envs.faces.vector import VectorFace
    except ImportError as error:
        raise MissingExtraError(
            f"vector_env needs {error.name}, which is not installed; run: pip install 'voltran[train]'"
        ) from error
    return VectorFace(make(n_worlds), role, seed, others=others)
