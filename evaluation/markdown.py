"""Markdown that all pages share: tables that fit a page, and parts that open on request."""

from collections.abc import Sequence
from pathlib import PurePosixPath

MOST_COLUMNS = 8
PICTURE_WIDTH_PX = 860


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], keys: int, texts: int | None = None, step: int = 1) -> str:
    """A table, or several under each other where it has more than :data:`MOST_COLUMNS` columns.

    Args:
        head: titles of the columns.
        rows: cells.
        keys: how many leading columns say what a row is about; every part repeats them.
        texts: how many leading columns are set to the left; ``keys`` by default.
        step: how many columns belong together and are not parted.
    """
    texts = keys if texts is None else texts
    room = max((MOST_COLUMNS - keys) // step, 1) * step
    starts = range(keys, len(head), room) if len(head) > keys else [keys]
    parts = [[*range(keys), *range(start, min(start + room, len(head)))] for start in starts]
    return "\n".join(_part(head, rows, columns, texts) for columns in parts)


def markdown_row(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |\n"


def markdown_rule(text_columns: int, number_columns: int) -> str:
    """The line under a table's head: text to the left, numbers to the right."""
    return markdown_row(["---"] * text_columns + ["---:"] * number_columns)


def on_request(title: str, content: str) -> str:
    """Content that opens when its title is clicked."""
    return f"<details><summary>{title}</summary>\n\n{content.strip()}\n\n</details>"


def picture_file(path: str) -> str:
    """HTML that shows a picture; its file's name, hyphens as spaces, is what is said where it cannot be seen."""
    return f'<img alt="{PurePosixPath(path).stem.replace("-", " ")}" src="{path}" width="{PICTURE_WIDTH_PX}">'


def _part(head: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int], texts: int) -> str:
    left = sum(column < texts for column in columns)
    lines = [markdown_row([row[at] for at in columns]) for row in rows]
    return "".join([markdown_row([head[at] for at in columns]), markdown_rule(left, len(columns) - left), *lines])
