"""What runs in the worker processes of a Ray cluster."""

import os
import pickle
import platform
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import cloudpickle  # type: ignore[import-untyped]

import voltran
from voltran.evaluation.versions import CODE, code_digest
from voltran.evaluation.worker_pool import OtherInstallationError, register_all, registrations

Reply = tuple[str, Any]
DONE, REFUSED = "done", "refused"

_REGISTERED: list[tuple[bytes, ...]] = []  # what this process has registered for others


class Installation(NamedTuple):
    """What must be the same on all machines, whatever is played."""

    python: str
    voltran: str
    code: str


@dataclass(frozen=True)
class Driver:
    """The process that asks for tasks, as workers need to know it.

    Attributes:
        folder: where it runs.
        path: where it finds modules.
        installation: what it runs.
        registered: names that it has registered.
    """

    folder: str
    path: tuple[str, ...]
    installation: Installation
    registered: tuple[bytes, ...]


def this_driver() -> Driver:
    """This process."""
    path = tuple(os.path.abspath(entry) for entry in sys.path)
    return Driver(os.getcwd(), path, installation(), tuple(registrations(cloudpickle.dumps)))


def installation() -> Installation:
    """What runs here."""
    return Installation(platform.python_version(), voltran.__version__, code_digest((*CODE, "evaluation")))


def remote_function() -> Callable[[bytes, dict[str, Any], bytes], Reply]:
    """What Ray is given: a function that needs nothing of ours before it has told the worker where that lies."""

    def work(driver: bytes, place: dict[str, Any], call: bytes) -> Reply:
        import os
        import socket
        import sys

        if os.path.isdir(place["folder"]):
            os.chdir(place["folder"])
        there = [entry for entry in place["path"] if os.path.exists(entry)]
        sys.path[:] = there + [entry for entry in sys.path if entry not in there]
        try:
            from voltran.evaluation.ray_worker import run
        except ImportError as error:
            return "refused", f"machine {socket.gethostname()} has no VoltRAN that fits ({error})"
        return run(driver, call)

    return work


def run(driver: bytes, call: bytes) -> Reply:
    """Run a task, unless this process could give another result than the one that asks.

    Args:
        driver: a pickled :class:`Driver`.
        call: a pickled function and its argument.

    Returns:
        What came of it, and the pickled result or the reason.
    """
    try:
        asking: Driver = pickle.loads(driver)
        _require_same(asking.installation)
        if asking.registered not in _REGISTERED:
            register_all(asking.registered)
            _REGISTERED.append(asking.registered)
        function, task = _unpickled(call)
        return DONE, cloudpickle.dumps(function(task))
    except OtherInstallationError as error:
        return REFUSED, f"machine {socket.gethostname()}: {error}"


def _require_same(expected: Installation) -> None:
    for name, theirs, ours in zip(Installation._fields, expected, installation(), strict=True):
        if theirs != ours:
            raise OtherInstallationError(f"its {name} is {ours}, but {theirs} where the command runs")


def _unpickled(call: bytes) -> Any:
    try:
        return pickle.loads(call)
    except Exception as error:  # pickle raises all kinds
        raise OtherInstallationError(f"cannot import all of it ({type(error).__name__}: {error})") from error
