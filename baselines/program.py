"""Programs for solvers: what is minimised over which rows, what it all stands for, and whether a solution is one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from scipy.sparse import csr_array, vstack

from voltran.envs.world import World
from voltran.physics.arrays import BoolArray, FloatArray, IntArray

# By how much solvers miss limits, whole numbers and costs at most, as a share of the numbers that meet there. Theirs
# are tolerances of 1e-6 and less, of scaled programs.
TOLERANCE = 1e-5

# Which place each of a group has, or the places along an axis of a grid: so many, or these.
Places = IntArray | Sequence[int] | Sequence[str]


class Label(NamedTuple):
    """What a group of variables or rows stands for, see :func:`grid` and :func:`listed`.

    Attributes:
        name: of the group.
        axes: names of the axes.
        places: by axis.
        is_grid: whether the group has every combination of places, the last axis running fastest.
    """

    name: str
    axes: tuple[str, ...]
    places: tuple[int | Places, ...]
    is_grid: bool

    def names(self) -> list[str]:
        """A name for each of the group: ``blocks_site_3_band_1``."""
        axes = [range(each) if isinstance(each, int) else np.asarray(each).tolist() for each in self.places]
        combined = product(*axes) if self.is_grid else zip(*axes, strict=True)
        return ["_".join(filter(None, (self.name, *self._said(places)))) for places in combined]

    def _said(self, places: Sequence[object]) -> list[str]:
        return [f"{axis}_{place}" for axis, place in zip(self.axes, places, strict=True)]


def grid(name: str, **axes: int | Places) -> Label:
    """A group that has every combination of places; a single one without axes.

    Args:
        name: of the group.
        **axes: how many places there are along each axis, or which ones.
    """
    return Label(name, tuple(axes), tuple(axes.values()), is_grid=True)


def listed(name: str, **places: Places) -> Label:
    """A group whose members have these places.

    Args:
        name: of the group.
        **places: axis to the place of each there.
    """
    return Label(name, tuple(places), tuple(places.values()), is_grid=False)


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
            row_groups=(*self.row_groups, grid("cost_limit")) if self.row_groups else (),
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


class NamedProgram(NamedTuple):
    """A program that a controller would solve.

    Attributes:
        name: tells it from others of the same controller, such as "modes" and "dispatch".
        program: what it is.
        cost: of what the controller itself would choose; None where it does not say.
    """

    name: str
    program: MixedIntegerProgram
    cost: float | None = None


@runtime_checkable
class PlansByProgram(Protocol):
    """A controller that can say what it would solve now, without doing it."""

    def programs(self, world: World, index: int = 0) -> list[NamedProgram]:
        """What it would solve if it acted now; none where there is nothing to solve.

        Args:
            world: as in ``act``.
            index: which world of the batch.
        """
        ...


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

    def add(self, lower: FloatArray | float, upper: FloatArray | float, count: int, label: Label) -> int:
        """Add ``count`` empty rows; returns the index of the first.

        Args:
            lower, upper: their limits.
            count: how many.
            label: what they stand for.
        """
        first = self._count
        self.lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), count))
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), count))
        self._count += count
        self.groups.append(label)
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
    return [name for group in groups or (grid(word, number=count),) for name in group.names()]
