"""Runs tests again and again, each time in a fork of a process that has imported what others wrote, and none of ours.

Runs in the project's own environment, in the tree whose modules are mistaken: one line of JSON says which tests, one
answers what came of them. A fork has imported nothing of ours, so that it finds the file as it is now.
"""

import gc
import importlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

# Before NumPy reads it.
os.environ["OMP_NUM_THREADS"] = "1"

LIBRARIES = (
    "numpy", "scipy.optimize", "scipy.special", "scipy.sparse", "scipy.stats", "scipy.signal", "numba", "gymnasium",
    "pettingzoo", "pydantic", "yaml", "cloudpickle", "pytest", "hypothesis", "hypothesis.extra.numpy",
)  # fmt: skip
# These kernels warn of what they do in silence when they are compiled.
WARNING = ("voltran.physics.ordering", "voltran.physics.radio")
ARGUMENTS = (
    "-q", "-x", "--noconftest", "-p", "no:cacheprovider", "-p", "no:xdist",
    *(part for module in WARNING for part in ("-W", f"ignore::RuntimeWarning:{module}")),
)  # fmt: skip
WAIT_FACTOR = 40  # of the processor's time that tests may take; for machines that do other things, too


class FirstFailure:
    """A plugin of pytest that remembers which test failed first."""

    name = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A test is over."""
        self._note(report)

    def pytest_collectreport(self, report: Any) -> None:
        """A file of tests has been read."""
        self._note(report)

    def _note(self, report: Any) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid


def run(tests: list[str], limit_s: float, keep_bytecode: bool) -> dict[str, Any]:
    """Run tests in a fork; the first failure ends them.

    Args:
        tests: files, and arguments of pytest.
        limit_s: of the processor's time.
        keep_bytecode: whether compiled modules are written, which only the sound ones may be.
    """
    reading, writing = os.pipe()
    begun = time.perf_counter()
    child = os.fork()
    if child == 0:
        _play(tests, limit_s, keep_bytecode, writing)
    os.close(writing)
    status = _wait(child, begun + limit_s * WAIT_FACTOR)
    with os.fdopen(reading) as pipe:
        name = pipe.read()
    if os.WIFSIGNALED(status):
        outcome = "out of time" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "crashed"
    else:
        outcome = {0: "passed", 1: "failed", 2: "failed"}.get(os.WEXITSTATUS(status), "not run")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"outcome": outcome, "test": name, "cpu_s": used.ru_utime + used.ru_stime}


def _play(tests: list[str], limit_s: float, keep_bytecode: bool, writing: int) -> None:
    """What the fork does."""
    os.setsid()
    sys.dont_write_bytecode = not keep_bytecode
    seconds = int(limit_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1), os.dup2(silence, 2)
    pytest = importlib.import_module("pytest")
    first, code = FirstFailure(), 3
    try:
        code = int(pytest.main([*ARGUMENTS, *tests], plugins=[first]))
    finally:
        os.write(writing, first.name.encode()[:4000])
        os._exit(code)


def _wait(child: int, until: float) -> int:
    """Its exit status; whatever takes too long is ended with all that it started."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        if time.perf_counter() > until:
            os.killpg(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1]
        time.sleep(0.02)


def main() -> None:
    """Answer requests until there are no more."""
    sys.path.insert(0, str(Path.cwd()))
    for name in LIBRARIES:
        importlib.import_module(name)
    hypothesis = sys.modules["hypothesis"]
    hypothesis.settings.register_profile("mutation", derandomize=True, deadline=None, database=None)
    hypothesis.settings.load_profile("mutation")
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    used = 0.0
    for line in sys.stdin:
        answer = run(**json.loads(line))
        answer["cpu_s"], used = answer["cpu_s"] - used, answer["cpu_s"]
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
