"""What a site knows: its series, normalised by its own past, and the windows from which something can be learnt."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.load import SiteConfiguration, SiteSeries
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, IntArray

Feature = Literal["throughput", "success", "energy"]
Target = Literal["energy", "throughput"]

HARDWARE_MODELS, BANDS = 4, 3
MOST_CELLS, LARGE_STATIC_KW = 9.0, 5.0
# Number of configuration features, and what they mean; it changes with their meaning.
CONFIGURATION_SIZE, CONFIGURATION_VERSION = HARDWARE_MODELS + BANDS + 2, "hardware4-band3-cells-static-1"


class SiteData(NamedTuple):
    """A site's data; they stay with it.

    Attributes:
        name: of the site.
        inputs: ``[T, F]`` features of each slot, normalised; NaN where nothing was measured.
        target: ``[T]`` what to forecast, normalised alike.
        configuration: ``[C]`` what does not change with time.
        training: ``[n]`` first slots of the windows to learn from.
        test: ``[m]`` first slots of the windows to be judged by; all of their targets come later.
        mean, spread: of the target in the training slots, in its own unit.
    """

    name: str
    inputs: Float32Array
    target: Float32Array
    configuration: Float32Array
    training: IntArray
    test: IntArray
    mean: float
    spread: float


def sites_of(
    series: SiteSeries,
    features: Sequence[Feature],
    target: Target,
    window: int,
    training_slots: int,
    slots_per_day: int,
    names: Sequence[str] | None = None,
) -> list[SiteData]:
    """The sites' data, each normalised by its own training slots.

    Args:
        series: what the sites have measured; NaN where nothing was.
        features: of each slot, in the order in which the network gets them.
        target: what to forecast, for the slot after the window.
        window: slots that a forecast looks back.
        training_slots: slots to learn from; what follows is for tests.
        slots_per_day: slots in 24 hours.
        names: of the sites, for messages; their numbers by default.

    Raises:
        ScenarioError: a site without a window to learn from.
    """
    values = np.stack([columns(series)[name] for name in features], axis=-1)  # [T, U, F]
    mean, spread = statistics(values, training_slots)
    inputs = np.asarray((values - mean) / spread, np.float32)
    wanted = columns(series)[target]
    middle, width = statistics(wanted, training_slots)
    normal = np.asarray((wanted - middle) / width, np.float32)
    fixed = configuration_features(series.configuration)
    sites = []
    for number in range(wanted.shape[1]):
        name = names[number] if names is not None else str(number)
        training, test = window_starts(inputs[:, number], normal[:, number], window, training_slots, slots_per_day)
        if training.size == 0:
            raise ScenarioError(
                f"site {name}: no window of {window} slots and the slot after it are known among its first "
                f"{training_slots} slots; give it more data, choose a shorter window, or leave it out"
            )
        own = (inputs[:, number], normal[:, number], fixed[number], training, test)
        sites.append(SiteData(name, *own, float(middle[number]), float(width[number])))
    return sites


def columns(series: SiteSeries) -> dict[str, FloatArray]:
    """Features by name, each ``[T, U]``; energy per slot is proportional to power."""
    return {"throughput": series.throughput_mbps, "success": series.success_ratio, "energy": series.power_kw}


def statistics(values: FloatArray, training_slots: int) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation over the known training slots (first axis); 1 for what never changes."""
    known = np.isfinite(values[:training_slots])
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values[:training_slots], 0.0)
    mean = filled.sum(axis=0) / count
    spread = np.sqrt((np.where(known, filled - mean, 0.0) ** 2).sum(axis=0) / count)
    return mean, np.where(spread > 1e-9 * np.maximum(np.abs(mean), 1e-12), spread, 1.0)


def configuration_features(configuration: SiteConfiguration) -> Float32Array:
    """Configuration ``[U, C]``, scaled alike everywhere, so that no site needs to know of others."""
    return np.concatenate(
        [
            np.eye(HARDWARE_MODELS)[configuration.hardware],
            np.eye(BANDS)[configuration.band],
            configuration.cells[:, None] / MOST_CELLS,
            configuration.static_power_kw[:, None] / LARGE_STATIC_KW,
        ],
        axis=1,
    ).astype(np.float32)


def known_windows(inputs: Float32Array, window: int) -> BoolArray:
    """Whether the window that begins at each slot is known throughout, ``[T - window + 1]``; empty if T is shorter."""
    known = np.isfinite(inputs).all(axis=1)
    if known.size < window:
        return np.zeros(0, bool)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(known, window).all(axis=1))


def window_starts(
    inputs: Float32Array, target: Float32Array, window: int, training_slots: int, slots_per_day: int
) -> tuple[IntArray, IntArray]:
    """First slots of training and of test windows; for tests the slots that rules would repeat are known, too."""
    starts = np.flatnonzero(known_windows(inputs, window)[:-1])
    starts = starts[np.isfinite(target[starts + window])]
    after = starts + window
    test = (after >= training_slots) & (after >= slots_per_day)
    test &= np.isfinite(target[np.maximum(after - slots_per_day, 0)]) & np.isfinite(target[after - 1])
    return starts[after < training_slots], starts[test]
