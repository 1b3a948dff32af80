"""The exact dispatch of a few users against a closed form, a solver of the smooth program and a second linear one."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, minimize

from tests.envs.blackout.tools import outage_world
from tests.envs.episodes import started
from tests.physics import reference, reference_scheduler
from voltran.baselines.msrc.dispatch import (
    chord_error,
    dispatch_program,
    exact_dispatch,
    utility,
    world_dispatch,
)
from voltran.baselines.msrc.dispatch_program import AssociationRule
from voltran.baselines.solve import solve_milp
from voltran.envs.blackout.commands import mode_commands
from voltran.physics.arrays import FloatArray
from voltran.physics.power import HELPING, NORMAL, SLEEP

RULES: tuple[AssociationRule, ...] = ("fixed", "split")
# One user near each of two sites, and one between them.
TINY: dict[str, Any] = {
    "layout.n_sites": 2,
    "layout.positions_m": [[0, 0], [500, 0]],
    "users.count": 3,
    "users.positions_m": [[-60, 20], [230, 0], [430, 40]],
    "users.classes": ["best_effort", "essential", "best_effort"],
    "battery.initial_soc": 0.8,
    "radio.precision": "float64",
}


def smooth_optimum(link: FloatArray, demand: FloatArray, weight: FloatArray, capacity: FloatArray) -> float:
    """Largest utility by a general solver; ``link [band, site, user]`` are full-band rates, zero where not allowed.

    Variables are resource fractions of all links.
    """
    n_bands, n_sites, n_users = link.shape
    share = link / demand
    per_user = np.tile(np.eye(n_users), n_bands * n_sites) * share.ravel()
    per_block = np.kron(np.eye(n_bands * n_sites), np.ones(n_users))
    per_site = np.tile(np.repeat(np.eye(n_sites), n_users, axis=1), n_bands) * link.ravel()
    rows = np.vstack([per_user, per_block, per_site / capacity[:, None]])

    def loss(x: FloatArray) -> float:
        return -float(weight @ np.log1p(per_user @ x))

    def slope(x: FloatArray) -> FloatArray:
        return -(weight / (1.0 + per_user @ x)) @ per_user

    best = minimize(
        loss, np.full(link.size, 1e-3), jac=slope, method="SLSQP", bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(rows, ub=np.ones(rows.shape[0])), options={"ftol": 1e-12, "maxiter": 1000},
    )  # fmt: skip
    assert best.success, best.message
    return -float(best.fun)


@pytest.mark.parametrize("demand_mbps", [20.0, 120.0, 500.0])
@pytest.mark.parametrize("capacity_mbps", [30.0, 1000.0])
@pytest.mark.parametrize("modes", [(0, 0), (1, 1), (1, 3), (0, 1)])
def test_three_users_get_what_a_general_solver_gives_them(
    modes: tuple[int, int], capacity_mbps: float, demand_mbps: float
) -> None:
    """Two sites with 800 and 1800 MHz; demands and capacities from ample to scarce; links from the reference radio."""
    band = {"static_w": 250, "dynamic_w": 0, "w_per_mbps": 0, "standby_w": 25, "capacity_mbps": capacity_mbps}
    settings = TINY | {
        "bands": [
            {"name": "low", "frequency_mhz": 800, "bandwidth_mhz": 10, **band},
            {"name": "middle", "frequency_mhz": 1800, "bandwidth_mhz": 20, **band},
        ],
        "traffic.essential.constant_mbps": 0.7 * demand_mbps,
        "traffic.best_effort.constant_mbps": demand_mbps,
    }
    world = started(outage_world("toy3", overrides=settings))
    commands = mode_commands(world.constants, np.array([modes]), command_set="free")
    mode, bands, radio = commands.mode[0], commands.band_bits[0], world.constants.radio
    users, alive = world.users, world.alive[0]
    demand, weight = users.demand_mbps[0], users.weight[0]
    link = reference.link_rates_mbps(reference.sinr(users.received_mw[0], mode, bands, alive, radio), mode, radio)
    link = link * (users.distance_m[0] <= commands.radius_m[0][:, None])
    capacity = reference_scheduler.site_capacity_mbps(mode, bands, world.constants.scheduler) + (mode == 3)
    best = smooth_optimum(link, demand, weight, capacity)
    fine = exact_dispatch(world, commands, segments=100, association="split")
    assert fine.utility == pytest.approx(best, abs=chord_error(100) * weight.sum() + 1e-4)
    coarse = exact_dispatch(world, commands, segments=3, association="split")
    assert best - chord_error(3) * weight.sum() - 1e-4 <= coarse.utility <= best + 1e-4
    assert world_dispatch(world, commands).utility <= best + 1e-6


def test_one_band_of_one_site_is_shared_by_water_filling() -> None:
    """Equal links of 88 Mbit/s each: served and asked for together are in proportion to the weights.

    Two users of weight 1 ask for 50 and one of weight 1.5 for 60 Mbit/s: the level is (88 + 160) / 3.5.
    """
    settings = TINY | {
        "layout.n_sites": 1,
        "layout.positions_m": [[0, 0]],
        "users.positions_m": [[-60, 20], [50, 0], [30, 40]],
        "bands": [
            {
                "name": "only", "frequency_mhz": 800, "bandwidth_mhz": 10, "capacity_mbps": 1000, "static_w": 250,
                "dynamic_w": 0, "w_per_mbps": 0, "standby_w": 25,
            }
        ],
        "traffic.essential": {"share": 0.5, "weight": 1.5, "constant_mbps": 60.0},
        "traffic.best_effort": {"share": 0.33, "weight": 1.0, "constant_mbps": 50.0},
    }  # fmt: skip
    world = started(outage_world("toy3", overrides=settings))
    commands = mode_commands(world.constants, np.array([[NORMAL]]), command_set="free")
    assert dispatch_program(world, commands).links.rate_mbps == pytest.approx(88.0)
    level = (88.0 + 160.0) / 3.5
    expected = np.array([level - 50.0, 1.5 * level - 60.0, level - 50.0])
    for rule in RULES:
        exact = exact_dispatch(world, commands, segments=500, association=rule)
        assert exact.rate_mbps == pytest.approx(expected, abs=0.2)
        assert exact.utility == pytest.approx(
            utility(expected, np.array([50.0, 60.0, 50.0]), np.array([1.0, 1.5, 1.0]))
        )
        assert exact.resource_use == pytest.approx(np.ones((1, 1)))
    assert world_dispatch(world, commands).rate_mbps == pytest.approx(expected)


def test_nobody_is_served_once_all_sites_are_down() -> None:
    world = started(outage_world(overrides={"battery.initial_soc": 0.2}))
    assert not world.alive.any()
    commands = mode_commands(world.constants, np.full((1, 3), NORMAL), command_set="paper")
    for found in (world_dispatch(world, commands), *(exact_dispatch(world, commands, 0, 6, rule) for rule in RULES)):
        assert found.utility == found.served_share == 0.0
        assert not any(values.any() for values in found[:4])


@pytest.mark.parametrize("segments", [1, 2, 6, 40])
def test_the_chord_error_is_the_largest_gap(segments: int) -> None:
    ends = 2.0 ** (np.arange(segments + 1) / segments) - 1.0
    x = np.linspace(0.0, 1.0, 200_001)
    gaps = np.log1p(x) - np.interp(x, ends, np.log1p(ends))
    assert gaps.min() >= -1e-15
    assert chord_error(segments) == pytest.approx(gaps.max(), rel=1e-4)


@pytest.mark.parametrize("modes", [(NORMAL, NORMAL, NORMAL), (HELPING, SLEEP, HELPING)])
def test_two_solvers_agree(modes: tuple[int, int, int]) -> None:
    pytest.importorskip("ortools")
    world = started(outage_world("toy3", overrides={"traffic.best_effort.constant_mbps": 400.0}))
    commands = mode_commands(world.constants, np.array([modes]), command_set="free")
    program = dispatch_program(world, commands, association="split").model
    assert solve_milp(program, "scip").objective == pytest.approx(solve_milp(program, "highs").objective, rel=1e-6)
