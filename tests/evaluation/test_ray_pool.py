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
from typer.testing import CliRunner, Result

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
from voltran.cli.app import app
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.evaluation import ray_pool, ray_worker
from voltran.evaluation.evaluation import Evaluation, evaluate
from voltran.evaluation.store import EpisodeStore
from voltran.evaluation.task_runner import EvaluationError
from voltran.evaluation.worker_pool import THREAD_VARIABLES, open_pool

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

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


def threads_and_machine(_: int) -> tuple[dict[str, str | None], str]:
    """What a worker's libraries find when they are loaded, and where it runs."""
    return {name: os.environ.get(name) for name in THREAD_VARIABLES}, ray.get_runtime_context().get_node_id()


def test_results_are_those_of_one_process_and_of_worker_processes(cluster: Any, scenario: str, tmp_path: Path) -> None:
    evaluation = Evaluation(scenario, idle_and_busy(), range(3))
    with open_pool("ray", None, cluster.address) as pool:
        assert pool.is_remote
        found = evaluation.run(jobs=pool, out=tmp_path / "ray")
        log = tmp_path / "log"
        more = [*idle_and_busy(), spec("counting", CountingController, 1, log)]
        Evaluation(scenario, more, range(3)).run(jobs=pool, out=tmp_path / "ray", resume=True)
    assert repeatable(found) == repeatable(evaluation.run(out=tmp_path / "alone"))
    assert repeatable(found) == repeatable(evaluation.run(jobs=2, out=tmp_path / "processes"))
    assert sorted(log.read_text().split()) == sorted(["counting"] * 3 + ["0", "1", "2"])
    trace = found.controllers["idle"].trace
    assert trace is not None
    assert (tmp_path / "ray" / trace).is_file()


def test_every_worker_has_one_thread(cluster: Any) -> None:
    with open_pool("ray", 2, cluster.address) as pool:
        seen = list(pool.run_all(threads_and_machine, range(4), on_death=threads_and_machine))
    assert [threads for threads, _ in seen] == [dict.fromkeys(THREAD_VARIABLES, "1")] * 4


def test_a_machine_that_is_lost_loses_nothing(
    cluster: Any, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    with open_pool("ray", None, cluster.address) as pool:
        found = evaluation.run(jobs=pool, out=tmp_path / "ray")
    monkeypatch.undo()
    assert len(saved) == 18
    assert repeatable(found) == repeatable(evaluation.run(out=tmp_path / "alone"))


def test_a_task_that_kills_its_worker_is_named_and_the_others_stay(cluster: Any, scenario: str, tmp_path: Path) -> None:
    players = [*idle_and_busy(), spec("dies", FailingController, 1, dies=True)]
    with (
        open_pool("ray", None, cluster.address) as pool,
        pytest.raises(EvaluationError, match=r"controller dies, seed 1: 3 worker processes died of it.*; 5 of 6"),
    ):
        Evaluation(scenario, players[1:], range(3)).run(jobs=pool, out=tmp_path / "out")


class Registered(FakeController):
    """A controller that only those know by name who were told."""

    def __init__(self) -> None:
        super().__init__("registered", 2)


def test_names_that_were_registered_here_are_known_there(
    cluster: Any, scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controllers, "CONTROLLERS", dict(controllers.CONTROLLERS))
    controllers.register_controller("registered-here", Registered)
    found = evaluate(scenario, ["registered-here"], 2, backend="ray", address=cluster.address)
    assert found.mean("registered-here", "survival_h") == evaluate(scenario, ["registered-here"], 2).mean(
        "registered-here", "survival_h"
    )


@pytest.mark.parametrize("field", ray_worker.Installation._fields)
def test_another_installation_on_the_cluster_is_refused(
    cluster: Any, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    ours = ray_worker.installation()
    monkeypatch.setattr(ray_worker, "installation", lambda: ours._replace(**{field: "9.9"}))
    message = rf"machine \S+: its {field} is {getattr(ours, field)}, but 9\.9 where the command runs; all its machines"
    with open_pool("ray", None, cluster.address) as pool, pytest.raises(VoltranError, match=message):
        Evaluation(scenario, idle_and_busy(), range(2)).run(jobs=pool, out=tmp_path / "out")


def run_command(scenario: str, out: Path, *more: str) -> Result:
    arguments = ["--scenario", scenario, "--controllers", "idle,busy", "--seeds", "2", "--out", str(out)]
    return CliRunner().invoke(app, ["evaluate", *arguments, "--backend", "ray", *more])


@pytest.mark.usefixtures("fake_voltran", "no_pictures")
@pytest.mark.parametrize("address", ["auto", "127.0.0.1:1", "ray://127.0.0.1:1", "no-such-machine.invalid:6379"])
def test_where_no_cluster_is_one_message_says_so(
    address: str, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_pool, "TRIAL", ray_pool.TRIAL.replace("sys.argv[1]", "'auto', _temp_dir='/nowhere'"))
    result = run_command(scenario, tmp_path / "out", "--address", address)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: address = '{address}': ")
    assert "start one with ray start --head" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("fake_voltran")
def test_what_does_not_answer_is_not_waited_for(scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_pool, "ANSWERED_S", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        result = run_command(scenario, tmp_path / "out", "--address", address)
    assert result.exit_code == 2
    assert f"address = '{address}': no Ray cluster answers there within 2 s" in result.stderr


@pytest.mark.parametrize("address", ["somewhere", "a:b", "http://127.0.0.1:80"])
def test_an_address_that_is_none_is_refused(address: str, scenario: str) -> None:
    with pytest.raises(ScenarioError, match="write auto, HOST:PORT or ray://HOST:PORT"):
        evaluate(scenario, idle_and_busy(), 1, backend="ray", address=address)


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
