"""Files that are either whole or not there."""

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from voltran.envs.errors import VoltranError


class StorageError(VoltranError, OSError):
    """A file or folder that cannot be written; everything written before is intact."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file in one step: readers see the old content or the new, never a part.

    Args:
        path: file to write; its folder is made if needed.
        content: what to write.

    Raises:
        StorageError: the disk is full or the folder cannot be written; an earlier file stays as it was.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        _make_readable(temporary)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise StorageError(f"cannot write {path}: {_reason(error)}") from error


def write_json(path: Path, data: Any) -> None:
    """Write JSON atomically; numbers that JSON does not know (NaN, infinity) are a programming error."""
    text = json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode())


def claim_folder(out: Path, resume: bool, what: str) -> None:
    """Make the output folder, or make sure that using it loses nothing.

    Args:
        out: folder to write to.
        resume: whether to continue what it holds.
        what: what is about to be written, for the message.

    Raises:
        StorageError: the folder holds something and ``resume`` is off, or it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        occupied = any(out.iterdir())
    except OSError as error:
        raise StorageError(f"cannot use {out} for {what}: {_reason(error)}") from error
    if occupied and not resume:
        raise StorageError(
            f"{out} is not empty: pass --resume to continue the {what} it holds, or --out with another folder"
        )


def _make_readable(path: str) -> None:
    # mkstemp makes private files; results are for sharing, within what the user's umask allows
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, 0o666 & ~umask)


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full; free some space and run again with --resume, what was finished before is intact"
    return f"{error.strerror or error}; choose another folder with --out"
