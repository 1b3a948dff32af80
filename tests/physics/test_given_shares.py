"""Given shares of bands: what they carry, against NumPy; nobody gets more than was asked for."""

import numpy as np
import pytest

from tests.physics import reference_scheduler
from voltran.physics.arrays import FloatArray
from voltran.physics.given_shares import SHARE_TOLERANCE, carry
from voltran.physics.power import HELPING, NORMAL
from voltran.physics.scheduler import Schedule, SchedulerParameters

AMPLE = np.array([1e6, 1e6])


def carried(
    share: FloatArray, rate: FloatArray, demand: FloatArray, capacity: FloatArray = AMPLE, mode: int = NORMAL
) -> Schedule:
    """What one site with two bands carries; ``share`` and ``rate`` are ``[band, user]``."""
    parameters = SchedulerParameters(np.array([1, 0]), capacity, 0.1)
    n_users = demand.size
    server, weight = np.zeros(n_users, np.int16), np.arange(1.0, n_users + 1.0)
    return carry(server, share, rate, np.array([mode]), np.array([3]), demand, weight, parameters)


def test_a_user_gets_its_shares_and_no_more_than_it_asks_for() -> None:
    """The first has 5 of 10 Mbit/s; the second could have 40 and asks for 10: three blocks of four stay free."""
    share, rate = np.array([[0.1, 0.4], [0.2, 0.0]]), np.array([[10.0, 100.0], [20.0, 50.0]])
    plan = carried(share, rate, np.array([10.0, 10.0]))
    assert plan.rate_mbps == pytest.approx([5.0, 10.0])
    assert plan.resource_use == pytest.approx(np.array([[0.1 + 0.1, 0.2]]))
    assert plan.traffic_mbps == pytest.approx(np.array([[1.0 + 10.0, 4.0]]))


def test_a_demand_that_is_met_but_for_rounding_is_met() -> None:
    demand = np.array([10.0])
    for factor, rate in ((1.0 - 0.5 * SHARE_TOLERANCE, 10.0), (1.0 - 2.0 * SHARE_TOLERANCE, 10.0 - 2e-5)):
        plan = carried(np.array([[factor], [0.0]]), np.array([[10.0], [1.0]]), demand)
        assert plan.rate_mbps[0] == (rate if rate == 10.0 else pytest.approx(rate, rel=1e-12))


@pytest.mark.parametrize("mode", [NORMAL, HELPING])
def test_traffic_beyond_the_capacity_is_cut_by_weight(mode: int) -> None:
    generator = np.random.default_rng(0)
    share, rate = generator.dirichlet(np.ones(6), 2), generator.uniform(50.0, 100.0, (2, 6))
    demand, capacity = generator.uniform(10.0, 30.0, 6), np.array([20.0, 30.0])
    plan = carried(share, rate, demand, capacity, mode)
    asked = np.minimum((share * rate).sum(axis=0), demand)
    budget = 50.0 * (0.9 if mode == HELPING else 1.0)
    assert asked.sum() > budget
    expected = reference_scheduler.fill(demand, asked, np.arange(1.0, 7.0), budget)
    assert plan.rate_mbps == pytest.approx(expected)
    by_band = share * rate * (expected / (share * rate).sum(axis=0))
    assert plan.traffic_mbps[0] == pytest.approx(by_band.sum(axis=1))
    assert plan.resource_use[0] == pytest.approx((by_band / rate).sum(axis=1))


def test_users_without_a_site_get_nothing() -> None:
    parameters = SchedulerParameters(np.array([0]), np.array([1e3]), 0.0)
    server, ones = np.array([-1, 1], np.int16), np.ones(2)
    plan = carry(
        server, 0.5 * np.ones((1, 2)), np.ones((1, 2)), np.array([0, 0]), np.array([1, 1]), ones, ones, parameters
    )
    assert plan.rate_mbps.tolist() == [0.0, 0.5]
    assert plan.resource_use.tolist() == [[0.0], [0.5]]
