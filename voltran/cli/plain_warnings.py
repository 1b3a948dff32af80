"""Warnings that are meant for whoever runs a command, as a line and not as a place in the code."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show what users should know of their files in one line on standard error."""
    from voltran.envs.claims import TakenOverWarning
    from voltran.envs.errors import UncheckedFileWarning

    others = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, TakenOverWarning | UncheckedFileWarning):
            from rich.console import Console

            Console(stderr=True, highlight=False, soft_wrap=True).print(str(message), markup=False, style="yellow")
        else:
            others(message, category, *place, **more)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = others
