"""What holds for any schedule: conditions of optimality, limits, conservation of traffic, independence of order."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.physics import reference_scheduler as reference
from tests.physics.instances import Network, network
from tests.physics.reference import bands_on
from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.scheduler import fill, keep_within, share_band

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


def with_capacity(case: Network, share: float) -> Network:
    return replace(case, scheduler=case.scheduler._replace(capacity_mbps=share * case.scheduler.capacity_mbps))


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


@given(basins(), st.floats(0.0, 0.999), st.integers(0, 2**32 - 1))
def test_a_band_is_used_up_or_nobody_asks_for_more(
    basin: tuple[FloatArray, FloatArray, FloatArray, float], served_share: float, seed: int
) -> None:
    full_rate, demand, weight, _ = basin
    rng = np.random.default_rng(seed)
    full_rate *= rng.random(full_rate.size) < 0.8
    users = rng.permutation(np.flatnonzero(rng.random(full_rate.size) < 0.8))
    before = served_share * demand
    served = before.copy()
    added = share_band(full_rate, users, demand, served, weight)
    assert np.all((served >= before) & (served <= demand))
    expected = before.copy()
    expected[users] += added
    np.testing.assert_allclose(served, expected, rtol=2e-12)
    linked = full_rate[users] > 0.0
    assert not added[~linked].any()
    askers = users[linked]
    used = float((added[linked] / full_rate[askers]).sum())
    # Where links are slow, what a user gets is a small difference of large shares.
    rounding = 1e-12 * max(1.0, 2.0 * float((demand[askers] / full_rate[askers]).sum()))
    assert used <= 1.0 + rounding
    assert used >= 1.0 - rounding or np.array_equal(served[askers], demand[askers])


class Overload(NamedTuple):
    """Arguments of ``keep_within``: a site whose bands give more, or less, than it may carry."""

    budget_mbps: float
    added: FloatArray
    users: IntArray
    demand: FloatArray
    served: FloatArray
    weight: FloatArray


@st.composite
def overloads(draw: st.DrawFn) -> Overload:
    """Up to 15 users of one site and as many of others, served by up to four bands, some of them not at all."""
    people = draw(st.lists(st.tuples(amounts, st.floats(0.0, 1.0), amounts), min_size=2, max_size=30))
    demand, share, weight = (np.array(column) for column in zip(*people, strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    users = rng.permutation(demand.size)[: (demand.size + 1) // 2]
    split = rng.dirichlet(np.full(draw(st.integers(1, 4)), 0.5), users.size).T
    added = split * (share * demand)[users]
    served = share * demand
    served[users] = np.minimum(added.sum(axis=0), demand[users])
    budget_share = draw(st.sampled_from([0.0, 1e-6, 0.1, 0.5, 0.9, 0.999, 1.0, 2.0]))
    return Overload(budget_share * float(served[users].sum()), added, users, demand, served, weight)


def kept(overload: Overload) -> tuple[FloatArray, FloatArray]:
    """What the kernel leaves of ``added`` and ``served``."""
    added, served = overload.added.copy(), overload.served.copy()
    keep_within(overload.budget_mbps, added, overload.users, overload.demand, served, overload.weight)
    return added, served


@given(overloads())
def test_a_site_keeps_exactly_what_it_may_carry_and_nobody_gains(overload: Overload) -> None:
    users, before = overload.users, overload.served
    served = kept(overload)[1]
    assert np.all((served >= 0.0) & (served <= before))
    target = min(overload.budget_mbps, float(before[users].sum()))
    assert abs(served[users].sum() - target) <= 1e-12 * (overload.demand + before)[users].sum()
    others = np.delete(np.arange(before.size), users)
    assert np.array_equal(served[others], before[others])


@given(overloads())
def test_each_users_bands_are_cut_alike(overload: Overload) -> None:
    added, served = kept(overload)
    ratio = np.divide(served, overload.served, out=np.ones_like(served), where=overload.served > 0.0)
    np.testing.assert_allclose(added, overload.added * ratio[overload.users], rtol=1e-12)
    np.testing.assert_allclose(added.sum(axis=0), served[overload.users], rtol=1e-12)


@given(overloads())
def test_what_is_kept_meets_the_conditions_of_optimality(overload: Overload) -> None:
    """Nobody who has lost something would gain more by a Mbit/s than anybody who still has some."""
    users = overload.users
    served, before, demand = kept(overload)[1][users], overload.served[users], overload.demand[users]
    gain = overload.weight[users] / (demand + served)
    lost, has = served < before * (1.0 - 1e-12) - 1e-12 * demand, served > 1e-12 * demand
    if lost.any() and has.any():
        assert gain[lost].max() <= gain[has].min() * (1.0 + 1e-9)


@given(networks, st.sampled_from([0.02, 0.1, 0.5, 1.0]))
def test_capacity_is_cut_from_what_the_bands_give(case: Network, capacity_share: float) -> None:
    """Nobody gains by a limit, sites below it are as without it, and those above it carry just as much as they may."""
    association = case.associate()
    tight = with_capacity(case, capacity_share)
    found, free = tight.schedule(association), with_capacity(case, 1e9).schedule(association)
    capacity = reference.site_capacity_mbps(tight.mode, tight.bands, tight.scheduler)
    wanted = free.traffic_mbps.sum(axis=1)
    assert np.all(found.rate_mbps <= free.rate_mbps)
    np.testing.assert_allclose(found.traffic_mbps.sum(axis=1), np.minimum(wanted, capacity), rtol=1e-11)
    within = wanted < capacity
    assert np.array_equal(found.traffic_mbps[within], free.traffic_mbps[within])
    assert np.array_equal(found.resource_use[within], free.resource_use[within])


@given(networks, st.sampled_from([1e-4, 0.02, 0.1, 1.0]))
def test_capacity_costs_critical_users_nothing_while_others_have_traffic(case: Network, capacity_share: float) -> None:
    """Their weights, 10 to 1000 times as large for small demands, dominate: w / 2D is above w / D of all others."""
    association = case.associate()
    rate_mbps = with_capacity(case, capacity_share).schedule(association).rate_mbps
    free_mbps = with_capacity(case, 1e9).schedule(association).rate_mbps
    gain = case.weight / case.demand_mbps
    critical = case.weight >= 100.0
    assume(critical.any() and not critical.all())
    assert gain[critical].min() / 2.0 > gain[~critical].max()
    short = critical & (rate_mbps < free_mbps * (1.0 - 1e-12))
    others = ~critical & (rate_mbps > 0.0)
    assert not np.intersect1d(association.server[short], association.server[others]).size


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
