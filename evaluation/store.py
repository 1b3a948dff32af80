"""The store of finished episodes: it believes a file only where the file says that it is the episode asked for."""

import io
import os
import re
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from voltran.envs.files import write_atomically
from voltran.evaluation.episode_key import difference
from voltran.evaluation.episodes import Episode, Played, Task, Trace
from voltran.evaluation.files import digest_of, write_json
from voltran.evaluation.replay.packing import is_of_this_version

LONGEST_LABEL = 100
EPISODE, TRACE, RECORDING = ".json", ".npz", ".replay"
FORMAT: Literal["voltran-episode-1"] = "voltran-episode-1"


class StoredEpisode(BaseModel):
    """The content of an episode's file.

    Attributes:
        key: what decided the episode.
        trace: digest of the file of its time series; None where that is not kept.
        digest: of the episode.
        recording: digest of the file of its recording; left out where there is none.
        episode: what it gave.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal["voltran-episode-1"] = FORMAT
    key: dict[str, Any]
    trace: str | None
    digest: str
    recording: str | None = None
    episode: Episode


class EpisodeStore:
    """Finished episodes as small files, so that a killed run loses none.

    An episode's file is named by everything that decides it, see :mod:`voltran.evaluation.episode_key`, and
    holds the same. Whatever changes, the file is simply not found and the episode is played. A file that holds
    something else than its name says is set aside.

    Args:
        folder: where the files lie; ``None`` keeps nothing.

    Attributes:
        refused: a message about every file that was set aside.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.refused: list[str] = []

    def load(self, task: Task) -> Episode | None:
        """A stored episode; ``None`` if there is none, or it was refused, or its time series is missing."""
        stored = self._stored(task)
        if stored is None or (task.with_trace and self._file(task, TRACE, stored.trace) is None):
            return None
        return stored.episode

    def has_recording(self, task: Task) -> bool:
        """Whether a stored episode has its recording, in the format of this version."""
        stored = self._stored(task)
        recording = None if stored is None else self._file(task, RECORDING, stored.recording)
        return recording is not None and is_of_this_version(recording)

    def _stored(self, task: Task) -> StoredEpisode | None:
        """The file of an episode, if it is there and says that it is this one."""
        if self.folder is None:
            return None
        path = self._path(task, EPISODE)
        if (content := self._read(path)) is None:
            return None
        try:
            stored = StoredEpisode.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            self._refuse(path, f"{'.'.join(map(str, first['loc'])) or 'content'}: {first['msg']}")
            return None
        if problem := difference(task.key.of(task.seed), stored.key) or difference(
            {"seed": task.seed}, {"seed": stored.episode.seed}, "episode"
        ):
            self._refuse(path, f"{problem}: it is another episode's")
            return None
        if (actual := _episode_digest(stored.episode)) != stored.digest:
            self._refuse(path, f"digest = {stored.digest}, but the episode's is {actual}: it is damaged, or was edited")
            return None
        return stored

    def save(self, played: Played) -> None:
        """Store an episode, its time series and recording first: an episode that is there is complete.

        Raises:
            VoltranError: the disk is full or the folder cannot be written.
        """
        if self.folder is None:
            return
        task = played.task
        trace = None if played.trace is None else self._write(task, TRACE, _compressed(played.trace))
        recording = None if played.recording is None else self._write(task, RECORDING, played.recording)
        digest = _episode_digest(played.episode)
        key = task.key.of(task.seed)
        self._write_stored(
            task, StoredEpisode(key=key, trace=trace, digest=digest, recording=recording, episode=played.episode)
        )

    def add_recording(self, task: Task, recording: bytes) -> None:
        """Store the recording of an episode that is there without one.

        Raises:
            VoltranError: the disk is full or the folder cannot be written.
        """
        stored = self._stored(task)
        assert stored is not None, "the episode is there"
        digest = self._write(task, RECORDING, recording)
        self._write_stored(task, stored.model_copy(update={"recording": digest}))

    def trace_path(self, task: Task) -> Path | None:
        """Where the time series of an episode lies, if it is kept."""
        return self._path(task, TRACE) if self.folder is not None and task.with_trace else None

    def recording_path(self, task: Task) -> Path | None:
        """Where the recording of an episode lies, if there is one."""
        return self._path(task, RECORDING) if task.with_recording and self.has_recording(task) else None

    def _file(self, task: Task, suffix: str, digest: str | None) -> bytes | None:
        """A file that belongs to an episode, if it is there as it was stored."""
        path = self._path(task, suffix)
        if digest is None or (content := self._read(path)) is None:
            return None
        if (actual := digest_of(content)) == digest:
            return content
        self._refuse(path, f"sha256 = {actual}, expected {digest}: it is another episode's, or damaged")
        return None

    def _write(self, task: Task, suffix: str, content: bytes) -> str:
        """Write a file that belongs to an episode; returns its digest."""
        write_atomically(self._path(task, suffix), content)
        return digest_of(content)

    def _write_stored(self, task: Task, stored: StoredEpisode) -> None:
        left_out = set() if stored.recording else {"recording"}
        write_json(self._path(task, EPISODE), stored.model_dump(mode="json", exclude=left_out))

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._refuse(path, f"cannot be read ({error.strerror})")
            return None

    def _refuse(self, path: Path, why: str) -> None:
        """Set a file aside, so that nothing of it is lost when the episode is stored."""
        names = (path.with_name(f"{path.name}.refused{number or ''}") for number in count())
        aside = next(name for name in names if not name.exists())
        with suppress(OSError):
            os.replace(path, aside)
        self.refused.append(f"stored episode {path}: {why}; it is played again, and the file is kept as {aside.name}")

    def _path(self, task: Task, suffix: str) -> Path:
        assert self.folder is not None
        # Names of files are limited; the digest tells all apart.
        name = re.sub(r"[^A-Za-z0-9.=-]+", "-", task.controller.label)[:LONGEST_LABEL]
        return self.folder / f"{name}-{task.seed}-{task.key.digest(task.seed)}{suffix}"


def _compressed(trace: Trace) -> bytes:
    stream = io.BytesIO()
    arrays: dict[str, Any] = dict(trace)
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _episode_digest(episode: Episode) -> str:
    return digest_of(episode.model_dump_json().encode())
