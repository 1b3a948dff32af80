"""What ends a command from outside: signals of a batch system, a closed terminal and Ctrl-C, all in the same way."""

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = ("SIGTERM", "SIGHUP")  # Ctrl-C is Python's own; Windows has the first only


class Stopped(KeyboardInterrupt):
    """A signal that asks this process to end.

    Attributes:
        code: what the process ends with, as shells know it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let signals interrupt what runs, as Ctrl-C does, so that workers end and claims are released.

    A second signal ends the process at once. What is ignored, as under nohup, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    ours = {number: handler for number, handler in before.items() if handler == signal.SIG_DFL}
    for number in ours:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def end_workers() -> None:
    """End the processes that this one has begun, whatever they are at."""
    for worker in multiprocessing.active_children():
        worker.terminate()


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise Stopped(number)
