"""mobile-env, large scenario: one controller for all users, and one agent per user."""

import sys
from collections.abc import Callable
from typing import Any

import gymnasium
import mobile_env  # type: ignore[import-not-found]  # noqa: F401  # registers the environments
from clock import measure  # type: ignore[import-not-found]


def player(name: str) -> Callable[[], Callable[[], Any]]:
    """Random actions in one registered environment."""
    # The checks that Gymnasium wraps around every environment are not mobile-env's.
    env = gymnasium.make(name, disable_env_checker=True)
    env.reset(seed=0)
    over = [False]

    def play() -> Callable[[], Any]:
        if over[0]:
            env.reset()
        action = env.action_space.sample()

        def step() -> None:
            _, _, terminated, truncated, _ = env.step(action)
            over[0] = bool(terminated or truncated)

        return step

    return play


if __name__ == "__main__":
    seconds = float(sys.argv[1])
    for name, words in (("mobile-large-central-v0", "central"), ("mobile-large-ma-v0", "multi-agent")):
        measure(f"mobile-env 2.1.0, large, {words}", 30, "30", 1, player(name), seconds)
