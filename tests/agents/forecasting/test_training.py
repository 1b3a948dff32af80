"""Training into a folder: it continues as if it had never stopped, and loses nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.agents.forecasting.tools import config
from voltran.agents.forecasting.files import load_forecaster
from voltran.agents.forecasting.server import Server
from voltran.agents.forecasting.training import CHECKPOINT_FILE, FORECASTER_FILE, train_forecaster
from voltran.envs.errors import FileFormatError, ScenarioError


class StoppedError(Exception):
    """Somebody pulls the plug."""


def stop_after(rounds: int) -> Any:
    def report(done: int) -> None:
        if done == rounds:
            raise StoppedError

    return report


def test_a_resumed_run_has_the_bits_of_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = train_forecaster(config(), tmp_path / "whole", False)
    with pytest.raises(StoppedError):
        train_forecaster(config(), tmp_path / "parts", False, stop_after(2))
    assert not (tmp_path / "parts" / FORECASTER_FILE).exists()
    resumed = train_forecaster(config(), tmp_path / "parts", True)
    first, second = load_forecaster(whole), load_forecaster(resumed)
    assert all((first.weights[name] == second.weights[name]).all() for name in first.weights)
    assert first.metadata == second.metadata


def test_a_finished_run_may_go_on_for_longer(tmp_path: Path) -> None:
    longer = train_forecaster(config(rounds=4), tmp_path / "longer", False)
    train_forecaster(config(rounds=2), tmp_path / "run", False)
    extended = train_forecaster(config(rounds=4), tmp_path / "run", True)
    first, second = load_forecaster(longer), load_forecaster(extended)
    assert all((first.weights[name] == second.weights[name]).all() for name in first.weights)


def test_rounds_are_told(tmp_path: Path) -> None:
    told: list[int] = []
    train_forecaster(config(), tmp_path / "run", False, told.append)
    assert told == [1, 2, 3]


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    train_forecaster(config(), tmp_path, False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ScenarioError, match="holds a forecaster already; pass --resume"):
        train_forecaster(config(), tmp_path, False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"window": 5}, "window = 5: .* was trained with 4"),
        ({"data": {"sites": 7}}, "data = "),
        ({"rounds": 1}, "rounds = 1: .* has 3 behind it"),
    ],
)
def test_another_run_is_not_continued(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    train_forecaster(config(), tmp_path, False)
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()
    with pytest.raises(ScenarioError, match=message):
        train_forecaster(config(**given), tmp_path, True)
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before


def test_checkpoints_that_are_missing_or_damaged_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="nothing to resume"):
        train_forecaster(config(), tmp_path, True)
    train_forecaster(config(), tmp_path, False)
    whole = (tmp_path / CHECKPOINT_FILE).read_bytes()
    (tmp_path / CHECKPOINT_FILE).write_bytes(whole[:-20])
    with pytest.raises(FileFormatError, match="corrupt or truncated"):
        train_forecaster(config(), tmp_path, True)
    (tmp_path / CHECKPOINT_FILE).write_bytes((tmp_path / FORECASTER_FILE).read_bytes())
    with pytest.raises(FileFormatError, match="lacks 'voltran_forecaster_checkpoint'"):
        train_forecaster(config(), tmp_path, True)


def test_more_clients_than_there_are_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="clients_per_round = 9: there are 6 clients"):
        train_forecaster(config(clients_per_round=9), tmp_path / "run", False)
    assert not (tmp_path / "run").exists()


def test_what_fails_in_a_round_keeps_the_rounds_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish = Server.finish_round

    def fails(self: Server, updates: Any) -> None:
        if self.round_number == 2:
            raise StoppedError
        finish(self, updates)

    with monkeypatch.context() as patch:
        patch.setattr(Server, "finish_round", fails)
        with pytest.raises(StoppedError):
            train_forecaster(config(), tmp_path, False)
    whole = train_forecaster(config(), tmp_path / "whole", False)
    resumed = train_forecaster(config(), tmp_path, True)
    for name, value in load_forecaster(whole).weights.items():
        assert np.array_equal(value, load_forecaster(resumed).weights[name])


def test_a_run_that_failed_in_its_first_round_can_be_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Server, updates: Any) -> None:
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(Server, "finish_round", fails)
        with pytest.raises(StoppedError):
            train_forecaster(config(), tmp_path / "run", False)
    resumed = train_forecaster(config(), tmp_path / "run", True)
    assert resumed.read_bytes() == train_forecaster(config(), tmp_path / "whole", False).read_bytes()
