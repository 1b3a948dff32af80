"""uplink_v0 passes our own conformance suite in all its forms, and each of its functions works without arguments."""

from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
import pytest

from voltran.envs import uplink_v0
from voltran.envs.checks import RULES, RULES_FOR_OTHERS, check_env
from voltran.envs.faces.parallel import ParallelFace

# Small and short, so that many episodes can be played.
OVERRIDES = {"layout.n_ubs": 6, "ues.count": 5, "time.horizon_h": 4.0, "time.start_h": 5.0}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"action_form": "multi", "reward": "local", "mask": "obs"},
        {"architecture": "uc-cell-free", "idle_sleep": 0.5, "mask": "obs"},
        {"architecture": "cell-free", "reward": "local"},
    ],
    ids=lambda options: "-".join(str(value) for value in options.values()) or "default",
)
def test_keeps_every_rule(options: dict[str, Any]) -> None:
    report = check_env(partial(uplink_v0.parallel_env, overrides=OVERRIDES, **options), max_steps=100)
    assert set(report) == set(RULES) - RULES_FOR_OTHERS, str(report)


def test_every_function_works_without_arguments() -> None:
    parallel = uplink_v0.parallel_env()
    observations, _ = parallel.reset(seed=0)
    assert set(observations) == {f"ubs_{index}" for index in range(20)}
    for aec in (uplink_v0.env(), uplink_v0.raw_env()):
        aec.reset(seed=0)
        assert np.array_equal(aec.observe("ubs_0"), observations["ubs_0"])
    state, _ = uplink_v0.central_env().reset(seed=0)
    assert np.array_equal(state, parallel.state())
    vector = uplink_v0.vector_env()
    assert vector.num_envs == 32 * 20
    assert vector.reset().shape == (32 * 20, *observations["ubs_0"].shape)


def test_registered_with_gymnasium() -> None:
    env = gymnasium.make("voltran/Uplink-v0", overrides=OVERRIDES, max_cycles=2)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    env.step(np.zeros(env.action_space.shape or (), np.int64))
    assert env.step(np.zeros(env.action_space.shape or (), np.int64))[3]


@pytest.mark.skipif(not hasattr(pettingzoo, "register"), reason="PettingZoo below 1.27 has no registry")
def test_registered_with_pettingzoo() -> None:
    env = pettingzoo.make("parallel", "voltran/uplink_v0", scenario="uplink20-drop")
    assert isinstance(env, ParallelFace)
    assert pettingzoo.make("aec", "voltran/uplink_v0").metadata["name"] == "uplink_v0"
