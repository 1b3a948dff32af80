"""Programs for solvers: what is minimised over which rows, what it all stands for, and whether a solution is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, vstack

from voltran.physics.arrays import BoolArray, FloatArray, IntArray

# By how much solvers miss limits, whole numbers and costs at most, as a share of the numbers that meet there. Theirs
# are tolerances of 1e-6 and less, of scaled programs.
TOLERANCE = 1e-5

# A number of places, one after the other, or which place each has.
Axis = int | IntArray | Sequence[int] | Sequence[str]


class Label(NamedTuple):
    """What a group of variables or rows stands for.

    Attributes:
        name: of the group.
        axes: name to which place each of the group has there: a list of places, or for a grid how many there are along
            each axis, the last of which runs fastest.
    """

    name: str
    axes: Mapping[str, Axis]

    def names(self) -> list[str]:
        """A name for each of the group: ``blocks_site_3_band_1``."""
        sizes = [axis for axis in self.axes.values() if isinstance(axis, int)]
        if len(sizes) == len(self.axes):
            places = list(product(*map(range, sizes)))
        else:
            places = list(zip(*(np.asarray(axis).tolist() for axis in self.axes.values()), strict=True))
        return ["_".join((self.name, *self._said(place))) for place in places]

    def _said(self, place: Sequence[object]) -> list[str]:
        return [f"{axis}_{at}" if axis else str(at) for axis, at in zip(self.axes, place, strict=True)]


@dataclass(frozen=True)
class MixedIntegerProgram:
    """The least ``costs x`` over ``row_lower <= rows x <= row_upper`` and ``lower <= x <= upper``.

    Attributes:
        costs, lower, upper: ``[variable]``.
        integral: ``[variable]`` True where only whole numbers are allowed.
        rows: ``[row, variable]``.
        row_lower, row_upper: ``[row]``; infinite where a side is free.
        columns, row_groups: what variables and rows stand for, in their order, for those who write them down; empty
            where nobody has said.
    """

    costs: FloatArray
    lower: FloatArray
    upper: FloatArray
    integral: BoolArray
    rows: csr_array
    row_lower: FloatArray
    row_upper: FloatArray
    columns: tuple[Label, ...] = ()
    row_groups: tuple[Label, ...] = ()

    def fixed(self, columns: IntArray, values: FloatArray) -> "MixedIntegerProgram":
        """The program with some variables fixed."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[columns] = upper[columns] = values
        return replace(self, lower=lower, upper=upper)

    def relaxed(self) -> "MixedIntegerProgram":
        """The linear program without the demand for whole numbers."""
        return replace(self, integral=np.zeros_like(self.integral))

    def at_most(self, cost: float) -> "MixedIntegerProgram":
        """The program with one more row: costs up to ``cost``."""
        return replace(
            self,
            rows=vstack([self.rows, csr_array(self.costs[None, :])], format="csr"),
            row_lower=np.append(self.row_lower, -np.inf),
            row_upper=np.append(self.row_upper, cost),
            row_groups=(*self.row_groups, Label("cost_limit", {})) if self.row_groups else (),
        )

    def column_names(self) -> list[str]:
        """A name for each variable."""
        return _names(self.columns, "variable", self.costs.size)

    def row_names(self) -> list[str]:
        """A name for each row."""
        return _names(self.row_groups, "row", self.row_lower.size)

    def fault(self, values: FloatArray, objective: float) -> str:
        """What makes a solution none, in words; empty where it is one.

        Args:
            values: ``[variable]``.
            objective: what it is said to cost.
        """
        if values.shape != self.costs.shape or not np.isfinite(values).all():
            return "values that are no numbers"
        if violates(values, np.abs(values), self.lower, self.upper):
            return "a variable beyond its limits"
        if (np.abs(values - np.rint(values))[self.integral] > TOLERANCE).any():
            return "a part of what comes whole"
        if violates(self.rows @ values, abs(self.rows) @ np.abs(values), self.row_lower, self.row_upper):
            return "a row beyond its limits"
        size = float(np.abs(self.costs) @ np.abs(values))
        if not abs(float(self.costs @ values) - objective) <= TOLERANCE * max(1.0, size):
            return f"costs of {objective}, which are {float(self.costs @ values)}"
        return ""


class Rows:
    """Rows of a program, gathered block by block.

    Attributes:
        lower, upper: limits of each block's rows.
        groups: what each block's rows stand for.
    """

    def __init__(self) -> None:
        self.lower: list[FloatArray] = []
        self.upper: list[FloatArray] = []
        self.groups: list[Label] = []
        self._entries: list[tuple[IntArray, IntArray, FloatArray]] = []
        self._count = 0

    def add(
        self, lower: FloatArray | float, upper: FloatArray | float, count: int, name: str = "row", **axes: Axis
    ) -> int:
        """Add ``count`` empty rows; returns the index of the first.

        Args:
            lower, upper: their limits.
            count: how many.
            name, **axes: what they stand for, see :class:`Label`; numbered without axes.
        """
        first = self._count
        self.lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), count))
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), count))
        self._count += count
        self.groups.append(Label(name, axes or {"": count}))
        return first

    def put(self, row: IntArray | int, column: IntArray | int, value: FloatArray | float) -> None:
        """Add coefficients; several for one place add up."""
        rows, columns, values = np.broadcast_arrays(row, column, np.asarray(value, dtype=np.float64))
        self._entries.append((rows.ravel(), columns.ravel(), values.ravel()))

    def matrix(self, n_columns: int) -> csr_array:
        """All rows, ``[row, variable]``."""
        row, column, value = (np.concatenate(parts) for parts in zip(*self._entries, strict=True))
        kept = value != 0.0
        return csr_array((value[kept], (row[kept], column[kept])), shape=(self._count, n_columns))


def violates(reached: FloatArray, size: FloatArray, lower: FloatArray, upper: FloatArray) -> bool:
    """Whether numbers miss limits by more than what solvers do.

    Args:
        reached: ``[n]``.
        size: ``[n]`` of all that adds up to them.
        lower, upper: ``[n]`` limits.
    """
    allowed = TOLERANCE * np.maximum(size, 1.0)
    return bool(((reached < lower - allowed) | (reached > upper + allowed)).any())


# --- inside -----------------------------------------------------------------------------------------------------------


def _names(groups: Sequence[Label], word: str, count: int) -> list[str]:
    return [name for group in groups or (Label(word, {"": count}),) for name in group.names()]
