"""Prices of energy: their mean, spread and peaks are those that are asked for, and days are drawn by the seed."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voltran.envs.energy.tariff import Tariff, draw_prices
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import read_scenario, validated
from voltran.physics.arrays import FloatArray

PERIOD_H = 0.25
DAY = 96


def prices(tariff: Tariff, seed: int = 0, periods: int = DAY, start_hour: float = 0.0) -> FloatArray:
    return draw_prices(tariff, seed, periods, PERIOD_H, start_hour)


def test_a_flat_price_never_changes() -> None:
    assert prices(Tariff(kind="flat", price_eur_per_kwh=0.31), 7).tolist() == [0.31] * DAY


@pytest.mark.parametrize(("mean", "spread"), [(0.28, 0.24), (0.1, 0.4), (0.3, 0.0)])
def test_a_usual_day_has_the_mean_and_the_spread_that_are_asked_for(mean: float, spread: float) -> None:
    day = prices(Tariff(price_eur_per_kwh=mean, spread_eur_per_kwh=spread, daily_variation=0.0))
    assert day.mean() == pytest.approx(mean)
    assert np.ptp(day) == pytest.approx(spread, rel=0.01)
    assert (day.min() < 0.0) == (mean == 0.1)


def test_peaks_stand_where_they_are_asked_for() -> None:
    day = prices(Tariff(morning_h=7.0, evening_h=20.0, daily_variation=0.0))
    hour = (np.arange(DAY) + 0.5) * PERIOD_H
    peaks = hour[(day > np.roll(day, 1)) & (day > np.roll(day, -1))]
    assert peaks == pytest.approx([7.0, 20.0], abs=0.5)
    assert day[hour < 5.0].max() < day.mean() < day[hour > 18.0].max()


def test_prices_depend_on_seed_day_and_time_of_day_alone() -> None:
    tariff = Tariff(daily_variation=0.3)
    week = prices(tariff, 3, 7 * DAY)
    assert np.array_equal(prices(tariff, 3, 7 * DAY), week)
    assert np.array_equal(prices(tariff, 3, 130), week[:130])
    np.testing.assert_allclose(prices(tariff, 3, 2 * DAY, 6.0), week[24 : 24 + 2 * DAY], rtol=1e-12)
    assert not np.array_equal(prices(tariff, 4, DAY), week[:DAY])
    assert not np.array_equal(week[:DAY], week[DAY : 2 * DAY])


def test_days_vary_by_as_much_as_is_asked_for() -> None:
    """Mean and spread of a day are log-normal around those of a usual one, each by itself."""
    days = prices(Tariff(daily_variation=0.2), 0, 2000 * DAY).reshape(2000, DAY)
    mean, spread = days.mean(axis=1), np.ptp(days, axis=1)
    for found in (mean / 0.28, spread / 0.24):
        assert found.mean() == pytest.approx(1.0, abs=0.02)
        assert np.log(found).std() == pytest.approx(0.2, abs=0.02)
    assert abs(np.corrcoef(mean, spread)[0, 1]) < 0.1
    assert np.ptp(prices(Tariff(daily_variation=0.0), 0, 3 * DAY).reshape(3, DAY), axis=0).max() < 1e-12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "free"}, "kind = 'free'"),
        ({"price_eur_per_kwh": -0.1}, "price_eur_per_kwh = -0.1: must lie in"),
        ({"daily_variation": 9.0}, "daily_variation = 9.0: must lie in"),
        ({"evening_h": 24.0}, "evening_h"),
        ({"price_usd_per_kwh": 0.1}, "did you mean 'price_eur_per_kwh'"),
    ],
)
def test_bad_settings_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        validated(Tariff, changes, "tariff")


# --- files ------------------------------------------------------------------------------------------------------------


def day_ahead(folder: Path, days: int = 2, missing: range = range(0)) -> str:
    """EUR/MWh by the hour, below zero at noon, as exchanges publish it: from the evening before on."""
    rows = []
    for hour in range(-2, 24 * days):
        time = datetime(2024, 3, 4) + timedelta(hours=hour)
        if hour not in missing:
            rows.append(f"{time:%Y-%m-%d %H:%M},DE,{-20.0 if time.hour == 12 else 50.0 + hour}")
    path = folder / "prices.csv"
    path.write_text("\n".join(["time,area,price", *rows, ""]))
    return str(path)


def from_file(path: str, **changes: Any) -> Tariff:
    series = {"scale": 0.001, **changes}
    return validated(Tariff, {"kind": "file", "file": path, "column": "price", "series": series}, "tariff")


def test_prices_of_the_day_before_become_retail_prices(tmp_path: Path) -> None:
    hours = np.arange(48.0)
    expected = np.repeat(np.where(hours % 24 == 12, -20.0, 50.0 + hours), 4) / 1000.0
    tariff = from_file(day_ahead(tmp_path))
    np.testing.assert_allclose(prices(tariff, periods=2 * DAY), expected, atol=1e-12)
    np.testing.assert_allclose(prices(tariff, start_hour=6.0), expected[24 : 24 + DAY], atol=1e-12)
    assert np.array_equal(prices(tariff, 1), prices(tariff, 2))
    with_adder = tariff.model_copy(update={"retail_adder_eur_per_kwh": 0.2})
    np.testing.assert_allclose(prices(with_adder), expected[:DAY] + 0.2, atol=1e-12)
    np.testing.assert_allclose(prices(from_file(tariff.file or "", day=1)), expected[DAY:], atol=1e-12)


def test_faulty_files_of_prices_are_named(tmp_path: Path) -> None:
    path = day_ahead(tmp_path)
    with pytest.raises(ScenarioError, match=r"price file .* ends at 2024-03-05 23:00:00 .*add rows, or shorten"):
        prices(from_file(path), periods=2 * DAY + 1)
    with pytest.raises(
        ScenarioError, match=r"nothing for 2 h from 2024-03-04 06:00:00 on .*set series.fill_gaps_h = 2"
    ):
        prices(from_file(day_ahead(tmp_path, missing=range(6, 8))))
    bridged = prices(from_file(day_ahead(tmp_path, missing=range(6, 8)), fill_gaps_h=2))
    np.testing.assert_allclose(bridged[23:33], np.linspace(0.055, 0.058, 10), atol=1e-12)
    with pytest.raises(ScenarioError, match=r"column area = 'DE': must be a number"):
        prices(from_file(path).model_copy(update={"column": "area"}))
    for changes in ({"kind": "file"}, {"file": path}, {"column": "price"}):
        with pytest.raises(ScenarioError, match="go with kind 'file', and with no other"):
            validated(Tariff, changes, "tariff")


def test_the_example_of_the_documentation_loads(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "scenario.md").read_text(encoding="utf-8")
    example, csv = (page.split(f"```{kind}\n")[-1].split("```")[0] for kind in ("yaml", "text"))
    (tmp_path / "prices.csv").write_text(csv)
    (tmp_path / "own.yaml").write_text(example)
    tariff = validated(Tariff, read_scenario(tmp_path / "own.yaml")["tariff"], "tariff")
    np.testing.assert_allclose(prices(tariff, periods=12)[[0, 3, 8, 11]], [0.2412, 0.2412, 0.1765, 0.1765])
