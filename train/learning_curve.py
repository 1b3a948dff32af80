"""Learning curves: how far runs of several seeds had come after so many decisions, as picture, table and summary."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran import __version__
from voltran.envs.errors import VoltranError
from voltran.envs.files import written_together
from voltran.envs.metric import Interval, Metric
from voltran.evaluation.figure_files import PICTURE_SUFFIX, drawing, heading
from voltran.evaluation.palette import looks
from voltran.evaluation.statistics import CONFIDENCE, t_interval
from voltran.train.training_evaluation import read_evaluations

NAME = "learning_curve"
HEIGHT_IN = 3.6


@dataclass(frozen=True)
class LearningCurve:
    """One metric of evaluations during training, over the decisions before them.

    Attributes:
        metric: which.
        decisions: ``[T]`` of those evaluations that the runs of all seeds have.
        values: seed -> ``[T]``, in the metric's stored unit.
    """

    metric: Metric
    decisions: tuple[int, ...]
    values: Mapping[int, tuple[float, ...]]

    @property
    def means(self) -> list[float]:
        """Over seeds, ``[T]``."""
        return [float(column.mean()) for column in self._columns()]

    @property
    def intervals(self) -> list[Interval | None]:
        """Student's t interval of each mean, cut off where the metric's values end; None of a single seed."""
        low, high = self.metric.bounds
        ends = map(t_interval, self._columns())
        return [interval and (max(interval[0], low), min(interval[1], high)) for interval in ends]

    def _columns(self) -> NDArray[np.float64]:
        return np.array(list(self.values.values()), np.float64).T


def read_curve(files: Mapping[int, Path], metric: Metric) -> LearningCurve:
    """The curve of several runs.

    Args:
        files: seed -> evaluations of its run.
        metric: the one to follow.

    Raises:
        FileFormatError: a file that cannot be read.
        VoltranError: the runs have no evaluation with that metric in common.
    """
    records = {seed: read_evaluations(path) for seed, path in files.items()}
    first, *others = records.values()
    shared = [number for number in first if all(number in other for other in others)]
    decisions = sorted(n for n in shared if all(metric.key in record[n] for record in records.values()))
    if not decisions:
        raise VoltranError(f"learning curve: the runs share no evaluation with {metric.key}; set evaluate_every lower")
    values = {seed: tuple(record[n][metric.key] for n in decisions) for seed, record in records.items()}
    return LearningCurve(metric, tuple(decisions), values)


def write_curve(curve: LearningCurve, folder: Path) -> Path:
    """Write a curve as ``learning_curve.csv``, ``.json`` and ``.svg``.

    Returns:
        The picture.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: a file cannot be written.
    """
    picture = folder / f"{NAME}{PICTURE_SUFFIX}"
    drawn = drawing(HEIGHT_IN, partial(_paint, curve=curve))
    with written_together() as write:
        write(folder / f"{NAME}.csv", _table(curve).encode())
        write(folder / f"{NAME}.json", (json.dumps(_summary(curve), indent=1) + "\n").encode())
        write(picture, drawn)
    return picture


def _table(curve: LearningCurve) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["decisions", "mean", "low", "high", *(f"seed_{seed}" for seed in curve.values)])
    rows = zip(curve.decisions, curve.means, curve.intervals, *curve.values.values(), strict=True)
    writer.writerows([number, mean, *(interval or ("", "")), *values] for number, mean, interval, *values in rows)
    return stream.getvalue()


def _summary(curve: LearningCurve) -> dict[str, Any]:
    points = zip(curve.decisions, curve.means, curve.intervals, strict=True)
    return {
        "voltran_version": __version__,
        "metric": curve.metric.key,
        "seeds": list(curve.values),
        "interval": f"Student's t over seeds, {100 * CONFIDENCE:.0f} %",
        "points": [{"decisions": number, "mean": mean, "interval": interval} for number, mean, interval in points],
        "final": {str(seed): values[-1] for seed, values in curve.values.items()},
    }


def _paint(figure: Any, curve: LearningCurve) -> None:
    axes = figure.subplots()
    look, scale = looks(["policy"])["policy"], curve.metric.scale
    millions = [number / 1e6 for number in curve.decisions]
    for values in curve.values.values():
        axes.plot(millions, scale * np.array(values), color=look.colour, linewidth=0.7, alpha=0.4)
    ends = [interval for interval in curve.intervals if interval is not None]
    if len(ends) == len(millions):
        low, high = (scale * np.array(ends)).T
        axes.fill_between(millions, low, high, color=look.colour, alpha=0.2, linewidth=0)
    axes.plot(millions, scale * np.array(curve.means), color=look.colour, marker=look.marker, markersize=4.0)
    axes.set(xlabel="Decisions (millions)", ylabel=curve.metric.heading)
    count = len(curve.values)
    words = f"Mean of {count} seeds, its 95 % interval, and every seed." if count > 1 else "One seed."
    heading(figure, f"{words} Evaluations during training.")
