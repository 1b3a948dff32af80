"""Measurements in the format lte-barcelona: means of slots, gaps, and power that follows from them."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from voltran.agents.forecasting.data import load_sites
from voltran.agents.forecasting.measured_sites import read_measured_sites
from voltran.agents.forecasting.rivals import Bench
from voltran.agents.forecasting.settings import ForecastConfig, MeasuredSites, read_forecast_config
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.errors import ScenarioError
from voltran.physics.power import NORMAL, site_power_kw

ROW = timedelta(minutes=2)
BEGIN = datetime(2018, 3, 1)


def write(path: Path, rows: int, skip: tuple[int, int] = (0, 0), phase: float = 0.0) -> None:
    """Rows of two minutes with a day's wave, without some of them."""
    lines = ["time,down,up,rb_down,rb_up"]
    for row in range(rows):
        if skip[0] <= row < skip[1]:
            continue
        wave = 0.3 + 0.2 * np.sin(2 * np.pi * row / 720 + phase)
        lines.append(f"{BEGIN + row * ROW},{wave * 1.2e9},0,{wave},0")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def data(folder: Path) -> MeasuredSites:
    return MeasuredSites(folder=str(folder), period_h=0.25)


def settings(folder: Path, **given: object) -> ForecastConfig:
    return read_forecast_config("lte", {"data.folder": str(folder), "rounds": 1, "clients_per_round": 2, **given})


def test_slots_are_means_and_power_follows_the_use_of_blocks(tmp_path: Path) -> None:
    write(tmp_path / "north.csv", 720)
    [(name, series)] = read_measured_sites(data(tmp_path))
    assert name == "north"
    assert series.throughput_mbps.shape == (96, 1)
    wave = 0.3 + 0.2 * np.sin(2 * np.pi * np.arange(720) / 720)
    assert series.throughput_mbps.mean() == pytest.approx(10.0 * wave.mean(), rel=1e-6)
    constants = BlackoutConstants(BlackoutScenario(world="blackout_v0", name="site"))
    use = series.throughput_mbps[40, 0] / 10.0
    capacity_mbps = np.array([band.capacity_mbps for band in constants.scenario.bands])
    bands = int(constants.mode_bands[NORMAL])
    expected_kw = site_power_kw(NORMAL, bands, np.full(len(capacity_mbps), use), use * capacity_mbps, constants.power)
    assert series.power_kw[40, 0] == pytest.approx(expected_kw, rel=1e-9)


def test_short_gaps_are_bridged_and_long_ones_break_windows(tmp_path: Path) -> None:
    write(tmp_path / "bridged.csv", 1440, skip=(300, 315))
    write(tmp_path / "gap.csv", 1440, skip=(300, 360))
    bridged, gap = (series.power_kw[:, 0] for _, series in read_measured_sites(data(tmp_path)))
    assert np.isfinite(bridged).all()
    assert np.flatnonzero(np.isnan(gap)).tolist() == list(range(40, 48))
    sites = load_sites(settings(tmp_path, **{"data.training_share": 0.6}))
    assert len(sites[1].training) < len(sites[0].training)


def test_sites_of_unequal_length_train_together(tmp_path: Path) -> None:
    write(tmp_path / "long.csv", 3 * 720)
    write(tmp_path / "short.csv", 2 * 720, phase=1.0)
    own = settings(tmp_path)
    errors = Bench(own, load_sites(own)).federated()
    assert [np.isfinite(each).all() and each.size > 0 for each in errors] == [True, True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "has no CSV files"),
        ("time,down\n2018-03-01 00:00:00,1\n", "rb_down"),
        ("time,down,rb_down\n2018-03-01 00:00:00,-1,0.1\n", "must be a number of at least 0"),
        ("time,down,rb_down\n2018-03-01 00:00:00,1,0.1\n2018-03-01 00:02:00,1,0.1\n", "site north: no window"),
    ],
)
def test_folders_without_such_measurements_are_refused(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "north.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ScenarioError, match=message):
        load_sites(settings(tmp_path))


def test_there_is_no_success_ratio(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"features = .*: these measurements have no success ratio; leave"):
        load_sites(settings(tmp_path, features=["throughput", "success"]))
