"""The one reader of CSV files: heads and rows that do not fit each other are errors that name the line.

Columns are separated by commas; where line 1 has a semicolon or a tab, by that, and a number such as ``3,5`` then has
a decimal comma. Lines before the head that begin with ``#`` are comments.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from voltran.envs.errors import ScenarioError
from voltran.envs.text_files import read_text

COMMENT = "#"
MOST_MIB = 512
QUOTED = re.compile(r'"[^"]*"')
DECIMAL_COMMA = re.compile(r"([+-]?\d*),(\d+(?:[eE][+-]?\d+)?)")
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # by which some spreadsheets say what separates columns
LONGEST_SHOWN = 60
DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")


def read_columns(
    path: str | Path, columns: Sequence[str], kind: str, remedy: str, head: Sequence[str] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV file, see :mod:`voltran.envs.text_files`; empty lines are skipped.

    Args:
        path: of the file.
        columns: those that are wanted, in this order.
        kind: what to call the file in messages, such as ``traffic file``.
        remedy: what to do where a column is missing.
        head: names of the columns of a file that has no head; by default they stand in its first line.

    Yields:
        Number of the row's last line, and the wanted fields without spaces around them.

    Raises:
        ScenarioError: a file that cannot be read, lacks a wanted column or has one twice, has a row with more or fewer
            fields than the head, or has no rows.
    """
    source = f"{kind} {path}"
    lines = _lines(path, source)
    number, first = next(lines)
    places = _places(first if head is None else head, columns, source, number, remedy)
    rows = chain([(number, first)], lines) if head is not None else lines
    empty = True
    for number, row in rows:
        empty = False
        yield number, [row[place] for place in places]
    if empty:
        raise ScenarioError(f"{source}: has no rows")


def read_head(path: str | Path, kind: str) -> list[str]:
    """The fields of the first line that is no comment.

    Raises:
        ScenarioError: a file that cannot be read.
    """
    return next(_lines(path, f"{kind} {path}"))[1]


def read_table(path: str | Path, kind: str) -> Iterator[dict[str, str]]:
    """Rows of a CSV file, each as column -> field; otherwise as :func:`read_columns`."""
    head = read_head(path, kind)
    rows = read_columns(path, head, kind, "")
    yield from (dict(zip(head, row, strict=True)) for _, row in rows)


def number_of(text: str) -> float:
    """The number that a field is, in digits with a decimal point; NaN where it is none."""
    return float(text) if NUMBER.fullmatch(text) else math.nan


def shown(text: str) -> str:
    """A field as messages have it, in quotes, and cut where it is long."""
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}...")


def shown_head(head: Sequence[str]) -> str:
    """The names of columns as messages have them."""
    return ", ".join(name[:LONGEST_SHOWN] for name in head if name) or "nothing: it is empty"


def odd_separator(head: Sequence[str]) -> str:
    """What to do where a head of one name is one of several, separated by something else; empty where it is not."""
    mark = re.search(r"[|:^~]|\s", head[0]) if len(head) == 1 else None
    return f"separate columns by commas, semicolons or tabs, not by {mark[0]!r}" if mark else ""


def _lines(path: str | Path, source: str) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of the head, then of every row; all have the same number of fields."""
    stream = io.StringIO(read_text(path, source, MOST_MIB), newline="")
    comments, first = _first_line(stream)
    if said := SEPARATOR_LINE.fullmatch(first):
        comments, separator = comments + 1, said[1]
        reader = csv.reader(stream, delimiter=separator, strict=True)
    else:
        separator = _separator(first)
        reader = csv.reader(chain([first], stream), delimiter=separator, strict=True)
    points = _DecimalPoints(source) if separator != "," else None
    try:
        head = [name.strip() for name in next(reader, [])]
        yield comments + reader.line_num, head
        for row in reader:
            if not row:
                continue
            number, fields = comments + reader.line_num, [field.strip() for field in row]
            if len(row) != len(head):
                raise ScenarioError(_misfit(source, number, len(row), comments + 1, len(head), separator))
            yield number, fields if points is None else points.of_row(number, fields)
    except csv.Error as error:
        line = comments + reader.line_num
        raise ScenarioError(
            f"{source}: line {line} cannot be read as CSV ({error}); mend it, or save it anew"
        ) from error


def _first_line(stream: Iterable[str]) -> tuple[int, str]:
    """How many comments come first, and the line after them."""
    for number, line in enumerate(stream):
        if not line.startswith(COMMENT):
            return number, line
    return 0, ""


def _separator(line: str) -> str:
    """What separates columns, by the first line of them; what is quoted does not count."""
    bare = QUOTED.sub("", line)
    return next((mark for mark in (";", "\t") if mark in bare), ",")


def _misfit(source: str, line: int, found: int, first: int, expected: int, separator: str) -> str:
    comma = separator == "," and found > expected
    hint = "; numbers with decimal commas need columns separated by semicolons, or quotes" if comma else ""
    return f"{source}: line {line} has {found} fields, line {first} has {expected}; make them fit each other{hint}"


class _DecimalPoints:
    """Gives numbers with decimal commas decimal points; a column has either."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._comma: dict[int, int] = {}  # column -> first line with one
        self._point: dict[int, int] = {}

    def of_row(self, line: int, fields: list[str]) -> list[str]:
        """The fields of a line, as numbers are written here."""
        return [self._of_field(line, column, field) for column, field in enumerate(fields)]

    def _of_field(self, line: int, column: int, field: str) -> str:
        match = DECIMAL_COMMA.fullmatch(field)
        if match:
            self._comma.setdefault(column, line)
        elif DECIMAL_POINT.fullmatch(field):
            self._point.setdefault(column, line)
        if column in self._comma and column in self._point:
            raise ScenarioError(
                f"{self._source}: column {column + 1} has a decimal comma on line {self._comma[column]} and a point on "
                f"line {self._point[column]}; write all alike, and thousands without a separator"
            )
        return f"{match[1]}.{match[2]}" if match else field


def _places(head: Sequence[str], columns: Sequence[str], source: str, line: int, remedy: str) -> list[int]:
    """Where in a row the wanted columns stand."""
    missing = [name for name in dict.fromkeys(columns) if name not in head]
    if missing:
        raise ScenarioError(
            f"{source}: line {line} lacks the column {', '.join(missing)}; it has {shown_head(head)} - "
            f"{odd_separator(head) or remedy}"
        )
    twice = [name for name in dict.fromkeys(head) if name and head.count(name) > 1]
    if twice:
        raise ScenarioError(
            f"{source}: line {line} has the column {', '.join(twice)} more than once; rename or drop one"
        )
    return [head.index(name) for name in columns]
