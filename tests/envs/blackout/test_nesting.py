"""Sweeps are paired: fewer vehicles and users are among more of them, whatever the horizon."""

import numpy as np
import pytest

from tests.envs.blackout.test_draws import model_with, within_sampling_error
from tests.envs.blackout.tools import put
from voltran.envs.blackout import draws
from voltran.envs.blackout.draws import VehicleDraws, evenly_assigned
from voltran.envs.blackout.population import Inhabitants
from voltran.envs.draws import Stream, exponential_of, generator, normal_of, uniform_rows
from voltran.physics.units import SECONDS_PER_HOUR

HOUR = SECONDS_PER_HOUR
Vehicle = tuple[float, float, float, float]


def vehicles_of(drawn: VehicleDraws, site: int, until_h: float = np.inf) -> set[Vehicle]:
    """Arrival, departure, energy and price of the vehicles that come to a site before some time."""
    columns = (drawn.arrival_s[site], drawn.departure_s[site], drawn.usable_kwh[site], drawn.reservation_price[site])
    return {tuple(row) for row in np.stack(columns, axis=1).tolist() if row[0] < min(until_h * HOUR, np.inf)}


def inhabitants_with(seed: int, **overrides: object) -> Inhabitants:
    inhabitants = Inhabitants(model_with(**overrides), 1)
    put(inhabitants, 0, seed)
    return inhabitants


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize(("short_h", "long_h"), [(3, 6), (6, 24), (12, 72)])
def test_vehicles_do_not_depend_on_the_horizon(seed: int, short_h: int, long_h: int) -> None:
    short, long = (
        draws.draw_vehicles(model_with(time__horizon_h=hours, vehicles__arrivals_per_day=20), seed)
        for hours in (short_h, long_h)
    )
    for site in range(19):
        assert vehicles_of(short, site) == vehicles_of(long, site, short_h)
    assert any(vehicles_of(short, site) != vehicles_of(long, site) for site in range(19))


@pytest.mark.parametrize("few", [0.5, 3.0, 20.0])
@pytest.mark.parametrize("seed", [0, 3])
def test_more_arrivals_keep_the_vehicles_of_fewer(seed: int, few: float) -> None:
    sets = [draws.draw_vehicles(model_with(vehicles__arrivals_per_day=rate), seed) for rate in (few, 2 * few, 40 * few)]
    fewer, twice, many = ([vehicles_of(drawn, site) for site in range(19)] for drawn in sets)
    for site in range(19):
        assert fewer[site] <= twice[site] <= many[site]
    counts = [sum(map(len, found)) for found in (fewer, twice, many)]
    assert counts[0] < counts[1] < counts[2]


def test_arrivals_are_poisson_at_any_rate() -> None:
    """Means and variances of counts in six hours, whether a queue's first block is enough or not; no two alike."""
    for rate in (2.0, 60.0):
        constants = model_with(vehicles__arrivals_per_day=rate, vehicles__mean_stay_h=12.0)
        drawn = [draws.draw_vehicles(constants, seed) for seed in range(30)]
        arrival_h = np.stack([vehicles.arrival_s for vehicles in drawn]) / HOUR
        departure_h = np.stack([vehicles.departure_s for vehicles in drawn]) / HOUR
        for from_h in (0.0, 6.0, 18.0):
            counts = ((arrival_h > from_h) & (arrival_h < from_h + 6.0)).sum(axis=2).ravel().astype(float)
            assert within_sampling_error(counts, rate / 4.0)
            assert counts.var() == pytest.approx(rate / 4.0, rel=0.25)
        present = (arrival_h == 0.0).sum(axis=2).ravel().astype(float)
        assert within_sampling_error(present, rate / 2.0)
        assert present.var() == pytest.approx(rate / 2.0, rel=0.25)
        real = np.isfinite(arrival_h)
        assert within_sampling_error(departure_h[real] - arrival_h[real], 12.0)
        usable = np.stack([vehicles.usable_kwh for vehicles in drawn])[real]
        assert np.unique(usable).size == usable.size


def test_vehicles_of_a_site_do_not_depend_on_how_many_sites_there_are() -> None:
    seven, nineteen = (draws.draw_vehicles(model_with(layout__n_sites=count), 5) for count in (7, 19))
    for site in range(7):
        assert vehicles_of(seven, site) == vehicles_of(nineteen, site)


@pytest.mark.parametrize("hotspots", ["per_cell", "free"])
@pytest.mark.parametrize("seed", [0, 7])
def test_fewer_users_are_the_first_of_more(seed: int, hotspots: str) -> None:
    few, many = (inhabitants_with(seed, users__count=count, users__hotspots=hotspots) for count in (333, 666))
    for name, values in few.users._asdict().items():
        assert np.array_equal(values, getattr(many.users, name)[..., :333]), name
    for drawn in (few, many):
        drawn.advance_to(0, 0.0)
    assert np.array_equal(few.arrival_s, many.arrival_s)


def test_the_load_scales_the_demands_of_the_same_users() -> None:
    light, heavy = (inhabitants_with(2, traffic__load_factor=factor) for factor in (0.5, 1.5))
    elastic = light.users.service_class >= 2
    np.testing.assert_allclose(heavy.users.demand_mbps[elastic], 3.0 * light.users.demand_mbps[elastic])
    for name in ("received_mw", "service_class", "servable"):
        assert np.array_equal(getattr(light.users, name), getattr(heavy.users, name))


def test_walks_do_not_depend_on_the_horizon() -> None:
    paths = []
    for hours in (3, 24):
        constants = model_with(time__horizon_h=hours, users__speed_m_per_s=1.0)
        paths.append(draws.draw_walk(constants, 1, draws.draw_positions(constants, 1)).waypoints_m)
    short, long = paths
    assert len(short) < len(long)
    assert np.array_equal(short, long[: len(short)])


@pytest.mark.parametrize("share", [0.0, 0.02, 0.15 / 0.98, 1 / 3, 0.5, 0.7, 0.999, 1.0])
def test_groups_have_their_share_of_any_first_users(share: float) -> None:
    """As many as the share says, rounded up or down, and each user is as likely a member as any other."""
    member = np.stack([evenly_assigned(share, np.random.default_rng(seed).random(400)) for seed in range(400)])
    assert np.abs(member.cumsum(axis=1) - share * np.arange(1, 401)).max() < 1.0
    deviation = np.sqrt(max(share * (1.0 - share), 1e-9) / 400)
    assert np.abs(member.mean(axis=0) - share).max() < 4.5 * deviation + 1e-9


def test_rows_of_a_table_are_the_same_whichever_are_asked_for() -> None:
    table = uniform_rows(3, Stream.CHANNEL, 1, np.arange(50), 7)
    assert np.array_equal(table, generator(3, Stream.CHANNEL, 1).random((50, 7)))
    for rows in ([0], [49], [0, 1, 2], [5, 6, 40], []):
        some = np.array(rows, dtype=np.int64)
        assert np.array_equal(uniform_rows(3, Stream.CHANNEL, 1, some, 7), table[some])


def test_numbers_from_uniform_ones_have_their_distribution() -> None:
    """Quantiles of the normal and the exponential distribution, and nothing infinite at the ends."""
    np.testing.assert_allclose(normal_of(np.array([0.5, 0.975, 0.84134474606])), [0.0, 1.95996398454, 1.0], atol=1e-9)
    np.testing.assert_allclose(exponential_of(np.array([0.0, 0.5])), [0.0, np.log(2.0)], atol=1e-15)
    ends = np.array([0.0, 1.0 - 2.0**-53])
    assert np.isfinite(normal_of(ends)).all()
    assert np.isfinite(exponential_of(ends)).all()


def test_large_seeds_have_generators_of_their_own() -> None:
    """A seed of several words must not be read as a smaller seed with another stream and index."""
    seeds = [5, 2**32 + 5, 4 * 2**32 + 5, 2**64 + 5, 2**96 + 5, 2**128 - 1]
    keys = [(seed, stream, index, part) for seed in seeds for stream in Stream for index in range(3) for part in (0, 1)]
    first = {float(generator(*key).random()) for key in keys}
    assert len(first) == len(keys)
    # Seeds of one word mean what they have always meant.
    old = np.random.Generator(np.random.PCG64(np.random.SeedSequence((5, 4, 2))))
    assert generator(5, Stream.VEHICLES, 2).random() == old.random()
