"""Worker processes: they leave Ctrl-C to their parent, end at once when it is interrupted, and never outlive it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from typing import Any

ORPHANED = 70  # exit code of a worker whose parent is gone


@contextmanager
def worker_processes(
    count: int, prepare: Callable[..., Any] | None = None, *given: Any
) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes for as long as they are needed; what is under way when an exception comes through is given up.

    Args:
        count: how many.
        prepare: called in each before anything else, with what is given.
    """
    others = set(active_children())
    pool = worker_pool(count, prepare, *given)
    try:
        yield pool
    except BaseException:  # an interrupt or a full disk: do not wait for results that nobody will store
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    pool.shutdown()


def worker_pool(count: int, prepare: Callable[..., Any] | None = None, *given: Any) -> ProcessPoolExecutor:
    """The same for those who shut them down themselves; arguments as of :func:`worker_processes`."""
    return ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_begin_worker, initargs=(prepare, *given)
    )


def _begin_worker(prepare: Callable[..., Any] | None, *given: Any) -> None:
    # Ctrl-C reaches the whole process group; the parent alone decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="follows its parent", daemon=True).start()
    if prepare is not None:
        prepare(*given)


def _end_with_parent() -> None:
    """Wait until the parent is gone, however it ended; nobody would store what is under way."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(ORPHANED)
