"""Measured or planned generation from CSV files; faults are named by file, line and remedy.

A file has a column ``hour`` (time since the episode's start, rising from 0 in steps of one decision period) and one per
source, in kW.
"""

import math
from collections.abc import Iterator

import numpy as np

from voltran.envs.csv_files import read_columns
from voltran.envs.energy.source import Source
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import FloatArray

TIME_COLUMN = "hour"
TIME_TOLERANCE_H = 1e-6


def read_generation_kw(source: Source, periods: int, period_h: float) -> FloatArray:
    """Generation ``[periods]`` of one source.

    Args:
        source: names the file and its column; generation above its ``capacity_kw`` is an error.
        periods: decision periods of an episode.
        period_h: length of one.

    Raises:
        ScenarioError: a file that cannot be read, lacks a column or rows, has heads and rows that do not fit
            each other, is not in steps of the decision period, or
            holds values that are no numbers, negative or above the capacity.
    """
    path, column = str(source.file), str(source.column)
    values = []
    for index, (line, hour, power_kw) in enumerate(_rows(path, column)):
        if abs(hour - index * period_h) > TIME_TOLERANCE_H:
            raise ScenarioError(
                f"generation file {path}, line {line}: {TIME_COLUMN} = {hour:g}, expected {index * period_h:g}: rows "
                f"must start at 0 and follow each other by the decision period of {period_h:g} h; resample the file"
            )
        if index < periods and power_kw > source.capacity_kw:
            raise ScenarioError(
                f"generation file {path}, line {line}: {column} = {power_kw:g} kW is above capacity_kw = "
                f"{source.capacity_kw:g}; raise the capacity, or mend the file (its unit is kW)"
            )
        values.append(power_kw)
    if len(values) < periods:
        raise ScenarioError(
            f"generation file {path}: {len(values)} rows; an episode has {periods} decision periods of {period_h:g} h: "
            "add rows, or shorten time.horizon_h"
        )
    return np.array(values[:periods])


def _rows(path: str, column: str) -> Iterator[tuple[int, float, float]]:
    """Line, hour and power of every row."""
    remedy = "name another column, or rename one"
    for line, (hour, power_kw) in read_columns(path, (TIME_COLUMN, column), "generation file", remedy):
        yield line, _number(path, line, TIME_COLUMN, hour), _number(path, line, column, power_kw)


def _number(path: str, line: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0.0:
        raise ScenarioError(f"generation file {path}, line {line}: {column} = {text!r}: give a number of at least 0")
    return value
