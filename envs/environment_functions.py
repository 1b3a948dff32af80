"""The five functions that every world offers, in PettingZoo's, Gymnasium's and Stable-Baselines3's forms.

A module such as ``blackout_v0`` is made of them::

    parallel_env, env, raw_env, central_env, vector_env = environment_functions(WORLD)

Each works without arguments; ``**options`` are those of the world's class.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, overload

from pettingzoo import AECEnv

from voltran.envs.errors import MissingExtraError, ScenarioError
from voltran.envs.faces.aec import aec_face, raw_aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.episode_order import EpisodeList
from voltran.envs.faces.parallel import MaskCarrier, ParallelFace
from voltran.envs.references import is_reference, resolve
from voltran.envs.registry import make_world, register_world, spec_of_scenario, world_spec, world_specs
from voltran.envs.world import World
from voltran.envs.world_spec import WorldSpec

if TYPE_CHECKING:
    from voltran.envs.faces.vector import VectorFace

WorldMaker = Callable[[int], World]
OtherRoles = Callable[[World], Mapping[str, Any]]
AecFace: TypeAlias = AECEnv[str, Any, Any]

# What one asks for, and the function that builds it.
FACES = {"parallel": "parallel_env", "aec": "env", "central": "central_env", "vector": "vector_env"}


class EnvironmentFunctions(NamedTuple):
    """What a module such as ``blackout_v0`` offers."""

    parallel_env: Callable[..., ParallelFace]
    env: Callable[..., AecFace]
    raw_env: Callable[..., AecFace]
    central_env: Callable[..., CentralFace]
    vector_env: Callable[..., "VectorFace"]


def environment_functions(spec: WorldSpec) -> EnvironmentFunctions:
    """The five functions of a world."""
    faces = WorldFaces(spec.name)
    return EnvironmentFunctions(faces.parallel_env, faces.env, faces.raw_env, faces.central_env, faces.vector_env)


@overload
def make(
    name: str | Path | WorldSpec, scenario: str | Path | None = None, *, face: Literal["parallel"] = ..., **options: Any
) -> ParallelFace: ...
@overload
def make(
    name: str | Path | WorldSpec, scenario: str | Path | None = None, *, face: Literal["aec"], **options: Any
) -> AecFace: ...
@overload
def make(
    name: str | Path | WorldSpec, scenario: str | Path | None = None, *, face: Literal["central"], **options: Any
) -> CentralFace: ...
@overload
def make(
    name: str | Path | WorldSpec, scenario: str | Path | None = None, *, face: Literal["vector"], **options: Any
) -> "VectorFace": ...
def make(
    name: str | Path | WorldSpec, scenario: str | Path | None = None, *, face: str = "parallel", **options: Any
) -> Any:
    """Build an environment.

    Args:
        name: of a world, such as ``"blackout_v0"``, its declaration, or ``module:attribute`` of that; or of a scenario,
            whose world it is then.
        scenario: name of a shipped scenario or path of a YAML file; the world's usual one by default.
        face: ``"parallel"`` or ``"aec"`` (PettingZoo), ``"central"`` (Gymnasium: one controller decides for all), or
            ``"vector"`` (Stable-Baselines3: one row per agent of each world of a batch).
        **options: of the world, such as ``reward="local"``, and of the face, see :class:`WorldFaces`.

    Raises:
        ScenarioError: an unknown world, scenario or face, or an argument that is unknown or out of range.
        MissingExtraError: the vector face without Stable-Baselines3.
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


class WorldFaces:
    """Builds the environments of one world.

    Args:
        world: its name.
    """

    def __init__(self, world: str) -> None:
        self.world = world

    def parallel_env(
        self,
        scenario: str | Path | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        mask: MaskCarrier = "info",
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        **options: Any,
    ) -> ParallelFace:
        """Build the PettingZoo Parallel environment.

        Args:
            scenario: name of a shipped scenario or path of a YAML file; the world's usual one by default.
            overrides: dotted scenario keys and their values.
            mask: where action masks travel: ``"info"``, ``"obs"`` or None.
            render_mode: ``"human"``, ``"ansi"``, ``"rgb_array"`` or None.
            max_cycles: horizon in decisions, instead of the scenario's.
            episodes: seeds of the episodes that resets without a seed play, such as ``range(1000, 1050)``: in their
                order, then again from the first. None to draw them.
            **options: of the world's class; see the module's description.

        Raises:
            ScenarioError: an argument, key or value that is unknown or out of range.
        """
        make = self._maker(scenario, overrides, options)
        return ParallelFace(make, mask=mask, render_mode=render_mode, max_cycles=max_cycles, episodes=episodes)

    def env(self, scenario: str | Path | None = None, **options: Any) -> AecFace:
        """Build the PettingZoo AEC environment with its wrappers; options as for ``parallel_env``."""
        return aec_face(self.parallel_env(scenario, **options))

    def raw_env(self, scenario: str | Path | None = None, **options: Any) -> AecFace:
        """Build the PettingZoo AEC environment without wrappers of ours; options as for ``parallel_env``."""
        return raw_aec_face(self.parallel_env(scenario, **options))

    def central_env(
        self,
        scenario: str | Path | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        **options: Any,
    ) -> CentralFace:
        """Build the Gymnasium environment in which one controller decides for everybody.

        Args and errors as for ``parallel_env``.
        """
        make = self._maker(scenario, overrides, options)
        return CentralFace(make, render_mode=render_mode, max_cycles=max_cycles, episodes=episodes)

    def vector_env(
        self,
        scenario: str | Path | None = None,
        *,
        role: str | None = None,
        others: OtherRoles | None = None,
        n_worlds: int = 32,
        seed: int = 0,
        overrides: Mapping[str, Any] | None = None,
        episodes: EpisodeList | None = None,
        **options: Any,
    ) -> "VectorFace":
        """Build the Stable-Baselines3 ``VecEnv`` for training one role: one row per agent of each world.

        Args:
            scenario, overrides, options: as for ``parallel_env``; the reward is the one that agents usually learn from.
            role: who learns; the world's first role by default.
            others: plays the other roles, where there are any: a function from the world to ``{role: actions}``, such
                as a controller's ``act``.
            n_worlds: worlds in the batch.
            seed: seed of the training run.
            episodes: seeds of the episodes to play instead, split evenly among the worlds; each world plays on from its
                part in the list's order.

        Raises:
            ScenarioError: an argument, key or value that is unknown or out of range.
            MissingExtraError: Stable-Baselines3 is not installed.
        """
        reward = world_spec(self.world).training_reward
        usual = {} if reward is None else {"reward": reward}
        world = self._maker(scenario, overrides, {**usual, **options})(n_worlds)
        try:
            from voltran.envs.faces.vector import VectorFace
        except ImportError as error:
            raise MissingExtraError(
                f"vector_env needs {error.name}, which is not installed; run: pip install 'voltran[train]'"
            ) from error
        return VectorFace(world, role or world.roles[0].name, seed, others=others, episodes=episodes)

    def _maker(
        self, scenario: str | Path | None, overrides: Mapping[str, Any] | None, options: Mapping[str, Any]
    ) -> WorldMaker:
        """What builds batches of worlds, given their size; it can be pickled."""
        chosen = world_spec(self.world).default_scenario if scenario is None else scenario
        world = spec_of_scenario(chosen).name
        if world != self.world:
            raise ScenarioError(f"scenario {chosen} is played in {world}, not in {self.world}; build it with {world}")
        return partial(make_world, chosen, overrides=overrides, **options)
