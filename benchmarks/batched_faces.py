"""World-steps per second through the faces of batches, beside the Parallel face in the same process."""

from collections.abc import Callable
from contextlib import suppress
from statistics import median
from typing import Any

import numpy as np

from benchmarks.measure import Aim, Section, Stopwatch, number
from voltran.envs import blackout_v0
from voltran.envs.errors import MissingExtraError

SCENARIO = "urban7-medium"
N_WORLDS = 32
AIMS = {"Gymnasium VectorEnv, next step": 8.0, "Gymnasium VectorEnv, same step": 8.0, "TorchRL": 5.0}

# Plays so many steps, with random legal actions and whatever restarts fall into them.
Player = Callable[[int], None]


def batched_faces(quick: bool) -> Section:
    """World-steps per second of CPU time of all faces of batches, and how many times those of the Parallel face."""
    section = Section(
        "Faces of batches",
        f"World-steps per second of CPU time, {SCENARIO}, with random legal actions from the masks and the resets that "
        "fall into them. The Parallel face plays one world, the others 32 at once; medians over rounds in which all "
        "take turns.",
        ["face", "worlds", "world-steps per second", "times the Parallel face"],
    )
    players: dict[str, tuple[Player, int]] = {"PettingZoo Parallel": (parallel(), 1), **batches()}
    rounds, steps = (1, 5) if quick else (7, 40)
    rates: dict[str, list[float]] = {name: [] for name in players}
    for play, _ in players.values():
        play(2)
    for _ in range(rounds):
        for name, (play, worlds) in players.items():
            watch, periods = Stopwatch(), steps if worlds > 1 else 2 * steps
            with watch:
                play(periods)
            rates[name].append(periods * worlds / watch.cpu_s)
    reference = rates["PettingZoo Parallel"]
    for name, (_, worlds) in players.items():
        ratio = median(rate / usual for rate, usual in zip(rates[name], reference, strict=True))
        section.rows.append([name, str(worlds), number(median(rates[name])), number(ratio)])
        if name in AIMS:
            aim = Aim(f"world-steps of {name}, Parallel face = 1", ratio, AIMS[name], "times", at_most=False)
            section.aims.append(aim)
    return section


def batches() -> dict[str, tuple[Player, int]]:
    """Name -> player and worlds of all faces of batches whose libraries are there."""
    players: dict[str, tuple[Player, int]] = {
        "Stable-Baselines3 vector": (vector(), N_WORLDS),
        "Gymnasium VectorEnv, next step": (central("NextStep"), N_WORLDS),
        "Gymnasium VectorEnv, same step": (central("SameStep"), N_WORLDS),
    }
    with suppress(MissingExtraError):
        players["TorchRL"] = (torchrl(), N_WORLDS)
    return players


def parallel() -> Player:
    """PettingZoo's Parallel API, one world."""
    env = blackout_v0.parallel_env(SCENARIO)
    rng = np.random.default_rng(0)

    def play(steps: int) -> None:
        for _ in range(steps):
            if not env.agents:
                env.reset()
            masks = env.action_masks()
            env.step({agent: int(np.argmax(rng.random(mask.size) * mask)) for agent, mask in masks.items()})

    return play


def vector() -> Player:
    """Stable-Baselines3's VecEnv, with the reward of the others."""
    env = blackout_v0.vector_env(SCENARIO, n_worlds=N_WORLDS, reward="team")
    env.reset()
    rng = np.random.default_rng(0)

    def play(steps: int) -> None:
        for _ in range(steps):
            masks = env.action_masks()
            env.step(np.argmax(rng.random(masks.shape) * masks, axis=-1))

    return play


def central(autoreset_mode: str) -> Player:
    """Gymnasium's VectorEnv."""
    env = blackout_v0.central_vector_env(SCENARIO, n_worlds=N_WORLDS, autoreset_mode=autoreset_mode)
    env.reset()
    rng = np.random.default_rng(0)

    def play(steps: int) -> None:
        for _ in range(steps):
            masks = env.action_masks().reshape(*env.action_space.shape, -1)  # type: ignore[misc]
            env.step(np.argmax(rng.random(masks.shape) * masks, axis=-1))

    return play


def torchrl() -> Player:
    """TorchRL's EnvBase; the random actions are TorchRL's own."""
    env: Any = blackout_v0.torchrl_env(SCENARIO, n_worlds=N_WORLDS)
    latest = {"told": env.reset()}

    def play(steps: int) -> None:
        for _ in range(steps):
            latest["told"] = env.step_and_maybe_reset(env.rand_action(latest["told"]))[1]

    return play
