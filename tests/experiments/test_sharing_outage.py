"""Sharing and then an outage: what is stored is what the world held, and more of it lives longer."""

from typing import Any

import numpy as np
import pytest

from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.outage import OutageOptions, outage
from voltran.experiments.collective.stored_energy import stored_at, survival_h

SHORT: dict[str, Any] = {"network.infrastructures": 2, "time.horizon_h": 3.0, "forecast.history_days": 2}
THREE = {"battery.discharge_efficiency": 0.8}


def test_what_is_stored_is_what_the_world_held() -> None:
    found = stored_at("sharing12", SHORT, "tariff-threshold", 4, (1.0, 2.5))
    world = make_world("sharing12", 1, SHORT)
    world.reset([4])
    soc = []
    for slot in range(10):  # at night power is cheap, so that the rule charges all it can
        world.step({"operator": np.full((1, 6), 2)})
        if slot in (3, 9):
            soc.append(world.trace()["soc"][-1].tolist())
    assert found["soc"] == soc
    assert found["unserved_kwh"] == 0.0


def test_more_energy_lives_longer() -> None:
    hours = [survival_h("toy3", THREE, "independent", 0, part, [0.3] * 3) for part in (10.0, 20.0, 40.0)]
    assert hours == sorted(hours)
    assert hours[0] < hours[-1]


def test_networks_of_another_size_are_refused() -> None:
    with pytest.raises(ScenarioError, match="initial_soc"):
        survival_h("toy3", {}, "independent", 0, 10.0, [0.5] * 19)


def test_reserves_cost_savings_and_leave_more(tmp_path: Any) -> None:
    options = OutageOptions(
        sharing_overrides={**SHORT, "network.infrastructures": 3, "time.horizon_h": 24.0},
        controllers=("tariff-threshold",),
        reserves=(0.1, 0.5),
        outage_h=(20.0,),
        lasts_h=1.0,
        outage="toy3",
        survivor="independent",
        seeds=(1000,),
    )
    found = outage(options, Working(tmp_path, 1, lambda text: None))
    low, high = found.tables[0].rows
    assert low[:2] == ("tariff-threshold", 0.1)
    saving, stored_kwh, survival = (column for column in range(2, 5))
    assert low[saving] > high[saving]  # type: ignore[operator]
    assert low[stored_kwh] < high[stored_kwh]  # type: ignore[operator]
    assert low[survival] <= high[survival]  # type: ignore[operator]
    assert found.values["saving_tariff_threshold_10"] == low[saving]
