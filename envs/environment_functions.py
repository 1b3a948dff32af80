"""The functions that every world offers, in the forms of PettingZoo, Gymnasium, Stable-Baselines3 and TorchRL.

A module such as ``blackout_v0`` is made of them::

    parallel_env, env, raw_env, central_env, vector_env, central_vector_env, torchrl_env = environment_functions(WORLD)

Each works without arguments. All take ``scenario``, ``overrides``, ``render_mode``, ``max_cycles`` and ``episodes``;
``**options`` are those of the world's class.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from voltran.envs.errors import ScenarioError
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.central_vector import CentralVectorFace
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.references import is_reference, resolve
from voltran.envs.registry import register_world, spec_of_scenario, world_spec, world_specs
from voltran.envs.world_faces import AecFace, WorldFaces
from voltran.envs.world_spec import WorldSpec

if TYPE_CHECKING:
    from voltran.envs.faces.torchrl import TorchRLFace
    from voltran.envs.faces.vector import VectorFace

Name = str | Path | WorldSpec
Place = str | Path | None

# What one asks for, and the function that builds it.
FACES = {
    "parallel": "parallel_env",
    "aec": "env",
    "central": "central_env",
    "vector": "vector_env",
    "central-vector": "central_vector_env",
    "torchrl": "torchrl_env",
}


class EnvironmentFunctions(NamedTuple):
    """What a module such as ``blackout_v0`` offers."""

    parallel_env: Callable[..., ParallelFace]
    env: Callable[..., AecFace]
    raw_env: Callable[..., AecFace]
    central_env: Callable[..., CentralFace]
    vector_env: Callable[..., "VectorFace"]
    central_vector_env: Callable[..., CentralVectorFace]
    torchrl_env: Callable[..., "TorchRLFace"]


def environment_functions(spec: WorldSpec) -> EnvironmentFunctions:
    """The functions of a world."""
    faces = WorldFaces(spec.name)
    return EnvironmentFunctions(*(getattr(faces, name) for name in EnvironmentFunctions._fields))


@overload
def make(name: Name, scenario: Place = None, *, face: Literal["parallel"] = ..., **options: Any) -> ParallelFace: ...
@overload
def make(name: Name, scenario: Place = None, *, face: Literal["aec"], **options: Any) -> AecFace: ...
@overload
def make(name: Name, scenario: Place = None, *, face: Literal["central"], **options: Any) -> CentralFace: ...
@overload
def make(name: Name, scenario: Place = None, *, face: Literal["vector"], **options: Any) -> "VectorFace": ...
@overload
def make(
    name: Name, scenario: Place = None, *, face: Literal["central-vector"], **options: Any
) -> CentralVectorFace: ...
@overload
def make(name: Name, scenario: Place = None, *, face: Literal["torchrl"], **options: Any) -> "TorchRLFace": ...
def make(name: Name, scenario: Place = None, *, face: str = "parallel", **options: Any) -> Any:
    """Build an environment.

    Args:
        name: of a world, such as ``"blackout_v0"``, its declaration, or ``module:attribute`` of that; or of a scenario,
            whose world it is then.
        scenario: name of a shipped scenario or path of a YAML file; the world's usual one by default.
        face: ``"parallel"`` or ``"aec"`` (PettingZoo), ``"central"`` (Gymnasium: one controller decides for all), or,
            of a batch of worlds, ``"vector"`` (Stable-Baselines3: one row per agent), ``"central-vector"`` (Gymnasium's
            ``VectorEnv``) or ``"torchrl"`` (TorchRL's ``EnvBase``: one group per role).
        **options: of the world, such as ``reward="local"``, and of the face, see :class:`WorldFaces`.

    Raises:
        ScenarioError: an unknown world, scenario or face, or an argument that is unknown or out of range.
        MissingExtraError: the face's library is not installed.
    """
    world = _world_named(name)
    if world is None and scenario is not None:
        world = world_spec(str(name)).name
    elif world is None:
        scenario = str(name)
        try:
            world = spec_of_scenario(scenario).name
        except ScenarioError as error:
            worlds = ", ".join(spec.name for spec in world_specs())
            raise ScenarioError(f"make: {scenario!r} is no world ({worlds}), and as a scenario: {error}") from error
    return make_face(scenario, world=world, face=face, **options)


def _world_named(name: str | Path | WorldSpec) -> str | None:
    """Name of the world that something stands for; None where it is no world's."""
    if isinstance(name, WorldSpec):
        return register_world(name).name
    if is_reference(str(name)):
        named = resolve(str(name), "make")
        return register_world(named).name if isinstance(named, WorldSpec) else None
    return str(name) if str(name) in {spec.name for spec in world_specs()} else None


def make_face(scenario: str | Path | None = None, *, world: str, face: str, **options: Any) -> Any:
    """Build a world's environment in one of the forms of :data:`FACES`; options as of the function that builds it.

    Raises:
        ScenarioError: an unknown world or face, or an argument that is unknown or out of range.
    """
    if face not in FACES:
        raise ScenarioError(f"face = {face!r} is unknown; use one of {', '.join(FACES)}")
    return getattr(WorldFaces(world_spec(world).name), FACES[face])(scenario, **options)


def make_gymnasium_vector(
    scenario: str | Path | None = None,
    *,
    world: str,
    num_envs: int,
    max_episode_steps: int | None = None,
    max_cycles: int | None = None,
    **options: Any,
) -> CentralVectorFace:
    """What ``gymnasium.make_vec`` calls: its words for the number of worlds and for ``max_cycles``."""
    horizon = max_cycles if max_episode_steps is None else max_episode_steps
    options.pop("face", None)  # registered beside the world, for the face of one world
    return WorldFaces(world).central_vector_env(scenario, n_worlds=num_envs, max_cycles=horizon, **options)
