"""Controllers of worlds with retailers: what they post and order, and what they refuse."""

from typing import Any

import numpy as np
import pytest

from tests.baselines.market_episodes import asked, market, play, team
from tests.envs.fake_world import make_fake_world
from voltran import baselines
from voltran.baselines.dpa import solve
from voltran.baselines.market.dpa_controller import allocation_problem
from voltran.baselines.market.social_controller import merit_order_prices
from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.retail.scenario import Retail, Retailer

BOTH, RETAILER, SITE = {"bs", "retailer"}, {"retailer"}, {"bs"}
ROLES = {
    "dpa": BOTH,
    "social-optimum": BOTH,
    "random": BOTH,
    "best-response": RETAILER,
    "cost-plus": RETAILER,
    "price-cap": RETAILER,
    "buy-all": SITE,
    "price-threshold": SITE,
    "autarky": SITE,
}
RETAILERS = [name for name, roles in ROLES.items() if roles == RETAILER]
SITES = [name for name, roles in ROLES.items() if roles == SITE]


@pytest.mark.parametrize("name", ROLES)
def test_controllers_play_their_roles_and_worlds_of_a_batch_alike(name: str) -> None:
    world = market(n_worlds=2, hours=1.0)
    together = asked(name, world)
    assert set(together) == ROLES[name]
    world.step({**asked("autarky", world), **asked("price-cap", world), **together})
    if name == "random":
        return
    alone = market(hours=1.0)
    alone.reset([2])
    for role, commands in asked(name, alone).items():
        for field, values in vars(commands).items():
            assert np.array_equal(values[0], getattr(together[role], field)[1]), field


@pytest.mark.parametrize("name", ROLES)
def test_controllers_play_markets_without_retailers(name: str) -> None:
    world = market(hours=1.0, retail__retailers=[], retail__home_retailer=None)
    sites = {"bs": asked(name, world)["bs"]} if "bs" in ROLES[name] else {**asked("autarky", world)}
    assert set(asked(name, world)) <= BOTH
    world.step(sites)


@pytest.mark.parametrize("name", [name for name in ROLES if name != "random"])
def test_a_world_of_another_kind_is_refused(name: str) -> None:
    with pytest.raises(ScenarioError, match=f"controller '{name}' .*fake_v0"):
        baselines.make(name).reset(make_fake_world(1))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cost-plus", {"markup": -0.1}, "controller cost-plus: markup = -0.1"),
        ("cost-plus", {"mark_up": 0.1}, "has no option 'mark_up'; its options: markup"),
        ("best-response", {"rounds": 0}, "controller best-response: rounds = 0"),
        ("best-response", {"charge_share": 1.5}, "charge_share = 1.5"),
        ("price-threshold", {"charge_below": 0.9}, "charge_below = 0.9 must not exceed discharge_above = 0.75"),
        ("dpa", {"method": "simplex"}, "controller dpa: method = 'simplex'"),
        ("dpa", {"method": "dual_gradient", "utility": "welfare"}, "knows utility = 'paper' only"),
        ("dpa", {"max_iterations": 0}, "max_iterations = 0"),
    ],
)
def test_options_out_of_range_are_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        baselines.make(name, **options)


@pytest.mark.parametrize("name", [*RETAILERS, "dpa"])
@pytest.mark.parametrize("cost_model", ["linear", "quadratic"])
def test_prices_stay_between_nothing_and_the_cap(name: str, cost_model: str) -> None:
    world = market(hours=2.0, retail__price_cap_usd_per_kwh=0.5, retail__cost_model=cost_model)
    play(world, team("buy-all", name))
    price = world.trace()["price"]
    assert ((price >= 0.0) & (price <= 0.5)).all()


def test_cost_plus_adds_its_markup_to_unit_cost_up_to_the_cap() -> None:
    world = market(retail__price_cap_usd_per_kwh=0.3)
    assert asked("cost-plus", world, markup=0.0)["retailer"].price[0] == pytest.approx([0.06, 0.28])
    assert asked("cost-plus", world)["retailer"].price[0] == pytest.approx([0.072, 0.3])
    assert asked("price-cap", world)["retailer"].price[0] == pytest.approx([0.3, 0.3])


def test_best_responses_are_counted() -> None:
    world = market(hours=2.0, retail__weather__start_hour=9.0)
    players = team("buy-all", "best-response")
    play(world, players)
    counted = players.counters()
    assert counted["answer_rounds"] >= 1.0
    assert 0.0 <= counted["answer_cycles"] <= 1.0


@pytest.mark.parametrize("capacity_kw", [0.4, 1.0, 5.0])
@pytest.mark.parametrize("cost_model", ["linear", "quadratic"])
def test_at_the_prices_of_dpa_nobody_wants_anything_but_the_allocation(capacity_kw: float, cost_model: str) -> None:
    """Sites that may buy what they like at these prices, and retailers that may sell what they like, choose it.

    Where costs are quadratic, they are those of a retailer's total: prices per pair would have to differ.
    """
    retailers = [{"source": "constant", "capacity_kw": capacity_kw * share, "unit_cost_usd_per_mwh": cost}
                 for share, cost in ((0.4, 60), (0.6, 280))]  # fmt: skip
    world = market(
        retail__retailers=retailers, retail__price_cap_usd_per_kwh=50.0, retail__cost_model=cost_model,
        retail__cost_scope="retailer",
    )  # fmt: skip
    price = asked("dpa", world, utility="welfare")["retailer"].price[0]
    constants, available_kw = world.market.constants, world.market.available_at(world.decision)[0]
    demand_kw, battery_kw = world.demand_kw[0], world.discharge_room_kw[0]
    allocation = solve(allocation_problem(constants, available_kw, demand_kw, battery_kw, "welfare"))
    for site in range(4):

        def surplus(bought_kw: Any, paid: Any, site: int = site) -> Any:
            lacking_kw = np.maximum(demand_kw[site] - battery_kw[site] - bought_kw, 0.0)
            return 1.7045 * np.log1p(bought_kw) - 3.0 * lacking_kw - paid

        possible_kw = np.linspace(0.0, demand_kw[site], 2001)
        best = surplus(possible_kw, price.min() * possible_kw).max()
        bought_kw = allocation.power_kw[site]
        assert surplus(bought_kw.sum(), (price * bought_kw).sum()) == pytest.approx(best, abs=2e-5)
    for retailer in range(2):

        def earned(sold_kw: Any, retailer: int = retailer) -> Any:
            power = 2 if cost_model == "quadratic" else 1
            return price[retailer] * sold_kw - constants.unit_cost[retailer] * sold_kw**power

        best = earned(np.linspace(0.0, available_kw[retailer], 2001)).max()
        assert earned(allocation.power_kw[:, retailer].sum()) == pytest.approx(best, abs=2e-5)


@pytest.mark.parametrize("method", ["newton", "dual_gradient"])
def test_methods_of_dpa_lead_to_the_same_orders(method: str) -> None:
    world = market("market8", hours=1.0, retail__weather__start_hour=11.0)
    expected, found = asked("dpa", world)["bs"], asked("dpa", world, method=method)["bs"]
    assert found.requested_kw == pytest.approx(expected.requested_kw, abs=0.02)


def test_dpa_counts_iterations_and_what_did_not_converge() -> None:
    world = market("market8", hours=0.5, retail__weather__start_hour=11.0)
    controller = baselines.make("dpa", method="dual_gradient", max_iterations=3)
    play(world, controller)
    assert controller.counters() == {"failed_solves": 0.0, "allocation_iterations": 3.0, "not_converged": 1.0}  # type: ignore[attr-defined]


def test_sites_get_what_dpa_allocates() -> None:
    """All can buy everywhere, so that whoever asks for no more than there is gets it."""
    world = market("market8", hours=6.0)
    play(world, baselines.make("dpa"))
    trace = world.trace()
    assert trace["bought_kw"] == pytest.approx(trace["requested_kw"], abs=1e-6)


def test_dpa_charges_from_what_is_left_unless_told_otherwise() -> None:
    bought = {}
    for charge in ("on", "off"):
        world = market(hours=6.0, battery__initial_soc=0.1)
        play(world, baselines.make("dpa", charge=charge))
        bought[charge] = world.trace()["soc"][-1][world.has_battery]
    assert (bought["on"] > 0.5).all()
    assert bought["off"] == pytest.approx(0.1)


def test_autarky_is_the_welfare_of_an_episode_without_trade() -> None:
    world = market("market8", 2, hours=12.0)
    metrics = play(world, team("autarky", "price-cap"))
    assert metrics["welfare_usd"] == pytest.approx(metrics["welfare_autarky_usd"])
    assert (metrics["bought_kwh"] == 0.0).all()


def test_buy_all_charges_where_power_suffices_and_discharges_where_it_does_not() -> None:
    for capacity_kw, charged in ((50.0, True), (0.01, False)):
        retailers = [{"source": "constant", "capacity_kw": capacity_kw}]
        world = market(hours=2.0, retail__retailers=retailers, retail__home_retailer=None)
        play(world, team("buy-all", "price-cap"))
        soc = world.trace()["soc"][:, world.has_battery]
        assert (soc[-1] > soc[1]).all() == charged
        assert (soc[-1] < soc[1]).all() == (not charged)


def test_price_thresholds_turn_batteries_round() -> None:
    for markup, battery in ((0.2, "charges"), (6.0, "waits"), (15.0, "discharges")):
        retailers = [{"source": "constant", "capacity_kw": 50.0, "unit_cost_usd_per_mwh": 60}]
        world = market(hours=1.0, retail__retailers=retailers, retail__home_retailer=None)
        players = team("price-threshold", "cost-plus", markup=markup)
        players.reset(world)
        world.step(players.act(world))  # prices hold from the next decision on
        before = world.soc[0, world.has_battery]
        world.step(players.act(world))
        change = world.soc[0, world.has_battery] - before
        expected = {"charges": 1, "waits": 0, "discharges": -1}[battery]
        assert (np.sign(np.round(change, 12)) == expected).all(), battery
        assert world.kpis()["unserved_kwh"][0] == 0.0


def test_prices_of_the_social_optimum_are_in_the_order_of_costs_for_everybody() -> None:
    retailers = tuple(Retailer(capacity_kw=1.0, unit_cost_usd_per_mwh=cost) for cost in (113, 53, 60, 53))
    constants = RetailConstants(Retail(retailers=retailers), 8)
    price = merit_order_prices(constants)
    assert price.max() == pytest.approx(1.0)
    for site in range(8):
        assert list(np.argsort(constants.contracts.factor[site] * price)) == [1, 3, 2, 0]


@pytest.mark.parametrize("name", [*RETAILERS, "dpa"])
def test_retailers_play_the_brownout_with_any_controller_of_its_sites(name: str) -> None:
    world = make_world("urban19-brownout-medium", 1, {"layout.n_sites": 7, "time.horizon_h": 1.0})
    world.reset([1])
    controller = baselines.make(name)
    controller.reset(world)
    actions = controller.act(world)
    assert set(actions) == {"retailer"}
    assert isinstance(actions["retailer"], RetailerCommands)
    sites = baselines.make("independent").act(world)
    assert isinstance(sites["bs"], SiteCommands)
    world.step({**actions, **sites})
    world.step({**controller.act(world), **sites})
    assert world.trace()["price"][-1] == pytest.approx(actions["retailer"].price[0])


@pytest.mark.parametrize("name", SITES)
def test_site_rules_refuse_the_brownout(name: str) -> None:
    world = make_world("urban19-brownout-medium", 1, {"layout.n_sites": 7, "time.horizon_h": 1.0})
    with pytest.raises(ScenarioError, match=f"controller '{name}' plays sites of market_v0; this world is brownout_v0"):
        baselines.make(name).reset(world)
