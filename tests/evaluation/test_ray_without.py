"""What can be known of playing on Ray where Ray is missing: retries, refusals, addresses that lead nowhere."""

import os
import pickle
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import pytest

from voltran.envs.errors import ScenarioError, VoltranError
from voltran.evaluation import ray_pool, ray_worker
from voltran.evaluation.ray_pool import CRASHES, LOST_MACHINES, RayPool, connected


class RayError(Exception):
    """The base of Ray's errors."""


class RayTaskError(RayError):
    """What the function itself has raised."""


class WorkerCrashedError(RayError):
    """The worker process has died."""


class NodeDiedError(RayError):
    """The machine is gone."""


class ObjectLostError(RayError):
    """The machine with the reply is gone."""


class FakeRay:
    """As much of Ray as a pool needs, in this process; ``replies`` says what each call comes to before it works."""

    exceptions = SimpleNamespace(
        RayError=RayError, RayTaskError=RayTaskError, NodeDiedError=NodeDiedError, ObjectLostError=ObjectLostError
    )

    def __init__(self, *failures: Exception, processors: float = 1.0) -> None:
        self.failures = deque(failures)
        self.processors = processors
        self.most = 0
        self.cancelled: list[Any] = []

    def remote(self, function: Callable[..., Any]) -> Any:
        """A function with options and a way to call it."""

        def call(*arguments: Any) -> Callable[[], Any]:
            return lambda: function(*arguments)

        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=call))

    def wait(self, references: Sequence[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        """The first is done."""
        self.most = max(self.most, len(references))
        return list(references[:1]), list(references[1:])

    def get(self, reference: Callable[[], Any]) -> Any:
        """Its reply, or the next failure."""
        if self.failures:
            raise self.failures.popleft()
        return reference()

    def cancel(self, reference: Any) -> None:
        self.cancelled.append(reference)

    def cluster_resources(self) -> dict[str, float]:
        """What there is."""
        return {"CPU": self.processors}


def doubled(number: int) -> int:
    """Something to run."""
    return 2 * number


def gone(number: int) -> int:
    """What stands for a task that is given up."""
    return -number


def outcomes(ray: FakeRay, tasks: Sequence[int] = (1, 2, 3), jobs: int | None = 1) -> list[int]:
    return sorted(RayPool(ray, jobs, is_remote=True).run_all(doubled, tasks, gone))


@pytest.fixture(autouse=True)
def _same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker in this process would move to where the driver is: here."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(os.getcwd())


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ([], [2, 4, 6]),
        ([NodeDiedError()] * (LOST_MACHINES - 1) + [ObjectLostError()], [2, 4, 6]),
        ([WorkerCrashedError()] * 3 + [NodeDiedError()] * 3, [2, 4, 6]),
        ([WorkerCrashedError()] * 3 * CRASHES, [-3, -2, -1]),
        ([NodeDiedError()] * 3 * LOST_MACHINES, [-3, -2, -1]),
    ],
)
def test_lost_machines_and_dead_workers_are_made_up_for(failures: list[Exception], expected: list[int]) -> None:
    assert outcomes(FakeRay(*failures)) == expected


def test_what_a_function_of_ours_raises_is_raised() -> None:
    with pytest.raises(RayTaskError):
        outcomes(FakeRay(RayTaskError()))


@pytest.mark.parametrize(("jobs", "processors", "most"), [(3, 8, 3), (None, 2, 4), (None, 0.5, 1)])
def test_so_many_tasks_are_under_way(jobs: int | None, processors: float, most: int) -> None:
    ray = FakeRay(processors=processors)
    outcomes(ray, range(9), jobs)
    assert ray.most == most


@pytest.mark.parametrize(("is_shared", "cancelled"), [(True, 2), (False, 0)])
def test_what_is_under_way_is_cancelled_where_the_connection_goes_on(is_shared: bool, cancelled: int) -> None:
    ray = FakeRay()
    results = RayPool(ray, 3, is_remote=True, is_shared=is_shared).run_all(doubled, range(9), gone)
    next(results)
    results.close()
    assert len(ray.cancelled) == cancelled


# --- workers ----------------------------------------------------------------------------------------------------------


def reply(call: object, **changed: Any) -> tuple[str, Any]:
    driver = ray_worker.this_driver()
    other = ray_worker.Driver(driver.folder, driver.path, driver.installation._replace(**changed), driver.registered)
    content = call if isinstance(call, bytes) else cloudpickle.dumps(call)
    place = {"folder": driver.folder, "path": driver.path}
    return ray_worker.remote_function()(cloudpickle.dumps(other), place, content)


def test_a_worker_runs_a_task() -> None:
    outcome, content = reply((doubled, 4))
    assert (outcome, pickle.loads(content)) == ("done", 8)


@pytest.mark.parametrize("field", ray_worker.Installation._fields)
def test_a_worker_with_another_installation_refuses(field: str) -> None:
    ours = getattr(ray_worker.installation(), field)
    outcome, reason = reply((doubled, 4), **{field: "9.9"})
    assert outcome == "refused"
    assert reason.endswith(f": its {field} is {ours}, but 9.9 where the command runs")


def test_a_worker_that_cannot_import_a_task_refuses() -> None:
    outcome, reason = reply(b"cno_such_module\nthing\n.")
    assert outcome == "refused"
    assert "cannot import all of it (ModuleNotFoundError: No module named 'no_such_module')" in reason


def test_a_worker_without_voltran_refuses(tmp_path: Path) -> None:
    """What Ray is given can be read where nothing of ours is."""
    driver = ray_worker.this_driver()
    work = tmp_path / "work"
    work.write_bytes(cloudpickle.dumps((ray_worker.remote_function(), cloudpickle.dumps(driver))))
    script = (
        "import pickle, sys\nsys.modules['voltran'] = None\n"
        "function, driver = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(function(driver, {'folder': '/no/such/folder', 'path': sys.path}, b''))"
    )
    said = subprocess.run([sys.executable, "-c", script, str(work)], capture_output=True, text=True, check=True).stdout
    assert "'refused', \"machine " in said
    assert "has no VoltRAN that fits (" in said


def test_a_refusal_ends_the_run() -> None:
    class Refusing(FakeRay):
        def get(self, reference: Callable[[], Any]) -> Any:
            return "refused", "machine seven: its voltran is 1, but 2 where the command runs"

    with pytest.raises(VoltranError, match=r"Ray cluster: machine seven: its voltran is 1, .*need the same Python"):
        outcomes(Refusing())


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module called ray that is connected to nothing."""
    module: Any = ModuleType("ray")
    module.is_initialized, module.shutdown = (lambda: False), (lambda: None)
    module.init, module.cluster_resources = (lambda **_: None), dict
    monkeypatch.setitem(sys.modules, "ray", module)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return module


def refusal(address: str | None) -> str:
    with pytest.raises(VoltranError) as refused, connected(address, None):
        pass
    return str(refused.value)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("address", ["somewhere", "a:b", "http://127.0.0.1:80", "127.0.0.1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    assert refusal(address) == f"address = {address!r}: write auto, HOST:PORT or ray://HOST:PORT"


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999", "no-such.invalid:6379"])
def test_where_nobody_listens_is_no_cluster(address: str) -> None:
    said = refusal(address)
    assert said.startswith(f"address = {address!r}: no Ray cluster answers there (")
    assert "start one with ray start --head" in said


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("trial", "words"),
    [
        ("import time; time.sleep(60)", "no Ray cluster answers there within 1 s"),
        ("print('Version mismatch: Python 3.8'); raise SystemExit(3)", "cannot connect: Version mismatch: Python 3.8;"),
        ("import os; os._exit(9)", "cannot connect: it ended without a word;"),
    ],
)
def test_what_does_not_answer_as_a_cluster_would_is_not_waited_for(
    trial: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_pool, "ANSWERED_S", 1.0 if "sleep" in trial else 60.0)
    monkeypatch.setattr(ray_pool, "TRIAL", trial)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert words in refusal(f"127.0.0.1:{listener.getsockname()[1]}")


def test_a_ray_that_cannot_start_or_has_no_processors_is_said(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the Ray cluster has no processors; add machines" in refusal(None)

    def full(**_: Any) -> None:
        raise OSError("no room")

    monkeypatch.setattr(library, "init", full)
    assert refusal(None) == "address = 'local': Ray cannot be used (no room)"
    monkeypatch.setenv("RAY_ADDRESS", "nowhere")
    with pytest.raises(ScenarioError, match="address = 'nowhere'"), connected(None, None):
        pass
