"""Output folders, JSON files, and digests of contents."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from voltran.envs.claims import claimed, is_occupied
from voltran.envs.errors import VoltranError
from voltran.envs.files import write_atomically

SHORT, LINE = 60, 2000  # characters of members that share a line, and of records that fill one


def digest_of(content: bytes | bytearray) -> str:
    """SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically.

    Raises:
        VoltranError: it cannot be written; an earlier file stays as it was.
    """
    write_atomically(path, text.encode())


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file atomically; NaN and infinity, which JSON does not know, are a programming error.

    Raises:
        VoltranError: it cannot be written; an earlier file stays as it was.
    """
    write_text(path, json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def write_lines_json(path: Path, data: Any) -> None:
    """Write a JSON file atomically in lines that a reader of changes can follow, see :func:`lines_json`.

    Raises:
        VoltranError: it cannot be written; an earlier file stays as it was.
    """
    write_text(path, lines_json(data) + "\n")


def lines_json(data: Any, indent: str = "") -> str:
    """JSON with a line per record: what fits stands on one line, so that no number has a line of its own.

    Args:
        data: what to write.
        indent: of the lines after the first.
    """
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    inner = indent + " "
    if isinstance(data, dict) and (len(text) > LINE or any(isinstance(value, dict) for value in data.values())):
        members = [f"{json.dumps(key, ensure_ascii=False)}:{lines_json(value, inner)}" for key, value in data.items()]
        return "{" + _joined(members, inner) + f"\n{indent}}}"
    if isinstance(data, list) and len(text) > LINE and isinstance(data[0], list | dict):
        return "[" + _joined([lines_json(value, inner) for value in data], inner) + f"\n{indent}]"
    return text


def _joined(members: list[str], indent: str) -> str:
    """Members on lines of their own; short ones that follow each other share one."""
    lines: list[str] = []
    for short, group in groupby(members, key=lambda member: len(member) <= SHORT and "\n" not in member):
        together = list(group)
        lines += [",".join(together)] if short else together
    return ",".join(f"\n{indent}{line}" for line in lines)


@contextmanager
def output_folder(out: Path, resume: bool, what: str, *, say: Callable[[str], None] | None = None) -> Iterator[None]:
    """Be the only one who writes to an output folder, and make sure that using it loses nothing.

    Args:
        out: folder to write to; made if it is not there.
        resume: whether to continue what it holds.
        what: what is about to be written, for the message.
        say: told that a claim was taken over; a warning by default.

    Raises:
        VoltranError: the folder holds something and ``resume`` is off, cannot be made, or is somebody else's now.
    """
    with claimed(out, say=say):
        if not resume:
            require_unused(out, what)
        yield


def require_unused(out: Path, what: str) -> None:
    """Raise where an output folder holds something that may be continued.

    Args:
        out: the folder, which need not be there.
        what: what is about to be written, for the message.

    Raises:
        VoltranError: it holds something, or cannot be read.
    """
    try:
        occupied = is_occupied(out)
    except OSError as error:
        raise VoltranError(f"{out}: cannot be used ({error.strerror or error}); choose another --out") from error
    if occupied:
        raise VoltranError(f"{out} is not empty; pass --resume to continue the {what} in it, or choose another --out")
