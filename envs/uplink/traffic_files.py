"""Measured traffic from CSV files, averaged over decision periods by time; faults are named by file, line and remedy.

Formats:

- ``long``: columns ``time,region,traffic``; one file, traffic in Mbit/s, any number of regions in any order.
- ``lte-barcelona``: columns ``time``, ``up`` and ``rb_up`` (or ``down`` and ``rb_down``) beside others; one file per
  region, bits per two minutes. Where the use of resource blocks is empty nothing was measured, though ``up`` says 0.
  The format of the measurements at three LTE sites in Barcelona that were published for the ITU challenge "Federated
  Traffic Prediction for 5G and Beyond" (repository vperifan/Federated-Time-Series-Forecasting).

Times are those of :mod:`voltran.envs.series_files`, and rise within each region.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.envs.series_episodes import episode_means, start_s
from voltran.envs.series_files import Reading, Samples, SeriesFormat, read_samples
from voltran.envs.uplink.scenario import Time, TrafficFiles
from voltran.physics.arrays import FloatArray

BARCELONA_WINDOW_S = 120.0
BITS_PER_MEGABIT = 1e6
KEYS = "traffic.files"
READING = Reading(
    "traffic file", KEYS, low=0.0, missing_column="rename the columns, or choose the other traffic.files.format"
)


def read_traffic_mbps(files: TrafficFiles, time: Time) -> FloatArray:
    """Traffic ``[T, region]`` over an episode that begins on a whole day of the files, at ``time.start_h``.

    Args:
        files: what to read. Regions are in the order of their names, cells of a square in that of their numbers.
        time: decision periods.

    Raises:
        ScenarioError: a file that cannot be read, lacks columns, or holds values that are no numbers, negative, out of
            order or too far apart; a day that the files do not hold.
    """
    series = SeriesFormat(time_column="time", zone=files.zone, day=files.day, fill_gaps_h=files.fill_gaps_h)
    if files.format == "long":
        regions = read_samples(_single(files), ["traffic"], series, READING, group_by="region")
        if files.cells == "square":
            regions = _by_number(regions)
        # All regions begin on the first day that is whole for each of them.
        first = [max(regions, key=lambda region: float(region.time_s[0]))] * len(regions)
    else:
        regions = first = [_read_barcelona(path, files.quantity, series) for path in files.paths]
    averaged = []
    for region, reference in zip(regions, first, strict=True):
        begin_s = start_s(reference, series, time.start_h, KEYS)
        averaged.append(episode_means(region, begin_s, time.decisions, time.decision_period_s, series, KEYS))
    return np.stack(averaged, axis=1)


def summed_in_squares(cell_mbps: FloatArray, count: int, source: str) -> FloatArray:
    """Traffic of a square grid of cells, summed to square regions of equal size.

    Source: [FDRAN] Section VII-F, which sums 100 x 100 cells to 5 x 5 regions.

    Args:
        cell_mbps: ``[T, cell]``, row by row from the south-west on.
        count: of regions, a square number.
        source: where the traffic is from, as messages call it.

    Returns:
        ``[T, region]`` in the order of the regions' centres: column by column from the west, each from the south on.

    Raises:
        ScenarioError: the regions do not divide the grid.
    """
    rows, across = round(cell_mbps.shape[1] ** 0.5), round(count**0.5)
    if across**2 != count or rows % across:
        raise ScenarioError(
            f"ues.count = {count}: {rows} x {rows} cells of {source} do not divide among as many square regions; use "
            "the square of a divisor, with ues.placement = regions"
        )
    side = rows // across
    grid = cell_mbps.reshape(len(cell_mbps), across, side, across, side)
    return np.asarray(grid.sum(axis=(2, 4)).transpose(0, 2, 1).reshape(len(cell_mbps), count))


def _by_number(cells: list[Samples]) -> list[Samples]:
    """Cells in the order of their numbers, which must be those of a square grid."""
    numbers = [cell.name.removeprefix("region ") for cell in cells]
    rows = round(len(cells) ** 0.5)
    expected = {str(number) for number in range(1, rows**2 + 1)}
    if rows**2 != len(cells) or set(numbers) != expected:
        odd = sorted(set(numbers) - expected)[:1] or sorted(expected - set(numbers))[:1]
        raise ScenarioError(
            f"{cells[0].source}: {len(cells)} regions are no square grid of cells numbered from 1 on"
            f"{f'; {odd[0]!r} is missing or does not belong there' if odd else ''}; number them so, or use "
            "traffic.files.cells = regions"
        )
    return [cell for _, cell in sorted(zip(map(int, numbers), cells, strict=True), key=lambda pair: pair[0])]


def _single(files: TrafficFiles) -> str:
    if len(files.paths) != 1:
        raise ScenarioError(f"traffic.files.paths = {list(files.paths)}: the long format holds all regions in one file")
    return files.paths[0]


def _read_barcelona(path: str, quantity: str, series: SeriesFormat) -> Samples:
    reading = READING._replace(measured_by=f"rb_{quantity}")
    (samples,) = read_samples(path, [quantity], series, reading)
    value_mbps = samples.value / BARCELONA_WINDOW_S / BITS_PER_MEGABIT
    return replace(samples, name=f"region {Path(path).stem}", value=value_mbps)
