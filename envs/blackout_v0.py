"""blackout_v0: base stations on batteries and electric vehicles keep a city connected through a grid outage.

    from voltran.envs import blackout_v0
    env = blackout_v0.parallel_env(scenario="urban19-medium")

Every function works without arguments and takes the same world options:

- ``scenario``: name of a shipped scenario or path of a YAML file; ``overrides``: dotted keys and values.
- ``action_set``: ``"paper"`` (bands follow the mode) or ``"extended"`` (any bands the mode allows).
- ``action_form``: ``"joint"`` (one Discrete per agent) or ``"multi"`` (MultiDiscrete).
- ``reward``: ``"team"``, ``"local"`` or ``"mixed"``.
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

ActionSet = Literal["paper", "extended"]
ActionForm = Literal["joint", "multi"]
Reward = Literal["team", "local", "mixed"]

DEFAULT_SCENARIO = "urban19-medium"


def parallel_env(
    scenario: str | Path = DEFAULT_SCENARIO,
    *,
    overrides: Mapping[str, Any] | None = None,
    action_set: ActionSet = "paper",
    action_form: ActionForm = "joint",
    reward: Reward = "team",
    mask: MaskCarrier = "info",
    render_mode: str | None = None,
    max_cycles: int | None = None,
) -> ParallelFace:
    """Build the PettingZoo Parallel environment.

    Args:
        scenario: see the module's description, as for ``overrides``, ``action_set``, ``action_form``, ``reward``.
        mask: where action masks travel: ``"info"``, ``"obs"`` or None.
        render_mode: ``"human"``, ``"ansi"``, ``"rgb_array"`` or None.
        max_cycles: horizon in decisions, instead of the scenario's.

    Raises:
        ScenarioError: an argument, key or value that is unknown or out of range.
    """
    make = world_maker(scenario, overrides, action_set=action_set, action_form=action_form, reward=reward)
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
    action_set: ActionSet = "paper",
    action_form: ActionForm = "joint",
    reward: Reward = "team",
    render_mode: str | None = None,
    max_cycles: int | None = None,
) -> CentralFace:
    """Build the Gymnasium environment in which one controller decides for all sites (id ``voltran/Blackout-v0``).

    Args and errors as for :func:`parallel_env`.
    """
    make = world_maker(scenario, overrides, action_set=action_set, action_form=action_form, reward=reward)
    return CentralFace(make, render_mode=render_mode, max_cycles=max_cycles)


def vector_env(
    scenario: str | Path = DEFAULT_SCENARIO,
    *,
    n_worlds: int = 32,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    action_set: ActionSet = "paper",
    action_form: ActionForm = "joint",
    reward: Reward = "local",
) -> "VectorFace":
    """Build the Stable-Baselines3 ``VecEnv`` for training: one row per site of each world.

    Args:
        scenario: see the module's description, as for ``overrides``, ``action_set``, ``action_form``, ``reward``.
        n_worlds: worlds in the batch.
        seed: seed of the training run.

    Raises:
        ScenarioError: an argument, key or value that is unknown or out of range.
        MissingExtraError: Stable-Baselines3 is not installed.
    """
    make = world_maker(scenario, overrides, action_set=action_set, action_form=action_form, reward=reward)
    return vector_face(make, n_worlds, "bs", seed)
