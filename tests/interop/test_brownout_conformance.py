"""brownout_v0 passes our own conformance suite and PettingZoo's, and each of its functions works without arguments."""

import warnings
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, render_test, seed_test, state_test

from voltran.envs import brownout_v0
from voltran.envs.checks import RULES, RULES_FOR_OTHERS, check_env
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.world import World
from voltran.envs.world_faces import OtherRoles

# Small and short, so that many episodes can be played; sites go down, and the main grid comes and goes.
OVERRIDES = {
    "layout.n_sites": 7,
    "users.count": 20,
    "battery.capacity_kwh": 2.0,
    "survival.end": "horizon",
    "time.horizon_h": 1.0,
    "time.physics_step_s": 300.0,
    "grid.schedule": "rolling",
    "grid.feeders": 3,
    "grid.turn_h": 0.25,
}
CYCLES = 5
small_env = partial(brownout_v0.parallel_env, overrides=OVERRIDES)


@pytest.mark.parametrize(
    ("options", "left_out"),
    [
        ({"action_set": "extended", "reward": "mixed", "mask": "obs"}, set()),
        # Numbers between -1 and 1 have no place in the one discrete action of the central face.
        ({"action_form": "multi", "reward": "local", "retailer_form": "box"}, {"central_face_tells_the_same"}),
    ],
    ids=["ladder", "box"],
)
def test_keeps_every_rule(options: dict[str, Any], left_out: set[str]) -> None:
    report = check_env(partial(small_env, **options), max_steps=50)
    assert set(report) == set(RULES) - RULES_FOR_OTHERS - left_out, str(report)


def test_without_retailers_keeps_every_rule() -> None:
    processes = ("seed_replays_across_processes",)  # slow, and no different from the above
    make = partial(brownout_v0.parallel_env, overrides={**OVERRIDES, "retail.retailers": []})
    assert set(check_env(make, max_steps=50, skip=processes)) == set(RULES) - RULES_FOR_OTHERS - set(processes)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pettingzoo_accepts_it() -> None:
    with warnings.catch_warnings():
        # PettingZoo advises against agents with unlike spaces; they are meant.
        warnings.simplefilter("ignore", UserWarning)
        parallel_api_test(small_env(), num_cycles=CYCLES)
        api_test(brownout_v0.env(overrides=OVERRIDES), num_cycles=CYCLES)
        api_test(brownout_v0.raw_env(overrides=OVERRIDES), num_cycles=CYCLES)
        parallel_seed_test(small_env, num_cycles=CYCLES)
        seed_test(partial(brownout_v0.env, overrides=OVERRIDES), num_cycles=CYCLES)
        state_test(brownout_v0.env(overrides=OVERRIDES), small_env(), num_cycles=CYCLES)
        render_test(partial(brownout_v0.env, overrides=OVERRIDES))


@pytest.mark.filterwarnings("ignore:.*not having a spec:UserWarning")
def test_gymnasium_accepts_the_central_face() -> None:
    gymnasium_check_env(brownout_v0.central_env(overrides=OVERRIDES))


def lowest_prices(world: World) -> dict[str, Any]:
    return {"retailer": np.zeros((world.n_worlds, 3), np.int64)}


def buy_nothing(world: World) -> dict[str, Any]:
    return {"bs": np.zeros((world.n_worlds, 19), np.int64)}


@pytest.mark.parametrize(("role", "count", "others"), [("bs", 19, lowest_prices), ("retailer", 3, buy_nothing)])
def test_every_function_works_without_arguments(role: Any, count: int, others: OtherRoles) -> None:
    parallel = brownout_v0.parallel_env()
    observations, _ = parallel.reset(seed=0)
    assert list(observations) == [*(f"bs_{index}" for index in range(19)), *(f"retailer_{index}" for index in range(3))]
    for aec in (brownout_v0.env(), brownout_v0.raw_env()):
        aec.reset(seed=0)
        assert np.array_equal(aec.observe(f"{role}_0"), observations[f"{role}_0"])
    state, _ = brownout_v0.central_env().reset(seed=0)
    assert np.array_equal(state, parallel.state())
    vector = brownout_v0.vector_env(others=others, role=role, n_worlds=2)
    assert vector.num_envs == 2 * count
    assert vector.reset().shape == (2 * count, *observations[f"{role}_0"].shape)
    _, rewards, _, _ = vector.step(np.zeros(2 * count, np.int64))
    assert rewards.shape == (2 * count,)


def test_registered_with_gymnasium() -> None:
    env = gymnasium.make("voltran/Brownout-v0", overrides=OVERRIDES, max_cycles=2)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    env.step(np.zeros(env.action_space.shape or (), np.int64))
    assert env.step(np.zeros(env.action_space.shape or (), np.int64))[3]


@pytest.mark.skipif(not hasattr(pettingzoo, "register"), reason="PettingZoo below 1.27 has no registry")
def test_registered_with_pettingzoo() -> None:
    env = pettingzoo.make("parallel", "voltran/brownout_v0", overrides=OVERRIDES)
    assert isinstance(env, ParallelFace)
    assert pettingzoo.make("aec", "voltran/brownout_v0", overrides=OVERRIDES).metadata["name"] == "brownout_v0"
