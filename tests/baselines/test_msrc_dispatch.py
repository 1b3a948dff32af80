"""Stage 2: what the world does is foretold exactly, and it comes near the optimum of an independent program."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import assert_same, outage_world
from tests.envs.episodes import started
from tests.physics import reference, reference_scheduler
from voltran import baselines
from voltran.baselines.msrc.dispatch import (
    Dispatch,
    chord_error,
    exact_dispatch,
    world_dispatch,
)
from voltran.baselines.msrc.dispatch_program import POWER_TIE_BREAK, AssociationRule
from voltran.baselines.solve import SolverError
from voltran.envs.blackout.commands import SiteCommands, mode_commands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ActionError, EpisodeError, ScenarioError, VoltranError
from voltran.physics.power import NORMAL

RULES: tuple[AssociationRule, ...] = ("fixed", "split")
# What the solver's tolerances of 1e-7 on shares may add up to.
SOLVER_SLACK = 1e-3


def plan(world: BlackoutWorld, modes: Any) -> SiteCommands:
    """Paper commands for the same modes in every world."""
    return mode_commands(world.constants, np.tile(modes, (world.n_worlds, 1)), command_set="paper")


def mixed_plan(world: BlackoutWorld, seed: int) -> SiteCommands:
    """Modes drawn at random."""
    modes = np.random.default_rng(seed).choice(4, world.constants.n_sites, p=[0.3, 0.4, 0.15, 0.15])
    return plan(world, modes)


def sleep_plan(world: BlackoutWorld) -> SiteCommands:
    """A few helpers and many sleepers."""
    rule = baselines.make("rotating-sleep")
    rule.reset(world)
    commands = rule.act(world)["bs"]
    assert isinstance(commands, SiteCommands)
    return commands


def in_force(world: BlackoutWorld, commands: SiteCommands) -> SiteCommands:
    """The commands as the world repairs them."""
    return world.effective_commands(commands)


def slack(world: BlackoutWorld, other: Dispatch, segments: int = 6) -> float:
    """How far the exact dispatch may lie below another one."""
    users = world.users
    partly = (other.rate_mbps > 0.0) & (other.rate_mbps < users.demand_mbps[0])
    tie_break = POWER_TIE_BREAK * float(other.power_kw.sum())
    return chord_error(segments) * float(users.weight[0, partly].sum()) + tie_break + SOLVER_SLACK


# --- the world's own dispatch -----------------------------------------------------------------------------------------


def assert_as_in_world(found: Dispatch, world: BlackoutWorld, index: int = 0) -> None:
    """The world now has the service that was foretold."""
    service = world._simulation.state.service
    for name in ("rate_mbps", "resource_use", "traffic_mbps", "power_kw"):
        expected = getattr(service, name)[index]
        np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-9, atol=1e-9, err_msg=name)
    assert found.served_share == pytest.approx(service.served_mbps[index] / service.asked_mbps[index], rel=1e-9)


@pytest.mark.parametrize("cache", [True, False])
def test_the_dispatch_is_what_the_world_then_does(cache: bool) -> None:
    """Decisions of one physics step each, some of them the same as before, until sites have died."""
    settings = {"time.decision_period_s": 60, "battery.capacity_kwh": 2.0, "survival.end": "horizon"}
    world = started(outage_world("urban7-medium", 2, settings, cache=cache))
    rng = np.random.default_rng(0)
    for step in range(40):
        if step % 4 == 0:
            asked = mode_commands(world.constants, rng.choice(4, (2, 7)), command_set="free" if step % 8 else "paper")
        found = [world_dispatch(world, asked, index) for index in range(2)]
        world.step({"bs": asked})
        for index, dispatch in enumerate(found):
            assert_as_in_world(dispatch, world, index)
    assert 0 < world.alive.sum() < 14


def test_users_choose_anew_only_where_something_changed() -> None:
    """Under the same commands they keep to what they chose, unless a site went down or came back meanwhile.

    Crowded sites and little hysteresis make it matter which site counts as a user's last one.
    """
    settings = {
        "time.decision_period_s": 60,
        "traffic.load_factor": 3.0,
        "radio.handover_hysteresis": 0.1,
        "radio.association_passes": 2,
    }
    world = outage_world("urban7-medium", 1, settings)
    differences = 0
    for seed in range(8):
        started(world, seed)
        for modes in np.random.default_rng(seed).choice(4, (6, 7)):
            commands = plan(world, modes)
            world.step({"bs": commands})
            before, power_kw = world.get_state(), []
            for something_changed in (True, False):
                before["state"]["stale"][0] = something_changed
                world.set_state(before)
                found = world_dispatch(world, commands)
                world.step({"bs": commands})
                assert_as_in_world(found, world)
                power_kw.append(float(found.power_kw.sum()))
            differences += power_kw[0] != power_kw[1]
    assert differences > 1


def test_asking_changes_nothing() -> None:
    world = started(outage_world("urban7-medium"))
    world.step({"bs": mixed_plan(world, 0)})
    before = world.get_state()
    first, second = (world_dispatch(world, mixed_plan(world, 1)) for _ in range(2))
    for rule in RULES:
        exact_dispatch(world, mixed_plan(world, 1), association=rule)
    assert_same(world.get_state(), before)
    assert_same(first._asdict(), second._asdict())


# --- the world's dispatch and the optimum -----------------------------------------------------------------------------


@pytest.mark.parametrize("load", ["light", "medium", "heavy"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_world_comes_within_a_thousandth_of_the_optimum(load: str, seed: int) -> None:
    """19 sites and 1000 users. Measured: 99.9999 % or more at light, 99.991 % at medium and 99.946 % at heavy load."""
    world = started(outage_world(f"urban19-{load}"), seed)
    plans = [plan(world, np.full(19, NORMAL)), mixed_plan(world, seed), mixed_plan(world, 100 + seed)]
    for commands in [*plans, sleep_plan(world)]:
        found = world_dispatch(world, commands)
        fixed, split = (exact_dispatch(world, commands, association=rule) for rule in RULES)
        assert found.utility >= 0.999 * split.utility
        assert found.utility <= fixed.utility + slack(world, found)
        assert fixed.utility <= split.utility + slack(world, fixed)
        # A logarithm of shares is no measure of traffic: of that the optimum carries up to 6.3 % of the demand more.
        assert 0.5 < found.served_share <= split.served_share + 0.001
        assert split.served_share <= found.served_share + 0.07


def test_the_world_comes_as_near_where_capacity_binds() -> None:
    """A helper reaches its capacity of Eq. 9 with a band's blocks used up; the weights say who loses.

    Measured: the world reaches 99.98 % of the utility, and leaves 1 of 170 critical users short, as the optimum does.
    """
    world = started(outage_world("urban19-heavy"), 5)
    world.step({"bs": sleep_plan(world)})
    commands = sleep_plan(world)
    found, obeyed = world_dispatch(world, commands), in_force(world, commands)
    capacity = reference_scheduler.site_capacity_mbps(obeyed.mode[0], obeyed.band_bits[0], world.constants.scheduler)
    assert np.any(found.traffic_mbps.sum(axis=1) >= capacity * (1.0 - 1e-9))
    users = world.users
    critical = users.weight[0] >= 100.0
    for rule in RULES:
        exact = exact_dispatch(world, commands, association=rule)
        assert 0.999 * exact.utility <= found.utility <= exact.utility + slack(world, found)
        short = [critical & (dispatch.rate_mbps < 0.99 * users.demand_mbps[0]) for dispatch in (found, exact)]
        assert short[0].sum() <= short[1].sum()


def test_splitting_users_helps_where_helpers_are_crowded() -> None:
    world = started(outage_world("urban19-heavy", overrides={"traffic.load_factor": 3.5}))
    commands = sleep_plan(world)
    fixed, split = (exact_dispatch(world, commands, association=rule) for rule in RULES)
    assert split.utility > fixed.utility + 5.0
    assert split.served_share > fixed.served_share + 0.02


def test_of_equal_dispatches_the_one_with_the_least_power_is_chosen() -> None:
    """At light load everybody within reach gets everything, so that only power is left to choose by."""
    world = started(outage_world("urban19-light"), 3)
    commands = plan(world, np.full(19, NORMAL))
    found, fixed, split = world_dispatch(world, commands), *(exact_dispatch(world, commands, 0, 6, r) for r in RULES)
    assert found.rate_mbps == pytest.approx(fixed.rate_mbps, rel=1e-6)
    assert split.power_kw.sum() <= fixed.power_kw.sum() + 1e-4 < found.power_kw.sum()


@pytest.mark.parametrize("rule", [*RULES, "world"])
def test_limits_hold(rule: Any) -> None:
    """Every quantity against a reference of its own, in the middle of an outage with sites down."""
    world = started(outage_world("urban19-heavy", overrides={"battery.capacity_kwh": 10.0}), 3)
    for _ in range(5):
        world.step({"bs": mixed_plan(world, 5)})
    assert 0 < world.alive.sum() < 19
    asked = mixed_plan(world, 6)
    d = world_dispatch(world, asked) if rule == "world" else exact_dispatch(world, asked, association=rule)
    commands, alive, constants = in_force(world, asked), world.alive[0], world.constants
    mode, bands = commands.mode[0], commands.band_bits[0]
    users = world.users
    demand, weight = users.demand_mbps[0], users.weight[0]
    link = reference.link_rates_mbps(
        reference.sinr(users.received_mw[0], mode, bands, alive, constants.radio), mode, constants.radio
    )
    reachable = reference.candidate_rates_mbps(link, users.distance_m[0], commands.radius_m[0]).max(axis=0) > 0.0
    assert np.all((d.rate_mbps >= 0.0) & (d.rate_mbps <= demand))
    assert not d.rate_mbps[~reachable].any()
    assert (~reachable).any()
    off = ~reference.bands_on(bands, constants.n_bands).T | ~alive[:, None]
    assert np.all((d.resource_use >= 0.0) & (d.resource_use <= 1.0))
    assert not d.resource_use[off].any()
    capacity = reference_scheduler.site_capacity_mbps(mode, bands, constants.scheduler)
    assert np.all(d.traffic_mbps.sum(axis=1) <= capacity * (1.0 + 1e-6))
    assert d.traffic_mbps.sum() == pytest.approx(d.rate_mbps.sum(), rel=1e-6)
    assert np.all(d.traffic_mbps <= d.resource_use * link.max(axis=2).T * (1.0 + 1e-6))
    power = np.where(alive, reference.site_power_kw(mode, bands, d.resource_use, d.traffic_mbps, constants.power), 0.0)
    assert d.power_kw == pytest.approx(power)
    assert d.utility == pytest.approx(reference_scheduler.utility(d.rate_mbps, demand, weight))
    assert d.served_share == pytest.approx(d.rate_mbps.sum() / demand.sum())


def test_a_fixed_association_is_the_worlds() -> None:
    """What a site carries goes to the users that the world gives it, whoever else could serve them."""
    world = started(outage_world("urban7-medium", overrides={"time.decision_period_s": 60}))
    commands = mixed_plan(world, 4)
    exact = exact_dispatch(world, commands)
    world.step({"bs": commands})
    server = world._simulation.state.service.server[0]
    carried = [exact.rate_mbps[server == site].sum() for site in range(7)]
    assert exact.traffic_mbps.sum(axis=1) == pytest.approx(carried, abs=1e-4)
    assert not exact.rate_mbps[server < 0].any()


def test_the_same_question_has_the_same_answer() -> None:
    answers = []
    for _ in range(2):
        world = started(outage_world("urban7-medium", 3))
        answers.append([exact_dispatch(world, mixed_plan(world, 2), 1, association=rule)._asdict() for rule in RULES])
    for first, second in zip(*answers, strict=True):
        assert_same(first, second)


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"index": 1}, "index = 1: this batch has the worlds 0 to 0"),
        ({"index": -1}, "index = -1"),
        ({"segments": 0}, "segments = 0: at least one chord"),
        ({"association": "best"}, "association = 'best' is unknown; use one of fixed, split"),
        ({"time_limit_s": 0.0}, "time_limit_s = 0.0: must be positive"),
    ],
)
def test_options_out_of_range_are_named(options: dict[str, Any], message: str) -> None:
    world = started(outage_world())
    with pytest.raises(ScenarioError, match=message):
        exact_dispatch(world, plan(world, [0, 0, 0]), **options)


@pytest.mark.parametrize("demand", [np.nan, np.inf, 0.0])
@pytest.mark.parametrize("dispatch", [world_dispatch, exact_dispatch])
def test_a_demand_that_is_no_positive_number_is_named(dispatch: Any, demand: float) -> None:
    world = started(outage_world())
    world.users.demand_mbps[0, 5] = demand
    with pytest.raises(ScenarioError, match=f"demand_mbps of user 5 in world 0 = {demand}: must be a positive number"):
        dispatch(world, plan(world, [0, 0, 0]))


def test_commands_that_the_world_rejects_are_rejected() -> None:
    world = started(outage_world())
    with pytest.raises(ActionError, match="shape"):
        world_dispatch(world, plan(started(outage_world("urban7-medium")), np.zeros(7, dtype=np.int64)))


def test_a_world_must_have_been_reset() -> None:
    world = outage_world()
    with pytest.raises(EpisodeError, match="world 0 has not been reset: call reset"):
        world_dispatch(world, plan(world, [0, 0, 0]))


def test_a_solver_that_runs_out_of_time_says_what_to_do() -> None:
    world = started(outage_world("urban19-medium"))
    with pytest.raises(SolverError, match=r"status: limit.*raise time_limit_s = 1e-09.*world_dispatch") as caught:
        exact_dispatch(world, mixed_plan(world, 0), time_limit_s=1e-9)
    assert isinstance(caught.value, VoltranError)
