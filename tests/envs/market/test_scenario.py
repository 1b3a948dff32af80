"""Scenarios of the market world: what ships, what they mean, and mistakes that are named."""

from typing import Any

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.market.tools import market_world
from voltran.envs.errors import ScenarioError
from voltran.envs.market.observation import DEFAULT


def test_four_sites_of_the_paper() -> None:
    constants = market_world("market4").constants
    assert constants.fixed_kw.tolist() == [1.35, 0.1446, 1.35, 0.1446]
    assert constants.has_battery.tolist() == [False, True, True, False]
    assert constants.retail.home.tolist() == [0, 0, 1, 1]
    assert constants.retail.unit_cost.tolist() == [0.06, 0.28]


def test_eight_sites_draw_what_the_paper_says_at_full_power() -> None:
    constants = market_world("market8").constants
    assert constants.fixed_kw.sum() == pytest.approx(5.9784)
    assert constants.has_battery.sum() == 4
    assert constants.retail.is_quadratic


@pytest.mark.parametrize("name", ["market4", "market8", "market40"])
def test_supply_is_sometimes_short_and_sometimes_not(name: str) -> None:
    world = started(market_world(name, n_worlds=10))
    short = world.market.available_kw.sum(axis=2) < world.load_series_kw.sum(axis=2)
    assert 0.2 < short.mean() < 0.7
    assert (short.mean(axis=1) > 0.0).all()


def test_groups_stand_for_their_sites_in_order() -> None:
    world = market_world("market40")
    assert world.constants.n_sites == 40
    assert world.constants.fixed_kw.tolist() == [1.35] * 20 + [0.1446] * 20
    assert world.battery.capacity_kwh.tolist() == [4.0] * 10 + [0.0] * 10 + [2.0] * 10 + [0.0] * 10
    assert not world.battery.charge_limit_kw[~world.has_battery].any()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"sites": []}, "sites = .*at least 1 item"),
        ({"sites": [{"fixed_kw": 0.0}]}, "sites.0.fixed_kw = 0.0"),
        (
            {"sites": [{"fixed_kw": 1.0, "count": 300}, {"fixed_kw": 1.0, "count": 300}]},
            "600 sites in all; at most 500",
        ),
        ({"load.utilisation": [0.5, 0.5]}, "load.utilisation has 2 entries for 4 sites"),
        ({"load.arrivals": "often"}, "load.arrivals = 'often'"),
        ({"load.file_mbit": 0.0}, "load.file_mbit = 0.0"),
        ({"load.capacity_mbps": -20.0}, "load.capacity_mbps = -20.0"),
        ({"load.peek": 0.5}, "unknown key 'load.peek' .did you mean 'peak'"),
        ({"battery.soc_min": 0.6}, "initial_soc = 0.5 must lie between soc_min = 0.6"),
        ({"battery.soc_min": 1.0, "battery.initial_soc": 1.0}, "soc_min = 1.0 must be below soc_max"),
        ({"time.horizon_h": 1.1}, "not a whole number of decision periods"),
        ({"retail.home_retailer": [0, 1]}, "home_retailer has 2 entries for 4 sites"),
        ({"reward.utility": "paper"}, "reward.utility"),
    ],
)
def test_mistakes_are_named(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        market_world(overrides=overrides)


def test_loads_follow_the_seed_alone_and_lie_between_their_limits() -> None:
    first, second = (started(market_world("market8", n_worlds=2), seed) for seed in (3, 4))
    load = first.load_series_kw
    assert np.array_equal(load[1], second.load_series_kw[0])
    assert not np.array_equal(load[0], load[1])
    fixed = first.constants.fixed_kw
    assert np.all((load >= 0.25 * fixed - 1e-12) & (load <= fixed + 1e-12))


def test_the_day_has_a_quiet_night_and_two_peaks() -> None:
    world = started(market_world("market40", n_worlds=20))
    mean = world.load_series_kw.sum(axis=2).mean(axis=0)
    night, noon, afternoon, evening = mean[8:20].mean(), mean[40:48].mean(), mean[60:64].mean(), mean[76:84].mean()
    assert night < 0.6 * min(noon, evening)
    assert afternoon < min(noon, evening)


def test_constant_loads_are_those_of_the_papers_modes() -> None:
    sites = [{"fixed_kw": power, "fixed_share": 0.3} for power in (1.35, 0.1446, 1.35, 0.1446)]
    world = started(market_world(overrides={"sites": sites, "load.utilisation": 0.5}))
    assert world.load_series_kw[0, 50] == pytest.approx([0.8775, 0.09399, 0.8775, 0.09399])


def test_the_outlook_on_loads_does_not_know_the_noise() -> None:
    quiet, noisy = (started(market_world(overrides={"load.noise": noise})) for noise in (0.0, 0.3))
    names = [field.name for field in DEFAULT]
    for world in (quiet, noisy):
        world.reset([7])
    near = names.index("load_near")
    one, other = quiet.observations()["bs"][0], noisy.observations()["bs"][0]
    assert np.array_equal(one[:, near : near + 2], other[:, near : near + 2])
    assert not np.array_equal(one[:, 0], other[:, 0])
    # Without noise the outlook is what comes: 1 h is four periods.
    assert one[:, near] == pytest.approx(quiet.load_series_kw[0, 4] / quiet.constants.fixed_kw, abs=1e-6)


def test_files_that_arrive_one_by_one_spread_around_the_mean_load() -> None:
    constant = {"load.utilisation": 0.4, "time.horizon_h": 1000.0}
    mean, drawn = (
        started(market_world(overrides={**constant, "load.arrivals": arrivals})) for arrivals in ("mean", "poisson")
    )
    share = mean.constants.scenario.sites[0].fixed_share
    busy = (drawn.load_series_kw[0] / mean.constants.fixed_kw - share) / (1.0 - share)
    # Files of 0.2 s each in slots of 900 s.
    assert busy.mean() == pytest.approx(0.4, abs=1e-3)
    assert busy.std() == pytest.approx(np.sqrt(0.4 * 0.2 / 900.0), rel=0.05)


def test_arrivals_are_not_foreseen_and_leave_other_draws_alone() -> None:
    mean, drawn = (started(market_world(overrides={"load.arrivals": how})) for how in ("mean", "poisson"))
    near = [field.name for field in DEFAULT].index("load_near")
    one, other = mean.observations()["bs"][0], drawn.observations()["bs"][0]
    assert np.array_equal(one[:, near : near + 2], other[:, near : near + 2])
    assert np.array_equal(mean.market.available_kw, drawn.market.available_kw)
    assert not np.array_equal(mean.load_series_kw, drawn.load_series_kw)
    assert drawn.load_series_kw == pytest.approx(mean.load_series_kw, rel=0.1)
