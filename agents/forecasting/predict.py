"""Forecasts for the sharing world: the coming slot of each site, from what was known before it."""

from functools import lru_cache

import numpy as np
import torch

from voltran.agents.forecasting.clients import single_thread
from voltran.agents.forecasting.files import Forecaster, ForecasterMetadata, forecaster_file, load_forecaster
from voltran.agents.forecasting.network import forecast, stacked
from voltran.agents.forecasting.sites import columns, configuration_features, known_windows, statistics
from voltran.envs.errors import ScenarioError
from voltran.envs.files import file_version
from voltran.envs.sharing.load import SiteSeries
from voltran.physics.arrays import Float32Array, FloatArray, IntArray

KEPT_FILES = 4
SAME_PERIOD_H = 1e-6


def next_slot_kw(series: SiteSeries, file: str, training_slots: int, period_h: float) -> FloatArray:
    """Forecast of each slot's power from the slots before it.

    Args:
        series: what the sites have measured.
        file: path of a forecaster, or ``zoo:NAME`` of one that ships with the package.
        training_slots: slots whose statistics normalise each site's data.
        period_h: length of the slots.

    Returns:
        ``[T, U]`` kW; NaN where the window is not full, or not known.

    Raises:
        ScenarioError: no such name; a forecaster of something else or of other slots; a series shorter than its window.
        FileFormatError: a file that is missing, corrupt, truncated, or of another version.
    """
    forecaster = _loaded(file, file_version(forecaster_file(file)))
    metadata = forecaster.metadata
    _require_forecasts(file, metadata, len(series.power_kw), training_slots, period_h)
    values = np.stack([columns(series)[name] for name in metadata.features], axis=-1)
    mean, spread = statistics(values, training_slots)
    inputs = np.asarray((values - mean) / spread, np.float32)
    middle, width = statistics(series.power_kw, training_slots)
    fixed = configuration_features(series.configuration)
    result = np.full(series.power_kw.shape, np.nan)
    for site in range(series.power_kw.shape[1]):
        starts = np.flatnonzero(known_windows(inputs[:, site], metadata.window)[:-1])
        normal = _forecasts(forecaster, inputs[:, site], fixed[site], starts)
        result[starts + metadata.window, site] = middle[site] + width[site] * normal
    return result


def _require_forecasts(
    file: str, metadata: ForecasterMetadata, slots: int, training_slots: int, period_h: float
) -> None:
    if metadata.target != "energy":
        raise ScenarioError(f"forecaster {file}: forecasts {metadata.target}, not energy; choose another file")
    if abs(metadata.period_h - period_h) > SAME_PERIOD_H:
        raise ScenarioError(
            f"forecaster {file}: was trained on slots of {metadata.period_h:g} h, but these last {period_h:g} h; train "
            f"one with data.period_h={period_h:g}, or choose slots as long as the forecaster's"
        )
    if slots <= metadata.window or training_slots <= metadata.window:
        raise ScenarioError(
            f"forecaster {file}: looks back window = {metadata.window} slots, but the series has {slots}, "
            f"{training_slots} of them history; give it more, or choose a forecaster for a shorter window"
        )


def _forecasts(forecaster: Forecaster, inputs: Float32Array, fixed: Float32Array, starts: IntArray) -> FloatArray:
    """Normalised forecasts ``[n]`` of one site; each is the same whatever other windows there are."""
    weights = stacked(forecaster.weights, 1)
    windows = np.lib.stride_tricks.sliding_window_view(inputs, forecaster.metadata.window, axis=0)[starts]
    tensor = torch.from_numpy(np.ascontiguousarray(windows.swapaxes(1, 2)))[None]
    with torch.no_grad(), single_thread():
        configuration = torch.from_numpy(fixed).expand(1, len(starts), -1)
        return np.asarray(forecast(weights, tensor, configuration)[0].numpy(), np.float64)


@lru_cache(maxsize=KEPT_FILES)
def _loaded(file: str, version: tuple[int, ...]) -> Forecaster:
    return load_forecaster(file)
