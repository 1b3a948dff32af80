"""Programs as files that other solvers read: free MPS, and LP, which people can read, too.

OR-Tools could write both, but with six digits: another solver would then solve another program.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from voltran.baselines.program import MixedIntegerProgram
from voltran.envs.errors import FileFormatError
from voltran.envs.files import write_atomically

# What old readers take.
LONGEST_NAME, LONGEST_LINE = 255, 500
COST = "cost"


def require_format(path: Path) -> None:
    """Make sure that a file's ending says in which format it is to be.

    Raises:
        FileFormatError: it says something else.
    """
    if path.suffix.lower() not in FORMATS:
        raise FileFormatError(
            f"{path}: ends in {path.suffix!r}, which is no format of programs; end it in {' or '.join(FORMATS)}"
        )


def write_program(path: Path, program: MixedIntegerProgram, comments: Sequence[str] = ()) -> None:
    """Write a program to the last digit, with names that say what variables and rows are.

    Rows without any limit are left out.

    Args:
        path: ends in ``.mps`` or ``.lp``.
        program: to be minimised.
        comments: lines at the file's beginning.

    Raises:
        FileFormatError: another ending.
        VoltranError: the file cannot be written; an earlier one stays as it was.
    """
    require_format(path)
    mark, lines_of = FORMATS[path.suffix.lower()]
    lines = [*(f"{mark} {comment}" for comment in comments), *lines_of(program)]
    write_atomically(path, "\n".join([*lines, ""]).encode())


# --- inside -----------------------------------------------------------------------------------------------------------


def _mps(program: MixedIntegerProgram) -> Iterator[str]:
    columns, rows = _names(program.column_names()), _names(program.row_names())
    limits = list(zip(rows, program.row_lower.tolist(), program.row_upper.tolist(), strict=True))
    kept = [(row, lower, upper) for row, lower, upper in limits if np.isfinite(lower) or np.isfinite(upper)]
    yield from ("NAME voltran", "ROWS", f" N {COST}")
    for row, lower, upper in kept:
        yield f" {'E' if lower == upper else 'L' if np.isfinite(upper) else 'G'} {row}"
    yield "COLUMNS"
    yield from _mps_columns(program, columns, rows)
    yield "RHS"
    for row, lower, upper in kept:
        yield f" RHS {row} {upper if np.isfinite(upper) else lower!r}"
    yield "RANGES"
    for row, lower, upper in kept:
        if np.isfinite(lower) and np.isfinite(upper) and lower != upper:
            yield f" RANGE {row} {upper - lower!r}"
    yield "BOUNDS"
    for column, lower, upper in zip(columns, program.lower.tolist(), program.upper.tolist(), strict=True):
        yield f" MI BOUND {column}" if np.isinf(lower) else f" LO BOUND {column} {lower!r}"
        yield f" PL BOUND {column}" if np.isinf(upper) else f" UP BOUND {column} {upper!r}"
    yield "ENDATA"


def _mps_columns(program: MixedIntegerProgram, columns: list[str], rows: list[str]) -> Iterator[str]:
    """Column by column what they cost and where they count; those that come whole between markers."""
    free = np.isinf(program.row_lower) & np.isinf(program.row_upper)
    by_column = program.rows.tocsc()
    for whole, group in groupby(range(len(columns)), key=program.integral.tolist().__getitem__):
        if whole:
            yield " MARKER 'MARKER' 'INTORG'"
        for column in group:
            yield f" {columns[column]} {COST} {float(program.costs[column])!r}"
            entries = slice(by_column.indptr[column], by_column.indptr[column + 1])
            for row, value in zip(by_column.indices[entries].tolist(), by_column.data[entries].tolist(), strict=True):
                if not free[row]:
                    yield f" {columns[column]} {rows[row]} {value!r}"
        if whole:
            yield " MARKER 'MARKER' 'INTEND'"


def _lp(program: MixedIntegerProgram) -> Iterator[str]:
    columns, rows = _names(program.column_names()), _names(program.row_names())
    yield "Minimize"
    costs = np.flatnonzero(program.costs)
    yield from _sum(COST, costs.tolist(), program.costs[costs].tolist(), columns, "")
    yield "Subject To"
    start, column_of, value = program.rows.indptr.tolist(), program.rows.indices.tolist(), program.rows.data.tolist()
    for row, (lower, upper) in enumerate(zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)):
        entries = slice(start[row], start[row + 1])
        for name, limit in _sides(rows[row], lower, upper):
            yield from _sum(name, column_of[entries], value[entries], columns, limit)
    yield "Bounds"
    for column, lower, upper in zip(columns, program.lower.tolist(), program.upper.tolist(), strict=True):
        yield f" {_limit(lower)} <= {column} <= {_limit(upper)}"
    whole = [name for name, integral in zip(columns, program.integral.tolist(), strict=True) if integral]
    if whole:
        yield from ("General", *(f" {name}" for name in whole))
    yield "End"


def _sides(row: str, lower: float, upper: float) -> Iterator[tuple[str, str]]:
    """The name and the limit of each side; readers do not agree on rows with two."""
    two = np.isfinite(lower) and np.isfinite(upper)
    if lower == upper:
        yield row, f" = {upper!r}"
        return
    if np.isfinite(upper):
        yield row, f" <= {upper!r}"
    if np.isfinite(lower):
        yield (f"{row}_least" if two else row), f" >= {lower!r}"


def _sum(name: str, places: list[int], values: list[float], columns: list[str], limit: str) -> Iterator[str]:
    """A sum of terms in lines that are not too long; of nothing, it is zero times something."""
    line = f" {name}:"
    for place, value in zip(places, values, strict=True) if places else [(0, 0.0)]:
        term = f" {'-' if value < 0.0 else '+'} {abs(value)!r} {columns[place]}"
        if len(line) + len(term) > LONGEST_LINE:
            yield line
            line = " "
        line += term
    yield line + limit


def _limit(value: float) -> str:
    return repr(value) if np.isfinite(value) else ("-inf" if value < 0.0 else "+inf")


def _names(names: list[str]) -> list[str]:
    """Names as formats take them; one that came twice would make one of two."""
    shortened = [name[:LONGEST_NAME] for name in names]
    assert len(set(shortened)) == len(shortened), "every variable and every row has a name of its own"
    return shortened


# File ending -> what begins a line of comment, and the lines of a program.
FORMATS: dict[str, tuple[str, Callable[[MixedIntegerProgram], Iterator[str]]]] = {
    ".mps": ("*", _mps),
    ".lp": ("\\", _lp),
}
