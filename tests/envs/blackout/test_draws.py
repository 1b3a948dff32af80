"""Exogenous draws: shares that must be exact, means within their sampling error, and what depends on what."""

import numpy as np
import pytest

from tests.envs.blackout.tools import outage_world, put
from voltran.envs.blackout import draws
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.population import Inhabitants
from voltran.physics.layout import distances_m, hexagon_contains
from voltran.physics.units import SECONDS_PER_HOUR

HOUR = SECONDS_PER_HOUR
SEEDS = range(40)


@pytest.fixture(scope="module")
def constants() -> BlackoutConstants:
    return outage_world("urban19-medium").constants


def model_with(**overrides: object) -> BlackoutConstants:
    """The medium-load network with dotted keys (``__`` for the dot) changed."""
    return outage_world("urban19-medium", overrides={k.replace("__", "."): v for k, v in overrides.items()}).constants


def within_sampling_error(samples: np.ndarray[tuple[int, ...], np.dtype[np.float64]], mean: float) -> bool:
    """Whether the mean of independent samples is as near to the given one as four standard errors."""
    return bool(abs(samples.mean() - mean) <= 4.0 * samples.std() / np.sqrt(samples.size))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_class_shares_are_exact(constants: BlackoutConstants, seed: int) -> None:
    assert np.bincount(draws.draw_classes(constants, seed)).tolist() == [20, 150, 500, 330]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_class_shares_of_other_counts_are_rounded(constants: BlackoutConstants, seed: int) -> None:
    """17 % of ``n`` users are critical, rounded up or down, and of them, and of the others, the classes have shares."""
    classes = draws.draw_classes(constants, seed)
    for count in range(1, 1001):
        members = np.bincount(classes[:count], minlength=4)
        critical = members[:2].sum()
        assert abs(critical - 0.17 * count) < 1.0
        assert abs(members[0] - 2 / 17 * critical) < 1.0
        assert abs(members[2] - 50 / 83 * (count - critical)) < 1.0


def test_classes_are_spread_over_all_places(constants: BlackoutConstants) -> None:
    """Emergency users are in hotspots as often as anybody, each on its own, and in every cell alike."""
    emergency = np.stack([draws.draw_classes(constants, seed) == 0 for seed in range(200)])
    hot = np.stack([draws.draw_hotspot_users(constants, seed) for seed in range(200)])
    each = (emergency & hot).sum(axis=1)
    assert within_sampling_error(each.astype(float), 14.0)
    assert each.var() == pytest.approx(20 * 0.7 * 0.3, rel=0.4)
    cells = []
    for seed in range(60):
        users = draws.draw_positions(constants, seed)[emergency[seed]]
        cells.append(np.bincount(distances_m(users, constants.sites_m).argmin(axis=1), minlength=19))
    counts = np.array(cells, dtype=float)
    assert np.all(np.abs(counts.mean(axis=0) - 20 / 19) < 4.5 * np.sqrt(20 / 19 / 60))
    # As many together in a cell as if each had been put into one at random.
    assert counts.var() == pytest.approx(20 / 19 * 18 / 19, rel=0.2)


@pytest.mark.parametrize("load_factor", [0.5, 1.0, 1.8])
def test_demands(load_factor: float) -> None:
    """Constant for emergency and voice; log-normal with means exp(mu + sigma^2 / 2) = 1.13 and 5.73 Mbit/s else."""
    loaded = model_with(traffic__load_factor=load_factor)
    samples: list[list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]] = [[] for _ in range(4)]
    for seed in SEEDS:
        classes = draws.draw_classes(loaded, seed)
        demand = draws.draw_demand_mbps(loaded, seed, 0, classes)
        for index in range(4):
            samples[index].append(demand[classes == index])
    emergency, voice, essential, best_effort = (np.concatenate(parts) for parts in samples)
    assert np.unique(np.concatenate([emergency, voice])).tolist() == [0.064]
    assert within_sampling_error(essential, load_factor * np.exp(0.125))
    assert within_sampling_error(best_effort, load_factor * np.exp(1.5 + 0.245))
    assert np.log(essential / load_factor).std() == pytest.approx(0.5, rel=0.03)
    assert np.log(best_effort / load_factor).std() == pytest.approx(0.7, rel=0.03)


def test_demands_are_the_same_at_every_load_but_for_the_factor(constants: BlackoutConstants) -> None:
    classes = draws.draw_classes(constants, 0)
    light, heavy = (model_with(traffic__load_factor=factor) for factor in (0.5, 1.5))
    ratio = draws.draw_demand_mbps(heavy, 0, 0, classes) / draws.draw_demand_mbps(light, 0, 0, classes)
    np.testing.assert_allclose(ratio, np.where(classes < 2, 1.0, 3.0))


def test_load_factors_of_a_list_are_all_drawn() -> None:
    mixed = model_with(traffic__load_factor=[0.5, 1.0, 1.8])
    factors = np.array([draws.draw_load_factor(mixed, seed) for seed in range(300)])
    assert set(factors) == {0.5, 1.0, 1.8}
    for factor in (0.5, 1.0, 1.8):
        assert abs(np.mean(factors == factor) - 1 / 3) < 4.0 * np.sqrt(2 / 9 / 300)


@pytest.mark.parametrize("hotspots", ["per_cell", "free"])
def test_users_are_in_the_service_area(hotspots: str) -> None:
    placed = model_with(users__hotspots=hotspots)
    for seed in range(5):
        positions = draws.draw_positions(placed, seed)
        assert positions.shape == (1000, 2)
        offsets = positions[:, None, :] - placed.sites_m
        assert hexagon_contains(offsets * (1.0 - 1e-9), 500.0).any(axis=1).all()


def test_users_outside_hotspots_are_uniform_over_the_cells(constants: BlackoutConstants) -> None:
    """The mean squared distance from the centre of a hexagon with edge a is 5 a^2 / 12."""
    spread = np.concatenate(
        [draws.draw_positions(constants, seed)[~draws.draw_hotspot_users(constants, seed)] for seed in SEEDS]
    )
    assert len(spread) == 300 * len(SEEDS)
    distance = distances_m(spread, constants.sites_m)
    cell = distance.argmin(axis=1)
    share = np.bincount(cell, minlength=19) / cell.size
    assert np.all(np.abs(share - 1 / 19) < 4.5 * np.sqrt(1 / 19 / cell.size))
    squared = distance.min(axis=1) ** 2
    assert within_sampling_error(squared, 5.0 / 12.0 * (500.0 / np.sqrt(3.0)) ** 2)


def test_hotspot_users_are_together(constants: BlackoutConstants) -> None:
    """Each of the 19 hotspots has one of 19 hotspot users in a row, around one place in its own cell."""
    for seed in range(5):
        hot, positions = draws.draw_hotspot_users(constants, seed), draws.draw_positions(constants, seed)
        cells = draws._cells_in_turn(constants, seed, 700)
        assert all(sorted(cells[first : first + 19]) == list(range(19)) for first in range(0, 684, 19))
        for cell in range(19):
            members = positions[hot][cells == cell]
            assert members.std(axis=0).max() < 160.0
            assert distances_m(members.mean(axis=0)[None], constants.sites_m)[0, cell] < 330.0
    assert positions[~hot].std(axis=0).min() > 400.0


def test_no_hotspots_means_uniform_users() -> None:
    even = model_with(users__hotspot_share=0.0)
    squared = distances_m(draws.draw_positions(even, 0), even.sites_m).min(axis=1) ** 2
    assert within_sampling_error(squared, 5.0 / 12.0 * (500.0 / np.sqrt(3.0)) ** 2)


def test_vehicles_that_are_present_and_that_arrive(constants: BlackoutConstants) -> None:
    """Three a day for three hours each: 0.375 present at any time; 40 x 19 sites for 24 hours."""
    present, arriving, later = [], [], []
    for seed in SEEDS:
        vehicles = draws.draw_vehicles(constants, seed)
        present.append(((vehicles.arrival_s == 0.0) & (vehicles.departure_s < np.inf)).sum(axis=1))
        arriving.append(((vehicles.arrival_s > 0.0) & (vehicles.arrival_s < 24.0 * HOUR)).sum(axis=1))
        at_noon = (vehicles.arrival_s <= 12.0 * HOUR) & (vehicles.departure_s > 12.0 * HOUR)
        later.append(at_noon.sum(axis=1))
    assert within_sampling_error(np.concatenate(present).astype(float), 0.375)
    assert within_sampling_error(np.concatenate(arriving).astype(float), 3.0)
    assert within_sampling_error(np.concatenate(later).astype(float), 0.375)
    # Counts of a Poisson process have a variance equal to their mean.
    assert np.concatenate(arriving).var() == pytest.approx(3.0, rel=0.2)


def test_what_vehicles_bring(constants: BlackoutConstants) -> None:
    stays, usable, prices = [], [], []
    for seed in SEEDS:
        vehicles = draws.draw_vehicles(constants, seed)
        real = np.isfinite(vehicles.arrival_s)
        stays.append((vehicles.departure_s[real] - vehicles.arrival_s[real]) / HOUR)
        usable.append(vehicles.usable_kwh[real])
        prices.append(vehicles.reservation_price[real])
        assert not vehicles.usable_kwh[~real].any()
    assert within_sampling_error(np.concatenate(stays), 3.0)
    assert within_sampling_error(np.concatenate(prices), 0.75)
    energy = np.concatenate(usable)
    # 60 kWh x (0.65 - 0.33) on average; between 20 kWh x (0.5 - 0.33) and 110 kWh x (0.8 - 0.33).
    assert within_sampling_error(energy, 19.2)
    assert energy.min() >= 20.0 * 0.17
    assert energy.max() <= 110.0 * 0.47
    assert np.concatenate(prices).min() >= 0.0
    assert np.concatenate(prices).max() <= 1.5


def test_capacities_are_bounded() -> None:
    """With a charge of exactly 0.8 the usable energy tells the capacity; a wide spread meets both bounds."""
    wide = model_with(vehicles__capacity_sigma_kwh=200.0, vehicles__initial_soc_low=0.8, vehicles__initial_soc_high=0.8)
    vehicles = draws.draw_vehicles(wide, 0)
    capacity = vehicles.usable_kwh[np.isfinite(vehicles.arrival_s)] / 0.47
    assert capacity.min() == pytest.approx(20.0)
    assert capacity.max() == pytest.approx(110.0)


def test_slots_are_sorted_by_departure(constants: BlackoutConstants) -> None:
    vehicles = draws.draw_vehicles(constants, 3)
    real = np.isfinite(vehicles.departure_s)
    ordered = np.where(real, vehicles.departure_s, np.finfo(float).max)
    assert np.all(np.diff(ordered, axis=1) >= 0.0)
    assert np.all(vehicles.departure_s[real] >= vehicles.arrival_s[real])


def test_where_price_does_not_matter_everybody_accepts() -> None:
    vehicles = draws.draw_vehicles(model_with(vehicles__price_acceptance=False), 0)
    assert not vehicles.reservation_price.any()
    priced = draws.draw_vehicles(model_with(), 0)
    assert np.array_equal(vehicles.arrival_s, priced.arrival_s)
    assert np.array_equal(vehicles.usable_kwh, priced.usable_kwh)


def test_without_vehicles_there_are_none() -> None:
    empty = model_with(vehicles__arrivals_per_day=0)
    assert not np.isfinite(draws.draw_vehicles(empty, 0).arrival_s).any()


def test_walkers_walk_at_their_speed(constants: BlackoutConstants) -> None:
    """At 1 m/s nobody gets farther in a minute than 60 m, and who does not turn gets exactly that far."""
    walking = model_with(users__speed_m_per_s=1.0)
    start = draws.draw_positions(walking, 0)
    walk = draws.draw_walk(walking, 0, start)
    assert np.array_equal(walk.positions_at_m(0.0), start)
    legs = np.linalg.norm(np.diff(walk.waypoints_m, axis=0), axis=-1)
    assert legs.sum(axis=0).min() >= 86400.0  # nobody arrives before the horizon of 24 h
    for walked in (0.0, 900.0, 40000.0, 86340.0):
        moved = walk.positions_at_m(walked + 60.0) - walk.positions_at_m(walked)
        metres = np.linalg.norm(moved, axis=-1)
        assert metres.max() <= 60.0 + 1e-6
        assert np.median(metres) == pytest.approx(60.0)
    inside = hexagon_contains((walk.positions_at_m(0.0)[:, None] - walking.sites_m) * 0.999999, 500.0)
    assert inside.any(axis=1).all()


def test_everything_is_a_function_of_the_seed(constants: BlackoutConstants) -> None:
    """Two batches that load the same seed in another order hold the same users and vehicles."""
    first, second = Inhabitants(constants, 2), Inhabitants(constants, 2)
    put(first, 0, 11)
    put(second, 0, 3)
    put(second, 1, 11)
    for name in ("arrival_s", "departure_s", "usable_kwh", "reservation_price"):
        assert np.array_equal(getattr(first, name)[0], getattr(second, name)[1], equal_nan=True)
        assert not np.array_equal(getattr(second, name)[0], getattr(second, name)[1])
    for name, values in first.users._asdict().items():
        assert np.array_equal(values[0], getattr(second.users, name)[1])
