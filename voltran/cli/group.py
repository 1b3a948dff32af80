"""How commands end: what users can act on is one message on standard error and an exit code, never a traceback."""

import errno
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from voltran.cli.plain_warnings import plain_warnings
from voltran.cli.stopping import end_workers, stopped_by_signals

BAD_INPUT = 2
INTERRUPTED = 130
# What a system lacks or forbids, wherever a library meets it.
SYSTEM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.EFBIG}


class VoltranGroup(TyperGroup):
    """Turns what users can act on into one message on standard error."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; bad input exits with 2, an interrupt with 130, SIGTERM with 143; none shows a traceback."""
        try:
            with stopped_by_signals(), plain_warnings():
                return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            end_workers()
            what = "Interrupted" if not str(interrupt) else f"Stopped by {interrupt}"
            _complain(" ".join([f"{what}.", *getattr(interrupt, "__notes__", [])[-1:]]))
            raise typer.Exit(getattr(interrupt, "code", INTERRUPTED)) from None
        except Exception as error:
            _complain(f"Error: {_message(error)}")
            raise typer.Exit(BAD_INPUT) from None


def _message(error: Exception) -> str:
    """What users can act on; anything else is a mistake of ours, and raised again."""
    from voltran.envs.errors import VoltranError

    if isinstance(error, VoltranError):
        return str(error)
    if isinstance(error, OSError) and error.errno in SYSTEM:
        what = f"{error.filename}: " if error.filename else ""
        return f"{what}{error.strerror}; free some space or choose another folder; what is finished is kept"
    raise error


def _complain(message: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False, style="red")
