"""How things are timed, and what a benchmark hands to the report."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Timing:
    """Medians over repeats of the time of one call, and how many repeats there were."""

    cpu_s: float
    wall_s: float
    repeats: int

    def per(self, count: float) -> "Timing":
        """Time of one of ``count`` things done in a call."""
        return Timing(self.cpu_s / count, self.wall_s / count, self.repeats)

    def rates(self, count: float = 1.0) -> tuple[float, float]:
        """How many of ``count`` things done in a call are done in a second of CPU and of wall time."""
        return count / self.cpu_s, count / self.wall_s


class Stopwatch:
    """Adds up the CPU and wall time of the blocks it is entered for."""

    def __init__(self) -> None:
        self.cpu_s = self.wall_s = 0.0
        self.calls = 0

    def __enter__(self) -> "Stopwatch":
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: Any) -> None:
        self.cpu_s += time.process_time() - self._cpu
        self.wall_s += time.perf_counter() - self._wall
        self.calls += 1

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time added."""

        def timed(*arguments: Any, **options: Any) -> Any:
            with self:
                return function(*arguments, **options)

        return timed


def timed(action: Callable[[], Any], repeats: int, prepare: Callable[[], Any] | None = None) -> Timing:
    """Time an action; its first call, which may compile kernels, is not counted.

    Args:
        action: what to time.
        repeats: calls that count.
        prepare: done before each call, and not counted.
    """
    samples = []
    for _ in range(repeats + 1):
        if prepare is not None:
            prepare()
        watch = Stopwatch()
        with watch:
            action()
        samples.append(watch)
    counted = samples[1:]
    return Timing(median(watch.cpu_s for watch in counted), median(watch.wall_s for watch in counted), repeats)


@dataclass(frozen=True)
class Aim:
    """A figure that we want to reach; ``value`` and ``limit`` are in ``unit`` and measured in CPU time."""

    name: str
    value: float
    limit: float
    unit: str
    at_most: bool

    @property
    def is_met(self) -> bool:
        """Whether the figure is reached."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit


@dataclass
class Section:
    """One table of the report, with the aims that it answers."""

    title: str
    text: str
    head: list[str]
    rows: list[list[str]] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)


def number(value: float) -> str:
    """A figure with three significant digits, thousands apart."""
    if value >= 1000.0:
        digits = max(len(f"{value:.0f}") - 3, 0)
        return f"{round(value, -digits):,.0f}".replace(",", " ")
    return f"{value:#.3g}".rstrip(".")
