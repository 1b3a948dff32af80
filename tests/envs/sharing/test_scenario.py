"""Scenarios of sharing: what is refused, and with which words; and what shares come out."""

from typing import Any

import numpy as np
import pytest

from tests.envs.sharing.tools import SHORT, SMALL, sharing_world
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world


def site(infrastructure: int = 0, operator: int = 0, **more: Any) -> dict[str, Any]:
    return {"infrastructure": infrastructure, "operator": operator, **more}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"network": {"sites": [site(0), site(2)]}}, "infrastructure 1 has no site; number infrastructures from 0 on"),
    ({"network": {"sites": [{"operator": 0}]}}, r"sites\.0\.infrastructure.*is missing"),
    ({"network": {"sites": [site()] * 4}}, "operator 0 has 4 sites at infrastructure 0; at most 3 are possible"),
    (
        {"network": {"sites": [site(share=0.5), site(0, 1, share=0.4)]}},
        "infrastructure 0 sum to 0.9; they must sum to 1",
    ),
    ({"network": {"sites": [site(share=0.5), site(0, 1)]}}, "some sites of infrastructure 0 have a share, others none"),
    ({"network": {"sites": [site(share=0.0)]}}, r"sites\.0\.share = 0"),
    ({"network": {"sites": [site(share=float("nan"))]}}, r"sites\.0\.share"),
    ({"network": {"sites": [site(-1)]}}, r"sites\.0\.infrastructure = -1"),
    ({"network": {"sites": [site()], "operators": 2}}, "give the sites one by one, or their numbers, and not both"),
    ({"network.sites_per_operator": 4}, r"sites_per_operator = 4"),
    ({"network.infrastructures": 0}, r"infrastructures = 0"),
    ({"battery.initial_soc": 0.05}, "initial_soc = 0.05 must lie between soc_min = 0.1 and soc_max"),
    ({"battery.outage_soc_min": 0.2}, "outage_soc_min = 0.2 must not exceed soc_min = 0.1"),
    ({"battery.initial_health": 0.7}, "initial_health = 0.7 must not be below health_min = 0.8"),
    ({"battery.soc_min": 1.0}, "soc_min = 1.0 must be below soc_max = 1.0"),
    ({"battery.capacity_kwh": 0.0}, "capacity_kwh"),
    ({"forecast.ahead": [0, 96]}, "forecast.ahead"),
    ({"forecast.ahead": []}, "forecast.ahead"),
    ({"forecast.history_days": 1}, "history_days = 1"),
    ({"forecast.kind": "perfect"}, "forecast.kind = 'perfect'"),
    ({"time.decision_period_s": 1000.0, "time.horizon_h": 10.0}, "a day must be a whole number of slots"),
    ({"time.decision_period_s": 3600.0}, "all must be below a day, 24 slots"),
    ({"grid": {"schedule": "rolling", "outages": [{"start_h": 1, "length_h": 1}]}}, "outages are of schedule 'listed'"),
    ({"grid": {"outages": [{"start_h": 1, "length_h": 1, "feeders": [1]}]}}, "names feeder 1, but feeders = 1"),
    ({"solar.capacity_kw": -1.0}, "solar.capacity_kw = -1"),
    ({"solar.source": "wind"}, "solar.source = 'wind'"),
    ({"battery.capacity": 3}, "battery.capacity"),
]


@pytest.mark.parametrize(("overrides", "message"), BAD)
def test_bad_scenarios_are_refused_with_field_and_remedy(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        make_world("sharing12", overrides=overrides)


def test_shares_follow_the_rule_that_is_asked_for() -> None:
    equal = sharing_world(overrides=SMALL)
    assert equal.share[0] == pytest.approx(np.full(6, 1 / 3))
    by_energy = sharing_world(overrides={**SMALL, "network.shares": "energy"})
    sums = by_energy.constants.by_infrastructure(by_energy.share)
    assert sums == pytest.approx(np.ones((1, 2)))
    history = by_energy.forecast._demand_kw[0, : by_energy.constants.history].mean(axis=0)
    assert by_energy.share[0, :3] == pytest.approx(history[:3] / history[:3].sum())


def test_rounded_shares_are_scaled_to_one() -> None:
    sites = [site(0, operator, share=0.333) for operator in range(3)]
    world = sharing_world(overrides={**SHORT, "network": {"sites": sites}})
    assert world.share.sum() == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(
    "name", ["sharing12", "sharing12-paper", "sharing12-rolling", "sharing12-outage", "sharing400"]
)
def test_shipped_scenarios_play(name: str) -> None:
    world = sharing_world(name, overrides=SHORT)
    world.step({"operator": np.zeros((1, world.constants.n_agents), dtype=int)})
    assert world.kpis()["ledger_residual_kw"][0] < 1e-9
