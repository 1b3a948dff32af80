"""The calibration: the recorded fit is the one in use, it can be made again, and the search ends where it should."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from voltran.envs.blackout.equipment import Power
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.registry import make_world
from voltran.envs.scenario import read_scenario, scenario_names
from voltran.experiments import calibration
from voltran.experiments.calibration import Fit, recorded_fit


def test_scenarios_use_the_recorded_fit() -> None:
    """All outages but toy3, whose round numbers are for working things out by hand."""
    fit = recorded_fit()
    outages = {name for name in scenario_names() if read_scenario(name)["world"] == "blackout_v0"} - {"toy3"}
    assert outages
    for name in outages:
        scenario = make_world(name).scenario
        assert isinstance(scenario, BlackoutScenario)
        assert scenario.power.static_multiplier == fit.static_multiplier == Power().static_multiplier
        assert scenario.power.dynamic_multiplier == fit.dynamic_multiplier == Power().dynamic_multiplier


def test_the_recorded_error_is_that_of_the_recorded_survival() -> None:
    fit = recorded_fit()
    paper = {"urban19-light": 3.2, "urban19-medium": 2.5, "urban19-heavy": 1.8}  # [MSRC] Table II
    squares = [((fit.survival_h[name] - hours) / hours) ** 2 for name, hours in paper.items()]
    assert fit.error == pytest.approx((sum(squares) / 3) ** 0.5, abs=1e-12)


@pytest.mark.slow
def test_the_recorded_fit_can_be_made_again() -> None:
    fit = recorded_fit()
    found = calibration.evaluate_multipliers(fit.static_multiplier, fit.dynamic_multiplier)
    assert found.survival_h == pytest.approx(fit.survival_h, abs=1e-9)
    assert found.error == pytest.approx(fit.error, abs=1e-9)


def test_survival_is_the_mean_over_the_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two episodes of seven sites in one batch, against each of them alone."""
    monkeypatch.setattr(calibration, "PAPER_SURVIVAL_H", {"urban7-medium": 2.5})
    both, first, second = (calibration.evaluate_multipliers(1.3, 1.0, seeds) for seeds in ([3, 4], [3], [4]))
    hours = [fit.survival_h["urban7-medium"] for fit in (first, second)]
    assert hours[0] != hours[1]
    assert both.survival_h["urban7-medium"] == pytest.approx(sum(hours) / 2)
    assert both.error == pytest.approx(abs(sum(hours) / 2 - 2.5) / 2.5)


@pytest.mark.parametrize("minimum", [(0.86, 1.2), (1.0, 1.0), (1.34, 0.62), (0.58, 1.56)])
def test_the_search_ends_at_the_minimum(minimum: tuple[float, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """A valley that runs across the grid, with its lowest point on the fine one: known without any search."""

    def valley(static: float, dynamic: float, seeds: Sequence[int]) -> Fit:
        across, along = static - minimum[0], dynamic - minimum[1]
        return Fit(static, dynamic, {}, across**2 + along**2 + 0.8 * across * along)

    monkeypatch.setattr(calibration, "evaluate_multipliers", valley)
    tried: list[Fit] = []
    best = calibration.calibrate(tried.append, [0])
    assert (best.static_multiplier, best.dynamic_multiplier) == pytest.approx(minimum)
    assert best.error == pytest.approx(0.0, abs=1e-12)
    assert (tried[0].static_multiplier, tried[0].dynamic_multiplier) == (1.0, 1.0)
    # The last round is the fine grid around the best pair, which is not tried again itself.
    offsets = {
        (round((fit.static_multiplier - minimum[0]) / 0.02), round((fit.dynamic_multiplier - minimum[1]) / 0.02))
        for fit in tried[-24:]
    }
    assert offsets == {(i, j) for i in range(-2, 3) for j in range(-2, 3)} - {(0, 0)}


def test_a_fit_is_recorded_with_what_it_was_fitted_to(tmp_path: Path) -> None:
    fit = replace(recorded_fit(), static_multiplier=0.5)
    calibration.save_fit(fit, tmp_path / "runs" / "fit.yaml")
    record = yaml.safe_load((tmp_path / "runs" / "fit.yaml").read_text(encoding="utf-8"))
    assert record["static_multiplier"] == 0.5
    assert record["survival_h"] == fit.survival_h
    assert record["paper_survival_h"] == {"urban19-light": 3.2, "urban19-medium": 2.5, "urban19-heavy": 1.8}
    assert record["seeds"] == 20
    calibration.save_fit(fit, tmp_path / "runs" / "fit.yaml", [0])
    assert yaml.safe_load((tmp_path / "runs" / "fit.yaml").read_text(encoding="utf-8"))["seeds"] == 1
