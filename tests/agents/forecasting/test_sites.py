"""Sites' data: normalised by their own past, windows that end where something is missing."""

from pathlib import Path

import numpy as np
import pytest

from tests.agents.forecasting.tools import config, sites
from voltran.agents.forecasting.data import synthetic_series
from voltran.agents.forecasting.settings import SyntheticSites
from voltran.agents.forecasting.sites import configuration_features, sites_of, statistics
from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.load import SiteConfiguration, SiteSeries
from voltran.physics.arrays import FloatArray

NO_NUMBERS = np.zeros(1, np.int64)


def series(power_kw: FloatArray) -> SiteSeries:
    """One site with a power, whose other measurements never change."""
    column = power_kw[:, None]
    known = SiteConfiguration(NO_NUMBERS, NO_NUMBERS, NO_NUMBERS + 3, np.ones(1))
    return SiteSeries(np.ones_like(column), np.ones_like(column), column, known)


def test_training_slots_have_mean_zero_and_spread_one() -> None:
    drawn = synthetic_series(SyntheticSites(sites=6, days=3, training_days=2, period_h=1.0))
    for number, site in enumerate(sites(features=["throughput", "energy"])):
        assert site.target[:48].mean() == pytest.approx(0.0, abs=1e-5)
        assert site.target[:48].std() == pytest.approx(1.0, abs=1e-5)
        assert site.inputs[:, 1] == pytest.approx(site.target)
        assert site.mean + site.spread * site.target == pytest.approx(drawn.power_kw[:, number], rel=1e-5)
        assert site.inputs[:48].mean(axis=0) == pytest.approx([0.0, 0.0], abs=1e-5)


def test_what_comes_after_training_changes_nothing_before() -> None:
    power_kw = np.sin(np.arange(60.0))
    changed = np.where(np.arange(60) < 40, power_kw, 100.0)
    first, second = (sites_of(series(kw), ["energy"], "energy", 4, 40, 24)[0] for kw in (power_kw, changed))
    assert (first.inputs[:40] == second.inputs[:40]).all()
    assert (first.training == second.training).all()


def test_targets_of_training_come_before_those_of_tests() -> None:
    site = sites_of(series(np.sin(np.arange(72.0))), ["energy"], "energy", 5, 48, 24)[0]
    assert (site.training == np.arange(43)).all()
    assert (site.test == np.arange(43, 67)).all()


def test_windows_break_where_something_is_missing() -> None:
    power_kw = np.sin(np.arange(72.0))
    power_kw[[10, 60]] = np.nan
    site = sites_of(series(power_kw), ["energy"], "energy", 5, 48, 24)[0]
    touched = {start for start in range(67) if {10, 60} & set(range(start, start + 6))}
    assert set(site.training.tolist()) == set(range(43)) - touched
    assert set(site.test.tolist()) == set(range(43, 67)) - touched


def test_tests_need_the_slot_of_the_day_before() -> None:
    power_kw = np.sin(np.arange(72.0))
    power_kw[30] = np.nan
    site = sites_of(series(power_kw), ["energy"], "energy", 2, 48, 24)[0]
    assert 54 - 2 not in site.test.tolist()
    assert {53 - 2, 55 - 2} <= set(site.test.tolist())


def test_a_site_without_data_is_named() -> None:
    power_kw = np.full(72, np.nan)
    power_kw[50:] = 1.0
    with pytest.raises(ScenarioError, match=r"site north: no window of 4 slots .* among its first 48 slots"):
        sites_of(series(power_kw), ["energy"], "energy", 4, 48, 24, names=["north"])
    with pytest.raises(ScenarioError, match="site 0: no window of 48 slots"):
        sites(window=48)


def test_what_never_changes_stays_finite() -> None:
    mean, spread = statistics(np.full((10, 2), 7.0), 5)
    assert (mean == 7.0).all()
    assert (spread == 1.0).all()


def test_the_configuration_is_scaled_without_knowing_others() -> None:
    known = SiteConfiguration(np.array([2, 0]), np.array([1, 2]), np.array([9, 3]), np.array([5.0, 2.5]))
    own = SiteConfiguration(np.array([0]), np.array([2]), np.array([3]), np.array([2.5]))
    together, alone = configuration_features(known), configuration_features(own)
    assert together[0] == pytest.approx([0, 0, 1, 0, 0, 1, 0, 1, 1])
    assert (together[1] == alone[0]).all()


def test_measured_power_takes_the_place_of_what_is_drawn(tmp_path: Path) -> None:
    power_kw = 3.0 + np.sin(np.arange(72.0))
    rows = [f"{hour},{value},{2.0 * value}" for hour, value in enumerate(power_kw)]
    (tmp_path / "load.csv").write_text("\n".join(["hour,north,south", *rows]) + "\n", encoding="utf-8")
    data = {"sites": 2, "load": {"measured": {"file": str(tmp_path / "load.csv")}}}
    north, south = sites(features=["energy"], clients_per_round=2, data=data)
    assert north.mean + north.spread * north.target == pytest.approx(power_kw, rel=1e-5)
    assert south.mean == pytest.approx(2.0 * north.mean)
    with pytest.raises(ScenarioError, match=r"features = .* data\.load\.measured tells power alone"):
        sites(features=["throughput", "energy"], clients_per_round=2, data=data)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"features": ["energy", "energy"]}, "name each once"),
        ({"features": []}, "features"),
        ({"features": ["weather"]}, "features"),
        ({"data": {"training_days": 3}}, "training_days = 3 must be below days = 3"),
        ({"data": {"kind": "lte-barcelona"}}, "data"),
        ({"data": {"period_h": 0.7}}, "whole number of slots"),
        ({"data": {"period_h": 0}}, "period_h"),
        ({"windows": 4}, "did you mean 'window'"),
    ],
)
def test_configurations_that_mean_nothing_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        config(**given)
