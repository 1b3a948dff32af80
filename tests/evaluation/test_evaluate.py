"""The short form of an evaluation: references, controllers and their classes beside each other."""

from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.fake_outage import FakeController, idle_and_busy
from voltran.envs.errors import ScenarioError
from voltran.evaluation.controller_objects import controller_specs
from voltran.evaluation.evaluation import Evaluation, evaluate


class Sleepy:
    """A controller with what is needed and nothing else."""

    def __init__(self) -> None:
        self.inner = FakeController("inner", 0)
        self.resets = 0

    def reset(self, world: Any) -> None:
        """Count."""
        self.resets += 1

    def act(self, world: Any) -> dict[str, Any]:
        """Do nothing."""
        return self.inner.act(world)


@pytest.mark.usefixtures("fake_voltran")
def test_references_objects_and_classes_play_the_same_seeds(scenario: str, tmp_path: Path) -> None:
    mine = FakeController("mine", 2)
    results = evaluate(scenario, ["idle,busy:code=3", mine, Sleepy, idle_and_busy()[1]], 3, out=tmp_path / "out")
    assert list(results.controllers) == ["idle", "busy:code=3", "mine", "Sleepy", "busy"]
    assert results.seeds == [1000, 1001, 1002]
    metric = {label: controller.metrics["service_hours"].values for label, controller in results.controllers.items()}
    assert metric["Sleepy"] == metric["idle"]
    assert metric["mine"] == metric["busy"] != metric["idle"]
    again = evaluate(scenario, "idle", [1001])
    assert again.controllers["idle"].metrics["service_hours"].values == metric["idle"][1:2]


def test_an_object_plays_every_episode_as_it_was_given(scenario: str) -> None:
    mine = Sleepy()
    evaluate(scenario, [mine], 2)
    assert mine.resets == 0


def test_classes_play_in_worker_processes_and_are_resumed(scenario: str, tmp_path: Path) -> None:
    alone = evaluate(scenario, [Sleepy, FakeController("mine", 1)], 2)
    together = evaluate(scenario, [Sleepy, FakeController("mine", 1)], 2, jobs=2, out=tmp_path / "out")
    again = evaluate(scenario, [Sleepy, FakeController("mine", 1)], 2, out=tmp_path / "out", resume=True)
    for label, controller in again.controllers.items():
        assert controller == together.controllers[label]  # with its wall times: nothing was played again
        for key in ("service_hours", "survival_h"):
            assert controller.metrics[key] == alone.controllers[label].metrics[key]


def test_folders_may_be_given_as_text(scenario: str, tmp_path: Path) -> None:
    first = evaluate(scenario, [Sleepy], 2, out=str(tmp_path / "out"))
    assert (tmp_path / "out" / "results.json").is_file()
    evaluation = Evaluation(scenario, [Sleepy], [1000, 1001])
    again = evaluation.run(out=str(tmp_path / "again"), store=str(tmp_path / "out" / "episodes"))
    assert again.controllers["Sleepy"].wall_s == first.controllers["Sleepy"].wall_s  # nothing was played again


@pytest.mark.parametrize("wrong", [3, object(), dict])
def test_what_is_no_controller_is_refused(wrong: Any) -> None:
    with pytest.raises(ScenarioError, match="reset and act"):
        controller_specs([wrong])


def test_an_evaluation_is_checked_when_it_is_made_and_runs_twice_the_same(scenario: str) -> None:
    with pytest.raises(ScenarioError, match="first_only: 'nobody' is not among the controllers"):
        Evaluation(scenario, idle_and_busy(), [1], first_only={"nobody": 1})
    evaluation = Evaluation(scenario, idle_and_busy(), [1, 2], first_only={"busy": 1})
    first, again = evaluation.run(), evaluation.run()
    assert [first.controllers[label].n for label in ("idle", "busy")] == [2, 1]
    key = "service_hours"
    assert first.controllers["busy"].metrics[key] == again.controllers["busy"].metrics[key]
