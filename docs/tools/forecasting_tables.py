"""Tables of the documentation about forecasters: every key of a configuration."""

from collections.abc import Callable

from docs.tools.training_tables import keys
from voltran.agents.forecasting.settings import ForecastConfig, MeasuredSites, SyntheticSites
from voltran.envs.sharing.load import Load


def forecasting_keys() -> str:
    """Keys of a configuration."""
    return keys(ForecastConfig, [name for name in ForecastConfig.model_fields if name != "data"])


def forecasting_synthetic() -> str:
    """Keys of generated sites."""
    return keys(SyntheticSites, [name for name in SyntheticSites.model_fields if name != "load"])


def forecasting_measured() -> str:
    """Keys of measured sites."""
    return keys(MeasuredSites)


def forecasting_load() -> str:
    """Keys of generated traffic."""
    return keys(Load)


TABLES: dict[str, Callable[[], str]] = {
    made.__name__: made for made in (forecasting_keys, forecasting_synthetic, forecasting_measured, forecasting_load)
}
