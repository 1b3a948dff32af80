"""Runs tasks on a Ray cluster, or on a Ray of this machine alone."""

import os
import pickle
import re
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from voltran.envs.errors import MissingExtraError, ScenarioError, VoltranError
from voltran.evaluation.cores import CORES
from voltran.evaluation.ray_worker import REFUSED, remote_function, this_driver
from voltran.evaluation.worker_pool import THREAD_VARIABLES, ResultT, TaskT

LOCAL = "local"  # a Ray of this machine, which begins and ends with the run
ADDRESS = re.compile(r"auto|(?:ray://)?(?P<host>[\w.-]+):(?P<port>\d+)")
REACHED_S, ANSWERED_S = 5.0, 20.0
LOCAL_STORE_BYTES = 256 * 2**20  # for what is under way; episodes are small
AHEAD = 2  # tasks per processor that are handed over, so that none waits for the next
COUNTED_S = 5.0  # how often the cluster's processors are counted: machines come and go
CRASHES, LOST_MACHINES = 3, 20  # of one task, before it is given up

# Connects and says in one line why it cannot; in a process of its own, for Ray itself waits for minutes.
TRIAL = """
import sys, ray
try:
    ray.init(address=sys.argv[1], logging_level="CRITICAL", log_to_driver=False)
except BaseException as error:
    print(" ".join(str(error).split()) or type(error).__name__)
    sys.exit(3)
"""


class RayPool:
    """The processors of a Ray cluster.

    Args:
        ray: the library, connected.
        jobs: how many tasks at a time; as many as the cluster has processors by default.
        is_remote: whether it has other machines than this one.
        is_shared: whether the connection is somebody else's and goes on after the run.
    """

    crosses = True
    processes = CORES
    death = (
        f"{CRASHES} worker processes died of it; each was killed, or ran out of memory: give the cluster's machines "
        "fewer processors (ray start --num-cpus), or more memory"
    )

    def __init__(self, ray: Any, jobs: int | None, is_remote: bool, is_shared: bool = False) -> None:
        self._ray = ray
        self._is_shared = is_shared
        self._jobs = jobs
        self.is_remote = is_remote
        self._counted = (-COUNTED_S, 0)

    def run_all(
        self, function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], on_death: Callable[[TaskT], ResultT]
    ) -> Generator[ResultT, None, None]:
        """Run a function on every task and give results as they come; see :class:`WorkerPool`.

        A task whose machine is lost is run again elsewhere, and so is one whose worker process died, a few times.
        """
        start = self._starter(function)
        waiting, under_way = deque(range(len(tasks))), dict[Any, int]()
        crashes, lost = Counter[int](), Counter[int]()
        try:
            while waiting or under_way:
                while waiting and len(under_way) < self._room():
                    index = waiting.popleft()
                    under_way[start(tasks[index])] = index
                done, _ = self._ray.wait([*under_way], timeout=COUNTED_S)
                for reference in done:
                    index = under_way.pop(reference)
                    try:
                        yield self._result(reference)
                    except self._ray.exceptions.RayTaskError:
                        raise
                    except self._ray.exceptions.RayError as error:
                        gone = self._is_machine_lost(error)
                        (lost if gone else crashes)[index] += 1
                        if crashes[index] < CRASHES and lost[index] < LOST_MACHINES:
                            waiting.append(index)
                        else:
                            yield on_death(tasks[index])
        finally:
            # An interrupt or a full disk: nobody will store what is under way. Ray ends it with the connection, and
            # crashes at times if it is told to kill what is ending just then.
            for reference in under_way if self._is_shared else ():
                self._ray.cancel(reference)

    def _starter(self, function: Callable[[TaskT], ResultT]) -> Callable[[TaskT], Any]:
        """What hands a task over, and gives Ray's reference to its reply."""
        driver = this_driver()
        place, pickled = {"folder": driver.folder, "path": driver.path}, cloudpickle.dumps(driver)
        one_thread = {"env_vars": dict.fromkeys(THREAD_VARIABLES, "1")}
        remote = self._ray.remote(remote_function()).options(num_cpus=1, max_retries=0, runtime_env=one_thread)
        return lambda task: remote.remote(pickled, place, cloudpickle.dumps((function, task)))

    def _result(self, reference: Any) -> Any:
        outcome, content = self._ray.get(reference)
        if outcome == REFUSED:
            raise VoltranError(
                f"Ray cluster: {content}; all its machines need the same Python, VoltRAN, libraries and files as this "
                "one, and episodes of one run come from one kind of processor"
            )
        return pickle.loads(content)

    def _is_machine_lost(self, error: Exception) -> bool:
        lost = self._ray.exceptions
        return isinstance(error, lost.NodeDiedError | lost.ObjectLostError)

    def _room(self) -> int:
        """How many tasks may be under way."""
        if self._jobs is not None:
            return self._jobs
        counted_s, processors = self._counted
        if time.monotonic() - counted_s >= COUNTED_S:
            processors = _processors(self._ray)
            self._counted = time.monotonic(), processors
        return max(AHEAD * processors, 1)


@contextmanager
def connected(address: str | None, jobs: int | None) -> Iterator[RayPool]:
    """A pool on a cluster for as long as it is needed; where this process is connected already, there.

    Args:
        address: ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``; ``RAY_ADDRESS`` of the environment by default, and
            where that is not set, a Ray of this machine that ends with the run.
        jobs: how many tasks at a time; as many as there are processors by default.

    Raises:
        MissingExtraError: Ray is not installed.
        ScenarioError: an address that is none.
        VoltranError: the cluster does not answer, runs another version of Ray or Python, or has no processors.
    """
    ray = _library()
    if ray.is_initialized():
        yield RayPool(ray, jobs, is_remote=True, is_shared=True)
        return
    address = address or os.environ.get("RAY_ADDRESS") or LOCAL
    try:
        _connect(ray, address, jobs)
        yield RayPool(ray, jobs, is_remote=address != LOCAL)
    finally:
        ray.shutdown()


def _library() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("--backend ray needs Ray; install it with: pip install 'voltran[ray]'") from error
    return ray


def _connect(ray: Any, address: str, jobs: int | None) -> None:
    quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    if address == LOCAL:
        os.environ.setdefault("RAY_worker_niceness", "0")  # as worker processes have it without Ray
        quiet |= {"num_cpus": jobs or CORES, "include_dashboard": False, "object_store_memory": LOCAL_STORE_BYTES}
    else:
        _require_answer(address)
    try:
        ray.init(address=address, **quiet)
    except Exception as error:  # Ray raises all kinds
        raise VoltranError(f"address = {address!r}: Ray cannot be used ({error})") from error
    if not _processors(ray):
        raise VoltranError(f"address = {address!r}: the Ray cluster has no processors; add machines with ray start")


def _require_answer(address: str) -> None:
    """Make sure that a cluster answers, soon."""
    match = ADDRESS.fullmatch(address)
    if match is None:
        raise ScenarioError(f"address = {address!r}: write auto, HOST:PORT or ray://HOST:PORT")
    remedy = (
        "check that it runs (ray status), or start one with ray start --head; without --address one is started here"
    )
    if match["host"]:
        try:
            socket.create_connection((match["host"], int(match["port"])), REACHED_S).close()
        except (OSError, OverflowError) as error:
            raise VoltranError(f"address = {address!r}: no Ray cluster answers there ({error}); {remedy}") from error
    try:
        trial = subprocess.run(
            [sys.executable, "-c", TRIAL, address], capture_output=True, text=True, timeout=ANSWERED_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise VoltranError(
            f"address = {address!r}: no Ray cluster answers there within {ANSWERED_S:.0f} s; {remedy}"
        ) from error
    if trial.returncode:
        reason = trial.stdout.strip() or (trial.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise VoltranError(f"address = {address!r}: Ray cannot connect: {reason}; {remedy}")


def _processors(ray: Any) -> int:
    return int(ray.cluster_resources().get("CPU", 0))
