"""The sites that a configuration names, with their data."""

from typing import Any

import numpy as np

from voltran.agents.forecasting.measured_sites import read_measured_sites
from voltran.agents.forecasting.settings import ForecastConfig, SyntheticSites
from voltran.agents.forecasting.sites import SiteData, sites_of
from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.load import SiteSeries, SiteTable, draw_load
from voltran.envs.sharing.load_files import read_load_kw
from voltran.physics.units import HOURS_PER_DAY


def load_sites(config: ForecastConfig) -> list[SiteData]:
    """Data of all sites, each normalised by itself.

    Raises:
        ScenarioError: a file that cannot be used, a site without data, or a feature that is not measured.
    """
    data = config.data
    day = round(HOURS_PER_DAY / data.period_h)
    how: dict[str, Any] = {
        "features": config.features, "target": config.target, "window": config.window, "slots_per_day": day,
    }  # fmt: skip
    if isinstance(data, SyntheticSites):
        if data.load.measured is not None and set(config.features) != {"energy"}:
            raise ScenarioError(
                f"features = {list(config.features)}: data.load.measured tells power alone, not the traffic with it; "
                "set features=[energy]"
            )
        return sites_of(synthetic_series(data), training_slots=data.training_days * day, **how)
    if "success" in config.features:
        raise ScenarioError(
            f"features = {list(config.features)}: these measurements have no success ratio; leave success out"
        )
    sites = []
    for name, series in read_measured_sites(data):
        training_slots = round(data.training_share * len(series.power_kw))
        sites += sites_of(series, training_slots=training_slots, names=[name], **how)
    return sites


def synthetic_series(data: SyntheticSites) -> SiteSeries:
    """Series of the synthetic sites, with measured power where the load has a file of it.

    Raises:
        ScenarioError: such a file that cannot be used.
    """
    number = np.arange(data.sites)
    table = SiteTable(number % data.operators, number // data.operators)
    slots = round(data.days * HOURS_PER_DAY / data.period_h)
    series = draw_load(data.load, table, data.seed, slots, data.period_h, 0.0)
    if data.load.measured is None:
        return series
    return series._replace(power_kw=read_load_kw(data.load.measured, data.sites, slots, data.period_h, 0.0, 0.0))
