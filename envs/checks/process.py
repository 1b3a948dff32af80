"""Plays an episode in a fresh Python process, so that nothing of this one can leak into it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from voltran.envs.checks.recording import Episode, play
from voltran.envs.checks.report import ConformanceError

RULE = "seed_replays_across_processes"


def play_in_new_process(env_fn: Callable[[], Any], seed: int, max_steps: int) -> Episode:
    """Play one legal episode elsewhere.

    Raises:
        ConformanceError: the factory cannot be pickled by cloudpickle, or the other process failed.
    """
    try:
        job = cloudpickle.dumps((env_fn, seed, max_steps))
    except Exception as error:
        raise ConformanceError(RULE, f"a factory that cloudpickle can pickle; got {error!r}") from error
    with tempfile.TemporaryDirectory() as folder:
        job_file, result_file = Path(folder, "job"), Path(folder, "result")
        job_file.write_bytes(job)
        code = f"from {__name__} import serve; serve({str(job_file)!r}, {str(result_file)!r})"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode or not result_file.exists():
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ConformanceError(RULE, f"an episode played in a fresh process; it failed with: {reason}")
        episode: Episode = cloudpickle.loads(result_file.read_bytes())
    return episode


def serve(job_file: str, result_file: str) -> None:
    """Run in the new process: play what the job file asks for."""
    env_fn, seed, max_steps = cloudpickle.loads(Path(job_file).read_bytes())
    episode = play(env_fn(), seed, max_steps=max_steps)
    Path(result_file).write_bytes(cloudpickle.dumps(episode))
