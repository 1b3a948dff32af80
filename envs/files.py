"""Atomic writing: a reader sees the earlier file or the whole new one, never a part; and whether a file has changed."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voltran.envs.errors import VoltranError

SHOWN_OF_NAME = 100  # of a file's name in that of its neighbour, which must not be longer than names may be


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file through a temporary neighbour and one rename, creating its folder.

    Raises:
        VoltranError: the file cannot be written (no space, no permission); an earlier file stays as it was.
    """
    with written_together() as write:
        write(path, content)


@contextmanager
def written_together() -> Iterator[Callable[[Path, bytes], None]]:
    """Write files that belong together: all are written beside the earlier ones, and then take their places.

    Gives:
        What writes a file, creating its folder; it is in its place once the block is over.

    Raises:
        VoltranError: a file cannot be written (no space, no permission); what the block should replace stays as it was.
    """
    beside: list[tuple[str, Path]] = []

    def write(path: Path, content: bytes) -> None:
        with _named(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_beside(path, content, beside)

    try:
        yield write
        for temporary, path in beside:
            with _named(path):
                os.replace(temporary, path)
    finally:
        for temporary, _ in beside:
            Path(temporary).unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Raise unless a file can be written, before work is done whose results it shall hold; nothing is left behind.

    Raises:
        VoltranError: it is a folder, or neither it nor its folder can be made.
    """
    made = [folder for folder in path.parents if not folder.exists()]
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise VoltranError(f"{path}: cannot be written ({why}); name a file in a folder of yours") from error
    finally:
        for folder in made:
            with suppress(OSError, ValueError):
                folder.rmdir()


def file_version(path: str | Path) -> tuple[int, ...]:
    """What changes when a file does; empty where it cannot be told, and the reader says what is wrong."""
    try:
        state = os.stat(path)
    except OSError:
        return ()
    return state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise VoltranError(
            f"{path}: cannot be written ({why}); free some space or choose another folder; "
            "an earlier file of that name is unchanged"
        ) from error


def _write_beside(path: Path, content: bytes, beside: list[tuple[str, Path]]) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:SHOWN_OF_NAME]}.", dir=path.parent)
    beside.append((temporary, path))
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.chmod(temporary, 0o644)  # mkstemp makes private files; results are meant to be shared
