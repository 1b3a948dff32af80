"""A folder has one writer; whoever comes second is told who that is, and nothing is left of a claim."""

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from voltran.envs.claims import CLAIM_FILE, FolderInUseError, TakenOverWarning, claimed, is_occupied
from voltran.envs.errors import VoltranError

HOLDS = """
import sys
from pathlib import Path
from voltran.envs.claims import claimed
with claimed(Path(sys.argv[1])):
    print("claimed", flush=True)
    sys.stdin.read()
"""


def enter(folder: Path, **how: Any) -> None:
    with claimed(folder, **how):
        assert (folder / CLAIM_FILE).is_file()


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that has claimed a folder, until its input ends."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    return process


def test_another_process_is_named_until_it_is_gone_however_it_ends(tmp_path: Path) -> None:
    with holder(tmp_path / "run") as process:
        with pytest.raises(FolderInUseError, match=rf"run: is in use by process {process.pid} on .* since 20.*--out"):
            enter(tmp_path / "run")
        process.kill()
    assert is_occupied(tmp_path / "run") is False
    with pytest.warns(TakenOverWarning, match=f"claim by process {process.pid} .* taken over: that process is gone"):
        enter(tmp_path / "run")
    said: list[str] = []
    enter(tmp_path / "run", say=said.append)
    assert not said
    assert not (tmp_path / "run" / CLAIM_FILE).exists()


def test_what_somebody_else_is_about_to_finish_can_be_waited_for(tmp_path: Path) -> None:
    with holder(tmp_path / "run") as process:
        assert process.stdin is not None
        threading.Timer(0.2, process.stdin.close).start()
        enter(tmp_path / "run", wait_s=60.0)


def test_of_many_threads_one_writes_at_a_time(tmp_path: Path) -> None:
    inside, most, refused = [0], [0], [0]

    def work() -> None:
        for _ in range(20):
            try:
                with claimed(tmp_path / "run"):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    inside[0] -= 1
            except FolderInUseError:
                refused[0] += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert not [*tmp_path.rglob(CLAIM_FILE)]


def test_whoever_has_claimed_a_folder_may_call_others_that_claim_it(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with claimed(tmp_path / "run"):
        (tmp_path / "link").symlink_to(tmp_path / "run")
        enter(tmp_path / "link")
        assert (tmp_path / "run" / CLAIM_FILE).exists()
    assert list((tmp_path / "run").iterdir()) == []


def test_folders_that_stay_empty_are_not_left_behind(tmp_path: Path) -> None:
    enter(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    with claimed(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "result").touch()
    assert (tmp_path / "a" / "b" / "result").exists()


@pytest.mark.parametrize("kept", [True, False])
def test_an_interrupt_is_told_what_is_kept(tmp_path: Path, kept: bool) -> None:
    def interrupted() -> None:
        with claimed(tmp_path / "run"):
            (tmp_path / "run" / "episodes").mkdir()
            if kept:
                (tmp_path / "run" / "episodes" / "1.json").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as interrupt:
        interrupted()
    [note] = interrupt.value.__notes__
    assert ("--resume" in note) is kept


def left_behind(folder: Path, **changes: Any) -> None:
    claim = {"process": os.getpid(), "host": socket.gethostname(), "system": "", "since": "2020-01-01 00:00:00+00:00"}
    folder.mkdir()
    (folder / CLAIM_FILE).write_text(json.dumps(claim | changes))


def test_a_claim_of_another_machine_is_left_alone(tmp_path: Path) -> None:
    left_behind(tmp_path / "run", host="elsewhere")
    with pytest.raises(FolderInUseError, match=r"on elsewhere .*if that one is gone, remove .*run/\.in-use"):
        enter(tmp_path / "run")
    assert (tmp_path / "run" / CLAIM_FILE).exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"process": "me"}', "\0" * 10])
def test_a_claim_that_says_nothing_hinders_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / CLAIM_FILE).write_text(content)
    enter(tmp_path)


def test_without_locks_the_process_that_is_named_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_here(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none_here)
    left_behind(tmp_path / "alive")
    with pytest.raises(FolderInUseError, match=f"process {os.getpid()}"):
        enter(tmp_path / "alive")
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    left_behind(tmp_path / "gone", process=gone.pid)
    with pytest.warns(TakenOverWarning):
        enter(tmp_path / "gone")


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "run", tmp_path / "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(VoltranError, match="cannot be used"):
            enter(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
