"""Copies of the checkout in which modules may be mistaken while others go on working in the original."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

RUNNER = "tests/mutation/runner.py"
ROOMY_S = 600.0


class TestsFailed(Exception):
    """Tests that ought to pass do not, or a mistake that nobody can overlook was overlooked."""

    __test__ = False


class Tree:
    """A copy, and a process that runs its tests.

    Args:
        root: the checkout.
        folder: where the copy goes.
        python: of the environment in which the tests run.
    """

    def __init__(self, root: Path, folder: Path, python: Path) -> None:
        self.folder = folder
        _copy(root, folder)
        environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0"}
        self._runner = subprocess.Popen(
            [str(python), RUNNER], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, tests: Sequence[str], limit_s: float = ROOMY_S, *, sound: bool = False) -> dict[str, Any]:
        """What comes of tests; only a sound tree may keep compiled modules."""
        assert self._runner.stdin is not None
        assert self._runner.stdout is not None
        request = {"tests": list(tests), "limit_s": limit_s, "keep_bytecode": sound}
        self._runner.stdin.write(json.dumps(request) + "\n")
        self._runner.stdin.flush()
        answer = self._runner.stdout.readline()
        if not answer:
            raise TestsFailed(f"the process that runs the tests of {self.folder} is gone")
        return cast(dict[str, Any], json.loads(answer))

    @contextmanager
    def holding(self, module: str, code: str) -> Iterator[None]:
        """The tree with another text of a module."""
        path = self.folder / module
        before, times = path.read_bytes(), path.stat()
        path.write_text(code, encoding="utf-8")
        os.utime(path, (0, 0))  # Python takes a compiled module for that of a file of the same time and length.
        try:
            yield
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def close(self) -> None:
        """End the process."""
        self._runner.kill()
        self._runner.wait()


def _copy(root: Path, folder: Path) -> None:
    """Copy what Git knows or would take; links stay links, so that packages lie in the copy."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source, target = root / name, folder / name
        if not source.is_symlink() and not source.is_file():
            continue  # deleted, and not yet committed
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
