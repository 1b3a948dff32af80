"""Tables for the terminal: one line a cell, parts under each other where the window is too narrow for them all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

GAP = 2  # columns of the window between two of the table
KEYS_SHARES = (0.7, 0.45, 0.3, 0.22)  # of the window for the leading columns: what costs fewest lines
NUMBERED = 3  # lines that a name is worth that stands whole in its place
NARROWEST = 6  # of a leading column
CLEARLY_SHORTER = 0.75
PARTS_OF_NAME = re.compile(r"[^+,:/ ]*[+,:/ ]?")

Cells: TypeAlias = Sequence[Sequence[str]]


@dataclass(frozen=True)
class FittingTable:
    """A table that fits whatever window it is printed in, and breaks no word.

    What does not fit stands in more parts below, each with the leading columns. A name that is too long gets a number,
    and stands whole under the table.

    Attributes:
        head: titles of the columns.
        rows: cells as plain text, without markup.
        keys: how many leading columns say what a row is about.
        texts: other columns that are set to the left.
        title: line above.
        caption: words below.
        longest_head: width at which titles are shortened; cells are shortened only where they are leading.
    """

    head: Sequence[str]
    rows: Cells
    keys: int = 1
    texts: frozenset[int] = frozenset()
    title: str = ""
    caption: str = ""
    longest_head: int = 60

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table in the window's width, after rich's protocol."""
        yield self.drawn(options.max_width)

    def drawn(self, width: int) -> RenderableType:
        """The table as it is in a window of a width."""
        fitted = self._fitted(width)
        parts = [self._part(fitted, columns) for columns in fitted.parts]
        spaced = [each for part in parts for each in (part, Text())][:-1]
        title = [Text(self.title, style="bold", overflow="fold")] if self.title else []
        names = [Text(), *map(Text, fitted.names)] if fitted.names else []
        caption = [Text(), Text(self.caption, style="dim", overflow="fold")] if self.caption else []
        return Group(*title, *spaced, *names, *caption)

    def lines(self, width: int) -> int:
        """How many lines the parts take in a window of a width; a name with a number counts as several."""
        return self._fitted(width).cost[1]

    def _fitted(self, width: int) -> "_Fitted":
        return min((self._fitted_with(width, share) for share in KEYS_SHARES), key=lambda fitted: fitted.cost)

    def _fitted_with(self, width: int, share: float) -> "_Fitted":
        names = _Names()
        most = max(int(width * share) // max(self.keys, 1) - GAP, NARROWEST)
        rows = [
            [names.fitting(cell, most) if at < self.keys else cell for at, cell in enumerate(row)] for row in self.rows
        ]
        left = sum(max([cell_len(row[at]) for row in rows] or [0]) + GAP for at in range(self.keys))
        room = max(min(self.longest_head, width - left), NARROWEST)
        head = [names.fitting(title, most if at < self.keys else room) for at, title in enumerate(self.head)]
        widths = [max(map(cell_len, column)) for column in zip(head, *rows, strict=True)]
        parts = self._parts(widths, width)
        widest = max(sum(widths[at] + GAP for at in columns) - GAP for columns in parts)
        return _Fitted(head, rows, parts, names.lines(width), too_wide=max(widest - width, 0))

    def _parts(self, widths: Sequence[int], width: int) -> list[list[int]]:
        """Columns of each part; every part begins with the leading ones."""
        leading = list(range(self.keys))
        taken = sum(widths[at] + GAP for at in leading)
        parts, room = [list(leading)], width - taken
        for at in range(self.keys, len(widths)):
            if widths[at] > room and len(parts[-1]) > self.keys:
                parts.append(list(leading))
                room = width - taken
            parts[-1].append(at)
            room -= widths[at] + GAP
        return parts

    def _part(self, fitted: "_Fitted", columns: Sequence[int]) -> Table:
        table = Table(box=SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), show_edge=False, pad_edge=False)
        for at in columns:
            to_left = at < self.keys or at in self.texts
            table.add_column(Text(fitted.head[at]), justify="left" if to_left else "right", no_wrap=True)
        for row in fitted.rows:
            table.add_row(*(Text(row[at]) for at in columns))
        return table


@dataclass(frozen=True)
class EitherWay:
    """A table or, where that is clearly shorter in the window, the same one with rows and columns exchanged.

    Attributes:
        usual: the table.
        exchanged: the other one.
    """

    usual: FittingTable
    exchanged: FittingTable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the one that is chosen, after rich's protocol."""
        width = options.max_width
        shorter = self.exchanged.lines(width) < CLEARLY_SHORTER * self.usual.lines(width)
        yield (self.exchanged if shorter else self.usual).drawn(width)


@dataclass(frozen=True)
class _Fitted:
    """A table as it is in a window of some width: which columns each part has, and what the numbers of names mean."""

    head: Sequence[str]
    rows: Cells
    parts: Sequence[Sequence[int]]
    names: Sequence[str]
    too_wide: int

    @property
    def cost(self) -> tuple[int, int]:
        """Columns that the window lacks; lines, without title and caption, where a name with a number counts more."""
        return self.too_wide, len(self.parts) * (len(self.rows) + 3) + NUMBERED * len(self.names)


@dataclass
class _Names:
    """Numbers of the names that are too long for their places."""

    numbers: dict[str, int] = field(default_factory=dict)

    def fitting(self, name: str, most: int) -> str:
        """A name, or its number and beginning."""
        if cell_len(name) <= most:
            return name
        number = f"{self.numbers.setdefault(name, len(self.numbers) + 1)} "
        return number + set_cell_size(name, most - len(number) - 1).rstrip() + "…"

    def lines(self, width: int) -> list[str]:
        """Every number with its whole name, parted after signs where it is longer than a line."""
        return [line for name, number in self.numbers.items() for line in _parted(f"{number} ", name, width)]


def _parted(lead: str, name: str, width: int) -> list[str]:
    lines = [lead]
    for piece in PARTS_OF_NAME.findall(name):
        if cell_len(lines[-1] + piece) > width and lines[-1].strip() != lead.strip():
            lines.append(" " * len(lead))
        lines[-1] += piece
    return [line.rstrip() for line in lines]
