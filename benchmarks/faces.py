"""Decisions per second through each face, with random legal actions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.measure import Section, Stopwatch, number
from voltran.envs import blackout_v0

N_SITES = 19
N_WORLDS = 32
# Chooses the actions of one step, and resets where an episode is over; returns the step itself.
Player = Callable[[], Callable[[], Any]]


def faces(quick: bool) -> Section:
    """Decisions per second of CPU time of each face of urban19-medium."""
    section = Section(
        "Faces",
        "Decisions per second of CPU time, urban19-medium. *Step only* is the face's `step`; *whole loop* adds "
        "choosing random legal actions from the masks, with the library's own `sample` where it has one, and resets.",
        ["face", "worlds", "step only", "whole loop", "whole loop, wall"],
    )
    # name, worlds, player, steps for one decision of everybody
    cases: tuple[tuple[str, int, Player, int], ...] = (
        ("PettingZoo Parallel", 1, parallel(), 1),
        ("PettingZoo AEC", 1, aec(), N_SITES),
        ("Gymnasium central", 1, central(), 1),
        ("Stable-Baselines3 vector", N_WORLDS, vector(), 1),
    )
    for name, n_worlds, play, turns in cases:
        play()()
        periods = (25 if n_worlds > 1 else 60) // (4 if quick else 1)
        steps, loop = Stopwatch(), Stopwatch()
        with loop:
            for _ in range(periods * turns):
                step = play()
                with steps:
                    step()
        decisions = periods * n_worlds * N_SITES
        rates = (decisions / steps.cpu_s, decisions / loop.cpu_s, decisions / loop.wall_s)
        section.rows.append([name, str(n_worlds), *(number(rate) for rate in rates)])
    return section


def parallel() -> Player:
    """PettingZoo's Parallel API."""
    env = blackout_v0.parallel_env()

    def play() -> Callable[[], Any]:
        if not env.agents:
            env.reset()
        masks = env.action_masks()
        actions = {agent: env.action_space(agent).sample(masks[agent]) for agent in env.agents}
        return lambda: env.step(actions)

    return play


def aec() -> Player:
    """PettingZoo's AEC API: one agent's turn at a time."""
    env: Any = blackout_v0.env()
    env.reset()

    def play() -> Callable[[], Any]:
        _, _, terminated, truncated, info = env.last()
        if terminated or truncated:
            env.reset()
            info = env.last()[4]
        action = env.action_space(env.agent_selection).sample(info["action_mask"])
        return lambda: env.step(action)

    return play


def central() -> Player:
    """Gymnasium's API: one controller for all sites."""
    env = blackout_v0.central_env()
    latest: dict[str, Any] = {"over": True}

    def play() -> Callable[[], Any]:
        if latest["over"]:
            latest["mask"] = env.reset()[1]["action_mask"]
        action = env.action_space.sample(latest["mask"])

        def step() -> None:
            _, _, terminated, truncated, info = env.step(action)
            latest.update(over=terminated or truncated, mask=info["action_mask"])

        return step

    return play


def vector() -> Player:
    """Stable-Baselines3's VecEnv: a batch of worlds that resets by itself, within its step."""
    env = blackout_v0.vector_env(n_worlds=N_WORLDS)
    env.reset()
    rng = np.random.default_rng(0)

    def play() -> Callable[[], Any]:
        masks = env.action_masks()
        actions = np.argmax(rng.random(masks.shape) * masks, axis=-1)
        return lambda: env.step(actions)

    return play
