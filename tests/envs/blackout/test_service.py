"""Who counts as served, and for whom: two sites and six users, by hand."""

from typing import Any

import numpy as np
import pytest

from tests.physics.instances import POWER
from voltran.envs.blackout.service import Population, Service, empty_service, enter, home_sites, refresh
from voltran.physics.power import NORMAL, SLEEP
from voltran.physics.radio import RadioParameters
from voltran.physics.scheduler import Schedule, SchedulerParameters

ONE_BAND = RadioParameters(
    bandwidth_mhz=np.array([10.0]),
    noise_mw=np.array([1.0]),
    sinr_min=0.25,
    shannon_share=1.0,
    efficiency_max=100.0,
    helping_loss=0.0,
    hysteresis=0.3,
    passes=3,
    interference_per_site=False,
)
POWER_OF_ONE_BAND = POWER._replace(
    static_w=POWER.static_w[:1],
    dynamic_w=POWER.dynamic_w[:1],
    w_per_mbps=POWER.w_per_mbps[:1],
    standby_w=POWER.standby_w[:1],
)
# Emergency, voice twice, essential, best effort twice; the first three are at home at site 0.
KINDS = np.array([[0, 1, 1, 2, 3, 3]], np.int16)
HOME = np.array([[0, 0, 0, 1, 1, 1]], np.int16)
DEMAND_MBPS = np.array([[1.0, 2.0, 2.0, 4.0, 4.0, 4.0]])
WEIGHT = np.array([[1000.0, 100.0, 100.0, 10.0, 1.0, 1.0]])


def population(**given: Any) -> Population:
    sizes: dict[str, Any] = {
        "received_mw": np.zeros((1, 1, 2, 6)),
        "distance_m": np.zeros((1, 2, 6), np.float32),
        "service_class": KINDS,
        "demand_mbps": DEMAND_MBPS,
        "minimum_mbps": 0.5 * DEMAND_MBPS,
        "weight": WEIGHT,
        "home": HOME,
        "second": np.full((1, 6), -1, np.int16),
        "servable": np.ones((1, 6), bool),
    }
    return Population(**{**sizes, **given})


def served(rate_mbps: list[float], users: Population | None = None, before: Service | None = None) -> Service:
    """What comes of rates; whoever has none is served by nobody, the others by their home."""
    users, service = users or population(), before or empty_service(1, 2, 6, 1)
    rate = np.array(rate_mbps)
    plan = Schedule(rate, np.array([[0.5], [0.25]]), np.array([[rate[:3].sum()], [rate[3:].sum()]]))
    server = np.where(rate > 0.0, HOME[0], -1).astype(np.int16)
    both_on, alive = np.array([1, 1]), np.array([True, False])
    enter(0, server, plan, np.array([NORMAL, NORMAL]), both_on, alive, users, service, POWER_OF_ONE_BAND)
    return service


def test_who_gets_all_of_it_is_served_in_every_way() -> None:
    found = served(DEMAND_MBPS[0].tolist())
    assert found.availability[0].tolist() == [1.0] * 4
    assert found.critical[0] == found.satisfaction[0] == 1.0
    assert found.weighted_loss[0] == found.uncovered_share[0] == 0.0
    assert found.served_mbps[0] == found.asked_mbps[0] == 17.0
    assert found.home_service[0].tolist() == found.home_critical[0].tolist() == [1.0, 1.0]


def test_shares_of_users_by_class_and_by_home() -> None:
    """The second voice user gets exactly its minimum, the first just too little; of best effort one gets all."""
    found = served([0.0, 0.99, 1.0, 1.0, 1.0, 4.0])
    assert found.availability[0] == pytest.approx([0.0, 0.5, 0.0, 0.625])
    assert found.critical[0] == pytest.approx(1.0 / 3.0)
    enjoyed = np.array([0.0, 0.495, 0.5, 0.25, 0.25, 1.0])
    assert found.satisfaction[0] == pytest.approx(enjoyed.mean())
    assert found.weighted_loss[0] == pytest.approx((WEIGHT[0] * (1.0 - enjoyed)).sum() / 1212.0)
    assert found.home_service[0] == pytest.approx([enjoyed[:3].mean(), enjoyed[3:].mean()])
    # Nobody critical is at home at site 1: nothing is lacking there.
    assert found.home_critical[0] == pytest.approx([1.0 / 3.0, 1.0])
    assert found.served_mbps[0] == pytest.approx(7.99)
    assert found.asked_mbps[0] == 17.0


def test_more_than_is_asked_for_is_no_better() -> None:
    found = served([2.0, 2.0, 2.0, 4.0, 4.0, 8.0])
    assert found.satisfaction[0] == 1.0
    assert found.weighted_loss[0] == 0.0


def test_users_whom_nobody_could_ever_serve_lack_no_availability() -> None:
    """The emergency user and one of best effort are out of reach of normal operation: they count elsewhere only."""
    users = population(servable=np.array([[False, True, True, True, False, True]]))
    found = served([0.0, 2.0, 0.5, 4.0, 0.0, 2.0], users)
    assert found.uncovered_share[0] == pytest.approx(2.0 / 6.0)
    assert found.availability[0] == pytest.approx([1.0, 0.5, 1.0, 0.5])  # a class without members is complete
    assert found.critical[0] == pytest.approx(0.5)
    assert found.home_critical[0] == pytest.approx([0.5, 1.0])
    assert found.satisfaction[0] == pytest.approx((1.0 + 0.25 + 1.0 + 0.5) / 6.0)


def test_nobody_critical_lacks_nothing() -> None:
    found = served([0.0] * 6, population(service_class=np.full((1, 6), 3, np.int16)))
    assert found.critical[0] == 1.0
    assert found.availability[0].tolist() == [1.0, 1.0, 1.0, 0.0]


def test_sites_draw_what_their_bands_carry_and_nothing_when_down() -> None:
    found = served(DEMAND_MBPS[0].tolist())
    expected_w = 3 * (124.0 + 300.0 * 0.5) + 0.3 * 5.0
    assert found.power_kw[0].tolist() == pytest.approx([expected_w / 1000.0, 0.0])
    assert found.resource_use[0, :, 0].tolist() == [0.5, 0.25]
    assert found.traffic_mbps[0, :, 0].tolist() == [5.0, 12.0]
    assert found.band_bits[0].tolist() == [1, 1]


def test_a_handover_is_a_change_between_two_servers() -> None:
    """Users 0 and 3 come from the other site, 4 from nobody; 5 has been left by its own, and is remembered there."""
    before = empty_service(1, 2, 6, 1)
    before.anchor[0] = [1, 0, 0, 0, -1, 1]
    found = served([1.0, 2.0, 2.0, 4.0, 4.0, 0.0], before=before)
    assert found.home_handovers[0].tolist() == [1.0, 1.0]
    assert found.server[0].tolist() == [0, 0, 0, 1, 1, -1]
    assert found.last_server[0].tolist() == [0, 0, 0, 1, 1, 1]
    again = served([1.0, 2.0, 2.0, 4.0, 4.0, 0.0], before=found)
    assert again.home_handovers[0].tolist() == [1.0, 1.0]  # counted afresh, not on top


def received(*strong: int) -> Any:
    """Powers ``[band, site, user]`` of 100 noises from the site named for each user, and of none from the other."""
    powers = np.zeros((1, 2, len(strong)))
    powers[0, list(strong), range(len(strong))] = 100.0
    return powers


def test_home_is_where_the_rate_is_largest_and_the_second_within_its_radius() -> None:
    """User 1 is near site 0 but hears only site 1; user 2 hears nobody, and belongs to the nearest."""
    powers = received(0, 1, 0, 1)
    powers[0, :, 2] = 0.0
    powers[0, :, 3] = [20.0, 100.0]
    distance_m = np.array([[10.0, 10.0, 90.0, 400.0], [90.0, 90.0, 80.0, 500.0]], np.float32)
    home, second = home_sites(powers, distance_m, 400.0, ONE_BAND)
    assert home.tolist() == [0, 1, 1, 1]
    # User 3 hears site 0 only once site 1 is off, and stands exactly at the radius; the others have no second one.
    assert second.tolist() == [-1, -1, -1, 0]
    assert home_sites(powers, distance_m, 399.0, ONE_BAND)[1].tolist() == [-1, -1, -1, -1]


def test_equally_near_sites_are_taken_in_order() -> None:
    distance_m = np.full((2, 1), 50.0, np.float32)
    assert home_sites(np.zeros((1, 2, 1)), distance_m, 400.0, ONE_BAND)[0].tolist() == [0]


def test_service_is_renewed_only_where_it_is_asked_for() -> None:
    """Of two worlds the second one; there, site 0 sleeps, and its users go to site 1 or to nobody."""
    scheduler = SchedulerParameters(np.array([0]), np.array([100.0]), 0.0)
    powers = np.repeat(received(0, 0, 0, 1, 1, 1)[None], 2, axis=0)
    powers[:, 0, 1, 0] = 40.0
    one = population(received_mw=powers[:1], distance_m=np.full((1, 2, 6), 100.0, np.float32))
    users = Population(*(np.concatenate([part, part]) for part in one))
    service = empty_service(2, 2, 6, 1)
    service.ev_limit_kw[:] = 3.0
    mode, bands = np.array([[NORMAL] * 2, [SLEEP, NORMAL]]), np.array([[1, 1], [0, 1]])
    radius_m, alive = np.array([[100.0, 100.0], [0.0, 100.0]]), np.ones((2, 2), bool)
    where = np.array([False, True])
    refresh(where, mode, bands, radius_m, alive, users, service, ONE_BAND, scheduler, POWER_OF_ONE_BAND)
    assert service.server.tolist() == [[-1] * 6, [1, -1, -1, 1, 1, 1]]
    assert service.ev_limit_kw.tolist() == [[3.0, 3.0], [np.inf, np.inf]]
    assert service.asked_mbps.tolist() == [0.0, 17.0]
    assert service.power_kw[1, 0] == pytest.approx(0.1)
