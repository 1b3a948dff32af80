"""How good forecasts are: errors by site, in units of the standard deviation of the site's training days."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from voltran.agents.forecasting.sites import SiteData
from voltran.physics.arrays import Float32Array, FloatArray


class Score(NamedTuple):
    """Errors of a way to forecast, over sites.

    Attributes:
        mse: least, mean and most of the sites' mean squared errors.
        mae: the same of their mean absolute errors.
        sites: how many.
        forecasts: how many forecasts, of all sites.
    """

    mse: tuple[float, float, float]
    mae: tuple[float, float, float]
    sites: int
    forecasts: int


def score(errors: Sequence[Float32Array]) -> Score:
    """Errors ``[m]`` of each site, in short; sites without test windows do not count."""
    known = [site.astype(np.float64) for site in errors if site.size]
    squared = np.array([(site**2).mean() for site in known])
    absolute = np.array([np.abs(site).mean() for site in known])
    return Score(_spread(squared), _spread(absolute), len(known), sum(site.size for site in known))


def _spread(values: FloatArray) -> tuple[float, float, float]:
    if values.size == 0:
        return (float("nan"),) * 3
    return float(values.min()), float(values.mean()), float(values.max())


def persistence_errors(sites: Sequence[SiteData], window: int) -> list[Float32Array]:
    """Errors where each slot is forecast to be like the one before."""
    return _repeated(sites, window, 1)


def daily_errors(sites: Sequence[SiteData], window: int, slots_per_day: int) -> list[Float32Array]:
    """Errors where each slot is forecast to be like the same slot of the day before."""
    return _repeated(sites, window, slots_per_day)


def _repeated(sites: Sequence[SiteData], window: int, lag: int) -> list[Float32Array]:
    return [site.target[site.test + window - lag] - site.target[site.test + window] for site in sites]
