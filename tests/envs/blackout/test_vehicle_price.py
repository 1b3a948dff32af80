"""Prices that adapt to a vehicle's own state of charge: an option whose mean offer is that of [MSRC] Eq. 16."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import commands, outage_world, play
from tests.envs.episodes import started
from voltran.envs.blackout import draws
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.errors import ScenarioError
from voltran.physics.ev import soc_price_factor
from voltran.physics.power import NORMAL

WEIGHT = 2.0
EACH_STEP = {"time.physics_step_s": 60.0, "time.decision_period_s": 60.0}


def constants(**overrides: Any) -> BlackoutConstants:
    return outage_world("urban19-medium", 1, overrides).constants


def test_the_mean_offer_to_arriving_vehicles_is_unchanged() -> None:
    adapting, plain = constants(**{"vehicles.price_soc_weight": WEIGHT}), constants()
    factors = []
    for seed in range(40):
        drawn, as_ever = (draws.draw_vehicles(case, seed) for case in (adapting, plain))
        # Owners are the same, whatever is offered to them.
        for name in ("arrival_s", "usable_kwh", "capacity_kwh", "reservation_price"):
            assert np.array_equal(getattr(drawn, name), getattr(as_ever, name)), name
        real = np.isfinite(drawn.arrival_s)
        soc = 0.33 + drawn.usable_kwh[real] / drawn.capacity_kwh[real]
        assert np.all((soc >= 0.5 - 1e-12) & (soc <= 0.8 + 1e-12))
        factors.append((1.0 + WEIGHT * (1.0 - soc)) / (1.0 + WEIGHT * 0.35))
    mean, n = np.mean(np.concatenate(factors)), np.concatenate(factors).size
    assert abs(mean - 1.0) < 4.0 * np.std(np.concatenate(factors)) / np.sqrt(n)


def test_the_factor_falls_with_the_state_of_charge_and_is_one_at_the_mean() -> None:
    factors = [soc_price_factor(soc, WEIGHT, 0.65) for soc in np.linspace(0.33, 1.0, 20)]
    assert np.all(np.diff(factors) < 0.0)
    assert soc_price_factor(0.65, WEIGHT, 0.65) == 1.0
    assert factors[0] == pytest.approx((1.0 + 2.0 * 0.67) / 1.7)
    assert soc_price_factor(0.33, 0.0, 0.65) == 1.0


def test_each_vehicle_is_paid_its_own_price() -> None:
    """Step by step: what a vehicle gives, times the price of its site, times its factor; the emptier, the dearer."""
    overrides = {
        **EACH_STEP, "vehicles.price_soc_weight": WEIGHT, "vehicles.arrivals_per_day": 60, "time.horizon_h": 2,
        "survival.end": "horizon", "vehicles.site_limit_kw": 20.0, "users.count": 60,
    }  # fmt: skip
    world = started(outage_world("urban7-medium", 1, overrides), 4)
    drawn, paid_usd, by_site_usd = world._simulation.inhabitants, [], []
    for _ in range(world.max_decisions):
        before = world.get_state()["state"]["ev_energy_kwh"]
        world.step(commands(world, [NORMAL] * 7, ev_to_battery=False))
        state = world.get_state()["state"]
        given_kwh = before - state["ev_energy_kwh"]
        soc = 0.33 + before / np.where(drawn.capacity_kwh > 0.0, drawn.capacity_kwh, 1.0)
        factor = (1.0 + WEIGHT * (1.0 - soc)) / (1.0 + WEIGHT * 0.35)
        paid_usd.append((given_kwh * state["price"][..., None] * factor).sum())
        by_site_usd.append((given_kwh.sum(axis=-1) * state["price"]).sum())
    cost_usd = world.trace()["ev_cost"]
    np.testing.assert_allclose(cost_usd, paid_usd, atol=1e-12)
    assert world.kpis()["ev_cost"][0] == pytest.approx(np.sum(paid_usd))
    assert abs(np.sum(paid_usd) - np.sum(by_site_usd)) > 0.01


def test_the_first_to_accept_are_the_emptier_ones() -> None:
    """A vehicle accepts once its own offer reaches what its owner asks, and not before."""
    overrides = {"vehicles.price_soc_weight": WEIGHT, "vehicles.arrivals_per_day": 24}
    world = started(outage_world("urban19-medium", 4, overrides), 0)
    world.step(commands(world, [NORMAL] * 19, ev_power_kw=np.zeros((4, 19))))
    state, drawn = world.get_state()["state"], world._simulation.inhabitants
    present = world._simulation.present()
    soc = 0.33 + state["ev_energy_kwh"] / np.where(drawn.capacity_kwh > 0.0, drawn.capacity_kwh, 1.0)
    offered = state["price"][..., None] * (1.0 + WEIGHT * (1.0 - soc)) / (1.0 + WEIGHT * 0.35)
    reached = present & (offered >= drawn.reservation_price)
    assert not np.any(reached & ~state["ev_accepted"])
    dearer = reached & (state["price"][..., None] < drawn.reservation_price)
    assert dearer.any()  # accepted only because they are nearly empty


def test_the_flat_price_does_not_adapt() -> None:
    costs = []
    for weight in (0.0, WEIGHT):
        world = outage_world("urban7-medium", 1, {"vehicles.price_soc_weight": weight, "vehicles.arrivals_per_day": 20})
        play(world, "independent")
        costs.append((world.kpis()["ev_cost"][0], world.kpis()["survival_h"][0]))
    assert costs[0] == costs[1]
    assert costs[0][0] > 0.0


def test_payments_count_at_most_as_much_as_the_reward_says() -> None:
    adapting, plain = constants(**{"vehicles.price_soc_weight": WEIGHT}), constants()
    assert plain.scenario.vehicles.price_max == plain.scenario.vehicles.reservation_price_max == 1.5
    assert adapting.scenario.vehicles.reservation_price_max == 1.5
    assert adapting.scenario.vehicles.price_max == pytest.approx(1.5 * 2.34 / 1.7)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"vehicles.price_soc_weight": -0.1}, r"price_soc_weight = -0.1: must lie in \[0, 1000\]"),
        (
            {"vehicles.price_soc_weight": 1.0, "vehicles.initial_soc_low": 0.2},
            "price_soc_weight = 1.0 needs initial_soc_low = 0.2 of at least soc_min = 0.33",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        outage_world("urban7-medium", 1, overrides)
