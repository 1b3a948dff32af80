"""The choices where [MSRC] is silent or contradicts itself: each changes what it says, and nothing before it."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import commands, outage_world, over, play, put
from tests.envs.episodes import started
from voltran.envs.blackout.population import Inhabitants
from voltran.envs.blackout.world import BlackoutWorld
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

LOW_ONLY = np.full((1, 7), 0b0011)


def after_one_period(modes: list[int], overrides: dict[str, Any], **options: Any) -> BlackoutWorld:
    """Seven sites after a quarter of an hour under free commands."""
    world = started(outage_world("urban7-medium", overrides=overrides))
    world.step(commands(world, modes, **options))
    return world


def satisfaction(world: BlackoutWorld) -> float:
    return float(world.trace()["satisfaction"][0])


def test_interference_counts_bands_that_are_on_or_all_of_an_awake_site() -> None:
    """As printed, (7) also counts carriers that are off; with all bands on the two readings are the same."""
    heavy = {"traffic.load_factor": 1.8}
    per_band, per_site = ({**heavy, "radio.interference": reading} for reading in ("per_band", "per_site"))
    everything = [after_one_period([NORMAL] * 7, reading) for reading in (per_band, per_site)]
    assert satisfaction(everything[0]) == satisfaction(everything[1])
    # The centre alone uses the high bands: as printed, the others disturb it there all the same.
    bands = np.where(np.arange(7) == 0, 0b1111, 0b0011)[None]
    mixed = [after_one_period([NORMAL] * 7, reading, band_bits=bands) for reading in (per_band, per_site)]
    assert satisfaction(mixed[0]) > satisfaction(mixed[1])
    # A sleeping site never disturbs.
    one = [after_one_period([NORMAL] + [SLEEP] * 6, reading) for reading in (per_band, per_site)]
    assert satisfaction(one[0]) == satisfaction(one[1])


def test_assisted_sites_keep_the_low_or_the_high_bands() -> None:
    low, high = (outage_world(overrides={"cooperation.assisted_bands": part}) for part in ("low", "high"))
    assert [world.constants.mode_bands[ASSISTED] for world in (low, high)] == [0b0011, 0b1100]
    for world, expected_kw in ((low, 1.2), (high, 2 * (500 + 1000 + 25 + 25) / 1000)):
        started(world).step(commands(world, [ASSISTED, HELPING, NORMAL]))
        assert world.ledger()["load_kw"][0, 0] == pytest.approx(expected_kw)


def test_free_hotspots_are_more_uneven_than_one_per_cell() -> None:
    def spread(hotspots: str) -> float:
        world = started(outage_world("urban19-medium", 8, {"users.hotspots": hotspots}))
        per_site = Inhabitants(world.constants, 1)
        deviations = []
        for seed in range(8):
            put(per_site, 0, seed)
            deviations.append(per_site.home_view.users[0].std())
        return float(np.mean(deviations))

    assert spread("free") > 1.5 * spread("per_cell")


def test_price_acceptance_is_what_flat_prices_lose() -> None:
    """At the base price a third of the vehicles accept; without the rule all do."""
    vehicles = {"vehicles.arrivals_per_day": 24}
    accepting = {}
    for rule in (True, False):
        overrides = {**vehicles, "vehicles.price_acceptance": rule}
        world = started(outage_world("urban19-medium", 4, overrides))
        world.step(commands(world, [NORMAL] * 19, dynamic_price=False))
        state = world.get_state()["state"]
        present = state["ev_energy_kwh"] > 0.0
        accepting[rule] = state["ev_accepted"].sum() / present.sum()
        delivered = play(outage_world("urban7-medium", 1, overrides), "independent")
        assert over(delivered[-1])
    assert accepting[False] > 2.0 * accepting[True] > 0.0


def test_the_dynamic_price_follows_the_formula() -> None:
    """[MSRC] Eq. 16 at the start of toy3, with 4 kW of mean power: 0.5 (1 + 2 exp(-E / (4 kW x 1.5 h)))."""
    world = started(outage_world(overrides={"time.decision_period_s": 60}))
    world.step(commands(world, [NORMAL] * 3, dynamic_price=True))
    energy = np.array([1.45, 2.35, 2.85])
    expected = 0.5 * (1.0 + 2.0 * np.exp(-energy / (4.0 * 1.5)))
    np.testing.assert_allclose(world.get_state()["state"]["price"][0], expected, atol=1e-12)
    world.step(commands(world, [NORMAL] * 3, dynamic_price=False))
    assert world.get_state()["state"]["price"].tolist() == [[0.5] * 3]


def test_the_dynamic_price_of_a_sleeping_site_remembers_the_last_hour() -> None:
    """After 15 minutes at 4 kW and 15 at 0.4 kW the mean is 2.2 kW; after an hour asleep it is 0.4 kW."""
    overrides = {"battery.initial_soc": 1.0, "survival.end": "horizon"}
    world = started(outage_world(overrides=overrides))
    world.step(commands(world, [NORMAL] * 3))
    for _ in range(5):
        world.step(commands(world, [SLEEP] * 3))
    energy = 8.0 - 1.0 - 5 * 0.1 + 0.4 / 60.0  # as the last minute began
    expected = 0.5 * (1.0 + 2.0 * np.exp(-energy / (0.4 * 1.5)))
    np.testing.assert_allclose(world.get_state()["state"]["price"][0], expected, atol=1e-9)
    world.reset([0])
    world.step(commands(world, [NORMAL] * 3))
    world.step(commands(world, [SLEEP] * 3))
    energy, mean = 8.0 - 1.0 - 0.1 + 0.4 / 60.0, (15 * 4.0 + 14 * 0.4) / 29
    expected = 0.5 * (1.0 + 2.0 * np.exp(-energy / (mean * 1.5)))
    np.testing.assert_allclose(world.get_state()["state"]["price"][0], expected, atol=1e-9)


@pytest.mark.parametrize(("redraw_period_s", "changes"), [(None, []), (900.0, [1, 2, 3, 4, 5]), (2700.0, [3])])
def test_demands_are_redrawn_when_their_time_has_come(redraw_period_s: float | None, changes: list[int]) -> None:
    world = outage_world("urban7-medium", overrides={"traffic.redraw_period_s": redraw_period_s})
    drawn = Inhabitants(world.constants, 1)
    put(drawn, 0, 0)
    first = drawn.users.demand_mbps.copy()
    seen = []
    for period in range(6):
        before = drawn.users.demand_mbps.copy()
        assert drawn.advance_to(0, 900.0 * period) == (not np.array_equal(before, drawn.users.demand_mbps))
        if not np.array_equal(before, drawn.users.demand_mbps):
            seen.append(period)
    assert seen == changes
    constant = drawn.users.service_class[0] < 2
    assert np.array_equal(first[0, constant], drawn.users.demand_mbps[0, constant])


def test_users_walk() -> None:
    """In 15 minutes at 1 m/s nobody gets nearer to or farther from any site than 900 m, and most move far."""
    world = outage_world("urban7-medium", overrides={"users.speed_m_per_s": 1.0})
    drawn = Inhabitants(world.constants, 1)
    put(drawn, 0, 0)
    start = drawn.users.distance_m.copy()
    assert not drawn.advance_to(0, 0.0)
    assert drawn.advance_to(0, 900.0)
    moved = np.abs(drawn.users.distance_m - start)
    assert np.median(moved.max(axis=1)) > 100.0
    assert moved.max() <= 900.0
    # The same seed walks the same way, also when asked for a later time at once.
    again = Inhabitants(world.constants, 1)
    put(again, 0, 0)
    again.advance_to(0, 900.0)
    assert np.array_equal(again.users.received_mw, drawn.users.received_mw)


def test_users_who_stand_still_do_not_move() -> None:
    drawn = Inhabitants(outage_world("urban7-medium").constants, 1)
    put(drawn, 0, 0)
    assert not drawn.advance_to(0, 36000.0)


def test_walking_causes_handovers_where_modes_stay() -> None:
    still, walking = (
        after_periods(8, {"users.speed_m_per_s": speed, "battery.capacity_kwh": 100.0}) for speed in (0.0, 1.0)
    )
    assert still.trace()["handovers"].sum() == 0.0
    assert walking.trace()["handovers"].sum() > 100.0


def after_periods(periods: int, overrides: dict[str, Any]) -> BlackoutWorld:
    world = started(outage_world("urban7-medium", overrides=overrides))
    for _ in range(periods):
        world.step(commands(world, [NORMAL] * 7))
    return world


@pytest.mark.parametrize(
    ("field", "value", "radii"),
    [
        ("radio.r_exp_m", 600.0, [400.0, 600.0, 200.0, 0.0]),
        ("radio.r_red", 0.8, [400.0, 800.0, 320.0, 0.0]),
        ("radio.r_nom_m", 450.0, [450.0, 800.0, 225.0, 0.0]),
        ("cooperation.r_coop_m", 700.0, [400.0, 800.0, 200.0, 0.0]),
        ("radio.planning_margin_db", 30.0, None),
    ],
)
def test_radii_follow_the_formula(field: str, value: float, radii: list[float] | None) -> None:
    """R_exp = min(1.6 times the distance of sites, planning radius of 800 MHz), unless it is given."""
    constants = outage_world("urban7-medium", overrides={field: value}).constants
    if radii is None:
        radii = [400.0, constants.band_radius_m(constants.lowest_band), 200.0, 0.0]
        assert radii[1] < 800.0
    assert constants.mode_radius_m.tolist() == pytest.approx(radii)


def test_noise_limited_radii_are_in_the_proportions_of_the_specification() -> None:
    """2274 : 1168 : 934 : 1016 for the four bands, whatever the margin that they share."""
    constants = outage_world("urban19-medium").constants
    radii = np.array([constants.band_radius_m(band) for band in range(4)])
    np.testing.assert_allclose(radii / radii[0], np.array([2274, 1168, 934, 1016]) / 2274, rtol=2e-3)


@pytest.mark.parametrize(("k_max", "sleeping"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_the_most_links_of_a_helper(k_max: int, sleeping: int) -> None:
    """The centre helps alone: as many of its six neighbours may sleep as it may have links."""
    world = started(outage_world("urban7-medium", overrides={"cooperation.k_max": k_max}))
    modes = [HELPING] + [SLEEP] * 6
    world.step(commands(world, modes, command_set="paper"))
    assert (world.mode[0] == SLEEP).sum() == sleeping
    assert (world.mode[0] == HELPING).sum() == (k_max > 0)


def test_unlimited_links_set_k_max_aside() -> None:
    """One helper for six sleeping neighbours, although a site may have one link only."""
    world = started(outage_world("urban7-medium", overrides={"cooperation.k_max": 1, "cooperation.links": "unlimited"}))
    modes = [HELPING] + [SLEEP] * 6
    world.step(commands(world, modes, command_set="paper"))
    assert world.mode[0].tolist() == modes
