"""A disk that is full after so many bytes."""

import errno
import os
from io import BufferedWriter
from typing import IO, Any

import pytest


class FullDisk:
    """Lets files take so many bytes in all, and raises what the system raises then."""

    def __init__(self, patch: pytest.MonkeyPatch, free: int) -> None:
        self.left = free
        self._open = os.fdopen
        patch.setattr(os, "fdopen", self._opened)

    def _opened(self, handle: int, mode: str = "r", **options: Any) -> IO[Any]:
        if "w" not in mode:
            return self._open(handle, mode, **options)
        return _Limited(self._open(handle, mode, **options), self)


class _Limited(BufferedWriter):
    def __init__(self, stream: Any, disk: FullDisk) -> None:
        super().__init__(stream.detach())
        self._disk = disk

    def write(self, content: Any) -> int:
        """Write what there is room for."""
        room = min(len(content), self._disk.left)
        self._disk.left -= room
        written = super().write(content[:room])
        if room < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written
