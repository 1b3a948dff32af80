"""Measures one case whenever its name comes on standard input, and answers with CPU seconds, for benchmarks.against.

Run as a file, with the checkout to measure on PYTHONPATH: only what that checkout has is imported.
"""

import sys
import time
from collections.abc import Callable

from benchmarks.physics_steps import _step_time as step_time
from voltran.baselines import make
from voltran.envs.registry import make_world

SCENARIO = "urban19-medium"
SEEDS = range(500, 503)
# Of so many measurements, each of a few milliseconds, the shortest counts: it was disturbed least.
TRIES = 3


def step(n_worlds: int, cache: bool) -> Callable[[], float]:
    """CPU time of a physics step of one world, users at rest, as that checkout's own benchmark takes it."""
    return lambda: min(step_time(SCENARIO, "independent", n_worlds, cache, quick=False).cpu_s for _ in range(TRIES))


def plan(controller: str) -> float:
    """CPU time of a joint decision at the start of an episode, mean over seeds."""
    total_s = 0.0
    for seed in SEEDS:
        world, player = make_world(SCENARIO), make(controller)
        world.reset([seed])
        player.reset(world)
        start = time.process_time()
        player.act(world)
        total_s += time.process_time() - start
    return total_s / len(SEEDS)


CASES: dict[str, Callable[[], float]] = {
    "fresh, 32 worlds": step(32, cache=False),
    "fresh, 1 world": step(1, cache=False),
    "cached, 32 worlds": step(32, cache=True),
    "cached, 1 world": step(1, cache=True),
    "msrc": lambda: plan("msrc"),
}


if __name__ == "__main__":
    for line in sys.stdin:
        print(repr(CASES[line.strip()]()), flush=True)
