"""Whatever ends a command ends its workers, keeps what is finished, and promises no more than that."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest
from typer.testing import CliRunner

from tests.cli.waiting import LOG
from voltran.cli import app as command_line
from voltran.cli import demo
from voltran.cli.stopping import Stopped, stopped_by_signals

ROOT = Path(__file__).resolve().parents[2]
LONG_S = 300.0  # on a machine that is busy with other things


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def evaluation(scenario: str, tmp_path: Path, out: Path) -> Iterator[subprocess.Popen[str]]:
    """An evaluation with one episode stored and two under way, in a worker each."""
    command = [sys.executable, "-m", "voltran", "evaluate", "--scenario", scenario, "--seeds", "3", "--jobs", "2"]
    command += ["--controllers", "tests.cli.waiting:Waiting", "--out", str(out)]
    environment = {**os.environ, LOG: str(tmp_path / "log"), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    until(lambda: len(waiting(tmp_path)) == 2 and bool(stored(out)), process)
    yield process
    process.kill()
    process.communicate()


def waiting(folder: Path) -> set[int]:
    """Workers that wait."""
    log = folder / "log"
    return {int(line) for line in log.read_text(encoding="utf-8").split()} if log.exists() else set()


def stored(out: Path) -> list[Path]:
    return [*out.glob("episodes/*.json")]


def until(is_so: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    end = time.monotonic() + LONG_S
    while not is_so():
        assert time.monotonic() < end
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether a process runs; one that only waits for its parent to notice its end does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_no_worker_outlives_a_command_and_what_is_finished_is_kept(
    evaluation: subprocess.Popen[str], tmp_path: Path, out: Path, number: signal.Signals
) -> None:
    workers = waiting(tmp_path)
    assert all(map(runs, workers))
    evaluation.send_signal(number)
    _, said = evaluation.communicate(timeout=LONG_S)
    until(lambda: not any(map(runs, workers)))
    assert len(stored(out)) == 1
    assert "Traceback" not in said
    if number == signal.SIGTERM:
        assert evaluation.returncode == 143
        assert f"Stopped by SIGTERM. What is finished is kept in {out}: run the same command with --resume" in said
        assert not (out / ".in-use").exists()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_interrupt_and_are_as_before_afterwards(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)

    def signalled() -> None:
        with stopped_by_signals():
            os.kill(os.getpid(), number)
            time.sleep(LONG_S)

    with pytest.raises(Stopped, match=name) as stopped:
        signalled()
    assert stopped.value.code == 128 + number
    assert signal.getsignal(number) == before


def test_what_is_ignored_stays_ignored_and_ones_own_handlers_stay() -> None:
    def mine(number: int, frame: FrameType | None) -> None:
        heard.append(number)

    heard: list[int] = []
    before = [signal.signal(signal.SIGHUP, signal.SIG_IGN), signal.signal(signal.SIGTERM, mine)]
    try:
        with stopped_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: bool(heard))
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGHUP, before[0])
        signal.signal(signal.SIGTERM, before[1])


def test_an_interrupt_promises_nothing_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_run", interrupted)
    result = CliRunner().invoke(command_line.app, ["demo", "--out", str(tmp_path / "out")])
    assert result.exit_code == 130
    assert result.stderr == "Interrupted. Nothing was finished, and nothing is kept: run the same command again.\n"
    (tmp_path / "out" / "training").mkdir(parents=True)
    (tmp_path / "out" / "training" / "checkpoint.pt").touch()
    result = CliRunner().invoke(command_line.app, ["demo", "--out", str(tmp_path / "out")])
    assert "run the same command again to continue" in result.stderr
    assert "--resume" not in result.stderr


def test_what_the_system_refuses_a_library_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "events.out")

    monkeypatch.setattr(demo, "_run", full)
    result = CliRunner().invoke(command_line.app, ["demo", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: events.out: No space left on device; free some space")
