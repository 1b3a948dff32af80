"""On a Ray cluster, of several machines in one: the numbers of one process, whatever becomes of the machines."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.fake_outage import (
    CountingController,
    FailingController,
    FakeController,
    SlowController,
    idle_and_busy,
    spec,
)
from tests.evaluation.test_evaluation import repeatable
from voltran.baselines import registry as controllers
from voltran.envs.errors import VoltranError
from voltran.evaluation import ray_pool, ray_worker
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.store import EpisodeStore
from voltran.evaluation.task_runner import EvaluationError
from voltran.evaluation.worker_pool import THREAD_VARIABLES, WorkerPool, open_pool

pytest.importorskip("ray")
from ray.cluster_utils import Cluster

pytestmark = pytest.mark.interop

MACHINE = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head that plays nothing, and a machine with one processor."""
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - so is it spelled
    head = {**MACHINE, "num_cpus": 0, "include_dashboard": False}
    found = Cluster(initialize_head=True, head_node_args=head)
    found.add_node(**MACHINE)
    yield found
    found.shutdown()


@pytest.fixture(scope="module")
def pool(cluster: Any) -> Iterator[WorkerPool]:
    """The cluster, connected."""
    with open_pool("ray", None, cluster.address) as found:
        assert found.is_remote
        yield found


def threads(_: int) -> dict[str, str | None]:
    """What a worker's libraries find when they are loaded."""
    return {name: os.environ.get(name) for name in THREAD_VARIABLES}


def test_results_are_those_of_one_process_and_of_worker_processes(
    pool: WorkerPool, scenario: str, tmp_path: Path
) -> None:
    evaluation = Evaluation(scenario, idle_and_busy(), range(3))
    found = evaluation.run(jobs=pool, out=tmp_path / "ray")
    assert repeatable(found) == repeatable(evaluation.run(out=tmp_path / "alone"))
    assert repeatable(found) == repeatable(evaluation.run(jobs=2, out=tmp_path / "processes"))
    trace = found.controllers["idle"].trace
    assert trace is not None
    assert (tmp_path / "ray" / trace).is_file()


def test_what_was_played_elsewhere_is_resumed(pool: WorkerPool, scenario: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    players = [spec("counting", CountingController, 1, log)]
    for seeds in (2, 3):
        Evaluation(scenario, players, range(seeds)).run(jobs=pool, out=tmp_path / "out", resume=True)
    assert sorted(log.read_text().splitlines()) == ["counting 0", "counting 1", "counting 2"]


def test_every_worker_has_one_thread(pool: WorkerPool) -> None:
    seen = list(pool.run_all(threads, range(4), on_death=threads))
    assert seen == [dict.fromkeys(THREAD_VARIABLES, "1")] * 4


def test_a_machine_that_is_lost_loses_nothing(
    cluster: Any, pool: WorkerPool, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes when two episodes are stored and others are under way on it."""
    machine = cluster.add_node(**MACHINE)
    log = tmp_path / "log"
    evaluation = Evaluation(scenario, [spec("slow", SlowController, 1, log), *idle_and_busy()], range(6))
    saved: list[Any] = []

    def save(store: EpisodeStore, played: Any) -> None:
        real(store, played)
        saved.append(played)
        if len(saved) == 2:
            cluster.remove_node(machine, allow_graceful=False)

    real = EpisodeStore.save
    monkeypatch.setattr(EpisodeStore, "save", save)
    found = evaluation.run(jobs=pool, out=tmp_path / "ray")
    monkeypatch.undo()
    assert len(saved) == 18
    assert repeatable(found) == repeatable(evaluation.run(out=tmp_path / "alone"))


def test_a_task_that_kills_its_worker_is_named_and_the_others_stay(
    pool: WorkerPool, scenario: str, tmp_path: Path
) -> None:
    players = [idle_and_busy()[1], spec("dies", FailingController, 1, dies=True)]
    with pytest.raises(EvaluationError, match=r"controller dies, seed 1: 3 worker processes died of it.*; 5 of 6"):
        Evaluation(scenario, players, range(3)).run(jobs=pool, out=tmp_path / "out")


class Registered(FakeController):
    """A controller that only those know by name who were told."""

    def __init__(self) -> None:
        super().__init__("registered", 2)


def test_names_that_were_registered_here_are_known_there(
    pool: WorkerPool, scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controllers, "CONTROLLERS", dict(controllers.CONTROLLERS))
    controllers.register_controller("registered-here", Registered)
    evaluation = Evaluation(scenario, ["registered-here"], range(2))
    assert repeatable(evaluation.run(jobs=pool)) == repeatable(evaluation.run())


def test_another_installation_on_the_cluster_is_refused(
    pool: WorkerPool, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = ray_worker.installation()
    monkeypatch.setattr(ray_worker, "installation", lambda: ours._replace(voltran="9.9"))
    message = rf"machine \S+: its voltran is {ours.voltran}, but 9\.9 where the command runs; all its machines"
    with pytest.raises(VoltranError, match=message):
        Evaluation(scenario, idle_and_busy(), range(2)).run(jobs=pool, out=tmp_path / "out")


@pytest.mark.parametrize("seconds", [20.0, 0.01])
def test_ray_itself_is_not_waited_for_where_nothing_answers(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something listens there, but is no cluster; or there is none on this machine."""
    monkeypatch.setattr(ray_pool, "ANSWERED_S", seconds)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}" if seconds < 1 else "auto"
        with pytest.raises(VoltranError, match=f"address = '{address}': .*ray start --head"):
            ray_pool._require_answer(address)


def test_an_interrupt_ends_a_ray_of_this_machine_and_keeps_what_was_finished(scenario: str, tmp_path: Path) -> None:
    controller = "tests.evaluation.fake_outage:slow"
    command = [sys.executable, "-m", "voltran", "evaluate", "--scenario", scenario, "--controllers", controller]
    options = ["--seeds", "200", "--backend", "ray", "--jobs", "1", "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.Popen(
        [*command, *options], env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    stored = tmp_path / "out" / "episodes"
    while run.poll() is None and not (stored.is_dir() and any(stored.glob("*.json"))):
        time.sleep(0.2)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130, said
    assert "--resume" in said
    assert 0 < len(list(stored.glob("*.json"))) < 200
