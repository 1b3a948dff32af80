"""Measurements at LTE sites as data for forecasters; their power is derived, not measured.

The format ``lte-barcelona``: a CSV file per site with the columns ``time``, ``down`` (bits per two minutes) and
``rb_down`` (share of resource blocks in use) beside others. It is that of the measurements at three LTE sites in
Barcelona that were published for the ITU challenge "Federated Traffic Prediction for 5G and Beyond" (repository
vperifan/Federated-Time-Series-Forecasting). Power follows from ``rb_down`` by the power model of the outage world.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from voltran.agents.forecasting.settings import MeasuredSites
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.errors import ScenarioError
from voltran.envs.series_files import Reading, SeriesFormat, read_series
from voltran.envs.sharing.load import SiteConfiguration, SiteSeries
from voltran.envs.uplink.traffic_files import BARCELONA_WINDOW_S, BITS_PER_MEGABIT
from voltran.physics.power import NORMAL, site_power_kw
from voltran.physics.units import SECONDS_PER_HOUR

READING = Reading(
    kind="traffic file",
    keys="data",
    low=0.0,
    missing_column="rename the columns to those of the format lte-barcelona",
    measured_by="rb_down",
)


def read_measured_sites(data: MeasuredSites) -> Iterator[tuple[str, SiteSeries]]:
    """Name and series of each site, in the order of file names; gaps that are too long to bridge are NaN.

    Raises:
        ScenarioError: no such folder, none with CSV files, or a file that cannot be used.
    """
    files = sorted(Path(data.folder).glob("*.csv"))
    if not files:
        raise ScenarioError(
            f"data.folder = {data.folder!r}: has no CSV files; name the folder that holds a file per site"
        )
    for file in files:
        yield file.stem, _site(file, data)


def _site(file: Path, data: MeasuredSites) -> SiteSeries:
    form = SeriesFormat(fill_gaps_h=data.bridge_h)
    period_s = data.period_h * SECONDS_PER_HOUR
    traffic, use = np.hsplit(read_series(str(file), ["down", "rb_down"], period_s, form, READING).mean, 2)
    idle_kw, full_kw = _idle_and_full_kw()
    one = np.zeros(1, np.int64)
    return SiteSeries(
        throughput_mbps=traffic / BARCELONA_WINDOW_S / BITS_PER_MEGABIT,
        success_ratio=np.full_like(traffic, np.nan),
        power_kw=idle_kw + use * (full_kw - idle_kw),
        configuration=SiteConfiguration(one, one, one + 1, np.array([idle_kw])),
    )


def _idle_and_full_kw() -> tuple[float, float]:
    """Power of a site of the outage world without load and at full load; the model is linear between them."""
    constants = BlackoutConstants(BlackoutScenario(world="blackout_v0", name="site"))
    bands = int(constants.mode_bands[NORMAL])
    capacity_mbps = np.array([band.capacity_mbps for band in constants.scenario.bands])
    nothing = np.zeros(constants.n_bands)
    idle_kw = site_power_kw(NORMAL, bands, nothing, nothing, constants.power)
    return idle_kw, site_power_kw(NORMAL, bands, nothing + 1.0, capacity_mbps, constants.power)
