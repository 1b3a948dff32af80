"""Geometry: radii follow the distance of sites, and networks that could not work are refused."""

import numpy as np
import pytest

from tests.envs.blackout.tools import outage_world, play
from tests.envs.episodes import started
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.population import draw_inhabitants
from voltran.envs.errors import ScenarioError


def geometry(constants: BlackoutConstants) -> list[float]:
    """Nominal, expanded, cooperation and neighbourhood radius."""
    return [constants.r_nom_m, float(constants.mode_radius_m[1]), constants.r_coop_m, constants.neighbourhood_m]


def model_of(scenario: str = "urban7-medium", **overrides: object) -> BlackoutConstants:
    return outage_world(scenario, overrides={k.replace("__", "."): v for k, v in overrides.items()}).constants


@pytest.mark.parametrize("scenario", ["urban7-medium", "urban19-heavy", "urban19-brownout-medium", "toy3"])
def test_radii_of_the_shipped_networks(scenario: str) -> None:
    assert geometry(model_of(scenario)) == [400.0, 800.0, 1000.0, 550.0]


@pytest.mark.parametrize("times", [0.6, 1.0, 1.5, 2.0, 3.0])
def test_radii_scale_with_the_distance_of_sites(times: float) -> None:
    """Who can help whom, and by how much, is the same; so is who shares credit."""
    usual, scaled = model_of(), model_of(layout__inter_site_distance_m=500.0 * times)
    np.testing.assert_allclose(geometry(scaled), np.array([400.0, 800.0, 1000.0, 550.0]) * times, rtol=1e-9)
    np.testing.assert_allclose(scaled.assistance_potential, usual.assistance_potential, atol=1e-9)
    assert np.array_equal(scaled.may_help, usual.may_help)
    near, scaled_near = (constants.distance_m <= constants.neighbourhood_m for constants in (usual, scaled))
    assert np.array_equal(near, scaled_near)
    assert near.sum(axis=1).tolist() == [7, 4, 4, 4, 4, 4, 4]


def test_the_reach_of_the_lowest_band_bounds_the_expanded_radius() -> None:
    wide = model_of(layout__inter_site_distance_m=2000.0)
    assert wide.mode_radius_m[1] == wide.band_radius_m(wide.lowest_band) < 3200.0


@pytest.mark.parametrize(
    ("field", "index"),
    [("radio.r_nom_m", 0), ("radio.r_exp_m", 1), ("cooperation.r_coop_m", 2), ("reward.neighbourhood_m", 3)],
)
def test_radii_that_are_set_stay(field: str, index: int) -> None:
    expected = [320.0, 640.0, 800.0, 440.0]
    expected[index] = 600.0
    overrides = {"layout.inter_site_distance_m": 400.0, field: 600.0}
    assert geometry(outage_world("urban7-medium", overrides=overrides).constants) == pytest.approx(expected)


def test_explicit_sites_are_as_far_apart_as_their_median_nearest_neighbours() -> None:
    """Nearest neighbours at 600, 600, 800 and 3000 m: the median is 700 m, whatever layout.inter_site_distance_m."""
    sites = {
        "layout.n_sites": 4,
        "layout.positions_m": [[0, 0], [600, 0], [0, 800], [0, 3800]],
        "battery.initial_soc": 0.8,
    }
    constants = outage_world("toy3", overrides=sites).constants
    assert constants.inter_site_distance_m == 700.0
    assert geometry(constants) == pytest.approx([560.0, 1120.0, 1400.0, 770.0])
    one = {**sites, "layout.n_sites": 1, "layout.positions_m": [[0, 0]], "layout.inter_site_distance_m": 300.0}
    assert outage_world("toy3", overrides=one).constants.inter_site_distance_m == 300.0


@pytest.mark.parametrize("distance_m", [300.0, 500.0, 1000.0, 1500.0])
def test_networks_of_usual_distances_work(distance_m: float) -> None:
    """Everybody is covered, critical users are served, sites can help, and some time passes before service is lost."""
    world = started(outage_world("urban7-medium", 3, {"layout.inter_site_distance_m": distance_m}))
    assert (~world.users.servable).mean(axis=1).max() <= 0.05
    assert world.constants.may_help.any(axis=0).all()
    play(world, "independent")
    assert world.kpis()["survival_h"].min() > 0.5


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (
            {"radio.r_nom_m": 280},
            ["layout.inter_site_distance_m = 500", "289 m", "radio.r_nom_m = 280", "leave radio.r_nom_m out"],
        ),
        ({"layout.inter_site_distance_m": 5000}, ["layout.inter_site_distance_m = 5000", "2887 m", "lowest band"]),
        ({"radio.planning_margin_db": 60}, ["lowest band", "radio.planning_margin_db"]),
        ({"layout.inter_site_distance_m": 3500}, ["no site can help", "radio.r_exp_m", "cooperation.k_max = 0"]),
        ({"cooperation.r_coop_m": 499}, ["cooperation.r_coop_m = 499"]),
        ({"radio.r_exp_m": 100, "cooperation.k_max": 0}, ["radio.r_exp_m = 100", "radio.r_nom_m = 400"]),
        ({"radio.r_exp_m": 350, "cooperation.kappa_min": 0}, ["radio.r_exp_m = 350", "below radio.r_nom_m"]),
        ({"layout.inter_site_distance_m": 3450, "cooperation.kappa_min": 0}, ["layout.inter_site_distance_m"]),
        ({"cooperation.kappa_min": 1.0}, ["cooperation.kappa_min = 1"]),
        ({"cooperation.r_coop_m": 499, "cooperation.k_max": 0, "cooperation.links": "unlimited"}, ["no site can help"]),
    ],
)
def test_networks_that_cannot_work_are_refused(overrides: dict[str, object], named: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        outage_world("urban7-medium", overrides=overrides)
    assert [text for text in named if text not in str(caught.value)] == []


@pytest.mark.parametrize(
    "overrides",
    [
        {"cooperation.r_coop_m": 499, "cooperation.k_max": 0},
        {"layout.n_sites": 1},
        {"radio.r_nom_m": 289},
    ],
)
def test_networks_without_cooperation_or_just_covered_are_allowed(overrides: dict[str, object]) -> None:
    started(outage_world("urban7-medium", overrides=overrides))


def far_users(n_far: int, **overrides: object) -> dict[str, object]:
    """Of 40 users near a site some are a day's walk away."""
    near = [[-100, 0], [480, 60], [520, -150], [780, 0]] * 10
    positions = near[: 40 - n_far] + [[50000, 0]] * n_far
    return {"users.count": 40, "users.positions_m": positions, "users.classes": None, **overrides}


def test_few_uncovered_users_are_reported() -> None:
    world = started(outage_world("toy3", overrides=far_users(2)))
    assert (~world.users.servable).mean(axis=1).tolist() == [0.05]
    assert np.flatnonzero(~world.users.servable[0]).tolist() == [38, 39]


def test_many_uncovered_users_are_an_error_unless_allowed() -> None:
    world = outage_world("toy3", overrides=far_users(3))
    with pytest.raises(ScenarioError, match=r"seed 6: .* 7\.5% of the users .*inter_site_distance_m.*covered_at_start"):
        world.reset([6])
    allowed = far_users(3, **{"users.covered_at_start": False})
    open_world = started(outage_world("toy3", overrides=allowed))
    assert (~open_world.users.servable).mean(axis=1).tolist() == [0.075]


def test_a_reset_that_fails_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a batch that is reset together no world is, if one cannot be; it goes on as another that was left alone."""
    world, other = (started(outage_world("urban7-medium", 3)) for _ in range(2))

    def failing(constants: BlackoutConstants, seed: int) -> object:
        if seed == 51:
            raise ScenarioError("seed 51: too far")
        return draw_inhabitants(constants, seed)

    monkeypatch.setattr("voltran.envs.blackout.simulation.draw_inhabitants", failing)
    with pytest.raises(ScenarioError, match="seed 51"):
        world.reset([50, 51, 52])
    codes = {"bs": np.zeros((3, 7), dtype=np.int64)}
    after, expected = world.step(codes), other.step(codes)
    assert np.array_equal(after.rewards["bs"], expected.rewards["bs"])
    assert np.array_equal(world.state(), other.state())
    assert world.get_state()["episodes"]["seed"].tolist() == [0, 1, 2]
