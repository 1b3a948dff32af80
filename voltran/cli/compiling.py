"""Says once, on standard error, that code is being compiled: the first run here waits for it, and later ones do not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

PACKAGE = "voltran."
NOTICE = (
    "Compiling what this needs for the first time here: about a minute, longer on a busy machine. It is kept, later "
    "runs start at once."
)


class PlayingCommand(TyperCommand):
    """A command that may have to compile before it plays."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with compiling_said():
            return super().invoke(ctx)


@contextmanager
def compiling_said() -> Iterator[None]:
    """Print a notice when the first of our kernels is compiled that the cache does not hold."""
    from numba.core import event

    class Listener(event.Listener):
        said = False

        def on_start(self, event: Any) -> None:
            if not self.said and event.data["dispatcher"].py_func.__module__.startswith(PACKAGE):
                self.said = True
                _notice()

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


def kernels_kept() -> int:
    """How many compiled kernels of this version of the physics the cache holds."""
    from voltran.physics.compiled import cache_folder

    folder: Path = cache_folder()
    return sum(1 for _ in folder.rglob("*.nbi")) if folder.is_dir() else 0


def _notice() -> None:
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, highlight=False).print(Text(NOTICE, style="yellow"))
