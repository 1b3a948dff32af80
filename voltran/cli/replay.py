"""``voltran replay``: the page of an evaluation's replay, written again from what was recorded, and opened."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from voltran.cli.output import console as open_console
from voltran.cli.output import hand_over

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")  # one of which says, on Linux, that a page can be shown


def replay(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of an evaluation.")] = Path("runs/evaluate"),
    to: Annotated[Path | None, typer.Option(help="The page; OUT/replay.html by default.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Write the page on which an evaluation's episodes play, from what was recorded; nothing is played again."""
    from voltran.envs.errors import VoltranError
    from voltran.evaluation.evaluation import RESULTS_FILE
    from voltran.evaluation.replay.pages import shown, write_replay
    from voltran.evaluation.results import read_results

    results = read_results(folder / RESULTS_FILE)
    page = write_replay(results, folder, to)
    if page is None:
        raise VoltranError(
            f"{folder}: nothing was recorded of this evaluation; run voltran evaluate again with the same options, "
            f"--resume and --out {folder}: one episode of each controller is played again for its replay"
        )
    hand_over(open_console(), f"Replay: {page} {shown(results)}")
    if show:
        _open(page)


def _open(page: Path) -> None:
    """Show a page.

    Raises:
        VoltranError: there is no browser, or nowhere to show it.
    """
    from voltran.envs.errors import VoltranError

    remedy = f"open {page} in a browser, here or on another machine"
    if sys.platform == "linux" and not any(os.environ.get(name) for name in DISPLAYS):
        raise VoltranError(f"--open: this machine has no display; {remedy}")
    if not webbrowser.open(page.resolve().as_uri()):
        raise VoltranError(f"--open: no browser was found; {remedy}")
