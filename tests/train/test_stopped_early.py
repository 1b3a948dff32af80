"""Runs that are stopped before they have learnt anything, two at once in a folder, and damaged checkpoints."""

import warnings
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch

from tests.train.joint_runs import equal, weights
from voltran.envs.claims import FolderInUseError, claimed
from voltran.envs.errors import FileFormatError, ScenarioError, UncheckedFileWarning
from voltran.train import ppo
from voltran.train.checkpoints import CHECKSUM, read_checkpoint

pytestmark = pytest.mark.usefixtures("joint_worlds")


def stop_at_once(config: Path, run: Path) -> Path:
    """A run that is killed before its first rollout, and its checkpoint."""

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ppo.Run, "_play_round", killed)
        with pytest.raises(KeyboardInterrupt) as interrupt:
            ppo.train(config, {}, run)
    assert interrupt.value.__notes__ == [
        f"What is finished is kept in {run}: run the same command with --resume to continue."
    ]
    return run / "checkpoint.pt"


def test_a_run_that_was_stopped_before_anything_was_learnt_can_be_continued(joint_config: Path, tmp_path: Path) -> None:
    whole = weights(ppo.train(joint_config, {}, tmp_path / "whole"))
    checkpoint = stop_at_once(joint_config, tmp_path / "parts")
    assert {learner["decisions"] for learner in read_checkpoint(checkpoint)[1]["learners"].values()} == {0}
    with pytest.raises(ScenarioError, match="continue that run with --resume"):
        ppo.train(joint_config, {}, tmp_path / "parts")
    np.random.seed(99)  # noqa: NPY002 - nothing that happened in between may matter
    torch.manual_seed(99)
    assert equal(weights(ppo.train(joint_config, {}, tmp_path / "parts", resume=True)), whole)


def test_a_run_that_fails_before_it_begins_leaves_nothing(joint_config: Path, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        ppo.train(joint_config, {"role": "nobody", "roles": None}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_that_somebody_else_trains_into_is_refused(joint_config: Path, tmp_path: Path, resume: bool) -> None:
    refused: list[str] = []

    def second() -> None:
        try:
            ppo.train(joint_config, {}, tmp_path / "run", resume)
        except FolderInUseError as error:
            refused.append(str(error))

    with claimed(tmp_path / "run"):
        thread = Thread(target=second)
        thread.start()
        thread.join()
    assert "run: is in use by process " in refused[0]
    assert not (tmp_path / "run").exists()


def test_no_damage_to_a_checkpoint_goes_unseen(joint_config: Path, tmp_path: Path) -> None:
    checkpoint = stop_at_once(joint_config, tmp_path / "run")
    whole = checkpoint.read_bytes()
    head = len(CHECKSUM) + 65
    for place in [*range(0, head, 7), *range(head, len(whole), len(whole) // 60)]:
        checkpoint.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(FileFormatError, match=r"checkpoint\.pt: corrupt or truncated"):
            read_checkpoint(checkpoint)
        checkpoint.write_bytes(whole[:place])
        with pytest.raises(FileFormatError, match=r"checkpoint\.pt: corrupt or truncated"):
            read_checkpoint(checkpoint)


def test_a_checkpoint_of_before_there_were_checksums_is_read_with_a_warning(joint_config: Path, tmp_path: Path) -> None:
    checkpoint = stop_at_once(joint_config, tmp_path / "run")
    checkpoint.write_bytes(checkpoint.read_bytes().partition(b"\n")[2])
    with pytest.warns(UncheckedFileWarning, match="has no checksum"):
        read_checkpoint(checkpoint)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncheckedFileWarning)
        ppo.train(joint_config, {}, tmp_path / "run", resume=True)
    read_checkpoint(checkpoint)
