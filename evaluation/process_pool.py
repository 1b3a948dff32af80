"""Runs tasks in worker processes of this machine; one that dies takes nobody with it."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from voltran.envs.worker_process import worker_processes
from voltran.evaluation.worker_pool import THREAD_VARIABLES, ResultT, TaskT, register_all, registrations


@dataclass(frozen=True)
class ProcessPool:
    """So many worker processes at a time.

    Attributes:
        jobs: how many; 1 runs everything in this process.
    """

    jobs: int

    is_remote = False
    death = (
        "its worker process died; it was killed, or ran out of memory (fewer --jobs need less), or could not run the "
        "script that began it: keep what starts there under if __name__ == '__main__', and what plays outside of it"
    )

    @property
    def crosses(self) -> bool:
        """Whether tasks are sent to other processes."""
        return self.jobs > 1

    @property
    def processes(self) -> int:
        """How many processes may compute what is no task."""
        return self.jobs

    def run_all(
        self, function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], on_death: Callable[[TaskT], ResultT]
    ) -> Generator[ResultT, None, None]:
        """Run a function on every task and give results as they come; see :class:`WorkerPool`."""
        if self.jobs == 1:
            yield from map(function, tasks)
            return
        waiting = deque(tasks)
        while waiting:
            suspects = yield from _until_a_worker_dies(function, waiting, self.jobs)
            for task in suspects:  # alone, so that it is certain which task kills its worker
                if (yield from _until_a_worker_dies(function, deque([task]), 1)):
                    yield on_death(task)


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
    with _one_thread_each(), worker_processes(workers, register_all, registrations()) as pool:
        yield pool


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
