"""market_v0 passes our own conformance suite in all its forms, and each of its functions works without arguments."""

from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
import pytest
from pettingzoo.test import api_test, parallel_api_test

from tests.envs.market.tools import NO_RETAILERS
from voltran.envs import market_v0
from voltran.envs.checks import RULES, RULES_FOR_OTHERS, check_env
from voltran.envs.faces.parallel import ParallelFace

# Short, and at noon, when wind and sun both count, so that many episodes can be played.
OVERRIDES: dict[str, Any] = {"time.horizon_h": 1.0, "retail.weather.start_hour": 11.0}
# What boxes have no answer to: there is nothing to mask.
WITHOUT_CHOICES = {"masks_not_empty", "masks_honest"}


@pytest.mark.parametrize(
    ("options", "not_applicable"),
    [
        ({}, set()),
        ({"action_form": "box", "retailer_form": "box"}, WITHOUT_CHOICES),
        (
            {"overrides": {**OVERRIDES, **NO_RETAILERS}, "action_form": "multi", "reward": "welfare", "mask": "obs"},
            set(),
        ),
    ],
    ids=["default", "box", "multi without retailers"],
)
def test_keeps_every_rule(options: dict[str, Any], not_applicable: set[str]) -> None:
    make = partial(market_v0.parallel_env, "market4", **{"overrides": OVERRIDES, **options})
    assert set(check_env(make, max_steps=100)) == set(RULES) - RULES_FOR_OTHERS - not_applicable


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("forms", [{}, {"action_form": "box", "retailer_form": "box"}], ids=["codes", "box"])
def test_passes_pettingzoos_own_tests(forms: dict[str, Any]) -> None:
    parallel_api_test(market_v0.parallel_env("market4", overrides=OVERRIDES, **forms), num_cycles=10)
    api_test(market_v0.env("market4", overrides=OVERRIDES, **forms), num_cycles=10)


def test_every_function_works_without_arguments() -> None:
    parallel = market_v0.parallel_env()
    observations, _ = parallel.reset(seed=0)
    assert set(observations) == {*(f"bs_{index}" for index in range(8)), "retailer_0", "retailer_1"}
    for aec in (market_v0.env(), market_v0.raw_env()):
        aec.reset(seed=0)
        assert np.array_equal(aec.observe("retailer_1"), observations["retailer_1"])
    state, _ = market_v0.central_env().reset(seed=0)
    assert np.array_equal(state, parallel.state())


@pytest.mark.parametrize(("role", "other", "count"), [("bs", "retailer", 8), ("retailer", "bs", 2)])
def test_either_role_learns_while_the_other_is_played(role: Any, other: str, count: int) -> None:
    def others(world: Any) -> dict[str, Any]:
        return {other: np.full((world.n_worlds, 10 - count), 1)}

    vector = market_v0.vector_env(role=role, others=others, n_worlds=3, overrides=OVERRIDES)
    assert vector.reset().shape[0] == vector.num_envs == 3 * count
    for _ in range(4):
        _, rewards, dones, infos = vector.step(np.ones(vector.num_envs, np.int64))
    assert np.isfinite(rewards).all()
    assert dones.all()
    assert "welfare_usd" in infos[0]["kpis"]
    alone = market_v0.vector_env(role=role, n_worlds=1, overrides=OVERRIDES)  # with whom the declaration names
    alone.reset()
    assert np.isfinite(alone.step(np.ones(count, np.int64))[1]).all()


def test_sites_learn_alone_where_there_are_no_retailers() -> None:
    vector = market_v0.vector_env(others=None, n_worlds=2, overrides={**OVERRIDES, **NO_RETAILERS})
    assert vector.reset().shape[0] == 16


def test_registered_with_gymnasium() -> None:
    env = gymnasium.make("voltran/Market-v0", overrides=OVERRIDES, max_cycles=2)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    env.step(np.ones(env.action_space.shape or (), np.int64))
    assert env.step(np.ones(env.action_space.shape or (), np.int64))[3]


@pytest.mark.skipif(not hasattr(pettingzoo, "register"), reason="PettingZoo below 1.27 has no registry")
def test_registered_with_pettingzoo() -> None:
    env = pettingzoo.make("parallel", "voltran/market_v0", scenario="market4")
    assert isinstance(env, ParallelFace)
    assert pettingzoo.make("aec", "voltran/market_v0").metadata["name"] == "market_v0"
