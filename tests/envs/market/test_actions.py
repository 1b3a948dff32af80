"""Codes say what they promise, masks allow what batteries can do, and nonsense is refused."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import assert_same
from tests.envs.episodes import started
from tests.envs.market.tools import TWO_SITES, asked, market_world, tiny
from voltran.envs.errors import ActionError, ScenarioError
from voltran.envs.market.actions import BATTERY_CHOICES, CHARGE, DISCHARGE, IDLE, REQUESTS, MarketCodec, Situation
from voltran.envs.market.commands import MarketCommands


def code(request: int, battery: int) -> int:
    return len(BATTERY_CHOICES) * request + battery


def test_joint_and_multi_codes_mean_the_same() -> None:
    world = tiny()
    codecs = [MarketCodec(world.constants, "joint"), MarketCodec(world.constants, "multi")]
    for request in range(len(REQUESTS)):
        for battery in (DISCHARGE, IDLE, CHARGE):
            situation = Situation(world.demand_kw, world.charge_room_kw, world.discharge_room_kw)
            codes = (np.full((1, 2), code(request, battery)), np.full((1, 2, 2), (request, battery)))
            one, two = (codec.decode(given, situation) for codec, given in zip(codecs, codes, strict=True))
            assert_same(vars(one.commands), vars(two.commands))
            assert np.array_equal(one.projected, two.projected)


def test_requests_are_shares_of_load_and_of_what_a_charging_battery_takes() -> None:
    world = tiny()
    half, full = REQUESTS.index(0.5), REQUESTS.index(1.0)
    world.step({"bs": np.array([[code(half, CHARGE), code(full, IDLE)]]), "retailer": np.array([[0, 0]])})
    # The battery of 2 kWh takes up to 1 kW.
    assert world.trace()["requested_kw"][-1] == pytest.approx([0.5 * (0.3 + 1.0), 0.6])
    assert world.ledger()["battery_kw"][0, 0] == pytest.approx(-0.35)


def test_the_box_names_request_battery_and_price() -> None:
    world = started(market_world(overrides=TWO_SITES, action_form="box"))
    retailer = np.array([[0, 0]])
    world.step({"bs": np.array([[[0.0, 0.1, 1.0], [1.0, 1.0, -1.0]]]), "retailer": retailer})
    assert world.trace()["requested_kw"][-1] == pytest.approx([0.15, 0.6])
    # A tenth of 1.5 kW; the second site accepts a price of 0, and has no battery.
    assert world.ledger()["battery_kw"][0] == pytest.approx([0.15, 0.0])
    assert world.ledger()["bought_kw"][0] == pytest.approx([0.15, 0.0])
    world.step({"bs": np.array([[[1.0, -0.5, 1.0], [1.0, 0.0, 1.0]]]), "retailer": retailer})
    assert world.trace()["requested_kw"][-1] == pytest.approx([0.8, 0.6])


def test_masks_allow_what_batteries_can_do() -> None:
    world = tiny(battery__initial_soc=0.1)
    mask = world.action_masks()["bs"][0].reshape(2, len(REQUESTS), len(BATTERY_CHOICES))
    assert np.array_equal(mask[0], np.tile([False, True, True], (5, 1)))  # empty
    assert np.array_equal(mask[1], np.tile([False, True, False], (5, 1)))  # no battery
    full = tiny(battery__initial_soc=1.0).action_masks()["bs"][0].reshape(2, 5, 3)
    assert np.array_equal(full[0], np.tile([True, True, False], (5, 1)))
    assert world.action_masks()["retailer"].shape == (1, 2, 11)
    multi = started(market_world(overrides={**TWO_SITES, "battery.initial_soc": 0.1}, action_form="multi"))
    assert multi.action_masks()["bs"][0].tolist() == [
        [True] * 5 + [False, True, True],
        [True] * 5 + [False, True, False],
    ]


def test_codes_for_batteries_that_cannot_are_idle_and_reported() -> None:
    world, other = tiny(battery__initial_soc=0.1), tiny(battery__initial_soc=0.1)
    told = world.step({"bs": np.array([[code(4, DISCHARGE), code(4, CHARGE)]]), "retailer": np.array([[3, 3]])})
    other.step({"bs": np.array([[code(4, IDLE), code(4, IDLE)]]), "retailer": np.array([[3, 3]])})
    assert told.agent_infos["bs"]["projected"].all()
    assert_same(world.get_state(), other.get_state())


@pytest.mark.parametrize(
    ("bs", "message"),
    [
        (np.array([[15, 0]]), r"action of bs_0 in world 0 = 15: must lie in \[0, 14\]"),
        (np.array([[0, -1]]), "bs_1 in world 0 = -1"),
        (np.array([[0.0, 1.0]]), "dtype float64; expected"),
        (np.array([0, 1]), r"shape \(2,\)"),
        ([[0], [1, 2]], "ragged"),
        (
            MarketCommands(np.array([[0.1, -0.1]]), np.ones((1, 2)), np.zeros((1, 2))),
            "requested_kw of bs_1 .* at least 0",
        ),
        (MarketCommands(np.ones((1, 2)), np.array([[np.nan, 0.1]]), np.zeros((1, 2))), "accepted_price of bs_0"),
        (MarketCommands(np.ones((1, 2)), np.ones((1, 2)), np.array([[0.0, np.inf]])), "battery_kw of bs_1 .* finite"),
        (MarketCommands(np.ones((1, 3)), np.ones((1, 2)), np.zeros((1, 2))), r"requested_kw: shape \(1, 3\)"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(bs: Any, message: str) -> None:
    world = tiny()
    before = world.get_state()
    with pytest.raises(ActionError, match=message):
        world.step({"bs": bs, "retailer": np.array([[0, 0]])})
    with pytest.raises(ActionError, match="retailer_1 in world 0 = 11"):
        world.step({"bs": np.array([[0, 0]]), "retailer": np.array([[0, 11]])})
    with pytest.raises(ActionError, match=r"actions are for roles \['bs'\]"):
        world.step({"bs": np.array([[0, 0]])})
    with pytest.raises(ActionError, match=r"price of retailer_0 in world 0 = 1\.5.*the price cap is 1 USD/kWh"):
        world.step(asked(world, 0.1, price=1.5))
    assert_same(world.get_state(), before)


def test_unknown_options() -> None:
    with pytest.raises(ScenarioError, match="action_form = 'codes' is unknown"):
        market_world(action_form="codes")
    with pytest.raises(ScenarioError, match="retailer_form = 'joint' is unknown"):
        market_world(retailer_form="joint")
    with pytest.raises(ScenarioError, match="reward = 'team' is unknown; use one of own, welfare"):
        market_world(reward="team")
