"""The store believes no file that is not the episode asked for, and loses none."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from tests.evaluation.fake_outage import CountingController, FakeController, spec
from voltran.evaluation.controller_spec import ControllerSpec, parse_controllers
from voltran.evaluation.episode_key import episode_key
from voltran.evaluation.episodes import Task, play
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.setting import Setting
from voltran.evaluation.store import EpisodeStore


@pytest.fixture
def task(scenario: str, tmp_path: Path) -> Task:
    """An episode of a controller that notes every episode."""
    return made(scenario, tmp_path, seed=1)


def made(scenario: str, tmp_path: Path, *, seed: int, code: int = 0, with_trace: bool = True, limit: int = 4) -> Task:
    setting = Setting(scenario, {"max_decisions": limit}, {})
    controller = spec("mine", CountingController, code, log=tmp_path / "log")
    return Task(setting, controller, seed, with_trace, episode_key(setting, controller))


def stored(store: EpisodeStore, task: Task, suffix: str = ".json") -> Path:
    path = store.trace_path(replace(task, with_trace=True))
    assert path is not None
    return path.with_suffix(suffix)


def test_an_episode_comes_back_as_it_was(task: Task, tmp_path: Path) -> None:
    store, played = EpisodeStore(tmp_path / "store"), play(task)
    assert store.load(task) is None
    store.save(played)
    assert store.load(task) == played.episode
    assert store.load(replace(task, with_trace=False)) == played.episode
    assert store.refused == []


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"seed": 2}, "seed = 2, expected 1"),
        ({"seed": 1, "code": 2}, r"controller = .*, expected .*"),
        ({"seed": 1, "limit": 3}, r"setting\.scenario\.max_decisions = 3, expected 4"),
    ],
)
def test_a_file_copied_over_anothers_name_is_refused_and_kept(
    scenario: str, task: Task, tmp_path: Path, other: dict[str, Any], message: str
) -> None:
    store, stranger = EpisodeStore(tmp_path / "store"), made(scenario, tmp_path, **other)
    store.save(play(stranger))
    store.save(played := play(task))
    foreign = stored(store, stranger).read_bytes()
    shutil.copy(stored(store, stranger), stored(store, task))
    assert store.load(task) is None
    assert len(store.refused) == 1
    assert re.search(message, store.refused[0])
    assert "it is played again, and the file is kept as" in store.refused[0]
    store.save(played)
    assert store.load(task) == played.episode
    assert stored(store, task, ".json.refused").read_bytes() == foreign


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format": "voltran-episode-1"}', '{"format": "another"}', "\0"],
)
def test_a_damaged_file_is_refused_and_kept(task: Task, tmp_path: Path, text: str) -> None:
    store = EpisodeStore(tmp_path / "store")
    store.save(play(task))
    for _ in range(2):
        stored(store, task).write_text(text)
        assert store.load(task) is None
    assert len(store.refused) == 2
    for suffix in (".json.refused", ".json.refused1"):
        assert stored(store, task, suffix).read_text(encoding="utf-8") == text


def test_an_edited_episode_is_refused(task: Task, tmp_path: Path) -> None:
    store = EpisodeStore(tmp_path / "store")
    store.save(play(task))
    content = json.loads(stored(store, task).read_text(encoding="utf-8"))
    content["episode"]["kpis"]["survival_h"] = 99.0
    stored(store, task).write_text(json.dumps(content))
    assert store.load(task) is None
    assert re.search("digest = .*it is damaged, or was edited", store.refused[0])


def test_a_long_label_makes_no_long_name(task: Task, tmp_path: Path) -> None:
    store = EpisodeStore(tmp_path / "store")
    long = replace(task, controller=replace(task.controller, label="x" * 300))
    store.save(played := play(long))
    assert store.load(long) == played.episode


def test_a_time_series_of_another_episode_is_refused(scenario: str, task: Task, tmp_path: Path) -> None:
    store, stranger = EpisodeStore(tmp_path / "store"), made(scenario, tmp_path, seed=2)
    store.save(played := play(task))
    store.save(play(stranger))
    shutil.copy(stored(store, stranger, ".npz"), stored(store, task, ".npz"))
    assert store.load(replace(task, with_trace=False)) == played.episode
    assert store.load(task) is None
    assert "sha256" in store.refused[0]
    store.save(played)
    assert store.load(task) == played.episode
    assert played.trace is not None
    with np.load(stored(store, task, ".npz")) as trace:
        assert (trace["soc"] == played.trace["soc"]).all()


def test_an_episode_without_its_time_series_is_played_again(task: Task, tmp_path: Path) -> None:
    store = EpisodeStore(tmp_path / "store")
    store.save(play(replace(task, with_trace=False)))
    assert store.load(task) is None
    assert store.load(replace(task, with_trace=False)) is not None
    store.save(play(task))
    stored(store, task, ".npz").unlink()
    assert store.load(task) is None


def test_what_cannot_be_recognised_is_played_again_and_that_is_said(scenario: str, tmp_path: Path) -> None:
    played = []

    def build() -> FakeController:
        played.append(1)
        return FakeController("mine", 0)

    mine = ControllerSpec("mine", build, {"name": "mine"})
    counts = []
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"controller mine: its episodes will not be resumed: controller: .*build"):
            Evaluation(scenario, [mine], [1]).run(out=tmp_path / "out", resume=True)
        counts.append(len(played))
    assert counts[1] == 2 * counts[0]
    assert len(list((tmp_path / "out" / "episodes").glob("*.json"))) == 2


def test_a_refused_file_is_said_once_and_the_results_are_right(scenario: str, tmp_path: Path) -> None:
    evaluation = Evaluation(scenario, [spec("mine", CountingController, 0, log=tmp_path / "log")], [1, 2, 3])

    def run() -> Any:
        return evaluation.run(store=tmp_path / "store").controllers["mine"].metrics["survival_h"].values

    before = run()
    files = sorted((tmp_path / "store").glob("*.json"))
    for path in files[1:]:
        shutil.copy(files[0], path)
    with pytest.warns(UserWarning, match=r"seed = 1, expected 2.*1 more files") as said:
        assert run() == before
    assert len(said) == 1
    assert run() == before


def test_a_changed_series_is_played_again(tmp_path: Path) -> None:
    """In one process, too: what the best could have reached is computed again as well."""
    series = tmp_path / "generation.csv"
    retailer = {"source": "file", "capacity_kw": 5.0, "unit_cost_usd_per_mwh": 60, "file": str(series), "column": "kw"}

    def run(power_kw: float) -> dict[str, float | None]:
        series.write_text("hour,kw\n" + "".join(f"{index * 0.25},{power_kw}\n" for index in range(4)))
        changed = {"retail.retailers": [retailer], "retail.home_retailer": [0, 0, 0, 0], "time.horizon_h": 1.0}
        specs = parse_controllers("bs=buy-all+retailer=cost-plus")
        found = Evaluation("market4", specs, [1], changed).run(store=tmp_path / "store").controllers
        return {key: metric.values[0] for key, metric in next(iter(found.values())).metrics.items()}

    calm, windy, calm_again = run(0.0), run(3.0), run(0.0)
    assert calm["bought_kwh"] == 0.0
    assert windy["bought_kwh"] is not None
    assert windy["bought_kwh"] > 1.0
    assert windy["welfare_optimum_usd"] != calm["welfare_optimum_usd"]
    assert calm_again == calm  # its time stays, too: it was not played again


def test_several_runs_share_a_store(task: Task, tmp_path: Path) -> None:
    """Each plays the same episodes, at other speeds, and reads what the others store while they do."""
    played = [play(task) for _ in range(2)]
    stores = [EpisodeStore(tmp_path / "store") for _ in range(3)]
    found: list[bool] = []

    def work(number: int) -> None:
        for _ in range(4):
            stores[number].save(played[number % 2])
            found.append(stores[number].load(task) in [one.episode for one in played])

    threads = [Thread(target=work, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 12
    assert not [message for store in stores for message in store.refused]
    assert len(list((tmp_path / "store").iterdir())) == 2
