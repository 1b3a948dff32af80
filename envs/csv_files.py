"""The one reader of CSV files: heads and rows that do not fit each other are errors that name the line."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from voltran.envs.errors import ScenarioError


def read_columns(path: str | Path, columns: Sequence[str], kind: str, remedy: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV file in UTF-8, with or without a byte order mark; empty lines are skipped.

    Args:
        path: of the file.
        columns: those that are wanted, in this order.
        kind: what to call the file in messages, such as ``traffic file``.
        remedy: what to do where a column is missing.

    Yields:
        Number of the row's last line, and the wanted fields without spaces around them.

    Raises:
        ScenarioError: a file that cannot be read, lacks a wanted column or has one twice, has a row with more or fewer
            fields than the head, or has no rows.
    """
    source = f"{kind} {path}"
    lines = _lines(path, source)
    _, head = next(lines)
    places = _places(head, columns, source, remedy)
    yield from ((number, [row[place] for place in places]) for number, row in lines)


def read_table(path: str | Path, kind: str) -> Iterator[dict[str, str]]:
    """Rows of a CSV file, each as column -> field; otherwise as :func:`read_columns`."""
    source = f"{kind} {path}"
    lines = _lines(path, source)
    _, head = next(lines)
    _places(head, head, source, "")
    yield from (dict(zip(head, row, strict=True)) for _, row in lines)


def _lines(path: str | Path, source: str) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of the head, then of every row; all have the same number of fields."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)
            head = [name.strip() for name in next(reader, [])]
            yield reader.line_num, head
            empty = True
            for row in reader:
                if not row:
                    continue
                if len(row) != len(head):
                    raise ScenarioError(
                        f"{source}: line {reader.line_num} has {len(row)} fields, line 1 has {len(head)}; make them "
                        "fit each other"
                    )
                empty = False
                yield reader.line_num, [field.strip() for field in row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(f"{source}: cannot be read as CSV ({error})") from error
    if empty:
        raise ScenarioError(f"{source}: has no rows")


def _places(head: Sequence[str], columns: Sequence[str], source: str, remedy: str) -> list[int]:
    """Where in a row the wanted columns stand."""
    missing = [name for name in columns if name not in head]
    if missing:
        present = ", ".join(head) or "nothing"
        raise ScenarioError(f"{source}: line 1 lacks the column {', '.join(missing)}; it has {present} - {remedy}")
    twice = [name for name in dict.fromkeys(head) if name and head.count(name) > 1]
    if twice:
        raise ScenarioError(f"{source}: line 1 has the column {', '.join(twice)} more than once; rename or drop one")
    return [head.index(name) for name in columns]
