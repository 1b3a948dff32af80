"""Where tasks run: in this process, in others of this machine, or on a cluster."""

import pickle
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol, TypeVar

from voltran.baselines.registry import entries_to_carry, register_controller
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.registry import register_world, worlds_to_carry
from voltran.evaluation.cores import CORES

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class OtherInstallationError(VoltranError):
    """A machine whose code, libraries or files are not those of whoever asks it to play."""


BACKENDS = ("processes", "ray")
# every library with its own threads; on a busy machine they only wait for each other
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class WorkerPool(Protocol):
    """Runs tasks, wherever that is.

    Attributes:
        crosses: whether tasks are sent to other processes.
        is_remote: whether these may be on machines with other files.
        processes: how many processes of this machine may compute what is no task, such as a calculation.
        death: why a task's worker may have died, in words.
    """

    @property
    def crosses(self) -> bool:
        """See above."""

    @property
    def is_remote(self) -> bool:
        """See above."""

    @property
    def processes(self) -> int:
        """See above."""

    @property
    def death(self) -> str:
        """See above."""

    def run_all(
        self, function: Callable[[TaskT], ResultT], tasks: Sequence[TaskT], on_death: Callable[[TaskT], ResultT]
    ) -> Generator[ResultT, None, None]:
        """Run a function on every task and give results as they come.

        Args:
            function: what to run; picklable, and it must not raise, but for :class:`OtherInstallationError`.
            tasks: its arguments; picklable.
            on_death: result for a task that kills its worker process.
        """


@contextmanager
def open_pool(backend: str = BACKENDS[0], jobs: int | None = None, address: str | None = None) -> Iterator[WorkerPool]:
    """A pool for as long as it is needed.

    Args:
        backend: ``"processes"`` of this machine, or ``"ray"``.
        jobs: how many tasks at a time; as many as there are processor cores by default, here or on the cluster.
        address: of a Ray cluster, as ``ray.init`` takes it; one on this machine alone by default.

    Raises:
        ScenarioError: an unknown backend, fewer than one job, or an address where there is no cluster.
        MissingExtraError: Ray is not installed.
        VoltranError: the cluster does not answer, or is not of our kind.
    """
    if backend not in BACKENDS:
        raise ScenarioError(f"backend = {backend!r} is unknown; use one of {', '.join(BACKENDS)}")
    if jobs is not None and jobs < 1:
        raise ScenarioError(f"jobs = {jobs}: at least one worker is needed")
    if backend == "ray":
        from voltran.evaluation.ray_pool import connected

        with connected(address, jobs) as pool:
            yield pool
        return
    if address is not None:
        raise ScenarioError(f"address = {address!r}: processes run on this machine; add --backend ray, or leave it out")
    yield pool_of(jobs or CORES)


def pool_of(jobs: "int | WorkerPool") -> WorkerPool:
    """A pool as it is, or one of so many worker processes.

    Raises:
        ScenarioError: fewer than one.
    """
    from voltran.evaluation.process_pool import ProcessPool

    if not isinstance(jobs, int):
        return jobs
    if jobs < 1:
        raise ScenarioError(f"jobs = {jobs}: at least one worker is needed")
    return ProcessPool(jobs)


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


def registrations(dumps: Callable[[object], bytes] = pickle.dumps) -> list[bytes]:
    """The names that this process has registered, for workers, which have not run what did it.

    Args:
        dumps: how to pickle them.
    """
    calls: list[tuple[Callable[..., object], tuple[object, ...]]] = [
        *((register_world, (spec,)) for spec in worlds_to_carry()),
        *((register_controller, (name, *entry)) for name, entry in entries_to_carry().items()),
    ]
    pickled = []
    for call in calls:
        with suppress(Exception):  # pickle raises all kinds; what it cannot name, no worker can import
            pickled.append(dumps(call))
    return pickled


def register_all(carried: Sequence[bytes]) -> None:
    """Register what another process has."""
    for registration in carried:
        with suppress(Exception):  # what cannot be imported here is unknown here, and whoever asks for it is told so
            register, arguments = pickle.loads(registration)
            register(*arguments)
