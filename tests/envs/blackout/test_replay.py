"""What a replay shows of an outage is what the world has computed, by other ways to the same numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import LIVELY, codes_of, commands, outage_world
from tests.envs.episodes import started
from tests.envs.watched import quantity, random_actions, strip, things_of, titles, watched
from voltran import baselines
from voltran.envs.blackout.constants import CLASS_NAMES
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.replay.stage import Moment, Stage
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

# A decision period is one physics step: what replays show of it is all there was.
ONE_STEP = {**LIVELY, "time.physics_step_s": 900.0, "battery.capacity_kwh": 6.0}


@pytest.fixture(scope="module")
def lively() -> tuple[BlackoutWorld, Stage, list[Moment]]:
    """Seven sites whose batteries run dry, users who walk, random decisions, one physics step each."""
    world, generator = started(outage_world("urban7-medium", overrides=ONE_STEP), 3), np.random.default_rng(5)
    return world, *watched(world, lambda: random_actions(world, generator))


Lively = tuple[BlackoutWorld, Stage, list[Moment]]


def test_the_ledger_shown_adds_up_to_the_metrics(lively: Lively) -> None:
    world, _, moments = lively
    kpis, past, step_h = world.kpis(), world.trace(), world.constants.step_h
    unserved_kw = quantity(moments, "sites", "unserved_kw")
    assert unserved_kw.sum() * step_h == pytest.approx(kpis["unserved_kwh"][0])
    assert quantity(moments, "sites", "load_kw").mean(axis=1) == pytest.approx(past["mean_power_kw"])
    assert quantity(moments, "sites", "ev_kw").sum(axis=1) == pytest.approx(past["ev_kw"] - past["ev_charge_kw"])
    assert np.abs(quantity(moments, "sites", "residual_kw")).max() == pytest.approx(kpis["ledger_residual_kw"][0])
    supplied = sum(quantity(moments, "sites", name) for name in ("battery_kw", "ev_kw", "grid_kw"))
    assert supplied == pytest.approx(quantity(moments, "sites", "load_kw") - unserved_kw, abs=1e-9)


def test_the_charge_shown_is_that_of_the_trace(lively: Lively) -> None:
    world, _, moments = lively
    shown = np.stack([moment.quantities["sites"]["soc"] for moment in moments])
    np.testing.assert_array_equal(shown[:-1], world.trace()["soc"])
    np.testing.assert_array_equal(shown[-1], world.soc[0])
    assert strip(moments, "soc") == pytest.approx(100.0 * shown[1:].mean(axis=1))


def test_sites_are_down_when_the_trace_says_so(lively: Lively) -> None:
    world, stage, moments = lively
    down = np.array([[state == "Down" for state in titles(stage, moment, "sites")] for moment in moments])
    np.testing.assert_array_equal(down[:-1], world.trace()["alive"] == 0.0)
    assert down.any()
    assert strip(moments, "alive") == pytest.approx(100.0 * (~down[1:]).mean(axis=1))


def test_users_shown_as_served_make_up_the_availability(lively: Lively) -> None:
    """Count them again: of each class, those that some site could serve, and how many of them are served."""
    world, _, moments = lively
    served = np.isin(moments[-1].states["users"], [0, 1])
    users, past = world.users, world.trace()
    for kind, name in enumerate(CLASS_NAMES[:3]):
        counted = (users.service_class[0] == kind) & users.servable[0]
        assert served[counted].mean() == pytest.approx(past["availability"][-1, kind])
        assert moments[-1].strips[f"availability_{name}"] == pytest.approx(100.0 * past["availability"][-1, kind])
    critical = [moment.strips["availability_critical"] for moment in moments[1:]]
    assert critical == pytest.approx(100.0 * past["critical"])


def test_users_walk_on_the_map_as_in_the_world(lively: Lively) -> None:
    world, stage, moments = lively
    np.testing.assert_array_equal(moments[-1].xy_m["users"], world.scene().positions_m)
    np.testing.assert_array_equal(moments[1].xy_m["users"], things_of(stage, "users").xy_m)  # they have just begun
    assert (moments[2].xy_m["users"] != moments[1].xy_m["users"]).any()


def test_links_lead_from_helping_sites_to_those_that_are_helped() -> None:
    world = started(outage_world("urban7-medium", overrides=LIVELY), 1)
    rule = baselines.make("rotating-sleep")
    rule.reset(world)
    replayed: list[Any] = []

    def act() -> Any:
        actions = rule.act(world)
        replayed.append(world.effective_commands(actions["bs"]).mode[0])
        return actions

    _, moments = watched(world, act)
    seen = 0
    for mode, moment in zip(replayed, moments[1:], strict=True):
        links, taken = moment.links["help"], moment.links["taken_over"]
        for source, target in zip([*links.source, *taken.source], [*links.target, *taken.target], strict=True):
            assert moment.states["sites"][source] == HELPING == mode[source]
            assert world.constants.may_help[source, target] or target in taken.target
            assert mode[target] in (ASSISTED, SLEEP) or moment.states["sites"][target] == 4
            seen += 1
        assert taken.size.sum() <= (moment.states["users"] == 1).sum()
    assert seen > 10


def test_strips_are_means_over_the_period() -> None:
    world = started(outage_world("urban7-medium", overrides=LIVELY))
    rule = baselines.make("independent")
    rule.reset(world)
    _, moments = watched(world, lambda: rule.act(world), 3)
    steps = world.constants.steps_per_decision
    critical = world.trace()["critical"].reshape(3, steps)
    assert strip(moments, "availability_critical") == pytest.approx(100.0 * critical.mean(axis=1))
    load_kw = world.trace()["mean_power_kw"].reshape(3, steps) * 7
    assert strip(moments, "load_kw") == pytest.approx(load_kw.mean(axis=1))


# --- decisions in words -----------------------------------------------------------------------------------------------


def told(world: BlackoutWorld, actions: Callable[[BlackoutWorld], Any], steps: int = 1) -> list[tuple[str, str]]:
    """Decision and reason of every site after some periods of the same actions."""
    texts = watched(world, lambda: actions(world), steps)[1][-1].texts["sites"]
    return list(zip(texts["decision"], texts["reason"], strict=True))


def toy(**overrides: Any) -> BlackoutWorld:
    return started(outage_world(overrides={key.replace("__", "."): value for key, value in overrides.items()}))


BANDS = "800, 1800, 2600, 3700 MHz"


def test_a_decision_that_is_carried_out_is_told_as_asked() -> None:
    said = told(toy(), lambda world: {"bs": codes_of(world, [HELPING, SLEEP, NORMAL])})
    assert said == [
        (f"helping; {BANDS}; no vehicle offers power", "As asked. Helps bs_1."),
        ("sleep; no band sends; no vehicle offers power", "As asked. Helped by bs_0."),
        (f"normal; {BANDS}; no vehicle offers power", "As asked."),
    ]


def test_what_the_repair_undoes_is_told_with_its_reason() -> None:
    said = told(toy(), lambda world: {"bs": codes_of(world, [ASSISTED, NORMAL, NORMAL])})
    assert said[0][0].startswith(f"normal; {BANDS}")
    assert said[0][1] == (
        "Asked to be assisted; no helping site within reach had a link free for it (at most 3 each), so it operates "
        "normally."
    )
    lonely = told(toy(), lambda world: {"bs": codes_of(world, [HELPING, NORMAL, NORMAL])})
    assert lonely[0][1] == "Asked to help; no site within reach had need of one more helper, so it operates normally."


def test_what_the_mask_forbids_is_told_with_its_reason() -> None:
    apart = toy(layout__positions_m=[[0, 0], [500, 0], [100_000, 0]], users__covered_at_start=False)
    said = told(apart, lambda world: {"bs": codes_of(world, [NORMAL, NORMAL, HELPING])})
    assert said[2][1] == "Asked to help, which its mask forbids: there is no site within reach that it could help."
    alone = told(apart, lambda world: {"bs": codes_of(world, [NORMAL, NORMAL, SLEEP])})
    assert "its mask forbids: there is no site in operation within reach that could help it" in alone[2][1]
    greedy = told(toy(), lambda world: {"bs": codes_of(world, [NORMAL] * 3, level=3)})
    assert greedy[0][1] == "Asked for power of vehicles, which its mask forbids: none offers any."


def test_a_site_that_goes_down_says_so_and_takes_no_orders_after_it() -> None:
    falls = told(toy(), lambda world: {"bs": codes_of(world, [NORMAL] * 3)}, steps=2)
    assert falls[0][1] == "As asked. It could not be supplied any longer and went down."
    after = told(toy(), lambda world: commands(world, [NORMAL] * 3), steps=3)
    assert after[0] == (
        "none, the site is down",
        "A site that is down takes no orders; vehicles may recharge its battery.",
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "nothing from vehicles"), (0.5, "50 % of what vehicles offer, "), (2.0, "all that vehicles offer")],
)
def test_use_of_vehicles_is_told_as_a_share_of_what_they_offer(share: float, words: str) -> None:
    world = started(outage_world("urban7-medium", overrides={"vehicles.arrivals_per_day": 100}), 1)
    offered_kw = world._simulation.state.offered_kw.copy()
    site = int(offered_kw[0].argmax())
    assert offered_kw[0, site] > 0.0
    said = told(world, lambda world: commands(world, [NORMAL] * 7, ev_power_kw=share * offered_kw))
    assert words in said[site][0]


@pytest.mark.parametrize("sites", [1, 61])
def test_one_site_and_sixty_one_have_their_cells(sites: int) -> None:
    options = {"layout.n_sites": sites, "users.count": 20 * sites, "time.horizon_h": 0.25, "survival.end": "horizon"}
    world = started(outage_world("urban7-medium", overrides={**options, "survival.continuity_window_h": 0.25}))
    stage, moments = watched(world, lambda: commands(world, [NORMAL] * sites))
    assert (len(stage.outline_m), len(moments)) == (sites, 2)  # an episode of one step, too
    centres = np.array([corners.mean(axis=0) for corners in stage.outline_m])
    np.testing.assert_allclose(centres, world.constants.sites_m, atol=1e-9)
