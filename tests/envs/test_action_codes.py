"""Codes that stand for commands: the world makes the same of both, and what has no code is refused."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

import voltran
from voltran.baselines.rules import Random
from voltran.envs.action_checks import checked_joint_actions
from voltran.envs.action_codes import action_codes
from voltran.envs.blackout.commands import SiteCommands, mode_commands
from voltran.envs.brownout.commands import BrownoutCommands
from voltran.envs.errors import ActionError
from voltran.envs.market.commands import MarketCommands
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.sharing.commands import SharingCommands
from voltran.envs.uplink.commands import UplinkCommands

MULTI = {"action_form": "multi"}
# scenario, options, and the attribute of decoded actions that holds the commands of each role
CASES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("urban7-medium", options, {"bs": "commands"})
    for options in ({}, MULTI, {"action_set": "extended"}, {"action_set": "extended", **MULTI})
]
CASES += [
    ("urban19-brownout-medium", options, {"bs": "commands", "retailer": "posted"})
    for options in ({}, {**MULTI, "retailer_form": "box"})
]
CASES += [
    ("market4", options, {"bs": "sites", "retailer": "retailers"})
    for options in ({}, MULTI, {"action_form": "box", "retailer_form": "box"})
]
CASES += [("sharing-toy", options, {"operator": "commands"}) for options in ({}, MULTI)]
CASES += [("uplink20", options, {"ubs": "network"}) for options in ({}, MULTI)]


def played(scenario: str, options: Mapping[str, Any], decisions: int = 2) -> Any:
    """A world after some random decisions."""
    world, player = voltran.make_world(scenario, 3, **options), Random(7)
    world.reset([0, 1, 2])
    for _ in range(decisions):
        world.step(player.act(world))
    return world


def orders(world: Any, actions: Mapping[str, Any]) -> Any:
    """What the world would make of actions now."""
    return world._decode(checked_joint_actions(world.roles, actions, world, world.command_classes))


def assert_alike(made: Any, expected: Any) -> None:
    """Equal but for what the precision of continuous actions, single, takes."""
    if is_dataclass(expected):
        for part in fields(expected):
            assert_alike(getattr(made, part.name), getattr(expected, part.name))
    elif isinstance(expected, np.ndarray):
        np.testing.assert_allclose(made, expected, rtol=2e-6, atol=2e-6)
    else:
        assert made == expected


@pytest.mark.parametrize(("scenario", "options", "attributes"), CASES)
def test_commands_made_of_codes_have_codes_that_mean_the_same(
    scenario: str, options: dict[str, Any], attributes: dict[str, str]
) -> None:
    world = played(scenario, options)
    for seed in range(3):
        drawn = Random(seed).act(world)
        made: Any = orders(world, drawn)
        commands = {role: getattr(made, attribute) for role, attribute in attributes.items()}
        if hasattr(made, "buy"):
            commands["bs"] = BrownoutCommands(made.commands, made.buy, made.accepted_price)
        codes = action_codes(world, commands)
        for role in world.roles:
            space = role.action_space
            assert codes[role.name].dtype == space.dtype
            assert all(space.contains(code) for code in codes[role.name].reshape(-1, *(space.shape or ())))
        again = orders(world, codes)
        for attribute in attributes.values():
            assert_alike(getattr(again, attribute), getattr(made, attribute))
        world.step(codes)


@pytest.mark.parametrize(("scenario", "options", "attributes"), CASES)
def test_codes_stay_as_they_are(scenario: str, options: dict[str, Any], attributes: dict[str, str]) -> None:
    world = played(scenario, options)
    drawn = Random(3).act(world)
    codes = action_codes(world, drawn)
    assert set(codes) == set(attributes)
    for role, values in drawn.items():
        assert np.array_equal(codes[role], values)


@pytest.mark.parametrize(
    ("scenario", "options", "controller"),
    [
        ("urban7-medium", {}, "rotating-sleep"),
        ("urban7-medium", {"action_set": "extended"}, "msrc-extended:evaluations=5"),
        pytest.param("urban7-medium", {"action_set": "extended"}, "trimsm", marks=pytest.mark.slow),
        ("urban19-brownout-medium", {"retailer_form": "box"}, "bs=rotating-sleep+retailer=cost-plus"),
        ("market4", {}, "bs=buy-all+retailer=random"),
        ("sharing-toy", {}, "myopic"),
        ("uplink20", MULTI, "trimsm-eipc:final=eipc"),
    ],
)
def test_codes_of_controllers_are_legal_and_change_nothing(
    scenario: str, options: dict[str, Any], controller: str
) -> None:
    world, player = voltran.make_world(scenario, 2, **options), voltran.make_controller(controller)
    world.reset([5, 6])
    player.reset(world)
    for _ in range(4):
        before = world.get_state()
        codes = action_codes(world, player.act(world))
        np.testing.assert_equal(world.get_state(), before)
        transition = world.step(codes)
        for role, infos in transition.agent_infos.items():
            assert not infos.get("projected", np.zeros(1)).any(), role


def test_a_site_that_is_down_has_its_no_op_whatever_it_is_told() -> None:
    world: Any = voltran.make_world("toy3", overrides={"battery.initial_soc": 0.2, "survival.end": "horizon"})
    world.reset([0])
    sleep = {"bs": np.full((1, 3), world.codec.noop)}
    while world.alive.all():
        world.step(sleep)
    dead = ~world.alive
    told = mode_commands(world.constants, np.zeros((1, 3), int), command_set="paper")
    codes = action_codes(world, {"bs": told})["bs"]
    assert (codes[dead] == world.codec.noop).all()


def site_commands(world: Any, **changed: Any) -> dict[str, SiteCommands]:
    shape = (world.n_worlds, world.constants.n_sites)
    told = mode_commands(world.constants, np.zeros(shape, int), command_set="extended")
    return {"bs": replace(told, **changed)}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"command_set": "free"}, "no action code stands for free commands"),
        ({"dynamic_price": False}, "dynamic_price of bs_0"),
        ({"ev_to_battery": False}, "ev_to_battery of bs_0"),
        ({"ev_power_kw": 0.123}, r"ev_power_kw of bs_\d .* = 0.123: .* 0.33"),
        ({"band_bits": 1}, r"band_bits of bs_0 .* action_set=extended"),
    ],
)
def test_site_commands_without_a_code_are_refused(changed: dict[str, Any], message: str) -> None:
    world = played("urban7-medium", {}, 8)
    shape = (3, 7)
    full = {key: value if isinstance(value, str) else np.full(shape, value) for key, value in changed.items()}
    if "band_bits" in full:
        full["radius_m"] = world.constants.radius_m[np.zeros(shape, int), full["band_bits"]]
    with pytest.raises(ActionError, match=message):
        action_codes(world, site_commands(world, **full))


def test_commands_with_a_dispatcher_are_refused() -> None:
    class Nobody:
        def allocate(self, situation: Any) -> Any:
            raise AssertionError("nobody is asked")

    world = played("urban7-medium", {}, 1)
    with pytest.raises(ActionError, match="a dispatcher of its own"):
        action_codes(world, site_commands(world, dispatcher=Nobody()))


def test_other_commands_without_a_code_are_refused() -> None:
    market, quarter = played("market4", {}), np.full((3, 4), 0.25)
    high, off = np.full((3, 4), 1e3), np.zeros((3, 4))
    retailers = {"retailer": np.zeros((3, market.roles[1].count), int)}
    for told, message in (
        (MarketCommands(market.demand_kw * 0.3, high, off), "requested_kw of bs_0 .* action_form=box"),
        (MarketCommands(market.demand_kw, quarter * 1e-3, off), "accepted_price of bs_0 .* any price"),
        (MarketCommands(market.demand_kw, high, market.discharge_room_kw / 2), "battery_kw of bs_"),
    ):
        with pytest.raises(ActionError, match=message):
            action_codes(market, {"bs": told, **retailers})
    posted = RetailerCommands(np.full((3, market.roles[1].count), 0.1234), np.zeros((3, market.roles[1].count)))
    with pytest.raises(ActionError, match=r"price of retailer_0 .* retailer_form=box"):
        action_codes(market, {"bs": np.zeros((3, 4), int), "retailer": posted})

    sharing = played("sharing-toy", {})
    (role,) = sharing.roles
    votes = SharingCommands(np.zeros((3, sharing.constants.n_sites), bool), np.full((3, role.count), 0.3))
    with pytest.raises(ActionError, match=r"charge_share of operator_0 .* 0, 0.5, 1"):
        action_codes(sharing, {"operator": votes})

    uplink = played("uplink20", {})
    nobody = np.zeros((3, *uplink.association.shape[1:]), bool)
    with pytest.raises(ActionError, match="power_mw of ue_"):
        action_codes(uplink, {"ubs": UplinkCommands(nobody, np.full((3, nobody.shape[2]), 1.0))})
    weakest, gain = nobody.copy(), uplink.deployment(0).gain
    weakest[0, 0, np.where(uplink.active[0], gain[0], np.inf).argmin()] = True
    with pytest.raises(ActionError, match="strongest UEs"):
        action_codes(uplink, {"ubs": UplinkCommands(weakest)})


def test_a_brownout_site_that_is_told_to_pay_less_or_buy_less_is_refused() -> None:
    world = played("urban19-brownout-medium", {}, 1)
    shape, retailers = (3, 19), {"retailer": np.zeros((3, world.roles[1].count), int)}
    told = mode_commands(world.constants, np.zeros(shape, int), command_set="paper")
    for buy, price, message in ((0.3, 1e3, "buy of bs_0 .* 0.25"), (1.0, 0.1, "accepted_price of bs_0")):
        commands = BrownoutCommands(told, np.full(shape, buy), np.full(shape, price))
        with pytest.raises(ActionError, match=message):
            action_codes(world, {"bs": commands, **retailers})


def test_a_world_without_an_encoder_says_so() -> None:
    class Orders:
        pass

    world = played("toy3", {}, 1)
    without = type("Without", (), {"command_classes": {"bs": (Orders,)}, "roles": world.roles, "name": "mine_v0"})()
    with pytest.raises(ActionError, match="encode_commands"):
        action_codes(without, {"bs": Orders()})
