"""Draws the pictures of an evaluation."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.files import written_together
from voltran.envs.registry import world_spec
from voltran.evaluation.episodes import Trace
from voltran.evaluation.figure_files import PICTURE_SUFFIX, Families, Picture, drawing
from voltran.evaluation.results import Results


def write_plots(results: Results, folder: Path, families: Families | None = None) -> list[Path]:
    """Draw every picture of the world that the results have data for.

    Args:
        results: what was evaluated; time series are looked for beside it. A picture without data is left out.
        folder: where ``results.json`` lies; pictures are written there.
        families: title to controllers that share a panel where lines would be too many for one.

    Returns:
        The files written, one per picture.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        VoltranError: a picture cannot be written.
    """
    pictures = pictures_of(results, read_traces(results, folder), families)
    drawn = {
        folder / f"{picture.name}{PICTURE_SUFFIX}": drawing(picture.height_in, picture.paint) for picture in pictures
    }
    with written_together() as write:
        for path, content in drawn.items():
            write(path, content)
    return [*drawn]


def pictures_of(results: Results, traces: Mapping[str, Trace], families: Families | None = None) -> list[Picture]:
    """The pictures that a world's declaration names, as far as there are data for them.

    Args:
        results: what was evaluated.
        traces: time series by controller.
        families: title to controllers that share a panel.

    Returns:
        The pictures; none of a world that names none, or is not installed here.
    """
    try:
        pictures = world_spec(results.world).load("pictures")
    except ScenarioError:
        return []
    return pictures(results, traces, families or {}) if pictures else []


def read_traces(results: Results, folder: Path) -> dict[str, Trace]:
    """Time series of the first seed's episodes, by controller; those that were not kept are left out.

    Raises:
        FileFormatError: a file that is corrupt.
    """
    traces = {}
    for label, controller in results.controllers.items():
        path = folder / controller.trace if controller.trace else None
        if path is not None and path.exists():
            try:
                with np.load(path, allow_pickle=False) as arrays:
                    traces[label] = {key: arrays[key] for key in arrays.files}
            except Exception as error:  # whatever a damaged archive makes NumPy raise
                remedy = "delete it and run voltran evaluate again with --resume"
                raise FileFormatError(f"time series {path}: corrupt ({error}); {remedy}") from error
    return traces
