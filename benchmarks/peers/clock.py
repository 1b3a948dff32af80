"""Times an environment's random play; needs nothing but Python, so that it runs beside any library."""

import json
import time
from collections.abc import Callable
from typing import Any


def measure(
    case: str, agents: int, users: str, worlds: int, play: Callable[[], Callable[[], Any]], seconds: float
) -> None:
    """Play for some seconds of wall time and print one JSON line.

    Args:
        case: what is played.
        agents: decisions per environment step of one world.
        users: whom the simulation serves, in words.
        worlds: worlds stepped together.
        play: chooses the actions of one step (and resets where an episode is over); returns the step itself.
        seconds: how long.
    """
    play()()  # what is built or compiled at the first call does not count
    steps, step_cpu_s = 0, 0.0
    start_cpu, start_wall = time.process_time(), time.perf_counter()
    while time.perf_counter() - start_wall < seconds:
        step = play()
        before = time.process_time()
        step()
        step_cpu_s += time.process_time() - before
        steps += 1
    result = {
        "case": case,
        "agents": agents,
        "users": users,
        "worlds": worlds,
        "steps": steps * worlds,
        "step_cpu_s": step_cpu_s,
        "cpu_s": time.process_time() - start_cpu,
        "wall_s": time.perf_counter() - start_wall,
    }
    print(json.dumps(result))
