"""Output folders and JSON files."""

import json
from pathlib import Path
from typing import Any

from voltran.envs.errors import VoltranError
from voltran.envs.files import write_atomically


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


def claim_folder(out: Path, resume: bool, what: str) -> None:
    """Make the output folder, or make sure that using it loses nothing.

    Args:
        out: folder to write to.
        resume: whether to continue what it holds.
        what: what is about to be written, for the message.

    Raises:
        VoltranError: the folder holds something and ``resume`` is off, or it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        occupied = any(out.iterdir())
    except OSError as error:
        raise VoltranError(f"{out}: cannot be used ({error.strerror or error}); choose another --out") from error
    if occupied and not resume:
        raise VoltranError(f"{out} is not empty; pass --resume to continue the {what} in it, or choose another --out")
