"""Panels of a place and what one would expect of them: the sun is known, clouds return to their mean."""

from pathlib import Path

import numpy as np
import pytest

from voltran.envs.energy.generation import draw_clearness, draw_generation, draw_solar, solar_outlook_share
from voltran.envs.energy.source import Panels, Source
from voltran.envs.energy.weather import Weather
from voltran.physics.arrays import FloatArray

PERIOD_H = 0.25
HOUR: FloatArray = (np.arange(96, dtype=np.float64) + 0.5) * PERIOD_H
CLEAR = Weather(clearness_low=1.0)


def test_panels_are_a_solar_source_of_the_same_number() -> None:
    weather = Weather(start_hour=5.0)
    source = Source(source="solar", capacity_kw=4.0)
    sources = draw_generation([source, source], weather, 3, 96, PERIOD_H).available_kw
    for index in range(2):
        found = draw_solar(Panels(capacity_kw=4.0), weather, 3, index, 96, PERIOD_H)
        np.testing.assert_allclose(found.available_kw, sources[:, index], rtol=1e-12)
        assert np.all((found.clearness >= 0.3) & (found.clearness <= 1.0))
    assert not draw_solar(Panels(capacity_kw=0.0), weather, 3, 0, 96, PERIOD_H).available_kw.any()


def test_under_a_clear_sky_the_outlook_is_the_truth() -> None:
    weather = Weather(clearness_low=1.0, start_hour=7.0)
    drawn = draw_solar(Panels(capacity_kw=2.0), weather, 0, 0, 96, PERIOD_H)
    ahead_h = PERIOD_H * np.arange(1.0, 48.0, dtype=np.float64)
    outlook = 2.0 * solar_outlook_share(weather, drawn.clearness[:40], HOUR[:40], ahead_h)
    for period in range(40):
        np.testing.assert_allclose(outlook[period], drawn.available_kw[period + 1 : period + 48], atol=1e-12)


def test_clouds_stay_at_first_and_are_forgotten() -> None:
    weather, noon = Weather(cloud_memory_h=3.0), 12.0
    clear = solar_outlook_share(CLEAR, np.array(1.0), noon, np.array([0.0, 24.0, 48.0]))
    for clearness in (0.3, 0.9):
        outlook = solar_outlook_share(weather, np.array(clearness), noon, np.array([0.0, 24.0, 48.0]))
        np.testing.assert_allclose(outlook / clear, [clearness, 0.65, 0.65], atol=1e-3)
    batch = solar_outlook_share(weather, np.full((2, 3), 0.5), noon, np.array([1.0, 2.0]))
    assert batch.shape == (2, 3, 2)


@pytest.mark.parametrize("ahead", [1, 2, 4])
def test_the_outlook_is_about_the_mean_of_what_comes(ahead: int) -> None:
    """Among episodes whose sky at noon is about the same; a straight line is not quite the mean of the draws."""
    weather, hour = Weather(clearness_low=0.0, cloud_memory_h=3.0), np.arange(24.0)
    clearness = np.stack([draw_clearness(weather, seed, 0, hour) for seed in range(6000)])
    sun = solar_outlook_share(CLEAR, np.array(1.0), 12.0, np.array([float(ahead)]))[0]
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        alike = (clearness[:, 12] >= low) & (clearness[:, 12] < low + 0.2)
        expected = solar_outlook_share(weather, clearness[alike, 12], 12.0, np.array([float(ahead)]))[:, 0].mean() / sun
        assert clearness[alike, 12 + ahead].mean() == pytest.approx(expected, abs=0.04)


def test_a_measured_series_shows_how_clear_the_sky_was(tmp_path: Path) -> None:
    """Half of the clear sky's power: by day that is seen, before it nothing is known, afterwards it is remembered."""
    clear_kw = draw_solar(Panels(), CLEAR, 0, 0, 96, PERIOD_H).available_kw
    path = tmp_path / "panels.csv"
    rows = [f"{period * PERIOD_H},{power_kw / 2.0}" for period, power_kw in enumerate(clear_kw)]
    path.write_text("\n".join(["hour,power", *rows, ""]))
    panels = Panels(source="file", file=str(path), column="power")
    drawn = draw_solar(panels, Weather(), 0, 0, 96, PERIOD_H)
    np.testing.assert_allclose(drawn.available_kw, clear_kw / 2.0)
    np.testing.assert_allclose(drawn.clearness[40:], 0.5)
    assert (drawn.clearness[:12] == 0.65).all()
