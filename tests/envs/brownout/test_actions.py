"""What codes mean, which are legal, and that nothing illegal changes anything."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import Actions, assert_same, same_transition
from tests.envs.brownout.tools import (
    CHARGE_KW,
    NOBODY,
    brownout_world,
    constant,
    purchases,
    random_actions,
    toy_actions,
    toy_world,
)
from tests.envs.episodes import started
from voltran.envs.brownout.actions import BUY_LEVELS
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.errors import ActionError, ScenarioError
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.constants import PRICE_LEVELS

ALL = len(BUY_LEVELS) - 1
PLENTY = constant(100.0, 50.0)


def with_a_dead_site(world: BrownoutWorld) -> BrownoutWorld:
    """The world with site 0 down and empty."""
    snapshot = world.get_state()
    snapshot["state"]["soc"][0, 0] = world.constants.battery.soc_min
    snapshot["state"]["alive"][0, 0] = False
    world.set_state(snapshot)
    return world


@pytest.mark.parametrize("level", range(len(BUY_LEVELS)))
def test_a_code_is_one_of_the_outage_and_a_share_to_buy(level: int) -> None:
    coded, told = toy_world([PLENTY]), toy_world([PLENTY])
    normal = int(np.flatnonzero((coded.codec.code_mode == 0) & (coded.codec.code_level == 0))[0])
    prices = toy_actions(told, [0.4])
    transition = coded.step({"bs": np.full((1, 3), normal * len(BUY_LEVELS) + level), "retailer": np.array([[8]])})
    other = told.step({**prices, "bs": purchases(told, [BUY_LEVELS[level]] * 3, [np.inf] * 3)})
    np.testing.assert_allclose(transition.agent_infos["bs"]["bought_kwh"], other.agent_infos["bs"]["bought_kwh"])
    np.testing.assert_allclose(transition.agent_infos["bs"]["paid_usd"], other.agent_infos["bs"]["paid_usd"])


def test_both_forms_say_the_same() -> None:
    joint, multi = (started(brownout_world(2, action_form=form)) for form in ("joint", "multi"))
    generator = np.random.default_rng(0)
    for _ in range(4):
        actions = random_actions(joint, generator)
        outage_code, level = np.divmod(actions["bs"], len(BUY_LEVELS))
        parts = (joint.codec.code_mode[outage_code], joint.codec.code_level[outage_code])
        split = {"retailer": actions["retailer"], "bs": np.stack([*parts, level], axis=-1)}
        first, second = joint.step(actions), multi.step(split)
        assert_same(first.rewards, second.rewards)


def test_the_ladder_runs_from_cost_to_cap_in_equal_ratios() -> None:
    world = toy_world([PLENTY, constant(5.0, 113.0), constant(5.0, 0.0)], {"retail.timing": "simultaneous"})
    found = []
    for level in range(PRICE_LEVELS):
        actions = {**toy_actions(world), "retailer": np.full((1, 3), level)}
        found.append(world.step(actions).agent_infos["retailer"]["price_usd_per_kwh"][0])
    prices = np.array(found)
    np.testing.assert_allclose(prices[0], [0.05, 0.113, 0.01])
    assert (prices[-1] == 1.0).all()
    ratios = prices[1:] / prices[:-1]
    np.testing.assert_allclose(ratios, np.broadcast_to(ratios[0], ratios.shape))


def test_a_non_subscriber_still_buys_at_the_cap() -> None:
    world = toy_world([PLENTY, PLENTY], {"retail.home_retailer": [0, 0, 0], "retail.timing": "simultaneous"})
    posted = RetailerCommands(np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]]))  # subscribers are served by theirs
    world.step({**toy_actions(world), "retailer": posted})
    assert (world.ledger()["retail_kw"] > 0.0).all()
    world = toy_world([PLENTY], {"retail.timing": "simultaneous", "retail.priority": 0.3})
    code = np.full((1, 3), ALL)
    assert (
        world.step({"bs": code, "retailer": np.array([[PRICE_LEVELS - 1]])}).agent_infos["bs"]["paid_usd"] > 0.0
    ).all()


def test_the_box_is_a_price_on_the_same_scale_and_a_reserved_share() -> None:
    settings = {"retail.timing": "simultaneous"}
    world = started(brownout_world(1, settings, retailer_form="box"))
    ladder = world.retailer_codec.constants.price_ladder
    for share, price in ((-1.0, ladder[:, 0]), (1.0, ladder[:, -1]), (0.0, np.sqrt(ladder[:, 0] * ladder[:, -1]))):
        box = np.tile(np.array([share, 0.5], np.float32), (1, 3, 1))
        codes = random_actions(started(brownout_world(1, settings)), np.random.default_rng(0))["bs"]
        world.step({"bs": codes, "retailer": box})
        np.testing.assert_allclose(world.market.price[0], price)
        np.testing.assert_allclose(world.market.reserved, 0.75)


def test_a_site_that_is_down_buys_all_it_can_and_comes_back() -> None:
    world = with_a_dead_site(toy_world([PLENTY]))
    mask = world.action_masks()["bs"].reshape(1, 3, -1, len(BUY_LEVELS))
    assert mask[0, 0].any(axis=0).tolist() == [False] * ALL + [True]
    assert mask[0, 1].any(axis=0).all()
    nothing = {"bs": np.zeros((1, 3), np.int64), "retailer": np.array([[5]])}  # illegal for the site that is down
    infos = world.step(nothing).agent_infos["bs"]
    assert infos["projected"][0].tolist() == [True, False, False]
    assert infos["bought_kwh"][0, 1:].tolist() == [0.0, 0.0]
    assert world.alive[0, 0]
    margin_kwh = world.constants.scenario.battery.restart_margin * world.constants.battery.capacity_kwh
    assert infos["bought_kwh"][0, 0] > margin_kwh / world.constants.battery.charge_efficiency
    assert infos["bought_kwh"][0, 0] <= (CHARGE_KW + 0.4) * 0.25 + 1e-9  # it sleeps once it is back


def test_a_site_that_is_down_stays_down_if_its_controller_does_not_buy() -> None:
    world = with_a_dead_site(toy_world([PLENTY]))
    world.step({**toy_actions(world, [0.4]), "bs": purchases(world, [0.0, 1.0, 1.0], [1.0] * 3)})
    assert world.alive[0].tolist() == [False, True, True]


def test_legal_codes_do_exactly_what_they_say() -> None:
    # Hardly anything to buy, and little in the batteries: sites go down.
    world = brownout_world(
        2, {"retail.retailers": [constant(1.0, 50.0)], "battery.initial_soc": 0.4}, action_set="extended"
    )
    generator = np.random.default_rng(0)
    started(world)
    for _ in range(world.max_decisions):
        assert world.action_masks()["bs"].any(axis=-1).all()
        infos = world.step(random_actions(world, generator)).agent_infos["bs"]
        assert not infos["projected"].any()
    assert not world.alive.all()


def changed(key: str, value: Any) -> Callable[[BrownoutWorld], Actions]:
    """Legal actions with one of them replaced."""
    return lambda world: {**toy_actions(world, [0.4]), key: value}


def with_purchases(buy: Any, accepted_price: Any) -> Callable[[BrownoutWorld], Actions]:
    return lambda world: {**toy_actions(world, [0.4]), "bs": purchases(world, buy, accepted_price)}


def prices(price: float, reserved: float = 0.0) -> RetailerCommands:
    return RetailerCommands(np.array([[price]]), np.array([[reserved]]))


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (changed("retailer", prices(1.01)), r"price of retailer_0 in world 0 = 1.01.*the price cap is 1 USD/kWh"),
        (changed("retailer", prices(float("nan"))), r"price of retailer_0 in world 0 = nan"),
        (changed("retailer", prices(-0.1)), r"price of retailer_0 in world 0 = -0.1"),
        (changed("retailer", prices(0.5, 1.5)), r"reserved of retailer_0 in world 0 = 1.5"),
        (changed("retailer", np.array([[PRICE_LEVELS]])), r"retailer_0 in world 0 = 11: must lie in \[0, 10\]"),
        (changed("retailer", np.array([[0.5]])), "role retailer have dtype float64; expected integers"),
        (changed("retailer", [[0], [1, 2]]), r"role retailer"),
        (with_purchases([np.nan, 1.0, 1.0], [1.0] * 3), r"buy of bs_0 in world 0 = nan: must lie in \[0, 1\]"),
        (with_purchases([1.0, 1.1, 1.0], [1.0] * 3), r"buy of bs_1 in world 0 = 1.1"),
        (with_purchases([1.0] * 3, [1.0, 1.0, np.nan]), r"accepted_price of bs_2 in world 0 = nan"),
        (with_purchases([1.0] * 3, [-1.0, 1.0, 1.0]), r"accepted_price of bs_0 in world 0 = -1"),
        (with_purchases([1.0] * 2, [1.0] * 3), r"buy: shape \(1, 2\)"),
        (changed("bs", np.array([[0, 0, 10_000]])), r"bs_2 in world 0 = 10000: must lie in"),
        (changed("bs", np.array([[0.0, np.nan, 0.0]])), r"role bs .*integers"),
        (changed("bs", [[0, 1], [2]]), r"role bs"),
        (changed("bs", None), r"role bs"),
        (changed("operator", 0), r"actions are for roles \['bs', 'operator', 'retailer'\]; brownout_v0 has"),
        (lambda world: {"bs": np.zeros((1, 3), np.int64)}, r"brownout_v0 has \['bs', 'retailer'\]"),
    ],
)
def test_illegal_actions_are_named_and_change_nothing(
    actions: Callable[[BrownoutWorld], Actions], message: str
) -> None:
    world, twin = (toy_world([PLENTY]) for _ in range(2))
    for each in (world, twin):
        each.step(toy_actions(each, [0.7]))
    before = world.get_state()
    with pytest.raises(ActionError, match=message):
        world.step(actions(world))
    assert_same(world.get_state(), before)
    same_transition(world.step(toy_actions(world, [0.4])), twin.step(toy_actions(twin, [0.4])))


def test_without_retailers_nobody_may_act_for_them() -> None:
    world = started(brownout_world(1, NOBODY))
    with pytest.raises(ActionError, match="brownout_v0 has exactly the role bs"):
        world.step({"bs": np.zeros((1, 7), np.int64), "retailer": np.zeros((1, 0), np.int64)})


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ScenarioError, match="retailer_form = 'menu' is unknown; use 'ladder' or 'box'"):
        brownout_world(1, retailer_form="menu")
