"""Where tasks run: what is asked of a pool, and what is said where there is none."""

import re
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.evaluation.fake_outage import idle_and_busy
from tests.evaluation.test_evaluation import repeatable
from voltran.cli.app import app
from voltran.envs.errors import ScenarioError
from voltran.evaluation import evaluation as evaluation_module
from voltran.evaluation import task_runner
from voltran.evaluation.episode_key import EpisodeKey
from voltran.evaluation.evaluation import Evaluation, evaluate
from voltran.evaluation.process_pool import ProcessPool
from voltran.evaluation.task_runner import EvaluationError
from voltran.evaluation.worker_pool import OtherInstallationError, WorkerPool, open_pool, pool_of


class FakeCluster:
    """Plays in this process as if elsewhere, from last to first; some tasks kill their workers."""

    crosses = True
    is_remote = True
    processes = 1
    death = "its machine burnt down"

    def __init__(self, deadly: Sequence[int] = ()) -> None:
        self.deadly = deadly
        self.ran: list[Any] = []

    def run_all(
        self, function: Callable[[Any], Any], tasks: Sequence[Any], on_death: Callable[[Any], Any]
    ) -> Generator[Any, None, None]:
        """See :class:`WorkerPool`."""
        for task in reversed(tasks):
            self.ran.append(task)
            yield on_death(task) if task.seed in self.deadly else function(task)


def test_any_pool_gives_the_results_of_one_process(scenario: str, tmp_path: Path) -> None:
    evaluation = Evaluation(scenario, idle_and_busy(), range(3))
    pool: WorkerPool = FakeCluster()
    found, expected = evaluation.run(jobs=pool, out=tmp_path / "out"), evaluation.run(out=tmp_path / "alone")
    assert repeatable(found) == repeatable(expected)
    assert len(pool.ran) == 6  # type: ignore[attr-defined]
    again = FakeCluster()
    evaluation.run(jobs=again, out=tmp_path / "out", resume=True)
    assert again.ran == []


def test_a_task_that_kills_its_worker_is_named_with_the_pools_reason(scenario: str, tmp_path: Path) -> None:
    evaluation = Evaluation(scenario, idle_and_busy(), range(3))
    with pytest.raises(
        EvaluationError, match=r"seed 1: its machine burnt down \(1 more .*; 4 of 6 episodes are stored"
    ):
        evaluation.run(jobs=FakeCluster(deadly=[1]), out=tmp_path / "out")


@pytest.mark.parametrize(
    ("field", "changed", "message"),
    [
        ("content", {"versions": {"python": "2.7", "torch": None}}, "controller idle: versions.python = "),
        ("content", {"elementary_functions": "coarse"}, "controller idle: elementary_functions = "),
        ("content", {"files": ["another"]}, "controller idle: files = "),
        ("modules", {"voltran.envs.base": "another"}, "controller idle: module voltran.envs.base is another"),
        ("modules", {"voltran.no_such_module": "any"}, "controller idle: module voltran.no_such_module is another, or"),
        ("modules", {}, ""),
    ],
)
def test_another_machine_plays_only_what_would_go_the_same_here(
    scenario: str, monkeypatch: pytest.MonkeyPatch, field: str, changed: dict[str, Any], message: str
) -> None:
    """What decides an episode is found out again where it is played."""
    real = evaluation_module.episode_key  # type: ignore[attr-defined]  # where it is looked up

    def differently(*arguments: Any) -> EpisodeKey:
        key = real(*arguments)
        new: Any = {field: {**getattr(key, field), **changed}}
        return replace(key, **new)

    monkeypatch.setattr(evaluation_module, "episode_key", differently)
    monkeypatch.setattr(task_runner, "_SAME", set())
    evaluation = Evaluation(scenario, idle_and_busy()[:1], range(1))
    if not message:
        assert evaluation.run(jobs=FakeCluster()).n == 1
        return
    with pytest.raises(OtherInstallationError, match=re.escape(message)):
        evaluation.run(jobs=FakeCluster())


def test_pools_are_opened_by_name() -> None:
    with open_pool(jobs=3) as pool:
        assert pool == ProcessPool(3)
    with open_pool() as pool:
        assert pool.processes >= 1
    assert pool_of(1).crosses is False
    assert pool_of(pool) is pool


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backend": "threads"}, "backend = 'threads' is unknown; use one of processes, ray"),
        ({"jobs": 0}, "jobs = 0: at least one worker"),
        ({"address": "auto"}, "address = 'auto': processes run on this machine; add --backend ray"),
    ],
)
def test_bad_requests_are_refused(scenario: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        evaluate(scenario, idle_and_busy(), 1, **arguments)


@pytest.mark.usefixtures("fake_voltran")
@pytest.mark.parametrize("command", ["evaluate", "experiment", "sweep"])
def test_without_ray_the_message_says_what_to_install(
    command: str, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    given = {
        "evaluate": ["--scenario", scenario, "--controllers", "idle"],
        "experiment": ["dpa_fig4"],
        "sweep": [scenario, "--controllers", "idle", "--vary", "max_decisions=2,3"],
    }
    arguments = [command, *given[command], "--backend", "ray", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stderr == "Error: --backend ray needs Ray; install it with: pip install 'voltran[ray]'\n"
    assert not (tmp_path / "out").exists()
