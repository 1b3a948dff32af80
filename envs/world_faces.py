"""Builds the environments of one world, in all forms."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pettingzoo import AECEnv

from voltran.envs.errors import MissingExtraError, ScenarioError
from voltran.envs.faces.aec import aec_face, raw_aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.central_vector import CentralVectorFace
from voltran.envs.faces.episode_order import EpisodeList
from voltran.envs.faces.horizon import set_horizon
from voltran.envs.faces.parallel import MaskCarrier, ParallelFace
from voltran.envs.registry import make_world, spec_of_scenario, world_spec
from voltran.envs.stand_ins import stand_ins
from voltran.envs.world import World

if TYPE_CHECKING:
    from voltran.envs.faces.torchrl import TorchRLFace
    from voltran.envs.faces.vector import VectorFace

WorldMaker = Callable[[int], World]
OtherRoles = Callable[[World], Mapping[str, Any]]
AecFace: TypeAlias = AECEnv[str, Any, Any]

TORCHRL_REMEDY = "run: pip install 'torchrl>=0.14' tensordict 'torch>=2.4'"


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

    def env(
        self,
        scenario: str | Path | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        mask: MaskCarrier = "info",
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        **options: Any,
    ) -> AecFace:
        """Build the PettingZoo AEC environment with its wrappers; args and errors as for ``parallel_env``."""
        return aec_face(
            self.parallel_env(
                scenario, overrides=overrides, mask=mask, render_mode=render_mode, max_cycles=max_cycles,
                episodes=episodes, **options,
            )
        )  # fmt: skip

    def raw_env(
        self,
        scenario: str | Path | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        mask: MaskCarrier = "info",
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        **options: Any,
    ) -> AecFace:
        """Build the PettingZoo AEC environment without wrappers of ours; args and errors as for ``parallel_env``."""
        return raw_aec_face(
            self.parallel_env(
                scenario, overrides=overrides, mask=mask, render_mode=render_mode, max_cycles=max_cycles,
                episodes=episodes, **options,
            )
        )  # fmt: skip

    def central_env(
        self,
        scenario: str | Path | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        reward_of: str | None = None,
        **options: Any,
    ) -> CentralFace:
        """Build the Gymnasium environment in which one controller decides for everybody.

        Args and errors as for ``parallel_env``, and ``reward_of``: the role whose mean reward it is; None for all.
        """
        make = self._maker(scenario, overrides, options)
        return CentralFace(make, render_mode=render_mode, max_cycles=max_cycles, episodes=episodes, reward_of=reward_of)

    def vector_env(
        self,
        scenario: str | Path | None = None,
        *,
        role: str | None = None,
        others: OtherRoles | None = None,
        n_worlds: int = 32,
        seed: int = 0,
        overrides: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        **options: Any,
    ) -> "VectorFace":
        """Build the Stable-Baselines3 ``VecEnv`` for training one role: one row per agent of each world.

        Args:
            scenario, overrides, max_cycles, options: as for ``parallel_env``; the reward is the one that agents usually
                learn from.
            role: who learns; the world's first role by default.
            others: plays the other roles, where there are any: a function from the world to ``{role: actions}``, such
                as a controller's ``act``. By default the controllers of the world's declaration.
            n_worlds: worlds in the batch.
            seed: seed of the training run.
            render_mode: as for ``parallel_env``; pictures show the first world.
            episodes: seeds of the episodes to play instead, split evenly among the worlds; each world plays on from its
                part in the list's order.

        Raises:
            ScenarioError: an argument, key or value that is unknown or out of range.
            MissingExtraError: Stable-Baselines3 is not installed.
        """
        spec = world_spec(self.world)
        usual = {} if spec.training_reward is None else {"reward": spec.training_reward}
        world = self._maker(scenario, overrides, {**usual, **options})(n_worlds)
        if max_cycles is not None:
            set_horizon(world, max_cycles)
        try:
            from voltran.envs.faces.vector import VectorFace
        except ImportError as error:
            raise MissingExtraError(
                f"vector_env needs {error.name}, which is not installed; run: pip install 'voltran[train]'"
            ) from error
        learning = role or world.roles[0].name
        others = stand_ins(spec, world, learning) if others is None else others
        return VectorFace(world, learning, seed, others=others, render_mode=render_mode, episodes=episodes)

    def central_vector_env(
        self,
        scenario: str | Path | None = None,
        *,
        n_worlds: int = 32,
        autoreset_mode: str = "NextStep",
        overrides: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        reward_of: str | None = None,
        **options: Any,
    ) -> CentralVectorFace:
        """Build the Gymnasium ``VectorEnv`` in which one controller decides for everybody, in a batch of worlds.

        Args:
            scenario, overrides, render_mode, max_cycles, reward_of, options: as for ``central_env``.
            n_worlds: worlds in the batch.
            autoreset_mode: ``"NextStep"``, ``"SameStep"`` or ``"Disabled"``; see :class:`CentralVectorFace`.
            episodes: seeds of the episodes that resets without a seed play, split evenly among the worlds; each world
                plays on from its part in the list's order. None to draw them.

        Raises:
            ScenarioError: an argument, key or value that is unknown or out of range.
        """
        return CentralVectorFace(
            self._maker(scenario, overrides, options), n_worlds, autoreset_mode=autoreset_mode,
            render_mode=render_mode, max_cycles=max_cycles, episodes=episodes, reward_of=reward_of,
        )  # fmt: skip

    def torchrl_env(
        self,
        scenario: str | Path | None = None,
        *,
        n_worlds: int = 32,
        seed: int | None = None,
        device: Any = "cpu",
        overrides: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        **options: Any,
    ) -> "TorchRLFace":
        """Build the TorchRL ``EnvBase`` of a batch of worlds, with a group of agents for each role.

        Args:
            scenario, overrides, max_cycles, options: as for ``parallel_env``.
            n_worlds: worlds in the batch.
            seed: world ``i`` begins with episode ``seed + i``, as after ``set_seed``; None to draw it.
            device: where tensors are.
            render_mode: as for ``parallel_env``; pictures show the first world.
            episodes: as for ``central_vector_env``.

        Raises:
            ScenarioError: an argument, key or value that is unknown or out of range.
            MissingExtraError: TorchRL is not installed.
        """
        make = self._maker(scenario, overrides, options)
        try:
            from voltran.envs.faces.torchrl import TorchRLFace
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"torchrl_env needs {error.name}, which is not installed; {TORCHRL_REMEDY}"
            ) from error
        except ImportError as error:
            raise MissingExtraError(
                f"torchrl_env: the installed TorchRL is too old or broken ({error}); 0.14.1 works; {TORCHRL_REMEDY}"
            ) from error
        return TorchRLFace(
            make, n_worlds, seed=seed, device=device, render_mode=render_mode, max_cycles=max_cycles, episodes=episodes
        )

    def _maker(
        self, scenario: str | Path | None, overrides: Mapping[str, Any] | None, options: Mapping[str, Any]
    ) -> WorldMaker:
        """What builds batches of worlds, given their size; it can be pickled."""
        chosen = world_spec(self.world).default_scenario if scenario is None else scenario
        world = spec_of_scenario(chosen).name
        if world != self.world:
            raise ScenarioError(f"scenario {chosen} is played in {world}, not in {self.world}; build it with {world}")
        return partial(make_world, chosen, overrides=overrides, **options)
