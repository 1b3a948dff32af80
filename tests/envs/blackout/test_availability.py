"""Availability counts the users whom the undamaged network could serve; what everybody gets is told besides."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.envs.blackout.tools import commands, outage_world
from tests.envs.episodes import started
from voltran.envs.blackout.world import BlackoutWorld
from voltran.physics.power import NORMAL

UNCOVERED = {"users.covered_at_start": False, "radio.r_nom_m": 300.0, "survival.end": "horizon"}


def served(world: BlackoutWorld) -> NDArray[np.float64]:
    """What every user of the first world counts in its class: 0 or 1, or the satisfaction of best effort."""
    users, rate = world.users, world.get_state()["state"]["service"]["rate_mbps"][0]
    satisfaction = np.minimum(1.0, rate / users.demand_mbps[0])
    return np.asarray(np.where(users.service_class[0] == 3, satisfaction, rate >= users.minimum_mbps[0]), np.float64)


@pytest.mark.parametrize("speed_m_per_s", [0.0, 1.5])
@pytest.mark.parametrize("seed", range(3))
def test_availability_is_that_of_servable_users(speed_m_per_s: float, seed: int) -> None:
    world = started(outage_world("urban7-medium", overrides={**UNCOVERED, "users.speed_m_per_s": speed_m_per_s}), seed)
    n_sites = world.constants.n_sites
    for _ in range(6):
        world.step(commands(world, [NORMAL] * n_sites))
        service, users, counts = world.get_state()["state"]["service"], world.users, served(world)
        servable, kind, home = users.servable[0], users.service_class[0], users.home[0]
        for index in range(4):
            assert service["availability"][0, index] == pytest.approx(counts[servable & (kind == index)].mean())
        critical = servable & (kind < 2)
        assert service["critical"][0] == pytest.approx(counts[critical].mean())
        for site in range(n_sites):
            own = counts[critical & (home == site)]
            assert service["home_critical"][0, site] == pytest.approx(own.mean() if own.size else 1.0)
        assert service["uncovered_share"][0] == pytest.approx(1.0 - servable.mean())
        satisfaction = np.minimum(1.0, service["rate_mbps"][0] / users.demand_mbps[0])
        assert service["satisfaction"][0] == pytest.approx(satisfaction.mean())


def test_walking_out_of_coverage_loses_no_survival() -> None:
    """With full batteries nothing fails for the whole time, wherever users walk."""
    overrides: dict[str, Any] = {
        "users.speed_m_per_s": 1.4,
        "battery.capacity_kwh": 500.0,
        "battery.discharge_limit_kw": 50.0,
        "time.horizon_h": 6.0,
        "survival.end": "horizon",
    }
    for seed in range(6):
        world = started(outage_world("urban7-medium", overrides=overrides), seed)
        for _ in range(world.max_decisions):
            world.step(commands(world, [NORMAL] * world.constants.n_sites))
        metrics = {name: float(value[0]) for name, value in world.kpis().items()}
        assert metrics["censored"] == 1.0, seed
        assert metrics["uncovered_share"] > 0.0


def test_users_without_coverage_are_told() -> None:
    world = started(outage_world("urban7-medium", overrides=UNCOVERED))
    for _ in range(4):
        world.step(commands(world, [NORMAL] * world.constants.n_sites))
    metrics = {name: float(value[0]) for name, value in world.kpis().items()}
    assert metrics["uncovered_share_at_start"] == pytest.approx(1.0 - world.users.servable.mean())
    assert metrics["uncovered_share"] == pytest.approx(metrics["uncovered_share_at_start"])  # nobody moves
    assert 0.0 < metrics["uncovered_share"] < 1.0
    covered = started(outage_world("urban7-medium"))
    covered.step(commands(covered, [NORMAL] * covered.constants.n_sites))
    assert covered.kpis()["uncovered_share"][0] < metrics["uncovered_share"]
