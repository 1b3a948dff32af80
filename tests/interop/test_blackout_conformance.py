"""blackout_v0 passes our own conformance suite in all its forms, and each of its functions works without arguments."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from voltran.envs import blackout_v0
from voltran.envs.checks import RULES, RULES_FOR_OTHERS, check_env


@pytest.mark.parametrize(
    "options",
    [
        {"scenario": "urban7-medium"},
        {"scenario": "urban7-medium", "action_set": "extended", "reward": "mixed", "mask": "obs"},
        {"scenario": "urban7-medium", "action_form": "multi", "reward": "local"},
    ],
    ids=lambda options: "-".join(str(value) for value in options.values()),
)
def test_keeps_every_rule(options: dict[str, Any]) -> None:
    report = check_env(partial(blackout_v0.parallel_env, **options), max_steps=500)
    assert set(report) == set(RULES) - RULES_FOR_OTHERS, str(report)


def test_every_function_works_without_arguments() -> None:
    parallel = blackout_v0.parallel_env()
    observations, _ = parallel.reset(seed=0)
    assert set(observations) == {f"bs_{index}" for index in range(19)}
    for aec in (blackout_v0.env(), blackout_v0.raw_env()):
        aec.reset(seed=0)
        assert np.array_equal(aec.observe("bs_0"), observations["bs_0"])
    state, _ = blackout_v0.central_env().reset(seed=0)
    assert np.array_equal(state, parallel.state())
    vector = blackout_v0.vector_env()
    assert vector.num_envs == 32 * 19
    assert vector.reset().shape == (32 * 19, *observations["bs_0"].shape)
