"""How commands print: prose is wrapped at words, what one copies stays in one line."""

import shlex

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

ELLIPSIS = "…"


def console() -> Console:
    """Where a command prints what was asked for."""
    return Console(highlight=False)


def say(where: Console, text: str, style: str = "", indent: int = 0) -> None:
    """Print prose, wrapped at words.

    Args:
        where: the console.
        text: plain, without markup.
        style: its colour.
        indent: spaces before every line.
    """
    prose = Text(text, style=style)
    where.print(Padding(prose, (0, 0, 0, indent), expand=False) if indent else prose)


def hand_over(where: Console, text: str) -> None:
    """Print what one copies: commands, paths, lines for programs. A line stays a line, however long.

    Args:
        where: the console.
        text: plain, without markup.
    """
    where.print(Text(text), soft_wrap=True)


def clipped(text: str, room: int) -> str:
    """A text in one line of so many columns; what is longer ends after a word, with an ellipsis."""
    text = " ".join(text.split())
    if cell_len(text) <= room:
        return text
    begun = set_cell_size(text, room - 1)
    whole = begun if text[len(begun) : len(begun) + 1] == " " else begun.rpartition(" ")[0]
    return (whole or begun).rstrip(" ,;:") + ELLIPSIS


def command(*words: object) -> str:
    """A command of ours as shells take it: ``voltran`` and the words, quoted where they must be."""
    return shlex.join(["voltran", *map(str, words)])
