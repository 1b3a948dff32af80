"""What the simple rules command, and in which order they come."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import commands as free_commands
from tests.envs.blackout.tools import outage_world, over, play
from tests.envs.episodes import started
from tests.envs.fake_world import make_fake_world
from voltran import baselines
from voltran.envs.blackout.actions import ActionForm, ActionSet
from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.controller import declarations_of
from voltran.envs.errors import ScenarioError
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP


def asked(name: str, world: BlackoutWorld, **options: Any) -> SiteCommands:
    """What a rule commands at the start of an episode."""
    rule = baselines.make(name, **options)
    rule.reset(world)
    commands = rule.act(world)
    assert set(commands) == {"bs"}
    assert isinstance(commands["bs"], SiteCommands)
    return commands["bs"]


@pytest.mark.parametrize(
    ("name", "mode", "bands", "radius_m", "v2g"),
    [
        ("independent", NORMAL, 0b1111, 400.0, False),
        ("static", HELPING, 0b1111, 800.0, False),
        ("static-v2g", HELPING, 0b1111, 800.0, True),
        ("carrier-shutdown", NORMAL, 0b0011, 400.0, False),
    ],
)
def test_fixed_plans(name: str, mode: int, bands: int, radius_m: float, v2g: bool) -> None:
    """Bands 0 and 1 are 800 and 1800 MHz; vehicles give all they offer, to the load or to the battery as well."""
    world = started(outage_world("urban7-medium", 2))
    assert world.constants.frequencies_ghz[[0, 1]].tolist() == [0.8, 1.8]
    commands = asked(name, world)
    expected = {
        "mode": mode, "band_bits": bands, "radius_m": radius_m, "dynamic_price": v2g, "ev_to_battery": v2g,
        "ev_power_kw": world.constants.ev.site_limit_kw,
    }  # fmt: skip
    for field, value in expected.items():
        assert np.array_equal(getattr(commands, field), np.full((2, 7), value)), field
    assert commands.command_set == "free"


def test_fixed_plans_never_change() -> None:
    for name in ("independent", "static", "carrier-shutdown"):
        world = outage_world("urban7-medium")
        play(world, name)
        assert world.kpis()["mode_switches_per_site"][0] == 0.0


@pytest.mark.parametrize("scenario", ["toy3", "urban7-medium", "urban19-medium"])
@pytest.mark.parametrize("k_max", [1, 3])
def test_rotating_sleep_covers_every_live_site(scenario: str, k_max: int) -> None:
    """At every plan each live site helps or has a helper among its neighbours, none with more than K_max to cover."""
    changes = {"cooperation.k_max": k_max, "battery.capacity_kwh": 12.5, "battery.initial_soc": 0.6}
    world = started(outage_world(scenario, overrides=changes))
    rule = baselines.make("rotating-sleep")
    rule.reset(world)
    for _ in range(8):
        commands = rule.act(world)
        plan, alive = commands["bs"].mode[0], world.alive[0]
        first_tier = world.constants.may_help & (world.constants.distance_m < 501.0)
        helping = alive & (plan == HELPING)
        assert np.all((plan == HELPING) | (plan == SLEEP))
        assert (first_tier & helping[:, None]).any(axis=0)[alive & ~helping].all()
        assert (alive & ~helping).sum() <= k_max * helping.sum()
        energy = world.usable_kwh[0]
        assert not alive.any() or plan[np.argmax(np.where(alive, energy, -1.0))] == HELPING
        if over(world.step(commands)):
            break


def test_rotating_sleep_needs_no_repair_but_for_helpers_with_nobody_to_help() -> None:
    """Every sleeper is covered by a helper of its own, so that repair never wakes one."""
    world = started(outage_world("urban19-medium"))
    rule = baselines.make("rotating-sleep")
    rule.reset(world)
    for _ in range(12):
        commands = rule.act(world)["bs"]
        alive = world.alive
        repaired = world.step({"bs": commands}).agent_infos["bs"]["repaired"]
        assert np.all(commands.mode[repaired & alive] == HELPING)


def test_rotating_sleep_plans_only_when_it_is_due() -> None:
    """With 30 minutes between plans the commanded modes change at every other decision at most."""
    world = started(outage_world("urban7-medium"))
    rule = baselines.make("rotating-sleep", replan_min=30)
    rule.reset(world)
    plans = []
    for _ in range(8):
        commands = rule.act(world)
        plans.append(commands["bs"].mode.copy())
        world.step(commands)
    for due, kept in zip(plans[::2], plans[1::2], strict=True):
        assert np.array_equal(due, kept)
    assert any(not np.array_equal(first, second) for first, second in zip(plans, plans[2:], strict=False))


@pytest.mark.parametrize("replan_min", [20.0, 7.5])
def test_a_planning_period_must_fit_the_decisions(replan_min: float) -> None:
    rule = baselines.make("rotating-sleep", replan_min=replan_min)
    world = outage_world()
    with pytest.raises(ScenarioError, match=f"replan_min = {replan_min:g}: must be a multiple .* 15 min"):
        rule.reset(world)


def test_each_world_of_a_batch_gets_its_own_plan() -> None:
    """Two worlds of a batch are planned as each is alone, also after one has been reset."""
    batch = started(outage_world("urban7-medium", 2))
    rule = baselines.make("rotating-sleep", replan_min=30)
    rule.reset(batch)
    batch.step(rule.act(batch))
    batch.reset([0, 8], np.array([False, True]))
    commands = rule.act(batch)["bs"]
    alone = started(outage_world("urban7-medium"), seed=8)
    assert np.array_equal(commands.mode[1:], asked("rotating-sleep", alone).mode)


def test_keeping_helpers_saves_changes() -> None:
    switches = {}
    for keep_helper in (1.0, 3.0):
        world = outage_world("urban7-medium", 3)
        _play_for(world, 8, keep_helper=keep_helper)
        switches[keep_helper] = world.kpis()["mode_switches_per_site"].mean()
    assert switches[3.0] < 0.8 * switches[1.0]


def _play_for(world: BlackoutWorld, periods: int, **options: Any) -> None:
    started(world)
    rule = baselines.make("rotating-sleep", **options)
    rule.reset(world)
    for _ in range(periods):
        world.step(rule.act(world))


@pytest.mark.parametrize("action_set", ["paper", "extended"])
@pytest.mark.parametrize("action_form", ["joint", "multi"])
def test_random_is_always_legal(action_set: ActionSet, action_form: ActionForm) -> None:
    """Nothing it does is mapped to something else, and in time it does all that is allowed."""
    settings = {"vehicles.arrivals_per_day": 24, "time.horizon_h": 8, "survival.end": "horizon"}
    options: dict[str, Any] = {"action_set": action_set, "action_form": action_form, "trace_sites": True}
    world = outage_world("urban7-medium", 2, settings, **options)
    transitions = play(world, "random")
    assert not any(transition.agent_infos["bs"]["projected"].any() for transition in transitions)
    seen = Counter(np.concatenate([world.trace(0)["mode"], world.trace(1)["mode"]]).ravel().tolist())
    assert set(seen) == {NORMAL, HELPING, ASSISTED, SLEEP}
    assert world.trace()["ev_kw"].any()


def test_random_declares_the_codes_it_draws_and_repeats_with_its_seed() -> None:
    world = started(outage_world("urban7-medium", action_set="extended"))
    rule = baselines.make("random")
    rule.reset(world)
    assert declarations_of(rule)["commands"] == "extended"
    first = [rule.act(world)["bs"] for _ in range(3)]
    rule.reset(world)
    assert all(np.array_equal(rule.act(world)["bs"], codes) for codes in first)
    other = baselines.make("random", seed=1)
    other.reset(world)
    assert not np.array_equal(other.act(world)["bs"], first[0])


def test_acting_changes_nothing() -> None:
    """A rule only looks: asking it twice at the same moment gives the same commands, and the world stays as it was."""
    world = started(outage_world("urban7-medium"))
    world.step(free_commands(world, [HELPING] * 7))
    before = world.state()
    for name in ("independent", "static", "carrier-shutdown", "rotating-sleep"):
        rule = baselines.make(name)
        rule.reset(world)
        first, second = (rule.act(world)["bs"] for _ in range(2))
        assert np.array_equal(first.mode, second.mode)
    assert np.array_equal(world.state(), before)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_order_of_the_rules_at_medium_load(seed: int) -> None:
    """Wide bands, not figures: expanded radii outlast independent operation, and rotating sleep outlasts both."""
    found = {}
    for name in ("independent", "static", "rotating-sleep"):
        world = outage_world("urban19-medium")
        play(world, name, seed=seed)
        found[name] = {metric: float(values[0]) for metric, values in world.kpis().items()}
    survival = {name: metrics["survival_h"] for name, metrics in found.items()}
    assert 1.1 * survival["independent"] < survival["static"]
    assert 1.5 * survival["independent"] < survival["rotating-sleep"]
    assert found["static"]["continuity"] > found["independent"]["continuity"]
    assert found["rotating-sleep"]["ev_utilisation"] > 1.5 * found["independent"]["ev_utilisation"]


def test_random_draws_legal_actions_for_every_role_of_any_world() -> None:
    """One code, several, or numbers, whatever the role's space; all that is legal comes up, and nothing else."""
    world = make_fake_world(2, roles=("bs", "retailer", "ubs", "operator"))
    world.reset([1, 2])
    rule = baselines.make("random")
    rule.reset(world)
    assert declarations_of(rule) == {}
    masks = world.action_masks()
    seen = np.zeros_like(masks["bs"])
    for _ in range(200):
        actions = rule.act(world)
        for role in world.roles:
            assert actions[role.name].shape[:2] == (2, role.count)
            for action in actions[role.name].reshape(2 * role.count, *(role.action_space.shape or ())):
                assert role.action_space.contains(action)
        np.put_along_axis(seen, actions["bs"][..., None], True, axis=-1)
    assert np.array_equal(seen, masks["bs"])
