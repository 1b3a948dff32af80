"""uplink_v0: uplink base stations of a fully decoupled network serve UEs together, and sleep where they are not needed.

    from voltran.envs import uplink_v0
    env = uplink_v0.parallel_env(scenario="uplink20")

Every function works without arguments and takes the same world options:

- ``scenario``: name of a shipped scenario or path of a YAML file; ``overrides``: dotted keys and values.
- ``architecture``: ``"fd-ran"``, ``"uc-cell-free"``, ``"cell-free"``, ``"small-cell"`` or ``"cellular"``;
  ``idle_sleep``: of ``uc-cell-free``, the probability that a UBS sleeps while it serves nobody.
- ``action_form``: ``"joint"`` (one Discrete per agent) or ``"multi"`` (MultiDiscrete).
- ``reward``: ``"team"`` or ``"local"``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pettingzoo import AECEnv

from voltran.envs.environment_functions import vector_face, world_maker
from voltran.envs.faces.aec import aec_face, raw_aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.parallel import MaskCarrier, ParallelFace

if TYPE_CHECKING:
    from voltran.envs.faces.vector import VectorFace

ActionForm = Literal["joint", "multi"]
Architecture = Literal["fd-ran", "uc-cell-free", "cell-free", "small-cell", "cellular"]
Reward = Literal["team", "local"]

DEFAULT_SCENARIO = "uplink20"


def parallel_env(
    scenario: str | Path = DEFAULT_SCENARIO,
    *,
    overrides: Mapping[str, Any] | None = None,
    architecture: Architecture = "fd-ran",
    idle_sleep: float = 1.0,
    action_form: ActionForm = "joint",
    reward: Reward = "team",
    mask: MaskCarrier = "info",
    render_mode: str | None = None,
    max_cycles: int | None = None,
) -> ParallelFace:
    """Build the PettingZoo Parallel environment.

    Args:
        scenario: see the module's description, as for all arguments up to ``reward``.
        mask: where action masks travel: ``"info"``, ``"obs"`` or None.
        render_mode: ``"human"``, ``"ansi"``, ``"rgb_array"`` or None.
        max_cycles: horizon in decisions, instead of the scenario's.

    Raises:
        ScenarioError: an argument, key or value that is unknown or out of range.
    """
    make = world_maker(
        scenario, overrides, architecture=architecture, idle_sleep=idle_sleep, action_form=action_form, reward=reward
    )
    return ParallelFace(make, mask=mask, render_mode=render_mode, max_cycles=max_cycles)


def env(scenario: str | Path = DEFAULT_SCENARIO, **options: Any) -> AECEnv[str, Any, Any]:
    """Build the PettingZoo AEC environment with its wrappers; options as for :func:`parallel_env`."""
    return aec_face(parallel_env(scenario, **options))


def raw_env(scenario: str | Path = DEFAULT_SCENARIO, **options: Any) -> AECEnv[str, Any, Any]:
    """Build the PettingZoo AEC environment without wrappers of ours; options as for :func:`parallel_env`."""
    return raw_aec_face(parallel_env(scenario, **options))


def central_env(
    scenario: str | Path = DEFAULT_SCENARIO,
    *,
    overrides: Mapping[str, Any] | None = None,
    architecture: Architecture = "fd-ran",
    idle_sleep: float = 1.0,
    action_form: ActionForm = "joint",
    reward: Reward = "team",
    render_mode: str | None = None,
    max_cycles: int | None = None,
) -> CentralFace:
    """Build the Gymnasium environment in which one controller decides for all UBSs (id ``voltran/Uplink-v0``).

    Args and errors as for :func:`parallel_env`.
    """
    make = world_maker(
        scenario, overrides, architecture=architecture, idle_sleep=idle_sleep, action_form=action_form, reward=reward
    )
    return CentralFace(make, render_mode=render_mode, max_cycles=max_cycles)


def vector_env(
    scenario: str | Path = DEFAULT_SCENARIO,
    *,
    n_worlds: int = 32,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    architecture: Architecture = "fd-ran",
    idle_sleep: float = 1.0,
    action_form: ActionForm = "joint",
    reward: Reward = "local",
) -> "VectorFace":
    """Build the Stable-Baselines3 ``VecEnv`` for training: one row per UBS of each world.

    Args:
        scenario: see the module's description, as for all arguments up to ``reward``.
        n_worlds: worlds in the batch.
        seed: seed of the training run.

    Raises:
        ScenarioError: an argument, key or value that is unknown or out of range.
        MissingExtraError: Stable-Baselines3 is not installed.
    """
    make = world_maker(
        scenario, overrides, architecture=architecture, idle_sleep=idle_sleep, action_form=action_form, reward=reward
    )
    return vector_face(make, n_worlds, "ubs", seed)
