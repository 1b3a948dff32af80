"""One row of a comparison of forecasters, as JSON: what takes long in it, and nothing else."""

from typing import Any

from voltran.agents.forecasting.data import load_sites
from voltran.agents.forecasting.rivals import WAYS, Bench
from voltran.agents.forecasting.scores import score
from voltran.agents.forecasting.settings import ForecastConfig


def forecast_row(way: str, config: dict[str, Any]) -> dict[str, Any]:
    """Errors of one way to forecast: least, mean and most over sites, ``mse`` and ``mae``.

    Args:
        way: its name, see :data:`~voltran.agents.forecasting.rivals.WAYS`.
        config: a :class:`~voltran.agents.forecasting.settings.ForecastConfig` as JSON.

    Raises:
        ScenarioError: data that cannot be used.
        VoltranError: training diverged.
    """
    settings = ForecastConfig.model_validate(config)
    found = score(WAYS[way](Bench(settings, load_sites(settings))))
    return {"mse": list(found.mse), "mae": list(found.mae), "sites": found.sites, "forecasts": found.forecasts}
