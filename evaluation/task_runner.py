"""Plays the episodes of an evaluation that are not stored yet, and says which could not be finished."""

import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from voltran.envs.errors import VoltranError
from voltran.evaluation.episode_key import EpisodeKey, difference, other_here
from voltran.evaluation.episodes import Episode, Played, Task, play
from voltran.evaluation.files import write_text
from voltran.evaluation.metrics import TIMING_KEYS
from voltran.evaluation.store import EpisodeStore
from voltran.evaluation.worker_pool import OtherInstallationError, WorkerPool

FAILURES_FILE = "failures.txt"
CALLER = 5  # frames between a warning and whoever called Evaluation.run

_SAME: set[str] = set()  # what this process has found to be the same here as where it was asked for


class EvaluationError(VoltranError, RuntimeError):
    """Episodes that could not be finished; names controller, seed and reason."""


@dataclass(frozen=True)
class Failure:
    """An episode that could not be finished."""

    task: Task
    reason: str
    details: str

    @property
    def who(self) -> str:
        """Whose episode it is."""
        return f"controller {self.task.controller.label}, seed {self.task.seed}"


def finish(
    tasks: Sequence[Task], store: EpisodeStore, *, pool: WorkerPool, progress: Console | None, out: Path | None
) -> dict[tuple[str, int], Episode]:
    """Play what is not stored yet; every episode is stored as soon as it is finished.

    Args:
        tasks: all episodes of the evaluation.
        store: where finished ones lie.
        pool: where to play.
        progress: where to draw a progress bar.
        out: folder for the tracebacks of episodes that failed.

    Returns:
        Label and seed to episode.

    Raises:
        EvaluationError: episodes failed; all others are finished and stored.
    """
    stored = {_key(task): store.load(task) for task in tasks}
    episodes = {key: episode for key, episode in stored.items() if episode is not None}
    unrecorded = {
        key
        for task in tasks
        if (key := _key(task)) in episodes and task.with_recording and not store.has_recording(task)
    }
    if store.refused:
        more = f" ({len(store.refused) - 1} more files are kept like that)" if len(store.refused) > 1 else ""
        _say(f"{store.refused[0]}{more}", progress)
    missing = [task for task in tasks if (key := _key(task)) not in episodes or key in unrecorded]
    failures = []
    attempt = _attempt_elsewhere if pool.is_remote else _attempt
    died = partial(_died, reason=pool.death)
    with _bar(progress) as bar, closing(pool.run_all(attempt, missing, died)) as outcomes:
        line = bar.add_task(tasks[0].setting.scenario, total=len(tasks), completed=len(tasks) - len(missing))
        for outcome in outcomes:
            bar.advance(line)
            if isinstance(outcome, Failure):
                failures.append(outcome)
                continue
            if (key := _key(outcome.task)) in unrecorded:
                _add_recording(store, outcome, episodes[key], progress)
                continue
            store.save(outcome)
            episodes[key] = outcome.episode
    if failures:
        raise EvaluationError(_report(failures, len(tasks), out))
    return episodes


def _key(task: Task) -> tuple[str, int]:
    return task.controller.label, task.seed


def _add_recording(store: EpisodeStore, outcome: Played, stored: Episode, progress: Console | None) -> None:
    """Keep what was recorded of an episode that is stored already, if it is that episode."""
    assert outcome.recording is not None, "it was asked for"
    if problem := difference(_lasting(stored), _lasting(outcome.episode)):
        who = f"controller {outcome.task.controller.label}, seed {outcome.task.seed}"
        _say(
            f"{who}: it has no replay: played again to be recorded, it gave {problem}, which is what is stored; "
            "something decides its episodes that cannot be told, such as a limit of time. Start anew with another "
            "--out to see one",
            progress,
        )
        return
    store.add_recording(outcome.task, outcome.recording)


def _lasting(episode: Episode) -> dict[str, Any]:
    """What an episode gives each time that it is played; wall times differ."""
    kpis = {key: value for key, value in episode.kpis.items() if key not in TIMING_KEYS}
    return {"kpis": kpis, "decisions": episode.decisions}


def say_untraceable(keys: Mapping[str, EpisodeKey], progress: Console | None) -> None:
    """Name the controllers whose stored episodes will not be taken again, and why.

    Args:
        keys: label to what decides the controller's episodes.
        progress: where to say it; as a warning where there is no console.
    """
    for label, key in keys.items():
        if key.untraceable:
            _say(f"controller {label}: its episodes will not be resumed: {key.untraceable}", progress)


def saying(progress: Console | None) -> Callable[[str], None] | None:
    """What tells a console something that should be known; None without one."""
    return partial(_say, progress=progress) if progress is not None else None


def _say(message: str, progress: Console | None) -> None:
    if progress is not None:
        progress.print(message, markup=False, style="yellow")
    else:
        warnings.warn(message, stacklevel=CALLER)


def _attempt(task: Task) -> Played | Failure:
    try:
        return play(task)
    except (Exception, SystemExit) as error:  # a controller may raise anything; the other episodes go on
        return Failure(task, f"{type(error).__name__}: {error}", traceback.format_exc())


def _attempt_elsewhere(task: Task) -> Played | Failure:
    """The same on a machine that may have other code, libraries and files.

    Raises:
        OtherInstallationError: something that decides the episode is not what it is where the episode is stored.
    """
    expected = task.key.digest(seed=0)  # of all of the controller's episodes in this setting
    if not task.key.untraceable and expected not in _SAME:
        if problem := other_here(task.key, task.setting, task.controller):
            raise OtherInstallationError(f"controller {task.controller.label}: {problem}")
        _SAME.add(expected)
    return _attempt(task)


def _died(task: Task, reason: str) -> Failure:
    return Failure(task, reason, reason)


def _report(failures: list[Failure], total: int, out: Path | None) -> str:
    """The error's message; all tracebacks go to a file."""
    message = f"{failures[0].who}: {failures[0].reason}"
    if len(failures) > 1:
        message += f" ({len(failures) - 1} more episodes failed)"
    if out is None:
        return message
    log = out / FAILURES_FILE
    write_text(log, "\n".join(f"{failure.who}\n{failure.details}" for failure in failures))
    return (
        f"{message}; {total - len(failures)} of {total} episodes are stored, details are in {log}; "
        "remove the cause and run again with --resume"
    )


def _bar(console: Console | None) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("episodes"),
        TimeRemainingColumn(),
        console=console,
        disable=console is None,
    )
