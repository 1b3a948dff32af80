"""Somebody else dispatches: the world asks when something has changed, does what can be done, and refuses the rest."""

import copy
from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.dispatchers import EqualShares, LeavesIt, Wrong, with_dispatcher
from tests.envs.blackout.tools import (
    LIVELY,
    assert_same,
    commands,
    depleted_beside_a_vehicle,
    outage_world,
    same_transition,
)
from tests.envs.episodes import started
from tests.physics import reference, reference_scheduler
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ActionError, PartError
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

MODES = [HELPING, HELPING, ASSISTED, NORMAL, HELPING, SLEEP, HELPING]
EVENTFUL = LIVELY | {"battery.capacity_kwh": 3.0, "time.decision_period_s": 900}


def service_of(world: BlackoutWorld) -> Any:
    return world._simulation.state.service


def test_the_world_serves_as_it_is_told() -> None:
    """Rates, traffic and power of given shares, against the reference's radio and power."""
    world = started(outage_world("urban7-medium", overrides={"radio.precision": "float64"}))
    world.step(with_dispatcher(world, MODES, EqualShares()))
    service, constants, users, alive = service_of(world), world.constants, world.users, world.alive[0]
    mode, bands, server = world.mode[0], world._simulation.state.band_bits[0], service.server[0]
    link = reference.link_rates_mbps(
        reference.sinr(users.received_mw[0], mode, bands, alive, constants.radio), mode, constants.radio
    )
    served = np.flatnonzero(server >= 0)
    count = np.bincount(server[served], minlength=7)
    could = link[:, server[served], served].sum(axis=0) / count[server[served]]
    assert service.rate_mbps[0, served] == pytest.approx(np.minimum(could, users.demand_mbps[0, served]))
    assert 0.02 < (could < users.demand_mbps[0, served]).mean() < 0.9
    assert service.traffic_mbps[0].sum(axis=1) == pytest.approx(
        np.bincount(server[served], service.rate_mbps[0, served], 7)
    )
    assert service.resource_use.max() <= 1.0
    loads = service.resource_use[0], service.traffic_mbps[0]
    assert service.power_kw[0] == pytest.approx(reference.site_power_kw(mode, bands, *loads, constants.power))
    assert world.ledger()["load_kw"][0] == pytest.approx(service.power_kw[0])
    assert world.ledger()["residual_kw"] == pytest.approx(0.0, abs=1e-9)


def test_no_site_carries_more_than_its_capacity() -> None:
    world = started(outage_world("urban7-medium", overrides={"bands": _thin_bands()}))
    world.step(with_dispatcher(world, [HELPING] * 7, EqualShares()))
    state, constants = world._simulation.state, world.constants
    capacity = reference_scheduler.site_capacity_mbps(state.mode[0], state.band_bits[0], constants.scheduler)
    carried = service_of(world).traffic_mbps[0].sum(axis=1)
    assert np.all(carried <= capacity * (1.0 + 1e-9))
    assert np.any(carried >= capacity * (1.0 - 1e-9))


def _thin_bands() -> list[dict[str, Any]]:
    band = {"bandwidth_mhz": 20, "capacity_mbps": 5, "static_w": 100, "dynamic_w": 100, "w_per_mbps": 0, "standby_w": 9}
    return [{"name": f"{mhz}", "frequency_mhz": mhz, **band} for mhz in (800, 1800)]


def test_bands_that_a_dispatcher_leaves_off_are_off() -> None:
    """Service and power are those of commands that allow these bands only: the others neither draw nor interfere."""
    told, commanded = (started(outage_world("urban7-medium")) for _ in range(2))
    narrow = np.full((1, 7), 0b0011)
    told.step(with_dispatcher(told, [NORMAL] * 7, EqualShares(band_bits=0b0011)))
    commanded.step(with_dispatcher(commanded, [NORMAL] * 7, EqualShares(), band_bits=narrow))
    assert_same(service_of(told)._asdict(), service_of(commanded)._asdict())
    assert told._simulation.state.band_bits.tolist() == [[0b1111] * 7]
    assert told.scene(0).band_bits.tolist() == [0b0011] * 7
    assert np.array_equal(told.observations()["bs"], commanded.observations()["bs"])


@pytest.mark.parametrize("cache", [True, False])
def test_a_dispatcher_is_asked_when_something_has_changed(cache: bool) -> None:
    """At first, for other commands, and where the world itself or somebody else has dispatched."""
    world = started(outage_world(overrides={"battery.capacity_kwh": 500.0}, cache=cache))
    dispatcher = EqualShares()
    for modes, asked in (([0, 0, 0], 1), ([0, 0, 0], 1), ([1, 1, 1], 2), ([1, 1, 1], 2)):
        world.step(with_dispatcher(world, modes, dispatcher))
        assert (len(dispatcher.asked), bool(world.alive.all())) == (asked, True)
    world.step(commands(world, [1, 1, 1]))
    world.step(with_dispatcher(world, [1, 1, 1], dispatcher))
    assert len(dispatcher.asked) == 3
    world.step(with_dispatcher(world, [1, 1, 1], EqualShares(asked=dispatcher.asked)))
    assert len(dispatcher.asked) == 3  # an equal one took over
    world.step(with_dispatcher(world, [1, 1, 1], EqualShares(band_bits=1, asked=dispatcher.asked)))
    assert len(dispatcher.asked) == 4


def test_a_dispatcher_is_asked_again_once_a_site_is_down() -> None:
    world = started(outage_world())
    dispatcher = EqualShares()
    while world.alive.all():
        before = len(dispatcher.asked)
        world.step(with_dispatcher(world, [0, 0, 0], dispatcher))
    world.step(with_dispatcher(world, [0, 0, 0], dispatcher))
    assert len(dispatcher.asked) > before


def test_one_who_leaves_everything_to_the_world_changes_nothing() -> None:
    plain, told = (started(outage_world("urban7-medium", 2, EVENTFUL)) for _ in range(2))
    dispatcher = LeavesIt()
    for step in range(8):
        modes = np.roll(MODES, step // 2).tolist()
        plain.step(commands(plain, modes))
        told.step(with_dispatcher(told, modes, dispatcher))
    assert_same(plain.kpis(), told.kpis())
    assert not plain.alive.all()


@pytest.mark.parametrize("kind", ["batch", "cache", "snapshot", "copy"])
def test_an_episode_is_the_same_however_it_is_played(kind: str) -> None:
    """Alone as in a batch, without a cache, from a snapshot in another world, and in a copy of the world."""
    plain = started(outage_world("urban7-medium", 2, EVENTFUL))
    other = started(outage_world("urban7-medium", 1 if kind == "batch" else 2, EVENTFUL, cache=kind != "cache"))
    rows = slice(0, 1) if kind == "batch" else slice(None)
    for step in range(10):
        modes = np.roll(MODES, step // 2).tolist()
        first = plain.step(with_dispatcher(plain, modes, EqualShares(0b1011, 3.0)))
        second = other.step(with_dispatcher(other, modes, EqualShares(0b1011, 3.0)))
        same_transition(second, first, rows)
        if kind == "snapshot" and step == 4:
            other = started(outage_world("urban7-medium", 2, EVENTFUL), seed=9)
            other.set_state(plain.get_state())
        if kind == "copy" and step == 4:
            other = copy.deepcopy(plain)
    assert not plain.alive.all()
    assert_same(other.kpis(), plain.kpis(), rows)


def test_vehicles_give_no_more_than_the_dispatcher_draws() -> None:
    """Nothing goes into batteries; where the battery is empty, vehicles rescue the site as ever."""
    settings = {"vehicles.arrivals_per_day": 24, "vehicles.price_acceptance": False, "battery.initial_soc": 0.7}
    drawn = {}
    for limit_kw in (None, 0.5, 0.0):
        world = started(outage_world("urban7-medium", overrides=settings), 1)
        world.step(with_dispatcher(world, [NORMAL] * 7, EqualShares(ev_power_kw=limit_kw)))
        drawn[limit_kw] = world.ledger()["ev_kw"][0]
        assert world.ledger()["residual_kw"] == pytest.approx(0.0, abs=1e-9)
    assert drawn[None].max() > 0.5
    assert drawn[0.5].max() == pytest.approx(0.5)
    assert not drawn[0.0].any()


def test_vehicles_of_a_site_that_is_down_recharge_it_as_commanded() -> None:
    world = depleted_beside_a_vehicle()
    world.step(with_dispatcher(world, [NORMAL] * 3, EqualShares(ev_power_kw=0.0)))
    assert world.alive[0, 0]


# --- what cannot be carried out ---------------------------------------------------------------------------------------


def put(index: Any, value: Any) -> Any:
    """A change of one entry."""

    def change(array: Any) -> Any:
        array[index] = value
        return array

    return change


# Of toy3, users 0 and 2 are at site A, users 6 and 7 at site C, 1100 m and more from A.
REFUSED = [
    ("server", np.zeros(3, dtype=int), r"dispatch server in world 0: shape \(3,\) is not \(8,\)"),
    ("server", np.zeros(8), "dispatch server in world 0: dtype float64 is not integer"),
    ("server", put(2, 3), r"dispatch server of user 2 in world 0 = 3: must lie in \[-1, 2\]"),
    ("server", put(2, -2), r"dispatch server of user 2 in world 0 = -2: must lie in \[-1, 2\]"),
    ("server", put(6, 0), "dispatch server of user 6 in world 0 = 0: the user is beyond that site's radius"),
    ("server", put(0, 1), "dispatch server of user 0 in world 0 = 1: that site sleeps"),
    ("server", put(0, -1), "share of band 0 of user 0 in world 0 = .*: the user has no site"),
    ("share", np.zeros((8, 4)), r"dispatch share in world 0: shape \(8, 4\) is not \(4, 8\)"),
    ("share", np.zeros((4, 8), dtype=int), "dispatch share in world 0: dtype int64 is not floating"),
    ("share", put((1, 0), np.nan), "share of band 1 of user 0 in world 0 = nan: must be a number from 0 to 1"),
    ("share", put((1, 0), -0.1), "share of band 1 of user 0 in world 0 = -0.1: must be a number"),
    ("share", put((1, 0), np.inf), "sum of share of band 1 of bs_0 in world 0 = inf: must not exceed 1"),
    ("share", put((2, 0), 0.99), r"sum of share of band 2 of bs_0 in world 0 = 1\.\d+: must not exceed 1"),
    ("band_bits", np.array([15, 1, 15]), r"band_bits of bs_1 in world 0 = 1: commands allow \[15, 0, 15\]"),
    ("band_bits", np.array([15, 0, 16]), "band_bits of bs_2 in world 0 = 16: commands allow"),
    ("band_bits", np.array([0, 0, 15]), "band_bits of bs_0 in world 0 = 0: a site that is awake keeps a band on"),
    ("band_bits", np.array([14, 0, 15]), "band_bits of bs_0 in world 0 = 14: a helping site keeps its lowest band on"),
    ("band_bits", np.array([1, 0, 15]), "share of band 1 of user 0 in world 0 = .*: the band is off at the user'"),
    ("band_bits", np.array([15.0, 0.0, 15.0]), "band_bits in world 0: dtype float64 is not integer"),
    ("ev_power_kw", np.array([0.0, np.nan, 0.0]), "ev_power_kw of bs_1 in world 0 = nan: must not be negative"),
    ("ev_power_kw", np.array([0.0, 0.0, -1.0]), "ev_power_kw of bs_2 in world 0 = -1.0: must not be negative"),
    ("ev_power_kw", np.zeros(2), r"ev_power_kw in world 0: shape \(2,\) is not \(3,\)"),
]  # fmt: skip


def refused(world: BlackoutWorld, actions: Any, error: type[Exception], message: str) -> None:
    """The world refuses what the dispatcher says and is as before, to the last bit."""
    before, ledger, seen = world.get_state(), world.ledger(), world.observations()
    with pytest.raises(error, match=message):
        world.step(actions)
    assert_same(world.get_state(), before)
    assert_same(world.ledger(), ledger)
    assert_same(world.observations(), seen)


@pytest.mark.parametrize(("field", "value", "message"), REFUSED)
def test_what_sites_cannot_carry_out_is_refused(field: str, value: Any, message: str) -> None:
    world = started(outage_world())
    world.step(commands(world, [0, 0, 0]))
    refused(world, with_dispatcher(world, [HELPING, SLEEP, HELPING], Wrong(field, value)), ActionError, message)


def test_a_site_that_is_down_serves_nobody() -> None:
    world = started(outage_world(overrides={"survival.end": "horizon"}))
    while world.alive[0, 0]:
        world.step(commands(world, [NORMAL] * 3))
    actions = with_dispatcher(world, [NORMAL] * 3, Wrong("server", put(0, 0)))
    refused(world, actions, ActionError, "dispatch server of user 0 in world 0 = 0: that site is down")


def test_a_band_must_reach_the_user() -> None:
    settings = {"radio.r_exp_m": 5000.0, "radio.sinr_min_db": 3.0, "users.covered_at_start": False}
    world = started(outage_world(overrides=settings))
    world.step(commands(world, [0, 0, 0]))
    actions = with_dispatcher(world, [HELPING] * 3, Wrong("server", put(6, 0)))
    refused(
        world,
        actions,
        ActionError,
        "server of user 6 in world 0 = 0: no band that is on there reaches the user",
    )


class Fails:
    """Works a few times, and then no more."""

    def __init__(self, works: int) -> None:
        self.works = works

    def allocate(self, situation: Any) -> Any:
        self.works -= 1
        if self.works < 0:
            raise ValueError("no idea")
        return EqualShares().allocate(situation)


@pytest.mark.parametrize(("scenario", "works"), [("urban7-medium", 1), ("urban19-brownout-medium", 0)])
def test_a_dispatcher_that_fails_in_the_midst_of_a_step_changes_nothing(scenario: str, works: int) -> None:
    """Users have moved, a site has died within the period, or retailers have posted prices: all of it is undone."""
    world = started(outage_world(scenario, overrides=EVENTFUL | {"battery.capacity_kwh": 2.0}))
    n_sites = world.constants.n_sites
    masks = world.action_masks()
    others = {role: mask.argmax(axis=-1) for role, mask in masks.items() if role != "bs"}
    world.step({**commands(world, [0] * n_sites), **others})
    others = {role: value + 1 for role, value in others.items()}
    actions = {**with_dispatcher(world, [1] * n_sites, Fails(works)), **others}
    refused(world, actions, PartError, "dispatcher Fails raised ValueError: no idea")


def test_a_dispatcher_must_be_one() -> None:
    world = started(outage_world())
    with pytest.raises(ActionError, match=r"command dispatcher: int has no allocate\(situation\)"):
        world.step(with_dispatcher(world, [0, 0, 0], 3))
