"""Runs tasks in worker processes; one that dies takes nobody with it."""

import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import active_children, get_context
from typing import TypeVar

from voltran.baselines.registry import entries_to_carry, register_controller
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import register_world, worlds_to_carry

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

# every library with its own threads; on a busy machine they only wait for each other
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run_all(
    function: Callable[[TaskT], ResultT],
    tasks: Sequence[TaskT],
    jobs: int,
    on_death: Callable[[TaskT], ResultT],
) -> Generator[ResultT, None, None]:
    """Run a function on every task and give results as they come.

    Args:
        function: what to run; picklable, and it must not raise.
        tasks: its arguments; picklable.
        jobs: number of worker processes; 1 runs everything in this process.
        on_death: result for a task whose worker process died.
    """
    if jobs == 1:
        yield from map(function, tasks)
        return
    waiting = deque(tasks)
    while waiting:
        suspects = yield from _until_a_worker_dies(function, waiting, jobs)
        for task in suspects:  # alone, so that it is certain which task kills its worker
            if (yield from _until_a_worker_dies(function, deque([task]), 1)):
                yield on_death(task)


def require_picklable(part: object, what: str) -> None:
    """Make sure that worker processes can be sent a part of a task.

    Raises:
        ScenarioError: it holds something that they cannot import, such as a lambda.
    """
    try:
        pickle.dumps(part)
    except ScenarioError:
        raise
    except Exception as error:  # pickle raises all kinds
        raise ScenarioError(
            f"{what}: worker processes cannot import all of it ({error}); define it by name in a module, or play with "
            "one job"
        ) from error


def _until_a_worker_dies(
    function: Callable[[TaskT], ResultT], waiting: deque[TaskT], jobs: int
) -> Generator[ResultT, None, list[TaskT]]:
    """Take tasks off the queue; returns those that were under way when a worker died, if one did."""
    under_way: dict[Future[ResultT], TaskT] = {}
    with _worker_pool(min(jobs, len(waiting))) as pool:
        while waiting or under_way:
            while waiting and len(under_way) < jobs:
                task = waiting.popleft()
                try:
                    under_way[pool.submit(function, task)] = task
                except BrokenProcessPool:
                    return [*under_way.values(), task]
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                if not isinstance(future.exception(), BrokenProcessPool):
                    del under_way[future]
                    yield future.result()
            if any(future in under_way for future in done):
                return list(under_way.values())
    return []


@contextmanager
def _worker_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    others = set(active_children())
    with _one_thread_each():
        pool = ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=_prepare_worker, initargs=(_registrations(),)
        )
        try:
            yield pool
        except BaseException:  # an interrupt or a full disk: do not wait for episodes that nobody will store
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(active_children()) - others:
                worker.terminate()
            raise
        pool.shutdown()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    # workers read these when they load the libraries, before any code of ours runs in them
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _prepare_worker(registrations: Sequence[bytes]) -> None:
    # Ctrl-C reaches the whole process group; the parent alone decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for registration in registrations:
        with suppress(Exception):  # what cannot be imported here is unknown here, and whoever asks for it is told so
            register, arguments = pickle.loads(registration)
            register(*arguments)


def _registrations() -> list[bytes]:
    """The names that this process has registered, for workers, which have not run what did it."""
    calls: list[tuple[Callable[..., object], tuple[object, ...]]] = [
        *((register_world, (spec,)) for spec in worlds_to_carry()),
        *((register_controller, (name, *entry)) for name, entry in entries_to_carry().items()),
    ]
    pickled = []
    for call in calls:
        with suppress(Exception):  # pickle raises all kinds; what it cannot name, no worker can import
            pickled.append(pickle.dumps(call))
    return pickled
