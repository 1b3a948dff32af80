"""Evaluation: paired, repeatable, resumable, and clear about what went wrong."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.evaluation.fake_outage import (
    KPI_KEYS,
    CountingController,
    FailingController,
    FakeController,
    FakeOutage,
    PlanningController,
    idle_and_busy,
    spec,
)
from tests.house import ROOT
from voltran.envs.claims import TakenOverWarning
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.metrics import DECISION_TIMES
from voltran.evaluation.results import Results, read_results
from voltran.evaluation.task_runner import EvaluationError

SEEDS = range(4)


RUNNING = ("out", "store", "resume", "jobs", "progress")


def play(scenario: str, controllers: Any = None, seeds: Any = SEEDS, **given: Any) -> Results:
    what = {key: value for key, value in given.items() if key not in RUNNING}
    how = {key: value for key, value in given.items() if key in RUNNING}
    return Evaluation(scenario, controllers or idle_and_busy(), seeds, **what).run(**how)


def repeatable(results: Results) -> dict[str, Any]:
    """Everything but wall times."""
    data = results.model_dump(mode="json", exclude={"wall_s"})
    for controller in data["controllers"].values():
        del controller["wall_s"]
        for key in DECISION_TIMES:
            del controller["metrics"][key]
    return data


def test_values_are_those_of_episodes_played_by_hand(scenario: str) -> None:
    results = play(scenario)
    for seed in SEEDS:
        world = FakeOutage(1, roles=("bs",))
        world.reset([seed])
        over = False
        while not over:
            masks = world.action_masks()["bs"]
            step = world.step({"bs": np.where(masks[..., 2], 2, 0)})
            over = bool(step.terminated[0] or step.truncated[0])
        for key, value in world.kpis().items():
            found = results.controllers["busy"].metrics[key].values[seed]
            assert found == (float(value[0]) if np.isfinite(value[0]) else None)


def test_the_record_is_complete(scenario: str) -> None:
    results = play(scenario, seeds=[7, 8], overrides={"max_decisions": 5}, options={"action_set": "paper"})
    assert (results.n, results.first_seed, results.seeds) == (2, 7, [7, 8])
    assert (results.overrides, results.options) == ({"max_decisions": 5}, {"action_set": "paper"})
    assert results.versions["voltran"]
    assert results.versions["numpy"] == np.__version__
    busy = results.controllers["busy"]
    assert (busy.information, busy.declarations) == ("local", {"commands": "free", "price": "flat"})
    assert busy.n == 2
    assert busy.decisions == 10
    assert busy.metrics.keys() == {*KPI_KEYS, *DECISION_TIMES}
    assert results.paired.keys() == {"idle"}
    assert results.paired["idle"].keys() == {"busy"}


def test_pairs_are_differences_on_the_same_seed(scenario: str) -> None:
    results = play(scenario, references=["busy"])
    idle, busy = (results.controllers[name].metrics["service_hours"].values for name in ("idle", "busy"))
    pairs = [a - b for a, b in zip(idle, busy, strict=True) if a is not None and b is not None]
    assert results.paired["busy"]["idle"]["service_hours"].mean == pytest.approx(np.mean(pairs))
    assert not DECISION_TIMES & results.paired["busy"]["idle"].keys()


def test_no_ratio_of_survival_when_too_many_episodes_are_censored(scenario: str) -> None:
    assert play(scenario, seeds=[0, 3]).paired["idle"]["busy"]["survival_h"].ratio is not None
    censored = play(scenario, seeds=[0, 1])
    assert censored.controllers["idle"].censored_share(censored.metric("survival_h")) == 0.5
    assert censored.paired["idle"]["busy"]["survival_h"].ratio is None


def test_what_a_controller_counts_stands_beside_what_the_world_measures(scenario: str) -> None:
    plans = spec("plans", PlanningController, 2, keys=("plans", "plan_error_power"))
    results = play(scenario, [*idle_and_busy(), plans], overrides={"max_decisions": 5})
    assert results.controllers["plans"].metrics["plans"].values == [5.0] * 4
    assert results.controllers["plans"].metrics["plan_error_power"].values == [None] * 4
    for key in KPI_KEYS:
        assert results.controllers["plans"].metrics[key] == results.controllers["busy"].metrics[key]
    assert "plans" not in results.controllers["busy"].metrics


@pytest.mark.parametrize("key", ["survival_h", "decision_ms"])
def test_a_counter_may_not_take_the_name_of_a_metric(scenario: str, key: str) -> None:
    with pytest.raises(EvaluationError, match=f"controller plans: counter '{key}' is a metric already; rename it"):
        play(scenario, [spec("plans", PlanningController, 2, keys=("plans", key))])


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_metric_is_an_error_and_one_that_does_not_exist_is_none(
    scenario: str, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    kpis = FakeOutage.kpis
    given = {"service_hours": np.array([np.nan])}
    monkeypatch.setattr(FakeOutage, "kpis", lambda world: kpis(world) | given)
    assert play(scenario).controllers["idle"].metrics["service_hours"].values == [None] * 4
    given["service_hours"] = np.array([value])
    with pytest.raises(
        EvaluationError, match=rf"controller idle, seed 0: .*metric service_hours = {value}: is not fin"
    ):
        play(scenario)


def test_worker_processes_change_nothing(scenario: str, tmp_path: Path) -> None:
    alone = play(scenario, jobs=1, out=tmp_path / "alone")
    together = play(scenario, jobs=2, out=tmp_path / "together")
    assert repeatable(alone) == repeatable(together)


def test_the_first_seeds_time_series_are_kept(scenario: str, tmp_path: Path) -> None:
    results = play(scenario, out=tmp_path / "out")
    for controller in results.controllers.values():
        assert controller.trace is not None
        with np.load(tmp_path / "out" / controller.trace) as trace:
            assert {"time_h", "soc"} <= set(trace.files)
    assert len(list((tmp_path / "out" / "episodes").glob("*.npz"))) == 2


def counting(log: Path) -> list[Any]:
    return [spec(name, CountingController, code, log=log) for name, code in (("idle", 0), ("busy", 2))]


def test_an_interrupted_run_continues_to_the_same_bits(
    scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = play(scenario, counting(tmp_path / "log"), out=tmp_path / "whole")
    (tmp_path / "log").unlink()
    save = "voltran.evaluation.store.EpisodeStore.save"
    finished: list[Any] = []

    from voltran.evaluation.store import EpisodeStore

    original = EpisodeStore.save

    def interrupted(store: EpisodeStore, played: Any) -> None:
        if len(finished) == 3:
            raise KeyboardInterrupt
        finished.append(played)
        original(store, played)

    with monkeypatch.context() as patch:
        patch.setattr(save, interrupted)
        with pytest.raises(KeyboardInterrupt):
            play(scenario, counting(tmp_path / "log"), out=tmp_path / "out")
    assert not (tmp_path / "out" / "results.json").exists()
    resumed = play(scenario, counting(tmp_path / "log"), out=tmp_path / "out", resume=True)
    assert repeatable(resumed) == repeatable(whole)
    assert repeatable(read_results(tmp_path / "out" / "results.json")) == repeatable(whole)
    played = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert len(played) == 4 + 5  # the fourth was played but not stored


KILLED = """
from tests.evaluation.fake_outage import *
from voltran.evaluation.evaluation import Evaluation
controllers = [spec("idle", FakeController, 0), spec("dies", FailingController, seed=2, dies=True)]
Evaluation({scenario!r}, controllers, range(4)).run(out=Path({out!r}))
"""


def test_a_killed_process_loses_no_finished_episode(scenario: str, tmp_path: Path) -> None:
    script = KILLED.format(scenario=scenario, out=str(tmp_path / "out"))
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True)
    assert ended.returncode == 3, ended.stderr
    assert len(list((tmp_path / "out" / "episodes").glob("*.json"))) == 5
    whole = play(scenario, [spec("idle", FakeController, 0)])
    with pytest.warns(TakenOverWarning, match=r"claim by process \d+ on .* is taken over"):
        resumed = play(scenario, [spec("idle", FakeController, 0)], out=tmp_path / "out", resume=True)
    for key in KPI_KEYS:
        assert resumed.controllers["idle"].metrics[key] == whole.controllers["idle"].metrics[key]


def test_stored_episodes_serve_only_what_they_were_played_for(scenario: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    play(scenario, counting(log), seeds=[0, 1], out=tmp_path / "out")
    assert len(log.read_text(encoding="utf-8").splitlines()) == 4
    play(scenario, counting(log), seeds=[0, 1, 2], out=tmp_path / "out", resume=True)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 6
    play(scenario, counting(log), seeds=[0], overrides={"max_decisions": 3}, out=tmp_path / "out", resume=True)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 8
    other = [spec("idle", CountingController, 1, log=log)]
    play(scenario, other, seeds=[0], out=tmp_path / "out", resume=True)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 9
    Path(scenario).write_text("world: tests.evaluation.fake_outage:FAKE\nname: fake\ndescription: changed\n")
    play(scenario, other, seeds=[0], out=tmp_path / "out", resume=True)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 10


def test_evaluations_share_a_store_of_episodes(scenario: str, tmp_path: Path) -> None:
    log, store = tmp_path / "log", tmp_path / "store"
    idle, busy = counting(log)
    first = play(scenario, [idle, busy], out=tmp_path / "one", store=store)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 8
    second = play(scenario, [busy, idle], out=tmp_path / "deep" / "two", store=store)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 8
    assert not (tmp_path / "one" / "episodes").exists()
    for label, controller in second.controllers.items():
        assert controller.metrics == first.controllers[label].metrics
        assert controller.trace is not None
        assert (tmp_path / "deep" / "two" / controller.trace).resolve().parent == store
    play(scenario, [idle, busy], seeds=[0, 9], store=store)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 10


def test_a_damaged_stored_episode_is_played_again(scenario: str, tmp_path: Path) -> None:
    whole = play(scenario, out=tmp_path / "out")
    for path in (tmp_path / "out" / "episodes").glob("idle*.json"):
        path.write_text(path.read_text(encoding="utf-8")[:20])
    with pytest.warns(UserWarning, match=r"idle-0-\w+\.json: content: Invalid JSON.*\.refused \(3 more files are kept"):
        again = play(scenario, out=tmp_path / "out", resume=True)
    assert repeatable(again) == repeatable(whole)


def test_an_occupied_folder_needs_resume_and_nothing_is_overwritten(scenario: str, tmp_path: Path) -> None:
    play(scenario, out=tmp_path / "out")
    before = (tmp_path / "out" / "results.json").read_bytes()
    with pytest.raises(VoltranError, match="--resume"):
        play(scenario, out=tmp_path / "out", seeds=[5])
    assert (tmp_path / "out" / "results.json").read_bytes() == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_controller_that_raises_is_named_and_the_others_stay(scenario: str, tmp_path: Path, jobs: int) -> None:
    controllers = [spec("idle", FakeController, 0), spec("weak", FailingController, seed=2)]
    with pytest.raises(EvaluationError, match=r"controller weak, seed 2: ZeroDivisionError: no sites left; 7 of 8"):
        play(scenario, controllers, out=tmp_path / "out", jobs=jobs)
    assert len(list((tmp_path / "out" / "episodes").glob("*.json"))) == 7
    assert "Traceback" in (tmp_path / "out" / "failures.txt").read_text(encoding="utf-8")


def test_a_worker_that_dies_is_named_and_the_others_stay(scenario: str, tmp_path: Path) -> None:
    controllers = [spec("idle", FakeController, 0), spec("dies", FailingController, seed=1, dies=True)]
    with pytest.raises(EvaluationError, match=r"controller dies, seed 1: its worker process died.*; 5 of 6 episodes"):
        play(scenario, controllers, seeds=range(3), out=tmp_path / "out", jobs=2)
    assert len(list((tmp_path / "out" / "episodes").glob("*.json"))) == 5


def test_a_full_disk_ends_in_one_message_and_keeps_what_was_stored(
    scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace
    written: list[object] = []

    def until_full(source: Any, target: Any) -> None:
        if len(written) == 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", until_full)
        with pytest.raises(VoltranError, match="No space left on device"):
            play(scenario, out=tmp_path / "out")
    names = [path.name for path in (tmp_path / "out" / "episodes").iterdir()]
    assert len(names) == 5
    assert not [name for name in names if name.startswith(".")]
    assert repeatable(play(scenario, out=tmp_path / "out", resume=True)) == repeatable(
        play(scenario, out=tmp_path / "other")
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": []}, "at least one"),
        ({"seeds": [1, 1]}, "each once"),
        ({"seeds": [-1]}, "none negative and all below"),
        ({"seeds": [1_000_000]}, "kept for training"),
        ({"jobs": 0}, "jobs = 0"),
        ({"references": ["nobody"]}, "reference 'nobody' is not among the controllers: idle, busy"),
        ({"options": {"magic": True}}, "magic"),
        ({"controllers": [*idle_and_busy(), idle_and_busy()[0]]}, "a label occurs twice"),
    ],
)
def test_bad_requests_are_refused_before_anything_is_written(
    scenario: str, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        play(scenario, out=tmp_path / "out", **change)
    assert not (tmp_path / "out").exists()


class NeedsExtended(FakeController):
    """A controller that says which form of actions it needs, as learned policies do, and counts whether it gets it."""

    world_options = {"action_set": "extended"}  # noqa: RUF012 - read only

    def reset(self, world: Any) -> None:
        self.extended = float(world.action_set == "extended")

    def counters(self) -> dict[str, float]:
        return {"extended": self.extended}


def test_a_controller_gets_the_world_it_needs_unless_the_evaluation_says_otherwise(scenario: str) -> None:
    controllers = [spec("idle", FakeController, 0), spec("wide", NeedsExtended, 1)]
    for options, extended in (({}, 1.0), ({"action_set": "paper"}, 0.0)):
        wide = play(scenario, controllers, [0], options=options).controllers["wide"]
        assert wide.metrics["extended"].values == [extended]


def test_single_decisions_are_timed_once_more_where_a_process_meets_their_controller_first(
    scenario: str, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    who = [spec("decides-once", CountingController, 0, log=log)]
    play(scenario, who, [0, 1], overrides={"max_decisions": 1})
    assert log.read_text(encoding="utf-8").split("\n")[:-1] == ["decides-once 0", "decides-once 0", "decides-once 1"]
