"""The one reader of CSV files: heads and rows that do not fit each other are errors that name the line.

Columns are separated by commas; where line 1 has a semicolon or a tab, by that, and a number such as ``3,5`` then has
a decimal comma. Lines before the head that begin with ``#`` are comments.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from voltran.envs.errors import ScenarioError

COMMENT = "#"
DECIMAL_COMMA = re.compile(r"([+-]?\d*),(\d+(?:[eE][+-]?\d+)?)")


def read_columns(
    path: str | Path, columns: Sequence[str], kind: str, remedy: str, head: Sequence[str] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV file in UTF-8, with or without a byte order mark; empty lines are skipped.

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


def _lines(path: str | Path, source: str) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of the head, then of every row; all have the same number of fields."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            comments, first = _first_line(stream)
            separator = next((mark for mark in (";", "\t") if mark in first), ",")
            reader = csv.reader(chain([first], stream), delimiter=separator, strict=True)
            head = [name.strip() for name in next(reader, [])]
            yield comments + reader.line_num, head
            for row in reader:
                if not row:
                    continue
                number = comments + reader.line_num
                if len(row) != len(head):
                    comma = separator == "," and len(row) > len(head)
                    hint = "; decimal commas need columns separated by semicolons" if comma else ""
                    raise ScenarioError(
                        f"{source}: line {number} has {len(row)} fields, line {comments + 1} has {len(head)}; make "
                        f"them fit each other{hint}"
                    )
                yield number, [_with_point(field.strip(), separator) for field in row]
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{source}: cannot be read as CSV ({error}); save it as UTF-8") from error
    except (OSError, csv.Error) as error:
        raise ScenarioError(f"{source}: cannot be read as CSV ({error})") from error


def _first_line(stream: Iterable[str]) -> tuple[int, str]:
    """How many comments come first, and the line after them."""
    for number, line in enumerate(stream):
        if not line.startswith(COMMENT):
            return number, line
    return 0, ""


def _with_point(field: str, separator: str) -> str:
    """A number with a decimal point where it has a decimal comma."""
    match = DECIMAL_COMMA.fullmatch(field) if separator != "," else None
    return f"{match[1]}.{match[2]}" if match else field


def _places(head: Sequence[str], columns: Sequence[str], source: str, line: int, remedy: str) -> list[int]:
    """Where in a row the wanted columns stand."""
    missing = [name for name in dict.fromkeys(columns) if name not in head]
    if missing:
        present = ", ".join(head) or "nothing"
        raise ScenarioError(f"{source}: line {line} lacks the column {', '.join(missing)}; it has {present} - {remedy}")
    twice = [name for name in dict.fromkeys(head) if name and head.count(name) > 1]
    if twice:
        raise ScenarioError(
            f"{source}: line {line} has the column {', '.join(twice)} more than once; rename or drop one"
        )
    return [head.index(name) for name in columns]
