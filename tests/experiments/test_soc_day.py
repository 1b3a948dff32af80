"""[CG] Fig. 3: what is promised comes true where nothing is uncertain, and claims follow from the numbers."""

from typing import Any

import numpy as np
import pytest

from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.soc_day import SocOptions, played_day, soc_day

# Two constant loads, no sun, no wear, hours for slots.
KNOWN: dict[str, Any] = {
    "network": {"sites": [{"infrastructure": 0, "operator": operator, "power_kw": 3.0} for operator in range(2)]},
    "solar.capacity_kw": 0.0,
    "battery.wear_per_cycle": 0.0,
    "time.decision_period_s": 3600.0,
    "time.horizon_h": 48.0,
    "forecast.ahead": [0],
    "forecast.history_days": 2,
}
DRAWN = {**KNOWN, "network": {"infrastructures": 1}, "load.site_noise": 0.5}


def test_what_is_promised_comes_true_where_nothing_is_uncertain() -> None:
    day = played_day("sharing12", KNOWN, "persistence", 3, 1)
    assert day["promised"] == pytest.approx(day["actual"], abs=1e-12)
    assert day["hour"] == list(range(1, 25))
    assert min(day["actual"]) < 0.5 < max(day["actual"])  # something happens
    assert not any(day["fallback_kwh"])


def test_a_day_is_a_piece_of_the_episode() -> None:
    day = played_day("sharing12", DRAWN, "persistence", 3, 1)
    assert day["before"][1:] == day["actual"][:-1]
    assert len(day["actual"]) == len(day["promised"]) == 24
    assert day["promised"] != day["actual"]


def test_errors_are_means_and_claims_follow(tmp_path: Any) -> None:
    options = SocOptions(overrides=DRAWN, forecasts=("persistence",), seed=3)
    found = soc_day(options, Working(tmp_path, 1, lambda text: None))
    actual, promised = (np.array(series.y) for series in found.charts[0].series[:2])
    error = np.abs(actual - promised).mean()
    assert found.values["error_persistence_percent"] == pytest.approx(error)
    floor, accurate = (claim.verdict for claim in found.claims)
    assert (floor == "holds") == bool(actual.min() >= 10.0 - 1e-9)
    assert (accurate == "holds") == bool(error <= 1.0)
