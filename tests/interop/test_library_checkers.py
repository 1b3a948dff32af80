"""PettingZoo's, Gymnasium's and Stable-Baselines3's own checkers accept our faces, on a fake world and ours."""

import warnings
from collections.abc import Callable
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from pettingzoo.test import (
    api_test,
    max_cycles_test,
    parallel_api_test,
    parallel_seed_test,
    render_test,
    seed_test,
    state_test,
)
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from tests.envs.fake_world import make_fake_world
from voltran.envs import blackout_v0, uplink_v0
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.faces.aec import aec_face, raw_aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.parallel import ParallelFace

CYCLES = 30


def fake_module(*roles: str, **face_options: Any) -> SimpleNamespace:
    """The fake world in the shape of a PettingZoo module."""
    world = partial(make_fake_world, roles=roles)

    def parallel_env(**options: Any) -> ParallelFace:
        return ParallelFace(world, **face_options, **options)

    return SimpleNamespace(
        parallel_env=parallel_env,
        env=lambda **options: aec_face(parallel_env(**options)),
        raw_env=lambda **options: raw_aec_face(parallel_env(**options)),
        central_env=partial(CentralFace, world),
    )


def module_of(environment: ModuleType, **options: Any) -> SimpleNamespace:
    """One of our modules with world options fixed."""
    central = {name: value for name, value in options.items() if name != "mask"}
    return SimpleNamespace(
        parallel_env=partial(environment.parallel_env, **options),
        env=partial(environment.env, **options),
        raw_env=partial(environment.raw_env, **options),
        central_env=partial(environment.central_env, **central),
    )


# Few agents, so that many calls can be made.
blackout_module = partial(module_of, blackout_v0, scenario="urban7-medium")
uplink_module = partial(module_of, uplink_v0, overrides={"layout.n_ubs": 8, "ues.count": 5, "time.start_h": 5.0})

MODULES: dict[str, SimpleNamespace] = {
    "fake": fake_module("bs"),
    "fake with masks in observations": fake_module("bs", mask="obs"),
    "fake, two roles": fake_module("bs", "retailer"),
    "fake, multi": fake_module("ubs"),
    "fake, multi, masks in observations": fake_module("ubs", mask="obs"),
    "fake, continuous": fake_module("bs", "operator"),
    "blackout": blackout_module(),
    "blackout with masks in observations": blackout_module(mask="obs", action_set="extended"),
    "blackout, multi": blackout_module(action_form="multi", reward="local"),
    "uplink": uplink_module(),
    "uplink with masks in observations": uplink_module(mask="obs", architecture="cellular"),
    "uplink, multi": uplink_module(action_form="multi", reward="local"),
}


@pytest.fixture(params=list(MODULES))
def module(request: pytest.FixtureRequest) -> SimpleNamespace:
    return MODULES[request.param]


def test_parallel_api(module: SimpleNamespace) -> None:
    parallel_api_test(module.parallel_env(), num_cycles=CYCLES)


def test_aec_api(module: SimpleNamespace) -> None:
    with warnings.catch_warnings():
        # PettingZoo advises against Dict observations, MultiDiscrete actions and unlike agents; all are meant.
        warnings.simplefilter("ignore", UserWarning)
        api_test(module.env(), num_cycles=CYCLES)
        api_test(module.raw_env(), num_cycles=CYCLES)


def test_seeds(module: SimpleNamespace) -> None:
    parallel_seed_test(module.parallel_env, num_cycles=CYCLES)
    seed_test(module.env, num_cycles=CYCLES)


def test_state(module: SimpleNamespace) -> None:
    state_test(module.env(), module.parallel_env(), num_cycles=CYCLES)


def test_max_cycles(module: SimpleNamespace) -> None:
    max_cycles_test(module)


def test_rendering(module: SimpleNamespace) -> None:
    render_test(module.env)


@pytest.mark.parametrize("name", [name for name in MODULES if "observations" not in name and "continuous" not in name])
@pytest.mark.parametrize("check", [gymnasium_check_env, sb3_check_env])
@pytest.mark.filterwarnings("ignore:.*not having a spec:UserWarning")
def test_central_face(name: str, check: Callable[[gymnasium.Env[Any, Any]], None]) -> None:
    check(MODULES[name].central_env())


def test_registered_with_gymnasium() -> None:
    env = gymnasium.make("voltran/Blackout-v0", scenario="urban7-medium", max_cycles=2)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    env.step(np.zeros(env.action_space.shape or (), np.int64))
    assert env.step(np.zeros(env.action_space.shape or (), np.int64))[3]


@pytest.mark.skipif(not hasattr(pettingzoo, "register"), reason="PettingZoo below 1.27 has no registry")
def test_registered_with_pettingzoo() -> None:
    env = pettingzoo.make("parallel", "voltran/blackout_v0", scenario="urban7-medium")
    assert isinstance(env, ParallelFace)
    assert pettingzoo.make("aec", "voltran/blackout_v0", scenario="urban7-medium").metadata["name"] == "blackout_v0"


def test_unknown_options_of_the_world_are_refused() -> None:
    with pytest.raises(ScenarioError, match="urban8"):
        blackout_v0.parallel_env("urban8-medium")
    with pytest.raises(VoltranError, match="action_set"):
        blackout_v0.parallel_env(action_set="all")
    with pytest.raises(ScenarioError, match="mask"):
        blackout_v0.parallel_env("urban7-medium", mask="both")
