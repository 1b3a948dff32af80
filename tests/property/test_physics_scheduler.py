"""What holds for any schedule: conditions of optimality, limits, conservation of traffic, independence of order."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.physics import reference_scheduler as reference
from tests.physics.instances import Network, network
from tests.physics.reference import FloatArray, bands_on
from voltran.physics.scheduler import fill, fill_band

networks = st.builds(
    lambda load, **options: with_load(network(**options), load),
    load=st.sampled_from([0.1, 1.0, 10.0, 100.0]),
    seed=st.integers(0, 2**32 - 1),
    n_sites=st.sampled_from([1, 7, 19]),
    n_users=st.integers(1, 80),
    n_bands=st.integers(1, 4),
)
amounts = st.floats(1e-3, 1e3)


def with_load(case: Network, load: float) -> Network:
    return replace(case, demand_mbps=load * case.demand_mbps)


@st.composite
def basins(draw: st.DrawFn) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Start, room and slope of up to 30 users, and a budget from nothing to more than all can take."""
    users = draw(st.lists(st.tuples(amounts, amounts, amounts), min_size=1, max_size=30))
    start, room, slope = (np.array(column) for column in zip(*users, strict=True))
    return start, room, slope, draw(st.sampled_from([0.0, 1e-6, 0.1, 0.5, 0.9, 0.999, 1.0, 2.0])) * float(room.sum())


@given(basins())
def test_filling_meets_the_conditions_of_optimality(basin: tuple[FloatArray, FloatArray, FloatArray, float]) -> None:
    """One level t: inside their bounds all have (start + x) / slope = t; at zero it is above t, at their room below."""
    start, room, slope, budget = basin
    x = fill(start, room, slope, budget)
    assert np.all((x >= 0.0) & (x <= room))
    assert abs(x.sum() - min(budget, room.sum())) <= 1e-12 * (start + room).sum()
    height = (start + x) / slope
    empty, full = x <= 1e-12 * room, x >= room * (1.0 - 1e-12)
    if np.any(~full) and np.any(~empty):
        # Nobody who has something stands higher than anybody who could take more.
        assert height[~empty].max() <= height[~full].min() * (1.0 + 1e-9) + 1e-12


@given(basins())
def test_filling_equals_sorted_breakpoints(basin: tuple[FloatArray, FloatArray, FloatArray, float]) -> None:
    start, room, _, _ = basin
    found, expected = fill(*basin), reference.fill(*basin)
    # Where hardly anybody is between the bounds, the level is known only as well as the sum of all amounts.
    np.testing.assert_allclose(found, expected, atol=1e-12 * (start + room).sum())


@given(basins())
def test_more_budget_takes_nothing_from_anybody(basin: tuple[FloatArray, FloatArray, FloatArray, float]) -> None:
    start, room, slope, budget = basin
    less, more = fill(start, room, slope, 0.7 * budget), fill(start, room, slope, budget)
    assert np.all(less <= more + 1e-12 * (start + room).sum())


@given(basins(), st.floats(0.0, 1e4), st.floats(0.0, 0.999))
def test_a_band_respects_resources_traffic_and_demand(
    basin: tuple[FloatArray, FloatArray, FloatArray, float], traffic_budget: float, served_share: float
) -> None:
    full_rate, demand, weight, _ = basin
    added, used = fill_band(full_rate, demand, served_share * demand, weight, traffic_budget)
    assert 0.0 <= used <= 1.0
    assert added.sum() <= traffic_budget * (1.0 + 1e-12) + 1e-12 * demand.sum()
    assert np.all((added >= 0.0) & (added <= (1.0 - served_share) * demand * (1.0 + 1e-9)))


@given(networks)
def test_limits_of_users_bands_and_sites(case: Network) -> None:
    association = case.associate()
    found = case.schedule(association)
    assert np.all((found.rate_mbps >= 0.0) & (found.rate_mbps <= case.demand_mbps))
    assert np.all((found.resource_use >= 0.0) & (found.resource_use <= 1.0))
    capacity = reference.site_capacity_mbps(case.mode, case.bands, case.scheduler)
    assert np.all(found.traffic_mbps.sum(axis=1) <= capacity * (1.0 + 1e-12))
    assert np.all(found.rate_mbps[association.server < 0] == 0.0)
    off = ~bands_on(case.bands, case.power.static_w.size).T
    assert np.all(found.resource_use[off] == 0.0)
    assert np.all(found.traffic_mbps[off] == 0.0)


@given(networks)
def test_traffic_of_a_site_is_the_sum_of_its_users_rates(case: Network) -> None:
    association = case.associate()
    found = case.schedule(association)
    served = association.server >= 0
    rates = np.bincount(association.server[served], found.rate_mbps[served], case.mode.size)
    np.testing.assert_allclose(found.traffic_mbps.sum(axis=1), rates, rtol=1e-12, atol=1e-12)


@given(networks)
def test_nobody_goes_short_while_the_site_has_spare_resources(case: Network) -> None:
    association = case.associate()
    found = case.schedule(association)
    capacity = reference.site_capacity_mbps(case.mode, case.bands, case.scheduler)
    spare_mbps = capacity - found.traffic_mbps.sum(axis=1)
    short = found.rate_mbps < case.demand_mbps * (1.0 - 1e-9)
    for user in np.flatnonzero(short & (association.server >= 0)):
        site = association.server[user]
        usable = association.rate_mbps[:, user] > 0.0
        assert spare_mbps[site] <= 1e-9 * capacity[site] or np.all(found.resource_use[site, usable] >= 1.0 - 1e-9)


@given(networks)
def test_permuted_users_give_the_permuted_schedule(case: Network) -> None:
    order = np.random.default_rng(3).permutation(case.demand_mbps.size)
    association = case.associate()
    swapped = association._replace(
        server=association.server[order], rate_mbps=np.ascontiguousarray(association.rate_mbps[:, order])
    )
    found, permuted = case.schedule(association), case.with_users(order).schedule(swapped)
    scale = case.demand_mbps.sum()
    np.testing.assert_allclose(permuted.rate_mbps, found.rate_mbps[order], rtol=1e-10, atol=1e-12 * scale)
    np.testing.assert_allclose(permuted.resource_use, found.resource_use, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(permuted.traffic_mbps, found.traffic_mbps, rtol=1e-10, atol=1e-12 * scale)


@given(networks)
def test_permuted_sites_give_the_permuted_schedule(case: Network) -> None:
    order = np.random.default_rng(4).permutation(case.mode.size)
    association = case.associate()
    server = np.append(np.argsort(order), -1)[association.server].astype(np.int16)
    found = case.schedule(association)
    permuted = case.with_sites(order).schedule(association._replace(server=server))
    assert np.array_equal(permuted.rate_mbps, found.rate_mbps)
    assert np.array_equal(permuted.resource_use, found.resource_use[order])
    assert np.array_equal(permuted.traffic_mbps, found.traffic_mbps[order])
