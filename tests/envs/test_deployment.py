"""Drops of the uplink world, its architectures and the problem that they make."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import validated
from voltran.envs.uplink.architecture import ARCHITECTURES, Architecture, build_architecture
from voltran.envs.uplink.deployment import Deployment, build_problem, draw_deployment, grid_m, radio_constants
from voltran.envs.uplink.problem import UplinkProblem, evaluate
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.physics.uplink import combine, isotropic_statistics, uplink_sinr


def scenario(**sections: dict[str, Any]) -> UplinkScenario:
    return validated(UplinkScenario, {"name": "test", **sections}, "test")


def fd_ran(of: UplinkScenario) -> Architecture:
    return build_architecture(of, "fd-ran")


def drop(of: UplinkScenario, seed: int = 0) -> Deployment:
    return draw_deployment(of, fd_ran(of), seed)


def problem(of: UplinkScenario, seed: int = 0, active: list[int] | None = None) -> UplinkProblem:
    chosen = np.arange(of.ues.count) if active is None else np.array(active, dtype=np.int64)
    rate_min_mbps = np.linspace(10.0, 20.0, of.ues.count)
    return build_problem(fd_ran(of), radio_constants(of), drop(of, seed), rate_min_mbps, chosen)


LOCAL_SCATTERING = {"correlation": "local_scattering"}


def test_constants_of_the_default_scenario() -> None:
    radio = radio_constants(scenario())
    assert radio.prelog_mhz == pytest.approx(19.0)
    thermal_dbm = -173.98 + 10.0 * np.log10(20e6) + 7.0
    assert 10.0 * np.log10(radio.noise_mw) == pytest.approx(thermal_dbm, abs=0.05)


def test_the_same_seed_gives_the_same_drop_and_another_seed_another() -> None:
    first, again, other = drop(scenario(), 3), drop(scenario(), 3), drop(scenario(), 4)
    for name in ("ubs_m", "ue_m", "gain", "pilot"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.any(first.gain == other.gain)


@pytest.mark.parametrize(("n_ubs", "n_ues"), [(20, 20), (40, 8), (40, 20), (21, 9)])
def test_larger_networks_contain_smaller_ones(n_ubs: int, n_ues: int) -> None:
    small, large = drop(scenario()), drop(scenario(layout={"n_ubs": n_ubs}, ues={"count": n_ues}))
    assert np.array_equal(large.ubs_m[:20], small.ubs_m)
    assert np.array_equal(large.ue_m[:8], small.ue_m)
    assert np.array_equal(large.gain[:20, :8], small.gain)


def test_gain_is_that_of_the_nearest_copy_with_shadowing_of_the_given_spread() -> None:
    plain = scenario(layout={"n_ubs": 60}, ues={"count": 60}, radio={"shadowing_db": 0.0})
    bare = drop(plain)
    copies = np.array(list(product((-500.0, 0.0, 500.0), repeat=2)))
    across = bare.ue_m[None, :, None] + copies - bare.ubs_m[:, None, None]
    distance_m = np.sqrt((across**2).sum(axis=-1).min(axis=-1) + 10.0**2)
    np.testing.assert_allclose(10.0 * np.log10(bare.gain), -30.5 - 36.7 * np.log10(distance_m), rtol=1e-12)
    shadowed = drop(scenario(layout={"n_ubs": 60}, ues={"count": 60}))
    shadowing_db = 10.0 * np.log10(shadowed.gain / bare.gain)
    assert shadowing_db.mean() == pytest.approx(0.0, abs=0.2)
    assert shadowing_db.std() == pytest.approx(4.0, abs=0.15)


def test_places_fill_the_square_evenly() -> None:
    points = np.concatenate([drop(scenario(layout={"n_ubs": 200}, ues={"count": 200}), seed).ubs_m for seed in (1, 2)])
    assert points.min() >= 0.0
    assert points.max() <= 500.0
    quarter = (points // 250.0) @ np.array([1.0, 2.0])
    assert all(abs(int((quarter == which).sum()) - 100) < 40 for which in range(4))


def test_given_places_are_used() -> None:
    of = scenario(
        layout={"n_ubs": 3, "positions_m": [[1, 2], [3, 4], [5, 6]]}, ues={"count": 1, "positions_m": [[9, 9]]}
    )
    assert drop(of).ubs_m.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert drop(of).ue_m.tolist() == [[9, 9]]


def test_regions_have_a_ue_in_their_centres() -> None:
    ue_m = drop(scenario(ues={"count": 25, "placement": "regions"})).ue_m
    expected = set(product((50.0, 150.0, 250.0, 350.0, 450.0), repeat=2))
    assert {(float(x), float(y)) for x, y in ue_m} == expected


def test_cellular_sites_form_a_grid_or_lie_anywhere() -> None:
    of = scenario()
    assert draw_deployment(of, build_architecture(of, "cellular"), 0).ubs_m.tolist() == grid_m(4, 500.0).tolist()
    assert grid_m(4, 500.0).tolist() == [[125, 125], [125, 375], [375, 125], [375, 375]]
    anywhere = scenario(cellular={"placement": "random", "n_sites": 5})
    assert draw_deployment(anywhere, build_architecture(anywhere, "cellular"), 0).ubs_m.shape == (5, 2)


def test_correlation_keeps_the_gain_and_is_absent_by_default() -> None:
    assert drop(scenario()).correlation is None
    found = drop(scenario(radio=LOCAL_SCATTERING))
    assert found.correlation is not None
    np.testing.assert_allclose(np.einsum("mkxx->mk", found.correlation), 5 * found.gain, rtol=1e-12)
    assert np.array_equal(found.gain, drop(scenario()).gain)


def test_correlation_turns_with_the_direction_of_the_ue() -> None:
    """Phase between neighbouring elements is pi times the sine of the angle of arrival."""
    of = scenario(
        layout={"n_ubs": 3, "positions_m": [[100, 100]] * 3},
        ues={"count": 3, "positions_m": [[150, 100], [130, 140], [100, 150]]},
        radio=LOCAL_SCATTERING,
    )
    correlation = drop(of).correlation
    assert correlation is not None
    np.testing.assert_allclose(np.angle(correlation[0, :2, 1, 0]), [0.0, 0.8 * np.pi], atol=1e-12)
    np.testing.assert_allclose(np.cos(np.angle(correlation[0, 2, 1, 0])), -1.0, atol=1e-12)


@pytest.mark.parametrize("radio", [{}, LOCAL_SCATTERING])
def test_ues_that_do_not_take_part_send_no_pilots(radio: dict[str, Any]) -> None:
    """With fewer active UEs the problem is that of a network in which the others do not exist."""
    of = scenario(ues={"count": 15}, radio=radio)
    everybody, some = problem(of), problem(of, active=[2, 7, 12])
    assert some.ue.tolist() == [2, 7, 12]
    assert some.rate_min_mbps.tolist() == everybody.rate_min_mbps[[2, 7, 12]].tolist()
    assert np.array_equal(some.gain, everybody.gain[:, [2, 7, 12]])
    assert (some.n_ubs, some.n_ues) == (20, 3)
    assert np.all(some.statistics.signal >= everybody.statistics.signal[:, [2, 7, 12]])
    pilot = drop(of).pilot
    contaminated = (pilot[:, None] == pilot).sum(axis=0)[[2, 7, 12]] > 1
    grew = (some.statistics.signal > everybody.statistics.signal[:, [2, 7, 12]]).any(axis=0)
    assert contaminated.any()
    assert np.array_equal(grew, contaminated)


def test_a_moment_without_ues_costs_only_the_sleeping_network() -> None:
    empty = problem(scenario(), active=[])
    outcome = evaluate(empty, np.empty((20, 0), dtype=np.bool_), np.empty(0))
    assert outcome.efficiency == 0.0
    assert outcome.shortfall_mbps == 0.0
    assert outcome.power_w == pytest.approx(20 * empty.power.asleep_w + empty.power.shared_w)


def test_outcome_adds_up() -> None:
    of = problem(scenario(ues={"count": 12}))
    association = of.gain >= np.sort(of.gain, axis=0)[-2]
    power_mw = np.linspace(1.0, 100.0, 12)
    outcome = evaluate(of, association, power_mw)
    sinr = uplink_sinr(combine(of.statistics, association, of.radio.noise_mw), power_mw)
    np.testing.assert_allclose(outcome.rate_mbps, 20.0 * 190 / 200 * np.log2(1.0 + sinr), rtol=1e-12)
    assert outcome.efficiency == pytest.approx(outcome.rate_mbps.sum() / outcome.power_w)
    lacking = [max(0.0, float(least - rate)) for least, rate in zip(of.rate_min_mbps, outcome.rate_mbps, strict=True)]
    assert outcome.shortfall_mbps == pytest.approx(sum(lacking))
    assert outcome.violations == sum(lack > 0.0 for lack in lacking) > 0
    assert outcome.awake.tolist() == [bool(row.any()) for row in association]
    np.testing.assert_allclose(19.0 * np.log2(1.0 + of.sinr_min), of.rate_min_mbps, rtol=1e-12)


def test_a_rate_that_a_solver_leaves_just_below_its_minimum_is_no_violation() -> None:
    of = problem(scenario(ues={"count": 3}))
    association, power_mw = np.ones((20, 3), dtype=np.bool_), np.full(3, 50.0)
    rate_mbps = evaluate(of, association, power_mw).rate_mbps
    for share, violations in ((1.0 + 5e-5, 0), (1.0 + 5e-4, 3)):
        assert evaluate(of._replace(rate_min_mbps=rate_mbps * share), association, power_mw).violations == violations


def test_problem_uses_the_statistics_of_the_drop() -> None:
    of = scenario(ues={"count": 12})
    deployment, found = drop(of), problem(of)
    expected = isotropic_statistics(deployment.gain, deployment.pilot, 5, radio_constants(of))
    assert np.array_equal(found.statistics.leakage, expected.leakage)


# Before fronthaul, of one base station at M = 20, N = 5 and the default 120 GOPS/W.
IDLE_W = {
    "fd-ran": (25.7 + 0.2 * 20.0) / 0.855,
    "uc-cell-free": (25.7 + 20.0) / 0.855,
    "cell-free": (25.7 + 20.0) / 0.855,
    "small-cell": (25.7 + 20.0) / 0.855,
    "cellular": (25.0 * 5.14 + 25.0 * 4.0) / (0.855 * 0.9),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures_by_hand(name: Any) -> None:
    found = build_architecture(scenario(), name)
    fronthaul_w = 0.0 if name in ("small-cell", "cellular") else 0.825
    assert found.power.awake_w == pytest.approx(IDLE_W[name] + fronthaul_w)
    sleeping_w = 0.1 * IDLE_W[name] if name in ("fd-ran", "uc-cell-free") else found.power.awake_w
    assert found.power.asleep_w == pytest.approx(sleeping_w)
    cloud_w = 4 * 0.8 * 20.0 / (0.855 * 0.95)
    assert found.power.shared_w == pytest.approx(cloud_w if name == "fd-ran" else 0.0)
    assert found.power.link_w_per_mbps == pytest.approx(0.00025 if fronthaul_w else 0.0)
    # processing of one Mbit/s, on site but for what the cloud does for FD-RAN
    full_load_w = (60 * 25 + 20 * 625 + 120 * 25) / 120 if name == "cellular" else (60 * 5 + 20 * 25 + 120 * 5) / 120
    per_mbps = full_load_w / 40.0 / (0.855 * 0.9 if name == "cellular" else 0.855)
    if name == "fd-ran":
        per_mbps *= 0.2 + 0.8 * 4 / 20 / 0.95
    assert found.power.w_per_mbps == pytest.approx(per_mbps)


def test_limits_of_the_architectures() -> None:
    def limits(name: Any) -> tuple[int, int, int, int]:
        found = build_architecture(scenario(ues={"count": 15}), name)
        return found.n_ubs, found.antennas, found.ubs_per_ue, found.ues_per_ubs

    assert limits("fd-ran") == limits("uc-cell-free") == (20, 5, 3, 10)
    assert limits("cell-free") == (20, 5, 20, 15)
    assert limits("small-cell") == (20, 5, 1, 10)
    assert limits("cellular") == (4, 25, 1, 15)
    assert fd_ran(scenario(layout={"n_ubs": 2})).ubs_per_ue == 2
    assert build_architecture(scenario(layout={"n_ubs": 2}), "fd-ran").ubs_per_ue == 2


def test_sleep_by_chance_is_linear_in_its_probability() -> None:
    def asleep_w(probability: float) -> float:
        return build_architecture(scenario(), "uc-cell-free", probability).power.asleep_w

    never, always = asleep_w(0.0), asleep_w(1.0)
    assert never == build_architecture(scenario(), "uc-cell-free").power.awake_w > always
    for probability in (0.25, 0.5, 0.9):
        assert asleep_w(probability) == pytest.approx(never + probability * (always - never))


def test_load_split_full_charges_every_server() -> None:
    equal = fd_ran(scenario()).power
    full = fd_ran(scenario(power={"load_split": "full"})).power
    assert full.w_per_mbps == 0.0
    assert full.link_w_per_mbps == pytest.approx(equal.w_per_mbps + equal.link_w_per_mbps)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("6g", {}, "architecture = '6g' is unknown; use one of fd-ran"),
        ("uc-cell-free", {"idle_sleep": 1.5}, "idle_sleep = 1.5: must be a probability"),
        ("uc-cell-free", {"idle_sleep": float("nan")}, "idle_sleep = nan: must be a probability"),
        ("fd-ran", {"idle_sleep": 0.5}, "applies to uc-cell-free only, not to fd-ran"),
    ],
)
def test_wrong_architectures_are_refused(name: Any, options: dict[str, float], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        build_architecture(scenario(), name, **options)


def test_antennas_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"cellular\.n_sites = 4: 21 x 5 antennas do not divide.*change"):
        build_architecture(scenario(layout={"n_ubs": 21}), "cellular")


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"radio": {"pilot_symbols": 200}}, r"pilot_symbols = 200 leave no symbol.*use fewer"),
        ({"limits": {"ues_per_ubs": 0}}, "limits.ues_per_ubs"),
        ({"layout": {"n_ubs": 2, "positions_m": [[0, 0]]}, "limits": {"ubs_per_ue": 1}}, "1 entries but n_ubs is 2"),
        ({"ues": {"count": 2, "positions_m": [[0, 0]]}}, "1 entries but count is 2"),
        ({"ues": {"count": 24, "placement": "regions"}}, "count = 24: placement by regions needs a square number"),
        ({"cellular": {"n_sites": 5}}, "n_sites = 5: placement on a grid needs a square number"),
        ({"power": {"mains_loss": 1.0}}, "power.mains_loss"),
        ({"power": {"centralised_share": 1.1}}, "power.centralised_share"),
        ({"layout": {"height_m": 0.0}}, "layout.height_m"),
        ({"radio": {"noise_dbm": float("nan")}}, "radio.noise_dbm"),
        ({"radio": {"pilots": 5}}, "radio.pilots"),
    ],
)
def test_scenarios_that_make_no_sense_are_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        scenario(**sections)


def test_unknown_power_table_is_refused_when_the_network_is_built() -> None:
    with pytest.raises(ScenarioError, match=r"power\.table = 'desset' is unknown"):
        fd_ran(scenario(power={"table": "desset"}))
