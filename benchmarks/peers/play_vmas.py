"""VMAS, simple_spread: three agents in 32 environments stepped together."""

import sys
from collections.abc import Callable
from typing import Any

import torch
import vmas  # type: ignore[import-not-found]
from clock import measure  # type: ignore[import-not-found]

N_ENVS, HORIZON = 32, 100


def player() -> Callable[[], Callable[[], Any]]:
    """Random actions; all environments are reset when their episodes are over."""
    env = vmas.make_env(scenario="simple_spread", num_envs=N_ENVS, device="cpu", continuous_actions=True, seed=0)
    steps = [0]

    def play() -> Callable[[], Any]:
        if steps[0] % HORIZON == 0:
            env.reset()
        steps[0] += 1
        actions = [env.get_random_action(agent) for agent in env.agents]
        return lambda: env.step(actions)

    return play


if __name__ == "__main__":
    torch.set_num_threads(1)
    measure("VMAS 1.5.2, simple_spread", 3, "none", N_ENVS, player(), float(sys.argv[1]))
