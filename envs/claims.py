"""One writer per folder: whoever writes to it claims it first, and whoever comes second is told who that is.

The claim is a locked file in the folder. The system releases the lock when its process ends, however it ends, so that
a claim whose process is gone is taken over. The file goes with the claim; nobody takes it for content.

On one machine this holds on any file system that knows locks. Over a network it holds where the file system shares
them, as NFS from version 4 on does; a file left by another machine is never taken over, because a lock may not be seen
from here. Where there are no locks at all, the process that the file names is looked for.
"""

import errno
import json
import os
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any

from voltran.envs.errors import VoltranError

CLAIM_FILE = ".in-use"
NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
TAKEN = {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
POLL_S = 0.1
FRAMES = 7  # between a warning and whoever claims the folder
BOOT = Path("/proc/sys/kernel/random/boot_id")

# Folders that this thread's callers have claimed: what they call may write there, too.
_OURS: ContextVar[frozenset[Path]] = ContextVar("claimed folders", default=frozenset())


class TakenOverWarning(UserWarning):
    """A folder was claimed by a process that is gone."""


class FolderInUseError(VoltranError):
    """A folder that another process, or another thread, writes to."""


@contextmanager
def claimed(
    folder: Path,
    *,
    remedy: str = "choose another --out, or wait until it is done",
    again: str = "run the same command with --resume to continue",
    wait_s: float = 0.0,
    say: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Be the only writer of a folder, which is made if it is not there; a folder that stays empty is removed again.

    An interrupt is noted what it leaves behind, for whoever reports it.

    Args:
        folder: to write to.
        remedy: what to do where somebody else does.
        again: what to do after an interrupt that leaves something behind.
        wait_s: how long to wait for somebody else to finish.
        say: told that a claim was taken over from a process that is gone; a warning by default.

    Raises:
        FolderInUseError: somebody else writes to it; names process, machine and since when.
        VoltranError: it cannot be made or written to.
    """
    place = _resolved(folder)
    if place in _OURS.get():
        yield
        return
    made, file = _taken(folder, remedy, time.monotonic() + wait_s, say or _warn)
    token = _OURS.set(_OURS.get() | {place})
    try:
        yield
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"What is finished is kept in {folder}: {again}." if holds_anything(folder) else NOTHING)
        raise
    finally:
        _OURS.reset(token)
        _release(folder / CLAIM_FILE, file)
        for empty in made:
            with suppress(OSError):
                empty.rmdir()


NOTHING = "Nothing was finished, and nothing is kept: run the same command again."


def is_occupied(folder: Path) -> bool:
    """Whether a folder is there and holds anything but a claim.

    Raises:
        OSError: it cannot be read.
    """
    return folder.exists() and any(item.name != CLAIM_FILE for item in folder.iterdir())


def holds_anything(folder: Path) -> bool:
    """Whether there is any file in a folder, however deep, but for claims."""
    return any(item.is_file() and item.name != CLAIM_FILE for item in folder.rglob("*"))


def _resolved(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise VoltranError(f"{folder}: cannot be used ({error}); choose another --out") from error


def _taken(folder: Path, remedy: str, until: float, say: Callable[[str], None]) -> tuple[list[Path], int]:
    """Claim a folder.

    Returns:
        The folders that were made for it, the innermost first, and the open file.
    """
    while True:
        try:
            made = [place for place in (folder, *folder.parents) if not place.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            return made, _claim(folder, remedy, say)
        except FileNotFoundError:  # whoever was here before has just gone, and the empty folder with him
            continue
        except FolderInUseError:
            if time.monotonic() >= until:
                raise
            time.sleep(POLL_S)
        except OSError as error:
            raise VoltranError(f"{folder}: cannot be used ({error.strerror or error}); choose another --out") from error


def _claim(folder: Path, remedy: str, say: Callable[[str], None]) -> int:
    path = folder / CLAIM_FILE
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        locks = _lock(file)
        found = _read(file)
        if locks is False or (locks is None and _is_alive(found)):
            raise FolderInUseError(f"{folder}: is in use{_by(found)}; {remedy}")
        if not os.path.samestat(os.fstat(file), path.stat()):
            raise FileNotFoundError  # released between opening and locking
        if found and not _is_here(found):
            raise FolderInUseError(
                f"{folder}: is in use{_by(found)}, a machine whose processes cannot be seen from here; if that one is "
                f"gone, remove {path}, otherwise {remedy}"
            )
        _write(file)
        if found:
            say(f"{folder}: its claim{_by(found)} is taken over: that process is gone")
    except BaseException:
        os.close(file)
        raise
    return file


def _warn(message: str) -> None:
    warnings.warn(message, TakenOverWarning, stacklevel=FRAMES)


def _release(path: Path, file: int) -> None:
    with suppress(OSError):
        if sys.platform == "win32":  # where what is open cannot be removed
            os.close(file)
            path.unlink()
            return
        path.unlink()
    with suppress(OSError):
        os.close(file)


if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 30  # beyond the content, which others may read

    def _lock(file: int) -> bool | None:
        os.lseek(file, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: int) -> bool | None:
        """True where the file is locked now, False where somebody else has locked it, None where there are no locks."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in TAKEN:
                return False
            if error.errno in NO_LOCKS:
                return None
            raise
        return True


def _write(file: int) -> None:
    now = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    mine = {"process": os.getpid(), "host": socket.gethostname(), "system": _boot(), "since": now}
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, f"{json.dumps(mine)}\n".encode())


def _read(file: int) -> dict[str, Any]:
    """What a claim says; empty where it says nothing that can be read."""
    with suppress(OSError, ValueError):
        os.lseek(file, 0, os.SEEK_SET)
        found = json.loads(os.read(file, 4096))
        if isinstance(found, dict) and isinstance(found.get("process"), int):
            return found
    return {}


def _by(found: dict[str, Any]) -> str:
    if not found:
        return ""
    return f" by process {found['process']} on {found.get('host')} since {found.get('since')}"


def _boot() -> str:
    """What names the running system, in containers, too; empty where nothing does."""
    with suppress(OSError):
        return BOOT.read_text(encoding="ascii").strip()
    return ""


def _is_here(found: dict[str, Any]) -> bool:
    return found.get("host") == socket.gethostname() or (bool(found.get("system")) and found["system"] == _boot())


def _is_alive(found: dict[str, Any]) -> bool:
    """Whether the process that a claim names runs, where no lock tells; another machine's may."""
    if not found:
        return False
    if not _is_here(found):
        return True
    try:
        os.kill(found["process"], 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
