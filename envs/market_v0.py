"""market_v0: base stations with loads and batteries buy power from retailers, who set prices.

    from voltran.envs import market_v0
    env = market_v0.parallel_env(scenario="market8")

Agents ``bs_*`` choose how much to buy and what their batteries do; agents ``retailer_*`` set prices. Every function
works without arguments and takes the same world options:

- ``scenario``: name of a shipped scenario or path of a YAML file; ``overrides``: dotted keys and values.
- ``action_form``: of the sites: ``"joint"`` (one Discrete), ``"multi"`` (MultiDiscrete) or ``"box"`` (continuous).
- ``reward``: ``"own"`` (each agent its own dollars) or ``"welfare"`` (everybody the same share of what all have).
- ``retailer_form``: ``"ladder"`` (one of eleven prices) or ``"box"`` (price and reserved share).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pettingzoo import AECEnv

from voltran.envs.environment_functions import OtherRoles, vector_face, world_maker
from voltran.envs.faces.aec import aec_face, raw_aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.parallel import MaskCarrier, ParallelFace

if TYPE_CHECKING:
    from voltran.envs.faces.vector import VectorFace

ActionForm = Literal["joint", "multi", "box"]
Reward = Literal["own", "welfare"]
RetailerForm = Literal["ladder", "box"]

DEFAULT_SCENARIO = "market8"


def parallel_env(
    scenario: str | Path = DEFAULT_SCENARIO,
    *,
    overrides: Mapping[str, Any] | None = None,
    action_form: ActionForm = "joint",
    reward: Reward = "own",
    retailer_form: RetailerForm = "ladder",
    mask: MaskCarrier = "info",
    render_mode: str | None = None,
    max_cycles: int | None = None,
) -> ParallelFace:
    """Build the PettingZoo Parallel environment.

    Args:
        scenario: see the module's description, as for all options up to ``retailer_form``.
        mask: where action masks travel: ``"info"``, ``"obs"`` or None.
        render_mode: ``"human"``, ``"ansi"``, ``"rgb_array"`` or None.
        max_cycles: horizon in decisions, instead of the scenario's.

    Raises:
        ScenarioError: an argument, key or value that is unknown or out of range.
    """
    options = {"action_form": action_form, "reward": reward, "retailer_form": retailer_form}
    make = world_maker(scenario, overrides, **options)
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
    action_form: Literal["joint", "multi"] = "joint",
    reward: Reward = "own",
    render_mode: str | None = None,
    max_cycles: int | None = None,
) -> CentralFace:
    """Build the Gymnasium environment in which one controller decides for everybody (id ``voltran/Market-v0``).

    Args and errors as for :func:`parallel_env`; retailers choose from the ladder of prices.
    """
    make = world_maker(scenario, overrides, action_form=action_form, reward=reward)
    return CentralFace(make, render_mode=render_mode, max_cycles=max_cycles)


def vector_env(
    scenario: str | Path = DEFAULT_SCENARIO,
    *,
    others: OtherRoles | None,
    role: Literal["bs", "retailer"] = "bs",
    n_worlds: int = 32,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    action_form: ActionForm = "joint",
    reward: Reward = "own",
    retailer_form: RetailerForm = "ladder",
) -> "VectorFace":
    """Build the Stable-Baselines3 ``VecEnv`` for training one role: one row per agent of each world.

    Args:
        scenario: see the module's description, as for all options from ``overrides`` on.
        others: plays the other role: a function from the world to ``{role: actions}``, such as a controller's ``act``;
            None in a scenario without retailers.
        role: who learns.
        n_worlds: worlds in the batch.
        seed: seed of the training run.

    Raises:
        ScenarioError: an argument, key or value that is unknown or out of range.
        MissingExtraError: Stable-Baselines3 is not installed.
    """
    options = {"action_form": action_form, "reward": reward, "retailer_form": retailer_form}
    return vector_face(world_maker(scenario, overrides, **options), n_worlds, role, seed, others)
