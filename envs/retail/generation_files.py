"""Measured or planned generation from CSV files; faults are named by file, line and remedy.

A file has a column ``hour`` (time since the episode's start, rising from 0 in steps of one decision period) and one per
retailer, in kW.
"""

import csv
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import ScenarioError
from voltran.envs.retail.scenario import Retailer

FloatArray = NDArray[np.float64]

TIME_COLUMN = "hour"
TIME_TOLERANCE_H = 1e-6


def read_generation_kw(retailer: Retailer, periods: int, period_h: float) -> FloatArray:
    """Generation ``[periods]`` of one retailer.

    Args:
        retailer: names the file and its column; generation above its ``capacity_kw`` is an error.
        periods: decision periods of an episode.
        period_h: length of one.

    Raises:
        ScenarioError: a file that cannot be read, lacks a column or rows, is not in steps of the decision period, or
            holds values that are no numbers, negative or above the capacity.
    """
    path, column = str(retailer.file), str(retailer.column)
    hour, power_kw = _columns(path, column)
    if len(hour) < periods:
        raise ScenarioError(
            f"generation file {path}: {len(hour)} rows; an episode has {periods} decision periods of {period_h:g} h: "
            "add rows, or shorten time.horizon_h"
        )
    off = np.abs(np.array(hour) - np.arange(len(hour)) * period_h) > TIME_TOLERANCE_H
    if off.any():
        row = int(np.argmax(off))
        raise ScenarioError(
            f"generation file {path}, line {row + 2}: {TIME_COLUMN} = {hour[row]:g}, expected {row * period_h:g}: rows "
            f"must start at 0 and follow each other by the decision period of {period_h:g} h; resample the file"
        )
    values = np.array(power_kw[:periods])
    if (values > retailer.capacity_kw).any():
        row = int(np.argmax(values > retailer.capacity_kw))
        raise ScenarioError(
            f"generation file {path}, line {row + 2}: {column} = {values[row]:g} kW is above capacity_kw = "
            f"{retailer.capacity_kw:g}; raise the capacity, or mend the file (its unit is kW)"
        )
    return values


def _columns(path: str, column: str) -> tuple[list[float], list[float]]:
    try:
        with Path(path).open(newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(f"generation file {path}: cannot be read ({error})") from error
    known = list(rows[0]) if rows else []
    for wanted in (TIME_COLUMN, column):
        if wanted not in known:
            raise ScenarioError(
                f"generation file {path}: no column {wanted!r}; its columns: {', '.join(known) or 'none'}"
            )
    hour = [_number(path, line, TIME_COLUMN, row[TIME_COLUMN]) for line, row in enumerate(rows, start=2)]
    power_kw = [_number(path, line, column, row[column]) for line, row in enumerate(rows, start=2)]
    return hour, power_kw


def _number(path: str, line: int, column: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0.0:
        raise ScenarioError(f"generation file {path}, line {line}: {column} = {text!r}: give a number of at least 0")
    return value
