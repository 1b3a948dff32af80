"""Atomic writing: a reader sees the earlier file or the whole new one, never a part; and whether a file has changed."""

import os
import tempfile
from pathlib import Path

from voltran.envs.errors import VoltranError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file through a temporary neighbour and one rename, creating its folder.

    Raises:
        VoltranError: the file cannot be written (no space, no permission); an earlier file stays as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except OSError as error:
        raise VoltranError(
            f"{path}: cannot be written ({error.strerror or error}); free some space or choose another folder; "
            "an earlier file of that name is unchanged"
        ) from error


def file_version(path: str | Path) -> tuple[int, ...]:
    """What changes when a file does; empty where it cannot be told, and the reader says what is wrong."""
    try:
        state = os.stat(path)
    except OSError:
        return ()
    return state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size


def _replace(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)  # mkstemp makes private files; results are meant to be shared
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
