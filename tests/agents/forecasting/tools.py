"""Small sites for tests of forecasters."""

from typing import Any

from voltran.agents.forecasting.data import load_sites
from voltran.agents.forecasting.settings import ForecastConfig
from voltran.agents.forecasting.sites import SiteData
from voltran.envs.scenario import validated


def config(**given: Any) -> ForecastConfig:
    """Six sites, three days by the hour, a tiny network."""
    data = {"kind": "synthetic", "sites": 6, "days": 3, "training_days": 2, "period_h": 1.0, **given.pop("data", {})}
    tiny = {"window": 4, "hidden": 3, "rounds": 3, "local_epochs": 2, "clients_per_round": 3, "batch_size": 8}
    return validated(ForecastConfig, {**tiny, **given, "data": data}, "test")


def sites(**given: Any) -> list[SiteData]:
    """Their data."""
    return load_sites(config(**given))
